//! Journalled packages to the Event Hub, and the tokens for it.

use chrono::{DateTime, TimeDelta, Utc};

use super::{Held, Operations, Trouble};
use crate::{
    ErrorKind,
    command::web_api::SasToken,
    ident::JpkRange,
    journal::{JournalErrorKind, Purpose, StoredToken},
    worker::{action::Answer, event::Event},
};

impl Operations {
    /// Takes the token of an earlier run, if there is one that can be opened. One that no seal
    /// opens, or that cannot be read, is as good as none: there are new ones.
    pub(super) async fn take_stored_token(&mut self) -> Result<(), Trouble> {
        let stored = match self.journal.token().await {
            Err(error) if error.kind() == JournalErrorKind::Corrupt => {
                self.tell(Event::Stumbled(error.into()));
                None
            }
            stored => stored?,
        };
        self.token = stored.map(|StoredToken { token, expires_at }| self.held(token, expires_at));
        Ok(())
    }

    /// A new token: journalled, sealed, before it is used.
    pub(crate) async fn fetch_token(&mut self) -> Result<Answer, Trouble> {
        let token = self.client.fetch_token().await?;
        let expires_at = token.expires_at(self.now());
        let stored = StoredToken { token: token.clone(), expires_at };
        self.journal.set_token(&stored).await?;
        self.token = Some(self.held(token, expires_at));
        self.tell(Event::Token(expires_at));
        Ok(Answer::Token)
    }

    /// Sends the package that is next: the bytes that were stored, with the token of now. The
    /// cursor moves after 201 only.
    pub(crate) async fn send(&mut self) -> Result<Answer, Trouble> {
        let Some(stored) = self.journal.next_package().await? else { return Ok(Answer::Done) };
        let Some(held) = &self.token else { return Ok(Answer::TokenRefused) };
        let body = stored.package().body().clone();
        let error = match self.client.publish(&held.token, body).await {
            Ok(()) => {
                self.journal.sent(stored.position()).await?;
                let (range, purpose) = (stored.package().range(), stored.purpose().clone());
                self.tell(Event::Sent { range, purpose });
                return Ok(Answer::Sent);
            }
            Err(error) => error,
        };
        let answer = match error.kind() {
            // 404 or an address that is not allowed: another token may name a better one.
            ErrorKind::Unauthenticated | ErrorKind::NotFound | ErrorKind::Input => {
                Answer::TokenRefused
            }
            kind @ (ErrorKind::TooLarge | ErrorKind::Invalid) => Answer::Rejected(kind),
            _ => return Err(error.into()),
        };
        self.tell(Event::Failed(error));
        Ok(answer)
    }

    /// Takes back the package that is next, with what belongs to it. That an answer has to be
    /// packed again is journalled before, since the command is finished already.
    pub(super) async fn withdraw(&self) -> Result<Answer, Trouble> {
        let Some(stored) = self.journal.next_package().await? else { return Ok(Answer::Done) };
        let purpose = stored.purpose().clone();
        if let Purpose::Request(id) = &purpose {
            self.will_answer_again(id).await?;
        }
        self.journal.withdraw(stored.position()).await?;
        Ok(Answer::Withdrawn { purpose, first: stored.package().range().map(JpkRange::first) })
    }

    /// A token is given up a while before its end: never more than a quarter of its life.
    fn held(&self, token: SasToken, expires_at: DateTime<Utc>) -> Held {
        let margin = self.options.timing.token_margin.min(token.valid_for() / 4);
        let until = expires_at - TimeDelta::from_std(margin).unwrap_or(TimeDelta::zero());
        Held { token, until }
    }
}
