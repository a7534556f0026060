//! One login, kept as long as it lasts (source document, login and login/refresh).
//!
//! The service forbids to log in before each call, wants a refresh only after a 401, and locks a
//! user for a minute after three refused logins. So a [`Session`] logs in when it has no token at
//! all, refreshes when the service refuses the access token and never earlier, logs in once when
//! the refresh token is refused as well, and never repeats a login that was refused.

mod endpoints;
mod tokens;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use common_core::{secret::SecretString, store::BoxFuture};
use common_http::{
    Authorise, CallOptions, CredentialsError, SharedToken, TokenCache, TokenError, UsedToken,
};

pub use endpoints::Ping;
use endpoints::{Login, Refresh};
pub use tokens::TokenPair;

use crate::{
    api::{Epp, ask},
    error::{Error, ErrorKind},
};

/// A user's name and password.
#[derive(Clone)]
pub struct Credentials {
    login: String,
    password: SecretString,
}

impl Credentials {
    /// The credentials of that user.
    pub fn new(login: impl Into<String>, password: SecretString) -> Self {
        Self { login: login.into(), password }
    }

    /// The user's name.
    pub fn login(&self) -> &str {
        &self.login
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("login", &self.login).finish_non_exhaustive()
    }
}

/// The login of one user. Clones share it, and so do all clones of a client.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    /// Carries no credentials of its own: logins and refreshes are what it is for.
    http: common_http::Client<Epp>,
    cache: TokenCache<TokenPair>,
    /// The generation of the newest token that was given to a call.
    given: AtomicU64,
    /// How many times this process has logged in or refreshed.
    renewals: AtomicU64,
    user: Mutex<User>,
}

#[derive(Default)]
struct User {
    credentials: Option<Credentials>,
    /// What the service said when it refused these credentials.
    refusal: Option<Arc<Error>>,
}

impl Session {
    pub(crate) fn new(
        http: common_http::Client<Epp>,
        credentials: Option<Credentials>,
        shared: Option<SharedToken<TokenPair>>,
    ) -> Self {
        let cache = TokenCache::new().renew_early(None);
        let cache = match shared {
            Some(shared) => cache.shared(shared),
            None => cache,
        };
        let user = Mutex::new(User { credentials, refusal: None });
        let (given, renewals) = (AtomicU64::new(0), AtomicU64::new(0));
        Self(Arc::new(Inner { http, cache, given, renewals, user }))
    }

    /// Uses other credentials for the next login and forgets that the earlier ones were refused.
    ///
    /// Nothing is sent now, and a token that works is used on. The same credentials may be set
    /// again, for instance when a user's lock of a minute is known to be over.
    pub fn log_in_as(&self, credentials: Credentials) {
        *self.user() = User { credentials: Some(credentials), refusal: None };
    }

    /// The pair of tokens in use, for another run or another process; it is as good as the
    /// password until it ends.
    pub async fn export(&self) -> Option<TokenPair> {
        self.0.cache.export().await
    }

    /// Uses a pair of tokens that was exported elsewhere, instead of a login.
    ///
    /// With a shared token ([`ClientBuilder::shared_token`](crate::ClientBuilder::shared_token))
    /// it replaces the one in the store, and fails only when that store does.
    pub async fn import(&self, tokens: TokenPair) -> Result<(), TokenError> {
        self.0.cache.import(tokens).await
    }

    /// How many times the tokens were renewed; read before a call, for [`refuse`](Self::refuse).
    pub(crate) fn renewals(&self) -> u64 {
        self.0.renewals.load(Ordering::Acquire)
    }

    /// The service refused a token inside a success, in a call before which there had been so
    /// many renewals: nothing needs to be forgotten when there has been another one since.
    pub(crate) async fn refuse(&self, renewals_before: u64) {
        let given = self.0.given.load(Ordering::Acquire);
        if self.renewals() == renewals_before {
            self.0.cache.refuse(given).await;
        }
    }

    fn user(&self) -> MutexGuard<'_, User> {
        self.0.user.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn renewed(self, old: Option<TokenPair>) -> Result<TokenPair, SessionError> {
        let tokens = self.renew(old).await?;
        self.0.renewals.fetch_add(1, Ordering::AcqRel);
        Ok(tokens)
    }

    /// A new pair: by the refresh token, and by one login where there is none or it is refused.
    async fn renew(&self, old: Option<TokenPair>) -> Result<TokenPair, SessionError> {
        if let Some(old) = old {
            let refresh = Refresh::new(&old);
            match ask(&self.0.http, &refresh, CallOptions::new()).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) if is_refusal(&error) => {
                    tracing::debug!("the refresh token was refused; logging in");
                }
                Err(error) => return Err(SessionError::NotRefreshed(error)),
            }
        }
        self.log_in().await
    }

    async fn log_in(&self) -> Result<TokenPair, SessionError> {
        let credentials = {
            let user = self.user();
            if let Some(refusal) = &user.refusal {
                return Err(SessionError::Refused(Arc::clone(refusal)));
            }
            user.credentials.clone().ok_or(SessionError::NoCredentials)?
        };
        match ask(&self.0.http, &Login::new(&credentials), CallOptions::new()).await {
            Ok(tokens) => Ok(tokens),
            Err(error) if is_refusal(&error) => Err(self.remember(&credentials, error)),
            Err(error) => Err(SessionError::NotLoggedIn(error)),
        }
    }

    /// Remembers a refusal, unless other credentials were set while the answer was awaited.
    fn remember(&self, refused: &Credentials, error: Error) -> SessionError {
        let error = Arc::new(error);
        let mut user = self.user();
        if user.credentials.as_ref().is_some_and(|now| now.is_same(refused)) {
            user.refusal = Some(Arc::clone(&error));
        }
        SessionError::Refused(error)
    }
}

impl Credentials {
    fn is_same(&self, other: &Self) -> bool {
        self.login == other.login && common_core::secret::same_text(&self.password, &other.password)
    }
}

/// Whether the service looked at the credentials and did not take them. A failure on the way is
/// none, and neither is 429 or 5xx.
fn is_refusal(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Invalid
            | ErrorKind::Unauthenticated
            | ErrorKind::Forbidden
            | ErrorKind::NotFound
            | ErrorKind::Conflict
            | ErrorKind::Gone
            | ErrorKind::InvalidToken
            | ErrorKind::UsedToken
            | ErrorKind::Refused
    )
}

impl Authorise for Session {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(async move {
            let session = self.clone();
            let now = self.0.http.clock().now();
            let (tokens, generation) =
                self.0.cache.get(now, |old| session.renewed(old)).await.map_err(|error| {
                    CredentialsError::new("the session has no token").because(error)
                })?;
            let used = UsedToken::bearer(tokens.access_token(), generation)?;
            self.0.given.fetch_max(generation, Ordering::AcqRel);
            Ok(Some(used))
        })
    }

    fn refused<'a>(&'a self, used: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            self.0.cache.refuse(used.generation()).await;
            true
        })
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("cache", &self.0.cache).finish_non_exhaustive()
    }
}

/// Why a session has no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The client was built without a login, and no token is left.
    #[error("no login is set")]
    NoCredentials,
    /// The service refused the login, now or before; it is not tried again.
    #[error("the service refused the login")]
    Refused(#[source] Arc<Error>),
    /// The login was not answered as it should be. Another call tries again.
    #[error("the login failed")]
    NotLoggedIn(#[source] Error),
    /// The refresh was not answered as it should be. Another call tries again.
    #[error("the refresh failed")]
    NotRefreshed(#[source] Error),
}

impl SessionError {
    /// Whether the service refused the login.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_))
    }
}

#[cfg(test)]
mod tests;
