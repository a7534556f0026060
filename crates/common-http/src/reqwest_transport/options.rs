//! What can be set about connections, without naming the library below.

use std::{fmt, time::Duration};

use common_core::secret::{ExposeSecret, SecretBytes};

use super::exact::{self, Failure};

/// Settings of a [`ReqwestTransport`](super::ReqwestTransport).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use common_http::{HttpOptions, ReqwestTransport};
///
/// let options = HttpOptions::new("my-shop/1.0 (+https://shop.example)")
///     .connect_timeout(Duration::from_secs(5));
/// let transport = ReqwestTransport::new(options)?;
/// # let _ = transport;
/// # Ok::<(), common_http::OptionsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpOptions {
    user_agent: String,
    connect_timeout: Duration,
    read_timeout: Duration,
    version: HttpVersion,
    proxy: Option<Proxy>,
    identity: Option<ClientIdentity>,
    trust: TrustAnchors,
}

/// Which versions of HTTP may be spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/2 where the server offers it, else HTTP/1.1.
    #[default]
    Negotiated,
    /// HTTP/1.1 only.
    Http1Only,
}

/// Whose certificates are accepted.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum TrustAnchors {
    /// Those that the operating system trusts.
    #[default]
    System,
    /// Those that the operating system trusts, and these (PEM, one or more).
    SystemAnd(Vec<u8>),
    /// These alone (PEM, one or more).
    Only(Vec<u8>),
    /// Exactly these certificates of servers (DER, one or more), whoever issued them: for a server
    /// whose certificate is told beforehand.
    ///
    /// The server must show one of them and hold its key. Its name and the dates in it are not
    /// looked at, since the pin alone decides: whoever pins also has to notice when it changes.
    Exactly(Vec<Vec<u8>>),
}

impl fmt::Debug for TrustAnchors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::SystemAnd(_) => "SystemAnd(..)",
            Self::Only(_) => "Only(..)",
            Self::Exactly(_) => "Exactly(..)",
        })
    }
}

/// A certificate chain and its private key, for servers that ask for one (mutual TLS).
#[derive(Clone)]
pub struct ClientIdentity(std::sync::Arc<SecretBytes>);

impl ClientIdentity {
    /// The chain (leaf first) and the key (PKCS#8, PKCS#1 or SEC1) as PEM, in any order.
    pub fn from_pem(pem: SecretBytes) -> Self {
        Self(std::sync::Arc::new(pem))
    }
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientIdentity(..)")
    }
}

/// An HTTP proxy for all connections.
#[derive(Clone)]
pub struct Proxy(String);

impl Proxy {
    /// A proxy at that address (`http://host:port`, with user information if it wants some).
    pub fn new(address: impl Into<String>) -> Self {
        Self(address.into())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxy(..)")
    }
}

impl HttpOptions {
    /// Options with a `User-Agent` by which the service's operator can find the program's maker.
    ///
    /// Ten seconds to connect, 100 s without anything that moves, any version of HTTP, no proxy, no
    /// identity, the system's trust anchors.
    pub fn new(user_agent: impl Into<String>) -> Self {
        Self {
            user_agent: user_agent.into(),
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(100),
            version: HttpVersion::default(),
            proxy: None,
            identity: None,
            trust: TrustAnchors::default(),
        }
    }

    /// Sets how long a connection may take to be made.
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long nothing may move: how long the server may stay silent while its answer is
    /// awaited or read, and how long it may take nothing of a file that is sent to it, which is
    /// noticed after one to two such times. A body that lies in memory counts as one piece.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// Sets which versions of HTTP may be spoken.
    #[must_use]
    pub fn version(mut self, version: HttpVersion) -> Self {
        self.version = version;
        self
    }

    /// Sets a proxy.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Sets the client's own certificate.
    #[must_use]
    pub fn identity(mut self, identity: ClientIdentity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Sets whose certificates are accepted.
    #[must_use]
    pub fn trust(mut self, trust: TrustAnchors) -> Self {
        self.trust = trust;
        self
    }

    pub(super) fn silence(&self) -> Duration {
        self.read_timeout
    }

    pub(super) fn build(self) -> Result<reqwest::Client, OptionsError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .connect_timeout(self.connect_timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy();
        if self.version == HttpVersion::Http1Only {
            builder = builder.http1_only();
        }
        if let Some(Proxy(address)) = &self.proxy {
            let proxy = reqwest::Proxy::all(address).map_err(OptionsError::of("proxy"))?;
            builder = builder.proxy(proxy);
        }
        if let TrustAnchors::Exactly(certificates) = &self.trust {
            let identity = self.identity.as_ref().map(|ClientIdentity(pem)| &**pem);
            let config = exact::config(certificates, identity, self.version);
            let config = config.map_err(|error| OptionsError::because("trust", error))?;
            let client = builder.tls_backend_preconfigured(config).build();
            return client.map_err(OptionsError::of("options"));
        }
        if let Some(ClientIdentity(pem)) = &self.identity {
            let identity = reqwest::Identity::from_pem(pem.expose_secret());
            builder = builder.identity(identity.map_err(OptionsError::of("identity"))?);
        }
        builder = match &self.trust {
            TrustAnchors::System | TrustAnchors::Exactly(_) => builder,
            TrustAnchors::SystemAnd(pem) => builder.tls_certs_merge(anchors(pem)?),
            TrustAnchors::Only(pem) => builder.tls_certs_only(anchors(pem)?),
        };
        builder.build().map_err(OptionsError::of("options"))
    }
}

fn anchors(pem: &[u8]) -> Result<Vec<reqwest::Certificate>, OptionsError> {
    let anchors = reqwest::Certificate::from_pem_bundle(pem).map_err(OptionsError::of("trust"))?;
    if anchors.is_empty() {
        return Err(OptionsError { option: "trust", source: None });
    }
    Ok(anchors)
}

/// An option that cannot be used; `option` names it.
#[derive(Debug)]
pub struct OptionsError {
    option: &'static str,
    source: Option<Failure>,
}

impl OptionsError {
    fn of(option: &'static str) -> impl FnOnce(reqwest::Error) -> Self {
        move |error| Self::because(option, error.without_url().into())
    }

    fn because(option: &'static str, source: Failure) -> Self {
        Self { option, source: Some(source) }
    }

    /// Name of the option, as `proxy` or `identity`.
    pub fn option(&self) -> &'static str {
        self.option
    }
}

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the http option `{}` cannot be used", self.option)
    }
}

impl std::error::Error for OptionsError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
