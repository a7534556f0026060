//! ZIP archives, by their directory.

use std::io::{self, Read, Seek};

use zip::ZipArchive;

use super::{Door, check_folder};
use crate::package::error::OpenError;

/// The bits of a Unix mode that tell a file from a link or a device.
const KIND: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

pub(super) fn read(source: impl Read + Seek, door: &mut Door<'_>) -> Result<(), OpenError> {
    let damaged = |error| OpenError::Archive(io::Error::from(error));
    let mut archive = ZipArchive::new(source).map_err(damaged)?;
    if archive.len() as u64 > door.limits.entries {
        return Err(OpenError::TooManyEntries { limit: door.limits.entries });
    }
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
