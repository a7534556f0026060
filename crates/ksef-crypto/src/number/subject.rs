//! Identifiers of subjects other than the plain NIP: parts of a taxpayer, pairs of a Polish and a
//! foreign tax number, and Peppol providers.

use common_core::ident::Nip;

use super::{
    error::{Number, NumberError},
    pattern::{is_nip, matches},
    text::number_text,
    vat::is_eu_vat,
};

/// Identifier of a unit inside a taxpayer (identyfikator wewnętrzny): a NIP, a hyphen and 5 digits.
///
/// Specification 1.9, chapter 13.5; KSeF 1.x facts §4; KSeF 2.0 facts §4.1 and §11.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InternalId {
    text: Box<str>,
    nip: Nip,
}

impl InternalId {
    /// Reads an internal identifier; the check digit is not compared.
    ///
    /// ```
    /// use ksef_crypto::number::InternalId;
    ///
    /// assert_eq!(InternalId::parse("6824515772-12343")?.nip().as_str(), "6824515772");
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let refused = || NumberError::new(Number::InternalId);
        let (nip, unit) = split_after_nip(text).ok_or_else(refused)?;
        if !matches("99999", unit) {
            return Err(refused());
        }
        Ok(Self { text: text.into(), nip })
    }

    /// The identifier of a unit with the right check digit, from the taxpayer and the unit's number
    /// of at most four digits.
    ///
    /// ```
    /// use common_core::ident::Nip;
    /// use ksef_crypto::number::InternalId;
    ///
    /// let unit = InternalId::compose(&Nip::parse("6824515772")?, 1234)?;
    /// assert_eq!(unit.as_str(), "6824515772-12343");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn compose(taxpayer: &Nip, unit: u16) -> Result<Self, NumberError> {
        let unchecked = format!("{taxpayer}-{unit:04}");
        Self::parse(&format!("{unchecked}{}", check_digit(&unchecked)))
    }

    /// The taxpayer.
    pub fn nip(&self) -> &Nip {
        &self.nip
    }

    /// Tells whether the last digit is the sum of the 14 others, weighted 1, 3, 1, 3 and so on,
    /// modulo 10.
    ///
    /// KSeF 2.0 demands it in production and, on its test environments, only on request
    /// (KSeF 2.0 facts §1).
    ///
    /// ```
    /// use ksef_crypto::number::InternalId;
    ///
    /// assert!(InternalId::parse("6824515772-12343")?.checksum_ok());
    /// assert!(!InternalId::parse("6824515772-12344")?.checksum_ok());
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn checksum_ok(&self) -> bool {
        let (unchecked, last) = self.text.split_at(self.text.len() - 1);
        last == check_digit(unchecked).to_string()
    }
}

number_text!(InternalId);

/// Pair of a Polish NIP and a VAT number of the European Union: `{NIP}-{VAT number}`.
///
/// It names a Polish seller together with the buyer from another country that issues invoices in
/// the seller's name (specification 1.9, chapter 13.6; KSeF 1.x facts §4; KSeF 2.0 facts §4.1 and
/// §11).
/// The VAT number has its country's form in VIES, with `XI` for Northern Ireland.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NipVatUe {
    text: Box<str>,
    nip: Nip,
}

impl NipVatUe {
    /// Reads the pair.
    ///
    /// ```
    /// use ksef_crypto::number::NipVatUe;
    ///
    /// assert_eq!(NipVatUe::parse("1111111111-DE123456789")?.vat(), "DE123456789");
    /// assert!(NipVatUe::parse("1111111111-DE12345678").is_err());
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let refused = || NumberError::new(Number::NipVatUe);
        let (nip, vat) = split_after_nip(text).ok_or_else(refused)?;
        if !is_eu_vat(vat) {
            return Err(refused());
        }
        Ok(Self { text: text.into(), nip })
    }

    /// The Polish number.
    pub fn nip(&self) -> &Nip {
        &self.nip
    }

    /// The VAT number with its country's letters.
    pub fn vat(&self) -> &str {
        &self.text[11..]
    }
}

number_text!(NipVatUe);

/// Identifier of a Peppol service provider: `P`, two letters of the country and 6 digits.
///
/// Specification 1.9, chapter 18.2; KSeF 2.0 facts §4.1.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PeppolId {
    text: Box<str>,
}

impl PeppolId {
    /// Reads a Peppol identifier.
    ///
    /// ```
    /// use ksef_crypto::number::PeppolId;
    ///
    /// assert!(PeppolId::parse("PPL000001").is_ok());
    /// assert!(PeppolId::parse("ppl000001").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if !matches("Paa999999", text) {
            return Err(NumberError::new(Number::PeppolId));
        }
        Ok(Self { text: text.into() })
    }
}

number_text!(PeppolId);

/// The NIP at the beginning and what follows its hyphen.
fn split_after_nip(text: &str) -> Option<(Nip, &str)> {
    let (nip, rest) = text.split_at_checked(10)?;
    let nip = Nip::parse(nip).ok().filter(|_| is_nip(nip))?;
    Some((nip, rest.strip_prefix('-')?))
}

fn check_digit(text: &str) -> u32 {
    let digits = text.chars().filter_map(|c| c.to_digit(10));
    digits.zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum::<u32>() % 10
}
