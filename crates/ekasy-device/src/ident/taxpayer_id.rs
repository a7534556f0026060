//! The tax number of the owner.

use common_core::ident::Nip;

use super::{
    IdentError,
    text::{is_digits, text_identifier},
};

/// Tax number of the register's owner (`taxpayerId`, NIP): exactly 10 digits on the wire, without
/// separators (source document, section 2.4.3).
///
/// The check digit is not demanded: the number in the document's own example fails it (CRK facts
/// §7, 25).
///
/// ```
/// use ekasy_device::ident::TaxpayerId;
///
/// assert!(TaxpayerId::parse("1234563218")?.checksum_ok());
/// assert!(!TaxpayerId::parse("3360002458")?.checksum_ok());
/// assert!(TaxpayerId::parse("123-456-32-18").is_err());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaxpayerId(Box<str>);

impl TaxpayerId {
    /// Reads exactly 10 digits.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let fits = text.len() == 10 && is_digits(text);
        let error = IdentError::new("a taxpayer's number", "10 digits");
        if fits { Ok(Self(text.into())) } else { Err(error) }
    }

    /// Whether the last digit is the check digit of the others.
    pub fn checksum_ok(&self) -> bool {
        Nip::parse(&self.0).is_ok_and(|nip| nip.checksum_ok())
    }
}

impl From<&Nip> for TaxpayerId {
    fn from(nip: &Nip) -> Self {
        Self(nip.as_str().into())
    }
}

text_identifier!(TaxpayerId);
