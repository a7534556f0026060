//! Settings of a client.

use std::{fmt, sync::Arc, time::Duration};

use common_core::{
    clock::Clock,
    limit::{LimitStore, LocalLimits, Window, Windows},
    retry::RetryPolicy,
};
use common_http::{
    BaseUrl, BaseUrlError, HttpOptions, LimitPolicy, OptionsError, ReqwestTransport, Transport,
};

use super::{Client, NoSession, settings::Settings};
use crate::v1::{api::LimitGroup, environment::Environment};

/// A part of a batch has up to 50 MiB; no time is published, so this is an assumption of ours.
const TIMEOUT: Duration = Duration::from_secs(300);

/// The limits that are known (KSeF 1.x facts §12).
fn known_limits() -> Vec<(LimitGroup, Windows)> {
    let per_hour = |calls| Windows::new([Window::per_hour(calls)]);
    vec![(LimitGroup::CommonInvoice, per_hour(2)), (LimitGroup::UpoOnDemand, per_hour(50))]
}

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    environment: Environment,
    transport: Option<Arc<dyn Transport>>,
    options: HttpOptions,
    limits: Vec<(LimitGroup, Windows)>,
    limit_policy: LimitPolicy,
    limit_store: Option<Arc<dyn LimitStore>>,
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
            limits: known_limits(),
            limit_policy: LimitPolicy::default(),
            limit_store: None,
            retry: RetryPolicy::default(),
            timeout: TIMEOUT,
            body_limit: None,
            clock: None,
            seed: None,
        }
    }
}

impl ClientBuilder {
    /// Sets the options of connections: proxy, trust anchors, user agent, time limits.
    pub fn http_options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// Sends requests through something else than sockets.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Sets the request limits of a group, for each context.
    ///
    /// Without it [`LimitGroup::CommonInvoice`] and [`LimitGroup::UpoOnDemand`] have the limits
    /// that they name, and the others none, because the authority's table has no public copy (KSeF
    /// 1.x facts §12). A 429 is obeyed in any case.
    pub fn limit(mut self, group: LimitGroup, windows: Windows) -> Self {
        self.limits.retain(|(known, _)| *known != group);
        self.limits.push((group, windows));
        self
    }

    /// Takes the limits of all groups away, for a system of one's own.
    pub fn unlimited(mut self) -> Self {
        self.limits.clear();
        self
    }

    /// Sets whether calls wait for their turn or fail; they wait without it.
    pub fn limit_policy(mut self, policy: LimitPolicy) -> Self {
        self.limit_policy = policy;
        self
    }

    /// Sets where limits are counted, so that several clients or processes share them.
    pub fn limit_store(mut self, store: Arc<dyn LimitStore>) -> Self {
        self.limit_store = Some(store);
        self
    }

    /// Sets how often failed tries are repeated. What changes something is repeated only when the
    /// service cannot have processed it (no connection, 429, 21121, 21304).
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long one try may take; 300 s without it.
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
        let base = self.environment.api()?;
        let site = site(&base)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(ReqwestTransport::new(self.options)?),
        };
        let settings = Settings {
            base,
            site,
            transport,
            limits: self.limits,
            limit_policy: self.limit_policy,
            limit_store: self.limit_store.unwrap_or_else(|| Arc::new(LocalLimits::new())),
            retry: self.retry,
            timeout: self.timeout,
            body_limit: self.body_limit,
            clock: self.clock,
            seed: self.seed,
        };
        let http = settings.calls("anonymous", NoSession);
        Ok(Client { http, settings: Arc::new(settings) })
    }
}

/// The address beside the API: without `/api` at its end.
fn site(base: &BaseUrl) -> Result<BaseUrl, BaseUrlError> {
    let text = base.as_str();
    text.strip_suffix("/api").unwrap_or(text).parse()
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
