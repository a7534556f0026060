//! From an archive to its entries, without trusting it.
//!
//! Every entry is read whole and its checksum is verified before it is handed over: an invoice is
//! small, and half an invoice is of use to nobody.
//! How much may come out is bounded from three sides: by entry, in all, and in proportion to the
//! compressed size.

mod gzip;
mod unzip;

use std::collections::HashSet;
use std::io::{self, Read, Seek, SeekFrom, Write};

use super::archive::ArchiveFormat;
use super::error::OpenError;
use super::name::{self, NameFlaw};
use super::unseal::{SealedPart, unseal};
use crate::seal::SessionKey;

/// Bytes that may come out of an archive whatever went in, so that small files may compress well.
const FREE_BYTES: u64 = 1024 * 1024;

/// What may come out of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenLimits {
    entries: u64,
    entry_bytes: u64,
    total_bytes: u64,
    ratio: u64,
}

impl Default for OpenLimits {
    /// Enough for the largest export of 2.0 (10,000 invoices, 1 GB compressed): 20,000 entries of
    /// at most 64 MiB (the list of metadata is the largest), 32 GiB in all, 200 times the
    /// compressed size.
    fn default() -> Self {
        Self { entries: 20_000, entry_bytes: 64 << 20, total_bytes: 32 << 30, ratio: 200 }
    }
}

impl OpenLimits {
    /// Allows another number of entries.
    #[must_use]
    pub fn entries(mut self, entries: u64) -> Self {
        self.entries = entries;
        self
    }

    /// Allows entries of another size, in bytes; as much memory is used.
    #[must_use]
    pub fn entry_bytes(mut self, bytes: u64) -> Self {
        self.entry_bytes = bytes;
        self
    }

    /// Allows another number of bytes of all entries together.
    #[must_use]
    pub fn total_bytes(mut self, bytes: u64) -> Self {
        self.total_bytes = bytes;
        self
    }

    /// Allows another proportion of entry bytes to compressed bytes; the first mebibyte is free.
    #[must_use]
    pub fn ratio(mut self, ratio: u64) -> Self {
        self.ratio = ratio;
        self
    }

    /// How many bytes may come out of so many compressed ones.
    fn inflated(&self, packed: u64) -> u64 {
        packed.saturating_mul(self.ratio).saturating_add(FREE_BYTES)
    }
}

/// Reads an archive and hands every entry to the visitor, with its name and its content; gives the
/// number of entries.
///
/// A name is a relative path with `/` that stays in its folder, at most 1,024 bytes long.
/// Folders are passed over.
/// The visitor may have taken entries before an error is found in a later one.
///
/// # Errors
///
/// [`OpenError`] about the archive, an entry, a limit or the visitor; nothing of the archive
/// should be used then.
pub fn read_entries(
    format: ArchiveFormat,
    archive: impl Read + Seek,
    limits: &OpenLimits,
    mut visit: impl FnMut(&str, &[u8]) -> io::Result<()>,
) -> Result<u64, OpenError> {
    let mut door = Door::new(limits, &mut visit);
    match format {
        ArchiveFormat::Zip => unzip::read(archive, &mut door)?,
        ArchiveFormat::TarGz => gzip::read(archive, &mut door)?,
    }
    Ok(door.count)
}

/// Opens a package: checks and decrypts its parts into the store, and hands every entry to the
/// visitor, as [`unseal`] and [`read_entries`] do; gives the number of entries.
///
/// The store is empty before; it is left with the archive in it.
///
/// # Examples
///
/// ```
/// use std::io::Cursor;
///
/// use ksef_crypto::package::{
///     ArchiveFormat, Entry, MemoryParts, OpenLimits, PackLimits, Packer, SealedPart, open_package,
/// };
/// use ksef_crypto::seal::SessionKey;
///
/// let key = SessionKey::from_random([7; 48]); // 48 bytes of a cryptographic generator
/// let mut sink = MemoryParts::new();
/// let invoices = [Entry::bytes("1.xml", b"<Faktura/>"), Entry::bytes("2.xml", b"<Faktura/>")];
/// let summary = Packer::new(&key, PackLimits::v2()).pack(invoices, &mut sink)?;
/// assert_eq!((summary.entries, summary.parts.len()), (2, 1));
///
/// let parts = sink.parts().iter().map(|(part, bytes)| SealedPart::new(part, bytes.as_slice()));
/// let mut names = Vec::new();
/// let (format, limits) = (ArchiveFormat::Zip, OpenLimits::default());
/// open_package(&key, parts, format, &limits, &mut Cursor::new(Vec::new()), |name, content| {
///     assert_eq!(content, b"<Faktura/>");
///     names.push(name.to_owned());
///     Ok(())
/// })?;
/// assert_eq!(names, ["1.xml", "2.xml"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// As [`unseal`] and [`read_entries`]; [`OpenError::Store`] when the store cannot be wound back.
pub fn open_package<R: Read>(
    key: &SessionKey,
    parts: impl IntoIterator<Item = SealedPart<R>>,
    format: ArchiveFormat,
    limits: &OpenLimits,
    store: &mut (impl Read + Write + Seek),
    visit: impl FnMut(&str, &[u8]) -> io::Result<()>,
) -> Result<u64, OpenError> {
    unseal(key, parts, store)?;
    store.seek(SeekFrom::Start(0)).map_err(OpenError::Store)?;
    read_entries(format, store, limits, visit)
}

/// Bytes of a name in an archive.
const NAME_BYTES: usize = 1024;

/// Where every entry passes on its way out.
struct Door<'a> {
    limits: &'a OpenLimits,
    visit: &'a mut dyn FnMut(&str, &[u8]) -> io::Result<()>,
    names: HashSet<String>,
    count: u64,
    total: u64,
    content: Vec<u8>,
}

impl<'a> Door<'a> {
    fn new(
        limits: &'a OpenLimits,
        visit: &'a mut dyn FnMut(&str, &[u8]) -> io::Result<()>,
    ) -> Self {
        Self { limits, visit, names: HashSet::new(), count: 0, total: 0, content: Vec::new() }
    }

    /// Reads an entry of which the archive says that it has `size` bytes, of which at most
    /// `bound` may come out, and hands it over.
    fn pass(
        &mut self,
        name: &str,
        size: u64,
        bound: u64,
        content: impl Read,
    ) -> Result<(), OpenError> {
        if self.count == self.limits.entries {
            return Err(OpenError::TooManyEntries { limit: self.limits.entries });
        }
        let refused = |flaw| OpenError::Name { name: name.to_owned(), flaw };
        name::check_relative(name, NAME_BYTES).map_err(refused)?;
        if !self.names.insert(name.to_owned()) {
            return Err(refused(NameFlaw::Twice));
        }
        let room = self.limits.total_bytes.saturating_sub(self.total);
        let bound = bound.min(room).min(self.limits.entry_bytes);
        if size > bound {
            return Err(OpenError::TooLarge { name: name.to_owned() });
        }
        self.content.clear();
        // One byte more than announced, so that a reader that checks at its end comes there.
        let read = content.take(size.saturating_add(1)).read_to_end(&mut self.content);
        let damaged = |source| OpenError::Entry { name: name.to_owned(), source };
        if read.map_err(damaged)? as u64 != size {
            return Err(damaged(io::ErrorKind::InvalidData.into()));
        }
        self.count += 1;
        self.total += size;
        (self.visit)(name, &self.content)
            .map_err(|source| OpenError::Visit { name: name.to_owned(), source })
    }
}

/// Folders are passed over; their names are judged all the same.
fn check_folder(name: &str) -> Result<(), OpenError> {
    name::check_relative(name.strip_suffix('/').unwrap_or(name), NAME_BYTES)
        .map_err(|flaw| OpenError::Name { name: name.to_owned(), flaw })
}
