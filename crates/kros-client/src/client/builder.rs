//! Settings of a client.

use std::{fmt, fmt::Write as _, future::ready, sync::Arc, time::Duration};

use aws_lc_rs::digest;
use common_core::{
    clock::Clock,
    limit::LimitStore,
    retry::RetryPolicy,
    secret::{ExposeSecret, SecretString},
    store::BoxFuture,
};
use common_http::{
    Authorise, BaseUrlError, CredentialsError, HttpOptions, LimitPolicy, OptionsError,
    ReqwestTransport, StaticBearer, Transport, UsedToken,
};

use super::Client;
use crate::{
    api::LIMIT,
    environment::Environment,
    guard::{Duplicates, Guard},
    limits::Limits,
};

/// The service was seen to take up to 180 s for a large batch (KROS facts §1).
const TIMEOUT: Duration = Duration::from_secs(190);

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder {
    environment: Environment,
    token: Option<SecretString>,
    transport: Option<Box<dyn Transport>>,
    options: HttpOptions,
    limits: Limits,
    limit_policy: LimitPolicy,
    limit_store: Option<Arc<dyn LimitStore>>,
    duplicates: Duplicates,
    retry: RetryPolicy,
    timeout: Duration,
    clock: Option<Arc<dyn Clock>>,
    seed: Option<u64>,
}

impl Client {
    /// Starts a client of that environment.
    pub fn builder(environment: Environment) -> ClientBuilder {
        let agent = concat!("fiskus-kros-client/", env!("CARGO_PKG_VERSION"));
        ClientBuilder {
            environment,
            token: None,
            transport: None,
            options: HttpOptions::new(agent).read_timeout(TIMEOUT),
            limits: Limits::default(),
            limit_policy: LimitPolicy::default(),
            limit_store: None,
            duplicates: Duplicates::default(),
            retry: RetryPolicy::default(),
            timeout: TIMEOUT,
            clock: None,
            seed: None,
        }
    }
}

impl ClientBuilder {
    /// Sets the company's token, as made in its settings (source document, "Vygenerovať token").
    ///
    /// Without it only the consent flow can be used.
    pub fn token(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// Sets the options of connections: proxy, trust anchors, user agent, time limits.
    ///
    /// Their read timeout cuts a silent answer off earlier than [`timeout`](Self::timeout) when it
    /// is the shorter one: set it to 190 s or more, since batches were seen to take 180 s.
    pub fn http_options(mut self, options: HttpOptions) -> Self {
        self.options = options;
        self
    }

    /// Sends requests through something else than sockets.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Box::new(transport));
        self
    }

    /// Sets the request limits; [`Limits::documented`] without it.
    pub fn limits(mut self, limits: Limits) -> Self {
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

    /// Sets what happens to a request that was accepted within the last 120 s.
    pub fn duplicates(mut self, duplicates: Duplicates) -> Self {
        self.duplicates = duplicates;
        self
    }

    /// Sets how often failed tries are repeated. Documents are repeated only when the service
    /// cannot have processed them (no connection, 429).
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long one try may take; 190 s without it, since batches were seen to take 180 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
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

    /// The client; opens no connection yet.
    pub fn build(self) -> Result<Client, BuilderError> {
        let base = self.environment.base()?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Box::new(ReqwestTransport::new(self.options)?),
        };
        let (account, authorise) = credentials(self.token.as_ref())?;
        let mut http = common_http::Client::builder(base, transport)
            .authorise(authorise)
            .limit(&account, LIMIT, self.limits.into_windows())
            .limit_policy(self.limit_policy)
            .retry(self.retry)
            .timeout(self.timeout);
        if let Some(store) = self.limit_store {
            http = http.limits(store);
        }
        if let Some(clock) = self.clock {
            http = http.clock(clock);
        }
        if let Some(seed) = self.seed {
            http = http.seed(seed);
        }
        let guard = Arc::new(Guard::default());
        Ok(Client { http: http.build(), guard, duplicates: self.duplicates })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("environment", &self.environment)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The name under which the token's calls are counted, and the token itself as a header.
fn credentials(token: Option<&SecretString>) -> Result<(String, Box<dyn Authorise>), BuilderError> {
    let Some(token) = token else {
        return Ok(("anonymous".to_owned(), Box::new(NoToken)));
    };
    let bearer = StaticBearer::new(token).map_err(BuilderError::Token)?;
    // The name must not give the token away; 64 bits of its hash tell tokens apart.
    let hash = digest::digest(&digest::SHA256, token.expose_secret().as_bytes());
    let account = hash.as_ref()[..8].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    Ok((account, Box::new(bearer)))
}

#[derive(Debug)]
struct NoToken;

impl Authorise for NoToken {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(ready(Err(CredentialsError::new("the client was built without a token"))))
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(ready(false))
    }
}

/// Why a client could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuilderError {
    /// The environment's address cannot be used.
    #[error("the environment's address cannot be used")]
    Environment(#[from] BaseUrlError),
    /// The token cannot be used.
    #[error("the token cannot be used")]
    Token(#[source] CredentialsError),
    /// An option of the connections cannot be used.
    #[error("an option of the connections cannot be used")]
    Options(#[from] OptionsError),
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::{ErrorKind, auth};

    fn production() -> ClientBuilder {
        Client::builder(Environment::Production)
    }

    #[test]
    fn tokens_are_counted_apart_without_being_named() {
        let name = |token: &str| credentials(Some(&token.into())).unwrap().0;
        let (one, other) = (name("canary-one"), name("canary-two"));
        assert_ne!(one, other);
        assert_eq!(one, name("canary-one"));
        assert_eq!((one.len(), one.contains("canary")), (16, false));
        assert_eq!(credentials(None).unwrap().0, "anonymous");
    }

    #[test]
    fn a_token_that_no_header_carries_is_refused_and_not_shown() {
        for token in ["", "canary\ntoken"] {
            let error = production().token(token.into()).build().unwrap_err();
            assert!(matches!(error, BuilderError::Token(_)));
            let shown = format!("{error:?} {error} {}", error.source().unwrap());
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn no_token_shows_in_debug() {
        let builder = production().token("canary-token".into());
        let mut shown = format!("{builder:?}");
        let _ = write!(shown, "{:?}", builder.build().unwrap());
        assert!(!shown.contains("canary"), "{shown}");
        assert!(shown.contains("https://api-economy.kros.sk/api"), "{shown}");
    }

    #[tokio::test]
    async fn a_client_without_a_token_says_so() {
        let error = production().build().unwrap().send(&auth::Check).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        let cause = error.source().unwrap().to_string();
        assert_eq!(cause, "the client was built without a token");
    }
}
