//! Keys in every format and signatures of every kind, all made by another program.

use std::fs;
use std::path::PathBuf;

use common_core::secret::SecretString;

use super::*;
use crate::certificate::Certificate;

const HASHES: [(&str, SignatureHash); 4] = [
    ("sha1", SignatureHash::Sha1),
    ("sha256", SignatureHash::Sha256),
    ("sha384", SignatureHash::Sha384),
    ("sha512", SignatureHash::Sha512),
];

fn vector(name: &str) -> Vec<u8> {
    let folder = "../../fixtures/ksef/vectors/keys";
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn text(name: &str) -> String {
    String::from_utf8(vector(name)).unwrap()
}

fn password() -> SecretString {
    SecretString::from("tajne-haslo")
}

fn public(name: &str) -> PublicKey {
    let block = pem::blocks(&text(&format!("{name}.pub.pem"))).unwrap().remove(0);
    PublicKey::from_spki_der(&block.content).unwrap()
}

#[test]
fn every_format_of_a_key_gives_the_same_key() {
    let rsa = public("rsa");
    let p256 = public("p256");
    let read = [
        (PrivateKey::from_pem(&text("rsa.pkcs8.pem")), &rsa),
        (PrivateKey::from_pem(&text("rsa.pkcs1.pem")), &rsa),
        (PrivateKey::from_der(&vector("rsa.pkcs8.der")), &rsa),
        (PrivateKey::from_encrypted_pem(&text("rsa.encrypted.pem"), &password()), &rsa),
        (PrivateKey::from_pem(&text("p256.pkcs8.pem")), &p256),
        (PrivateKey::from_pem(&text("p256.sec1.pem")), &p256),
        (PrivateKey::from_der(&vector("p256.sec1.der")), &p256),
        (PrivateKey::from_encrypted_der(&vector("p256.encrypted.der"), &password()), &p256),
    ];
    for (index, (key, expected)) in read.into_iter().enumerate() {
        assert_eq!(key.unwrap().public_key(), expected, "row {index}");
    }
}

#[test]
fn keys_that_are_not_supported_are_refused_with_the_reason() {
    let wrong = SecretString::from("inne-haslo");
    let refused = [
        (PrivateKey::from_pem(&text("p384.pkcs8.pem")), KeyError::Unsupported),
        (PrivateKey::from_pem(&text("rsa-1024.pkcs8.pem")), KeyError::Unsupported),
        (PrivateKey::from_pem(&text("rsa.crt.pem")), KeyError::Absent),
        (PrivateKey::from_pem(&text("rsa.encrypted.pem")), KeyError::Locked),
        (PrivateKey::from_encrypted_pem(&text("rsa.encrypted.pem"), &wrong), KeyError::Locked),
        (PrivateKey::from_encrypted_pem(&text("rsa.pkcs8.pem"), &wrong), KeyError::Malformed),
        (PrivateKey::from_der(b"no key"), KeyError::Unsupported),
    ];
    for (index, (key, expected)) in refused.into_iter().enumerate() {
        assert_eq!(key.unwrap_err(), expected, "row {index}");
    }
}

#[test]
fn a_key_and_a_foreign_certificate_are_not_put_together() {
    let certificate = |name: &str| Certificate::from_pem(&text(name)).unwrap();
    let key = || PrivateKey::from_pem(&text("rsa.pkcs8.pem")).unwrap();
    let refused = LocalSigner::new(key(), certificate("p256.crt.pem")).unwrap_err();
    assert_eq!(refused, KeyError::OtherCertificate);
    let signer = LocalSigner::new(key(), certificate("rsa.crt.pem")).unwrap();
    assert_eq!(signer.certificate_der(), certificate("rsa.crt.pem").as_der());
}

#[cfg(feature = "pkcs12")]
#[test]
fn archives_give_key_and_certificate() {
    for (file, certificate) in [
        ("rsa.p12", "rsa.crt.pem"),
        ("p256.p12", "p256.crt.pem"),
        ("rsa.legacy.p12", "rsa.crt.pem"),
    ] {
        let signer = LocalSigner::from_pkcs12(&vector(file), &password()).unwrap();
        assert_eq!(signer.certificate(), &Certificate::from_pem(&text(certificate)).unwrap());
        let wrong = SecretString::from("inne-haslo");
        let refused = LocalSigner::from_pkcs12(&vector(file), &wrong).unwrap_err();
        assert_eq!(refused, KeyError::Locked, "{file}");
    }
}

#[test]
fn signatures_of_openssl_verify_and_changed_ones_do_not() {
    let message = vector("message.txt");
    let mut rows = Vec::new();
    for (name, hash) in HASHES.into_iter().skip(1) {
        rows.push(("rsa", format!("rsa.pkcs1.{name}.sig"), VerificationAlgorithm::RsaPkcs1(hash)));
        rows.push(("rsa", format!("rsa.pss.{name}.sig"), VerificationAlgorithm::RsaPss(hash)));
        for curve in ["p256", "p384", "p521"] {
            for (form, encoding) in
                [("der", SignatureEncoding::Der), ("raw", SignatureEncoding::Raw)]
            {
                let algorithm = VerificationAlgorithm::Ecdsa(hash, encoding);
                rows.push((curve, format!("{curve}.{form}.{name}.sig"), algorithm));
            }
        }
    }
    assert_eq!(rows.len(), 24);
    for (key, file, algorithm) in rows {
        let key = public(key);
        let mut signature = vector(&file);
        key.verify(algorithm, &message, &signature).unwrap_or_else(|e| panic!("{file}: {e}"));
        let middle = signature.len() / 2;
        signature[middle] ^= 1;
        let changed = key.verify(algorithm, &message, &signature);
        assert_eq!(changed, Err(VerifyError::Mismatch), "{file}");
        signature[middle] ^= 1;
        let other = key.verify(algorithm, b"another message", &signature);
        assert_eq!(other, Err(VerifyError::Mismatch), "{file}");
        let short = key.verify(algorithm, &message, &signature[1..]);
        assert_eq!(short, Err(VerifyError::Mismatch), "{file}");
    }
}

#[test]
fn sha1_is_verified_only_when_asked_for() {
    let message = vector("message.txt");
    let algorithm = VerificationAlgorithm::RsaPkcs1(SignatureHash::Sha1);
    let signature = vector("rsa.pkcs1.sha1.sig");
    let key = public("rsa");
    assert_eq!(key.verify(algorithm, &message, &signature), Err(VerifyError::Sha1));
    assert_eq!(key.verify_allowing_sha1(algorithm, &message, &signature), Ok(()));
    for encoding in [SignatureEncoding::Der, SignatureEncoding::Raw] {
        let form = if encoding == SignatureEncoding::Der { "der" } else { "raw" };
        let algorithm = VerificationAlgorithm::Ecdsa(SignatureHash::Sha1, encoding);
        for (curve, expected) in
            [("p256", Ok(())), ("p384", Err(VerifyError::Sha1)), ("p521", Ok(()))]
        {
            let signature = vector(&format!("{curve}.{form}.sha1.sig"));
            let verified = public(curve).verify_allowing_sha1(algorithm, &message, &signature);
            assert_eq!(verified, expected, "{curve} {form}");
            let refused = public(curve).verify(algorithm, &message, &signature);
            assert_eq!(refused, Err(VerifyError::Sha1), "{curve} {form}");
        }
    }
}

#[test]
fn an_algorithm_of_another_kind_is_named_as_such() {
    let ecdsa = VerificationAlgorithm::Ecdsa(SignatureHash::Sha256, SignatureEncoding::Raw);
    let rsa = VerificationAlgorithm::RsaPss(SignatureHash::Sha256);
    assert_eq!(public("rsa").verify(ecdsa, b"", &[0; 64]), Err(VerifyError::OtherKind));
    assert_eq!(public("p256").verify(rsa, b"", &[0; 256]), Err(VerifyError::OtherKind));
    let key = PrivateKey::from_pem(&text("p256.pkcs8.pem")).unwrap();
    assert!(key.sign(SignatureAlgorithm::RsaPkcs1Sha256, b"").is_err());
}

#[test]
fn own_signatures_verify_and_pkcs1_equals_openssl() {
    let message = vector("message.txt");
    for (file, algorithm, length) in [
        ("rsa.pkcs8.pem", SignatureAlgorithm::RsaPkcs1Sha256, 256),
        ("rsa.pkcs8.pem", SignatureAlgorithm::RsaPssSha256, 256),
        ("p256.pkcs8.pem", SignatureAlgorithm::EcdsaP256Sha256, 64),
    ] {
        let key = PrivateKey::from_pem(&text(file)).unwrap();
        let signature = key.sign(algorithm, &message).unwrap();
        assert_eq!(signature.len(), length);
        key.public_key().verify(algorithm.into(), &message, &signature).unwrap();
        if algorithm == SignatureAlgorithm::RsaPkcs1Sha256 {
            assert_eq!(signature, vector("rsa.pkcs1.sha256.sig"));
        }
    }
}

#[test]
fn nothing_of_a_private_key_is_shown() {
    let pem = text("p256.sec1.pem");
    let key = PrivateKey::from_pem(&pem).unwrap();
    assert_eq!(format!("{key:?}"), "PrivateKey { kind: P256, .. }");
    let certificate = Certificate::from_pem(&text("p256.crt.pem")).unwrap();
    let shown = format!("{:?}", LocalSigner::new(key, certificate).unwrap());
    let body: Vec<&str> = pem.lines().filter(|line| line.len() == 64).collect();
    assert!(!body.is_empty());
    assert!(body.iter().all(|line| !shown.contains(line)), "{shown}");
    for error in [KeyError::Malformed, KeyError::Unsupported, KeyError::Locked] {
        assert!(!error.to_string().contains("haslo"));
    }
}
