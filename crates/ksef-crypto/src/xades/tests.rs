//! Who is trusted, with authorities made for the test.

use chrono::{TimeZone as _, Utc};

use super::*;
use crate::certificate::chain::ChainErrorKind;
use crate::keys::{LocalSigner, PrivateKey};
use crate::test_certificates::{TestAuthority, TestCertificate};

fn key() -> PrivateKey {
    PrivateKey::generate_p256().unwrap()
}

fn time(year: i32) -> chrono::DateTime<Utc> {
    Utc.with_ymd_and_hms(year, 1, 2, 3, 4, 5).unwrap()
}

/// A root, and a company's seal below an authority below it.
fn authorities() -> (Certificate, LocalSigner) {
    let root = TestAuthority::root("Invented Root", key()).unwrap();
    let middle = root.subordinate("Invented Middle", key()).unwrap();
    let seal = TestCertificate::seal("1111111111").issued_by(&middle, key()).unwrap();
    (root.certificate().clone(), seal)
}

fn verdict(signed: &[u8], anchor: &Certificate, year: i32) -> Result<Verified, Refusal> {
    let anchors = std::slice::from_ref(anchor);
    verify(signed, &Policy::new(Trust::Anchors { anchors, at: time(year) }))
}

#[test]
fn the_certificates_of_the_issuers_lead_to_the_root() {
    let (root, seal) = authorities();
    let options = Options::v2(time(2026));
    let alone = sign(b"<a/>", &seal, &options).unwrap();
    let refusal = verdict(&alone, &root, 2026).unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Untrusted(error) if error.kind() == ChainErrorKind::UnknownIssuer)
    );
    let signed = sign(b"<a/>", &seal, &options.chain(seal.chain())).unwrap();
    assert_eq!(verdict(&signed, &root, 2026).unwrap().certificate(), seal.certificate());
}

#[test]
fn a_certificate_must_be_valid_at_the_time_and_may_be_trusted_itself() {
    let (_, seal) = authorities();
    let signed = sign(b"<a/>", &seal, &Options::v1(time(2026))).unwrap();
    assert!(verdict(&signed, seal.certificate(), 2026).is_ok());
    let refusal = verdict(&signed, seal.certificate(), 2051).unwrap_err();
    assert!(
        matches!(&refusal, Refusal::Untrusted(error) if error.kind() == ChainErrorKind::NotValidNow)
    );
}

#[test]
fn a_self_made_authority_of_the_same_name_is_not_trusted() {
    let ((root, _), (_, stranger)) = (authorities(), authorities());
    let options = Options::v2(time(2026)).chain(stranger.chain());
    let signed = sign(b"<a/>", &stranger, &options).unwrap();
    assert!(matches!(verdict(&signed, &root, 2026), Err(Refusal::Untrusted(_))));
}

#[test]
fn a_refusal_says_what_it_is_about_and_repeats_nothing_of_the_document() {
    let (root, seal) = authorities();
    let signed = sign(b"<a>secret words</a>", &seal, &Options::v2(time(2026))).unwrap();
    let changed = String::from_utf8(signed).unwrap().replace("secret", "Secret");
    let stranger = verdict(changed.as_bytes(), &root, 2026).unwrap_err();
    assert_eq!(stranger.to_string(), "the certificate of the signature is not trusted");
    let refusal = verdict(changed.as_bytes(), seal.certificate(), 2026).unwrap_err();
    assert_eq!(refusal.to_string(), "the document was changed after signing");
    assert!(!format!("{refusal:?}").contains("words"));
}
