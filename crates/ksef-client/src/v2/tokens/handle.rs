//! A token, from its making to its end.

use std::fmt;

use common_core::{open::Open, poll::PollSchedule, secret::SecretString};
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::number::ReferenceNumber;

use super::{Generate, Revoke, Status};
use crate::v2::{
    Account,
    error::{Error, ErrorKind},
    wire::{self, AuthenticationTokenStatus as State},
};

/// A token that was just made: the secret, given this once, and the handle of the token.
#[must_use = "the secret is not given again"]
pub struct NewToken {
    /// What logs in, as soon as the token is active.
    pub secret: SecretString,
    /// The token itself.
    pub token: Token,
}

/// A token by its number, which is no secret.
#[derive(Clone, Debug)]
pub struct Token {
    account: Account,
    reference: ReferenceNumber,
}

impl Account {
    /// Makes a token, which can be used once [`Token::wait_until_active`] has returned.
    ///
    /// When the answer is lost, a token may have been made that nobody has: list the tokens and
    /// revoke it.
    pub async fn generate_token(&self, request: &Generate) -> Result<NewToken, Error> {
        let answer = self.send(request).await?;
        let reference = answer.reference_number.parse().map_err(|_| {
            Error::unreadable(&Generate::INFO, "the answer names no token to ask for")
        })?;
        Ok(NewToken { secret: answer.token.into_secret(), token: self.token(reference) })
    }

    /// The token of that number, which this account or another of the context has made.
    pub fn token(&self, reference: ReferenceNumber) -> Token {
        Token { account: self.clone(), reference }
    }
}

impl Token {
    /// The number of the token.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// Asks once for the state of the token.
    pub async fn poll_once(&self) -> Result<wire::TokenStatusResponse, Error> {
        self.account.send(&Status(self.reference.clone())).await
    }

    /// Waits until the token can be used.
    ///
    /// Fails with [`ErrorKind::Failed`] when it failed or is revoked, and with
    /// [`ErrorKind::NotFinished`] when the time of the schedule is up first.
    pub async fn wait_until_active(&self, schedule: &PollSchedule) -> Result<(), Error> {
        self.wait(schedule, |state| match state {
            State::Active => Verdict::Done,
            State::Pending => Verdict::Wait,
            State::Revoking | State::Revoked => Verdict::Failed("the token is revoked"),
            State::Failed => Verdict::Failed("the token could not be made"),
        })
        .await
    }

    /// Revokes the token; it may be [`Revoking`](State::Revoking) for a while.
    pub async fn revoke(&self) -> Result<(), Error> {
        self.account.send(&Revoke(self.reference.clone())).await
    }

    /// Waits until a token that was revoked can no longer be used.
    ///
    /// Fails with [`ErrorKind::NotFinished`] when the time of the schedule is up first.
    pub async fn wait_until_revoked(&self, schedule: &PollSchedule) -> Result<(), Error> {
        self.wait(schedule, |state| match state {
            State::Revoked | State::Failed => Verdict::Done,
            State::Pending | State::Active | State::Revoking => Verdict::Wait,
        })
        .await
    }

    async fn wait(
        &self,
        schedule: &PollSchedule,
        judge: impl Fn(State) -> Verdict,
    ) -> Result<(), Error> {
        let fail = |kind, cause: &str| Error::local(kind, Status::INFO.name, cause);
        let judge = &judge;
        let poll = || async move {
            // A state that is not known yet says nothing, so it is waited for.
            let verdict = match self.poll_once().await?.status {
                Open::Known(state) => judge(state),
                Open::Unknown(_) => Verdict::Wait,
            };
            match verdict {
                Verdict::Done => Ok(Polled::Ended(())),
                Verdict::Wait => Ok(Polled::Pending(None)),
                Verdict::Failed(cause) => Err(fail(ErrorKind::Failed, cause)),
            }
        };
        poll_until(self.account.clock(), schedule, poll).await?.ok_or_else(|| {
            fail(ErrorKind::NotFinished, "the token has not reached the state that was waited for")
        })
    }
}

/// What a state means to who waits.
enum Verdict {
    Done,
    Wait,
    Failed(&'static str),
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").field("token", &self.token).finish_non_exhaustive()
    }
}
