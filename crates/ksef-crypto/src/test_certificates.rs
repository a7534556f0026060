//! Certificates for tests: look-alikes of every kind that KSeF knows, self-signed or issued by a
//! small authority of one's own.
//!
//! The test environments accept self-signed look-alikes (KSeF 1.x facts §7, KSeF 2.0 facts §4.2).
//! Nothing here is trusted in production, and nothing here belongs there.
//!
//! # Examples
//!
//! ```
//! use ksef_crypto::certificate::{SubjectRules, authentication_vector};
//! use ksef_crypto::keys::PrivateKey;
//! use ksef_crypto::test_certificates::TestCertificate;
//!
//! let key = PrivateKey::generate_p256()?;
//! let signer = TestCertificate::seal("1111111111").self_signed(key)?;
//! let vector = authentication_vector(signer.certificate(), SubjectRules::Version2);
//! assert!(vector.objections.iter().all(|objection| objection.to_string().starts_with("not a person")));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::error::Error;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use der::Decode as _;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, DnValue, IsCa, Issuer,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SigningKey,
};
use x509_cert::spki::SubjectPublicKeyInfoRef;

use crate::certificate::Certificate;
use crate::certificate::name::AttributeType;
use crate::keys::{KeyKind, LocalSigner, PrivateKey, SignatureAlgorithm, ecdsa_der};

/// What a test certificate shall say.
#[derive(Clone, Debug)]
pub struct TestCertificate {
    subject: Vec<(AttributeType, String)>,
    usage: KeyUsagePurpose,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
}

impl TestCertificate {
    /// A person's signature with this `serialNumber`, for example `PNOPL-01020300001` or
    /// `TINPL-1111111111`.
    pub fn person(serial_number: &str) -> Self {
        let mut certificate = Self::person_without_identifier();
        certificate.subject.push((AttributeType::SERIAL_NUMBER, serial_number.to_owned()));
        certificate
    }

    /// A person's signature without an identifier, to be known by its fingerprint.
    pub fn person_without_identifier() -> Self {
        Self::with_subject([
            (AttributeType::GIVEN_NAME, "Osoba"),
            (AttributeType::SURNAME, "Testowa"),
            (AttributeType::COMMON_NAME, "Osoba Testowa"),
            (AttributeType::COUNTRY_NAME, "PL"),
        ])
    }

    /// The seal of an organisation with this NIP (10 digits).
    pub fn seal(nip: &str) -> Self {
        Self::with_subject([
            (AttributeType::ORGANIZATION_NAME, "Firma Testowa"),
            (AttributeType::ORGANIZATION_IDENTIFIER, format!("VATPL-{nip}").as_str()),
            (AttributeType::COMMON_NAME, "Firma Testowa"),
            (AttributeType::COUNTRY_NAME, "PL"),
        ])
    }

    /// A certificate with exactly this subject, each type of attribute at most once.
    pub fn with_subject<'a>(subject: impl IntoIterator<Item = (AttributeType, &'a str)>) -> Self {
        Self {
            subject: subject.into_iter().map(|(kind, text)| (kind, text.to_owned())).collect(),
            usage: KeyUsagePurpose::ContentCommitment,
            not_before: start_of(2020),
            not_after: start_of(2050),
        }
    }

    /// Sets the key usage `digitalSignature`, as KSeF certificates of type Authentication have it
    /// (KSeF 2.0 facts §12.2), in place of `nonRepudiation`.
    #[must_use]
    pub fn for_authentication(mut self) -> Self {
        self.usage = KeyUsagePurpose::DigitalSignature;
        self
    }

    /// Sets the validity, to the second; it is 2020-01-01 to 2050-01-01 otherwise.
    #[must_use]
    pub fn valid(mut self, not_before: DateTime<Utc>, not_after: DateTime<Utc>) -> Self {
        self.not_before = not_before;
        self.not_after = not_after;
        self
    }

    /// Makes the certificate, signed by its own key.
    ///
    /// # Errors
    ///
    /// [`TestCertificateError`] when a value does not fit its string type or the key fails.
    pub fn self_signed(&self, key: PrivateKey) -> Result<LocalSigner, TestCertificateError> {
        let own = RcgenKey::new(&key)?;
        let made = self.params()?.self_signed(&own).map_err(TestCertificateError::of)?;
        signer(made.der(), key, Vec::new())
    }

    /// Makes the certificate, signed by an authority, whose certificates become the chain.
    ///
    /// # Errors
    ///
    /// As [`self_signed`](Self::self_signed).
    pub fn issued_by(
        &self,
        authority: &TestAuthority,
        key: PrivateKey,
    ) -> Result<LocalSigner, TestCertificateError> {
        let own = RcgenKey::new(&key)?;
        let issuer = authority.issuer()?;
        let made = self.params()?.signed_by(&own, &issuer).map_err(TestCertificateError::of)?;
        signer(made.der(), key, authority.path())
    }

    fn params(&self) -> Result<CertificateParams, TestCertificateError> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, text) in &self.subject {
            let arcs = kind.to_string().split('.').map_while(|arc| arc.parse().ok()).collect();
            params.distinguished_name.push(DnType::CustomDnType(arcs), value(*kind, text)?);
        }
        params.key_usages = vec![self.usage];
        params.use_authority_key_identifier_extension = true;
        // The library names no way to its time type but a date.
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        params.not_before = epoch + since_epoch(self.not_before)?;
        params.not_after = epoch + since_epoch(self.not_after)?;
        Ok(params)
    }
}

/// An authority for tests: a root, or one below another.
#[derive(Debug)]
pub struct TestAuthority {
    params: CertificateParams,
    signer: LocalSigner,
}

impl TestAuthority {
    /// A root with this common name, valid from 2020-01-01 to 2050-01-01.
    ///
    /// # Errors
    ///
    /// As [`TestCertificate::self_signed`].
    pub fn root(common_name: &str, key: PrivateKey) -> Result<Self, TestCertificateError> {
        let params = authority_params(common_name)?;
        let own = RcgenKey::new(&key)?;
        let made = params.self_signed(&own).map_err(TestCertificateError::of)?;
        let signer = signer(made.der(), key, Vec::new())?;
        Ok(Self { params, signer })
    }

    /// An authority below this one.
    ///
    /// # Errors
    ///
    /// As [`TestCertificate::self_signed`].
    pub fn subordinate(
        &self,
        common_name: &str,
        key: PrivateKey,
    ) -> Result<Self, TestCertificateError> {
        let params = authority_params(common_name)?;
        let own = RcgenKey::new(&key)?;
        let made = params.signed_by(&own, &self.issuer()?).map_err(TestCertificateError::of)?;
        let signer = signer(made.der(), key, self.path())?;
        Ok(Self { params, signer })
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Certificate {
        self.signer.certificate()
    }

    fn path(&self) -> Vec<Certificate> {
        let own = std::iter::once(self.signer.certificate());
        own.chain(self.signer.chain()).cloned().collect()
    }

    fn issuer(&self) -> Result<Issuer<'_, RcgenKey<'_>>, TestCertificateError> {
        Ok(Issuer::from_params(&self.params, RcgenKey::new(self.signer.key())?))
    }
}

/// No certificate was made.
#[derive(Debug)]
pub struct TestCertificateError {
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl TestCertificateError {
    fn of(source: impl Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Box::new(source)) }
    }
}

impl fmt::Display for TestCertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the test certificate could not be made")
    }
}

impl Error for TestCertificateError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// A key of ours as the library wants to see it.
#[derive(Debug)]
struct RcgenKey<'a> {
    key: &'a PrivateKey,
    public: Vec<u8>,
}

impl<'a> RcgenKey<'a> {
    fn new(key: &'a PrivateKey) -> Result<Self, TestCertificateError> {
        let spki = SubjectPublicKeyInfoRef::from_der(key.public_key().as_spki_der())
            .map_err(TestCertificateError::of)?;
        Ok(Self { key, public: spki.subject_public_key.raw_bytes().to_vec() })
    }
}

impl PublicKeyData for RcgenKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.key.kind() {
            KeyKind::Rsa => &PKCS_RSA_SHA256,
            KeyKind::P256 => &PKCS_ECDSA_P256_SHA256,
        }
    }
}

impl SigningKey for RcgenKey<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let algorithm = match self.key.kind() {
            KeyKind::Rsa => SignatureAlgorithm::RsaPkcs1Sha256,
            KeyKind::P256 => SignatureAlgorithm::EcdsaP256Sha256,
        };
        let signature =
            self.key.sign(algorithm, message).map_err(|_| rcgen::Error::RemoteKeyError)?;
        match self.key.kind() {
            KeyKind::Rsa => Ok(signature),
            KeyKind::P256 => ecdsa_der(&signature, 32).ok_or(rcgen::Error::RemoteKeyError),
        }
    }
}

fn signer(
    der: &[u8],
    key: PrivateKey,
    chain: Vec<Certificate>,
) -> Result<LocalSigner, TestCertificateError> {
    let certificate = Certificate::from_der(der).map_err(TestCertificateError::of)?;
    let signer = LocalSigner::new(key, certificate).map_err(TestCertificateError::of)?;
    Ok(signer.with_chain(chain))
}

fn authority_params(common_name: &str) -> Result<CertificateParams, TestCertificateError> {
    let name = [(AttributeType::COMMON_NAME, common_name), (AttributeType::COUNTRY_NAME, "PL")];
    let mut params = TestCertificate::with_subject(name).params()?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn value(kind: AttributeType, text: &str) -> Result<DnValue, TestCertificateError> {
    match kind {
        AttributeType::COUNTRY_NAME | AttributeType::SERIAL_NUMBER => {
            text.try_into().map(DnValue::PrintableString).map_err(TestCertificateError::of)
        }
        _ => Ok(DnValue::Utf8String(text.to_owned())),
    }
}

fn start_of(year: i32) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(year, 1, 1).unwrap_or_default().and_time(NaiveTime::MIN).and_utc()
}

fn since_epoch(time: DateTime<Utc>) -> Result<Duration, TestCertificateError> {
    u64::try_from(time.timestamp()).map(Duration::from_secs).map_err(TestCertificateError::of)
}

#[cfg(test)]
mod tests;
