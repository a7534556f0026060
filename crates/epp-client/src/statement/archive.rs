//! The zip a statement comes in, read with limits.
//!
//! An archive from the network may be damaged or hostile: it may hold thousands of entries, claim any size, unpack to a
//! thousand times its length, and name its entries `../../etc/passwd`.
//! So every limit is checked twice, on what the archive claims and on what really comes out, and a name is only a label.

use std::io::{self, BufReader, Read, Seek};

use zip::{ZipArchive, read::ZipFile, result::ZipError};

use super::{
    Reading, Statement, StatementError, StatementErrorKind, XmlStatement,
    error::{DAMAGED, LimitReached},
};

/// What an archive may be like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArchiveLimits {
    /// The most entries: 64.
    pub entries: usize,
    /// The most bytes one entry unpacks to: 256 MiB.
    pub entry_bytes: u64,
    /// The most bytes all entries read so far unpack to: 512 MiB.
    pub total_bytes: u64,
    /// How many times its packed length an entry may unpack to: 200; it applies above 1 MiB.
    pub ratio: u64,
}

/// Below this many bytes a ratio says nothing.
const SMALL: u64 = 1024 * 1024;

impl Default for ArchiveLimits {
    fn default() -> Self {
        const MEBIBYTE: u64 = 1024 * 1024;
        Self { entries: 64, entry_bytes: 256 * MEBIBYTE, total_bytes: 512 * MEBIBYTE, ratio: 200 }
    }
}

/// An entry, as the archive describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its place in the archive, counted from 0.
    pub index: usize,
    /// Its name: a label, and never a path to write to.
    pub name: String,
    /// The bytes it claims to unpack to.
    pub size: u64,
    /// The bytes it is packed in.
    pub packed: u64,
}

/// A zip archive, opened with limits.
///
/// ```no_run
/// use std::{fs::File, io::BufReader};
///
/// use epp_client::statement::{Archive, ArchiveLimits, Reading};
///
/// let file = BufReader::new(File::open("0000000102849.json.zip")?);
/// let statement = Archive::open(file, ArchiveLimits::default())?.statement(Reading::Lenient)?;
/// for finding in statement.audit() {
///     eprintln!("{finding}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Archive<R> {
    zip: ZipArchive<R>,
    entries: Vec<Entry>,
    limits: ArchiveLimits,
    /// Bytes unpacked so far.
    spent: u64,
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the directory of an archive, and checks it against the limits.
    ///
    /// For bytes in memory give an [`io::Cursor`].
    pub fn open(reader: R, limits: ArchiveLimits) -> Result<Self, StatementError> {
        let mut zip = ZipArchive::new(reader).map_err(damaged)?;
        if zip.len() > limits.entries {
            return Err(over("holds more entries than the limits allow"));
        }
        let mut entries = Vec::new();
        for index in 0..zip.len() {
            let file = zip.by_index_raw(index).map_err(damaged)?;
            let name = String::from_utf8_lossy(file.name_raw()).into_owned();
            if !file.is_dir() {
                entries.push(Entry {
                    index,
                    name,
                    size: file.size(),
                    packed: file.compressed_size(),
                });
            }
        }
        let total = entries.iter().try_fold(0_u64, |sum, entry| sum.checked_add(entry.size));
        let is_over = |entry: &Entry| entry.size > allowed(&limits, entry.packed);
        if entries.iter().any(is_over) || total.is_none_or(|total| total > limits.total_bytes) {
            return Err(over("claims to unpack to more than the limits allow"));
        }
        Ok(Self { zip, entries, limits, spent: 0 })
    }

    /// The entries that are no folders.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Unpacks an entry into memory.
    ///
    /// This is also the way to the contents of a special statement, whose format is not documented.
    pub fn read(&mut self, index: usize) -> Result<Vec<u8>, StatementError> {
        let mut bytes = Vec::new();
        let mut entry = self.unpack(index)?;
        entry.read_to_end(&mut bytes).map_err(|error| StatementError::io("", error))?;
        Ok(bytes)
    }

    /// Reads the statement in the archive, of either form; all of it is in memory.
    pub fn statement(&mut self, reading: Reading) -> Result<Statement, StatementError> {
        let index = self.only_statement()?;
        let bytes = self.read(index)?;
        Statement::read(&bytes, reading)
    }

    /// Begins to read the XML statement in the archive item by item, unpacking as it goes.
    pub fn xml_statement(
        &mut self,
        reading: Reading,
    ) -> Result<XmlStatement<BufReader<impl Read + '_>>, StatementError> {
        let index = self.only_statement()?;
        XmlStatement::new(BufReader::new(self.unpack(index)?), reading)
    }

    /// The only entry; among several the only one whose name ends like a statement's.
    fn only_statement(&self) -> Result<usize, StatementError> {
        let is_named = |entry: &&Entry| {
            let end = entry.name.rsplit('.').next().unwrap_or_default();
            end.eq_ignore_ascii_case("xml") || end.eq_ignore_ascii_case("json")
        };
        let mut named = self.entries.iter().filter(is_named);
        match (self.entries.as_slice(), named.next(), named.next()) {
            ([only], ..) | (_, Some(only), None) => Ok(only.index),
            ([], ..) => Err(StatementError::shape("", "is an empty archive")),
            _ => Err(StatementError::shape("", "is not the only file of its archive")),
        }
    }

    fn unpack(&mut self, index: usize) -> Result<Bounded<'_, R>, StatementError> {
        let file = self.zip.by_index(index).map_err(damaged)?;
        let most = allowed(&self.limits, file.compressed_size());
        let left = most.min(self.limits.total_bytes.saturating_sub(self.spent));
        Ok(Bounded { file, left, spent: &mut self.spent })
    }
}

/// The most bytes an entry may unpack to.
fn allowed(limits: &ArchiveLimits, packed: u64) -> u64 {
    limits.entry_bytes.min(packed.saturating_mul(limits.ratio).max(SMALL))
}

fn damaged(error: ZipError) -> StatementError {
    match error {
        ZipError::Io(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
            StatementError::io("", error)
        }
        error => StatementError::new(StatementErrorKind::Archive, "", DAMAGED).caused_by(error),
    }
}

fn over(reason: &'static str) -> StatementError {
    StatementError::new(StatementErrorKind::Limit, "", reason)
}

/// An entry that stops with an error where a limit is passed.
struct Bounded<'a, R: Read> {
    file: ZipFile<'a, R>,
    left: u64,
    spent: &'a mut u64,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer).map_err(damage)?;
        let bytes = count as u64;
        if bytes > self.left {
            return Err(io::Error::other(LimitReached));
        }
        self.left -= bytes;
        *self.spent += bytes;
        Ok(count)
    }
}

/// What unpacking says of damage and of other ways to pack; other errors come from below and stay.
fn damage(error: io::Error) -> io::Error {
    use io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof, Unsupported};

    match error.kind() {
        InvalidInput | UnexpectedEof | Unsupported => io::Error::new(InvalidData, error),
        _ => error,
    }
}
