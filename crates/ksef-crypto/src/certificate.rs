//! Certificates as KSeF looks at them: whose they are, when they hold, and what they prove.
//!
//! A certificate is read once into plain values.
//! Which authentication vector it is (specification 1.9, chapter 4.3) is in [`vector`], whether a
//! trusted authority issued it in [`chain`].

pub mod chain;
pub mod name;
#[cfg(test)]
mod tests;
pub mod vector;

use std::error::Error;
use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage as KeyUsageExtension};
use x509_cert::time::Time;

use crate::keys::{PublicKey, pem};
use name::DistinguishedName;
pub use vector::{AuthenticationVector, SubjectRules, authentication_vector};

/// An X.509 certificate, read from DER.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    subject: DistinguishedName,
    issuer: DistinguishedName,
    serial: Vec<u8>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    spki: Vec<u8>,
    public_key: Option<PublicKey>,
    key_usage: Option<KeyUsage>,
    authority: bool,
}

/// What the key of a certificate may be used for (RFC 5280, section 4.2.1.3), as far as it
/// matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "the extension is a string of bits")]
pub struct KeyUsage {
    /// `digitalSignature`: KSeF certificates of type Authentication (KSeF 2.0 facts §12.2).
    pub digital_signature: bool,
    /// `nonRepudiation`: KSeF certificates of type Offline, qualified signatures and seals.
    pub non_repudiation: bool,
    /// `keyEncipherment`.
    pub key_encipherment: bool,
    /// `keyCertSign`: required of every issuer.
    pub key_cert_sign: bool,
}

impl Certificate {
    /// Reads one certificate from DER.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when it is not exactly one X.509 certificate.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let read = x509_cert::Certificate::from_der(der).map_err(|_| CertificateError)?;
        let tbs = read.tbs_certificate();
        let spki = tbs.subject_public_key_info().to_der().map_err(|_| CertificateError)?;
        let usage = tbs.get_extension::<KeyUsageExtension>().map_err(|_| CertificateError)?;
        let constraints = tbs.get_extension::<BasicConstraints>().map_err(|_| CertificateError)?;
        Ok(Self {
            subject: DistinguishedName::read(tbs.subject()).ok_or(CertificateError)?,
            issuer: DistinguishedName::read(tbs.issuer()).ok_or(CertificateError)?,
            serial: tbs.serial_number().as_bytes().to_vec(),
            not_before: instant(tbs.validity().not_before)?,
            not_after: instant(tbs.validity().not_after)?,
            public_key: PublicKey::from_spki_der(&spki).ok(),
            spki,
            key_usage: usage.map(|(_, usage)| KeyUsage::read(usage)),
            authority: constraints.is_some_and(|(_, constraints)| constraints.ca),
            der: der.to_vec(),
        })
    }

    /// Reads the first certificate of a PEM text; its lines may have any length.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when there is none.
    pub fn from_pem(text: &str) -> Result<Self, CertificateError> {
        Self::chain_from_pem(text)?.into_iter().next().ok_or(CertificateError)
    }

    /// Reads all certificates of a PEM text in their order.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when the text is no PEM or one of the certificates cannot be read.
    pub fn chain_from_pem(text: &str) -> Result<Vec<Self>, CertificateError> {
        pem::blocks(text)
            .ok_or(CertificateError)?
            .iter()
            .filter(|block| block.label == "CERTIFICATE")
            .map(|block| Self::from_der(&block.content))
            .collect()
    }

    /// Reads a certificate from the Base64 of its DER, with or without white space, as XML
    /// signatures and the lists of KSeF 2.0 carry it.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when it is not the Base64 of a certificate.
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        Self::from_der(&pem::base64_content(text).ok_or(CertificateError)?)
    }

    /// The certificate as DER, byte for byte as it was read.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as the Base64 of its DER, on one line.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// Whose certificate it is.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Who issued it. Its `Display` is the text for `X509IssuerName`.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// The serial number in decimal, as `X509SerialNumber` wants it.
    pub fn serial_decimal(&self) -> String {
        decimal(&self.serial)
    }

    /// The serial number in upper-case hexadecimal, two digits per byte and without a sign byte:
    /// 16 digits for certificates of KSeF 2.0 (KSeF 2.0 facts §12.2).
    pub fn serial_hex(&self) -> String {
        let magnitude = match self.serial.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        upper_hex(magnitude)
    }

    /// The first second of its validity.
    pub fn not_before(&self) -> DateTime<Utc> {
        self.not_before
    }

    /// The last second of its validity.
    pub fn not_after(&self) -> DateTime<Utc> {
        self.not_after
    }

    /// Whether the time is within the validity, both ends included.
    pub fn is_valid_at(&self, time: DateTime<Utc>) -> bool {
        self.not_before <= time && time.timestamp() <= self.not_after.timestamp()
    }

    /// The public key, or `None` when it is of a kind not supported here.
    pub fn public_key(&self) -> Option<&PublicKey> {
        self.public_key.as_ref()
    }

    /// The DER `SubjectPublicKeyInfo`, of whatever kind.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The key usage, or `None` when the certificate does not limit it.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// Whether the basic constraints say that it may issue certificates.
    pub fn is_authority(&self) -> bool {
        self.authority
    }

    /// Whether subject and issuer have the same name.
    pub fn is_self_issued(&self) -> bool {
        self.subject == self.issuer
    }

    /// SHA-256 of the DER.
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.der).as_ref());
        hash
    }

    /// SHA-256 of the DER in 64 upper-case hexadecimal digits (specification 1.9, chapter
    /// 4.3.1.3; KSeF 2.0 facts §4.2).
    pub fn fingerprint(&self) -> String {
        upper_hex(&self.sha256())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &format_args!("{}", self.subject))
            .field("issuer", &format_args!("{}", self.issuer))
            .field("serial", &format_args!("{}", self.serial_hex()))
            .finish_non_exhaustive()
    }
}

impl KeyUsage {
    fn read(usage: KeyUsageExtension) -> Self {
        Self {
            digital_signature: usage.digital_signature(),
            non_repudiation: usage.non_repudiation(),
            key_encipherment: usage.key_encipherment(),
            key_cert_sign: usage.key_cert_sign(),
        }
    }
}

/// The bytes are not an X.509 certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateError;

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are not an X.509 certificate")
    }
}

impl Error for CertificateError {}

fn instant(time: Time) -> Result<DateTime<Utc>, CertificateError> {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(CertificateError)
}

pub(crate) fn upper_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// A big-endian number in two's complement as decimal text.
///
/// Serial numbers must be positive (RFC 5280, section 4.1.2.2), but certificates with negative
/// ones exist and must be named as other programs name them.
fn decimal(bytes: &[u8]) -> String {
    let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
    let mut magnitude = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
        }
    }
    let mut digits = Vec::new();
    while magnitude.iter().any(|byte| *byte != 0) {
        let mut remainder = 0_u16;
        for byte in &mut magnitude {
            let value = remainder << 8 | u16::from(*byte);
            // The remainder is below 10, so the quotient is below 256.
            *byte = u8::try_from(value / 10).unwrap_or(u8::MAX);
            remainder = value % 10;
        }
        digits.push(char::from_digit(u32::from(remainder), 10).unwrap_or('0'));
    }
    if digits.is_empty() {
        digits.push('0');
    }
    if negative {
        digits.push('-');
    }
    digits.iter().rev().collect()
}
