//! One process of the fleet. It is ended from outside.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use common_core::{
    clock::{Clock as _, SystemClock},
    limit::{Ask, LimitKey, LimitStore as _},
};
use common_store::{
    Change, Entries, Entry, Expect, Journals as _, Lease, Leases, Position, PostgresStore,
    Records as _, StoreError, StoreErrorKind, Swap, postgres::PostgresOptions,
};

use crate::{
    Failure,
    plan::{DONE, EXPIRED, JOURNAL, LIMIT, TOKEN, TOKEN_TTL, TTL, windows},
    report::{Report, micros},
};

/// How long a worker waits before it asks for a lease again.
const PAUSE: Duration = Duration::from_millis(20);

/// How long an entry takes to be done.
const EFFORT: Duration = Duration::from_millis(8);

/// How long the token's service takes.
const REFRESH: Duration = Duration::from_millis(60);

/// Entries that a worker does before it lets others.
const TURN: usize = 8;

struct Worker {
    name: String,
    store: PostgresStore,
    clock: SystemClock,
}

/// Calls, refreshes and works at once, until it is killed.
pub(crate) async fn run(name: &str, url: &str, schema: &str) -> Result<(), Failure> {
    let options = PostgresOptions::new(url)?.schema(schema).connections(3);
    let store = PostgresStore::connect_with(options).await?;
    let worker = Worker { name: name.to_owned(), store, clock: SystemClock::new() };
    tokio::try_join!(worker.call(), worker.refresh(), worker.work())?;
    Ok(())
}

impl Worker {
    /// Asks for places for ever, and uses those that hold.
    async fn call(&self) -> Result<(), Failure> {
        let (key, windows) = (LimitKey::new(LIMIT), windows());
        loop {
            let now = self.clock.tick();
            let ask = Ask { key: &key, windows: &windows, now, patience: None };
            let Ok(grant) = self.store.reserve(ask).await? else { continue };
            tokio::time::sleep(grant.at().since(self.clock.tick())).await;
            if self.store.confirm(&key, grant).await? {
                let at = micros(self.clock.now());
                tell(Report::Called { number: grant.number(), at })?;
            }
        }
    }

    /// Sees to it that the token is good: one of the fleet refreshes it.
    async fn refresh(&self) -> Result<(), Failure> {
        loop {
            if let Some(fence) = self.good_token().await? {
                return tell(Report::Token { fence });
            }
            let lease = self.store.acquire(TOKEN, &self.name, TOKEN_TTL).await?;
            let Some(lease) = lease else {
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            self.refresh_under(&lease).await?;
            Leases::release(&self.store, &lease).await?;
        }
    }

    async fn refresh_under(&self, lease: &Lease) -> Result<(), Failure> {
        // Somebody may have been faster.
        let Some(record) = self.store.get(TOKEN).await? else { return Err("no token".into()) };
        if record.value != EXPIRED {
            return Ok(());
        }
        let fence = lease.fence.number();
        tell(Report::Refreshing { fence })?;
        tokio::time::sleep(REFRESH).await;
        let change = Change::Put { value: fence.to_string().into_bytes(), expires_at: None };
        let expect = Expect::Version(record.version);
        let swap = self.store.swap(TOKEN, expect, change, Some(lease)).await;
        unless_lost(swap).map(drop)
    }

    /// The fence under which the token was made, if it is good.
    async fn good_token(&self) -> Result<Option<u64>, Failure> {
        let record = self.store.get(TOKEN).await?.ok_or("no token")?;
        if record.value == EXPIRED {
            return Ok(None);
        }
        Ok(Some(String::from_utf8(record.value)?.parse()?))
    }

    /// Takes turns at the journal.
    async fn work(&self) -> Result<(), Failure> {
        loop {
            let lease = self.store.acquire(JOURNAL, &self.name, TTL).await?;
            if let Some(lease) = lease {
                let (fence, until) = (lease.fence.number(), micros(lease.until));
                tell(Report::Held { fence, at: micros(self.clock.now()), until })?;
                self.turn(lease).await?;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn turn(&self, lease: Lease) -> Result<(), Failure> {
        let fence = lease.fence.number();
        let entries = self.store.read(JOURNAL, Entries::Open, Position::START, TURN).await?;
        for entry in entries {
            let Some(renewed) = self.store.renew(&lease, TTL).await? else {
                // The write is tried all the same: it must be refused.
                return self.refused(&entry, &lease).await;
            };
            tell(Report::Kept { fence, until: micros(renewed.until) })?;
            tokio::time::sleep(EFFORT).await;
            if unless_lost(self.finish(&entry, &lease).await)?.is_none() {
                return tell(Report::Lost { fence });
            }
        }
        tell(Report::LettingGo { fence })?;
        Ok(Leases::release(&self.store, &lease).await?)
    }

    /// Does an entry, and marks it: both only under the lease, and the first only once.
    async fn finish(&self, entry: &Entry, lease: &Lease) -> Result<(), StoreError> {
        let key = format!("{DONE}{}", entry.position);
        let value = lease.fence.number().to_string().into_bytes();
        let change = Change::Put { value, expires_at: None };
        let swap = self.store.swap(&key, Expect::Absent, change, Some(lease)).await?;
        if matches!(swap, Swap::Done(_)) {
            let place = entry.position.number();
            tell(Report::Did { place })
                .map_err(|error| StoreError::unavailable("nobody listens").because(error))?;
        }
        tokio::time::sleep(EFFORT).await;
        self.store.acknowledge(JOURNAL, &[entry.position], Some(lease)).await.map(drop)
    }

    async fn refused(&self, entry: &Entry, lease: &Lease) -> Result<(), Failure> {
        match unless_lost(self.finish(entry, lease).await)? {
            None => tell(Report::Lost { fence: lease.fence.number() }),
            Some(()) => Err("a write under a lost lease was done".into()),
        }
    }
}

/// Nothing when the lease was lost.
fn unless_lost<T>(answer: Result<T, StoreError>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == StoreErrorKind::LeaseLost => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// One write to a pipe: a line is there whole or not at all.
fn tell(report: Report) -> Result<(), Failure> {
    let line = format!("{report}\n");
    let mut out = io::stdout().lock();
    out.write_all(line.as_bytes())?;
    Ok(out.flush()?)
}
