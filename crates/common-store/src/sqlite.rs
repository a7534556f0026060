//! State in a file, for one process or several on one machine; why SQLite tells
//! `docs/adr/0005-embedded-engine.md`.

mod fault;
mod journals;
mod leases;
mod logs;
mod number;
mod records;
mod schema;
mod worker;

use std::{fmt, path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::{
    clock::{Clock, SystemClock, Tick},
    limit::{Ask, Grant, LimitKey, LimitStore},
    store::{
        Change, Entries, Entry, Expect, Journals, Lease, Leases, Position, Record, Records,
        StoreError, StoreResult, Swap,
    },
};
use rusqlite::Connection;

use self::{
    fault::Fault,
    worker::{Access, Worker, ended},
};
use crate::limits;

/// A store in one SQLite file. Clones share it.
///
/// A thread of its own owns the file. Writes of callers that come together are committed together,
/// and every caller gets its answer only after the commit has been forced to the disk. A future
/// that is dropped before its answer leaves its write done or not done, as a crash would.
///
/// Several stores, in one process or in several on the same machine, may have the same file open:
/// they take turns, each for one commit. A file on a network file system is not safe.
///
/// Dropping the last clone waits until everything queued is done.
#[derive(Clone)]
pub struct SqliteStore {
    worker: Arc<Worker>,
}

impl SqliteStore {
    /// Opens the store in that file, and makes the file when there is none.
    ///
    /// On Unix, a new file is readable for its owner only. The folder must exist. Beside the file
    /// stand, while it is open, `…-wal` and `…-shm`: they belong to it and are copied only with it.
    /// Opening blocks the thread for a moment: at most 30 seconds when other processes keep the
    /// file busy.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the file cannot be opened or made. `Corrupt` when it is no store, or was
    /// written by a newer version of this crate; it is left as it was.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::open_with_clock(path, Arc::new(SystemClock::new()))
    }

    /// [`open`](Self::open) with a clock of the caller's: for tests and simulations.
    ///
    /// Leases, ends of records and limits live by it, to the millisecond. Processes that share a
    /// file must have the same time.
    pub fn open_with_clock(
        path: impl AsRef<Path>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, StoreError> {
        let connection = schema::open(path.as_ref())?;
        let worker = Worker::start(connection, clock).map_err(|error| {
            StoreError::unavailable("no thread could be started").because(error)
        })?;
        Ok(Self { worker: Arc::new(worker) })
    }

    fn run<T: Send + 'static>(
        &self,
        access: Access,
        act: impl FnOnce(&Connection, DateTime<Utc>) -> Result<T, Fault> + Send + 'static,
    ) -> StoreResult<'_, T> {
        Box::pin(
            async move { self.worker.submit(access, act).await.unwrap_or_else(|_| Err(ended())) },
        )
    }

    fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection, DateTime<Utc>) -> Result<T, Fault> + Send + 'static,
    ) -> StoreResult<'_, T> {
        self.run(Access::Read, act)
    }

    fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Connection, DateTime<Utc>) -> Result<T, Fault> + Send + 'static,
    ) -> StoreResult<'_, T> {
        self.run(Access::Write, act)
    }

    /// Writes only while the lease, if there is one, holds.
    fn write_under<T: Send + 'static>(
        &self,
        under: Option<&Lease>,
        act: impl FnOnce(&Connection, DateTime<Utc>) -> Result<T, Fault> + Send + 'static,
    ) -> StoreResult<'_, T> {
        let under = under.cloned();
        self.write(move |file, now| {
            leases::check(file, under.as_ref(), now)?;
            act(file, now)
        })
    }
}

impl Journals for SqliteStore {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        let journal = journal.to_owned();
        self.write_under(under, move |file, _| journals::append(file, &journal, &entries))
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        let journal = journal.to_owned();
        self.read(move |file, _| journals::read(file, &journal, which, after, limit))
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        let (journal, positions) = (journal.to_owned(), positions.to_owned());
        self.write_under(under, move |file, _| journals::acknowledge(file, &journal, &positions))
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        let journal = journal.to_owned();
        self.write(move |file, _| journals::compact(file, &journal))
    }
}

impl Records for SqliteStore {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        let key = key.to_owned();
        self.read(move |file, now| records::get(file, &key, now))
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        let key = key.to_owned();
        self.write_under(under, move |file, now| records::swap(file, &key, expect, &change, now))
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        self.read(move |file, now| records::list(file, &prefix, after.as_deref(), limit, now))
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.write(records::sweep)
    }
}

impl Leases for SqliteStore {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write(move |file, now| leases::acquire(file, &name, &holder, ttl, now))
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        let lease = lease.clone();
        self.write(move |file, now| leases::renew(file, &lease, ttl, now))
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        let lease = lease.clone();
        self.write(move |file, now| leases::release(file, &lease, now))
    }
}

impl LimitStore for SqliteStore {
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>> {
        let (key, windows) = (ask.key.clone(), ask.windows.clone());
        let (tick, patience) = (ask.now, ask.patience);
        self.write(move |file, now| {
            let before = logs::load(file, &key)?;
            let mut log = before.clone();
            let ask = Ask { key: &key, windows: &windows, now: tick, patience };
            let answer = limits::reserve(&mut log, ask, now);
            if log != before {
                logs::save(file, &key, &log)?;
            }
            Ok(answer)
        })
    }

    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool> {
        let key = key.clone();
        self.read(move |file, _| Ok(logs::load(file, &key)?.holds_number(grant.number())))
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        _now: Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()> {
        let key = key.clone();
        self.write(move |file, now| {
            let mut log = logs::load(file, &key)?;
            limits::penalise(&mut log, now, closed_for);
            logs::save(file, &key, &log)
        })
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        let key = key.clone();
        let given_back = self.worker.submit(Access::Write, move |file, _| {
            let mut log = logs::load(file, &key)?;
            log.release_number(grant.number());
            logs::save(file, &key, &log)
        });
        // Nobody waits for it: a place that is not given back lapses.
        drop(given_back);
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SqliteStore(..)")
    }
}
