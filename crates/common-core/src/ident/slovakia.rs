//! The Slovak identifiers of a business: IČO, DIČ and IČ DPH, the three numbers on an invoice.
//!
//! KROS Fakturácia calls them `registrationId`, `taxId` and `vatId` (KROS facts §2, forms in §5).

use super::{
    digits::{last, only_digits, remainder, weighted_sum},
    error::{Flaw, IdentError, Identifier},
    text::identifier_text,
};

/// Slovak organisation number (identifikačné číslo organizácie, IČO): 8 digits, leading zeros
/// included.
///
/// Parsing removes ASCII spaces, as in `73 270 296`.
/// Old numbers of six digits are written with two leading zeros today; they are not completed here.
///
/// ```
/// use common_core::ident::Ico;
///
/// assert_eq!(Ico::parse("73 270 296")?.as_str(), "73270296");
/// # Ok::<(), common_core::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ico(Box<str>);

impl Ico {
    /// Reads an IČO: 8 digits, with spaces removed.
    ///
    /// ```
    /// use common_core::ident::Ico;
    ///
    /// assert!(Ico::parse("00312345").is_ok());
    /// assert!(Ico::parse("312345").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        only_digits(Identifier::Ico, text, &[' '], 8).map(Self)
    }

    /// Tells whether the eighth digit is the last digit of 11 minus the remainder by 11 of the sum
    /// of the others weighted 8, 7, 6, 5, 4, 3, 2.
    ///
    /// The Czech IČO has the same rule, since both countries kept one register until 1993.
    ///
    /// ```
    /// use common_core::ident::Ico;
    ///
    /// assert!(Ico::parse("73270296")?.checksum_ok());
    /// assert!(!Ico::parse("73270297")?.checksum_ok());
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn checksum_ok(&self) -> bool {
        let sum = weighted_sum(&self.0, &[8, 7, 6, 5, 4, 3, 2]);
        last(&self.0) == Some((11 - sum % 11) % 10)
    }
}

identifier_text!(Ico, "73270296");

/// Slovak tax number (daňové identifikačné číslo, DIČ): 10 digits, without country letters.
///
/// Parsing removes ASCII spaces.
/// A number with the letters `SK` is an [`IcDph`] and is refused here.
///
/// ```
/// use common_core::ident::Dic;
///
/// assert_eq!(Dic::parse("2022 749 619")?.as_str(), "2022749619");
/// assert!(Dic::parse("SK2022749619").is_err());
/// # Ok::<(), common_core::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dic(Box<str>);

impl Dic {
    /// Reads a DIČ: 10 digits, with spaces removed.
    ///
    /// ```
    /// use common_core::ident::Dic;
    ///
    /// assert!(Dic::parse("2022749619").is_ok());
    /// assert!(Dic::parse("202274961").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        only_digits(Identifier::Dic, text, &[' '], 10).map(Self)
    }

    /// Tells whether the number is divisible by 11, the rule of the [`IcDph`] that repeats this
    /// number.
    ///
    /// The tax administration publishes no check digit for the DIČ itself.
    /// For a VAT payer, whose IČ DPH is `SK` and the DIČ, `false` means a mistyped number; for
    /// anybody else it is a reason to ask again and no proof, so do not refuse a document because
    /// of it.
    ///
    /// ```
    /// use common_core::ident::Dic;
    ///
    /// assert!(Dic::parse("2022749619")?.checksum_ok());
    /// assert!(!Dic::parse("2022749618")?.checksum_ok());
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn checksum_ok(&self) -> bool {
        remainder(self.0.chars(), 11) == 0
    }
}

identifier_text!(Dic, "2022749619");

/// Slovak VAT number (identifikačné číslo pre daň z pridanej hodnoty, IČ DPH): `SK` and 10 digits.
///
/// Parsing removes ASCII spaces and accepts `sk`; the stored form has `SK`.
/// Without the letters the number is a [`Dic`] and is refused here.
///
/// ```
/// use common_core::ident::IcDph;
///
/// assert_eq!(IcDph::parse("SK 202 274 96 19")?.as_str(), "SK2022749619");
/// # Ok::<(), common_core::ident::IdentError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IcDph(Box<str>);

impl IcDph {
    /// Reads an IČ DPH: `SK` in any case and 10 digits, with spaces removed.
    ///
    /// ```
    /// use common_core::ident::{Flaw, IcDph};
    ///
    /// assert!(IcDph::parse("sk2022749619").is_ok());
    /// assert_eq!(IcDph::parse("2022749619").unwrap_err().flaw, Flaw::Prefix);
    /// ```
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let text = text.trim_start_matches(' ');
        match text.get(..2) {
            Some(prefix) if prefix.eq_ignore_ascii_case("SK") => {
                let number = only_digits(Identifier::IcDph, &text[2..], &[' '], 10)?;
                Ok(Self(format!("SK{number}").into()))
            }
            _ => Err(IdentError::new(Identifier::IcDph, Flaw::Prefix)),
        }
    }

    /// Tells whether the number after `SK` is divisible by 11.
    ///
    /// ```
    /// use common_core::ident::IcDph;
    ///
    /// assert!(IcDph::parse("SK2022749619")?.checksum_ok());
    /// assert!(!IcDph::parse("SK2022749618")?.checksum_ok());
    /// # Ok::<(), common_core::ident::IdentError>(())
    /// ```
    pub fn checksum_ok(&self) -> bool {
        remainder(self.0.chars().skip(2), 11) == 0
    }
}

identifier_text!(IcDph, "SK2022749619");
