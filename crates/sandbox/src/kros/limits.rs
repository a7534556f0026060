//! Request limits as KROS counts them: sliding windows per token, counted on arrival.
//!
//! The source document names five requests a second (KROS OpenAPI documentation page, section
//! "Odpoveď na request"); later versions name ten a second and three hundred a minute
//! (KROS facts §0).

use std::collections::VecDeque;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

/// Which limits are in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Profile {
    /// Five requests a second, as the source document says.
    #[default]
    Documented,
    /// Ten a second and three hundred a minute, as later versions of the page say.
    Current,
    /// None, for campaigns that measure something else.
    Unlimited,
}

impl Profile {
    fn windows(self) -> &'static [(Duration, usize)] {
        match self {
            Self::Documented => &[(SECOND, 5)],
            Self::Current => &[(SECOND, 10), (MINUTE, 300)],
            Self::Unlimited => &[],
        }
    }
}

/// What arrived with one token, or with all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Requests that arrived with a good token, refused ones included.
    pub total: u64,
    /// Of these, how many were refused with 429 because a window was full.
    pub refused: u64,
    /// The most requests that arrived within any second, refused ones included.
    pub most_per_second: usize,
    /// The most requests that arrived within any minute, refused ones included.
    pub most_per_minute: usize,
}

impl Statistics {
    /// The sums of the totals and the larger of the maxima.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        Self {
            total: self.total + other.total,
            refused: self.refused + other.refused,
            most_per_second: self.most_per_second.max(other.most_per_second),
            most_per_minute: self.most_per_minute.max(other.most_per_minute),
        }
    }
}

/// The windows of one token.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Every arrival of the last minute, for the statistics.
    arrived: VecDeque<Instant>,
    /// Those that were not refused: only they fill a window.
    admitted: VecDeque<Instant>,
    statistics: Statistics,
}

impl Meter {
    /// Counts an arrival; the error is the time in whole seconds after which a window has room.
    pub(super) fn arrive(&mut self, now: Instant, profile: Profile) -> Result<(), u64> {
        for arrivals in [&mut self.arrived, &mut self.admitted] {
            while arrivals.front().is_some_and(|first| now - *first >= MINUTE) {
                arrivals.pop_front();
            }
        }
        self.arrived.push_back(now);
        let seen = &mut self.statistics;
        seen.total += 1;
        seen.most_per_second = seen.most_per_second.max(within(&self.arrived, now, SECOND));
        seen.most_per_minute = seen.most_per_minute.max(within(&self.arrived, now, MINUTE));
        let full = profile.windows().iter().filter_map(|&(length, limit)| {
            let oldest = *self.admitted.get(self.admitted.len().checked_sub(limit)?)?;
            length.checked_sub(now - oldest).filter(|wait| !wait.is_zero())
        });
        if let Some(wait) = full.max() {
            seen.refused += 1;
            return Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        }
        self.admitted.push_back(now);
        Ok(())
    }

    pub(super) fn statistics(&self) -> Statistics {
        self.statistics
    }
}

/// How many of the sorted `arrivals` lie less than `length` before `now`.
fn within(arrivals: &VecDeque<Instant>, now: Instant, length: Duration) -> usize {
    arrivals.len() - arrivals.partition_point(|arrival| now - *arrival >= length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(zero: Instant, ms: u64) -> Instant {
        zero + Duration::from_millis(ms)
    }

    #[test]
    fn the_sixth_request_of_a_second_is_refused() {
        let (mut meter, zero) = (Meter::default(), Instant::now());
        for ms in [0, 10, 20, 30, 40] {
            assert_eq!(meter.arrive(at(zero, ms), Profile::Documented), Ok(()));
        }
        assert_eq!(meter.arrive(at(zero, 999), Profile::Documented), Err(1));
        assert_eq!(meter.arrive(at(zero, 1000), Profile::Documented), Ok(()));
        assert_eq!(meter.arrive(at(zero, 1001), Profile::Documented), Err(1));
        assert_eq!(meter.statistics().refused, 2);
        assert_eq!(meter.statistics().most_per_second, 7);
    }

    #[test]
    fn the_minute_window_tells_how_long_to_wait() {
        let (mut meter, zero) = (Meter::default(), Instant::now());
        for number in 0..300 {
            assert_eq!(meter.arrive(at(zero, number * 150), Profile::Current), Ok(()));
        }
        assert_eq!(meter.arrive(at(zero, 45_000), Profile::Current), Err(15));
        assert_eq!(meter.statistics().most_per_minute, 301);
    }

    #[test]
    fn nothing_is_refused_without_limits() {
        let (mut meter, zero) = (Meter::default(), Instant::now());
        assert!((0..1000).all(|_| meter.arrive(zero, Profile::Unlimited).is_ok()));
        assert_eq!(meter.statistics().most_per_second, 1000);
    }
}
