//! Certificates as the repository's protocol looks at them: whose they are, when they hold, which
//! key they have.

use std::error::Error;
use std::fmt;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use der::asn1::{Any, ObjectIdentifier};
use der::{Decode as _, Encode as _, Tag, Tagged as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::time::Time;

use super::{JwsAlgorithm, KeyIdForm, form, pem};

const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");
const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ELLIPTIC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");

/// An X.509 certificate, read from DER. Two are equal when their bytes are.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    subject: Vec<(ObjectIdentifier, String)>,
    serial: Vec<u8>,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
    spki: Vec<u8>,
    kind: Option<KeyKind>,
    is_issuer: bool,
}

/// The kinds of keys that this crate works with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    Rsa,
    P256,
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
        let spki = tbs.subject_public_key_info();
        let usage = tbs.get_extension::<KeyUsage>().map_err(|_| CertificateError)?;
        let constraints = tbs.get_extension::<BasicConstraints>().map_err(|_| CertificateError)?;
        let subject = tbs
            .subject()
            .iter_rdn()
            .flat_map(x509_cert::name::RelativeDistinguishedName::iter)
            .filter_map(|pair| Some((pair.oid, text(&pair.value)?)))
            .collect();
        Ok(Self {
            der: der.to_vec(),
            subject,
            serial: tbs.serial_number().as_bytes().to_vec(),
            not_before: instant(tbs.validity().not_before)?,
            not_after: instant(tbs.validity().not_after)?,
            kind: match spki.algorithm.oid {
                RSA => Some(KeyKind::Rsa),
                ELLIPTIC => spki
                    .algorithm
                    .parameters
                    .as_ref()
                    .and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok())
                    .filter(|curve| *curve == P256)
                    .map(|_| KeyKind::P256),
                _ => None,
            },
            spki: spki.to_der().map_err(|_| CertificateError)?,
            is_issuer: constraints.is_some_and(|(_, constraints)| constraints.ca)
                && usage.is_none_or(|(_, usage)| usage.key_cert_sign()),
        })
    }

    /// Reads a certificate from the Base64 of its DER, as CMD07 and `x5c` carry it; white space
    /// is skipped.
    ///
    /// # Errors
    ///
    /// [`CertificateError`] when it is not the Base64 of a certificate.
    pub fn from_base64(text: &str) -> Result<Self, CertificateError> {
        Self::from_der(&pem::base64_content(text).ok_or(CertificateError)?)
    }

    /// Reads the first certificate of a PEM text.
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

    /// The certificate as DER, byte for byte as it was read.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as the Base64 of its DER, on one line, as CMD07 and CMD08 carry it.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// The common name of the subject: a register's unique number (CRK facts §1.1).
    pub fn common_name(&self) -> Option<&str> {
        self.subject.iter().find(|(kind, _)| *kind == COMMON_NAME).map(|(_, text)| text.as_str())
    }

    /// Every text in the subject, the common name among them.
    ///
    /// A software register's certificate holds the taxpayer's NIP, but in which attribute is not
    /// known.
    pub fn subject_texts(&self) -> impl Iterator<Item = &str> {
        self.subject.iter().map(|(_, text)| text.as_str())
    }

    /// The serial number in upper-case hexadecimal digits, two per byte, without a sign byte.
    pub fn serial_hex(&self) -> String {
        let magnitude = match self.serial.as_slice() {
            [0, rest @ ..] if !rest.is_empty() => rest,
            all => all,
        };
        hex(magnitude).to_ascii_uppercase()
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

    /// SHA-256 of the DER.
    pub fn sha256(&self) -> [u8; 32] {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, &self.der).as_ref());
        hash
    }

    /// SHA-256 of the DER, base64url without padding: `x5t#S256`.
    pub fn thumbprint(&self) -> String {
        form::encode(&self.sha256())
    }

    /// What `kid` says of this certificate in a form, or `None` when there is nothing to say.
    pub fn key_id(&self, form: &KeyIdForm) -> Option<String> {
        match form {
            KeyIdForm::Sha256Thumbprint => Some(self.thumbprint()),
            KeyIdForm::Sha1Hex => Some(hex(digest(&SHA1_FOR_LEGACY_USE_ONLY, &self.der).as_ref())),
            KeyIdForm::SerialHex => Some(self.serial_hex()),
            KeyIdForm::SubjectCommonName => self.common_name().map(str::to_owned),
            KeyIdForm::Literal(text) => Some(text.clone()),
        }
    }

    /// The DER `SubjectPublicKeyInfo`.
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    pub(super) fn key_kind(&self) -> Option<KeyKind> {
        self.kind
    }

    /// Whether it says that it may issue certificates.
    pub(super) fn is_issuer(&self) -> bool {
        self.is_issuer
    }

    /// Whether the signature is of this certificate's key. A key of another kind than the
    /// algorithm's, or an RSA key below 2048 bits, never verifies.
    pub(super) fn verifies(
        &self,
        algorithm: JwsAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        let library: &'static dyn VerificationAlgorithm = match (self.kind, algorithm) {
            (Some(KeyKind::Rsa), JwsAlgorithm::Rs256) => &RSA_PKCS1_2048_8192_SHA256,
            (Some(KeyKind::Rsa), JwsAlgorithm::Ps256) => &RSA_PSS_2048_8192_SHA256,
            (Some(KeyKind::Rsa), JwsAlgorithm::Ps384) => &RSA_PSS_2048_8192_SHA384,
            (Some(KeyKind::P256), JwsAlgorithm::Es256) => &ECDSA_P256_SHA256_FIXED,
            _ => return false,
        };
        UnparsedPublicKey::new(library, &self.spki).verify(message, signature).is_ok()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

/// The common name, or the serial number of a certificate without one.
impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.common_name() {
            Some(name) => f.write_str(name),
            None => write!(f, "serial number {}", self.serial_hex()),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("common_name", &self.common_name())
            .field("serial", &self.serial_hex())
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
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

fn text(value: &Any) -> Option<String> {
    match value.tag() {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString => {
            String::from_utf8(value.value().to_vec()).ok()
        }
        _ => None,
    }
}

fn instant(time: Time) -> Result<DateTime<Utc>, CertificateError> {
    i64::try_from(time.to_unix_duration().as_secs())
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .ok_or(CertificateError)
}

/// Lower-case hexadecimal digits, two per byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}
