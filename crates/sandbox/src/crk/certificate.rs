//! Certificates as the double reads them: the unique number, the NIP and the key.

use der::Decode;
use der::oid::ObjectIdentifier;
use rsa::RsaPublicKey;
use rsa::pkcs1::DecodeRsaPublicKey;
use sha2::{Digest, Sha256};
use x509_cert::Certificate as Parsed;

/// `commonName`; holds the unique number (CRK facts §1.1).
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// `serialNumber` of the subject; holds the NIP of a software register. Which attribute the real
/// certificates use is not published.
const SERIAL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.5");

/// `organizationIdentifier`, the other place where the double looks for a NIP.
const ORGANIZATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.97");

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// A certificate that has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    /// The common name.
    pub(super) name: String,
    /// Ten digits, if the subject has them in a place for a NIP.
    pub(super) nip: Option<String>,
    pub(super) serial: Vec<u8>,
    pub(super) key: PublicKey,
}

/// The public key inside a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PublicKey {
    /// `RSAPublicKey` in DER form.
    Rsa(Vec<u8>),
    /// An uncompressed point.
    Elliptic(Vec<u8>),
}

impl Certificate {
    /// Reads DER; `None` for anything else and for keys of other kinds.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let parsed = Parsed::from_der(bytes).ok()?;
        let content = parsed.tbs_certificate();
        let name = attribute(content.subject(), COMMON_NAME).unwrap_or_default();
        let nip = [SERIAL_NUMBER, ORGANIZATION]
            .into_iter()
            .find_map(|place| nip(&attribute(content.subject(), place)?));
        let info = content.subject_public_key_info();
        let bits = info.subject_public_key.as_bytes()?.to_vec();
        let key = match info.algorithm.oid {
            RSA => PublicKey::Rsa(bits),
            ELLIPTIC => PublicKey::Elliptic(bits),
            _ => return None,
        };
        let serial = content.serial_number().as_bytes().to_vec();
        Some(Self { der: bytes.to_vec(), name, nip, serial, key })
    }

    /// SHA-256 over the whole certificate.
    pub(super) fn thumbprint(&self) -> [u8; 32] {
        Sha256::digest(&self.der).into()
    }

    /// The key for encryption, if it is one of RSA.
    pub(super) fn rsa_key(&self) -> Option<RsaPublicKey> {
        match &self.key {
            PublicKey::Rsa(bits) => RsaPublicKey::from_pkcs1_der(bits).ok(),
            PublicKey::Elliptic(_) => None,
        }
    }
}

fn attribute(name: &x509_cert::name::Name, oid: ObjectIdentifier) -> Option<String> {
    let found = name.iter().find(|attribute| attribute.oid == oid)?;
    String::from_utf8(found.value.value().to_vec()).ok()
}

/// The ten digits at the end of `VATPL-1234563218` and the like.
fn nip(text: &str) -> Option<String> {
    let digits = text.get(text.len().checked_sub(10)?..)?;
    let prefix = &text[..text.len() - 10];
    let known = ["", "PL", "NIP-", "VATPL-"].contains(&prefix);
    (known && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nip_has_ten_digits_after_a_known_prefix() {
        for text in ["1234563218", "PL1234563218", "NIP-1234563218", "VATPL-1234563218"] {
            assert_eq!(nip(text).as_deref(), Some("1234563218"), "{text}");
        }
        for text in ["", "123456321", "VATDE-1234563218", "12345632189", "VATPL-12345632X8"] {
            assert_eq!(nip(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_not_read() {
        assert_eq!(Certificate::read(b""), None);
        assert_eq!(Certificate::read(&[0x30, 0x03, 0x02, 0x01, 0x00]), None);
    }
}
