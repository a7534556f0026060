//! Sending that loses nothing and sends nothing twice, whatever breaks (KSeF 2.0 facts §19).
//!
//! An [`Outbox`] keeps invoices in a store until KSeF has decided about them. [`put`](Outbox::put) is
//! durable when it returns; a [`Carrier`] takes them to KSeF, in this process or in another one, now
//! or after the next start; [`fate`](Outbox::fate) tells what became of each.
//!
//! # Why nothing is issued twice
//!
//! 1. Invoices are put together into **parcels**. Which invoices a parcel holds is stored, and so is
//!    the session that they go into, before the first of them is sent.
//! 2. An invoice is sent **once in a session**. When an answer is lost, or the process dies, nobody
//!    guesses: the session is closed, its list of invoices is read, and each invoice is found by the
//!    hash of its bytes, or is not there.
//! 3. Only a session that has ended says for certain that an invoice is not in it, because nothing
//!    can arrive any more. What is missing then goes into the next session.
//! 4. A parcel belongs to the carrier that holds its lease. One that dies loses it, and another takes
//!    the parcel over; one that only slept finds its session closed.
//! 5. Should KSeF know an invoice already (status 440), the one that it names is looked up: with the
//!    same bytes it is this very invoice, and it counts as issued.
//!
//! The same bytes are one invoice: putting them in again gives the fate of the first time, also years
//! later, as long as it was not [forgotten](Outbox::forget).
//!
//! # Offline
//!
//! Invoices that were issued offline say so ([`Draft::offline`]) and go out by their deadlines, the
//! nearest first. [`waiting`](Outbox::waiting) lists what is still here, and
//! [`Deadline`](crate::v2::offline::Deadline) computes until when each has to be sent.
//!
//! # Examples
//!
//! ```
//! use std::sync::Arc;
//!
//! use common_core::{clock::SystemClock, store::Store};
//! use common_store::MemoryStore;
//! use ksef_client::v2::{
//!     Client, Environment, FormCode,
//!     login::Credential,
//!     outbox::{CarrierOptions, Draft, Fate, Outbox},
//! };
//! use ksef_crypto::number::ContextIdentifier;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sandbox = sandbox::Sandbox::builder().calm().start().await?;
//! # let token = sandbox.ksef_v2().token("9990000103").ok_or("no token")?;
//! # let environment = Environment::at(&sandbox.ksef_v2().base_url())?;
//! // In a program that has to survive, an `SqliteStore` or a `PostgresStore`.
//! let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
//! let outbox = Outbox::new(store, "nip-9990000103")?;
//!
//! // Whoever issues invoices puts them in, and need not wait.
//! let draft = Draft::new(&b"<Faktura/>"[..], FormCode::FA_3);
//! outbox.put(&draft).await?;
//!
//! // Somebody carries them: once, or for ever by `run`.
//! let client = Client::builder(environment).build()?;
//! let context = ContextIdentifier::parse("Nip", "9990000103")?;
//! let account = client.account(context).credential(Credential::token(token)).build();
//! let carrier = outbox.carrier(account, CarrierOptions::new("host-1"));
//! carrier.step().await?;
//!
//! // This was no invoice, and its fate says so.
//! let fate = outbox.fate(&draft.hash()).await?;
//! assert!(matches!(fate, Some(Fate::Refused(_))));
//! # Ok(()) }
//! ```

mod carrier;
mod draft;
mod fate;
mod journey;
mod names;
mod parcel;
mod sorting;
mod verdict;

use std::{fmt, sync::Arc};

use common_core::store::{Change, Entries, Expect, Position, Store};
use ksef_crypto::link::InvoiceHash;

pub use carrier::{Carrier, CarrierOptions, Step};
pub use draft::{Draft, Issue, Waiting};
pub use fate::{Fate, Issued, Refusal};

use names::Names;

use crate::v2::durable::DurableError;

/// Invoices on their way to KSeF, in a store. Clones share it.
#[derive(Clone)]
pub struct Outbox {
    store: Arc<dyn Store>,
    names: Names,
}

impl Outbox {
    /// The outbox of that name in a store; one for each context, as `nip-1111111111`.
    ///
    /// Names are up to 64 letters, digits, hyphens, dots and underscores; others are refused with
    /// [`DurableError::Name`]. Carriers of one name share the work, so all must log in to the same
    /// context.
    pub fn new(store: Arc<dyn Store>, name: &str) -> Result<Self, DurableError> {
        Ok(Self { store, names: Names::new(name)? })
    }

    /// Puts an invoice in. It is durable when this returns; the same bytes are put in once.
    ///
    /// After an error, and when the process dies on the way, put it in again.
    pub async fn put(&self, draft: &Draft) -> Result<Fate, DurableError> {
        let hash = draft.hash();
        if let Some(fate) = self.fate(&hash).await? {
            return Ok(fate);
        }
        self.store.append(self.names.journal(), vec![draft.encode()], None).await?;
        let change = Change::Put { value: Fate::Waiting.encode(), expires_at: None };
        let key = self.names.fate(&hash);
        // Whoever was quicker put in the same bytes; the carrier takes one of them.
        self.store.swap(&key, Expect::Absent, change, None).await?;
        Ok(Fate::Waiting)
    }

    /// What became of an invoice; `None` when it was never put in, or was forgotten.
    pub async fn fate(&self, hash: &InvoiceHash) -> Result<Option<Fate>, DurableError> {
        match self.store.get(&self.names.fate(hash)).await? {
            Some(record) => Ok(Some(Fate::decode(&record.value)?)),
            None => Ok(None),
        }
    }

    /// The fates of invoices whose hashes follow `after`, at most `limit`, in the order of the
    /// hashes.
    pub async fn fates(
        &self,
        after: Option<&InvoiceHash>,
        limit: usize,
    ) -> Result<Vec<(InvoiceHash, Fate)>, DurableError> {
        let after = after.map(|hash| self.names.fate(hash));
        let records = self.store.list(self.names.fates(), after.as_deref(), limit).await?;
        let read = |(key, record): (String, common_core::store::Record)| {
            let hash =
                self.names.hash_of(&key).ok_or(DurableError::Corrupt("the key of a fate"))?;
            Ok((hash, Fate::decode(&record.value)?))
        };
        records.into_iter().map(read).collect()
    }

    /// Forgets what became of an invoice; answers whether there was something to forget. One that is
    /// still on its way is never forgotten.
    ///
    /// Afterwards the same bytes can be put in again; KSeF itself knows them for ten years.
    pub async fn forget(&self, hash: &InvoiceHash) -> Result<bool, DurableError> {
        let key = self.names.fate(hash);
        let Some(record) = self.store.get(&key).await? else { return Ok(false) };
        if Fate::decode(&record.value)? == Fate::Waiting {
            return Ok(false);
        }
        let expect = Expect::Version(record.version);
        let swap = self.store.swap(&key, expect, Change::Remove, None).await?;
        Ok(matches!(swap, common_core::store::Swap::Done(_)))
    }

    /// What is still here behind that place, at most `limit`, in the order in which it was put in;
    /// begin with [`Position::START`].
    pub async fn waiting(
        &self,
        after: Position,
        limit: usize,
    ) -> Result<Vec<Waiting>, DurableError> {
        let entries = self.store.read(self.names.journal(), Entries::Open, after, limit).await?;
        entries.into_iter().map(|entry| Waiting::decode(entry.position, &entry.payload)).collect()
    }

    /// Makes room: removes what KSeF has decided about for good. Fates stay.
    pub async fn compact(&self) -> Result<u64, DurableError> {
        Ok(self.store.compact(self.names.journal()).await?)
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("names", &self.names).finish_non_exhaustive()
    }
}
