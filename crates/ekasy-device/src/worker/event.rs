//! What the host of a worker may want to know.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::Action;
use crate::{
    Error, ErrorKind,
    channel::Channel,
    command::Received,
    ident::{CommandId, JpkId, JpkRange},
    journal::{Outcome, Purpose, Schedule},
};

/// Something that happened. Most are for the log; those of [`is_alarm`](Self::is_alarm) are for
/// people.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A command was accepted: it stands in the journal.
    Accepted(CommandId, Received),
    /// A command is finished.
    Finished(CommandId, Outcome),
    /// A command was offered that is not for this register; nothing was done.
    Stranger,
    /// A command cannot be opened or read; why is told. It will be confirmed as failed.
    Unopened(CommandId, Box<dyn std::error::Error + Send + Sync>),
    /// Another schedule is in force.
    Schedule(Schedule),
    /// A schedule had an undefined part (−2), for which the one before stays in force.
    ScheduleIncomplete,
    /// There is no schedule, or none that says when documents are sent (−2, and none before it):
    /// they are kept until one comes, daily reports too. Told at the beginning of each run, and
    /// after each schedule that does not change it.
    NoSchedule,
    /// Documents were packed.
    Packed {
        /// How many packages.
        packages: usize,
        /// Why.
        purpose: Purpose,
    },
    /// The Event Hub took a package.
    Sent {
        /// Its documents; `None` for an empty package.
        range: Option<JpkRange>,
        /// Why it was sent.
        purpose: Purpose,
    },
    /// The Event Hub refuses a package; it is packed again, smaller.
    Rejected {
        /// Why.
        kind: ErrorKind,
        /// How often its documents were packed smaller before.
        times: u32,
    },
    /// The Event Hub refuses a package however small it is. It stays the next one, since numbers
    /// must not be skipped, and is tried once an hour: somebody has to look.
    Stuck(ErrorKind),
    /// There is a new token, until that moment.
    Token(DateTime<Utc>),
    /// The repository's certificates changed.
    Pins,
    /// There is no room for even a part of a document in a request of the size that is allowed
    /// ([`Options::limits`](super::Options::limits)). Nothing behind it goes out, since numbers
    /// must not be skipped; it is tried once an hour: somebody has to look.
    NoRoom {
        /// The document; `None` for an empty package.
        id: Option<JpkId>,
        /// How large a request may be, in bytes.
        limit: usize,
    },
    /// The repository has processed less than it was sent, for a while already: that range is sent
    /// again, and the rest when it has arrived.
    Behind(JpkRange),
    /// Documents were sent again three times, and the repository says that it lacks them all the
    /// same. They are not sent again before it says something else.
    Unheard(JpkRange),
    /// The repository lacks these documents, or asked for them, and nobody keeps them any more.
    Missing(JpkRange),
    /// The repository has a document with a number that the journal has not given yet: **the
    /// journal is not this register's, or has lost documents**. Nothing is sent before the right
    /// journal is in its place, unless [`Ahead::Tell`](super::Ahead::Tell) says otherwise.
    Ahead {
        /// The repository's highest number.
        repository: JpkId,
        /// The journal's.
        journalled: Option<JpkId>,
    },
    /// A certificate ends soon, or has ended.
    CertificateEnds {
        /// Whose.
        name: &'static str,
        /// When.
        at: DateTime<Utc>,
    },
    /// The register is read-only, and the repository knows it.
    ReadOnly,
    /// The wall clock was moved by so much.
    ClockMoved(TimeDelta),
    /// A call failed, and is made again later.
    Failed(Error),
    /// A call has been failing for an hour or longer. Told again once a day, until it succeeds.
    StillFailing {
        /// What is tried.
        action: Action,
        /// For how long it has failed.
        time: Duration,
    },
    /// The channel works again after so many failures.
    Recovered(Channel, u32),
    /// The journal could not take this answer to CMD09, as it came. **It may hold the evidence
    /// number, and nobody else has it**: it is tried again for some minutes, and then the
    /// fiscalisation ends with [`Outcome::NotKept`](crate::fiscalisation::Outcome::NotKept).
    NotKept(String),
    /// The register, the journal or the packing failed; it is tried again later.
    Stumbled(Box<dyn std::error::Error + Send + Sync>),
}

impl Event {
    /// Whether a person should look at it.
    pub const fn is_alarm(&self) -> bool {
        matches!(
            self,
            Self::Stranger
                | Self::Unopened(..)
                | Self::NoSchedule
                | Self::Stuck(_)
                | Self::NoRoom { .. }
                | Self::Ahead { .. }
                | Self::Behind(_)
                | Self::Unheard(_)
                | Self::Missing(_)
                | Self::CertificateEnds { .. }
                | Self::NotKept(_)
                | Self::StillFailing { .. }
                | Self::Stumbled(_)
        )
    }
}
