//! The serial number of a certificate that KSeF 2.0 issued.

use super::{
    error::{Number, NumberError},
    pattern::matches,
    text::number_text,
};
use crate::certificate::Certificate;

/// Serial number of a KSeF 2.0 certificate: 16 upper-case hexadecimal digits.
///
/// KSeF 2.0 facts §12.2.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CertificateSerial {
    text: Box<str>,
}

impl CertificateSerial {
    /// Reads a serial number.
    ///
    /// ```
    /// use ksef_crypto::number::CertificateSerial;
    ///
    /// assert!(CertificateSerial::parse("01F20A5D352AE590").is_ok());
    /// assert!(CertificateSerial::parse("01f20a5d352ae590").is_err());
    /// ```
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        if !matches("hhhhhhhhhhhhhhhh", text) {
            return Err(NumberError::new(Number::CertificateSerial));
        }
        Ok(Self { text: text.into() })
    }

    /// The serial number of a certificate.
    ///
    /// Refused are those of more than 8 bytes, which KSeF does not issue.
    pub fn of_certificate(certificate: &Certificate) -> Result<Self, NumberError> {
        Self::parse(&format!("{:0>16}", certificate.serial_hex()))
    }
}

number_text!(CertificateSerial);
