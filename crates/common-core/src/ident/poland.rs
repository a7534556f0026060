//! The Polish identifiers: the tax number NIP and the personal number PESEL.

use std::fmt;

use chrono::NaiveDate;

use super::{
    digits::{last, only_digits, weighted_sum},
    error::{IdentError, Identifier},
    text::identifier_text,
};

/// Polish tax number (Numer Identyfikacji Podatkowej, NIP): 10 digits.
///
/// Parsing removes ASCII spaces and dashes and the prefix `PL` in any case.
/// It does not look at the check digit: the example of the cash register protocol itself carries a
/// NIP that fails it (command specification 2.0.4, MFP example), and KSeF checks it in production
/// only.
///
/// ```
/// use common_core::ident::Nip;
///
/// assert_eq!(Nip::parse("123-456-32-18")?, Nip::parse("PL1234563218")?);
/// # Ok::<(), common_core::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nip(Box<str>);

impl Nip {
    /// Reads a NIP: 10 digits, with spaces, dashes and the prefix `PL` removed.
    ///
    /// ```
    /// use common_core::ident::Nip;
    ///
    /// assert_eq!(Nip::parse("PL 123 456 32 18")?.as_str(), "1234563218");
    /// assert!(Nip::parse("12345").is_err());
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let text = text.trim_start_matches(' ');
        let number = match text.get(..2) {
            Some(prefix) if prefix.eq_ignore_ascii_case("PL") => &text[2..],
            _ => text,
        };
        only_digits(Identifier::Nip, number, &[' ', '-'], 10).map(Self)
    }

    /// Tells whether the tenth digit is the sum of the others weighted 6, 5, 7, 2, 3, 4, 5, 6, 7,
    /// modulo 11.
    ///
    /// A remainder of 10 has no digit, so no such number is ever right.
    ///
    /// ```
    /// use common_core::ident::Nip;
    ///
    /// assert!(Nip::parse("1234563218")?.checksum_ok());
    /// assert!(!Nip::parse("1234563219")?.checksum_ok());
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn checksum_ok(&self) -> bool {
        let sum = weighted_sum(&self.0, &[6, 5, 7, 2, 3, 4, 5, 6, 7]);
        last(&self.0) == Some(sum % 11)
    }
}

identifier_text!(Nip, "1234563218");

/// Polish personal number (Powszechny Elektroniczny System Ewidencji Ludności, PESEL): 11 digits,
/// no separators.
///
/// It identifies a natural person and tells the date of birth, so `Debug` prints a placeholder;
/// `Display`, `as_str` and serialisation give the number itself and are to be used only where it
/// has to be sent or shown.
///
/// ```
/// use common_core::ident::Pesel;
///
/// let pesel = Pesel::parse("44051401359")?;
/// assert_eq!(format!("{pesel:?}"), "Pesel([redacted])");
/// # Ok::<(), common_core::ident::IdentError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pesel(Box<str>);

impl Pesel {
    /// Reads a PESEL: exactly 11 digits.
    ///
    /// ```
    /// use common_core::ident::Pesel;
    ///
    /// assert!(Pesel::parse("44051401359").is_ok());
    /// assert!(Pesel::parse("440514 01359").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        only_digits(Identifier::Pesel, text, &[], 11).map(Self)
    }

    /// Tells whether the sum of the digits weighted 1, 3, 7, 9, repeated, with 1 for the check
    /// digit, ends in 0.
    ///
    /// ```
    /// use common_core::ident::Pesel;
    ///
    /// assert!(Pesel::parse("44051401359")?.checksum_ok());
    /// assert!(!Pesel::parse("44051401358")?.checksum_ok());
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn checksum_ok(&self) -> bool {
        weighted_sum(&self.0, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]).is_multiple_of(10)
    }

    /// The date of birth in the first six digits, or `None` when they are no calendar day.
    ///
    /// The century is added to the month: 80 for the 1800s, 0 for the 1900s, 20 for the 2000s, 40
    /// for the 2100s and 60 for the 2200s.
    ///
    /// ```
    /// use chrono::NaiveDate;
    /// use common_core::ident::Pesel;
    ///
    /// assert_eq!(Pesel::parse("02211307589")?.birth_date(), NaiveDate::from_ymd_opt(2002, 1, 13));
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn birth_date(&self) -> Option<NaiveDate> {
        let pair = |start: usize| self.0.get(start..start + 2)?.parse::<u32>().ok();
        let (year, month, day) = (pair(0)?, pair(2)?, pair(4)?);
        let century = match month / 20 {
            0 => 1900,
            1 => 2000,
            2 => 2100,
            3 => 2200,
            _ => 1800,
        };
        NaiveDate::from_ymd_opt(century + i32::try_from(year).ok()?, month % 20, day)
    }
}

impl fmt::Debug for Pesel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pesel([redacted])")
    }
}

identifier_text!(Pesel, "44051401359");
