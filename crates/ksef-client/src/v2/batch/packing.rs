//! From invoices to encrypted files.

use std::{
    fs::File,
    io::BufWriter,
    path::{Path, PathBuf},
};

use ksef_crypto::{
    package::{ArchiveFormat, Entry, Level, PackError, PackLimits, Packer, WriterParts},
    seal::{Measure, SessionKey},
};

use crate::v2::{
    client::new_session_key,
    error::{Error, ErrorKind},
    wire,
};

/// How a package is made.
#[derive(Debug)]
#[must_use]
pub struct Packing {
    folder: PathBuf,
    format: ArchiveFormat,
    level: Level,
    limits: PackLimits,
    key: Option<SessionKey>,
}

/// A package whose encrypted parts lie in files, ready to be announced.
///
/// The files are left where they are when this is dropped: they may be uploaded by another process.
/// [`remove_files`](Self::remove_files) takes them away.
#[derive(Debug)]
pub struct PackedBatch {
    pub(super) key: SessionKey,
    pub(super) format: ArchiveFormat,
    archive: Measure,
    invoices: u64,
    parts: Vec<BatchPart>,
}

/// One encrypted part of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchPart {
    /// The number of the part, from 1.
    pub ordinal: u32,
    /// Its file.
    pub path: PathBuf,
    /// Size and hash of the file.
    pub sealed: Measure,
}

impl Packing {
    /// Puts the parts into that folder, which exists, as `part-001.aes` and so on; files of these
    /// names are replaced. The archive is a ZIP within the limits of KSeF 2.0.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            format: ArchiveFormat::Zip,
            level: Level::default(),
            limits: PackLimits::v2(),
            key: None,
        }
    }

    /// Sets the format; the ministry recommends [`ArchiveFormat::TarGz`] for many invoices.
    pub fn format(mut self, format: ArchiveFormat) -> Self {
        self.format = format;
        self
    }

    /// Sets how hard to compress.
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Sets the limits, for taxpayers whose limits were raised (`GET /limits/context`).
    pub fn limits(mut self, limits: PackLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Encrypts with that key, which must be used for this package alone; with a new one without it.
    pub fn key(mut self, key: SessionKey) -> Self {
        self.key = Some(key);
        self
    }
}

/// Packs invoices, each an entry with a file name, on a thread of its own.
///
/// Names come back with the states of the invoices (`invoiceFileName`), so let them name the
/// invoice. Fails with [`ErrorKind::File`] when files cannot be written, and with
/// [`ErrorKind::Input`] when the invoices do not fit the limits; the cause is a
/// [`PackError`].
///
/// The thread goes on to its end when the future is dropped: pack again into another folder then.
pub async fn pack<I>(packing: Packing, invoices: I) -> Result<PackedBatch, Error>
where
    I: IntoIterator<Item = Entry<'static>, IntoIter: Send> + Send + 'static,
{
    let packed = tokio::task::spawn_blocking(move || packing.run(invoices)).await;
    packed.unwrap_or_else(|_| {
        Err(Error::local(ErrorKind::File, "batch.pack", "the packing was broken off"))
    })
}

impl Packing {
    fn run<I>(self, invoices: I) -> Result<PackedBatch, Error>
    where
        I: IntoIterator<Item = Entry<'static>, IntoIter: Send>,
    {
        let key = match self.key {
            Some(key) => key,
            None => new_session_key()?,
        };
        let folder = self.folder;
        let mut sink =
            WriterParts::new(|ordinal| File::create(path(&folder, ordinal)).map(BufWriter::new));
        let packer = Packer::new(&key, self.limits).format(self.format).level(self.level);
        let summary = packer.pack(invoices, &mut sink).map_err(failure)?;
        let parts = summary.parts.iter().map(|part| BatchPart {
            ordinal: part.ordinal,
            path: path(&folder, part.ordinal),
            sealed: part.sealed,
        });
        let parts = parts.collect();
        let (archive, invoices) = (summary.archive, summary.entries);
        Ok(PackedBatch { key, format: self.format, archive, invoices, parts })
    }
}

fn path(folder: &Path, ordinal: u32) -> PathBuf {
    folder.join(format!("part-{ordinal:03}.aes"))
}

fn failure(error: PackError) -> Error {
    let kind = match &error {
        PackError::Read { .. } | PackError::Sink { .. } => ErrorKind::File,
        _ => ErrorKind::Input,
    };
    Error::local(kind, "batch.pack", error)
}

impl PackedBatch {
    /// How many invoices it holds.
    pub fn invoices(&self) -> u64 {
        self.invoices
    }

    /// Size and hash of the archive before encryption.
    pub fn archive(&self) -> Measure {
        self.archive
    }

    /// The parts, in order.
    pub fn parts(&self) -> &[BatchPart] {
        &self.parts
    }

    /// Takes the files of the parts away.
    pub async fn remove_files(self) -> std::io::Result<()> {
        for part in &self.parts {
            tokio::fs::remove_file(&part.path).await?;
        }
        Ok(())
    }

    pub(super) fn declared(&self) -> wire::BatchFileInfo {
        let parts = self.parts.iter().map(|part| {
            let hash = part.sealed.sha256_base64();
            wire::BatchFilePartInfo::new(hash, part.sealed.size, u64::from(part.ordinal))
        });
        let archive = &self.archive;
        let declared =
            wire::BatchFileInfo::new(archive.sha256_base64(), parts.collect(), archive.size);
        match self.format {
            ArchiveFormat::TarGz => declared.compression_type(wire::CompressionType::TarGz),
            _ => declared.compression_type(wire::CompressionType::Zip),
        }
    }
}
