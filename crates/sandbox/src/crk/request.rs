//! Certificate requests (PKCS#10), which the producer's authority signs for testers who bring
//! keys of their own.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::oid::ObjectIdentifier;
use der::{Decode, Encode};
use rcgen::{PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use x509_cert::request::CertReq;

const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

/// A request whose signature fits its key.
pub(super) struct Request {
    pub(super) common_name: String,
    pub(super) key: RequestedKey,
}

/// The key that a request brings.
pub(super) struct RequestedKey {
    bits: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for RequestedKey {
    fn der_bytes(&self) -> &[u8] {
        &self.bits
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

impl Request {
    /// Reads PEM; `None` for anything but RSA or P-256 with SHA-256 and a good signature.
    pub(super) fn read(pem: &str) -> Option<Self> {
        let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
        let request = CertReq::from_der(&STANDARD.decode(body.trim()).ok()?).ok()?;
        let bits = request.info.public_key.subject_public_key.as_bytes()?.to_vec();
        let (method, algorithm): (&dyn VerificationAlgorithm, _) = match request.algorithm.oid {
            RSA_SHA256 => (&RSA_PKCS1_2048_8192_SHA256, &PKCS_RSA_SHA256),
            ECDSA_SHA256 => (&ECDSA_P256_SHA256_ASN1, &PKCS_ECDSA_P256_SHA256),
            _ => return None,
        };
        let signed = request.info.to_der().ok()?;
        let signature = request.signature.as_bytes()?;
        UnparsedPublicKey::new(method, &bits).verify(&signed, signature).ok()?;
        let common_name = request.info.subject.common_name().ok()??.value().into_owned();
        Some(Self { common_name, key: RequestedKey { bits, algorithm } })
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn a_request_is_read_and_a_changed_one_is_not() {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "TSA2601000001");
        let request = params.serialize_request(&key).unwrap();
        let read = Request::read(&request.pem().unwrap()).unwrap();
        assert_eq!(read.common_name, "TSA2601000001");
        let mut changed = request.der().to_vec();
        let place = changed.windows(3).position(|bytes| bytes == b"TSA").unwrap();
        changed[place] = b'X';
        assert!(Request::read(&STANDARD.encode(changed)).is_none());
        assert!(Request::read("").is_none());
    }
}
