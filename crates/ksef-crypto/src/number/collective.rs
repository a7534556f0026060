//! The identifier under which several invoices are paid at once.

use common_core::ident::Nip;

use super::{
    crc8,
    error::{Number, NumberError},
    pattern::{is_issuer, is_month, matches},
    text::number_text,
};

/// Identifier for paying several invoices of one seller at once: 35 characters.
///
/// `{issuer}-{two letters or digits}{YYYYMM}-{12 hexadecimal digits}-{checksum}`.
/// KSeF 2.0 calls it the collective identifier (identyfikator zbiorczy) and writes the letters `IZ`
/// (KSeF 2.0 facts §12.4); KSeF 1.x calls it the payment identifier (specification 1.9, chapter
/// 13.11.1; KSeF 1.x facts §2.7 and §4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CollectiveIdentifier {
    text: Box<str>,
}

impl CollectiveIdentifier {
    /// Reads an identifier of either generation; the checksum is not compared.
    ///
    /// ```
    /// use ksef_crypto::number::CollectiveIdentifier;
    ///
    /// let identifier = CollectiveIdentifier::parse("1111111111-IZ202607-65ED02180000-E7")?;
    /// assert_eq!((identifier.code(), identifier.month()), ("IZ", "202607"));
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let fits = matches("xxxxxxxxxx-xx999999-hhhhhhhhhhhh-hh", text)
            && is_issuer(&text[..10])
            && is_month(&text[13..19]);
        if !fits {
            return Err(NumberError::new(Number::Collective));
        }
        Ok(Self { text: text.into() })
    }

    /// Whoever the identifier begins with, 10 characters: mostly the seller's NIP.
    pub fn issuer(&self) -> &str {
        &self.text[..10]
    }

    /// The seller's NIP, or `None` when the identifier begins with another one.
    pub fn nip(&self) -> Option<Nip> {
        Nip::parse(self.issuer()).ok()
    }

    /// The two characters before the month, `IZ` in KSeF 2.0.
    pub fn code(&self) -> &str {
        &self.text[11..13]
    }

    /// Year and month, `YYYYMM`.
    pub fn month(&self) -> &str {
        &self.text[13..19]
    }

    /// Tells whether the last two digits are the CRC-8 of the first 32 characters, as in KSeF 2.0,
    /// or `None` when the code is not that of KSeF 2.0.
    ///
    /// ```
    /// use ksef_crypto::number::CollectiveIdentifier;
    ///
    /// let identifier = CollectiveIdentifier::parse("1111111111-IZ202607-65ED02180000-E7")?;
    /// assert_eq!(identifier.checksum_ok(), Some(true));
    /// # Ok::<(), ksef_crypto::number::NumberError>(())
    /// ```
    pub fn checksum_ok(&self) -> Option<bool> {
        (self.code() == "IZ").then(|| crc8::fits(&self.text))
    }
}

number_text!(CollectiveIdentifier);
