//! ZIP archives, by their directory.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use zip::ZipArchive;

use super::{Door, check_folder};
use crate::package::error::OpenError;

/// The bits of a Unix mode that tell a file from a link or a device.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Bytes of the directory for an entry, on average: 46 and a name, and what some programs add.
const RECORD_BYTES: u64 = 512;
/// Bytes for finding the directory, whose end is searched behind a comment of up to 64 KiB.
const SEARCH_BYTES: u64 = 1024 * 1024;

pub(super) fn read(source: impl Read + Seek, door: &mut Door<'_>) -> Result<(), OpenError> {
    let damaged = |error| OpenError::Archive(io::Error::from(error));
    let limit = door.limits.entries;
    // The library keeps the whole directory in memory, so its length is bounded before its count
    // is known.
    let room = limit.saturating_mul(RECORD_BYTES).saturating_add(SEARCH_BYTES);
    let left = Rc::new(Cell::new(room));
    let mut archive = match ZipArchive::new(Metered { inner: source, left: Rc::clone(&left) }) {
        Err(_) if left.get() == 0 => return Err(OpenError::TooManyEntries { limit }),
        archive => archive.map_err(damaged)?,
    };
    if archive.len() as u64 > limit {
        return Err(OpenError::TooManyEntries { limit });
    }
    left.set(u64::MAX);
    // Two names alike, headers that disagree with the directory, or entries that share bytes:
    // what one reader takes for the content another one may not.
    archive.validate_header_consistency().map_err(damaged)?;
    for index in 0..archive.len() {
        pass(&mut archive, index, door)?;
    }
    Ok(())
}

fn pass<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    index: usize,
    door: &mut Door<'_>,
) -> Result<(), OpenError> {
    let damaged = |error| OpenError::Archive(io::Error::from(error));
    let listed = archive.by_index_data(index).map_err(damaged)?;
    let name = listed.name().map_err(damaged)?.into_owned();
    let is_folder = listed.is_dir();
    let kind = listed.unix_mode().map_or(0, |mode| mode & KIND);
    if is_folder {
        return check_folder(&name);
    }
    if kind != 0 && kind != REGULAR {
        return Err(OpenError::NotAFile { name });
    }
    let entry = match archive.by_index(index) {
        Ok(entry) => entry,
        Err(error) => return Err(OpenError::Entry { name, source: error.into() }),
    };
    let size = entry.size();
    let bound = door.limits.inflated(entry.compressed_size());
    door.pass(&name, size, bound, entry)
}

/// Gives a limited number of bytes, wherever they are read.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            return Err(io::Error::other("the directory is longer than its limit"));
        }
        let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.inner.read(&mut buffer[..room])?;
        self.left.set(left - count as u64);
        Ok(count)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.inner.seek(position)
    }
}
