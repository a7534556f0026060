//! Why a text was refused as an identifier: small, copyable, and silent about the text itself,
//! which may be personal data.

use std::fmt;

/// The kinds of identifier this crate knows.
///
/// ```
/// use common_core::ident::Identifier;
///
/// assert_eq!(Identifier::Ico.to_string(), "IČO");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Identifier {
    /// [`Nip`](super::Nip), the Polish tax number.
    Nip,
    /// [`Pesel`](super::Pesel), the Polish personal number.
    Pesel,
    /// [`Ico`](super::Ico), the Slovak organisation number.
    Ico,
    /// [`Dic`](super::Dic), the Slovak tax number.
    Dic,
    /// [`IcDph`](super::IcDph), the Slovak VAT number.
    IcDph,
    /// [`Iban`](super::Iban), the international bank account number.
    Iban,
}

impl Identifier {
    const fn format(self) -> &'static str {
        match self {
            Self::Nip => "10 digits, optionally grouped and after the prefix PL",
            Self::Pesel => "11 digits",
            Self::Ico => "8 digits",
            Self::Dic => "10 digits",
            Self::IcDph => "the prefix SK and 10 digits",
            Self::Iban => "two letters, two digits and 11 to 30 letters or digits",
        }
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Nip => "NIP",
            Self::Pesel => "PESEL",
            Self::Ico => "IČO",
            Self::Dic => "DIČ",
            Self::IcDph => "IČ DPH",
            Self::Iban => "IBAN",
        })
    }
}

/// What is wrong with the refused text.
///
/// ```
/// use common_core::ident::{Flaw, Pesel};
///
/// assert_eq!(Pesel::parse("4405140135X").unwrap_err().flaw, Flaw::Character);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flaw {
    /// Too few or too many characters, separators not counted.
    Length,
    /// A character that the identifier cannot contain.
    Character,
    /// The country letters (or the check digits after them) are missing or are others than
    /// demanded.
    Prefix,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Length => "wrong length",
            Self::Character => "unexpected character",
            Self::Prefix => "wrong prefix",
        })
    }
}

/// A text does not have the written form of an identifier.
///
/// The message names the identifier and its form and never repeats the text, so it may be logged.
///
/// ```
/// use common_core::ident::Ico;
///
/// let error = Ico::parse("7327029").unwrap_err();
/// assert_eq!(error.to_string(), "not a valid IČO (8 digits): wrong length");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("not a valid {identifier} ({}): {flaw}", .identifier.format())]
#[non_exhaustive]
pub struct IdentError {
    /// The identifier that was asked for.
    pub identifier: Identifier,
    /// The first thing found wrong.
    pub flaw: Flaw,
}

impl IdentError {
    pub(super) const fn new(identifier: Identifier, flaw: Flaw) -> Self {
        Self { identifier, flaw }
    }
}
