//! The system's own certificate authority, which signs requests for internal certificates
//! (specification 1.9, chapter 13.9.2).

use std::sync::LazyLock;

use chrono::{DateTime, Datelike as _, Utc};
use der::{Decode as _, Encode as _};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, Issuer, KeyPair, PublicKeyData,
    SignatureAlgorithm, date_time_ymd,
};
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::request::CertReq;

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

static AUTHORITY: LazyLock<Issuer<'static, KeyPair>> = LazyLock::new(authority);

/// A request whose signature holds.
pub(crate) struct Request {
    name: Vec<(Vec<u64>, String)>,
    key: Vec<u8>,
}

/// The key of a request, for the certificate that it becomes.
struct Key(Vec<u8>);

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

impl Request {
    /// Reads a PKCS#10 request with an RSA key, signed by that key with SHA-256; the specification
    /// wants RSA.
    pub(crate) fn read(der: &[u8]) -> Option<Self> {
        let request = CertReq::from_der(der).ok()?;
        let key = request.info.public_key.subject_public_key.raw_bytes().to_vec();
        let signed = request.info.to_der().ok()?;
        let fits = request.algorithm.oid == SHA256_WITH_RSA;
        let holds = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &key)
            .verify(&signed, request.signature.raw_bytes());
        let name = request.info.subject.iter().map(|attribute| {
            let oid = attribute.oid.arcs().map(u64::from).collect();
            let value = String::from_utf8(attribute.value.value().to_vec()).ok()?;
            Some((oid, value))
        });
        let name = name.collect::<Option<_>>()?;
        (fits && holds.is_ok()).then_some(Self { name, key })
    }

    /// Whether the subject names this identifier.
    pub(crate) fn names(&self, identifier: &str) -> bool {
        self.name.iter().any(|(_, value)| value.contains(identifier))
    }

    /// The certificate, which is valid for two years.
    pub(crate) fn issue(&self, now: DateTime<Utc>) -> Option<Vec<u8>> {
        let mut params = CertificateParams::default();
        let mut name = DistinguishedName::new();
        for (oid, value) in &self.name {
            name.push(DnType::CustomDnType(oid.clone()), value.as_str());
        }
        params.distinguished_name = name;
        let (month, day) = (u8::try_from(now.month()).ok()?, u8::try_from(now.day()).ok()?);
        params.not_before = date_time_ymd(now.year(), month, day.min(28));
        params.not_after = date_time_ymd(now.year() + 2, month, day.min(28));
        let certificate = params.signed_by(&Key(self.key.clone()), &*AUTHORITY).ok()?;
        Some(certificate.der().to_vec())
    }
}

#[expect(clippy::expect_used, reason = "a machine without randomness cannot run a sandbox")]
fn authority() -> Issuer<'static, KeyPair> {
    let key = KeyPair::generate().expect("randomness for a P-256 key");
    let mut params = CertificateParams::default();
    let mut name = DistinguishedName::new();
    name.push(DnType::CountryName, "PL");
    name.push(DnType::CommonName, "Urząd certyfikacji piaskownicy");
    params.distinguished_name = name;
    Issuer::new(params, key)
}
