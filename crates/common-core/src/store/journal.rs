//! Journals: lists to which entries are added and from which they are worked off.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{StoreResult, lease::Lease};

/// The place of an entry in its journal. Places grow, are never given twice, and may have gaps.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Position(u64);

impl Position {
    /// Before the first entry.
    pub const START: Self = Self(0);

    /// The place with that number, for engines and for stored checkpoints.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The place's number; the first entry has at least 1.
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub position: Position,
    /// What was appended, byte for byte.
    pub payload: Vec<u8>,
    /// Whether it was acknowledged.
    pub acknowledged: bool,
}

/// Which entries to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entries {
    /// All that are still there.
    All,
    /// Those that were not acknowledged yet.
    Open,
}

/// Append-only journals, each under a name.
pub trait Journals: Send + Sync + fmt::Debug {
    /// Appends entries in their order, all or none.
    ///
    /// Durable when it returns, with a place for each. Under a lease, nothing is appended once it
    /// is lost.
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>>;

    /// At most `limit` entries behind `after`, in the order of their places.
    ///
    /// Sees everything that was durable when it was called.
    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>>;

    /// Marks entries as done; answers how many were not marked before.
    ///
    /// Durable when it returns. Places without an entry are passed over, so that repeating it does
    /// no harm.
    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64>;

    /// Removes acknowledged entries for good; answers how many. Places are not given again.
    ///
    /// Durable when it returns; a crash in between removes some of them or none.
    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64>;
}
