//! How an account comes by a working access token.

use std::{
    fmt,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use common_core::{poll::PollSchedule, store::BoxFuture};
use common_http::{Authorise, CredentialsError, Endpoint, StaticBearer, UsedToken};
use tokio::time::timeout;

use super::{
    Account,
    refusal::{Refusal, is_refusal},
};
use crate::v2::{
    auth,
    client::Client,
    error::{Error, ErrorKind},
    login::{Credential, Tokens},
};

/// A renewal takes this long at most, the login that it may come to included.
const LONGEST: Duration = Duration::from_secs(120);

/// How long others wait for a process that renews shared tokens; the store needs time, too.
pub(super) const LEASE: Duration = Duration::from_secs(150);

/// How often it is asked whether a login has succeeded.
const POLLS: PollSchedule =
    PollSchedule::new(Duration::from_millis(500), Duration::from_secs(5)).within(LONGEST);

/// What a renewal takes when all is well; the most impatient caller waits that long.
const USUAL: Duration = Duration::from_secs(10);

/// What to log in with, and whether it was refused.
pub(super) struct Way {
    credential: Option<Credential>,
    refusal: Option<Refusal>,
    /// Tells credentials apart, so that a late refusal of an earlier one is not held against
    /// another.
    number: u64,
}

impl Way {
    pub(super) fn new(credential: Option<Credential>) -> Self {
        Self { credential, refusal: None, number: 0 }
    }

    pub(super) fn change(&mut self, credential: Credential) {
        *self = Self { number: self.number + 1, ..Self::new(Some(credential)) };
    }
}

/// Why there is no access token.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum NoAccess {
    #[error("the account has no tokens and no credential to log in with")]
    NoCredential,
    #[error("the account could not log in")]
    NotLoggedIn(#[source] Arc<Error>),
    #[error("the access token could not be renewed")]
    NotRenewed(#[source] Arc<Error>),
}

impl NoAccess {
    fn late() -> Self {
        let cause = "the tokens were not renewed in the time that there is for it";
        Self::NotRenewed(Arc::new(Error::local(ErrorKind::Timeout, "account", cause)))
    }
}

impl Account {
    pub(super) fn way(&self) -> MutexGuard<'_, Way> {
        self.0.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new access token: by the refresh token, and by one login where there is none or it no
    /// longer works.
    async fn renew(self, old: Option<Tokens>) -> Result<Tokens, NoAccess> {
        let now = self.clock().now();
        let client = self.0.client.until(self.clock().tick() + LONGEST);
        // Without a credential the service is asked in any case: this clock may be wrong.
        let asks = |old: &Tokens| old.can_refresh(now) || !self.has_credential();
        if let Some(old) = old.filter(asks) {
            match refresh(&client, &old).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) if is_refusal(&error) && self.has_credential() => {
                    tracing::debug!("the refresh token was refused; logging in");
                }
                Err(error) => return Err(NoAccess::NotRenewed(Arc::new(error))),
            }
        }
        self.log_in(&client).await
    }

    fn has_credential(&self) -> bool {
        self.way().credential.is_some()
    }

    async fn log_in(&self, client: &Client) -> Result<Tokens, NoAccess> {
        let (credential, number) = {
            let way = self.way();
            let now = self.clock().tick();
            if let Some(error) = way.refusal.as_ref().and_then(|refusal| refusal.holding(now)) {
                return Err(NoAccess::NotLoggedIn(error));
            }
            (way.credential.clone().ok_or(NoAccess::NoCredential)?, way.number)
        };
        let done = self.log_in_by(client, &credential).await.map_err(Arc::new);
        let mut way = self.way();
        if way.number == number {
            match &done {
                Ok(_) => way.refusal = None,
                Err(error) if is_refusal(error) => {
                    let now = self.clock().tick();
                    let refusal = Refusal::after(way.refusal.as_ref(), Arc::clone(error), now);
                    way.refusal = Some(refusal);
                }
                Err(_) => {}
            }
        }
        done.map_err(NoAccess::NotLoggedIn)
    }

    /// Logs in; tokens whose answer was lost are asked for once more, and if they were given out,
    /// the login is made anew.
    async fn log_in_by(&self, client: &Client, credential: &Credential) -> Result<Tokens, Error> {
        let mut lost_before = false;
        loop {
            let started = client.login(self.0.context.clone()).by(credential).await?;
            let authenticated = started.wait(&POLLS).await?;
            let error = match authenticated.tokens().await {
                Ok(tokens) => return Ok(tokens),
                Err(error) if error.may_have_happened() => error,
                Err(error) => return Err(error),
            };
            match authenticated.tokens().await {
                Ok(tokens) => return Ok(tokens),
                Err(again) if again.kind() == ErrorKind::LoginRefused && !lost_before => {
                    tracing::warn!("the tokens of a login were lost on the way; logging in again");
                    lost_before = true;
                }
                Err(_) => return Err(error),
            }
        }
    }
}

async fn refresh(client: &Client, old: &Tokens) -> Result<Tokens, Error> {
    let bearer = StaticBearer::new(old.refresh())
        .map_err(|error| Error::local(ErrorKind::NoLogin, auth::Refresh::INFO.name, error))?;
    let answer = client.send_as(&auth::Refresh, bearer).await?.access_token;
    Ok(old.clone().with_access(answer.token.into_secret(), answer.valid_until))
}

/// Gives calls the account's access token.
#[derive(Clone)]
pub(super) struct Access(pub(super) Account);

impl Access {
    /// The tokens and their generation, renewed first if need be, as long as the account waits for
    /// that. The renewal goes on without it.
    async fn tokens(&self) -> Result<(Tokens, u64), CredentialsError> {
        let Account(inner, patience) = &self.0;
        let account = self.0.clone();
        // It also waits for what is no call, as for others who fetch the authority's keys.
        let renew = |old| async move {
            let renewed = timeout(LONGEST, account.renew(old)).await;
            renewed.unwrap_or_else(|_| Err(NoAccess::late()))
        };
        let renewed = inner.cache.get(self.0.clock().now(), renew);
        let renewed = match patience {
            None => Some(renewed.await),
            Some(most) => timeout(USUAL.max(*most), renewed).await.ok(),
        };
        let Some(renewed) = renewed else {
            let works = inner.cache.working(self.0.clock().now()).await;
            return works.ok_or_else(|| no_token(NoAccess::late()));
        };
        renewed.map_err(|error| match error.cause::<NoAccess>() {
            Some(cause) => no_token(cause.clone()),
            None => no_token(error),
        })
    }
}

fn no_token(cause: impl std::error::Error + Send + Sync + 'static) -> CredentialsError {
    CredentialsError::new("there is no working access token").because(cause)
}

impl Authorise for Access {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(async move {
            let (tokens, generation) = self.tokens().await?;
            UsedToken::bearer(tokens.access(), generation).map(Some)
        })
    }

    fn refused<'a>(&'a self, used: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            self.0.0.cache.refuse(used.generation()).await;
            true
        })
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Access(..)")
    }
}
