//! What no schedule rules: the repository's view, certificates, and the end of fiscal life.

use chrono::TimeDelta;
use common_core::open::Open;
use serde::{Deserialize, Serialize};

use super::{Operations, Trouble};
use crate::{
    code::ReadOnlyReason,
    ident::{CommandKind, JpkId},
    worker::{action::Answer, event::Event, machine::ReadOnly, options::Ahead},
};

/// The record of a register that is becoming read-only.
const READ_ONLY: &str = "read-only";

/// The record of how far the repository is ahead of the journal: the next run must know.
const AHEAD: &str = "ahead";

#[derive(Serialize, Deserialize)]
struct ReadOnlyRecord {
    reason: Open<ReadOnlyReason>,
    is_local: bool,
}

impl Operations {
    /// CMD12: what the repository has got, and where its WebApi is.
    pub(crate) async fn reconcile(&self) -> Result<Answer, Trouble> {
        let id = self.next_id(CommandKind::RepositoryState).await?;
        let state = self.client.fetch_state(id).await?;
        if let Some(address) = state.web_api {
            self.client.use_web_api(&address)?;
            self.journal.update_registration(|of| of.web_api = Some(address)).await?;
        }
        let repository = state.last_document;
        let sent = self.journal.progress().await?.sent;
        let next = self.journal.next_number().await?;
        let journalled = next.map_or(Some(JpkId::MAX), |next| JpkId::new(next.get() - 1).ok());
        let ahead = repository.filter(|_| repository > journalled);
        if let (Some(repository), Ahead::Tell) = (ahead, self.options.ahead) {
            self.tell(Event::Ahead { repository, journalled });
            return Ok(Answer::State { repository: journalled, sent, journalled });
        }
        if ahead != self.known_ahead().await? {
            self.journal.keep(AHEAD, &ahead).await?;
        }
        Ok(Answer::State { repository, sent, journalled })
    }

    /// The repository's highest number, when it was ahead of the journal the last time.
    pub(super) async fn known_ahead(&self) -> Result<Option<JpkId>, Trouble> {
        if self.options.ahead == Ahead::Tell {
            return Ok(None);
        }
        Ok(self.journal.kept::<Option<JpkId>>(AHEAD).await?.flatten())
    }

    pub(super) fn check_certificates(&self) -> Answer {
        let warn = TimeDelta::from_std(self.options.timing.warn_before).unwrap_or(TimeDelta::MAX);
        let now = self.now();
        for (name, at) in self.client.expiries() {
            if at - now < warn {
                self.tell(Event::CertificateEnds { name, at });
            }
        }
        Answer::Done
    }

    /// How far an earlier run came.
    pub(super) async fn begun_read_only(&self) -> Result<ReadOnly, Trouble> {
        let record: Option<ReadOnlyRecord> = self.journal.kept(READ_ONLY).await?;
        let reason = record.and_then(|record| Some((record.reason.known()?, record.is_local)));
        Ok(match reason {
            None => ReadOnly::No,
            Some((reason, false)) => ReadOnly::Asked(reason),
            Some((reason, true)) => ReadOnly::Local(reason),
        })
    }

    /// The intention is journalled, the register becomes read-only, and that is journalled.
    pub(super) async fn become_read_only(&self, reason: ReadOnlyReason) -> Result<Answer, Trouble> {
        self.intend_read_only(reason).await?;
        self.device.become_read_only(reason).await?;
        let record = ReadOnlyRecord { reason: Open::Known(reason), is_local: true };
        self.journal.keep(READ_ONLY, &record).await?;
        Ok(Answer::ReadOnly)
    }

    /// Journals that the register is to become read-only, for whoever goes on with it.
    pub(crate) async fn intend_read_only(&self, reason: ReadOnlyReason) -> Result<(), Trouble> {
        let record = ReadOnlyRecord { reason: Open::Known(reason), is_local: false };
        Ok(self.journal.keep(READ_ONLY, &record).await?)
    }

    /// CMD15 with the last number of protected memory. May be sent again and again.
    pub(super) async fn announce_read_only(
        &self,
        reason: ReadOnlyReason,
    ) -> Result<Answer, Trouble> {
        let last = self.journal.progress().await?.journalled;
        let last = last.ok_or(Trouble::Other("a register without a document has no end"))?;
        let id = self.next_id(CommandKind::EndOfLife).await?;
        self.client.enter_read_only(id, reason, last).await?;
        let now = self.now().into();
        self.journal.update_registration(|of| of.read_only_since = Some(now)).await?;
        Ok(Answer::Announced)
    }
}
