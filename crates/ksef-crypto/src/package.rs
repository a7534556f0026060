//! Batch packages: many invoices as one archive, cut into encrypted parts; and the way back.
//!
//! Making a package is a stream: entries are compressed in parallel, the archive is hashed while
//! it is written, cut into parts, and each part is encrypted and hashed on its way into a
//! [`PartSink`].
//! Only a few megabytes are in memory at any time, whatever the size of the package; besides them
//! some 40 bytes are kept for every entry.
//! Nothing here opens files or sockets: readers, writers and stores come from the caller.
//!
//! The authority wants all sizes and hashes before it takes the first part.
//! So a package is packed once into [`NoParts`], which gives the [`Summary`] to announce, and
//! once more into the upload, with [`Packer::expect`] to be sure that the same comes out.
//! After an interruption [`Packer::skip`] leaves out what is uploaded already.
//! Whoever has room for the parts packs once, into files ([`WriterParts`]) or memory
//! ([`MemoryParts`]).
//!
//! Opening goes in two steps: [`unseal`] checks and decrypts parts into a store,
//! [`read_entries`] takes an archive apart without trusting it; [`open_package`] does both.
//!
//! Specification 1.9, chapters 9 and 11; KSeF 1.x facts §7 and §12; KSeF 2.0 facts §7, §10.4 and
//! §13.2.

mod archive;
mod cut;
mod entry;
mod error;
mod limits;
mod name;
mod pack;
mod read;
mod sink;
mod summary;
#[cfg(test)]
mod tests;
mod unseal;
mod zip;

pub use archive::{ArchiveFormat, Level};
pub use entry::Entry;
pub use error::{OpenError, PackError};
pub use limits::{PackLimits, PartLimit};
pub use name::{NameFlaw, PackageName, PackageNameError};
pub use pack::Packer;
pub use read::{OpenLimits, open_package, read_entries};
pub use sink::{MemoryParts, NoParts, PartSink, WriterParts};
pub use summary::{PartSummary, Progress, Summary};
pub use unseal::{SealedPart, unseal};
