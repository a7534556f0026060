//! Commands of the repository: accepted once, carried out, confirmed (CRK facts §6.3).
//!
//! A command goes through its states in one record under its id:
//! *accepted* stands there before anything is done, so that a crash finds it again;
//! *finished* carries the outcome, so that a repeated confirmation says the same;
//! *confirmed* keeps the id, so that a command which is offered once more is not done once more.

use common_core::store::{Change, Expect, Lease, Swap};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Journal, JournalError,
    records::unreadable,
    session::{Session, State},
};
use crate::ident::{CommandId, Moment};

/// Records on a page.
const PAGE: usize = 100;

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was carried out: confirmed with the code 0.
    Executed,
    /// It could not be carried out: confirmed with the code 1 and this message of up to 200
    /// characters.
    Failed(String),
}

/// A command that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandState {
    /// What the repository sent, decrypted.
    pub plaintext: String,
    /// What became of it, and when (`ExecTime`); `None` while it is to be done.
    pub finished: Option<(Outcome, Moment)>,
    /// Whether the repository has taken the confirmation.
    pub is_confirmed: bool,
}

/// Whether a command is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acceptance {
    /// It is, and stands in the journal now.
    New,
    /// It was accepted before, and this has become of it.
    Known(CommandState),
}

impl Journal {
    /// Accepts a command before it is carried out.
    ///
    /// Durable when it returns. Cut off, the repository offers the command again, and this call
    /// tells whether it was accepted.
    pub async fn accept_command(
        &self,
        id: &CommandId,
        plaintext: &str,
    ) -> Result<Acceptance, JournalError> {
        let mut state = self.session.lock().await?;
        let plaintext = plaintext.to_owned();
        let accepted = CommandState { plaintext, finished: None, is_confirmed: false };
        let value = json!(accepted).to_string().into_bytes();
        let name = self.session.names.command(id);
        match self.session.swap(&mut state, &name, Expect::Absent, value).await? {
            Swap::Done(_) => Ok(Acceptance::New),
            Swap::Conflict(Some(record)) => read(&record.value).map(Acceptance::Known),
            Swap::Conflict(None) => Err(unreadable()),
        }
    }

    /// Takes note of what became of a command; its first outcome stays.
    ///
    /// Cut off, the command stands there as accepted and is to be carried out again, which every
    /// command allows: packages of an answer that are stored already are found by
    /// [`packed_for`](Self::packed_for).
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) when the command was never accepted.
    pub async fn finish_command(
        &self,
        id: &CommandId,
        outcome: Outcome,
        at: Moment,
    ) -> Result<CommandState, JournalError> {
        let change = |command: &mut CommandState| {
            command.finished.get_or_insert((outcome, at));
        };
        let mut state = self.session.lock().await?;
        let finished = self.session.change_command(&mut state, id, change).await?;
        if state.outbox.next().is_none() {
            // The command is finished, whatever becomes of this; it is tried again another time.
            let _ = self.session.clear(&mut state).await;
        }
        Ok(finished)
    }

    /// Takes note that the repository has taken the confirmation. Cut off, it is sent once more.
    ///
    /// # Errors
    ///
    /// [`Refused`](super::JournalErrorKind::Refused) when the command is not finished.
    pub async fn confirm_command(&self, id: &CommandId) -> Result<(), JournalError> {
        let mut state = self.session.lock().await?;
        if !self.session.is_finished(id).await? {
            return Err(JournalError::refused("the command is not finished"));
        }
        let change = |command: &mut CommandState| command.is_confirmed = true;
        self.session.change_command(&mut state, id, change).await.map(drop)
    }

    /// What became of a command; `None` when it was never accepted, or was forgotten.
    pub async fn command(&self, id: &CommandId) -> Result<Option<CommandState>, JournalError> {
        drop(self.session.lock().await?);
        self.session.command(id).await
    }

    /// The commands that were accepted and not confirmed, in the order of their ids: what is to be
    /// finished after a restart.
    pub async fn open_commands(&self) -> Result<Vec<(CommandId, CommandState)>, JournalError> {
        drop(self.session.lock().await?);
        let mut open = Vec::new();
        self.session
            .each_command(|id, command| {
                if !command.is_confirmed {
                    open.push((id, command));
                }
            })
            .await?;
        Ok(open)
    }

    /// Forgets confirmed commands whose ids are older than that; answers how many.
    ///
    /// A forgotten command that the repository offered again would be done again, so this is for
    /// ids that lie far back. Cut off, some of them are forgotten.
    pub async fn forget_commands(&self, before: Moment) -> Result<u64, JournalError> {
        let mut state = self.session.lock().await?;
        let mut old = Vec::new();
        self.session
            .each_command(|id, command| {
                if command.is_confirmed && id.moment() < before {
                    old.push(id);
                }
            })
            .await?;
        let mut forgotten = 0;
        for id in old {
            let (engine, name) = (&self.session.engine, &self.session.names.command(&id));
            let remove = |lease: Lease| async move {
                engine.swap(name, Expect::Anything, Change::Remove, Some(&lease)).await
            };
            self.session.write(&mut state, remove).await?;
            forgotten += 1;
        }
        Ok(forgotten)
    }
}

impl Session {
    async fn command(&self, id: &CommandId) -> Result<Option<CommandState>, JournalError> {
        let record = self.engine.get(&self.names.command(id)).await?;
        record.map(|record| read(&record.value)).transpose()
    }

    pub(super) async fn is_finished(&self, id: &CommandId) -> Result<bool, JournalError> {
        Ok(self.command(id).await?.is_some_and(|command| command.finished.is_some()))
    }

    async fn change_command(
        &self,
        state: &mut State,
        id: &CommandId,
        change: impl FnOnce(&mut CommandState),
    ) -> Result<CommandState, JournalError> {
        let unknown = || JournalError::refused("the command was never accepted");
        let old = self.command(id).await?.ok_or_else(unknown)?;
        let mut new = old.clone();
        change(&mut new);
        if new != old {
            let value = json!(new).to_string().into_bytes();
            self.put(state, &self.names.command(id), value).await?;
        }
        Ok(new)
    }

    async fn each_command(
        &self,
        mut visit: impl FnMut(CommandId, CommandState),
    ) -> Result<(), JournalError> {
        let prefix = self.names.commands();
        let mut after: Option<String> = None;
        loop {
            let page = self.engine.list(&prefix, after.as_deref(), PAGE).await?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            let last = last.clone();
            for (name, record) in page {
                let id = name.strip_prefix(&prefix).unwrap_or_default();
                let id = CommandId::parse_lenient(id).map_err(|_| unreadable())?;
                visit(id, read(&record.value)?);
            }
            after = Some(last);
        }
    }
}

fn read(value: &[u8]) -> Result<CommandState, JournalError> {
    serde_json::from_slice(value).map_err(|_| unreadable())
}
