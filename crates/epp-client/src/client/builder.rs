//! Settings of a client.

use std::{fmt, sync::Arc, time::Duration};

use common_core::{
    clock::Clock,
    limit::{LimitStore, Window, Windows},
    retry::RetryPolicy,
};
use common_http::{
    BaseUrl, BaseUrlError, HttpOptions, LimitPolicy, OptionsError, ReqwestTransport, SharedToken,
    Transport,
};

use super::Client;
use crate::{
    api::{Epp, LIMIT},
    environment::{self, Environment},
    session::{Credentials, Session, TokenPair},
};

/// Five thousand orders take a while; no time is published, so this is an assumption of ours.
const TIMEOUT: Duration = Duration::from_secs(180);

/// No limit is published (ePP facts §3); this one is ours, so that a loop gone wrong does no harm.
const CALLS_PER_SECOND: u32 = 10;

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    environment: Environment,
    credentials: Option<Credentials>,
    tokens: Option<SharedToken<TokenPair>>,
    transport: Option<Arc<dyn Transport>>,
    options: HttpOptions,
    limits: Windows,
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
        let agent = concat!("fiskus-epp-client/", env!("CARGO_PKG_VERSION"));
        ClientBuilder {
            environment,
            credentials: None,
            tokens: None,
            transport: None,
            options: HttpOptions::new(agent).read_timeout(TIMEOUT),
            limits: Windows::new([Window::per_second(CALLS_PER_SECOND)]),
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
    /// Sets the user's login; without it a pair of tokens has to be imported.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Shares the tokens with other processes through a store, so that one login or refresh
    /// serves all.
    ///
    /// Who reads the store can pay with what lies there as long as it lasts: seal its values.
    pub fn shared_token(mut self, shared: SharedToken<TokenPair>) -> Self {
        self.tokens = Some(shared);
        self
    }

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

    /// Sets the request limits; 10 in a second without it, which is an assumption of ours.
    pub fn limits(mut self, limits: Windows) -> Self {
        self.limits = limits;
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

    /// Sets how often failed tries are repeated. Creating orders, starting and confirming a
    /// payment are repeated only when the service cannot have processed them (no connection, 429).
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long one try may take; 180 s without it.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the largest answer that is read into memory, in bytes; 64 MiB without it. A streamed
    /// statement has no limit.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.body_limit = Some(bytes);
        self
    }

    /// Sets the clock.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets where the randomness of waits starts, to repeat a run exactly.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The client; opens no connection and logs nobody in yet.
    pub fn build(mut self) -> Result<Client, BuilderError> {
        let (api, web) = (self.environment.api()?, self.environment.web()?);
        let referer = environment::referer(&web).ok_or(BuilderError::Referer)?;
        let transport = match self.transport.take() {
            Some(transport) => transport,
            None => Arc::new(ReqwestTransport::new(self.options.clone())?),
        };
        // Calls are counted per user, by a name that is no secret.
        let user = self.credentials.as_ref().map_or("imported", Credentials::login).to_owned();
        let session = {
            let http = self.calls(&api, &transport).build();
            Session::new(http, self.credentials.take(), self.tokens.take())
        };
        let http = self
            .calls(&api, &transport)
            .authorise(session.clone())
            .limit(&user, LIMIT, self.limits.clone())
            .build();
        let web = self.calls(&web, &transport).build();
        Ok(Client { http, web, referer, session })
    }

    fn calls(
        &self,
        base: &BaseUrl,
        transport: &Arc<dyn Transport>,
    ) -> common_http::ClientBuilder<Epp> {
        let mut http = common_http::Client::builder(base.clone(), Arc::clone(transport))
            .limit_policy(self.limit_policy)
            .retry(self.retry)
            .timeout(self.timeout);
        if let Some(limit) = self.body_limit {
            http = http.body_limit(limit);
        }
        if let Some(store) = &self.limit_store {
            http = http.limits(Arc::clone(store));
        }
        if let Some(clock) = &self.clock {
            http = http.clock(Arc::clone(clock));
        }
        if let Some(seed) = self.seed {
            http = http.seed(seed);
        }
        http
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .field("credentials", &self.credentials)
            .finish_non_exhaustive()
    }
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuilderError {
    /// An address of the environment cannot be used.
    #[error("an address of the environment cannot be used")]
    Environment(#[from] BaseUrlError),
    /// The web host's address cannot stand in a header.
    #[error("the web host's address cannot be a referer")]
    Referer,
    /// An option of the connections cannot be used.
    #[error("an option of the connections cannot be used")]
    Options(#[from] OptionsError),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts;

    #[test]
    fn no_secret_shows_in_debug() {
        let builder = Client::builder(Environment::Test)
            .credentials(Credentials::new("korisnik", "canary-password".into()));
        let shown = [format!("{builder:?}"), format!("{:?}", builder.build().unwrap())].concat();
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("repp-test.trezor.gov.rs"), "{shown}");
    }

    #[tokio::test]
    async fn a_client_without_a_login_says_so() {
        let client = Client::builder(Environment::Test).build().unwrap();
        let error = client.send(&accounts::List::new()).await.unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Credentials);
        let mut cause: &dyn std::error::Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        assert_eq!(cause.to_string(), "no login is set");
    }
}
