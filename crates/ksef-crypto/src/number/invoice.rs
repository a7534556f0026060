//! The number that KSeF gives to an invoice.

use chrono::{Datelike, NaiveDate};
use common_core::ident::Nip;

use super::{
    crc8,
    error::{Number, NumberError},
    pattern::{is_date, is_issuer, matches},
    text::number_text,
};

/// The first year in which KSeF 2.0 issued numbers, at first in its test environment.
const FIRST_YEAR_OF_2_0: i32 = 2025;

/// Number of an invoice in KSeF (numer KSeF): 35 or 36 characters.
///
/// `{issuer}-{YYYYMMDD}-{12 hexadecimal digits}-{checksum}`, where KSeF 1.x may split the technical
/// part into `6-6` (specification 1.9, chapter 16.2; KSeF 1.x facts §4; KSeF 2.0 facts §15.1).
/// The issuer is the seller's NIP, or `M` and 9 digits, or 3 letters and 7 digits.
///
/// The two forms of one number are different values; compare the results of
/// [`compact`](Self::compact) where both may occur.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KsefNumber {
    text: Box<str>,
}

impl KsefNumber {
    /// Reads a number of either generation; nothing is removed and no checksum compared.
    ///
    /// ```
    /// use ksef_crypto::number::KsefNumber;
    ///
    /// assert!(KsefNumber::parse("5265877635-20250826-0100001AF629-AF").is_ok());
    /// assert!(KsefNumber::parse("4904089735-20220125-48BA3C-65D074-93").is_ok());
    /// assert!(KsefNumber::parse("5265877635-20251326-0100001AF629-AF").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let known = || {
            let (issuer, rest) = text.split_at_checked(10)?;
            let (date, rest) = rest.strip_prefix('-')?.split_at_checked(8)?;
            let technical = matches("-hhhhhhhhhhhh-hh", rest) || matches("-hhhhhh-hhhhhh-hh", rest);
            Some(is_issuer(issuer) && is_date(date) && technical)
        };
        match known() {
            Some(true) => Ok(Self { text: text.into() }),
            _ => Err(NumberError::new(Number::Ksef)),
        }
    }

    /// A number with the checksum of KSeF 2.0, for tests and emulators: real numbers come from
    /// KSeF.
    ///
    /// Refused are a NIP that the schema does not allow and a year before 2020 or after 9999.
    ///
    /// ```
    /// use chrono::NaiveDate;
    /// use common_core::ident::Nip;
    /// use ksef_crypto::number::KsefNumber;
    ///
    /// let (nip, date) = (Nip::parse("5265877635")?, NaiveDate::from_ymd_opt(2025, 8, 26).unwrap());
    /// let number = KsefNumber::compose(&nip, date, [1, 0, 0, 0x1A, 0xF6, 0x29])?;
    /// assert_eq!(number.as_str(), "5265877635-20250826-0100001AF629-AF");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compose(
        seller: &Nip,
        date: NaiveDate,
        technical_part: [u8; 6],
    ) -> Result<Self, NumberError> {
        let technical =
            technical_part.iter().fold(0_u64, |value, &byte| value << 8 | u64::from(byte));
        let unchecked = format!("{seller}-{}-{technical:012X}", date.format("%Y%m%d"));
        Self::parse(&format!("{unchecked}-{:02X}", crc8::checksum(&unchecked)))
    }

    /// Whoever the number begins with, 10 characters: mostly the seller's NIP.
    pub fn issuer(&self) -> &str {
        &self.text[..10]
    }

    /// The seller's NIP, or `None` when the number begins with another identifier.
    pub fn nip(&self) -> Option<Nip> {
        Nip::parse(self.issuer()).ok()
    }

    /// The date in the number, or `None` when the calendar has no such day, which the schema
    /// allows.
    pub fn date(&self) -> Option<NaiveDate> {
        NaiveDate::parse_from_str(&self.text[11..19], "%Y%m%d").ok()
    }

    /// The technical part: 12 hexadecimal digits, in the longer form of KSeF 1.x with a hyphen in
    /// the middle.
    pub fn technical_part(&self) -> &str {
        &self.text[20..self.text.len() - 3]
    }

    /// The last two hexadecimal digits.
    pub fn checksum(&self) -> &str {
        &self.text[self.text.len() - 2..]
    }

    /// Tells whether the checksum is that of KSeF 2.0, or `None` when the number is certainly of
    /// KSeF 1.x: 36 characters long, or dated before 2025.
    ///
    /// KSeF 1.x computed its checksum by a rule that was never published, and wrote 35 characters
    /// since 2023, so a `Some(false)` of a number from before February 2026 is no proof of a typing
    /// error.
    ///
    /// ```
    /// use ksef_crypto::number::KsefNumber;
    ///
    /// let checked = |text| KsefNumber::parse(text).map(|number| number.checksum_ok());
    /// assert_eq!(checked("5265877635-20250826-0100001AF629-AF")?, Some(true));
    /// assert_eq!(checked("5265877635-20250826-0100001AF628-AF")?, Some(false));
    /// assert_eq!(checked("4904089735-20220125-48BA3C-65D074-93")?, None);
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn checksum_ok(&self) -> Option<bool> {
        let too_early = self.date().is_some_and(|date| date.year() < FIRST_YEAR_OF_2_0);
        if self.text.len() == 36 || too_early {
            return None;
        }
        Some(crc8::fits(&self.text))
    }

    /// The same number in 35 characters, without the hyphen inside the technical part.
    ///
    /// ```
    /// use ksef_crypto::number::KsefNumber;
    ///
    /// let number = KsefNumber::parse("4904089735-20220125-48BA3C-65D074-93")?;
    /// assert_eq!(number.compact().as_str(), "4904089735-20220125-48BA3C65D074-93");
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    #[must_use]
    pub fn compact(&self) -> Self {
        if self.text.len() == 35 {
            return self.clone();
        }
        Self { text: format!("{}{}", &self.text[..26], &self.text[27..]).into() }
    }
}

number_text!(KsefNumber);
