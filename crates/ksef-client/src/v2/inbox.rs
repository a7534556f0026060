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
//!    earlier date may still appear. A package is made up to a mark that was told before.
//! 2. No question spans more than 100 days, and one that KSeF cut after 10,000 invoices goes on from
//!    its last one. Where pages repeat an invoice, others may have changed places with it: a new
//!    question begins there.
//! 3. Questions overlap at their edges. A checkpoint knows the invoices at its edge, so that those
//!    are left out when they come again.
//! 4. Arrivals and the checkpoint behind them are stored **in one step**: a process that dies has
//!    stored both or neither. Documents, if they are fetched, are in their files before.
//! 5. One collector at a time works on a role. Another one takes over when it dies.
//!
//! What cannot be read without a gap is an error and not passed over: more than 10,000 invoices that
//! were stored at the same moment, an answer without a mark, a package that lacks what it announces.
//! The account's clock only says when a role is asked for again, and where windows of 100 days end; it
//! may be a day behind.
//!
//! A checkpoint is plain data: whoever keeps one can [start over](Inbox::start_over) from it, and
//! gets everything behind it once.
//!
//! # How fast it is
//!
//! KSeF gives 20 pages of metadata an hour to a context, that is 5,000 invoices, and 20 packages, that
//! is up to 200,000, for all roles together (KSeF 2.0 facts §13.1). So collect
//! [documents](CollectorOptions::documents) where there are many, and let a collector begin not long
//! before the first invoice: every 100 days without any cost a page. What a collector needs besides
//! does not depend on how many invoices there are; the campaign `ksef-v2-million` shows it.
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
//! # let now = chrono::DateTime::<chrono::Utc>::from(std::time::SystemTime::now());
//! # let since = now - chrono::TimeDelta::days(1);
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
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use common_core::{
    open::Code as _,
    store::{Change, Entries, Entry, Expect, Lease, Position, Store, Swap},
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

/// Entries are read and written so many at a time.
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
        let arrival = |entry: Entry| {
            let written = Written::decode(&entry.payload)?;
            let Written { metadata, has_document, .. } = written;
            Ok(Arrival { position: entry.position, role, metadata, has_document })
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
        if let Some(last) = positions.iter().max() {
            self.keep_checkpoint(role, *last).await?;
        }
        Ok(self.store.acknowledge(&self.journal(role), positions, None).await?)
    }

    /// How far the collector has come in that role; `None` before its first success.
    pub async fn checkpoint(
        &self,
        role: InvoiceQuerySubjectType,
    ) -> Result<Option<Checkpoint>, DurableError> {
        Ok(self.mark(role).await?.map(|found| found.mark.checkpoint))
    }

    /// Lets the collector begin again from a checkpoint: everything behind it arrives once more, once,
    /// in the role of the checkpoint.
    ///
    /// `Ok(false)` says that a collector is at work on that role at the moment, and nothing was
    /// changed.
    pub async fn start_over(&self, checkpoint: Checkpoint) -> Result<bool, DurableError> {
        let role = checkpoint.role();
        let work = |lease| async move {
            let found = self.mark(role).await?;
            let position = found.map_or(Position::START, |found| found.mark.position);
            self.write(role, &Mark { checkpoint, position, asked: None }, &lease).await
        };
        let holder = ("inbox: starts over", Duration::from_secs(60));
        let done = under_lease(&*self.store, &self.lease_name(role), holder, work).await?;
        Ok(done.is_some())
    }

    /// Makes room: removes what was taken.
    pub async fn compact(&self, role: InvoiceQuerySubjectType) -> Result<u64, DurableError> {
        Ok(self.store.compact(&self.journal(role)).await?)
    }

    /// The newest checkpoint may be known from the newest arrival alone. Before that one is taken, and
    /// may be removed, the checkpoint comes into its record.
    async fn keep_checkpoint(
        &self,
        role: InvoiceQuerySubjectType,
        last: Position,
    ) -> Result<(), DurableError> {
        loop {
            if let Some(record) = self.store.get(&self.record(role)).await?
                && Mark::decode(&record.value)?.position >= last
            {
                return Ok(());
            }
            // No arrival carries a checkpoint any more, or the record is the newest.
            let Some(Found { mark, expect: Some(expect) }) = self.mark(role).await? else {
                return Ok(());
            };
            let change = Change::Put { value: mark.encode(), expires_at: None };
            // After a conflict somebody else has written, perhaps no mark that is new enough.
            if let Swap::Done(_) = self.store.swap(&self.record(role), expect, change, None).await?
            {
                return Ok(());
            }
        }
    }

    /// The newest mark: the one in its record, or the one that a later arrival carries.
    async fn mark(&self, role: InvoiceQuerySubjectType) -> Result<Option<Found>, DurableError> {
        let record = self.store.get(&self.record(role)).await?;
        let expect = record.as_ref().map_or(Expect::Absent, |kept| Expect::Version(kept.version));
        let mark = record.map(|record| Mark::decode(&record.value)).transpose()?;
        let mut newest = mark.map(|mark| Found { mark, expect: None });
        let mut after = newest.as_ref().map_or(Position::START, |found| found.mark.position);
        loop {
            let journal = self.journal(role);
            let entries = self.store.read(&journal, Entries::All, after, SLICE).await?;
            let Some(last) = entries.last() else { return Ok(newest) };
            after = last.position;
            for entry in entries {
                if let Some(checkpoint) = Written::decode(&entry.payload)?.checkpoint {
                    let mark = Mark { checkpoint, position: entry.position, asked: None };
                    newest = Some(Found { mark, expect: Some(expect) });
                }
            }
        }
    }

    async fn write(
        &self,
        role: InvoiceQuerySubjectType,
        mark: &Mark,
        under: &Lease,
    ) -> Result<(), DurableError> {
        let change = Change::Put { value: mark.encode(), expires_at: None };
        // What stood there was read under the same lease, so that nothing newer can be overwritten.
        let record = self.record(role);
        self.store.swap(&record, Expect::Anything, change, Some(under)).await?;
        Ok(())
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

/// The newest mark.
struct Found {
    mark: Mark,
    /// What its record holds, if that is not this mark.
    expect: Option<Expect>,
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("name", &self.name).finish_non_exhaustive()
    }
}
