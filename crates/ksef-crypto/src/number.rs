//! The numbers and identifiers of KSeF as types, so that a reference number is never handed over
//! where a number of an invoice is due.
//!
//! Both generations are read: KSeF 1.x (specification 1.9, forms in KSeF 1.x facts §4) and KSeF 2.0
//! (KSeF 2.0 facts §2, §4.1, §12 and §15.1).
//! Every `parse` demands the written form of the authority's schemas and nothing more.
//! Check digits are predicates, because KSeF 1.x computes them by an unpublished rule and the test
//! environments accept wrong ones.
//!
//! | type | form | check |
//! |---|---|---|
//! | [`KsefNumber`] | `5265877635-20250826-0100001AF629-AF` (2.0), `4904089735-20220125-48BA3C-65D074-93` (1.x) | CRC-8, 2.0 only |
//! | [`ReferenceNumber`] | `20250514-CR-226FB7B000-3ACF9BE4C0-10` | CRC-8, undocumented |
//! | [`CollectiveIdentifier`] | `1111111111-IZ202607-65ED02180000-E7` | CRC-8, 2.0 only |
//! | [`InternalId`] | `6824515772-12343` | last digit |
//! | [`NipVatUe`] | `1111111111-DE123456789` | none |
//! | [`PeppolId`] | `PPL000001` | none |
//! | [`CertificateSerial`] | `01F20A5D352AE590` | none |
//!
//! In JSON each of them is a string.
//!
//! ```
//! use ksef_crypto::number::KsefNumber;
//!
//! let number: KsefNumber = "5265877635-20250826-0100001AF629-AF".parse()?;
//! assert_eq!(number.checksum_ok(), Some(true));
//! assert_eq!(number.date().map(|date| date.to_string()).as_deref(), Some("2025-08-26"));
//! # Ok::<(), ksef_crypto::number::NumberError>(())
//! ```

mod certificate;
mod collective;
mod context;
mod crc8;
mod error;
mod invoice;
mod pattern;
mod reference;
mod subject;
mod text;
mod vat;

pub use certificate::CertificateSerial;
pub use collective::CollectiveIdentifier;
pub use context::ContextIdentifier;
pub use error::{Number, NumberError};
pub use invoice::KsefNumber;
pub use reference::{ReferenceKind, ReferenceNumber};
pub use subject::{InternalId, NipVatUe, PeppolId};

#[cfg(test)]
mod tests;
