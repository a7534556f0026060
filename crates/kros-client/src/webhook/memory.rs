//! A replay guard in memory, for one process: it forgets everything when the process ends.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::store::{StoreError, StoreResult};
use futures_util::{FutureExt, future};

use super::{
    Arrival, Claim, ReplayGuard, ReplayKey, Seen, Settled,
    mark::{Lifetimes, Mark, State, after},
};

/// Remembers notifications in memory, bounded in number and age.
///
/// At capacity the entry that was changed least recently makes room, but never a live claim; so
/// the protection reaches back over the last `capacity` notifications, with and without a request's
/// id, or over their time to live, whichever is less. After a restart it starts from nothing: where that matters, use a
/// [`StoredReplayGuard`](super::StoredReplayGuard), or implement [`ReplayGuard`] over a database.
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, Utc};
/// use kros_client::webhook::{MemoryReplayGuard, ReplayGuard, ReplayKey, Seen};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let guard = MemoryReplayGuard::default();
/// let now: DateTime<Utc> = "2026-02-01T08:00:00Z".parse()?;
/// let key = ReplayKey::of_body(None, b"{}");
///
/// let Seen::Claimed(claim) = guard.begin(&key, now).await? else { panic!("a new one") };
/// // … the work …
/// let settled = guard.complete(claim, now).await?;
/// assert!(matches!(guard.begin(&key, now).await?, Seen::Handled { .. }));
/// # assert_eq!(settled, kros_client::webhook::Settled::Recorded);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct MemoryReplayGuard {
    limits: Limits,
    memory: Mutex<Memory>,
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    capacity: usize,
    lifetimes: Lifetimes,
    claim_time: TimeDelta,
}

#[derive(Debug, Default)]
struct Memory {
    entries: BTreeMap<ReplayKey, Entry>,
    /// The keys by the time from which they may be forgotten.
    queue: BTreeSet<(DateTime<Utc>, ReplayKey)>,
    /// The keys by the number of their last change, which is the order they make room in: how long
    /// they may be remembered differs.
    changes: BTreeMap<u64, ReplayKey>,
    /// The number of the next change.
    next_change: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    mark: Mark,
    forget_at: DateTime<Utc>,
    change: u64,
}

impl Default for MemoryReplayGuard {
    /// Ten thousand notifications, seven days or, handled and without a request's id, one hour; a
    /// claim of one minute.
    fn default() -> Self {
        let limits = Limits {
            capacity: 10_000,
            lifetimes: Lifetimes::default(),
            claim_time: TimeDelta::minutes(1),
        };
        Self { limits, memory: Mutex::default() }
    }
}

impl MemoryReplayGuard {
    /// Sets how many notifications are remembered; at least one.
    ///
    /// One takes about 300 bytes.
    #[must_use]
    pub fn capacity(mut self, capacity: usize) -> Self {
        self.limits.capacity = capacity.max(1);
        self
    }

    /// Sets how long a notification is remembered after its last change.
    #[must_use]
    pub fn time_to_live(mut self, time_to_live: TimeDelta) -> Self {
        self.limits.lifetimes.usual = time_to_live;
        self
    }

    /// Sets how long a handled notification is remembered that names no request; an hour at first,
    /// and never longer than [`time_to_live`](Self::time_to_live).
    ///
    /// Such a notification is told from others by its body alone, so news that say the same again
    /// are taken for its repetition meanwhile. Long enough for the sender's repetitions will do;
    /// how long those go on is not published.
    #[must_use]
    pub fn nameless_time_to_live(mut self, time_to_live: TimeDelta) -> Self {
        self.limits.lifetimes.nameless = time_to_live;
        self
    }

    /// Sets how long a claim lasts; longer than the slowest handling takes.
    #[must_use]
    pub fn claim_time(mut self, claim_time: TimeDelta) -> Self {
        self.limits.claim_time = claim_time;
        self
    }

    /// How many notifications are remembered now.
    pub fn remembered(&self) -> usize {
        self.with(|memory, _| memory.entries.len())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Memory, Limits) -> T) -> T {
        // Every change below leaves the maps whole, so a panic elsewhere does not spoil them.
        act(&mut self.memory.lock().unwrap_or_else(PoisonError::into_inner), self.limits)
    }
}

impl ReplayGuard for MemoryReplayGuard {
    fn begin<'a>(&'a self, key: &'a ReplayKey, now: DateTime<Utc>) -> StoreResult<'a, Seen> {
        future::ready(self.with(|memory, limits| memory.begin(key, now, limits))).boxed()
    }

    fn complete(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled> {
        let state = State::Handled { at: now };
        future::ready(self.with(|memory, limits| memory.settle(&claim, state, now, limits))).boxed()
    }

    fn abandon(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled> {
        let settled = self.with(|memory, limits| memory.settle(&claim, State::Open, now, limits));
        future::ready(settled).boxed()
    }
}

impl Memory {
    fn begin(
        &mut self,
        key: &ReplayKey,
        now: DateTime<Utc>,
        limits: Limits,
    ) -> Result<Seen, StoreError> {
        self.forget_old(now);
        let known = self.entries.get(key).map(|entry| entry.mark);
        let attempts = match Mark::attempts(known, now) {
            Ok(attempts) => attempts,
            Err(seen) => return Ok(seen),
        };
        let arrival = match attempts {
            0 if self.knows_request(key) => Arrival::Follows,
            0 => Arrival::First,
            attempts => Arrival::Retried { attempts },
        };
        let attempt = attempts.saturating_add(1);
        let claim = Claim::new(*key, attempt, arrival, after(now, limits.claim_time));
        self.put(*key, Mark::of(&claim), now, limits)?;
        Ok(Seen::Claimed(claim))
    }

    fn settle(
        &mut self,
        claim: &Claim,
        state: State,
        now: DateTime<Utc>,
        limits: Limits,
    ) -> Result<Settled, StoreError> {
        self.forget_old(now);
        let key = claim.key();
        if self.entries.get(key).is_some_and(|entry| entry.mark != Mark::of(claim)) {
            return Ok(Settled::TakenOver);
        }
        self.put(*key, Mark { attempt: claim.attempt(), state }, now, limits)?;
        Ok(Settled::Recorded)
    }

    /// Whether another notification about the same request is remembered.
    fn knows_request(&self, key: &ReplayKey) -> bool {
        let id = key.request_id();
        let from = ReplayKey::new(id, [0; 32]);
        let to = ReplayKey::new(id, [u8::MAX; 32]);
        id.is_some() && self.entries.range(from..=to).any(|(known, _)| known != key)
    }

    fn put(
        &mut self,
        key: ReplayKey,
        mark: Mark,
        now: DateTime<Utc>,
        limits: Limits,
    ) -> Result<(), StoreError> {
        if !self.entries.contains_key(&key) && self.entries.len() >= limits.capacity {
            self.make_room(now)?;
        }
        let forget_at = limits.lifetimes.forget_at(&key, &mark, now);
        self.forget(&key);
        let change = self.next_change;
        self.next_change += 1;
        self.entries.insert(key, Entry { mark, forget_at, change });
        self.queue.insert((forget_at, key));
        self.changes.insert(change, key);
        Ok(())
    }

    fn forget(&mut self, key: &ReplayKey) {
        if let Some(entry) = self.entries.remove(key) {
            self.queue.remove(&(entry.forget_at, *key));
            self.changes.remove(&entry.change);
        }
    }

    fn forget_old(&mut self, now: DateTime<Utc>) {
        while let Some((forget_at, key)) = self.queue.first().copied() {
            if forget_at > now {
                break;
            }
            self.forget(&key);
        }
    }

    fn make_room(&mut self, now: DateTime<Utc>) -> Result<(), StoreError> {
        let live = |key: &ReplayKey| match self.entries.get(key).map(|entry| entry.mark.state) {
            Some(State::Claimed { until }) => now < until,
            _ => false,
        };
        let oldest = self.changes.values().find(|key| !live(key)).copied();
        let oldest = oldest.ok_or_else(|| {
            StoreError::unavailable("every place is taken by a notification that is being handled")
        })?;
        self.forget(&oldest);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
