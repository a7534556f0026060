//! Documents: appended in the order of their numbers, looked up, and dropped when nobody needs them.

use common_core::store::{Entries, Position};

use super::{
    Journal, JournalError, JournalErrorKind, Reader,
    document::{Document, Journalled},
    session::{Session, State, Tail, decode},
};
use crate::ident::{JpkId, JpkRange};

/// Whether an append did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Appended {
    /// It is there now.
    Now,
    /// It was there before, with the same bytes.
    Before,
}

/// How far a register has come; `None` means: not with any document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The highest number in the journal.
    pub journalled: Option<JpkId>,
    /// The highest number that is in a package of the schedule.
    pub packed: Option<JpkId>,
    /// The highest number up to which the event hub has taken everything.
    pub sent: Option<JpkId>,
    /// The last daily report that was not packed yet: everything due goes out at once because of it
    /// (source document, section 2.3.2.2).
    pub flush: Option<JpkId>,
}

impl Progress {
    /// What is to be packed for the next shipment of the schedule.
    pub fn unpacked(&self) -> Option<JpkRange> {
        let first = self.packed.map_or(Some(JpkId::MIN), JpkId::next)?;
        JpkRange::new(first, self.journalled?).ok()
    }
}

/// The beginning of a range.
#[derive(Debug)]
pub(crate) enum Page {
    /// Its first documents and gaps; none when the range lies behind the last one.
    Kept(Vec<Journalled>),
    /// So much of it was dropped, or lies before the journal's first number.
    Gone(JpkRange),
}

/// Entries on a page of the marks that allow dropping.
const PAGE: usize = 256;

impl Journal {
    /// Journals a document. To be called before the document leaves the register in any way, on
    /// paper too.
    ///
    /// Durable when it returns. Repeating it with the same bytes answers [`Appended::Before`]. Cut
    /// off, it has happened or not, and repeating it settles that.
    ///
    /// # Errors
    ///
    /// [`NotNext`](JournalErrorKind::NotNext) unless the number is the one behind the last;
    /// [`OtherBytes`](JournalErrorKind::OtherBytes) when the number was used for something else;
    /// [`Schema`](JournalErrorKind::Schema) when the [schema](super::Options::schema) refuses it.
    pub async fn append(&self, document: Document) -> Result<Appended, JournalError> {
        self.append_all(vec![Journalled::Document(document)]).await
    }

    /// Journals documents and declared gaps in their order, all or none, with one commit.
    ///
    /// This is how a gap is declared: as the numbers that are passed over, right before the
    /// document that passes over them or alone. As [`append`](Self::append) otherwise; what was
    /// there before is passed over.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), and [`Refused`](JournalErrorKind::Refused) for a gap that is
    /// longer than [`Options::longest_gap`](super::Options::longest_gap).
    pub async fn append_all(&self, entries: Vec<Journalled>) -> Result<Appended, JournalError> {
        let mut state = self.session.lock().await?;
        let mut fresh = Vec::with_capacity(entries.len());
        let (mut next, mut last) = (state.next(self.session.first), None);
        for entry in entries {
            if state.tail.last.is_some_and(|tail| entry.first() <= tail) && fresh.is_empty() {
                self.session.assert_same(&state, &entry).await?;
                continue;
            }
            if next != Some(entry.first()) {
                return Err(JournalError::not_next(entry.first(), next));
            }
            self.session.check_length(&entry)?;
            self.session.schema.check(&entry)?;
            next = entry.last().next();
            last = Some((entry.last(), entry.flushes()));
            fresh.push(entry);
        }
        let Some((last, _)) = last else { return Ok(Appended::Before) };
        let flush = fresh.iter().rev().find(|entry| entry.flushes()).map(Journalled::last);
        let encoded = || fresh.iter().map(Journalled::encode).collect();
        let documents = &self.session.names.documents;
        let positions = self.session.append(&mut state, documents, encoded).await?;
        let position = positions.last().copied().unwrap_or(state.tail.position);
        state.tail = Tail { last: Some(last), position };
        state.flush = flush.or(state.flush);
        Ok(Appended::Now)
    }

    /// How far the register has come.
    pub async fn progress(&self) -> Result<Progress, JournalError> {
        let state = self.session.lock().await?;
        Ok(Progress {
            journalled: state.tail.last,
            packed: state.outbox.packed(),
            sent: state.outbox.sent(),
            flush: state.flush,
        })
    }

    /// What stands under a number; `None` when it was never journalled or was dropped.
    pub async fn find(&self, id: JpkId) -> Result<Option<Journalled>, JournalError> {
        let tail = self.session.lock().await?.tail;
        self.session.find(tail, id).await
    }

    /// Goes through the documents and gaps of a range, page by page.
    ///
    /// It sees what was journalled before it reads the page where that stands; it does not keep
    /// others from journalling meanwhile.
    pub async fn read(&self, range: JpkRange) -> Result<Reader, JournalError> {
        let tail = self.session.lock().await?.tail;
        let after = self.session.locate(tail, range.first()).await?;
        Ok(Reader::new(self.session.clone(), range, after))
    }

    /// The first page of a range, told apart from one that is not there any more: numbers follow
    /// each other, so a page that begins later than its range has lost its beginning.
    pub(crate) async fn page(&self, range: JpkRange) -> Result<Page, JournalError> {
        // Asked for before the page is read, since others may append meanwhile.
        let end = self.next_number().await?;
        let mut page = self.read(range).await?.next_page().await?;
        let mut next = Some(range.first());
        let whole = page.iter().take_while(|entry| {
            let follows = next == Some(entry.first());
            next = entry.last().next();
            follows
        });
        let whole = whole.count();
        let begins = page.first().map_or(end, |entry| Some(entry.first()));
        page.truncate(whole);
        let is_gone = page.is_empty() && begins.is_none_or(|begins| range.first() < begins);
        if !is_gone {
            return Ok(Page::Kept(page));
        }
        let last = begins.and_then(|begins| JpkId::new(begins.get() - 1).ok());
        let last = last.map_or(range.last(), |last| last.min(range.last()));
        let gone = JpkRange::new(range.first(), last);
        gone.map(Page::Gone).map_err(|_| JournalError::corrupt("a page begins before its range"))
    }

    /// Allows the journal to forget documents up to that number; answers how many entries went.
    ///
    /// Only what was sent goes, and never the last entry, which carries the number to go on from.
    /// The repository may ask for any document later (CMD06), so this is the caller's decision
    /// alone. Unless the worker has another [`DocumentSource`], it refuses such a command then.
    /// Cut off, some of those documents are gone and the others are not; repeating it
    /// finishes.
    ///
    /// [`DocumentSource`]: crate::device::DocumentSource
    pub async fn drop_documents(&self, through: JpkId) -> Result<u64, JournalError> {
        let mut state = self.session.lock().await?;
        let Some(through) = state.outbox.sent().map(|sent| sent.min(through)) else { return Ok(0) };
        let documents = &self.session.names.documents;
        let mut after = Position::START;
        loop {
            let page = self.session.engine.read(documents, Entries::All, after, PAGE).await?;
            let Some(end) = page.last().map(|entry| entry.position) else { break };
            let mut positions = Vec::new();
            for entry in page.iter().filter(|entry| entry.position < state.tail.position) {
                if decode(entry)?.last() <= through {
                    positions.push(entry.position);
                }
            }
            self.session.acknowledge(&mut state, documents, &positions).await?;
            if positions.last() != Some(&end) {
                break;
            }
            after = end;
        }
        self.session.compact(&mut state, documents).await
    }
}

impl Session {
    /// The place behind which the first entry lies whose numbers reach `id`.
    pub(super) async fn locate(&self, tail: Tail, id: JpkId) -> Result<Position, JournalError> {
        let (mut low, mut high) = (0, tail.position.number());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.entry_behind(middle).await? {
                Some(entry) if decode(&entry)?.last() < id => low = entry.position.number(),
                _ => high = middle,
            }
        }
        Ok(Position::new(low))
    }

    async fn find(&self, tail: Tail, id: JpkId) -> Result<Option<Journalled>, JournalError> {
        let after = self.locate(tail, id).await?;
        let Some(entry) = self.entry_behind(after.number()).await? else { return Ok(None) };
        Ok(Some(decode(&entry)?).filter(|entry| entry.first() <= id))
    }

    /// Whether an entry repeats what stands under its number.
    async fn assert_same(&self, state: &State, entry: &Journalled) -> Result<(), JournalError> {
        let id = entry.first();
        match self.find(state.tail, id).await? {
            Some(stored) if stored == *entry => Ok(()),
            Some(_) => Err(JournalError::new(
                JournalErrorKind::OtherBytes,
                format!("number {id} was used for something else"),
            )),
            None => Err(JournalError::not_next(id, state.next(self.first))),
        }
    }

    fn check_length(&self, entry: &Journalled) -> Result<(), JournalError> {
        match entry {
            Journalled::Gap(gap) if gap.count() > self.longest_gap => {
                Err(JournalError::refused(format!("the gap {gap} is longer than is allowed")))
            }
            _ => Ok(()),
        }
    }

    /// The last daily report behind what was packed.
    pub(super) async fn find_flush(
        &self,
        packed: Option<JpkId>,
        tail: Tail,
    ) -> Result<Option<JpkId>, JournalError> {
        let mut after = match packed {
            Some(JpkId::MAX) => return Ok(None),
            Some(packed) => self.locate(tail, packed.next().unwrap_or(packed)).await?,
            None => Position::START,
        };
        let mut flush = None;
        loop {
            let page =
                self.engine.read(&self.names.documents, Entries::All, after, PAGE / 4).await?;
            let Some(end) = page.last().map(|entry| entry.position) else { return Ok(flush) };
            for entry in &page {
                let entry = decode(entry)?;
                flush = Some(entry.last()).filter(|_| entry.flushes()).or(flush);
            }
            after = end;
        }
    }
}
