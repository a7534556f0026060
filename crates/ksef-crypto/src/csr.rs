//! Certificate requests for KSeF certificates (KSeF 2.0 facts §12.2; specification 1.9, chapter
//! 4.3.2.3).
//!
//! The authority tells which attributes the subject must have, and wants exactly these back, so
//! a request is made from the attributes in the given order. A name may have several
//! `givenName`, which is why the request is composed here and not by a library that keeps one
//! attribute per type.
//!
//! Keys are made by [`PrivateKey::generate_p256`] (recommended by the authority) or
//! [`PrivateKey::generate_rsa_2048`].

use std::error::Error;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common_core::secret::Zeroizing;
use der::asn1::{Any, BitString, PrintableStringRef, Utf8StringRef};
use der::{Decode as _, Encode as _};
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};
use x509_cert::request::{CertReq, CertReqInfo, Version};
use x509_cert::spki::{AlgorithmIdentifierOwned, ObjectIdentifier, SubjectPublicKeyInfoOwned};

use crate::certificate::name::AttributeType;
use crate::keys::{KeyKind, PrivateKey, SignatureAlgorithm, ecdsa_der, pem};

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_WITH_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// A PKCS#10 certificate request (RFC 2986), signed by its own key with SHA-256: RSA by PKCS#1
/// v1.5, P-256 by ECDSA.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateRequest {
    der: Vec<u8>,
}

impl CertificateRequest {
    /// Makes a request for a key.
    ///
    /// Every attribute becomes a part of the name of its own, in the given order. `countryName`
    /// and `serialNumber` are written as `PrintableString`, as X.520 demands, all others as
    /// `UTF8String`.
    ///
    /// # Errors
    ///
    /// [`RequestError::Value`] when a value is empty or cannot be written in its string type,
    /// [`RequestError::Key`] when the key could not sign.
    pub fn new<'a>(
        subject: impl IntoIterator<Item = (AttributeType, &'a str)>,
        key: &PrivateKey,
    ) -> Result<Self, RequestError> {
        let public_key = SubjectPublicKeyInfoOwned::from_der(key.public_key().as_spki_der())
            .map_err(|_| RequestError::Key)?;
        let info = CertReqInfo {
            version: Version::V1,
            subject: name(subject)?,
            public_key,
            attributes: x509_cert::attr::Attributes::default(),
        };
        let signed = info.to_der().map_err(|_| RequestError::Key)?;
        let (algorithm, signature) = signature(key, &signed).ok_or(RequestError::Key)?;
        let request = CertReq {
            info,
            algorithm,
            signature: BitString::from_bytes(&signature).map_err(|_| RequestError::Key)?,
        };
        Ok(Self { der: request.to_der().map_err(|_| RequestError::Key)? })
    }

    /// The request as DER.
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    /// The request as the Base64 of its DER, on one line: the `csr` of an enrolment.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(&self.der)
    }

    /// The request as PEM.
    pub fn to_pem(&self) -> String {
        pem::written("CERTIFICATE REQUEST", &self.der).to_string()
    }
}

impl PrivateKey {
    /// The key as PKCS#8 PEM, unencrypted: whoever stores it must protect it.
    ///
    /// # Errors
    ///
    /// [`RequestError::Key`] when the library cannot encode the key.
    pub fn expose_pkcs8_pem(&self) -> Result<Zeroizing<String>, RequestError> {
        use common_core::secret::ExposeSecret as _;
        let der = self.expose_pkcs8().map_err(|_| RequestError::Key)?;
        Ok(pem::written("PRIVATE KEY", der.expose_secret()))
    }
}

/// No request was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestError {
    /// The value of this attribute is empty or has characters that its string type cannot hold.
    Value(AttributeType),
    /// The key could not be encoded or could not sign.
    Key,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(kind) => write!(f, "the value of attribute {kind} cannot be written"),
            Self::Key => f.write_str("the key could not sign the request"),
        }
    }
}

impl Error for RequestError {}

fn name<'a>(
    subject: impl IntoIterator<Item = (AttributeType, &'a str)>,
) -> Result<Name, RequestError> {
    let parts = subject
        .into_iter()
        .map(|(kind, text)| part(kind, text).ok_or(RequestError::Value(kind)))
        .collect::<Result<Vec<_>, _>>()?;
    // The library builds a name from its parts only by way of DER.
    RdnSequence::from(parts)
        .to_der()
        .and_then(|der| Name::from_der(&der))
        .map_err(|_| RequestError::Key)
}

fn part(kind: AttributeType, text: &str) -> Option<RelativeDistinguishedName> {
    if text.is_empty() {
        return None;
    }
    let value = match kind {
        AttributeType::COUNTRY_NAME | AttributeType::SERIAL_NUMBER => {
            Any::encode_from(&PrintableStringRef::new(text).ok()?)
        }
        _ => Any::encode_from(&Utf8StringRef::new(text).ok()?),
    };
    let attribute = AttributeTypeAndValue { oid: kind.oid(), value: value.ok()? };
    RelativeDistinguishedName::try_from(vec![attribute]).ok()
}

/// The signature of a certificate or a request, and how it names its algorithm (RFC 4055, RFC
/// 5758).
fn signature(key: &PrivateKey, signed: &[u8]) -> Option<(AlgorithmIdentifierOwned, Vec<u8>)> {
    match key.kind() {
        KeyKind::Rsa => {
            let signature = key.sign(SignatureAlgorithm::RsaPkcs1Sha256, signed).ok()?;
            let algorithm =
                AlgorithmIdentifierOwned { oid: SHA256_WITH_RSA, parameters: Some(Any::null()) };
            Some((algorithm, signature))
        }
        KeyKind::P256 => {
            let raw = key.sign(SignatureAlgorithm::EcdsaP256Sha256, signed).ok()?;
            let algorithm = AlgorithmIdentifierOwned { oid: ECDSA_WITH_SHA256, parameters: None };
            Some((algorithm, ecdsa_der(&raw, 32)?))
        }
    }
}

#[cfg(test)]
mod tests;
