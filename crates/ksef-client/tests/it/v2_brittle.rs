//! A store that takes its time and breaks down when it is told to.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common_core::{
    clock::Tick,
    limit::{Ask, Grant, LimitKey, LimitStore},
    store::{
        Change, Entries, Entry, Expect, Journals, Lease, Leases, Position, Record, Records,
        StoreError, StoreResult, Swap,
    },
};
use common_store::MemoryStore;
use tokio::task::yield_now;

/// What a call of a store that breaks down has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nothing.
    Before,
    /// Everything, and its caller does not know it.
    After,
}

/// A store in memory whose every call waits before and behind its work, so that its callers can be
/// dropped there, and of which one call fails.
#[derive(Debug)]
pub(crate) struct BrittleStore {
    store: MemoryStore,
    calls: AtomicUsize,
    breaks: Mutex<Option<(usize, Broken)>>,
}

impl BrittleStore {
    /// One that never fails.
    pub(crate) fn new(store: MemoryStore) -> Self {
        Self { store, calls: AtomicUsize::new(0), breaks: Mutex::default() }
    }

    /// Lets the call fail that comes after so many others.
    pub(crate) fn break_after(&self, calls: usize, how: Broken) {
        let at = self.calls.load(Ordering::Relaxed) + calls;
        *self.breaks.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, how));
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn call<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce() -> StoreResult<'a, T> + Send + 'a,
    ) -> StoreResult<'a, T> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let planned = *self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = planned.filter(|(at, _)| *at == number).map(|(_, how)| how);
        Box::pin(async move {
            yield_now().await;
            if broken == Some(Broken::Before) {
                return Err(StoreError::unavailable("it broke down before"));
            }
            let answer = call().await;
            yield_now().await;
            match broken {
                Some(_) => Err(StoreError::unavailable("it broke down behind")),
                None => answer,
            }
        })
    }
}

impl Journals for BrittleStore {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        self.call(move || self.store.append(journal, entries, under))
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        self.call(move || self.store.read(journal, which, after, limit))
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        self.call(move || self.store.acknowledge(journal, positions, under))
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        self.call(move || self.store.compact(journal))
    }
}

impl Records for BrittleStore {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        self.call(move || self.store.get(key))
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        self.call(move || self.store.swap(key, expect, change, under))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        self.call(move || self.store.list(prefix, after, limit))
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.call(move || self.store.sweep())
    }
}

impl Leases for BrittleStore {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        self.call(move || self.store.acquire(name, holder, ttl))
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        self.call(move || self.store.renew(lease, ttl))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        self.call(move || Leases::release(&self.store, lease))
    }
}

impl LimitStore for BrittleStore {
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>> {
        self.call(move || self.store.reserve(ask))
    }

    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool> {
        self.call(move || self.store.confirm(key, grant))
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()> {
        self.call(move || self.store.penalise(key, now, closed_for))
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        LimitStore::release(&self.store, key, grant);
    }
}
