//! Clocks that agree with the runtime's timers.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use common_core::clock::{Clock, SystemClock, Tick};

/// The system's wall clock, and ticks of the runtime's timer, which stand still when a test pauses
/// time.
#[derive(Clone, Copy)]
pub struct RuntimeClock {
    wall: SystemClock,
    start: tokio::time::Instant,
}

impl RuntimeClock {
    /// A clock whose [`Tick::ZERO`] is this moment.
    pub fn new() -> Self {
        Self { wall: SystemClock::new(), start: tokio::time::Instant::now() }
    }
}

impl Default for RuntimeClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> DateTime<Utc> {
        self.wall.now()
    }

    fn tick(&self) -> Tick {
        Tick::new(self.start.elapsed())
    }
}

impl fmt::Debug for RuntimeClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RuntimeClock")
    }
}

/// A clock whose wall reading starts where it is told and moves with the runtime's timer, for
/// tests on paused time.
#[derive(Clone, Copy, Debug)]
pub struct VirtualClock {
    wall: DateTime<Utc>,
    ticks: RuntimeClock,
}

impl VirtualClock {
    /// A clock that shows `wall` now.
    pub fn starting_at(wall: DateTime<Utc>) -> Self {
        Self { wall, ticks: RuntimeClock::new() }
    }

    fn elapsed(&self) -> Duration {
        self.ticks.tick().since_start()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        self.wall + self.elapsed()
    }

    fn tick(&self) -> Tick {
        self.ticks.tick()
    }
}
