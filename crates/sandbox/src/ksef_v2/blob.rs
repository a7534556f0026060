//! Bytes that may be many: small ones stay in memory, large ones lie in a file without a name, so
//! that a package of five gigabytes does not need as much memory.

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom, Write};

use bytes::Bytes;

/// From here on bytes go to a file.
const LARGE: usize = 4 * 1024 * 1024;

/// Bytes that can be read again.
#[derive(Debug)]
pub(super) enum Blob {
    Memory(Bytes),
    Disk(File),
}

/// Bytes that are being written.
#[derive(Debug)]
pub(super) enum BlobWriter {
    Memory(Vec<u8>),
    Disk(File),
}

/// Something that archives are read from.
pub(super) trait Source: Read + Seek + Send {}

impl<T: Read + Seek + Send> Source for T {}

impl Blob {
    /// Keeps the bytes; without a place for files in memory.
    pub(super) fn keep(bytes: Bytes) -> Self {
        if bytes.len() < LARGE {
            return Self::Memory(bytes);
        }
        match on_disk(&bytes) {
            Ok(file) => Self::Disk(file),
            Err(error) => {
                tracing::warn!(%error, "large bytes stay in memory");
                Self::Memory(bytes)
            }
        }
    }

    /// All of the bytes.
    pub(super) fn load(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::Disk(file) => {
                let mut file = file.try_clone()?;
                file.seek(SeekFrom::Start(0))?;
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes)?;
                Ok(bytes.into())
            }
        }
    }

    /// The bytes from their start.
    pub(super) fn source(self) -> io::Result<Box<dyn Source>> {
        Ok(match self {
            Self::Memory(bytes) => Box::new(Cursor::new(bytes)),
            Self::Disk(mut file) => {
                file.seek(SeekFrom::Start(0))?;
                Box::new(file)
            }
        })
    }
}

fn on_disk(bytes: &[u8]) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    file.write_all(bytes)?;
    Ok(file)
}

impl BlobWriter {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self::Memory(Vec::new())
    }

    /// Adds bytes at the end.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Disk(file) => return file.write_all(bytes),
            Self::Memory(held) => {
                held.extend_from_slice(bytes);
                if held.len() < LARGE {
                    return Ok(());
                }
            }
        }
        if let Self::Memory(held) = self {
            *self = Self::Disk(on_disk(held)?);
        }
        Ok(())
    }

    /// What was written.
    pub(super) fn finish(self) -> Blob {
        match self {
            Self::Memory(held) => Blob::Memory(held.into()),
            Self::Disk(file) => Blob::Disk(file),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_bytes_go_to_a_file_and_come_back() {
        let mut writer = BlobWriter::new();
        let piece: Vec<u8> = (0..=255).cycle().take(1_500_000).collect();
        for _ in 0..4 {
            writer.push(&piece).unwrap();
        }
        let blob = writer.finish();
        assert!(matches!(blob, Blob::Disk(_)));
        let bytes = blob.load().unwrap();
        assert_eq!(bytes, piece.repeat(4));
        assert!(matches!(Blob::keep(bytes), Blob::Disk(_)));
        assert!(matches!(Blob::keep(Bytes::from_static(b"a")), Blob::Memory(_)));
    }
}
