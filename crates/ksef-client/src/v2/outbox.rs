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
//!    can arrive any more. What is missing then goes into the next session, and so does what even its
//!    end does not tell, because it failed or may not be seen any more: 5 says whether it was there.
//!    A batch that nobody closed is never processed, so one whose upload cannot be gone on with is
//!    left at once; that it is going to be closed is stored before.
//! 4. A parcel belongs to the carrier that holds its lease. One that dies loses it, and another takes
//!    the parcel over; one that only slept finds its session closed, or its lease gone.
//! 5. Should KSeF know an invoice already (status 440), the one that it names is looked up: with the
//!    same bytes it is this very invoice, and it counts as issued.
//!
//! The same bytes are one invoice: putting them in again gives the fate of the first time once it has
//! one, also years later, as long as it was not [forgotten](Outbox::forget).
//!
//! # Offline
//!
//! Invoices that were issued offline say so ([`Draft::offline`]) and are sent with the nearest deadline
//! first. [`issue`](Outbox::issue) puts one in and hands over KOD I and KOD II, which are kept
//! as they were printed; [`timetable`](Outbox::timetable) lists until when each has to be sent, and
//! what was missed, by all outages that carriers heard of or that were
//! [entered](Outbox::enter_outage).
//!
//! # Fates come early
//!
//! KSeF decides about the invoices of an interactive session one by one. A carrier stores each number,
//! and each refusal of what an invoice holds, when it hears of it, so a KSeF number is there while the rest of the session is still under way,
//! and [`Issued::confirmation`] fetches its confirmation.
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
mod confirmation;
mod draft;
mod fate;
mod journey;
mod lamp;
mod names;
mod offline;
mod options;
mod parcel;
mod sorting;
mod verdict;

use std::{fmt, sync::Arc};

use common_core::store::{Change, Entries, Entry, Expect, Position, Record, Store, Swap, Version};
use common_store::{SealKey, SealedRecords};
use ksef_crypto::link::InvoiceHash;

pub use carrier::{Carrier, Step};
pub use confirmation::Confirmation;
pub use draft::{Draft, Issue, Waiting};
pub use fate::{Fate, Issued, Refusal};
pub use offline::{Dated, OfflineInvoice, Timetable};
pub use options::CarrierOptions;

use fate::Known;
use names::Names;

use crate::{
    check::{Profile, check},
    v2::durable::DurableError,
};

/// Invoices on their way to KSeF, in a store. Clones share it.
#[derive(Clone)]
pub struct Outbox {
    store: Arc<dyn Store>,
    names: Names,
    profile: Option<Arc<Profile>>,
    sealed: Option<Arc<SealedRecords<Arc<dyn Store>>>>,
}

impl Outbox {
    /// The outbox of that name in a store; one for each context, as `nip-1111111111`.
    ///
    /// Names are up to 64 letters, digits, hyphens, dots and underscores; others are refused with
    /// [`DurableError::Name`]. Carriers of one name share the work, so all must log in to the same
    /// context.
    pub fn new(store: Arc<dyn Store>, name: &str) -> Result<Self, DurableError> {
        Ok(Self { store, names: Names::new(name)?, profile: None, sealed: None })
    }

    /// Checks what is put in before it is stored: an invoice that KSeF would refuse is refused at
    /// once, with all findings ([`DurableError::Findings`]). The form is that of the draft.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use common_core::{clock::SystemClock, store::Store};
    /// # use common_store::MemoryStore;
    /// use ksef_client::{
    ///     check::Profile,
    ///     v2::{DurableError, Environment, FormCode, outbox::{Draft, Outbox}},
    /// };
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    /// let profile = Profile::at(&Environment::Production);
    /// let outbox = Outbox::new(store, "nip-1111111111")?.checked(profile);
    /// let draft = Draft::new(&b"<Faktura/>"[..], FormCode::FA_3);
    /// match outbox.put(&draft).await {
    ///     Err(DurableError::Findings(report)) => assert!(!report.passes()),
    ///     other => panic!("{other:?}"),
    /// }
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn checked(mut self, profile: Profile) -> Self {
        self.profile = Some(Arc::new(profile));
        self
    }

    /// Keeps what the upload of a batch needs in the store, sealed with that key: a carrier that
    /// takes over, with the same folder, uploads only the parts that are missing. Without it the
    /// batch is made and sent anew.
    #[must_use]
    pub fn sealed(mut self, key: SealKey) -> Self {
        self.sealed = Some(Arc::new(SealedRecords::new(Arc::clone(&self.store), key)));
        self
    }

    /// Puts an invoice in. It is durable when this returns; the same bytes are put in once.
    ///
    /// One that waits and is put in otherwise than before, as issued offline for instance, goes out as
    /// it was put in last; where it is on its way already, it goes once more, and KSeF knows it by its
    /// bytes. After an error, and when the process dies
    /// on the way, put it in again.
    pub async fn put(&self, draft: &Draft) -> Result<Fate, DurableError> {
        let hash = draft.hash();
        let key = self.names.fate(&hash);
        let mut known = self.known(&hash).await?;
        loop {
            let expect = match &known {
                None => {
                    self.check(draft)?;
                    Expect::Absent
                }
                Some((known, version)) => {
                    if known.fate.is_final() || self.has(known.place(), draft).await? {
                        return Ok(known.fate.clone());
                    }
                    Expect::Version(*version)
                }
            };
            let places =
                self.store.append(self.names.journal(), vec![draft.encode()], None).await?;
            let place = places.first().ok_or(DurableError::Corrupt("a journal without places"))?;
            let change = Known::waiting(*place).put();
            match self.store.swap(&key, expect, change, None).await? {
                Swap::Done(_) if self.has(Some(*place), draft).await? => return Ok(Fate::Waiting),
                // A carrier found it before this, and it has been decided about meanwhile.
                Swap::Done(_) => known = self.known(&hash).await?,
                Swap::Conflict(record) => {
                    known = record.as_ref().map(read_known).transpose()?;
                    if known.as_ref().is_some_and(|(known, _)| known.place() == Some(*place)) {
                        // A carrier has found it already.
                        return Ok(Fate::Waiting);
                    }
                    // Somebody was quicker to put in the same bytes.
                    self.store.acknowledge(self.names.journal(), &places, None).await?;
                }
            }
        }
    }

    /// Whether that place holds the draft, put in as it is put in now.
    async fn has(&self, place: Option<Position>, draft: &Draft) -> Result<bool, DurableError> {
        let Some(place) = place else { return Ok(false) };
        let entry = self.entry(place).await?.filter(|entry| !entry.acknowledged);
        Ok(entry.is_some_and(|entry| entry.payload == draft.encode()))
    }

    /// What stands at a place of the journal.
    async fn entry(&self, place: Position) -> Result<Option<Entry>, DurableError> {
        let before = Position::new(place.number().saturating_sub(1));
        let entries = self.store.read(self.names.journal(), Entries::All, before, 1).await?;
        Ok(entries.into_iter().find(|entry| entry.position == place))
    }

    /// What is stored of an invoice.
    async fn known(&self, hash: &InvoiceHash) -> Result<Option<(Known, Version)>, DurableError> {
        self.store.get(&self.names.fate(hash)).await?.as_ref().map(read_known).transpose()
    }

    fn check(&self, draft: &Draft) -> Result<(), DurableError> {
        let Some(profile) = &self.profile else { return Ok(()) };
        let profile = Profile::clone(profile).form(draft.form().clone());
        let report = check(draft.bytes(), &profile);
        if report.passes() { Ok(()) } else { Err(DurableError::Findings(Box::new(report))) }
    }

    /// What became of an invoice; `None` when it was never put in, or was forgotten.
    pub async fn fate(&self, hash: &InvoiceHash) -> Result<Option<Fate>, DurableError> {
        Ok(self.known(hash).await?.map(|(known, _)| known.fate))
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
        let read = |(key, record): (String, Record)| {
            let hash =
                self.names.hash_of(&key).ok_or(DurableError::Corrupt("the key of a fate"))?;
            Ok((hash, read_known(&record)?.0.fate))
        };
        records.into_iter().map(read).collect()
    }

    /// Forgets what became of an invoice; answers whether there was something to forget. One that is
    /// still on its way is never forgotten.
    ///
    /// Afterwards the same bytes can be put in again; KSeF itself knows them for ten years.
    pub async fn forget(&self, hash: &InvoiceHash) -> Result<bool, DurableError> {
        let Some((known, version)) = self.known(hash).await? else { return Ok(false) };
        if !known.fate.is_final() {
            return Ok(false);
        }
        let (key, expect) = (self.names.fate(hash), Expect::Version(version));
        let swap = self.store.swap(&key, expect, Change::Remove, None).await?;
        if !matches!(swap, Swap::Done(_)) {
            return Ok(false);
        }
        let codes = self.names.codes(hash);
        self.store.swap(&codes, Expect::Anything, Change::Remove, None).await?;
        Ok(true)
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

fn read_known(record: &Record) -> Result<(Known, Version), DurableError> {
    Ok((Known::decode(&record.value)?, record.version))
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("names", &self.names).finish_non_exhaustive()
    }
}
