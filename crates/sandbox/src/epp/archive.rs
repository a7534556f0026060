//! A ZIP archive (PKWARE APPNOTE, sections 4.3.7, 4.3.12, 4.3.16), written without the library
//! that the clients read it with.

use std::io::{self, Write as _};

use flate2::Compression;
use flate2::write::DeflateEncoder;

/// The version of the format that deflated entries need.
const VERSION: u16 = 20;

/// Names are UTF-8.
const FLAGS: u16 = 1 << 11;

/// Deflated.
const METHOD: u16 = 8;

/// 1 January 1980 in the form of MS-DOS; the archives carry no times.
const DATE: u16 = 1 << 5 | 1;

/// An archive with these names and contents.
///
/// # Errors
///
/// An error when something is larger than the format without its extension allows: 4 GiB, or
/// 65,535 entries or bytes of a name.
pub(super) fn of(files: &[(String, Vec<u8>)]) -> io::Result<Vec<u8>> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content)?;
        let packed = encoder.finish()?;
        let place = fit(archive.len())?;
        let mut about = Vec::new();
        for number in [VERSION, FLAGS, METHOD, 0, DATE] {
            about.extend(number.to_le_bytes());
        }
        for number in [crc32fast::hash(content), fit(packed.len())?, fit(content.len())?] {
            about.extend(number.to_le_bytes());
        }
        let length: u16 = name.len().try_into().map_err(|_| too_large())?;
        about.extend(length.to_le_bytes());
        about.extend(0_u16.to_le_bytes());
        archive.extend(b"PK\x03\x04");
        archive.extend(&about);
        archive.extend(name.as_bytes());
        archive.extend(packed);
        directory.extend(b"PK\x01\x02");
        directory.extend(VERSION.to_le_bytes());
        directory.extend(&about);
        // No comment, disk 0, no attributes.
        directory.extend([0; 10]);
        directory.extend(place.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let place = fit(archive.len())?;
    let count: u16 = files.len().try_into().map_err(|_| too_large())?;
    archive.extend(&directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend(count.to_le_bytes());
    archive.extend(count.to_le_bytes());
    archive.extend(fit(directory.len())?.to_le_bytes());
    archive.extend(place.to_le_bytes());
    archive.extend(0_u16.to_le_bytes());
    Ok(archive)
}

fn fit(size: usize) -> io::Result<u32> {
    size.try_into().map_err(|_| too_large())
}

fn too_large() -> io::Error {
    io::Error::other("the archive is too large for its format")
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read as _};

    use super::*;

    #[test]
    fn another_library_reads_every_entry() {
        let files = [("a.xml".to_owned(), b"<a/>".repeat(5000)), ("č/b".to_owned(), Vec::new())];
        let mut archive = zip::ZipArchive::new(Cursor::new(of(&files).unwrap())).unwrap();
        assert_eq!(archive.len(), 2);
        for (index, (name, content)) in files.iter().enumerate() {
            let mut entry = archive.by_index(index).unwrap();
            assert_eq!(entry.name().unwrap(), *name);
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            assert_eq!(&read, content);
        }
    }
}
