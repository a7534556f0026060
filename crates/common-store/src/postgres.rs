//! State shared by a fleet, in PostgreSQL 12 or newer; why it is made like this tells
//! `docs/adr/0006-fleet-engine.md`.
//!
//! # When the connection is lost
//!
//! A connection can break between a commit and its answer. The error is then
//! [`Unavailable`](crate::StoreErrorKind::Unavailable), and whether the write happened has to be
//! read:
//!
//! - after an append, read the journal behind the last place that is known;
//! - after a swap, get the record and compare its value;
//! - after acquiring or renewing a lease, acquire it again: its holder gets it anew;
//! - acknowledging, compacting, sweeping and giving back do no harm when they are repeated;
//! - a place of a limit that was taken without an answer lapses, which costs time only.
//!
//! A deadlock or a serialization failure is told by the server after it has undone everything;
//! the statement is then tried again here.

mod journals;
mod leases;
mod limits;
mod number;
mod options;
mod records;
mod schema;
mod session;

use std::{fmt, sync::Arc, time::SystemTime};

use common_core::{
    clock::{Clock, SystemClock, Tick},
    store::StoreError,
};
use tokio_postgres::{
    NoTls, Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

pub use self::options::PostgresOptions;
use self::session::Sessions;

/// A store in one schema of a PostgreSQL database. Clones share its connections.
///
/// All processes of a fleet that connect to the same schema share everything in it. The server's
/// clock decides when leases and records end and when a place of a limit is free; clocks of the
/// processes need not agree.
///
/// An answer means that the server has committed and, unless its administrator turned `fsync`
/// off, that the commit stands on its disk. A future that is dropped before its answer leaves its
/// write done or not done, as a crash would.
///
/// Places of a journal become visible in their order: a reader that goes on behind the last place
/// it saw misses nothing, however many processes append at once. For that, appends to one journal
/// take turns.
///
/// Names and keys must not hold the character U+0000, which PostgreSQL refuses. Times are kept to
/// the microsecond.
///
/// # Limits
///
/// The wait for a place is counted from the moment at which the server's answer arrived: a caller
/// is late by the time that the answer travelled, and early by the time that it let pass between
/// reading its clock and asking. The margin of [`Windows`](common_core::limit::Windows) has to
/// cover both.
/// Giving a place back needs a tokio runtime; from a thread without one, the place lapses.
#[derive(Clone)]
pub struct PostgresStore {
    sessions: Sessions,
    time: Time,
}

/// Whose time holds.
#[derive(Clone)]
enum Time {
    /// The server's. The local clock measures only how long an answer took.
    Server(SystemClock),
    /// That of a test.
    Given(Arc<dyn Clock>),
}

impl PostgresStore {
    /// Connects to the database at that address, a URL or `key=value` pairs as libpq takes them.
    ///
    /// Brings the tables of the store to the version of this crate; see
    /// [`connect_with`](Self::connect_with).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), common_store::StoreError> {
    /// use common_store::{Leases as _, PostgresStore};
    ///
    /// let store = PostgresStore::connect("postgres://fleet@localhost/fleet").await?;
    /// let lease = store.acquire("nightly", "worker-7", std::time::Duration::from_secs(30)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        Self::connect_with(PostgresOptions::new(url)?).await
    }

    /// Connects without TLS, which is right for a socket on this machine and refused for others.
    ///
    /// The schema is made when there is none, and its tables are brought to the version of this
    /// crate, by one process at a time. For that the role needs the right to create in the
    /// database; once the tables are there, rights on the schema's tables, sequences and
    /// functions are enough.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the server cannot be reached or is not on this machine. `Corrupt` when
    /// the tables were written by a newer version of this crate; they are left as they were.
    pub async fn connect_with(options: PostgresOptions) -> Result<Self, StoreError> {
        options.require_local()?;
        Self::connect_with_tls(options, NoTls).await
    }

    /// [`connect_with`](Self::connect_with) over TLS, made by a connector for `tokio_postgres`.
    ///
    /// Put `sslmode=require` into the address, or else a server without TLS is taken, too.
    pub async fn connect_with_tls<T>(options: PostgresOptions, tls: T) -> Result<Self, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + Sync,
        T::TlsConnect: Send + Sync,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let sessions = Sessions::open(&options, tls)?;
        let PostgresOptions { schema, clock, .. } = options;
        sessions.within_patience(schema::migrate(&sessions, &schema)).await?;
        let time = clock.map_or_else(|| Time::Server(SystemClock::new()), Time::Given);
        Ok(Self { sessions, time })
    }

    /// The time that statements take for the present; without one they ask the server's clock.
    fn now(&self) -> Option<SystemTime> {
        match &self.time {
            Time::Server(_) => None,
            Time::Given(clock) => Some(clock.now().into()),
        }
    }

    fn tick(&self) -> Tick {
        match &self.time {
            Time::Server(clock) => clock.tick(),
            Time::Given(clock) => clock.tick(),
        }
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PostgresStore(..)")
    }
}
