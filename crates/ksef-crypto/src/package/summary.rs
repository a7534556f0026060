//! What the authority wants to know about a package before it takes it.

use crate::seal::Measure;

/// One finished part, as it is announced: `fileParts[]` of 2.0 and `PackagePartSignature` of 1.x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartSummary {
    /// The number of the part, from 1.
    pub ordinal: u32,
    /// Size and hash of the part after encryption.
    pub sealed: Measure,
}

/// A finished package, as it is announced: `batchFile` of 2.0 and `PackageSignature` of 1.x.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Size and hash of the archive before encryption.
    pub archive: Measure,
    /// The number of entries.
    pub entries: u64,
    /// The parts, in order and without a gap.
    pub parts: Vec<PartSummary>,
}

/// How far packing has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Entries that are in the archive.
    pub entries: u64,
    /// Their bytes before compression.
    pub entry_bytes: u64,
    /// Bytes of the archive so far.
    pub archive_bytes: u64,
    /// Parts that are finished.
    pub parts: u32,
}
