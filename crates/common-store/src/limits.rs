//! Sliding windows on a clock that several processes share.
//!
//! The windows themselves are those of `common_core::limit`. Their ticks are here the store's own
//! wall clock since 1970, and answers are translated to the tick of the caller, whose clock has
//! another start.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common_core::{
    clock::Tick,
    limit::{Ask, Grant, SlidingLog},
};

/// Takes a place; the answer is on the caller's clock. The log has changed, too, when no place is
/// taken and the clock was set back.
pub(crate) fn reserve(
    log: &mut SlidingLog,
    ask: Ask<'_>,
    now: DateTime<Utc>,
) -> Result<Grant, Duration> {
    let shared = follow(log, now);
    match log.reserve(ask.windows, shared, ask.patience) {
        Ok(grant) => Ok(Grant::new(ask.now + grant.at().since(shared), grant.number())),
        Err(refused) => Err(refused.wait),
    }
}

/// Closes the limit for a time.
pub(crate) fn penalise(log: &mut SlidingLog, now: DateTime<Utc>, closed_for: Duration) {
    let shared = follow(log, now);
    log.penalise(shared, shared + closed_for);
}

/// The present for a log, which goes back with the clock: a store outlives the mistakes of a clock.
fn follow(log: &mut SlidingLog, now: DateTime<Utc>) -> Tick {
    let shared = tick(now);
    log.follow_back(shared);
    shared
}

fn tick(now: DateTime<Utc>) -> Tick {
    let since = now.signed_duration_since(DateTime::UNIX_EPOCH);
    Tick::new(since.to_std().unwrap_or_default())
}
