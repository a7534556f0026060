//! What a client is made of.

use std::{
    fmt,
    sync::{Arc, RwLock},
    time::Duration,
};

use common_core::clock::Clock;
use common_http::{BaseUrlError, RuntimeClock};

use super::{Client, Inner, Lines};
use crate::{
    Environment,
    channel::{ChannelError, Connect},
    command::event_hub::HubContentType,
    ident::UniqueNumber,
    jose::{
        Certificate, CertificateError, CryptoProfile, Decryptor, Entropy, OpenLimits,
        RecipientKeyError, Signer, Trust,
    },
    packing::SealFailure,
};

/// How long a call may take; none is published, so this is ours.
pub(super) const TIMEOUT: Duration = Duration::from_secs(60);

/// The largest answer: a command of 100 kB in base64, and room to spare.
pub(super) const LARGEST_ANSWER: u64 = 4 << 20;

/// Where random bytes for sealing come from.
pub(super) type Draw = Arc<dyn Fn() -> Result<Entropy, SealFailure> + Send + Sync>;

/// The register's certificates, and who holds the key of the second one.
///
/// The key of the TLS certificate belongs to the connections
/// ([`Tls`](crate::channel::Tls)); here is the certificate alone, for CMD08 and for warnings.
#[derive(Clone, Debug)]
pub struct Credentials {
    tls: Certificate,
    signer: Arc<dyn Signer>,
    decryptor: Arc<dyn Decryptor>,
}

impl Credentials {
    /// The TLS certificate, and the key of the encryption certificate, which signs documents and
    /// decrypts commands. That it signs as well is an assumption (CRK facts §1.2).
    pub fn new(tls: Certificate, key: impl Signer + Decryptor + 'static) -> Self {
        let key = Arc::new(key);
        Self { tls, signer: Arc::clone(&key) as _, decryptor: key }
    }

    /// Lets another key sign.
    #[must_use]
    pub fn signer(mut self, signer: impl Signer + 'static) -> Self {
        self.signer = Arc::new(signer);
        self
    }

    /// The TLS certificate.
    pub fn tls(&self) -> &Certificate {
        &self.tls
    }

    /// The certificate for which commands are encrypted: the signer's first.
    pub fn encryption(&self) -> Option<&Certificate> {
        self.signer.certificates().first()
    }

    pub(super) fn signs(&self) -> &dyn Signer {
        &*self.signer
    }

    pub(super) fn decrypts(&self) -> &dyn Decryptor {
        &*self.decryptor
    }
}

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    number: UniqueNumber,
    environment: Environment,
    connect: Box<dyn Connect>,
    credentials: Credentials,
    profile: CryptoProfile,
    trust: Trust,
    limits: OpenLimits,
    content_type: HubContentType,
    clock: Option<Arc<dyn Clock>>,
    entropy: Draw,
}

impl Client {
    /// Starts a client of that register.
    pub fn builder(
        number: UniqueNumber,
        environment: Environment,
        connect: impl Connect + 'static,
        credentials: Credentials,
    ) -> ClientBuilder {
        ClientBuilder {
            number,
            environment,
            connect: Box::new(connect),
            credentials,
            profile: CryptoProfile::default(),
            trust: Trust::default(),
            limits: OpenLimits::default(),
            content_type: HubContentType::default(),
            clock: None,
            entropy: Arc::new(drawn),
        }
    }
}

impl ClientBuilder {
    /// Sets how objects are signed and encrypted.
    pub fn profile(mut self, profile: CryptoProfile) -> Self {
        self.profile = profile;
        self
    }

    /// Trusts the signatures of others on commands too, besides the repository's encryption
    /// certificate of CMD07: those of the ministry's authorities, for instance.
    pub fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Sets how large a command may be.
    pub fn limits(mut self, limits: OpenLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the content type of packages.
    pub fn content_type(mut self, content_type: HubContentType) -> Self {
        self.content_type = content_type;
        self
    }

    /// Sets the clock; the runtime's own without it.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets where the random bytes for sealing come from, which must be a cryptographic generator;
    /// the operating system's without it.
    pub fn entropy(
        mut self,
        draw: impl Fn() -> Result<Entropy, SealFailure> + Send + Sync + 'static,
    ) -> Self {
        self.entropy = Arc::new(draw);
        self
    }

    /// The client; opens no connection yet, and has no pins.
    ///
    /// # Errors
    ///
    /// [`SetupError`] when the identity, an authority or an address cannot be used.
    pub fn build(self) -> Result<Client, SetupError> {
        self.environment.cpd().map_err(SetupError::Address)?;
        self.environment.web_api().map_err(SetupError::Address)?;
        let wires = self.connect.wires(None)?;
        Ok(Client(Arc::new(Inner {
            number: self.number,
            environment: self.environment,
            connect: self.connect,
            credentials: self.credentials,
            profile: self.profile,
            trust: self.trust,
            limits: self.limits,
            content_type: self.content_type,
            clock: self.clock.unwrap_or_else(|| Arc::new(RuntimeClock::new())),
            entropy: self.entropy,
            lines: RwLock::new(Lines { wires, address: None, pinned: None }),
        })))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("number", &self.number)
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

fn drawn() -> Result<Entropy, SealFailure> {
    let mut bytes = [0; Entropy::LENGTH];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| "the system has no randomness")?;
    Ok(Entropy::from_random(bytes))
}

/// A client cannot be set up. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// Connections cannot be made.
    #[error("a channel cannot be set up")]
    Channel(#[source] ChannelError),
    /// An address is none, or travels in clear.
    #[error("an address cannot be used")]
    Address(#[source] BaseUrlError),
    /// A certificate cannot be read.
    #[error("{name} cannot be read")]
    Certificate {
        /// Whose.
        name: &'static str,
        /// Why.
        source: CertificateError,
    },
    /// Nothing can be encrypted for the repository.
    #[error("the repository's certificate cannot be encrypted for")]
    Recipient(#[source] RecipientKeyError),
}
