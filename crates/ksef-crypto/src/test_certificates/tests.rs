//! Test certificates are what they look like, and their chains check.

use super::*;
use crate::certificate::chain::{ChainErrorKind, check_chain};
use crate::certificate::vector::Vector;
use crate::certificate::{SubjectRules, authentication_vector};

fn key() -> PrivateKey {
    PrivateKey::generate_p256().unwrap()
}

#[test]
fn look_alikes_are_the_vectors_that_they_look_like() {
    let rows = [
        (TestCertificate::person("PNOPL-01020300001"), "SignaturePesel"),
        (TestCertificate::person("TINPL-1111111111"), "SignatureNip"),
        (TestCertificate::person_without_identifier(), "Fingerprint"),
        (TestCertificate::seal("1111111111"), "Seal"),
    ];
    for (certificate, expected) in rows {
        let signer = certificate.self_signed(key()).unwrap();
        for rules in [SubjectRules::Version1, SubjectRules::Version2] {
            let found = match authentication_vector(signer.certificate(), rules).vector {
                Vector::SignaturePesel(_) => "SignaturePesel",
                Vector::SignatureNip(_) => "SignatureNip",
                Vector::Seal(_) => "Seal",
                Vector::Fingerprint(_) => "Fingerprint",
            };
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn usage_and_validity_are_as_asked_for() {
    let (from, to) = (start_of(2026), start_of(2028));
    let plain = TestCertificate::seal("1111111111").valid(from, to).self_signed(key()).unwrap();
    assert_eq!((plain.certificate().not_before(), plain.certificate().not_after()), (from, to));
    assert!(plain.certificate().key_usage().unwrap().non_repudiation);
    let sign_in = TestCertificate::seal("1111111111").for_authentication();
    let sign_in = sign_in.self_signed(key()).unwrap();
    assert!(sign_in.certificate().key_usage().unwrap().digital_signature);
}

#[test]
fn authorities_issue_chains_that_check() {
    let root = TestAuthority::root("Root", PrivateKey::generate_rsa_2048().unwrap()).unwrap();
    let middle = root.subordinate("Middle", key()).unwrap();
    let leaf = TestCertificate::seal("1111111111").issued_by(&middle, key()).unwrap();
    assert_eq!(leaf.chain(), [middle.certificate().clone(), root.certificate().clone()]);
    let anchor = [root.certificate().clone()];
    check_chain(leaf.certificate(), leaf.chain(), &anchor, start_of(2026)).unwrap();
    let other = TestAuthority::root("Root", key()).unwrap();
    let anchor = [other.certificate().clone()];
    let refused = check_chain(leaf.certificate(), &leaf.chain()[..1], &anchor, start_of(2026));
    assert_eq!(refused.unwrap_err().kind(), ChainErrorKind::BadSignature);
}
