//! Leases: work that one holder at a time may do, and that another takes over when it dies.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use super::StoreResult;

/// A number that grows with each new holder of a lease.
///
/// Whoever writes under a lease is checked by it: a holder that slept past its end cannot disturb
/// the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fence(u64);

impl Fence {
    /// The fence with that number, for engines.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The fence's number.
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A lease that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// What it is for.
    pub name: String,
    /// Who holds it.
    pub holder: String,
    /// The number that its writes carry.
    pub fence: Fence,
    /// When it ends unless it is renewed, on the engine's clock.
    pub until: DateTime<Utc>,
}

/// Leases, each under a name.
pub trait Leases: Send + Sync + fmt::Debug {
    /// Takes a lease; `None` while another holder has it.
    ///
    /// Durable when it returns. The holder that has it already gets it anew, with a new fence:
    /// it may be another run of the same program. A lease is over, too, when the engine's clock is
    /// set back by more than its `ttl`.
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>>;

    /// Makes a lease last `ttl` from now; `None` when it is lost.
    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>>;

    /// Gives a lease back, so that the next holder need not wait for its end. One that is lost
    /// already is left alone.
    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()>;
}
