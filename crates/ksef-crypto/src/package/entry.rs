//! What goes into a package, and the bounded amount of it that is in memory at a time.

use std::borrow::Cow;
use std::fmt;
use std::io::Read;

use super::error::PackError;
use super::limits::PackLimits;
use super::name::{self, SeenNames};

/// Bytes that one task compresses: enough for the cost of a task not to count, and few enough for
/// all threads to end together.
const LANE_BYTES: usize = 32 * 1024;
/// Bytes in a batch; two batches are in memory, one being compressed and one being written.
const BATCH_BYTES: usize = 2 * 1024 * 1024;

/// One entry of a package: an invoice and the name it has there.
pub struct Entry<'a> {
    name: String,
    content: Content<'a>,
}

enum Content<'a> {
    Bytes(Cow<'a, [u8]>),
    Reader(Box<dyn Read + Send + 'a>),
}

impl<'a> Entry<'a> {
    /// An entry whose bytes are in memory, borrowed or owned.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { name: name.into(), content: Content::Bytes(bytes.into()) }
    }

    /// An entry that is read to its end when its turn has come.
    ///
    /// It is in memory as a whole then, so that its size and CRC can precede it in the archive.
    pub fn reader(name: impl Into<String>, reader: impl Read + Send + 'a) -> Self {
        Self { name: name.into(), content: Content::Reader(Box::new(reader)) }
    }

    /// The name of the entry.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An entry that has passed the checks.
pub(crate) struct Loaded<'a> {
    pub(crate) name: String,
    pub(crate) bytes: Cow<'a, [u8]>,
}

/// A few entries that are compressed one after the other, and the outcome.
#[derive(Default)]
pub(crate) struct Lane<'a> {
    pub(crate) entries: Vec<Loaded<'a>>,
    bytes: usize,
    /// The piece of the archive that these entries become.
    pub(crate) squeezed: Vec<u8>,
    /// CRC and compressed size of each entry, where the format has a directory.
    pub(crate) facts: Vec<(u32, u64)>,
}

/// As many entries as are compressed together.
#[derive(Default)]
pub(crate) struct Batch<'a> {
    lanes: Vec<Lane<'a>>,
    used: usize,
    bytes: usize,
}

impl<'a> Batch<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// The lanes that hold entries.
    pub(crate) fn lanes(&self) -> &[Lane<'a>] {
        &self.lanes[..self.used]
    }

    /// The lanes that hold entries.
    pub(crate) fn lanes_mut(&mut self) -> &mut [Lane<'a>] {
        &mut self.lanes[..self.used]
    }

    /// How many entries are in the batch, and their bytes before compression.
    pub(crate) fn counts(&self) -> (u64, u64) {
        let entries = self.lanes().iter().map(|lane| lane.entries.len() as u64).sum();
        (entries, self.bytes as u64)
    }

    /// Forgets the entries and keeps the memory, except what an unusually large entry took.
    fn clear(&mut self) {
        for lane in &mut self.lanes[..self.used] {
            lane.entries.clear();
            lane.squeezed.clear();
            lane.squeezed.shrink_to(2 * LANE_BYTES);
            lane.facts.clear();
            lane.bytes = 0;
        }
        self.used = 0;
        self.bytes = 0;
    }

    fn push(&mut self, entry: Loaded<'a>) {
        let full = self.lanes().last().is_none_or(|lane| lane.bytes >= LANE_BYTES);
        if full {
            self.used += 1;
        }
        if self.lanes.len() < self.used {
            self.lanes.push(Lane::default());
        }
        let lane = &mut self.lanes[self.used - 1];
        lane.bytes += entry.bytes.len();
        self.bytes += entry.bytes.len();
        lane.entries.push(entry);
    }
}

/// Takes entries from the caller's iterator and checks each.
pub(crate) struct Source<I> {
    entries: I,
    limits: PackLimits,
    seen: SeenNames,
    count: u64,
}

impl<'a, I: Iterator<Item = Entry<'a>>> Source<I> {
    pub(crate) fn new(entries: I, limits: PackLimits) -> Self {
        Self { entries, limits, seen: SeenNames::default(), count: 0 }
    }

    /// Fills the batch anew; it stays empty when there are no more entries.
    pub(crate) fn fill(&mut self, batch: &mut Batch<'a>) -> Result<(), PackError> {
        batch.clear();
        while batch.bytes < BATCH_BYTES {
            let Some(entry) = self.entries.next() else { break };
            batch.push(self.load(entry)?);
        }
        Ok(())
    }

    fn load(&mut self, Entry { name, content }: Entry<'a>) -> Result<Loaded<'a>, PackError> {
        if self.count == self.limits.entries {
            return Err(PackError::TooManyEntries { limit: self.limits.entries });
        }
        let checked = name::check_flat(&name, self.limits.name_bytes);
        if let Err(flaw) = checked.and_then(|()| self.seen.insert(&name)) {
            return Err(PackError::Name { name, flaw });
        }
        let limit = self.limits.entry_bytes;
        let bytes = match content {
            Content::Bytes(bytes) => bytes,
            Content::Reader(reader) => {
                let mut bytes = Vec::new();
                // One byte more than allowed tells that there is more, and nothing else is read.
                match reader.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
                    Ok(_) => Cow::Owned(bytes),
                    Err(source) => return Err(PackError::Read { name, source }),
                }
            }
        };
        if bytes.len() as u64 > limit {
            return Err(PackError::EntryTooLarge { name, limit });
        }
        self.count += 1;
        Ok(Loaded { name, bytes })
    }

    /// How many entries were taken.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }
}
