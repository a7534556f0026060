//! What the machine starts with and what it keeps.

use chrono::{DateTime, Utc};
use common_core::clock::Tick;
use serde::{Deserialize, Serialize};

use crate::{
    code::ReadOnlyReason,
    ident::{CommandId, JpkId, JpkRange},
    journal::Schedule,
    worker::action::Todo,
};

/// When things are due, for the next start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dues {
    pub(super) poll: DateTime<Utc>,
    pub(super) send: DateTime<Utc>,
    pub(super) reconcile: DateTime<Utc>,
}

/// What a machine starts with.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Start {
    /// The schedule in force.
    pub schedule: Option<Schedule>,
    /// What was due when the last run ended.
    pub dues: Option<Dues>,
    /// Commands that were begun, in their order.
    pub commands: Vec<(CommandId, Todo)>,
    /// How far the register is on its way to be read-only.
    pub read_only: ReadOnly,
    /// The highest number of the repository, when it was ahead of the journal.
    pub ahead: Option<JpkId>,
}

/// How far a register is on its way to be read-only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadOnly {
    /// It sells.
    #[default]
    No,
    /// It is to become read-only.
    Asked(ReadOnlyReason),
    /// It is, and the repository does not know it yet.
    Local(ReadOnlyReason),
    /// The repository knows it.
    Announced,
}

/// What was decided and comes next.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// The package that is next must be taken back.
    pub(super) withdrawal: bool,
    /// The repository may have new certificates.
    pub(super) keys: bool,
    /// The repository lacks these documents.
    pub(super) repetition: Option<JpkRange>,
}

/// What is known of the repository's view of the register.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// In this run the repository has not been asked yet. Until then that is waited for.
    pub(super) unknown_until: Option<Tick>,
    /// It has documents up to this number, and the journal has not.
    pub(super) ahead: Option<JpkId>,
    /// What had been sent when it was found behind.
    pub(super) behind: Option<JpkId>,
    /// What was sent again.
    pub(super) repeated: Option<Repeated>,
}

/// Documents that were sent again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeated {
    pub(super) range: JpkRange,
    /// What the repository had then.
    pub(super) had: Option<JpkId>,
    /// How often, without its having got any farther.
    pub(super) times: u32,
}

/// What is due, by the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    pub(super) poll: Tick,
    pub(super) send: Tick,
    pub(super) reconcile: Tick,
    pub(super) certificates: Tick,
    pub(super) lease: Tick,
    /// Not before then are keys fetched because a server cannot be reached.
    pub(super) keys: Tick,
}

/// What is known of the token besides its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// Nothing against it.
    Good,
    /// It is new: it is used whatever our clock says about its end.
    Untried,
    /// The Event Hub refused it.
    Refused,
}
