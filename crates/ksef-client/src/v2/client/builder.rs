//! Settings of a client.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use common_core::{
    clock::Clock,
    limit::{LimitSnapshot, LimitStore, LocalLimits, Windows},
    retry::RetryPolicy,
};
use common_http::{
    BaseUrl, BaseUrlError, HttpOptions, LimitPolicy, OptionsError, ReqwestTransport, RuntimeClock,
    Transport,
};
use http::HeaderValue;

use super::{
    Client, Inner,
    keys::KeyRing,
    rates::Rates,
    settings::Settings,
    tap::{ErrorFormat, Hook, Tap},
};
use crate::v2::{api::LimitGroup, environment::Environment, warning::Notice};

/// No time is published in which an answer comes, so this is an assumption of ours.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    environment: Environment,
    transport: Option<Arc<dyn Transport>>,
    options: HttpOptions,
    format: ErrorFormat,
    echo: Option<HeaderValue>,
    hook: Option<Hook>,
    rates: Rates,
    limit_policy: LimitPolicy,
    limit_store: Option<Arc<dyn LimitStore>>,
    counted: BTreeMap<String, LimitSnapshot>,
    retry: RetryPolicy,
    timeout: Duration,
    body_limit: Option<u64>,
    clock: Option<Arc<dyn Clock>>,
    seed: Option<u64>,
}

impl Client {
    /// Starts a client of that environment.
    pub fn builder(environment: Environment) -> ClientBuilder {
        let agent = concat!("fiskus-ksef-client/", env!("CARGO_PKG_VERSION"));
        ClientBuilder {
            environment,
            transport: None,
            options: HttpOptions::new(agent).read_timeout(TIMEOUT),
            format: ErrorFormat::default(),
            echo: None,
            hook: None,
            rates: Rates::of_contract(),
            limit_policy: LimitPolicy::default(),
            limit_store: None,
            counted: BTreeMap::new(),
            retry: RetryPolicy::default(),
            timeout: TIMEOUT,
            body_limit: None,
            clock: None,
            seed: None,
        }
    }
}

impl ClientBuilder {
    /// Sets the options of connections: proxy, trust anchors, user agent, time limits. Without them
    /// a try is given up when nothing has moved for 300 s
    /// ([`HttpOptions::read_timeout`]), and with new options after their 100 s.
    pub fn http_options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// Sends requests through something else than sockets.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets in which form errors come; problem details without it.
    pub fn error_format(mut self, format: ErrorFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets who is told when the service warns, whatever the call (`X-System-Warning`).
    ///
    /// Besides, [`Client::answer`] and [`Account::answer`](crate::v2::Account::answer) give the
    /// warnings of one call. The hook must not block.
    pub fn on_warning(mut self, hook: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.hook = Some(Arc::new(hook));
        self
    }

    /// Has the test environment warn of this with every answer (`X-Test-System-Warning`), to try
    /// how warnings are handled.
    pub fn echo_warning(mut self, warning: HeaderValue) -> Self {
        self.echo = Some(warning);
        self
    }

    /// Sets the limits of a group, for each context; the contract's without it.
    pub fn limit(mut self, group: LimitGroup, windows: Windows) -> Self {
        self.rates = self.rates.with(group, windows);
        self
    }

    /// Sets the limits of all groups, as [`Account::rates`](crate::v2::Account::rates) gave them.
    pub fn rates(mut self, rates: Rates) -> Self {
        self.rates = rates;
        self
    }

    /// Takes the limits of all groups away, for a system of one's own.
    pub fn unlimited(self) -> Self {
        self.rates(Rates::unlimited())
    }

    /// Sets whether calls wait for their turn, or where the service asks to wait, or fail; they wait
    /// without it.
    pub fn limit_policy(mut self, policy: LimitPolicy) -> Self {
        self.limit_policy = policy;
        self
    }

    /// Sets where limits are counted, so that several clients or processes share them: the service
    /// counts for each context and address, whatever the number of programs behind it (KSeF 2.0
    /// facts §13.1).
    pub fn limit_store(mut self, store: Arc<dyn LimitStore>) -> Self {
        self.limit_store = Some(store);
        self
    }

    /// Goes on counting where [`Client::limits`] stopped, in an earlier run of the program; without
    /// effect when there is a [`limit_store`](Self::limit_store).
    pub fn restore_limits(mut self, counted: BTreeMap<String, LimitSnapshot>) -> Self {
        self.counted = counted;
        self
    }

    /// Sets how often failed tries are repeated. What changes something is repeated only when the
    /// service cannot have processed it (no connection, 429).
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long one try may take; 300 s without it. A second comes on top of it for every 16 KiB
    /// that is sent, so that a part of a batch (up to 100 MB) gets through a slow connection.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the largest answer that is read into memory, in bytes; 64 MiB without it. A download
    /// has no limit.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets where the randomness of waits starts, to repeat a run exactly. Keys are not made from
    /// it.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The client; opens no connection yet.
    pub fn build(self) -> Result<Client, BuilderError> {
        let base: BaseUrl = self.environment.api()?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(ReqwestTransport::new(self.options)?),
        };
        let clock = self.clock.unwrap_or_else(|| Arc::new(RuntimeClock::new()));
        let (limit_store, local_limits) = if let Some(store) = self.limit_store {
            (store, None)
        } else {
            let local = LocalLimits::restore(&self.counted, clock.tick(), clock.now());
            let local = Arc::new(local);
            (Arc::clone(&local) as Arc<dyn LimitStore>, Some(local))
        };
        let tap = Tap { inner: transport, format: self.format, echo: self.echo, hook: self.hook };
        let settings = Settings {
            environment: self.environment,
            base,
            tap: Arc::new(tap),
            rates: self.rates,
            limit_policy: self.limit_policy,
            limit_store,
            local_limits,
            retry: self.retry,
            timeout: self.timeout,
            body_limit: self.body_limit,
            clock,
            seed: self.seed.map(AtomicU64::new),
        };
        Ok(Client(Arc::new(Inner { settings, keys: KeyRing::default() }), None))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .finish_non_exhaustive()
    }
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuilderError {
    /// The address of the environment cannot be used.
    #[error("the address of the environment cannot be used")]
    Environment(#[from] BaseUrlError),
    /// An option of the connections cannot be used.
    #[error("an option of the connections cannot be used")]
    Options(#[from] OptionsError),
}
