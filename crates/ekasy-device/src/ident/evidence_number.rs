//! The evidence number of a register.

use super::{
    IdentError,
    text::{is_digits, text_identifier},
};

/// Evidence number (numer ewidencyjny) that the repository gives a register when it is
/// fiscalised: `YYYY/NNNNNNNNN`, 14 characters.
///
/// The document's mask shows ten characters behind the slash, its text and pattern nine; nine
/// is what its length of 14 leaves (source document, section 2.2.7; CRK facts §7, 4).
///
/// ```
/// use ekasy_device::ident::EvidenceNumber;
///
/// let number = EvidenceNumber::parse("2017/000000101")?;
/// assert_eq!((number.year(), number.serial()), (2017, 101));
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EvidenceNumber(Box<str>);

impl EvidenceNumber {
    /// Length of the text.
    pub const LENGTH: usize = 14;

    /// Reads four digits, a slash and nine digits.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let fits = text.split_once('/').is_some_and(|(year, serial)| {
            year.len() == 4 && serial.len() == 9 && is_digits(year) && is_digits(serial)
        });
        let error = IdentError::new("an evidence number", "4 digits, a slash and 9 digits");
        if fits { Ok(Self(text.into())) } else { Err(error) }
    }

    /// The year in which it was given.
    pub fn year(&self) -> u16 {
        self.0[..4].parse().unwrap_or_default()
    }

    /// The running number behind the slash.
    pub fn serial(&self) -> u32 {
        self.0[5..].parse().unwrap_or_default()
    }
}

text_identifier!(EvidenceNumber);
