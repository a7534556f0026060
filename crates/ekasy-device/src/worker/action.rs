//! What goes into the machine of the worker and what comes out of it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common_core::clock::{Clock, Tick};

use crate::{
    ErrorKind,
    channel::Channel,
    code::ReadOnlyReason,
    ident::{CommandId, CommandKind, JpkId, JpkRange},
    journal::{Purpose, Schedule},
};

/// Both readings of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The monotonic one, by which waiting is measured.
    pub tick: Tick,
    /// The wall clock, by which tokens end.
    pub wall: DateTime<Utc>,
}

impl Now {
    /// The readings of a clock.
    pub fn of(clock: &dyn Clock) -> Self {
        Self { tick: clock.tick(), wall: clock.now() }
    }
}

/// What the journal holds at this moment, as far as the machine must know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether there are documents that are in no package yet.
    pub has_unpacked: bool,
    /// Whether a daily report is among them.
    pub has_report: bool,
    /// How many packages wait for the Event Hub.
    pub waiting: usize,
    /// Until when the token should be used; `None` without one.
    pub token_until: Option<DateTime<Utc>>,
}

/// What is to be done next. Each one is done to its end before the next is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// Nothing, for so long at most or until something is noticed.
    Wait(Duration),
    /// End.
    Stop,
    /// Make the journal's lease last.
    RenewLease,
    /// Ask the WebApi for a command.
    Poll,
    /// Carry out an accepted command.
    Execute(CommandId),
    /// Give up a command that nobody can open, and journal that.
    Reject(CommandId),
    /// Send the confirmation of a finished command.
    Confirm(CommandId),
    /// Pack an answer once more, smaller, since the Event Hub refused it.
    AnswerAgain(CommandId),
    /// Fetch a token.
    FetchToken,
    /// Pack everything that is in no package yet.
    Pack,
    /// Send the package that is next.
    Send,
    /// Take back the package that is next, with what belongs to it.
    Withdraw,
    /// Fetch the repository's certificates (CMD07): a command could not be opened, or a server
    /// cannot be reached and may have another certificate.
    FetchKeys,
    /// Ask what the repository has got (CMD12).
    Reconcile,
    /// Pack documents once more that the repository lacks.
    Repeat(JpkRange),
    /// Look at the dates of all certificates.
    CheckCertificates,
    /// Have the register become read-only.
    BecomeReadOnly(ReadOnlyReason),
    /// Tell the repository that it has (CMD15).
    AnnounceReadOnly(ReadOnlyReason),
}

impl Action {
    /// The channel that it needs. The keys have a wire and a wait of their own, since they are what
    /// helps when the CPD server cannot be reached by its pin.
    pub(super) fn channel(&self) -> Option<Channel> {
        Some(match self {
            Self::Poll | Self::Confirm(_) | Self::FetchToken => Channel::WebApi,
            Self::Reconcile | Self::AnnounceReadOnly(_) => Channel::Cpd,
            Self::Execute(id) if id.kind() == CommandKind::CallCpdServer => Channel::Cpd,
            Self::Send => Channel::EventHub,
            _ => return None,
        })
    }
}

/// What became of an action.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It was done, and nothing follows from it.
    Done,
    /// The WebApi has no command.
    NoCommand,
    /// The WebApi gave a command, which stands in the journal.
    Command(CommandId, Todo),
    /// The WebApi gave a command that cannot be opened.
    Unopened(CommandId),
    /// The WebApi gave a command for another register.
    Stranger,
    /// A command was carried out or failed for good; another schedule may be in force.
    Executed(CommandId, Option<Schedule>),
    /// A command was carried out by a call that the CPD server answered with success.
    Called(CommandId),
    /// The repository took the confirmation.
    Confirmed(CommandId),
    /// There is a new token.
    Token,
    /// The Event Hub took the package.
    Sent,
    /// The Event Hub refused the token, or does not know the address.
    TokenRefused,
    /// The Event Hub will not take these bytes.
    Rejected(ErrorKind),
    /// The package was taken back, with what was packed behind it for the same purpose.
    Withdrawn {
        /// What it was for.
        purpose: Purpose,
        /// Its first document; `None` for an empty package.
        first: Option<JpkId>,
    },
    /// These documents were to be packed, and nobody keeps them any more.
    Gone(JpkRange),
    /// There is no room for even a part of a document, so nothing more was packed.
    NoRoom {
        /// The document; `None` when there is no room for an empty package.
        id: Option<JpkId>,
        /// How large a request may be, in bytes.
        limit: usize,
    },
    /// What the repository has processed, and what was sent and journalled.
    State {
        /// The highest number that the repository processed.
        repository: Option<JpkId>,
        /// The highest number up to which everything was sent.
        sent: Option<JpkId>,
        /// The number before the one that the next document gets.
        journalled: Option<JpkId>,
    },
    /// The register is read-only by itself.
    ReadOnly,
    /// The repository knows that the register is read-only.
    Announced,
    /// The call failed. Whatever it was may be done again later.
    Failed(Failed),
    /// The register or its journal failed; the same is done again later.
    Stumbled,
}

/// What is left to do with a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Todo {
    /// Carry it out.
    Execute,
    /// Give it up, since nobody can open it.
    Reject,
    /// Confirm what became of it.
    Confirm,
    /// Pack its answer once more.
    AnswerAgain,
}

/// How a call failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Where.
    pub channel: Channel,
    /// Why.
    pub kind: ErrorKind,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
}
