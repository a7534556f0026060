//! How an account comes by a working access token.

use std::{
    fmt,
    sync::{Arc, MutexGuard, PoisonError},
    time::Duration,
};

use common_core::{poll::PollSchedule, store::BoxFuture};
use common_http::{Authorise, CredentialsError, StaticBearer, UsedToken};

use super::{
    Account,
    refusal::{Refusal, is_refusal},
};
use crate::v2::{
    auth,
    error::{Error, ErrorKind},
    login::{Credential, Tokens},
};

/// A login that is made on the way to a call is waited for this long.
const PATIENCE: PollSchedule =
    PollSchedule::new(Duration::from_millis(500), Duration::from_secs(5))
        .within(Duration::from_secs(120));

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

impl Account {
    pub(super) fn way(&self) -> MutexGuard<'_, Way> {
        self.0.way.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new access token: by the refresh token, and by one login where there is none or it no
    /// longer works.
    async fn renew(self, old: Option<Tokens>) -> Result<Tokens, NoAccess> {
        let now = self.clock().now();
        // Without a credential the service is asked in any case: this clock may be wrong.
        let asks = |old: &Tokens| old.can_refresh(now) || !self.has_credential();
        if let Some(old) = old.filter(asks) {
            match self.refresh(&old).await {
                Ok(tokens) => return Ok(tokens),
                Err(error) if is_refusal(&error) && self.has_credential() => {
                    tracing::debug!("the refresh token was refused; logging in");
                }
                Err(error) => return Err(NoAccess::NotRenewed(Arc::new(error))),
            }
        }
        self.log_in().await
    }

    async fn refresh(&self, old: &Tokens) -> Result<Tokens, Error> {
        let bearer = StaticBearer::new(old.refresh())
            .map_err(|error| Error::local(ErrorKind::NoLogin, "auth.refresh", error))?;
        let answer = self.0.client.send_as(&auth::Refresh, bearer).await?.access_token;
        Ok(old.clone().with_access(answer.token.into_secret(), answer.valid_until))
    }

    fn has_credential(&self) -> bool {
        self.way().credential.is_some()
    }

    async fn log_in(&self) -> Result<Tokens, NoAccess> {
        let (credential, number) = {
            let way = self.way();
            let now = self.clock().tick();
            if let Some(error) = way.refusal.as_ref().and_then(|refusal| refusal.holding(now)) {
                return Err(NoAccess::NotLoggedIn(error));
            }
            (way.credential.clone().ok_or(NoAccess::NoCredential)?, way.number)
        };
        let done = self.log_in_by(&credential).await.map_err(Arc::new);
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
    async fn log_in_by(&self, credential: &Credential) -> Result<Tokens, Error> {
        let mut lost_before = false;
        loop {
            let started = self.0.client.login(self.0.context.clone()).by(credential).await?;
            let authenticated = started.wait(&PATIENCE).await?;
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

/// Gives calls the account's access token.
#[derive(Clone)]
pub(super) struct Access(pub(super) Account);

impl Authorise for Access {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(async move {
            let account = self.0.clone();
            let now = account.clock().now();
            let renewing = account.clone();
            let renew = move |old| renewing.renew(old);
            let (tokens, generation) = account.0.cache.get(now, renew).await.map_err(|error| {
                let message = "there is no working access token";
                match error.cause::<NoAccess>() {
                    Some(cause) => CredentialsError::new(message).because(cause.clone()),
                    None => CredentialsError::new(message).because(error),
                }
            })?;
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
