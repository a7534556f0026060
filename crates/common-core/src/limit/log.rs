//! The exact sliding-window log of one limit.

use std::{collections::VecDeque, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::window::Windows;
use crate::clock::Tick;

/// A place in the log: the moment from which the call may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Grant {
    at: Tick,
    number: u64,
}

impl Grant {
    /// A grant made by a store of another kind; `number` tells its grants apart.
    pub const fn new(at: Tick, number: u64) -> Self {
        Self { at, number }
    }

    /// When the call may be sent.
    pub const fn at(&self) -> Tick {
        self.at
    }

    /// The number that tells this grant from others of the same log.
    pub const fn number(&self) -> u64 {
        self.number
    }
}

/// The answer to somebody who would not wait long enough: no place was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How long the wait would have been.
    pub wait: Duration,
}

/// The last calls of one limit, newest last.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use common_core::{clock::Tick, limit::{SlidingLog, Window, Windows}};
///
/// let windows = Windows::new([Window::per_second(2)]);
/// let mut log = SlidingLog::default();
/// let now = Tick::ZERO;
/// assert_eq!(log.reserve(&windows, now, None)?.at(), now);
/// assert_eq!(log.reserve(&windows, now, None)?.at(), now);
/// assert_eq!(log.reserve(&windows, now, None)?.at(), now + Duration::from_secs(1));
/// # Ok::<(), common_core::limit::Refused>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlidingLog {
    places: VecDeque<Grant>,
    closed_until: Tick,
    next_number: u64,
    /// Grants with lower numbers may have been taken back: they hold only while they are remembered.
    #[serde(default)]
    sure_from: u64,
    /// The latest time at which something was noted here.
    #[serde(default)]
    noted: Tick,
}

/// Readings of one clock by several callers may come in another order than they were made.
const DISORDER: Duration = Duration::from_secs(1);

impl SlidingLog {
    /// Takes the next free place.
    ///
    /// Any stretch of a window's length holds at most the window's limit of places, whatever the
    /// order of calls. With `patience`, a wait longer than that is refused and takes no place.
    pub fn reserve(
        &mut self,
        windows: &Windows,
        now: Tick,
        patience: Option<Duration>,
    ) -> Result<Grant, Refused> {
        let at = self.next_free(windows, now);
        let wait = at.since(now);
        if patience.is_some_and(|patience| wait > patience) {
            return Err(Refused { wait });
        }
        self.noted = self.noted.max(now);
        let grant = Grant { at, number: self.next_number };
        self.next_number = self.next_number.wrapping_add(1);
        self.places.push_back(grant);
        self.forget(windows, now);
        Ok(grant)
    }

    fn next_free(&self, windows: &Windows, now: Tick) -> Tick {
        let last = self.places.back().map_or(Tick::ZERO, Grant::at);
        let mut at = now.max(self.closed_until).max(last);
        for window in windows.iter() {
            let blocking = self.places.len().checked_sub(window.limit() as usize);
            if let Some(place) = blocking.and_then(|index| self.places.get(index)) {
                at = at.max(place.at + windows.span(window));
            }
        }
        at
    }

    /// Places that no window reaches any more are needed no more.
    fn forget(&mut self, windows: &Windows, now: Tick) {
        let reach = windows.reach();
        while self.places.front().is_some_and(|place| place.at + reach <= now) {
            self.places.pop_front();
        }
    }

    /// Gives a place back that was not used; those behind it keep theirs.
    pub fn release(&mut self, grant: Grant) {
        self.places.retain(|place| *place != grant);
    }

    /// Whether a place still holds after its wait; a penalty takes all places ahead away.
    pub fn holds(&self, grant: Grant) -> bool {
        grant.at >= self.closed_until
    }

    /// [`release`](Self::release) by the number alone, for stores whose callers have other clocks.
    pub fn release_number(&mut self, number: u64) {
        self.places.retain(|place| place.number != number);
    }

    /// [`holds`](Self::holds) by the number alone, for stores whose callers have other clocks.
    ///
    /// A place that is older than all that are remembered has passed and holds, unless a penalty
    /// came after it was given: then nobody knows whether it was taken back.
    pub fn holds_number(&self, number: u64) -> bool {
        let oldest = self.places.front().map(Grant::number);
        let has_passed = oldest.is_none_or(|oldest| number < oldest);
        (has_passed && number >= self.sure_from)
            || self.places.iter().any(|place| place.number == number)
    }

    /// Closes the limit until `until`, as after an answer of 429.
    ///
    /// Places that lie ahead are taken back: their holders find that they no longer hold and
    /// reserve again, so that the end of the penalty sees no burst. A shorter penalty than the one
    /// in force changes nothing.
    pub fn penalise(&mut self, now: Tick, until: Tick) {
        if until > self.closed_until {
            self.closed_until = until;
        }
        self.sure_from = self.next_number;
        self.noted = self.noted.max(now);
        while self.places.back().is_some_and(|place| place.at > now && !self.holds(*place)) {
            self.places.pop_back();
        }
    }

    /// Follows a clock that was set back: everything here moves back with it, so that nobody waits
    /// for a time that was never meant. Whether it did.
    ///
    /// What passed between the last note and now counts as no time at all, which errs on the side of
    /// waiting. For stores whose ticks are those of a wall clock.
    pub fn follow_back(&mut self, now: Tick) -> bool {
        let back = self.noted.since(now);
        if back <= DISORDER {
            return false;
        }
        for place in &mut self.places {
            place.at = place.at - back;
        }
        self.closed_until = self.closed_until - back;
        self.noted = now;
        true
    }

    /// The log as plain data, for another run of the program.
    pub fn snapshot(&self, now: Tick, wall: DateTime<Utc>) -> LimitSnapshot {
        let past = self.places.iter().filter(|place| place.at <= now);
        LimitSnapshot {
            taken_at: wall,
            ages_ms: past.map(|place| millis(now.since(place.at))).collect(),
            closed_for_ms: millis(self.closed_until.since(now)),
        }
    }

    /// A log that goes on where the snapshot stopped.
    ///
    /// `wall` is the wall clock now. Time that passed in between is taken off; if the wall clock
    /// went backwards, none is, which errs on the side of waiting.
    pub fn restore(snapshot: &LimitSnapshot, now: Tick, wall: DateTime<Utc>) -> Self {
        let passed = (wall - snapshot.taken_at).max(TimeDelta::zero()).to_std().unwrap_or_default();
        // The new clock may be younger than the calls: what lies before its start is set to it,
        // which again errs on the side of waiting.
        let places = snapshot.ages_ms.iter().zip(0..).map(|(age, number)| Grant {
            at: now - Duration::from_millis(*age).saturating_add(passed),
            number,
        });
        let places: VecDeque<_> = places.collect();
        let closed = Duration::from_millis(snapshot.closed_for_ms).saturating_sub(passed);
        Self {
            next_number: places.len() as u64,
            places,
            closed_until: if closed.is_zero() { Tick::ZERO } else { now + closed },
            sure_from: 0,
            noted: now,
        }
    }
}

/// A [`SlidingLog`] as plain data; ages in milliseconds before `taken_at`, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitSnapshot {
    taken_at: DateTime<Utc>,
    ages_ms: Vec<u64>,
    closed_for_ms: u64,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::limit::Window;

    fn at(ms: u64) -> Tick {
        Tick::new(Duration::from_millis(ms))
    }

    fn two_per_second() -> Windows {
        Windows::new([Window::per_second(2)])
    }

    #[test]
    fn an_impatient_caller_takes_no_place() {
        let (windows, mut log) = (two_per_second(), SlidingLog::default());
        log.reserve(&windows, at(0), None).unwrap();
        log.reserve(&windows, at(300), None).unwrap();
        let refused = log.reserve(&windows, at(400), Some(Duration::ZERO)).unwrap_err();
        assert_eq!(refused.wait, Duration::from_millis(600));
        assert_eq!(log.reserve(&windows, at(400), None).unwrap().at(), at(1000));
    }

    #[test]
    fn a_released_place_is_free_for_the_next_caller() {
        let (windows, mut log) = (two_per_second(), SlidingLog::default());
        log.reserve(&windows, at(0), None).unwrap();
        log.reserve(&windows, at(0), None).unwrap();
        let waiting = log.reserve(&windows, at(0), None).unwrap();
        log.release(waiting);
        assert_eq!(log.reserve(&windows, at(500), None).unwrap().at(), at(1000));
    }

    #[test]
    fn a_penalty_takes_places_ahead_back_and_ends_without_a_burst() {
        let (windows, mut log) = (two_per_second(), SlidingLog::default());
        let grants: Vec<_> = (0..4).map(|_| log.reserve(&windows, at(0), None).unwrap()).collect();
        log.penalise(at(0), at(5000));
        assert!(!log.holds(grants[2]));
        let again: Vec<_> =
            (0..3).map(|_| log.reserve(&windows, at(1000), None).unwrap().at()).collect();
        assert_eq!(again, [at(5000), at(5000), at(6000)]);
        log.penalise(at(1000), at(2000));
        assert_eq!(log.reserve(&windows, at(1000), None).unwrap().at(), at(6000));
    }

    #[test]
    fn a_place_that_was_taken_back_does_not_hold_when_the_log_has_forgotten_all_others() {
        let (windows, mut log) = (two_per_second(), SlidingLog::default());
        let passed = log.reserve(&windows, at(0), None).unwrap();
        assert!(log.holds_number(passed.number()));
        log.reserve(&windows, at(0), None).unwrap();
        let waiting = log.reserve(&windows, at(500), None).unwrap();
        log.release(passed);
        log.penalise(at(600), at(5_000));
        let next = log.reserve(&windows, at(4_000), None).unwrap();
        assert_eq!((waiting.at(), next.at()), (at(1_000), at(5_000)));
        assert!(!log.holds_number(waiting.number()), "it would be sent while the limit is closed");
        assert!(log.holds_number(next.number()));
    }

    #[test]
    fn a_log_follows_its_clock_back_and_keeps_what_lies_between() {
        let (windows, mut log) = (two_per_second(), SlidingLog::default());
        let grants = [0; 3].map(|_| log.reserve(&windows, at(90_000), None).unwrap().at());
        assert_eq!(grants, [at(90_000), at(90_000), at(91_000)]);
        assert!(!log.follow_back(at(89_000)), "callers may read a clock in any order");
        assert!(log.follow_back(at(5_000)));
        assert_eq!(log.reserve(&windows, at(5_000), None).unwrap().at(), at(6_000));
        log.penalise(at(5_000), at(70_000));
        assert!(log.follow_back(at(1_000)));
        assert_eq!(log.reserve(&windows, at(1_000), None).unwrap().at(), at(66_000));
    }

    #[test]
    fn a_restored_log_remembers_calls_and_penalty() {
        let (windows, mut log) = (two_per_second(), SlidingLog::default());
        log.reserve(&windows, at(9_000), None).unwrap();
        log.reserve(&windows, at(9_500), None).unwrap();
        let wall = DateTime::UNIX_EPOCH;
        let snapshot = log.snapshot(at(9_600), wall);
        let text = serde_json::to_string(&snapshot).unwrap();
        let snapshot: LimitSnapshot = serde_json::from_str(&text).unwrap();

        let mut later =
            SlidingLog::restore(&snapshot, at(2_000), wall + TimeDelta::milliseconds(200));
        assert_eq!(later.reserve(&windows, at(2_000), None).unwrap().at(), at(2_200));

        log.penalise(at(9_600), at(20_000));
        let snapshot = log.snapshot(at(9_600), wall);
        let mut back = SlidingLog::restore(&snapshot, at(50_000), wall - TimeDelta::days(1));
        assert_eq!(back.reserve(&windows, at(50_000), None).unwrap().at(), at(60_400));
    }

    proptest! {
        #[test]
        fn no_window_ever_holds_more_than_its_limit(
            limits in prop::collection::vec((1u32..6, 1u64..2_000), 1..4),
            steps in prop::collection::vec((0u64..700, 0u8..10), 1..120),
        ) {
            let windows = Windows::new(
                limits.iter().map(|(limit, ms)| Window::new(*limit, Duration::from_millis(*ms))),
            );
            let mut log = SlidingLog::default();
            let (mut now, mut used) = (0u64, Vec::new());
            for (step, action) in steps {
                now += step;
                match action {
                    0 => log.penalise(at(now), at(now + 300)),
                    1 => if let Ok(grant) = log.reserve(&windows, at(now), None) {
                        log.release(grant);
                    },
                    _ => if let Ok(grant) = log.reserve(&windows, at(now), None) {
                        used.push(grant);
                    },
                }
                used.retain(|grant: &Grant| {
                    grant.at() <= at(now) || log.holds_number(grant.number())
                });
            }
            used.sort_by_key(Grant::at);
            for window in windows.iter() {
                for pair in used.windows(window.limit() as usize + 1) {
                    let stretch = pair[pair.len() - 1].at().since(pair[0].at());
                    prop_assert!(stretch >= window.per());
                }
            }
        }

        #[test]
        fn places_come_as_early_as_the_windows_allow(count in 1u32..200) {
            let windows = Windows::new([Window::per_second(5)]);
            let mut log = SlidingLog::default();
            let grants = (0..count).map(|_| log.reserve(&windows, at(0), None).unwrap());
            let last = grants.last().unwrap().at();
            prop_assert_eq!(last, at(u64::from((count - 1) / 5) * 1000));
        }
    }
}
