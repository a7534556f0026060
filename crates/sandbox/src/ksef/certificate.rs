//! Certificates as KSeF reads them: whom the subject names, and whether a signature is theirs
//! (specification 1.9, chapter 4.3; KSeF 1.x facts §7).

use chrono::{DateTime, Utc};
use der::Decode as _;
use ring::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::der::asn1::ObjectIdentifier;

use super::{hex, sha256};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const GIVEN_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.42");
const SURNAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.4");
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");
const ORGANIZATION_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.97");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

/// A certificate that has been read.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
}

/// Whom a certificate stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// A seal of the organisation with this NIP.
    Seal { nip: String },
    /// A person, with the numbers that the serial number of the subject names.
    Person { nip: Option<String>, pesel: Option<String> },
}

/// How a signature was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Rsa(Hash),
    RsaPss(Hash),
    Ecdsa(Hash),
}

/// The digests that signatures may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Certificate {
    /// Reads DER.
    pub(crate) fn from_der(der: &[u8]) -> Option<Self> {
        let parsed = x509_cert::Certificate::from_der(der).ok()?;
        Some(Self { der: der.to_vec(), parsed })
    }

    /// The certificate, DER.
    pub(crate) fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the certificate, upper-case hexadecimal.
    pub(crate) fn fingerprint(&self) -> String {
        hex(&sha256(&self.der))
    }

    /// The serial number, upper-case hexadecimal.
    pub(crate) fn serial(&self) -> String {
        hex(self.parsed.tbs_certificate().serial_number().as_bytes())
    }

    /// Whether the moment lies within the validity.
    pub(crate) fn valid_at(&self, moment: DateTime<Utc>) -> bool {
        let validity = self.parsed.tbs_certificate().validity();
        let seconds = u64::try_from(moment.timestamp()).unwrap_or_default();
        let from = validity.not_before.to_unix_duration().as_secs();
        let to = validity.not_after.to_unix_duration().as_secs();
        (from..=to).contains(&seconds)
    }

    /// Whom the subject names; `None` when it names neither a person nor a seal as the rules ask
    /// (specification 1.9, chapters 4.3.1.1 and 4.3.1.2).
    pub(crate) fn holder(&self) -> Option<Holder> {
        let organization = self.attribute(ORGANIZATION_IDENTIFIER);
        let person = [GIVEN_NAME, SURNAME].map(|oid| self.attribute(oid).is_some());
        let number = self.attribute(SERIAL_NUMBER);
        if let Some(organization) = organization {
            let alone = person == [false, false] && number.is_none();
            let nip = digits(&organization, &["VATPL"], 10)?;
            return alone.then_some(Holder::Seal { nip });
        }
        if person != [true, true] {
            return None;
        }
        let number = number.unwrap_or_default();
        let pesel = digits(&number, &["PNOPL", "PESEL"], 11);
        let nip = digits(&number, &["TINPL", "NIP"], 10);
        Some(Holder::Person { nip, pesel })
    }

    /// Whether the certificate's key made `signature` over `message`.
    pub(crate) fn verifies(&self, method: Method, message: &[u8], signature: &[u8]) -> bool {
        let key = self.parsed.tbs_certificate().subject_public_key_info();
        let rsa = key.algorithm.oid == RSA;
        if rsa == matches!(method, Method::Ecdsa(_)) {
            return false;
        }
        let bytes = key.subject_public_key.raw_bytes();
        let Some((algorithm, signature)) = algorithm(method, bytes.len(), signature) else {
            return false;
        };
        UnparsedPublicKey::new(algorithm, bytes).verify(message, &signature).is_ok()
    }

    /// The common name of the subject.
    pub(crate) fn common_name(&self) -> Option<String> {
        self.attribute(COMMON_NAME)
    }

    fn attribute(&self, oid: ObjectIdentifier) -> Option<String> {
        let subject = self.parsed.tbs_certificate().subject();
        let found = subject.iter().find(|attribute| attribute.oid == oid)?;
        String::from_utf8(found.value.value().to_vec()).ok()
    }
}

/// The verification of `ring` for a method and a key of so many bytes, and the signature in the
/// form that it takes: XML writes ECDSA signatures as two numbers of fixed length.
fn algorithm(
    method: Method,
    key: usize,
    signature: &[u8],
) -> Option<(&'static dyn VerificationAlgorithm, Vec<u8>)> {
    use Hash::{Sha256, Sha384, Sha512};
    // Uncompressed points: one byte and two coordinates.
    let (p256, p384) = (key == 65 && signature.len() == 64, key == 97 && signature.len() == 96);
    let plain = signature.to_vec();
    Some(match method {
        Method::Rsa(Sha256) => (&algorithms::RSA_PKCS1_2048_8192_SHA256, plain),
        Method::Rsa(Sha384) => (&algorithms::RSA_PKCS1_2048_8192_SHA384, plain),
        Method::Rsa(Sha512) => (&algorithms::RSA_PKCS1_2048_8192_SHA512, plain),
        Method::RsaPss(Sha256) => (&algorithms::RSA_PSS_2048_8192_SHA256, plain),
        Method::RsaPss(Sha384) => (&algorithms::RSA_PSS_2048_8192_SHA384, plain),
        Method::RsaPss(Sha512) => (&algorithms::RSA_PSS_2048_8192_SHA512, plain),
        Method::Ecdsa(Sha256) if p256 => (&algorithms::ECDSA_P256_SHA256_FIXED, plain),
        Method::Ecdsa(Sha384) if p384 => (&algorithms::ECDSA_P384_SHA384_FIXED, plain),
        Method::Ecdsa(Sha384) if p256 => (&algorithms::ECDSA_P256_SHA384_ASN1, asn1(signature)),
        Method::Ecdsa(Sha256) if p384 => (&algorithms::ECDSA_P384_SHA256_ASN1, asn1(signature)),
        Method::Ecdsa(_) => return None,
    })
}

/// Two numbers of fixed length as a DER sequence; at most 2 × 48 bytes, so all lengths are short.
fn asn1(fixed: &[u8]) -> Vec<u8> {
    let (first, second) = fixed.split_at(fixed.len() / 2);
    let mut body = Vec::new();
    for number in [first, second] {
        let start = number.iter().position(|byte| *byte != 0).unwrap_or(number.len() - 1);
        let number = &number[start..];
        let sign = u8::from(number[0] >= 0x80);
        let length = u8::try_from(number.len()).unwrap_or(u8::MAX) + sign;
        body.extend([2, length]);
        body.extend(vec![0; usize::from(sign)]);
        body.extend(number);
    }
    let mut sequence = vec![0x30, u8::try_from(body.len()).unwrap_or(u8::MAX)];
    sequence.extend(body);
    sequence
}

/// The first run of `count` digits after one of the marks.
fn digits(text: &str, marks: &[&str], count: usize) -> Option<String> {
    let rest = marks.iter().find_map(|mark| text.split_once(mark))?.1;
    let bytes = rest.as_bytes();
    let run = bytes.windows(count).find(|window| window.iter().all(u8::is_ascii_digit))?;
    String::from_utf8(run.to_vec()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_behind_their_marks() {
        assert_eq!(digits("PNOPL-00810100000", &["PNOPL"], 11).as_deref(), Some("00810100000"));
        assert_eq!(digits("PESEL: 00810100000", &["PNOPL", "PESEL"], 11).unwrap(), "00810100000");
        assert_eq!(digits("TINPL-99", &["TINPL", "NIP"], 10), None);
        assert_eq!(digits("9990000903", &["VATPL"], 10), None);
    }

    #[test]
    fn asn1_numbers_are_positive_and_minimal() {
        let mut fixed = [0; 64];
        (fixed[31], fixed[32]) = (5, 0x80);
        let sequence = asn1(&fixed);
        assert_eq!(&sequence[..7], [0x30, 38, 2, 1, 5, 2, 33]);
        assert_eq!(&sequence[7..9], [0, 0x80]);
    }
}
