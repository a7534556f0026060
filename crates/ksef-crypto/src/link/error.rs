//! Why a text was refused as a verification link; the text itself is not repeated.

use std::fmt;

/// The parts of a link that can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LinkPart {
    /// It does not begin with `https://`.
    Scheme,
    /// The host is none of the ministry's.
    Host,
    /// The path has other words or another number of parts.
    Path,
    /// The context of whoever issued the invoice.
    Context,
    /// The seller's NIP.
    Seller,
    /// The date of issue.
    Date,
    /// The KSeF number.
    Number,
    /// The serial number of the certificate.
    Serial,
    /// The SHA-256 of the invoice.
    Hash,
    /// The signature.
    Signature,
}

impl fmt::Display for LinkPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::Path => "path",
            Self::Context => "context identifier",
            Self::Seller => "NIP of the seller",
            Self::Date => "date",
            Self::Number => "KSeF number",
            Self::Serial => "certificate serial number",
            Self::Hash => "hash of the invoice",
            Self::Signature => "signature",
        })
    }
}

/// A text is not a verification link of the kind that was asked for.
///
/// ```
/// use ksef_crypto::link::Link;
///
/// let error = Link::parse("https://qr.example.test/invoice/1111111111/01-02-2026/AA").unwrap_err();
/// assert_eq!(error.to_string(), "not a verification link of KSeF: wrong host");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not a verification link of KSeF: wrong {part}")]
#[non_exhaustive]
pub struct LinkError {
    /// The first part found wrong.
    pub part: LinkPart,
}

impl LinkError {
    pub(super) const fn new(part: LinkPart) -> Self {
        Self { part }
    }
}
