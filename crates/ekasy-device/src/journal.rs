//! The durable journal of one register: nothing is sent that does not stand here first.
//!
//! It keeps the documents, byte for byte; the sealed packages until the event hub has taken them;
//! what fiscalisation has reached; the evidence number and the schedule; the pinned certificates;
//! the token of the event hub, sealed; which commands of the repository were accepted and what
//! became of them; and the moment of the last command id.
//! Where it is kept is the caller's choice: any [`Engine`], a file of
//! [`SqliteStore`](common_store::SqliteStore) as a rule.
//!
//! # What a crash can do
//!
//! Every call is durable when it returns. A call that was cut off, by a crash, by an error of the
//! kind "unknown", or because its future was dropped, has happened whole or not at all, and the
//! next call finds out which ([recovery](#recovery)). There is no call that changes two things
//! that a reader could see apart:
//!
//! | call | one step that decides | cut off before it | cut off after it |
//! |---|---|---|---|
//! | [`append`](Journal::append) | one append of documents and declared gaps | the number is still free | the same call answers [`Appended::Before`] |
//! | [`store_packages`](Journal::store_packages) | one append of all the packages given | the documents are still to be packed | the same call is refused, [`next_package`](Journal::next_package) gives them |
//! | [`sent`](Journal::sent) | one acknowledgement | the package goes out once more, with the same bytes | the cursor has moved |
//! | [`withdraw`](Journal::withdraw) | one append of a note that names the packages | they are still to be sent | opening acknowledges them, without a move of the cursor |
//! | [`update_registration`](Journal::update_registration) | one record | the old one stands | the new one stands |
//! | [`set_pins`](Journal::set_pins), [`set_secret`](Journal::set_secret), … | one record | the old one stands | the new one stands |
//! | [`next_command_id`](Journal::next_command_id) | one record | the id was never used | the id is used up, and none is given twice |
//! | [`set_back_command_ids`](Journal::set_back_command_ids) | one record | the old moment stands | the new one stands |
//! | [`accept_command`](Journal::accept_command) | one record that must not exist | the command will be offered again | the same call answers what became of it |
//! | [`drop_documents`](Journal::drop_documents) | marks, then their removal | all are still there | only documents that were sent are gone |
//!
//! The cursor of what was sent is not stored beside the packages: it **is** the acknowledged
//! packages. It is written down as a record only before acknowledged packages are removed, and
//! counting it again from both never gives less than either.
//!
//! # One writer
//!
//! A journal holds a lease, and every write carries its fence. A second process is refused, or, if
//! it has the same holder's name, takes over, and the first one's next write fails with
//! [`JournalErrorKind::Lost`]. [`renew`](Journal::renew) keeps other holders away; without it they
//! may open the journal when the lease has ended. A lease goes by the engine's wall clock, so it
//! ends, too, when the clock is moved or the machine sleeps. If nobody has opened the journal by the
//! next write, that write takes the lease anew and goes on.
//! Engines do not fence the removal of what was acknowledged. One that a former holder had begun
//! and that happens late could remove packages that its successor has sent and not written down
//! yet; if the successor dies at that moment, it sends their documents once more. Nothing is lost
//! by it.
//!
//! # Recovery
//!
//! When a write ended without an answer, the next call takes the lease anew, with a new fence: a
//! write that is still under way somewhere carries the old one and is refused from then on. Then
//! it reads what stands there. Each run leaves its mark when it opens the journal, so a recovery
//! that was cut off itself, or a lease that only ended, is told apart from another run that took
//! over.
//!
//! # Memory
//!
//! Kept in memory are the last number, the heads of the packages that wait, and nothing of the
//! documents: [`Reader`] goes through any number of them page by page. Opening takes a few dozen
//! reads, and goes through the documents that were not packed yet.
//!
//! # Examples
//!
//! ```
//! use std::{sync::Arc, time::Duration};
//!
//! use common_core::{clock::SystemClock, secret::secret_bytes};
//! use common_store::{MemoryStore, SealKey};
//! use ekasy_device::{
//!     journal::{Appended, Document, Journal, Options},
//!     packing::DocumentKind,
//! };
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A register keeps its state in a file: `SqliteStore::open(path)?`.
//! let engine = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
//! let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
//! let options = Options::new("ABC1700000017".parse()?, "till 1", key);
//! let journal = Journal::open(engine, options).await?;
//!
//! let bytes = br#"{"paragon":{"JPKID":1}}"#.to_vec();
//! let receipt = Document::new("1".parse()?, DocumentKind::Receipt, bytes)?;
//! assert_eq!(journal.append(receipt.clone()).await?, Appended::Now);
//! // Repeating it after a crash does no harm.
//! assert_eq!(journal.append(receipt).await?, Appended::Before);
//! assert_eq!(journal.progress().await?.journalled, Some("1".parse()?));
//! # Ok(()) }
//! ```

mod commands;
mod document;
mod documents;
mod error;
mod kept;
mod names;
mod outbox;
mod packages;
mod reader;
mod records;
mod registration;
mod schema;
mod session;
mod shared_keys;

use std::{
    fmt,
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use common_core::store::{Journals, Leases, Records};
use common_store::SealKey;

pub use commands::{Acceptance, CommandState, Outcome};
pub use document::{Document, DocumentError, Journalled};
pub(crate) use documents::Page;
pub use documents::{Appended, Progress};
pub use error::{JournalError, JournalErrorKind};
pub use outbox::{Purpose, Stored};
pub use reader::Reader;
pub use records::{Pins, StoredToken};
pub use registration::{Fiscalisation, Registration, Schedule, Stage};
pub use schema::{DocumentSchema, SchemaViolation};

use self::{schema::Schema, session::Session};
use crate::ident::{JpkId, UniqueNumber};

/// What keeps a journal: every store of `common-store`.
pub trait Engine: Journals + Records + Leases {}

impl<T: Journals + Records + Leases> Engine for T {}

/// How a journal is opened.
#[derive(Debug)]
pub struct Options {
    number: UniqueNumber,
    holder: String,
    key: SealKey,
    older_keys: Vec<SealKey>,
    lease: Duration,
    first: JpkId,
    longest_gap: u64,
    schema: Schema,
}

impl Options {
    /// The journal of that register, driven by `holder`, with the key that seals its secrets.
    ///
    /// The holder is the name of the program on its machine: another run with the same name takes
    /// over at once, another name has to wait until the lease ends.
    pub fn new(number: UniqueNumber, holder: impl Into<String>, key: SealKey) -> Self {
        Self {
            number,
            holder: holder.into(),
            key,
            older_keys: Vec::new(),
            lease: Duration::from_secs(60),
            first: JpkId::MIN,
            longest_gap: 1_000_000,
            schema: Schema::default(),
        }
    }

    /// A key that opens secrets sealed before the key was changed.
    #[must_use]
    pub fn older_key(mut self, key: SealKey) -> Self {
        self.older_keys.push(key);
        self
    }

    /// How long the lease lasts without [`Journal::renew`]; a minute unless said otherwise.
    #[must_use]
    pub fn lease(mut self, ttl: Duration) -> Self {
        self.lease = ttl;
        self
    }

    /// The first number of an empty journal, for a register that has been at work before; 1 unless
    /// said otherwise.
    #[must_use]
    pub fn first(mut self, id: JpkId) -> Self {
        self.first = id;
        self
    }

    /// The most numbers that one declared gap may have; a million unless said otherwise.
    ///
    /// Each of them is sent as an `info`, so a slip of the register's counter would never end.
    #[must_use]
    pub fn longest_gap(mut self, numbers: u64) -> Self {
        self.longest_gap = numbers;
        self
    }

    /// Has every document looked at before it is journalled; none is unless this is set.
    #[must_use]
    pub fn schema(mut self, schema: impl DocumentSchema + 'static) -> Self {
        self.schema = Schema(Some(Arc::new(schema)));
        self
    }
}

/// The journal of one register. Clones share it.
#[derive(Clone)]
pub struct Journal {
    session: Arc<Session>,
}

impl Journal {
    /// Opens the journal of a register, or begins one.
    ///
    /// # Errors
    ///
    /// [`Busy`](JournalErrorKind::Busy) while another holder has it;
    /// [`Corrupt`](JournalErrorKind::Corrupt) when what stands there is no journal of this version;
    /// [`Store`](JournalErrorKind::Store) when the engine failed, or the lease was gone again before
    /// this run had left its mark.
    pub async fn open(engine: Arc<dyn Engine>, options: Options) -> Result<Self, JournalError> {
        Ok(Self { session: Arc::new(Session::open(engine, options).await?) })
    }

    /// The register.
    pub fn unique_number(&self) -> &UniqueNumber {
        self.session.number()
    }

    /// Makes the lease last from now on, or takes it anew when it has ended and nobody else has
    /// opened the journal. To be called at a third of [`Options::lease`] or so.
    ///
    /// # Errors
    ///
    /// [`Lost`](JournalErrorKind::Lost) when somebody else has the journal by now: stop the work.
    pub async fn renew(&self) -> Result<(), JournalError> {
        self.session.renew().await
    }

    /// Does some work and makes the lease last meanwhile: a call that waits for its answer, a
    /// memory that is being written or a year of documents takes longer than any lease.
    ///
    /// A renewal that fails is tried again a third of the lease later; that somebody else has the
    /// journal shows at the next write of the work.
    pub(crate) async fn held<T>(&self, work: impl Future<Output = T>) -> T {
        // A run is large, and whoever awaits it holds all of it.
        let mut work = Box::pin(work);
        loop {
            if let Ok(done) = tokio::time::timeout(self.session.third(), work.as_mut()).await {
                return done;
            }
            // The work may hold what the renewal waits for, so both go on; and a renewal that was
            // begun is finished, since it may be in the midst of a recovery.
            let (mut done, mut renewal) = (None, pin!(self.renew()));
            let both = |context: &mut Context<'_>| {
                if done.is_none()
                    && let Poll::Ready(output) = work.as_mut().poll(context)
                {
                    done = Some(output);
                }
                renewal.as_mut().poll(context)
            };
            // Whether it is lost is seen by whoever writes next.
            let _ = poll_fn(both).await;
            if let Some(done) = done {
                return done;
            }
        }
    }

    /// Gives the lease back, so that the next holder need not wait. The journal, with all its
    /// clones, is of no use afterwards.
    pub async fn close(&self) -> Result<(), JournalError> {
        self.session.close().await
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Journal({})", self.session.number())
    }
}
