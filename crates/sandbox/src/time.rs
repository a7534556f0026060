//! The sandbox's own calendar: a starting wall time plus what has passed on tokio's clock.
//!
//! Every date the sandbox shows comes from here, so that a test under paused time moves the
//! calendar by moving tokio's clock, and fifteen minutes cost nothing.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

/// Wall time that advances with tokio's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: DateTime<Utc>,
    zero: Instant,
}

impl Clock {
    /// A clock that shows `start` now.
    pub(crate) fn starting_at(start: DateTime<Utc>) -> Self {
        Self { start, zero: Instant::now() }
    }

    /// The present moment on the calendar.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(self.zero.elapsed()).unwrap_or(TimeDelta::MAX);
        self.start.checked_add_signed(passed).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// The machine's wall clock, read once when a sandbox starts.
#[expect(clippy::disallowed_methods, reason = "the one place where a sandbox learns today's date")]
pub(crate) fn today() -> DateTime<Utc> {
    DateTime::<Utc>::from(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_calendar_moves_with_tokio_time() {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let clock = Clock::starting_at(start);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now() - start, TimeDelta::seconds(90));
    }
}
