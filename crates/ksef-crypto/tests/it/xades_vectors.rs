//! Signatures that xmlsec1 and signxml made.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use ksef_crypto::xades::{Policy, Profile, Refusal, Sha1, Trust, verify};
use serde_json::Value;

use crate::xades_support::{authority, certificate, policy, read, valid_time};

fn expected() -> Vec<(String, Value)> {
    let file: Value = serde_json::from_slice(&read("expected.json")).unwrap();
    let rows: Vec<_> = file.as_object().unwrap().clone().into_iter().collect();
    assert!(rows.len() > 15);
    rows
}

/// The policy that a vector needs to be accepted.
fn lenient<'a>(policy: Policy<'a>, row: &Value) -> Policy<'a> {
    let sha1 = match row["sha1"].as_str().unwrap() {
        "CertificateDigest" => Sha1::CertificateDigest,
        "Everywhere" => Sha1::Everywhere,
        _ => Sha1::Refused,
    };
    let profile = if row["profile"] == "PlainToo" { Profile::PlainToo } else { Profile::Xades };
    policy.sha1(sha1).profile(profile)
}

#[test]
fn signatures_of_other_programs_hold_and_cover_what_they_say() {
    let anchors = authority();
    for (name, row) in expected() {
        let signed = read(&format!("{name}.xml"));
        let verified = verify(&signed, &lenient(policy(&anchors), &row))
            .unwrap_or_else(|refusal| panic!("{name}: {refusal:?}"));
        assert_eq!(format!("{:?}", verified.coverage()), row["coverage"], "{name}");
        let content = String::from_utf8_lossy(verified.content());
        let digest = digest(&SHA256, verified.content());
        let expected = STANDARD.decode(row["content_sha256"].as_str().unwrap()).unwrap();
        assert_eq!(digest.as_ref(), expected, "{name}: {content}");
        let key = certificate(row["key"].as_str().unwrap());
        assert_eq!(verified.certificate(), &key, "{name}");
        assert_eq!(verified.signing_time().is_some(), row["profile"] == "Xades", "{name}");
    }
}

#[test]
fn what_must_be_allowed_is_refused_unless_it_is() {
    let anchors = authority();
    for (name, row) in expected() {
        let signed = read(&format!("{name}.xml"));
        let strict = verify(&signed, &policy(&anchors));
        match (row["sha1"].as_str().unwrap(), row["profile"].as_str().unwrap()) {
            ("Refused", "Xades") => assert!(strict.is_ok(), "{name}: {strict:?}"),
            ("Refused", _) => {
                assert!(matches!(strict, Err(Refusal::Structure("no SignedProperties"))), "{name}");
            }
            _ => assert!(matches!(strict, Err(Refusal::Sha1(_))), "{name}"),
        }
    }
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let signed = read("rsa-exclusive.xml");
    for anchors in [vec![], vec![certificate("ec")]] {
        assert!(matches!(verify(&signed, &policy(&anchors)), Err(Refusal::Untrusted(_))));
    }
    let anchors = authority();
    let late = valid_time() + chrono::TimeDelta::days(365 * 200);
    let trust = Trust::Anchors { anchors: &anchors, at: late };
    assert!(matches!(verify(&signed, &Policy::new(trust)), Err(Refusal::Untrusted(_))));
    assert!(verify(&signed, &Policy::new(Trust::AnyCertificate)).is_ok());
}
