//! When to ask again for the state of a long operation, as a pure schedule.

use std::time::Duration;

/// Waiting times between polls: `first`, then growing by half each time up to `cap`, for at most
/// `within` in all.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use common_core::poll::PollSchedule;
///
/// let schedule = PollSchedule::new(Duration::from_secs(1), Duration::from_secs(5));
/// assert_eq!(schedule.next(0, Duration::ZERO, None), Some(Duration::from_secs(1)));
/// assert_eq!(schedule.next(1, Duration::ZERO, None), Some(Duration::from_millis(1500)));
/// assert_eq!(schedule.next(60, Duration::ZERO, None), Some(Duration::from_secs(5)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PollSchedule {
    first: Duration,
    cap: Duration,
    within: Option<Duration>,
}

impl Default for PollSchedule {
    /// One second, growing to ten, for at most ten minutes.
    fn default() -> Self {
        Self::new(Duration::from_secs(1), Duration::from_secs(10)).within(Duration::from_secs(600))
    }
}

impl PollSchedule {
    /// A schedule without an end.
    pub const fn new(first: Duration, cap: Duration) -> Self {
        Self { first, cap, within: None }
    }

    /// Sets the time after which no further poll is made.
    #[must_use]
    pub const fn within(mut self, within: Duration) -> Self {
        self.within = Some(within);
        self
    }

    /// The wait before the next poll, or `None` when time is up.
    ///
    /// `polls` is the number of polls made, `elapsed` the time since the first one was planned,
    /// `asked` what the server's last answer asked to wait; a longer wish of the server wins.
    pub fn next(&self, polls: u32, elapsed: Duration, asked: Option<Duration>) -> Option<Duration> {
        let mut wait = self.first.min(self.cap);
        for _ in 0..polls {
            if wait >= self.cap || wait.is_zero() {
                break;
            }
            wait = (wait.saturating_mul(3) / 2).min(self.cap);
        }
        let wait = wait.max(asked.unwrap_or(Duration::ZERO));
        match self.within {
            Some(within) if elapsed.saturating_add(wait) > within => None,
            _ => Some(wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_may_slow_polling_down_and_never_speeds_it_up() {
        let schedule = PollSchedule::new(Duration::from_secs(2), Duration::from_secs(4));
        let asked = |s| schedule.next(0, Duration::ZERO, Some(Duration::from_secs(s)));
        assert_eq!(asked(1), Some(Duration::from_secs(2)));
        assert_eq!(asked(9), Some(Duration::from_secs(9)));
    }

    #[test]
    fn it_ends_when_the_next_poll_would_come_too_late() {
        let schedule = PollSchedule::default();
        assert!(schedule.next(5, Duration::from_secs(500), None).is_some());
        assert_eq!(schedule.next(5, Duration::from_secs(599), None), None);
    }

    #[test]
    fn a_schedule_without_waits_stays_without_waits() {
        let schedule = PollSchedule::new(Duration::ZERO, Duration::ZERO);
        assert_eq!(schedule.next(u32::MAX, Duration::ZERO, None), Some(Duration::ZERO));
    }
}
