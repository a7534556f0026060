//! Requests carry what they were given, and are signed by their key.

use der::Decode as _;
use x509_cert::request::CertReq;

use super::*;
use crate::keys::{SignatureEncoding, SignatureHash, VerificationAlgorithm};

const SUBJECT: [(AttributeType, &str); 6] = [
    (AttributeType::GIVEN_NAME, "Osoba"),
    (AttributeType::GIVEN_NAME, "Żółwia"),
    (AttributeType::SURNAME, "Testowa"),
    (AttributeType::SERIAL_NUMBER, "PNOPL-01020300001"),
    (AttributeType::COMMON_NAME, "Osoba Żółwia Testowa"),
    (AttributeType::COUNTRY_NAME, "PL"),
];

#[test]
fn a_request_keeps_every_attribute_in_its_order_and_verifies() {
    let rsa = VerificationAlgorithm::RsaPkcs1(SignatureHash::Sha256);
    let ecdsa = VerificationAlgorithm::Ecdsa(SignatureHash::Sha256, SignatureEncoding::Der);
    let keys = [
        (PrivateKey::generate_rsa_2048().unwrap(), rsa),
        (PrivateKey::generate_p256().unwrap(), ecdsa),
    ];
    for (key, algorithm) in keys {
        let request = CertificateRequest::new(SUBJECT, &key).unwrap();
        let read = CertReq::from_der(request.as_der()).unwrap();
        let attributes: Vec<_> = read
            .info
            .subject
            .iter()
            .map(|pair| (pair.oid, String::from_utf8(pair.value.value().to_vec()).unwrap()))
            .collect();
        let expected: Vec<_> =
            SUBJECT.iter().map(|(kind, text)| (kind.oid(), (*text).to_owned())).collect();
        assert_eq!(attributes, expected);
        let signed = read.info.to_der().unwrap();
        key.public_key().verify(algorithm, &signed, read.signature.raw_bytes()).unwrap();
    }
}

#[test]
fn values_that_their_string_type_cannot_hold_are_refused() {
    let key = PrivateKey::generate_p256().unwrap();
    for subject in [(AttributeType::COUNTRY_NAME, "Ł"), (AttributeType::COMMON_NAME, "")] {
        let refused = CertificateRequest::new([subject], &key).unwrap_err();
        assert_eq!(refused, RequestError::Value(subject.0));
    }
}

#[test]
fn an_exposed_key_is_read_again() {
    for key in [PrivateKey::generate_rsa_2048().unwrap(), PrivateKey::generate_p256().unwrap()] {
        let again = PrivateKey::from_pem(&key.expose_pkcs8_pem().unwrap()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
    }
}
