//! Tar archives in gzip.
//!
//! The records that lengthen names are read here and not by the `tar` crate, which takes as much
//! memory for them as the archive asks.

use std::cell::Cell;
use std::io::{self, BufReader, Read};
use std::rc::Rc;

use flate2::bufread::MultiGzDecoder;
use tar::{EntryType, PaxExtensions};

use super::{Door, OpenLimits, check_folder};
use crate::package::error::OpenError;

/// Bytes of a record that describes the next entry.
const DESCRIPTION_BYTES: u64 = 64 * 1024;

pub(super) fn read(source: impl Read, door: &mut Door<'_>) -> Result<(), OpenError> {
    let packed = Rc::new(Cell::new(0));
    let counted = Counted { inner: source, count: Rc::clone(&packed) };
    let inflated = MultiGzDecoder::new(BufReader::new(counted));
    let bounded = Bounded { inner: inflated, packed, count: 0, limits: *door.limits };
    let mut archive = tar::Archive::new(bounded);
    let mut long_name = None;
    for entry in archive.entries().map_err(OpenError::Archive)?.raw(true) {
        pass(entry.map_err(OpenError::Archive)?, &mut long_name, door)?;
    }
    // The checksum of the compressed stream stands behind the padding of the archive.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(OpenError::Archive)?;
    Ok(())
}

fn pass(
    mut entry: tar::Entry<'_, impl Read>,
    long_name: &mut Option<Vec<u8>>,
    door: &mut Door<'_>,
) -> Result<(), OpenError> {
    let kind = entry.header().entry_type();
    match kind {
        EntryType::XHeader => {
            let description = describe(&mut entry)?;
            *long_name = pax_path(&description)?.or(long_name.take());
            return Ok(());
        }
        EntryType::GNULongName => {
            let mut name = describe(&mut entry)?;
            name.truncate(name.iter().position(|&byte| byte == 0).unwrap_or(name.len()));
            *long_name = Some(name);
            return Ok(());
        }
        EntryType::XGlobalHeader => return describe(&mut entry).map(|_| ()),
        _ => {}
    }
    let name = long_name.take().unwrap_or_else(|| entry.path_bytes().into_owned());
    let name = match String::from_utf8(name) {
        Ok(name) => name,
        Err(error) => return Err(damaged(&error.to_string())),
    };
    match kind {
        EntryType::Regular => {
            let size = entry.size();
            // The proportion is watched where the stream is inflated.
            door.pass(&name, size, u64::MAX, entry)
        }
        EntryType::Directory => check_folder(&name),
        _ => Err(OpenError::NotAFile { name }),
    }
}

/// Reads a record that describes the next entry.
fn describe(entry: &mut tar::Entry<'_, impl Read>) -> Result<Vec<u8>, OpenError> {
    if entry.size() > DESCRIPTION_BYTES {
        return Err(damaged("the description of an entry is too long"));
    }
    let mut description = Vec::new();
    entry.read_to_end(&mut description).map_err(OpenError::Archive)?;
    Ok(description)
}

/// The path in a pax record. A record that changes the size is refused: only files of 8 GiB and
/// more need one, and to overlook it would be to read the content as headers.
fn pax_path(description: &[u8]) -> Result<Option<Vec<u8>>, OpenError> {
    let mut path = None;
    for extension in PaxExtensions::new(description) {
        let extension = extension.map_err(OpenError::Archive)?;
        match extension.key_bytes() {
            b"path" => path = Some(extension.value_bytes().to_vec()),
            b"size" => return Err(damaged("an entry has its size outside its header")),
            _ => {}
        }
    }
    Ok(path)
}

fn damaged(reason: &str) -> OpenError {
    OpenError::Archive(io::Error::new(io::ErrorKind::InvalidData, reason))
}

/// Counts the compressed bytes.
struct Counted<R> {
    inner: R,
    count: Rc<Cell<u64>>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.set(self.count.get() + count as u64);
        Ok(count)
    }
}

/// Fails when too much comes out for what went in.
struct Bounded<R> {
    inner: R,
    packed: Rc<Cell<u64>>,
    count: u64,
    limits: OpenLimits,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        if self.count > self.limits.inflated(self.packed.get()) {
            return Err(io::Error::other("the archive expands beyond its limit"));
        }
        Ok(count)
    }
}
