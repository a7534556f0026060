//! Why a text was refused: small, copyable, and silent about the text itself, since numbers contain
//! tax numbers.

use std::fmt;

/// The kinds of number this module reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Number {
    /// [`KsefNumber`](super::KsefNumber).
    Ksef,
    /// [`ReferenceNumber`](super::ReferenceNumber).
    Reference,
    /// [`CollectiveIdentifier`](super::CollectiveIdentifier).
    Collective,
    /// [`InternalId`](super::InternalId).
    InternalId,
    /// [`NipVatUe`](super::NipVatUe).
    NipVatUe,
    /// [`PeppolId`](super::PeppolId).
    PeppolId,
    /// [`CertificateSerial`](super::CertificateSerial).
    CertificateSerial,
    /// [`ContextIdentifier`](super::ContextIdentifier), whose kind is one of four.
    Context,
}

impl Number {
    const fn form(self) -> &'static str {
        match self {
            Self::Ksef => "issuer, date, 12 hexadecimal digits and a checksum, joined by hyphens",
            Self::Reference => "date, two letters, twice 10 hexadecimal digits and a checksum",
            Self::Collective => {
                "issuer, two letters with year and month, 12 hexadecimal digits and a checksum"
            }
            Self::InternalId => "a NIP, a hyphen and 5 digits",
            Self::NipVatUe => "a NIP, a hyphen and a VAT number of the European Union",
            Self::PeppolId => "the letter P, two letters and 6 digits",
            Self::CertificateSerial => "16 upper-case hexadecimal digits",
            Self::Context => "one of Nip, InternalId, NipVatUe and PeppolId with its value",
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ksef => "KSeF number",
            Self::Reference => "reference number",
            Self::Collective => "collective identifier",
            Self::InternalId => "internal identifier",
            Self::NipVatUe => "identifier of NIP and EU VAT number",
            Self::PeppolId => "Peppol identifier",
            Self::CertificateSerial => "certificate serial number",
            Self::Context => "context identifier",
        })
    }
}

/// A text does not have the written form of a number.
///
/// The message names the number and its form and never repeats the text, so it may be logged.
///
/// ```
/// use ksef_crypto::number::PeppolId;
///
/// let error = PeppolId::parse("PL000001").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "not a valid Peppol identifier (the letter P, two letters and 6 digits)"
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not a valid {number} ({})", .number.form())]
#[non_exhaustive]
pub struct NumberError {
    /// The number that was asked for.
    pub number: Number,
}

impl NumberError {
    pub(super) const fn new(number: Number) -> Self {
        Self { number }
    }
}
