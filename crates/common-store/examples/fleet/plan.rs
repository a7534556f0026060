//! What all processes agree on, and what a seed does to them.

use std::time::Duration;

use common_core::limit::{Window, Windows};
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// Processes that run at any time.
pub(crate) const WORKERS: usize = 8;

/// Entries to be worked off.
pub(crate) const ENTRIES: usize = 60;

/// How long a lease lasts unless it is renewed.
pub(crate) const TTL: Duration = Duration::from_millis(300);

/// How long the lease on the token lasts: longer than any machine takes for one refresh, since a
/// second one would be called a duplicate.
pub(crate) const TOKEN_TTL: Duration = Duration::from_secs(3);

/// How long a process is stopped: longer than its lease lasts.
pub(crate) const STOPPED: Duration = Duration::from_millis(500);

/// How long a seed runs at least, so that the limit is seen to hold over several windows.
pub(crate) const SHORTEST: Duration = Duration::from_millis(2_500);

/// How long a seed may go on without any progress.
pub(crate) const LONGEST: Duration = Duration::from_secs(20);

/// Calls in one window, whose length is a second.
pub(crate) const CALLS: usize = 5;

/// By how much longer every window is kept, against differences in travelling time.
pub(crate) const MARGIN: Duration = Duration::from_millis(100);

pub(crate) const JOURNAL: &str = "work";
pub(crate) const DONE: &str = "done/";
pub(crate) const LIMIT: &str = "api";
pub(crate) const TOKEN: &str = "token";
pub(crate) const EXPIRED: &[u8] = b"expired";

/// The shared limit: five calls per second.
pub(crate) fn windows() -> Windows {
    Windows::new([Window::per_second(5)]).margin(MARGIN)
}

/// Who is hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// Whoever holds the lease on the journal.
    Holder,
    /// One of the processes, by its number.
    Worker(usize),
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    Kill,
    Stop,
}

/// What a seed does, and when.
pub(crate) struct Plan {
    /// Blows by the time from the start, the earliest first.
    pub(crate) blows: Vec<(Duration, Target, Blow)>,
    /// Whether whoever refreshes the token first is killed while it does.
    pub(crate) kills_refresher: bool,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut blows = Vec::new();
        for _ in 0..random.random_range(1..=3) {
            let target = if random.random_bool(0.6) {
                Target::Holder
            } else {
                Target::Worker(random.random_range(0..WORKERS))
            };
            blows.push((moment(&mut random), target, Blow::Kill));
        }
        if random.random_bool(0.6) {
            blows.push((moment(&mut random), Target::Holder, Blow::Stop));
        }
        blows.sort_by_key(|(at, ..)| *at);
        Self { blows, kills_refresher: random.random_bool(0.4) }
    }
}

fn moment(random: &mut StdRng) -> Duration {
    Duration::from_millis(random.random_range(300..1_800))
}
