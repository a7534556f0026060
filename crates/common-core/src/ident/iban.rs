//! The international bank account number, by ISO 13616 with the check digits of ISO 7064 (mod
//! 97-10).

use super::{
    digits::remainder,
    error::{Flaw, IdentError, Identifier},
    text::identifier_text,
};

/// International bank account number (IBAN): country letters, two check digits, 11 to 30 letters or
/// digits.
///
/// Parsing removes ASCII spaces and turns letters into upper case; the stored form is compact.
/// The length that each country prescribes is not checked, since the registry of countries grows.
///
/// ```
/// use common_core::ident::Iban;
///
/// let iban = Iban::parse("sk31 1200 0000 1987 4263 7541")?;
/// assert_eq!(iban.as_str(), "SK3112000000198742637541");
/// # Ok::<(), common_core::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iban(Box<str>);

impl Iban {
    /// Reads an IBAN of 15 to 34 characters, with spaces removed and in any case.
    ///
    /// ```
    /// use common_core::ident::{Flaw, Iban};
    ///
    /// assert!(Iban::parse("GB82 WEST 1234 5698 7654 32").is_ok());
    /// assert_eq!(Iban::parse("GB82-WEST-12345698765432").unwrap_err().flaw, Flaw::Character);
    /// assert_eq!(Iban::parse("8282WEST12345698765432").unwrap_err().flaw, Flaw::Prefix);
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let refused = |flaw| Err(IdentError::new(Identifier::Iban, flaw));
        let mut compact = text.replace(' ', "");
        compact.make_ascii_uppercase();
        let bytes = compact.as_bytes();
        if !bytes.iter().all(u8::is_ascii_alphanumeric) {
            return refused(Flaw::Character);
        }
        if !(15..=34).contains(&bytes.len()) {
            return refused(Flaw::Length);
        }
        if !(bytes[..2].iter().all(u8::is_ascii_uppercase)
            && bytes[2..4].iter().all(u8::is_ascii_digit))
        {
            return refused(Flaw::Prefix);
        }
        Ok(Self(compact.into()))
    }

    /// Tells whether the check digits are right: 02 to 98, and the number read from the fifth
    /// character on, then the first four, leaves 1 when divided by 97.
    ///
    /// ```
    /// use common_core::ident::Iban;
    ///
    /// assert!(Iban::parse("DE89370400440532013000")?.checksum_ok());
    /// assert!(!Iban::parse("DE88370400440532013000")?.checksum_ok());
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn checksum_ok(&self) -> bool {
        let (head, account) = self.0.split_at(4);
        // The digits are computed as 98 minus a remainder by 97, so 00, 01 and 99 never come out
        // although they would pass the division.
        !matches!(&head[2..], "00" | "01" | "99")
            && remainder(account.chars().chain(head.chars()), 97) == 1
    }
}

identifier_text!(Iban, "SK3112000000198742637541");
