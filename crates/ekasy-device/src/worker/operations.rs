//! The actions: each journals what it is about to do, does it, and journals what came of it.
//!
//! What if the process dies in the midst of one? Each can be begun anew from what the journal holds
//! then; the table tells what the repository may see twice.
//!
//! | action | cut off | seen twice |
//! |---|---|---|
//! | poll | the command is offered again, and found in the journal or not | nothing |
//! | execute | the command stands there as accepted, and is carried out again | calls of CMD07, CMD08, CMD10, which allow it |
//! | confirm | it is confirmed again, with the outcome that stands in the journal | the confirmation |
//! | pack | what is stored stays, what is not is packed then | nothing |
//! | repeat | what is stored goes out, and is asked for once more if CMD12 says so | documents |
//! | send | the package goes out again, with the same bytes | the package |
//! | read-only | the register is asked again, the repository is told again | CMD15, which allows it |

mod commands;
mod packing;
mod sending;
mod upkeep;

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{
    action::{Action, Answer, Facts, Failed},
    event::Event,
    machine::{ReadOnly, Start},
    options::Options,
};
use crate::{
    Client, Error,
    client::{SetupError, channel_of},
    command::web_api::SasToken,
    device::{Device, DeviceError, DocumentSource, SourceError},
    ident::{CommandId, CommandKind, JpkRange},
    journal::{Journal, JournalError},
    packing::{FrameError, PackError},
};

/// Where events go.
pub(crate) type Sink = Arc<dyn Fn(Event) + Send + Sync>;

/// Everything that actions are done with.
pub(crate) struct Operations {
    pub(crate) client: Client,
    pub(crate) journal: Journal,
    pub(crate) device: Arc<dyn Device>,
    pub(crate) source: Arc<dyn DocumentSource>,
    pub(crate) options: Options,
    pub(crate) sink: Sink,
    token: Option<Held>,
}

/// The token in use, and until when.
struct Held {
    token: SasToken,
    until: DateTime<Utc>,
}

/// Why an action did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("{0}")]
    Call(#[source] Error),
    #[error("the journal failed")]
    Journal(#[source] JournalError),
    #[error("the register failed")]
    Device(#[source] DeviceError),
    #[error("documents could not be packed")]
    Pack(#[source] PackError),
    #[error("documents {0} are not kept here")]
    Gone(JpkRange),
    #[error("documents could not be read")]
    Source(#[source] SourceError),
    #[error("the frame of a shipment could not be made")]
    Frame(#[source] FrameError),
    #[error("the repository's certificates cannot be used")]
    Setup(#[source] SetupError),
    #[error("{0}")]
    Other(&'static str),
}

impl Operations {
    pub(crate) fn new(
        client: Client,
        journal: Journal,
        device: Arc<dyn Device>,
        source: Arc<dyn DocumentSource>,
        options: Options,
        sink: Sink,
    ) -> Self {
        Self { client, journal, device, source, options, sink, token: None }
    }

    /// Takes what the journal holds: pins, address, token, and what was begun.
    pub(crate) async fn prepare(&mut self) -> Result<Start, Trouble> {
        if let Some(pins) = self.journal.pins().await? {
            self.client.use_pins(&pins)?;
        }
        let registration = self.journal.registration().await?;
        if let Some(address) = &registration.web_api {
            self.client.use_web_api(address)?;
        }
        self.take_stored_token().await?;
        let read_only = match registration.read_only_since {
            Some(_) => ReadOnly::Announced,
            None => self.begun_read_only().await?,
        };
        Ok(Start {
            schedule: registration.schedule,
            dues: self.journal.kept(DUES).await?,
            commands: self.begun_commands().await?,
            read_only,
            ahead: self.known_ahead().await?,
        })
    }

    /// What the journal holds at this moment.
    pub(crate) async fn facts(&self) -> Result<Facts, Trouble> {
        let progress = self.journal.progress().await?;
        Ok(Facts {
            has_unpacked: progress.unpacked().is_some(),
            has_report: progress.flush.is_some(),
            waiting: self.journal.waiting().await?,
            token_until: self.token.as_ref().map(|held| held.until),
        })
    }

    /// Does what the machine asks for; `smaller` tells how often documents were packed smaller.
    pub(crate) async fn act(&mut self, action: &Action, smaller: u32) -> Result<Answer, Trouble> {
        match self.try_to(action, smaller).await {
            Err(Trouble::Gone(range)) => Ok(Answer::Gone(range)),
            Err(Trouble::Pack(PackError::LimitTooSmall { id, limit })) => {
                Ok(Answer::NoRoom { id, limit })
            }
            answer => answer,
        }
    }

    async fn try_to(&mut self, action: &Action, smaller: u32) -> Result<Answer, Trouble> {
        match action {
            Action::Wait(_) | Action::Stop => Ok(Answer::Done),
            Action::RenewLease => Ok(self.journal.renew().await.map(|()| Answer::Done)?),
            Action::Poll => self.poll().await,
            Action::Execute(id) => self.execute(id).await,
            Action::Reject(id) => self.reject(id).await,
            Action::Confirm(id) => self.confirm(id).await,
            Action::AnswerAgain(id) => self.answer_again(id, smaller).await,
            Action::FetchToken => self.fetch_token().await,
            Action::Pack => self.pack_due(smaller).await.map(|()| Answer::Done),
            Action::Send => self.send().await,
            Action::Withdraw => self.withdraw().await,
            Action::FetchKeys => self.fetch_keys().await.map(|()| Answer::Done),
            Action::Reconcile => self.reconcile().await,
            Action::Repeat(range) => self.repeat(*range, smaller).await.map(|()| Answer::Done),
            Action::CheckCertificates => Ok(self.check_certificates()),
            Action::BecomeReadOnly(reason) => self.become_read_only(*reason).await,
            Action::AnnounceReadOnly(reason) => self.announce_read_only(*reason).await,
        }
    }

    pub(crate) fn tell(&self, event: Event) {
        (self.sink)(event);
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.client.clock().now()
    }

    /// A fresh identifier, journalled.
    pub(crate) async fn next_id(&self, kind: CommandKind) -> Result<CommandId, Trouble> {
        Ok(self.journal.next_command_id(kind, self.now()).await?)
    }
}

/// The record of what is due.
pub(crate) const DUES: &str = "due";

/// A failed call as the machine takes it.
pub(crate) fn failed(error: &Error) -> Failed {
    Failed { channel: channel_of(error), kind: error.kind(), retry_after: error.retry_after() }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<JournalError> for Trouble {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<DeviceError> for Trouble {
    fn from(error: DeviceError) -> Self {
        Self::Device(error)
    }
}

impl From<PackError> for Trouble {
    fn from(error: PackError) -> Self {
        Self::Pack(error)
    }
}

impl From<SourceError> for Trouble {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Gone(range) => Self::Gone(range),
            other @ SourceError::Unavailable(_) => Self::Source(other),
        }
    }
}

impl From<SetupError> for Trouble {
    fn from(error: SetupError) -> Self {
        Self::Setup(error)
    }
}
