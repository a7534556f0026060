//! A login that was begun, and one that has succeeded.

use std::fmt;

use chrono::{DateTime, Utc};
use common_core::{poll::PollSchedule, secret::SecretString};
use common_http::{Endpoint, Polled, StaticBearer, poll_until};
use ksef_crypto::number::{ContextIdentifier, ReferenceNumber};

use super::{Tokens, account};
use crate::v2::{
    Account, Client, Unfinished, auth,
    error::{Error, ErrorKind},
    status::Status,
};

/// A login that the service is checking.
#[must_use = "a login that was begun has to be waited for"]
pub struct Started {
    client: Client,
    context: ContextIdentifier,
    reference: ReferenceNumber,
    token: SecretString,
    valid_until: Option<DateTime<Utc>>,
}

/// How far a login has come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// The service is at it.
    Pending(Status),
    /// It has succeeded: redeem it.
    Authenticated,
    /// It has succeeded and its tokens were given out before.
    Redeemed,
}

impl Client {
    /// Takes up a login that was begun in another process: its context, its number, and its token
    /// (not a KSeF token), as [`Started::token`] gave it.
    pub fn resume_login(
        &self,
        context: ContextIdentifier,
        reference: ReferenceNumber,
        token: SecretString,
    ) -> Started {
        Started::new(self.clone(), context, reference, (token, None))
    }
}

impl Started {
    pub(super) fn new(
        client: Client,
        context: ContextIdentifier,
        reference: ReferenceNumber,
        (token, valid_until): (SecretString, Option<DateTime<Utc>>),
    ) -> Self {
        Self { client, context, reference, token, valid_until }
    }

    /// The login's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// The login's own token, for another process; it opens nothing but this login.
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// Until when that token works, if the service said.
    pub fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.valid_until
    }

    /// Asks once how far the login has come; a login that failed is an error of kind
    /// [`Failed`](ErrorKind::Failed), whose [`status`](Error::status) says why:
    ///
    /// | code | why |
    /// |---|---|
    /// | 415 | no permission in the context |
    /// | 425 | revoked |
    /// | 450 | the KSeF token is wrong |
    /// | 460 | the certificate is wrong |
    /// | 470 | the credentials are a deceased person's |
    /// | 480 | blocked, on suspicion of an incident |
    /// | 500 | unknown error |
    /// | 550 | broken off by the service: log in again |
    pub async fn poll_once(&self) -> Result<Progress, Error> {
        let answer = self.send(&auth::Status(self.reference.clone())).await?;
        let status = Status::from(answer.status);
        Ok(match status.clone().check(auth::Status::INFO.name)? {
            true if answer.is_token_redeemed == Some(true) => Progress::Redeemed,
            true => Progress::Authenticated,
            false => Progress::Pending(status),
        })
    }

    /// Waits until the login has succeeded.
    ///
    /// When the time of the schedule is up first, the handle comes back with
    /// [`ErrorKind::NotFinished`].
    pub async fn wait(self, schedule: &PollSchedule) -> Result<Authenticated, Unfinished<Self>> {
        let poll = || async {
            Ok::<_, Error>(match self.poll_once().await? {
                Progress::Authenticated | Progress::Redeemed => Polled::Ended(()),
                Progress::Pending(_) => Polled::Pending(None),
            })
        };
        match poll_until(self.client.clock(), schedule, poll).await {
            Ok(Some(())) => Ok(Authenticated(self)),
            Ok(None) => {
                let cause = "the service is still checking the login";
                let error = Error::local(ErrorKind::NotFinished, auth::Status::INFO.name, cause);
                Err(Unfinished::new(self, error))
            }
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }

    /// Waits until the login has succeeded and takes its tokens.
    pub async fn finish(self, schedule: &PollSchedule) -> Result<Account, Error> {
        Ok(self.wait(schedule).await?.redeem().await?)
    }

    async fn send<E: Endpoint<Api = crate::v2::KsefV2>>(
        &self,
        endpoint: &E,
    ) -> Result<E::Response, Error> {
        let bearer = StaticBearer::new(&self.token)
            .map_err(|error| Error::local(ErrorKind::NoLogin, E::INFO.name, error))?;
        self.client.send_as(endpoint, bearer).await
    }
}

impl fmt::Debug for Started {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Started")
            .field("context", &self.context)
            .field("reference", &self.reference)
            .finish_non_exhaustive()
    }
}

/// A login that has succeeded and whose tokens are there to be taken.
#[derive(Debug)]
#[must_use = "a login is of use when its tokens are taken"]
pub struct Authenticated(Started);

impl Authenticated {
    /// The login's number.
    pub fn reference(&self) -> &ReferenceNumber {
        self.0.reference()
    }

    /// Takes the tokens, which the service gives **once**.
    ///
    /// After an error that [may have happened](Error::may_have_happened) the tokens may be lost:
    /// see [the module](crate::v2::login). The handle comes back, and another try is refused with
    /// [`ErrorKind::LoginRefused`] (21301) if the first one arrived.
    pub async fn redeem(self) -> Result<Account, Unfinished<Self>> {
        let tokens = match self.tokens().await {
            Ok(tokens) => tokens,
            Err(error) => return Err(Unfinished::new(self, error)),
        };
        let Started { client, context, .. } = &self.0;
        match account(client, context.clone(), tokens).await {
            Ok(account) => Ok(account),
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }

    /// As [`redeem`](Self::redeem), and gives the tokens themselves.
    pub(crate) async fn tokens(&self) -> Result<Tokens, Error> {
        let answer = self.0.send(&auth::Redeem).await?;
        let pair =
            |token: crate::v2::wire::TokenInfo| (token.token.into_secret(), token.valid_until);
        let (access, refresh) = (pair(answer.access_token), pair(answer.refresh_token));
        Ok(Tokens::new(access, refresh, Some(self.0.reference.clone())))
    }
}
