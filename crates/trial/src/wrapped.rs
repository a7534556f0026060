//! A store with something around every call of it.

use std::{fmt, sync::Arc, time::Duration};

use common_core::{
    clock::Tick,
    limit::{Ask, Grant, LimitKey, LimitStore},
    store::{
        Change, Entries, Entry, Expect, Journals, Lease, Leases, Position, Record, Records,
        StoreResult, Swap,
    },
};

/// What is done around the calls of a store.
pub trait Around: fmt::Debug + Send + Sync {
    /// Makes the call, or does not; the store does nothing before the call is polled.
    fn around<'a, T: Send + 'a>(&'a self, call: StoreResult<'a, T>) -> StoreResult<'a, T>;
}

/// A store whose every call goes through something else.
///
/// Only a place within limits that is given back does not, since nobody waits for that.
#[derive(Debug)]
pub struct Wrapped<S, A> {
    store: Arc<S>,
    /// What is around it.
    pub around: A,
}

impl<S, A> Wrapped<S, A> {
    /// The store with that around it.
    pub fn new(store: impl Into<Arc<S>>, around: A) -> Self {
        Self { store: store.into(), around }
    }
}

impl<S, A: Clone> Clone for Wrapped<S, A> {
    fn clone(&self) -> Self {
        Self::new(self.store.clone(), self.around.clone())
    }
}

impl<S: Send + Sync, A: Around> Wrapped<S, A> {
    fn call<'a, T: Send + 'a>(
        &'a self,
        call: impl FnOnce(&'a S) -> StoreResult<'a, T> + Send + 'a,
    ) -> StoreResult<'a, T> {
        self.around.around(Box::pin(async move { call(&self.store).await }))
    }
}

impl<S: Journals, A: Around> Journals for Wrapped<S, A> {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        self.call(move |store| store.append(journal, entries, under))
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        self.call(move |store| store.read(journal, which, after, limit))
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        self.call(move |store| store.acknowledge(journal, positions, under))
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        self.call(move |store| store.compact(journal))
    }
}

impl<S: Records, A: Around> Records for Wrapped<S, A> {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        self.call(move |store| store.get(key))
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        self.call(move |store| store.swap(key, expect, change, under))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        self.call(move |store| store.list(prefix, after, limit))
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.call(|store| store.sweep())
    }
}

impl<S: Leases, A: Around> Leases for Wrapped<S, A> {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        self.call(move |store| store.acquire(name, holder, ttl))
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        self.call(move |store| store.renew(lease, ttl))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        self.call(move |store| Leases::release(store, lease))
    }
}

impl<S: LimitStore, A: Around> LimitStore for Wrapped<S, A> {
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>> {
        self.call(move |store| store.reserve(ask))
    }

    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool> {
        self.call(move |store| store.confirm(key, grant))
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()> {
        self.call(move |store| store.penalise(key, now, closed_for))
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        LimitStore::release(&*self.store, key, grant);
    }
}
