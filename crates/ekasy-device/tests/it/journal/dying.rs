//! A store that stops in the midst of its work.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use common_core::store::{
    Change, Entries, Entry, Expect, Journals, Lease, Leases, Position, Record, Records, StoreError,
    StoreResult, Swap,
};
use common_store::MemoryStore;

/// When the operation that fails has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It has not.
    Before,
    /// It has, and nobody is told.
    After,
}

/// What goes wrong at that operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing works from then on, as after a kill.
    Death,
    /// It answers an error, and the next operation works again.
    Error,
    /// It never answers; whoever waits gives up.
    Silence,
}

/// A store in memory whose operation number `at`, counted from 1, fails, and perhaps a later one.
#[derive(Clone, Debug)]
pub(crate) struct Dying {
    store: Arc<MemoryStore>,
    at: usize,
    /// The number of a second operation that fails; none at 0.
    again: usize,
    moment: Moment,
    fault: Fault,
    done: Arc<AtomicUsize>,
}

impl Dying {
    pub(crate) fn new(store: Arc<MemoryStore>, at: usize, moment: Moment, fault: Fault) -> Self {
        Self { store, at, again: 0, moment, fault, done: Arc::default() }
    }

    /// The operation so many later fails as well.
    pub(crate) fn and_again(self, later: usize) -> Self {
        Self { again: self.at + later, ..self }
    }

    /// Whether the operation that fails was reached.
    pub(crate) fn has_failed(&self) -> bool {
        self.done.load(Ordering::SeqCst) >= self.at
    }

    fn run<'a, T: Send + 'a>(&self, act: StoreResult<'a, T>) -> StoreResult<'a, T> {
        let number = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        let (at, moment, fault) = (self.at, self.moment, self.fault);
        let is_cut = number == at || number == self.again;
        Box::pin(async move {
            if number < at || (!is_cut && fault != Fault::Death) {
                return act.await;
            }
            if is_cut && moment == Moment::After {
                act.await?;
            }
            if fault == Fault::Silence {
                pending::<()>().await;
            }
            Err(StoreError::unavailable("the power is off"))
        })
    }
}

/// The store acts when it is polled, not before.
fn lazily<'a, T: Send + 'a>(
    act: impl FnOnce() -> StoreResult<'a, T> + Send + 'a,
) -> StoreResult<'a, T> {
    Box::pin(async move { act().await })
}

impl Journals for Dying {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        self.run(lazily(move || self.store.append(journal, entries, under)))
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        self.run(lazily(move || self.store.read(journal, which, after, limit)))
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        self.run(lazily(move || self.store.acknowledge(journal, positions, under)))
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        self.run(lazily(move || self.store.compact(journal)))
    }
}

impl Records for Dying {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        self.run(lazily(move || self.store.get(key)))
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        self.run(lazily(move || self.store.swap(key, expect, change, under)))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        self.run(lazily(move || self.store.list(prefix, after, limit)))
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.run(lazily(move || self.store.sweep()))
    }
}

impl Leases for Dying {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        self.run(lazily(move || self.store.acquire(name, holder, ttl)))
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        self.run(lazily(move || self.store.renew(lease, ttl)))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        self.run(lazily(move || self.store.release(lease)))
    }
}
