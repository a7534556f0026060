//! Time as a value: nothing in the workspace reads a clock but the implementations of [`Clock`].
//!
//! Two readings are kept apart. [`Tick`] only ever grows and measures waiting: limits, timeouts,
//! deadlines. The wall clock may jump and belongs to protocol fields and to state that outlives
//! the process.

use std::{
    fmt,
    ops::{Add, Sub},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A reading of a clock that never goes backwards: time since that clock's own start.
///
/// Ticks of different clocks must not be mixed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Tick(Duration);

impl Tick {
    /// The start of the clock.
    pub const ZERO: Self = Self(Duration::ZERO);

    /// The reading that lies `since_start` after the clock's start.
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// Time since the clock's start.
    pub const fn since_start(self) -> Duration {
        self.0
    }

    /// How long after `earlier` this reading lies; zero when it lies before.
    pub const fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Tick {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(by))
    }
}

impl Sub<Duration> for Tick {
    type Output = Self;

    /// Saturates at the clock's start.
    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(by))
    }
}

/// Where time comes from.
pub trait Clock: Send + Sync + fmt::Debug {
    /// The wall clock, for protocol fields, expiry and stored state.
    fn now(&self) -> DateTime<Utc>;

    /// The monotonic clock, for waiting.
    fn tick(&self) -> Tick;
}

/// The operating system's clocks.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock {
    start: std::time::Instant,
}

impl SystemClock {
    /// A clock whose [`Tick::ZERO`] is this moment.
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    pub fn new() -> Self {
        Self { start: std::time::Instant::now() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the place that reads the clock")]
    fn now(&self) -> DateTime<Utc> {
        std::time::SystemTime::now().into()
    }

    fn tick(&self) -> Tick {
        Tick(self.start.elapsed())
    }
}

/// A clock that moves only when told to, for tests and simulations.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use common_core::clock::{Clock, ManualClock};
///
/// let clock = ManualClock::at("2026-02-01T08:00:00Z".parse()?);
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(clock.now().to_rfc3339(), "2026-02-01T08:01:30+00:00");
/// assert_eq!(clock.tick().since_start(), Duration::from_secs(90));
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Debug)]
pub struct ManualClock {
    state: Mutex<(DateTime<Utc>, Tick)>,
}

impl ManualClock {
    /// A clock that shows `wall` and [`Tick::ZERO`].
    pub fn at(wall: DateTime<Utc>) -> Self {
        Self { state: Mutex::new((wall, Tick::ZERO)) }
    }

    /// Moves both readings forward.
    pub fn advance(&self, by: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += by;
        state.1 = state.1 + by;
    }

    /// Sets the wall clock alone, as an administrator or a time server may do.
    pub fn set_wall(&self, wall: DateTime<Utc>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 = wall;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn tick(&self) -> Tick {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_never_ticks_backwards() {
        let clock = SystemClock::new();
        let first = clock.tick();
        assert!(clock.tick() >= first);
        assert!(clock.now().timestamp() > 1_700_000_000);
    }

    #[test]
    fn a_jump_of_the_wall_clock_leaves_ticks_alone() {
        let clock = ManualClock::at(DateTime::UNIX_EPOCH);
        clock.advance(Duration::from_secs(5));
        clock.set_wall(DateTime::UNIX_EPOCH);
        assert_eq!(clock.tick(), Tick::new(Duration::from_secs(5)));
        assert_eq!(clock.now(), DateTime::UNIX_EPOCH);
    }

    #[test]
    fn tick_arithmetic_saturates() {
        assert_eq!(Tick::ZERO - Duration::from_secs(1), Tick::ZERO);
        assert_eq!(Tick::ZERO.since(Tick::new(Duration::from_secs(1))), Duration::ZERO);
        assert_eq!(Tick::new(Duration::MAX) + Duration::from_secs(1), Tick::new(Duration::MAX));
    }
}
