//! Verification links: the addresses behind the QR codes of invoices, made by whoever shows an
//! invoice and checked by whoever gets it.
//!
//! | link | generation | on which invoice | signed |
//! |---|---|---|---|
//! | [`InvoiceLink`], KOD I | 2.0 | every one | no |
//! | [`CertificateLink`], KOD II | 2.0 | issued offline, beside KOD I | yes |
//! | [`v1::OnlineLink`] | 1.x | with a KSeF number | no |
//! | [`v1::OfflineLink`] | 1.x | without a KSeF number | yes |
//!
//! KSeF 2.0 facts §15.2 and §15.3; specification 1.9, chapter 16, and KSeF 1.x facts §8.
//!
//! All of them carry the SHA-256 of the invoice's file, so they hold for exactly the bytes that are
//! sent to KSeF.
//! Parsing takes links to the hosts of the ministry and to no others, so a link that parses leads
//! nowhere else; whether it belongs to an invoice is asked with `matches`, and who signed it with
//! `verify`.
//!
//! ```
//! use chrono::NaiveDate;
//! use common_core::ident::Nip;
//! use ksef_crypto::link::{Environment, InvoiceHash, InvoiceLink, Link};
//!
//! let file = b"<Faktura>...</Faktura>";
//! let issued = NaiveDate::from_ymd_opt(2026, 2, 1).unwrap();
//! let seller = Nip::parse("1111111111")?;
//! let link = InvoiceLink::new(Environment::Test, seller, issued, InvoiceHash::of(file));
//!
//! let scanned = Link::parse(&link.to_string())?;
//! assert!(scanned.matches(file));
//! assert!(!scanned.matches(b"<Faktura>another</Faktura>"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod certificate;
mod environment;
mod error;
mod hash;
mod invoice;
#[cfg(test)]
mod tests;
pub mod v1;

use std::fmt;

use common_core::ident::Nip;

pub use certificate::CertificateLink;
pub use environment::Environment;
pub use error::{LinkError, LinkPart};
pub use hash::InvoiceHash;
pub use invoice::InvoiceLink;

/// Any verification link of either generation, for whoever scanned a code and does not know which
/// it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Link {
    /// KOD I of KSeF 2.0.
    Invoice(InvoiceLink),
    /// KOD II of KSeF 2.0.
    Certificate(CertificateLink),
    /// The online link of KSeF 1.x.
    Online(v1::OnlineLink),
    /// The offline link of KSeF 1.x.
    Offline(v1::OfflineLink),
}

impl Link {
    /// Reads a link.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let path = text.splitn(4, '/').nth(3).ok_or(LinkError::new(LinkPart::Path))?;
        let mut words = path.split('/');
        match (words.next(), words.next()) {
            (Some("invoice"), _) => InvoiceLink::parse(text).map(Self::Invoice),
            (Some("certificate"), _) => CertificateLink::parse(text).map(Self::Certificate),
            (Some("web"), Some("verify")) => v1::OnlineLink::parse(text).map(Self::Online),
            (Some("web"), Some("offline")) => v1::OfflineLink::parse(text).map(Self::Offline),
            _ => Err(LinkError::new(LinkPart::Path)),
        }
    }

    /// Which KSeF it leads to.
    pub fn environment(&self) -> Environment {
        match self {
            Self::Invoice(link) => link.environment(),
            Self::Certificate(link) => link.environment(),
            Self::Online(link) => link.environment(),
            Self::Offline(link) => link.environment(),
        }
    }

    /// The SHA-256 of the invoice's file.
    pub fn hash(&self) -> &InvoiceHash {
        match self {
            Self::Invoice(link) => link.hash(),
            Self::Certificate(link) => link.hash(),
            Self::Online(link) => link.hash(),
            Self::Offline(link) => link.hash(),
        }
    }

    /// Tells whether the link is about this file, byte for byte.
    pub fn matches(&self, invoice: &[u8]) -> bool {
        *self.hash() == InvoiceHash::of(invoice)
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invoice(link) => link.fmt(f),
            Self::Certificate(link) => link.fmt(f),
            Self::Online(link) => link.fmt(f),
            Self::Offline(link) => link.fmt(f),
        }
    }
}

/// The seller's NIP in a link: ten digits, without the separators that a NIP may have elsewhere.
fn seller(text: &str) -> Result<Nip, LinkError> {
    match Nip::parse(text) {
        Ok(nip) if nip.as_str() == text => Ok(nip),
        _ => Err(LinkError::new(LinkPart::Seller)),
    }
}
