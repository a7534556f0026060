//! Going through documents with little memory.

use std::{fmt, sync::Arc};

use common_core::store::{Entries, Position};

use super::{
    JournalError,
    document::Journalled,
    session::{Session, decode},
};
use crate::ident::{JpkId, JpkRange};

/// What a page should hold, in bytes.
const PAGE: usize = 1 << 20;

/// Entries on the first page, when it is not known yet how large they are.
const FIRST: usize = 16;

/// Entries on a page at most.
const MOST: usize = 128;

/// Reads a range of the journal page by page; made by [`Journal::read`](super::Journal::read).
///
/// Pages aim at one megabyte by the size of the entries before, and have at most 128 entries,
/// however long the range is.
pub struct Reader {
    session: Arc<Session>,
    range: JpkRange,
    after: Position,
    last: Option<JpkId>,
    limit: usize,
}

impl Reader {
    pub(super) fn new(session: Arc<Session>, range: JpkRange, after: Position) -> Self {
        Self { session, range, after, last: None, limit: FIRST }
    }

    /// The next documents and gaps, in the order of their numbers; empty behind the last one. A gap
    /// that lies only partly in the range is cut.
    ///
    /// # Errors
    ///
    /// [`Corrupt`](super::JournalErrorKind::Corrupt) when numbers do not grow.
    pub async fn next_page(&mut self) -> Result<Vec<Journalled>, JournalError> {
        let names = &self.session.names;
        let read = self.session.engine.read(&names.documents, Entries::All, self.after, self.limit);
        let entries = read.await?;
        let bytes: usize = entries.iter().map(|entry| entry.payload.len()).sum();
        let each = bytes.div_ceil(entries.len().max(1)).max(1);
        self.limit = (PAGE / each).clamp(1, MOST).min(self.limit * 4);
        let mut page = Vec::with_capacity(entries.len());
        for stored in entries {
            let entry = decode(&stored)?;
            if self.last.is_some_and(|last| entry.first() <= last) {
                return Err(JournalError::corrupt("the numbers of the journal do not grow"));
            }
            if entry.first() > self.range.last() {
                break;
            }
            self.last = Some(entry.last());
            self.after = stored.position;
            page.extend(entry.within(self.range));
        }
        Ok(page)
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("range", &self.range).finish_non_exhaustive()
    }
}
