//! State that ends with the process: for tests, and for programs that need nothing else.

use std::{
    collections::BTreeMap,
    fmt,
    future::ready,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use common_core::{
    clock::Clock,
    limit::{Ask, Grant, LimitKey, LimitStore, SlidingLog},
    store::{
        Change, Entries, Entry, Expect, Fence, Journals, Lease, Leases, Position, Record, Records,
        StoreError, StoreResult, Swap, Version,
    },
};

use crate::limits;

/// A store in memory. Clones share it.
///
/// "Durable" means here: seen by every clone.
#[derive(Clone)]
pub struct MemoryStore {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    journals: BTreeMap<String, Journal>,
    records: BTreeMap<String, Record>,
    /// Each with the earliest moment at which it holds, so that one that was given while the clock
    /// was ahead ends when the clock is set back.
    leases: BTreeMap<String, (DateTime<Utc>, Lease)>,
    logs: BTreeMap<LimitKey, SlidingLog>,
    versions: u64,
    fences: u64,
}

#[derive(Default)]
struct Journal {
    entries: BTreeMap<Position, (Vec<u8>, bool)>,
    last: u64,
}

impl MemoryStore {
    /// An empty store that lives by this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the state in one step, if the lease still holds.
    fn with<'a, T: Send + 'a>(
        &self,
        under: Option<&Lease>,
        act: impl FnOnce(&mut State, DateTime<Utc>) -> T,
    ) -> StoreResult<'a, T> {
        let now = self.clock.now();
        let mut state = self.lock();
        let holds = under.is_none_or(|lease| state.holds(lease, now));
        let answer = if holds { Ok(act(&mut state, now)) } else { Err(StoreError::lease_lost()) };
        Box::pin(ready(answer))
    }
}

impl State {
    fn holds(&self, lease: &Lease, now: DateTime<Utc>) -> bool {
        self.standing(&lease.name, now).is_some_and(|current| current.fence == lease.fence)
    }

    /// The lease of that name, if it holds.
    fn standing(&self, name: &str, now: DateTime<Utc>) -> Option<&Lease> {
        let (since, lease) = self.leases.get(name)?;
        (*since <= now && now < lease.until).then_some(lease)
    }

    fn give(&mut self, lease: Lease, now: DateTime<Utc>) -> Lease {
        let since = now - (lease.until - now);
        self.leases.insert(lease.name.clone(), (since, lease.clone()));
        lease
    }

    fn live(&self, key: &str, now: DateTime<Utc>) -> Option<&Record> {
        self.records.get(key).filter(|record| is_live(record, now))
    }
}

pub(crate) fn is_live(record: &Record, now: DateTime<Utc>) -> bool {
    record.expires_at.is_none_or(|end| end > now)
}

/// Whether what stands there is what the caller expected.
pub(crate) fn fits(expect: Expect, current: Option<&Record>) -> bool {
    match expect {
        Expect::Anything => true,
        Expect::Absent => current.is_none(),
        Expect::Version(version) => current.is_some_and(|record| record.version == version),
    }
}

impl Journals for MemoryStore {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        self.with(under, |state, _| {
            let journal = state.journals.entry(journal.to_owned()).or_default();
            entries.into_iter().map(|payload| journal.append(payload)).collect()
        })
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        self.with(None, |state, _| {
            let Some(journal) = state.journals.get(journal) else { return Vec::new() };
            let behind = journal.entries.range((Bound::Excluded(after), Bound::Unbounded));
            behind
                .filter(|(_, (_, acknowledged))| which == Entries::All || !acknowledged)
                .take(limit)
                .map(|(position, (payload, acknowledged))| Entry {
                    position: *position,
                    payload: payload.clone(),
                    acknowledged: *acknowledged,
                })
                .collect()
        })
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        self.with(under, |state, _| {
            let Some(journal) = state.journals.get_mut(journal) else { return 0 };
            let mut marked = 0;
            for position in positions {
                if let Some((_, acknowledged @ false)) = journal.entries.get_mut(position) {
                    *acknowledged = true;
                    marked += 1;
                }
            }
            marked
        })
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        self.with(None, |state, _| {
            let Some(journal) = state.journals.get_mut(journal) else { return 0 };
            let before = journal.entries.len();
            journal.entries.retain(|_, (_, acknowledged)| !*acknowledged);
            (before - journal.entries.len()) as u64
        })
    }
}

impl Journal {
    fn append(&mut self, payload: Vec<u8>) -> Position {
        self.last += 1;
        let position = Position::new(self.last);
        self.entries.insert(position, (payload, false));
        position
    }
}

impl Records for MemoryStore {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        self.with(None, |state, now| state.live(key, now).cloned())
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        self.with(under, |state, now| {
            let current = state.live(key, now);
            if !fits(expect, current) {
                return Swap::Conflict(current.cloned());
            }
            state.versions += 1;
            let version = Version::new(state.versions);
            match change {
                Change::Put { value, expires_at } => {
                    state.records.insert(key.to_owned(), Record { value, version, expires_at });
                }
                Change::Remove => {
                    state.records.remove(key);
                }
            }
            Swap::Done(version)
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        self.with(None, |state, now| {
            state
                .records
                .range(prefix.to_owned()..)
                .take_while(|(key, _)| key.starts_with(prefix))
                .filter(|(key, record)| {
                    after.is_none_or(|after| key.as_str() > after) && is_live(record, now)
                })
                .take(limit)
                .map(|(key, record)| (key.clone(), record.clone()))
                .collect()
        })
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.with(None, |state, now| {
            let before = state.records.len();
            state.records.retain(|_, record| is_live(record, now));
            (before - state.records.len()) as u64
        })
    }
}

impl Leases for MemoryStore {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        self.with(None, |state, now| {
            if state.standing(name, now).is_some_and(|lease| lease.holder != holder) {
                return None;
            }
            state.fences += 1;
            let (name, holder) = (name.to_owned(), holder.to_owned());
            let lease = Lease { name, holder, fence: Fence::new(state.fences), until: now + ttl };
            Some(state.give(lease, now))
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        self.with(None, |state, now| {
            if !state.holds(lease, now) {
                return None;
            }
            Some(state.give(Lease { until: now + ttl, ..lease.clone() }, now))
        })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        self.with(None, |state, now| {
            if state.holds(lease, now) {
                state.leases.remove(&lease.name);
            }
        })
    }
}

impl LimitStore for MemoryStore {
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>> {
        self.with(None, |state, now| {
            let log = state.logs.entry(ask.key.clone()).or_default();
            limits::reserve(log, ask, now)
        })
    }

    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool> {
        self.with(None, |state, _| {
            state.logs.get(key).is_some_and(|log| log.holds_number(grant.number()))
        })
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        _now: common_core::clock::Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()> {
        self.with(None, |state, now| {
            let log = state.logs.entry(key.clone()).or_default();
            limits::penalise(log, now, closed_for);
        })
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        if let Some(log) = self.lock().logs.get_mut(key) {
            log.release_number(grant.number());
        }
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore(..)")
    }
}
