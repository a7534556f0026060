//! Records: values under keys, changed only by comparing first.

use std::{fmt, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{StoreResult, lease::Lease};

/// Tells one value of a record from every other that ever stood under its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// The version with that number, for engines.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The version's number; it grows with every change in the store.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// What stands under a key.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// The value, byte for byte.
    pub value: Vec<u8>,
    /// Its version.
    pub version: Version,
    /// When it ends and is as if it had never been.
    pub expires_at: Option<DateTime<Utc>>,
}

impl fmt::Debug for Record {
    /// Without the value: it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("version", &self.version)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What must stand under a key for a change to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Expect {
    /// Nothing, or something that has ended.
    Absent,
    /// This version.
    Version(Version),
    /// Anything or nothing.
    Anything,
}

/// The change.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// Puts a value there, until it is changed or `expires_at` has come.
    Put {
        /// The value.
        value: Vec<u8>,
        /// When it ends.
        expires_at: Option<DateTime<Utc>>,
    },
    /// Takes away what is there.
    Remove,
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Put { .. } => "Put(..)",
            Self::Remove => "Remove",
        })
    }
}

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Swap {
    /// It happened; the new version, or the version of the removal.
    Done(Version),
    /// It did not, because something else stands there.
    Conflict(Option<Record>),
}

/// Values under keys. Keys are texts of up to 255 bytes; a common beginning groups them.
pub trait Records: Send + Sync + fmt::Debug {
    /// What stands under a key now.
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>>;

    /// Changes what stands under a key if it is what was expected, in one step.
    ///
    /// Durable when it returns. Under a lease, nothing is changed once it is lost.
    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap>;

    /// At most `limit` records whose keys begin with `prefix` and lie behind `after`, by key.
    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>>;

    /// Removes records that have ended for good; answers how many.
    fn sweep(&self) -> StoreResult<'_, u64>;
}

/// A shared store is one, too, so that wrappers take a clone or an `Arc` alike.
impl<R: Records + ?Sized> Records for Arc<R> {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        (**self).get(key)
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        (**self).swap(key, expect, change, under)
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        (**self).list(prefix, after, limit)
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        (**self).sweep()
    }
}
