//! Receiving that has neither gaps nor duplicates, whatever breaks (KSeF 2.0 facts §10.3 and §19).
//!
//! A [`Collector`] asks KSeF for what was stored since the last time and puts it into an [`Inbox`],
//! which is kept in a store. The owner reads [arrivals](Inbox::arrivals) from there and
//! [takes](Inbox::take) them. Each role in which the context appears in invoices
//! (`InvoiceQuerySubjectType`) has its own row of arrivals and its own [`Checkpoint`].
//!
//! # Why nothing is missed and nothing comes twice
//!
//! 1. Only what was stored up to the **high water mark** is asked for: behind it, invoices with an
//!    earlier date may still appear.
//! 2. No question spans more than 100 days, and one that KSeF cut after 10,000 invoices goes on from
//!    its last one.
//! 3. Questions overlap at their edges. A checkpoint knows the invoices at its edge, so that those
//!    are left out when they come again.
//! 4. Arrivals and the checkpoint behind them are stored **in one step**: a process that dies has
//!    stored both or neither. Documents, if they are fetched, are in their files before.
//! 5. One collector at a time works on a role. Another one takes over when it dies.
//!
//! A checkpoint is plain data: whoever keeps one can [start over](Inbox::start_over) from it, and
//! gets everything behind it once.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//!
//! use common_core::{clock::SystemClock, store::{Position, Store}};
//! use common_store::MemoryStore;
//! use ksef_client::v2::{
//!     Client, Environment,
//!     inbox::{Collected, CollectorOptions, Inbox},
//!     login::Credential,
//!     wire::InvoiceQuerySubjectType::Subject2,
//! };
//! use ksef_crypto::number::ContextIdentifier;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sandbox = sandbox::Sandbox::builder().calm().start().await?;
//! # let token = sandbox.ksef_v2().token("9990000126").ok_or("no token")?;
//! # let environment = Environment::at(&sandbox.ksef_v2().base_url())?;
//! # let since = "2026-01-01T00:00:00Z".parse()?;
//! # let plan = sandbox::ksef_v2::SeedPlan::new("9990000103", "9990000126", 3, since);
//! # sandbox.ksef_v2().seed_invoices(&plan);
//! // In a program that has to survive, an `SqliteStore` or a `PostgresStore`.
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
//! let inbox = Inbox::new(store, "nip-9990000126")?;
//!
//! let client = Client::builder(environment).build()?;
//! let context = ContextIdentifier::parse("Nip", "9990000126")?;
//! let account = client.account(context).credential(Credential::token(token)).build();
//! let collector = inbox.collector(account, CollectorOptions::new("host-1", since));
//! assert_eq!(collector.step(Subject2).await?, Collected::All(3));
//!
//! // Take them out when they are safe elsewhere.
//! for arrival in inbox.arrivals(Subject2, Position::START, 100).await? {
//!     println!("{}", arrival.metadata.ksef_number);
//!     inbox.take(Subject2, &[arrival.position]).await?;
//! }
//! # Ok(()) }
//! ```

mod arrival;
mod checkpoint;
mod collector;
mod documents;

use std::{fmt, sync::Arc};

use common_core::{
    open::Code as _,
    store::{Change, Entries, Expect, Lease, Position, Record, Store, Swap},
};

use crate::v2::{
    durable::{DurableError, check_name, under_lease},
    wire::InvoiceQuerySubjectType,
};

pub use arrival::Arrival;
pub use checkpoint::Checkpoint;
pub use collector::{Collected, Collector, CollectorOptions};

use arrival::Written;
use checkpoint::Mark;

/// Entries are read from the store so many at a time.
const SLICE: usize = 1000;

/// Received invoices in a store, until their owner takes them. Clones share it.
#[derive(Clone)]
pub struct Inbox {
    store: Arc<dyn Store>,
    name: String,
}

impl Inbox {
    /// The inbox of that name in a store; one for each context, as `nip-1111111111`.
    ///
    /// Names are as those of an [`Outbox`](crate::v2::outbox::Outbox).
    pub fn new(store: Arc<dyn Store>, name: &str) -> Result<Self, DurableError> {
        check_name(name)?;
        Ok(Self { store, name: name.to_owned() })
    }

    /// Arrivals in that role behind a place that nobody has taken, at most `limit`, in the order in
    /// which KSeF stored them; begin with [`Position::START`].
    pub async fn arrivals(
        &self,
        role: InvoiceQuerySubjectType,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Arrival>, DurableError> {
        let entries = self.store.read(&self.journal(role), Entries::Open, after, limit).await?;
        let arrival = |entry: common_core::store::Entry| {
            let written = Written::decode(&entry.payload)?;
            Ok(Arrival { position: entry.position, role, metadata: written.metadata })
        };
        entries.into_iter().map(arrival).collect()
    }

    /// Takes arrivals out, for good; answers how many were still there. Do it after they are safe
    /// elsewhere: what was read and not taken is read again.
    pub async fn take(
        &self,
        role: InvoiceQuerySubjectType,
        positions: &[Position],
    ) -> Result<u64, DurableError> {
        Ok(self.store.acknowledge(&self.journal(role), positions, None).await?)
    }

    /// How far the collector has come in that role; `None` before its first success.
    pub async fn checkpoint(
        &self,
        role: InvoiceQuerySubjectType,
    ) -> Result<Option<Checkpoint>, DurableError> {
        Ok(self.mark(role).await?.map(|(mark, _)| mark.checkpoint))
    }

    /// Lets the collector begin again from a checkpoint: everything behind it arrives once more, once.
    ///
    /// `Ok(false)` says that a collector is at work on that role at the moment, and nothing was
    /// changed.
    pub async fn start_over(
        &self,
        role: InvoiceQuerySubjectType,
        checkpoint: Checkpoint,
    ) -> Result<bool, DurableError> {
        let holder = ("start-over", std::time::Duration::from_secs(60));
        let work = |lease| async move {
            let mark = self.mark(role).await?;
            let position = mark.map_or(Position::START, |(mark, _)| mark.position);
            let mark = Mark { checkpoint, position, asked: None };
            self.write(role, &mark, Expect::Anything, Some(&lease)).await
        };
        let done = under_lease(&*self.store, &self.lease_name(role), holder, work).await?;
        Ok(done.is_some())
    }

    /// Makes room: removes what was taken.
    pub async fn compact(&self, role: InvoiceQuerySubjectType) -> Result<u64, DurableError> {
        // The newest checkpoint may be known from the newest arrival alone; it must outlive it.
        if let Some((mark, version)) = self.mark(role).await?
            && version.is_none_or(|(_, is_newest)| !is_newest)
        {
            let expect = version.map_or(Expect::Absent, |(version, _)| Expect::Version(version));
            self.write(role, &mark, expect, None).await?;
        }
        Ok(self.store.compact(&self.journal(role)).await?)
    }

    /// The newest mark: the one in its record, or the one that a later arrival carries. With it comes
    /// the record's version and whether the record is the newest.
    async fn mark(&self, role: InvoiceQuerySubjectType) -> Result<Option<Found>, DurableError> {
        let record = self.store.get(&self.record(role)).await?;
        let kept = record.as_ref().map(read_mark).transpose()?;
        let version = record.map(|record| record.version);
        let mut after = kept.as_ref().map_or(Position::START, |mark: &Mark| mark.position);
        let mut newest = None;
        loop {
            let journal = self.journal(role);
            let entries = self.store.read(&journal, Entries::All, after, SLICE).await?;
            let Some(last) = entries.last() else { break };
            after = last.position;
            for entry in entries {
                if let Some(checkpoint) = Written::decode(&entry.payload)?.checkpoint {
                    let position = entry.position;
                    newest = Some(Mark { checkpoint, position, asked: None });
                }
            }
        }
        let is_newest = newest.is_none();
        let mark = newest.or(kept);
        Ok(mark.map(|mark| (mark, version.map(|version| (version, is_newest)))))
    }

    async fn write(
        &self,
        role: InvoiceQuerySubjectType,
        mark: &Mark,
        expect: Expect,
        under: Option<&Lease>,
    ) -> Result<(), DurableError> {
        let change = Change::Put { value: mark.encode(), expires_at: None };
        match self.store.swap(&self.record(role), expect, change, under).await? {
            // Somebody wrote a newer mark meanwhile, which is as good.
            Swap::Done(_) | Swap::Conflict(_) => Ok(()),
        }
    }

    fn journal(&self, role: InvoiceQuerySubjectType) -> String {
        format!("ksef2/{}/in/{}/arrivals", self.name, role.raw())
    }

    fn record(&self, role: InvoiceQuerySubjectType) -> String {
        format!("ksef2/{}/in/{}/checkpoint", self.name, role.raw())
    }

    fn lease_name(&self, role: InvoiceQuerySubjectType) -> String {
        format!("ksef2/{}/in/{}/collector", self.name, role.raw())
    }
}

/// A mark, and the version of its record with whether that is the newest.
type Found = (Mark, Option<(common_core::store::Version, bool)>);

fn read_mark(record: &Record) -> Result<Mark, DurableError> {
    Mark::decode(&record.value)
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("name", &self.name).finish_non_exhaustive()
    }
}
