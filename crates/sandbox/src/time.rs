//! The sandbox's own calendar: a starting wall time plus what has passed on tokio's clock.
//!
//! Every date the sandbox shows comes from here, so that a test under paused time moves the
//! calendar by moving tokio's clock, and fifteen minutes cost nothing.
//! Where tokio's clock cannot be moved, as behind sockets, the calendar can be put forward.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use tokio::time::Instant;

/// Wall time that advances with tokio's clock, and further when it is told to.
#[derive(Debug)]
pub(crate) struct Clock {
    start: DateTime<Utc>,
    zero: Instant,
    /// By how much the calendar was put forward.
    ahead: Mutex<Duration>,
}

impl Clock {
    /// A clock that shows `start` now.
    pub(crate) fn starting_at(start: DateTime<Utc>) -> Self {
        Self { start, zero: Instant::now(), ahead: Mutex::default() }
    }

    /// The present moment on the calendar.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(self.instant() - self.zero).unwrap_or(TimeDelta::MAX);
        self.start.checked_add_signed(passed).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    /// The same moment for what only measures how long ago something was.
    pub(crate) fn instant(&self) -> Instant {
        let ahead = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        now.checked_add(ahead).unwrap_or(now)
    }

    /// Puts the calendar forward; false, and nothing happens, when it would leave its last year.
    pub(crate) fn advance(&self, by: Duration) -> bool {
        let after = TimeDelta::from_std(by).ok().and_then(|by| self.now().checked_add_signed(by));
        let fits = after.is_some_and(|after| after.year() <= LAST_YEAR);
        if fits {
            *self.ahead.lock().unwrap_or_else(PoisonError::into_inner) += by;
        }
        fits
    }
}

/// Dates are written with four digits of the year, and lifetimes of some years are added to them.
const LAST_YEAR: i32 = 9000;

/// The machine's wall clock, read once when a sandbox starts.
#[expect(clippy::disallowed_methods, reason = "the one place where a sandbox learns today's date")]
pub(crate) fn today() -> DateTime<Utc> {
    DateTime::<Utc>::from(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_calendar_moves_with_tokio_time() {
        let start = DateTime::<Utc>::UNIX_EPOCH;
        let clock = Clock::starting_at(start);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now() - start, TimeDelta::seconds(90));
        assert!(clock.advance(Duration::from_secs(10)));
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(clock.now() - start, TimeDelta::seconds(101));
        assert_eq!(clock.instant() - clock.zero, Duration::from_secs(101));
    }

    #[tokio::test(start_paused = true)]
    async fn the_calendar_is_not_put_beyond_its_last_year() {
        let clock = Clock::starting_at(DateTime::<Utc>::UNIX_EPOCH);
        for far in [Duration::MAX, Duration::from_secs(8000 * 366 * 86_400)] {
            assert!(!clock.advance(far));
        }
        assert_eq!(clock.now(), DateTime::<Utc>::UNIX_EPOCH);
    }
}
