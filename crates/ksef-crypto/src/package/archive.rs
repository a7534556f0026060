//! From batches of entries to the bytes of an archive.

use std::io;
use std::sync::{Mutex, PoisonError};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};
use libdeflater::{CompressionLvl, Compressor};
use rayon::iter::{IntoParallelRefMutIterator as _, ParallelIterator as _};

use super::entry::{Batch, Lane};
use super::error::PackError;
use super::zip::{Directory, Member};

/// The format of the archive in a package.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ArchiveFormat {
    /// ZIP with DEFLATE: both generations; compressed on all threads of the pool.
    #[default]
    Zip,
    /// A tar archive in gzip: 2.0 only; smaller, because invoices resemble each other, and
    /// compressed on one thread.
    TarGz,
}

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(u8);

impl Level {
    /// Level 1: about twice as fast as level 6, for an archive that is 4 to 5 percent larger.
    pub const FAST: Self = Self(1);

    /// Level 6, what other programs take when they are not told.
    pub const BALANCED: Self = Self(6);

    /// A level from 1 to 12; [`ArchiveFormat::TarGz`] takes everything above 9 as 9.
    pub fn new(level: u8) -> Option<Self> {
        (1..=12).contains(&level).then_some(Self(level))
    }
}

impl Default for Level {
    fn default() -> Self {
        Self::FAST
    }
}

/// An archive that is being written.
pub(crate) enum Archive {
    Zip { presses: Presses, directory: Directory },
    TarGz(tar::Builder<GzEncoder<Vec<u8>>>),
}

impl Archive {
    pub(crate) fn new(format: ArchiveFormat, level: Level) -> Self {
        match format {
            ArchiveFormat::Zip => {
                let presses = Presses { level, idle: Mutex::new(Vec::new()) };
                Self::Zip { presses, directory: Directory::new(0) }
            }
            ArchiveFormat::TarGz => {
                // A header without a time, a name and an operating system says nothing that
                // could differ between two runs.
                let level = Compression::new(u32::from(level.0.min(9)));
                let gzip = GzBuilder::new().mtime(0).operating_system(255);
                Self::TarGz(tar::Builder::new(gzip.write(Vec::new(), level)))
            }
        }
    }

    /// Turns the entries of the batch into the next bytes of the archive, which stay in its lanes.
    pub(crate) fn squeeze(&mut self, batch: &mut Batch<'_>) -> Result<(), PackError> {
        let squeezed = match self {
            Self::Zip { presses, directory } => {
                let lanes = batch.lanes_mut().par_iter_mut();
                lanes.try_for_each(|lane| presses.squeeze(lane)).and_then(|()| {
                    batch.lanes().iter().try_for_each(|lane| record(lane, directory))
                })
            }
            Self::TarGz(tar) => batch.lanes_mut().iter_mut().try_for_each(|lane| append(lane, tar)),
        };
        squeezed.map_err(PackError::Archive)
    }

    /// Streams what closes the archive.
    pub(crate) fn finish(
        self,
        mut put: impl FnMut(&[u8]) -> Result<(), PackError>,
    ) -> Result<(), PackError> {
        match self {
            Self::Zip { directory, .. } => directory.finish(put),
            Self::TarGz(tar) => {
                let rest = tar.into_inner().and_then(GzEncoder::finish);
                put(&rest.map_err(PackError::Archive)?)
            }
        }
    }
}

fn record(lane: &Lane<'_>, directory: &mut Directory) -> io::Result<()> {
    for (entry, &(crc, packed)) in lane.entries.iter().zip(&lane.facts) {
        let size = entry.bytes.len() as u64;
        directory.add(&Member { name: &entry.name, crc, size, packed })?;
    }
    Ok(())
}

fn append(lane: &mut Lane<'_>, tar: &mut tar::Builder<GzEncoder<Vec<u8>>>) -> io::Result<()> {
    for entry in &lane.entries {
        let mut header = tar::Header::new_gnu();
        header.set_size(entry.bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        tar.append_data(&mut header, &entry.name, &*entry.bytes)?;
    }
    lane.squeezed.append(tar.get_mut().get_mut());
    Ok(())
}

/// The compressors that are not at work: as many are made as threads compress at the same time.
pub(crate) struct Presses {
    level: Level,
    idle: Mutex<Vec<Press>>,
}

struct Press {
    compressor: Compressor,
    packed: Vec<u8>,
}

impl Presses {
    fn squeeze(&self, lane: &mut Lane<'_>) -> io::Result<()> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle().pop();
        let mut press = match waiting {
            Some(press) => press,
            None => Press::new(self.level)?,
        };
        press.squeeze(lane)?;
        idle().push(press);
        Ok(())
    }
}

impl Press {
    fn new(level: Level) -> io::Result<Self> {
        let level = CompressionLvl::new(i32::from(level.0))
            .map_err(|_| io::Error::other("the level of compression is not known"))?;
        Ok(Self { compressor: Compressor::new(level), packed: Vec::new() })
    }

    fn squeeze(&mut self, lane: &mut Lane<'_>) -> io::Result<()> {
        for entry in &lane.entries {
            let bound = self.compressor.deflate_compress_bound(entry.bytes.len());
            if self.packed.len() < bound {
                self.packed.resize(bound, 0);
            }
            let packed = self
                .compressor
                .deflate_compress(&entry.bytes, &mut self.packed)
                .map_err(|_| io::Error::other("an entry does not compress"))?;
            let crc = crc32fast::hash(&entry.bytes);
            let size = entry.bytes.len() as u64;
            let member = Member { name: &entry.name, crc, size, packed: packed as u64 };
            member.local_header(&mut lane.squeezed);
            lane.squeezed.extend_from_slice(&self.packed[..packed]);
            lane.facts.push((crc, packed as u64));
        }
        Ok(())
    }
}
