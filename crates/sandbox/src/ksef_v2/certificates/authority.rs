//! The sandbox's own authority for KSeF certificates. It is made once per process, because nothing
//! depends on its value.

use std::sync::LazyLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DistinguishedName, DnType, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SerialNumber, SignatureAlgorithm, date_time_ymd,
};

use super::Kind;
use super::csr::{Attributes, KeyKind, PublicKey};

static AUTHORITY: LazyLock<Authority> = LazyLock::new(Authority::new);

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

/// What a certificate says beside its key.
pub(super) struct Terms<'a> {
    pub(super) subject: &'a Attributes,
    pub(super) kind: Kind,
    pub(super) serial: [u8; 8],
    pub(super) from: DateTime<Utc>,
    pub(super) to: DateTime<Utc>,
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.kind {
            KeyKind::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
            KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl Authority {
    #[expect(clippy::expect_used, reason = "a machine without randomness cannot run a sandbox")]
    fn new() -> Self {
        let key = KeyPair::generate().expect("randomness for a P-256 key");
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        name.push(DnType::CountryName, "PL");
        name.push(DnType::CommonName, "Urząd certyfikacji KSeF piaskownicy");
        params.distinguished_name = name;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2999, 1, 1);
        let certificate = params.self_signed(&key).expect("a certificate of constants");
        Self { issuer: Issuer::new(params, key), certificate }
    }
}

/// The authority's own certificate, DER.
pub(super) fn certificate() -> &'static [u8] {
    AUTHORITY.certificate.der()
}

/// A certificate for a key, DER; `None` for a subject that cannot be written.
pub(super) fn issue(key: &PublicKey, terms: &Terms<'_>) -> Option<Vec<u8>> {
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    for (number, value) in terms.subject {
        name.push(DnType::CustomDnType(vec![2, 5, 4, *number]), value.as_str());
    }
    params.distinguished_name = name;
    params.serial_number = Some(SerialNumber::from_slice(&terms.serial));
    params.key_usages = match terms.kind {
        Kind::Authentication => vec![KeyUsagePurpose::DigitalSignature],
        Kind::Offline => vec![KeyUsagePurpose::ContentCommitment],
    };
    let since_epoch = |at: DateTime<Utc>| u64::try_from(at.timestamp()).ok();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(since_epoch(terms.from)?);
    params.not_after = epoch + Duration::from_secs(since_epoch(terms.to)?);
    let certificate = params.signed_by(key, &AUTHORITY.issuer).ok()?;
    Some(certificate.der().to_vec())
}

#[cfg(test)]
mod tests {
    use der::Decode as _;

    use super::*;
    use crate::ksef::hex;

    #[test]
    fn certificates_say_what_was_agreed() {
        let pair = KeyPair::generate().unwrap();
        let bytes = pair.der_bytes().to_vec();
        let key = PublicKey { kind: KeyKind::P256, bytes };
        let subject = vec![(3, "Ala Zmyślona".to_owned()), (6, "PL".to_owned())];
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let (from, to) = (at("2026-02-01T10:00:00Z"), at("2028-02-01T10:00:00Z"));
        let serial = [1, 2, 3, 4, 5, 6, 7, 8];
        let kind = Kind::Offline;
        let der = issue(&key, &Terms { subject: &subject, kind, serial, from, to }).unwrap();
        let read = x509_cert::Certificate::from_der(&der).unwrap();
        let read = read.tbs_certificate();
        assert_eq!(hex(read.serial_number().as_bytes()), "0102030405060708");
        let start = read.validity().not_before.to_unix_duration().as_secs();
        assert_eq!(i64::try_from(start).unwrap(), from.timestamp());
        assert_eq!(super::super::csr::subject(&der).unwrap(), subject);
        assert_eq!(read.subject_public_key_info().subject_public_key.raw_bytes(), key.bytes);
        assert!(x509_cert::Certificate::from_der(certificate()).is_ok());
    }
}
