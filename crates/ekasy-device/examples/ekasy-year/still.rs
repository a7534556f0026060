//! A store for which virtual time stands still.
//!
//! Paused time moves on whenever nobody in the runtime has anything to do, and a task that waits
//! for the store's thread looks like that. Here a call of the store is over when it is first
//! polled.

use std::{
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
    time::Duration,
};

use common_store::{
    Change, Entries, Entry, Expect, Journals, Lease, Leases, Position, Record, Records,
    SqliteStore, StoreResult, Swap,
};

/// The store behind it.
#[derive(Debug)]
pub(crate) struct Still(pub(crate) SqliteStore);

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits on this thread. Without tokio's budget, which would have the call yield to nobody.
fn still<'a, T: Send + 'a>(call: StoreResult<'a, T>) -> StoreResult<'a, T> {
    Box::pin(async move {
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut call = pin!(tokio::task::unconstrained(call));
        loop {
            match call.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(answer) => return answer,
                Poll::Pending => thread::park(),
            }
        }
    })
}

impl Journals for Still {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        still(self.0.append(journal, entries, under))
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        still(self.0.read(journal, which, after, limit))
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        still(self.0.acknowledge(journal, positions, under))
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        still(self.0.compact(journal))
    }
}

impl Records for Still {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        still(self.0.get(key))
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        still(self.0.swap(key, expect, change, under))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        still(self.0.list(prefix, after, limit))
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        still(self.0.sweep())
    }
}

impl Leases for Still {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        still(self.0.acquire(name, holder, ttl))
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        still(self.0.renew(lease, ttl))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        still(self.0.release(lease))
    }
}
