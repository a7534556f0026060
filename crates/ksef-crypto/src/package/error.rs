//! Why a package was not made, or not opened.

use std::io;

use super::name::NameFlaw;

/// A package was not made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// There are no entries; both generations want at least one invoice.
    #[error("a package has at least one entry")]
    Empty,
    /// An entry cannot have its name. Give it another one.
    #[error("the name {name:?} of an entry is refused")]
    Name {
        /// The name as it was given.
        name: String,
        /// What is wrong with it.
        #[source]
        flaw: NameFlaw,
    },
    /// An entry could not be read; the cause is the reader's own error.
    #[error("entry {name:?} cannot be read")]
    Read {
        /// The name of the entry.
        name: String,
        /// The reader's error.
        #[source]
        source: io::Error,
    },
    /// An entry is larger than the limit. Send that invoice in another way.
    #[error("entry {name:?} is larger than {limit} bytes")]
    EntryTooLarge {
        /// The name of the entry.
        name: String,
        /// The limit in bytes before compression.
        limit: u64,
    },
    /// There are more entries than allowed. Make several packages.
    #[error("the package has more than {limit} entries")]
    TooManyEntries {
        /// The largest number of entries.
        limit: u64,
    },
    /// The archive is larger than allowed. Make several packages.
    #[error("the archive is larger than {limit} bytes")]
    ArchiveTooLarge {
        /// The limit in bytes before encryption.
        limit: u64,
    },
    /// The archive needs more parts than allowed. Make several packages, or larger parts.
    #[error("the archive needs more than {limit} parts")]
    TooManyParts {
        /// The largest number of parts.
        limit: u32,
    },
    /// The compressor failed, which means that memory is short.
    #[error("the archive cannot be written")]
    Archive(#[source] io::Error),
    /// The sink refused a part; the cause is the sink's own error.
    #[error("part {ordinal} cannot be stored")]
    Sink {
        /// The number of the part, from 1.
        ordinal: u32,
        /// The sink's error.
        #[source]
        source: io::Error,
    },
    /// Packing again gave another part than the first time: the entries, their order, the key, the
    /// level or the limits are not the same. Begin anew, with a new session.
    #[error("part {ordinal} is not the one that was packed before")]
    PartChanged {
        /// The number of the part, from 1.
        ordinal: u32,
    },
    /// The observer asked to stop.
    #[error("packing was cancelled")]
    Cancelled,
}

/// A package was not opened. Nothing of it should be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// A part could not be read; the cause is the reader's own error.
    #[error("part {ordinal} cannot be read")]
    ReadPart {
        /// The number of the part, from 1.
        ordinal: u32,
        /// The reader's error.
        #[source]
        source: io::Error,
    },
    /// The parts do not come as 1, 2, 3 and so on.
    #[error("part {found} came where part {expected} was expected")]
    PartOrder {
        /// The number that should have come.
        expected: u32,
        /// The number that came.
        found: u32,
    },
    /// A part has not the size or the hash that was announced. Fetch it again.
    #[error("part {ordinal} is not the announced one")]
    PartDiffers {
        /// The number of the part, from 1.
        ordinal: u32,
    },
    /// A part does not open with this key. There is no more to know about it.
    #[error("part {ordinal} does not open")]
    PartSealed {
        /// The number of the part, from 1.
        ordinal: u32,
    },
    /// The plain archive could not be stored; the cause is the store's own error.
    #[error("the archive cannot be stored")]
    Store(#[source] io::Error),
    /// The archive cannot be read: it is damaged, of another format, or uses what no package of
    /// KSeF uses (encryption, other compression, overlapping entries).
    #[error("the archive is damaged or not of a known kind")]
    Archive(#[source] io::Error),
    /// An entry cannot be read: it is damaged or cut short.
    #[error("entry {name:?} is damaged")]
    Entry {
        /// The name of the entry.
        name: String,
        /// What the decoder says.
        #[source]
        source: io::Error,
    },
    /// An entry has a name that is refused.
    #[error("the name {name:?} of an entry is refused")]
    Name {
        /// The name as far as it is text.
        name: String,
        /// What is wrong with it.
        #[source]
        flaw: NameFlaw,
    },
    /// An entry is neither a file nor a folder: a link or a device.
    #[error("entry {name:?} is not a file")]
    NotAFile {
        /// The name of the entry.
        name: String,
    },
    /// There are more entries than allowed, or a directory longer than that many entries need.
    #[error("the archive has more than {limit} entries")]
    TooManyEntries {
        /// The largest number of entries.
        limit: u64,
    },
    /// An entry, all entries together, or their share of compression are over the limit.
    #[error("entry {name:?} is over the limit of size")]
    TooLarge {
        /// The name of the entry at which the limit was passed.
        name: String,
    },
    /// The visitor refused an entry; the cause is the visitor's own error.
    #[error("entry {name:?} was not taken")]
    Visit {
        /// The name of the entry.
        name: String,
        /// The visitor's error.
        #[source]
        source: io::Error,
    },
}
