//! The seam between clients and the place where limits are counted.

use std::{fmt, time::Duration};

use super::{log::Grant, window::Windows};
use crate::{clock::Tick, store::StoreResult};

/// Names one limit: system, account and group of calls, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey(String);

impl LimitKey {
    /// A key with that text; two clients with equal keys share one limit.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request for a place.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Which limit.
    pub key: &'a LimitKey,
    /// The windows that hold for it.
    pub windows: &'a Windows,
    /// The time of this process.
    pub now: Tick,
    /// The longest acceptable wait; `None` waits as long as it takes.
    pub patience: Option<Duration>,
}

/// Where limits are counted.
///
/// [`LocalLimits`](super::LocalLimits) counts in this process. A store shared between processes
/// counts on its own clock and translates its answers to the caller's [`Tick`].
pub trait LimitStore: Send + Sync + fmt::Debug {
    /// Takes the next free place: `Ok(Ok(grant))`, or `Ok(Err(wait))` when the wait would exceed
    /// the caller's patience (no place is taken then).
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>>;

    /// Whether a place still holds once its wait is over.
    ///
    /// A penalty may have taken it back meanwhile; its holder then reserves again.
    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool>;

    /// Closes the limit for a time, as after an answer of 429.
    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()>;

    /// Gives an unused place back.
    ///
    /// Called when a waiting caller goes away, from a destructor, hence not asynchronous. A store
    /// that cannot do it at once may let the place lapse: that costs time and breaks no limit.
    fn release(&self, key: &LimitKey, grant: Grant);
}
