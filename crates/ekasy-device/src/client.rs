//! Every command as one call, over the channel where it belongs.
//!
//! A call is made once: repeating is decided by [`worker`](crate::worker) and
//! [`fiscalisation`](crate::fiscalisation), which journal before they repeat. Each error says
//! whether the call [may have happened](crate::Error::may_have_happened) all the same.
//! What if the answer never comes? A call fails after a minute. What if the process dies? Then
//! nobody knows whether the call happened; every command but
//! [`Fiscalise`](crate::command::cpd::Fiscalise) may simply be made again.

mod builder;
mod calls;
mod opening;
mod sealing;

use std::{
    fmt, iter,
    sync::{Arc, PoisonError, RwLock},
};

use common_core::{clock::Clock, retry::RetryPolicy};
use common_http::{BaseUrl, Client as HttpClient, LimitPolicy, Transport};

pub use builder::{ClientBuilder, Credentials, SetupError};
pub use opening::OpenCommandError;
pub use sealing::RegisterSealer;

use crate::{
    Environment, Error, ErrorKind,
    api::{Cpd, EventHub, WebApi},
    channel::{Channel, ChannelError, Connect, Wires},
    ident::{UniqueNumber, WebApiAddress},
    jose::{self, CryptoProfile, OpenLimits, RecipientKey, Trust},
    journal::Pins,
};

/// A register's way to the repository. Clones share everything.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    number: UniqueNumber,
    environment: Environment,
    connect: Box<dyn Connect>,
    credentials: Credentials,
    profile: CryptoProfile,
    trust: Trust,
    limits: OpenLimits,
    content_type: crate::command::event_hub::HubContentType,
    clock: Arc<dyn Clock>,
    entropy: builder::Draw,
    lines: RwLock<Lines>,
}

/// What changes with pins and with the address of the WebApi.
struct Lines {
    wires: Wires,
    address: Option<BaseUrl>,
    pinned: Option<Arc<Pinned>>,
}

/// What the pins are good for besides connections.
struct Pinned {
    recipient: RecipientKey,
    /// The repository's certificate, which signs commands.
    signer: jose::Certificate,
    not_after: Vec<(&'static str, chrono::DateTime<chrono::Utc>)>,
}

impl Client {
    /// The register.
    pub fn unique_number(&self) -> &UniqueNumber {
        &self.0.number
    }

    /// The clock that everything goes by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.0.clock
    }

    /// The register's certificates and keys.
    pub fn credentials(&self) -> &Credentials {
        &self.0.credentials
    }

    /// Whether there are pins: without them only the CPD server can be reached, and nothing can be
    /// sealed.
    pub fn has_pins(&self) -> bool {
        self.with_lines(|lines| lines.pinned.is_some())
    }

    /// Takes the certificates of CMD07, or those that the journal kept: connections are made anew
    /// with them from the next call on.
    ///
    /// # Errors
    ///
    /// [`SetupError`] when one of them cannot be used; the ones before stay.
    pub fn use_pins(&self, pins: &Pins) -> Result<(), SetupError> {
        let pinned = Arc::new(Pinned::read(pins)?);
        let wires = self.0.connect.wires(Some(pins))?;
        let mut lines = self.0.lines.write().unwrap_or_else(PoisonError::into_inner);
        (lines.wires, lines.pinned) = (wires, Some(pinned));
        Ok(())
    }

    /// Whether these certificates could be used; nothing changes.
    pub(crate) fn read_pins(&self, pins: &Pins) -> Result<(), SetupError> {
        Pinned::read(pins)?;
        self.0.connect.wires(Some(pins))?;
        Ok(())
    }

    /// Takes the address of the WebApi that the repository told (CMD09, CMD12); until then the
    /// environment's is used.
    ///
    /// # Errors
    ///
    /// [`SetupError::Address`] when it is none; the one before stays.
    pub fn use_web_api(&self, address: &WebApiAddress) -> Result<(), SetupError> {
        let base = address.base_url().map_err(SetupError::Address)?;
        self.0.lines.write().unwrap_or_else(PoisonError::into_inner).address = Some(base);
        Ok(())
    }

    /// The certificates of both sides and when they end, for warnings: those of the register with
    /// the issuers that its signer knows, those of the repository with the authorities of the Event
    /// Hub, and the authorities that the connections were given. Several may have the same name.
    ///
    /// The issuers of the register's TLS certificate stand in its identity alone, where nobody
    /// looks: they are not among these.
    pub fn expiries(&self) -> Vec<(&'static str, chrono::DateTime<chrono::Utc>)> {
        let credentials = &self.0.credentials;
        let own = [("the register's TLS certificate", credentials.tls())];
        let names = iter::once("the register's encryption certificate")
            .chain(iter::repeat("an issuer of the register's encryption certificate"));
        let signer = names.zip(credentials.signs().certificates());
        let own = own.into_iter().chain(signer).map(|(name, one)| (name, one.not_after()));
        let given = self.0.connect.authorities();
        let given = given.iter().map(|one| ("an authority of the ministry", one.not_after()));
        let pinned = self.with_lines(|lines| lines.pinned.clone());
        let pinned = pinned.iter().flat_map(|pinned| pinned.not_after.iter().copied());
        own.chain(given).chain(pinned).collect()
    }

    fn pinned(&self, endpoint: &'static str) -> Result<Arc<Pinned>, Error> {
        self.with_lines(|lines| lines.pinned.clone()).ok_or_else(|| no_pins(endpoint))
    }

    /// The line for CMD07.
    fn keys_line(&self) -> Result<HttpClient<Cpd>, Error> {
        self.cpd_over(|wires| Arc::clone(wires.keys()))
    }

    fn cpd(&self) -> Result<HttpClient<Cpd>, Error> {
        self.cpd_over(|wires| Arc::clone(wires.cpd()))
    }

    fn cpd_over(
        &self,
        wire: impl FnOnce(&Wires) -> Arc<dyn Transport>,
    ) -> Result<HttpClient<Cpd>, Error> {
        let base = self.0.environment.cpd().map_err(|error| input("cpd", error))?;
        Ok(self.line(base, self.with_lines(|lines| wire(&lines.wires))))
    }

    fn web_api(&self, endpoint: &'static str) -> Result<HttpClient<WebApi>, Error> {
        let (wire, told) =
            self.with_lines(|lines| (lines.wires.web_api().cloned(), lines.address.clone()));
        let wire = wire.ok_or_else(|| no_pins(endpoint))?;
        let base = match told {
            Some(base) => base,
            None => self.0.environment.web_api().map_err(|error| input(endpoint, error))?,
        };
        Ok(self.line(base, wire))
    }

    /// A line to the origin of a token's address, if the environment allows that address.
    fn event_hub(&self, url: &str) -> Result<HttpClient<EventHub>, Error> {
        let endpoint = "event_hub.publish";
        if !self.0.environment.allows_event_hub(url) {
            let reason = "the token names an event hub that this environment does not allow";
            return Err(Error::not_sent(endpoint, ErrorKind::Input, reason));
        }
        let origin = url::Url::parse(url).map(|url| url.origin().ascii_serialization());
        let origin = origin.map_err(|error| input(endpoint, error))?;
        let base: BaseUrl = origin.parse().map_err(|error| input(endpoint, error))?;
        let wire = self.with_lines(|lines| lines.wires.event_hub().cloned());
        Ok(self.line(base, wire.ok_or_else(|| no_pins(endpoint))?))
    }

    /// One try and no wait: whoever calls decides about both.
    fn line<A: common_http::Api>(&self, base: BaseUrl, wire: Arc<dyn Transport>) -> HttpClient<A> {
        HttpClient::builder(base, wire)
            .clock(Arc::clone(&self.0.clock))
            .retry(RetryPolicy::never())
            .limit_policy(LimitPolicy::FailFast)
            .timeout(builder::TIMEOUT)
            .body_limit(builder::LARGEST_ANSWER)
            .build()
    }

    fn with_lines<T>(&self, read: impl FnOnce(&Lines) -> T) -> T {
        read(&self.0.lines.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Pinned {
    fn read(pins: &Pins) -> Result<Self, SetupError> {
        let read = |name: &'static str, certificate: &crate::command::Certificate| {
            jose::Certificate::from_der(certificate.der())
                .map_err(|source| SetupError::Certificate { name, source })
        };
        let signer = read("the repository's encryption certificate", &pins.encryption)?;
        let recipient = RecipientKey::from_certificate(&signer).map_err(SetupError::Recipient)?;
        let cpd = read("the CPD server's certificate", &pins.cpd)?;
        let web_api = read("the WebApi's certificate", &pins.web_api)?;
        let mut not_after = vec![
            ("the repository's encryption certificate", signer.not_after()),
            ("the CPD server's certificate", cpd.not_after()),
            ("the WebApi's certificate", web_api.not_after()),
        ];
        // Whether these can be used is for the connections to say; here it is about dates alone.
        let authorities = pins.event_hub.iter();
        let authorities = authorities.filter_map(|one| jose::Certificate::from_der(one.der()).ok());
        not_after.extend(authorities.map(|one| ("an authority of the Event Hub", one.not_after())));
        Ok(Self { recipient, signer, not_after })
    }
}

fn no_pins(endpoint: &'static str) -> Error {
    let reason = "the certificates of the repository are not known yet: fetch its keys (CMD07)";
    Error::not_sent(endpoint, ErrorKind::Local, reason)
}

fn input(endpoint: &'static str, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::not_sent(endpoint, ErrorKind::Input, error)
}

/// Which channel an error belongs to, by the name of its endpoint.
pub(crate) fn channel_of(error: &Error) -> Channel {
    match error.endpoint().split_once('.') {
        Some(("web_api", _)) => Channel::WebApi,
        Some(("event_hub", _)) => Channel::EventHub,
        _ => Channel::Cpd,
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("number", &self.0.number)
            .field("environment", &self.0.environment)
            .finish_non_exhaustive()
    }
}

impl From<ChannelError> for SetupError {
    fn from(error: ChannelError) -> Self {
        Self::Channel(error)
    }
}
