//! Receipts as buyers get them, signed by another implementation.

use std::fs;
use std::path::PathBuf;

use ekasy_device::jose::{CryptoProfile, OpenError, OpenLimits, Trust};
use ekasy_device::receipt::{Doubt, ReceiptError, SignedReceipt, VerifiedReceipt};
use proptest::prelude::*;

use crate::jose_support::{certificate, now};

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(path.join("../../fixtures/crk").join(name)).unwrap()
}

fn verify(text: &str, trust: &Trust) -> Result<VerifiedReceipt, ReceiptError> {
    let limits = OpenLimits::default();
    SignedReceipt::parse(text, &limits)?.verify(&CryptoProfile::default(), trust, now(), &limits)
}

#[test]
fn a_receipt_is_verified_bare_and_in_both_envelopes() {
    let trust = Trust::issued_by([certificate("root")]);
    for name in ["receipt.jws", "envelope-data.json", "envelope-document.json"] {
        let receipt = verify(&file(&format!("vectors/documents/{name}")), &trust).unwrap();
        assert_eq!(receipt.bytes(), file("examples/receipt-packaging.json").as_bytes());
        assert_eq!(receipt.signed_by(), &certificate("register"));
        assert_eq!(receipt.doubts(), []);
        assert_eq!(receipt.document().receipt.findings(), []);
    }
}

#[test]
fn a_receipt_of_another_register_is_doubted() {
    let trust = Trust::pinned([certificate("register")]);
    let receipt = verify(&file("vectors/documents/receipt-of-another.jws"), &trust).unwrap();
    assert_eq!(receipt.doubts(), [Doubt::OtherRegister, Doubt::NoTaxNumber]);
}

#[test]
fn a_signature_of_nobody_trusted_does_not_count_but_can_be_looked_through() {
    let text = file("vectors/documents/envelope-data.json");
    let refused = verify(&text, &Trust::issued_by([certificate("repository")]));
    assert!(matches!(refused, Err(ReceiptError::Signature(OpenError::Untrusted(_)))));
    let limits = OpenLimits::default();
    let receipt = SignedReceipt::parse(&text, &limits).unwrap();
    assert_eq!(receipt.envelope().and_then(|envelope| envelope.printed), Some(false));
    let document = receipt.unverified(&limits).unwrap();
    assert_eq!(document.receipt.total.as_ref().unwrap().due.0, 6014);
}

#[test]
fn envelopes_with_none_or_two_documents_or_another_version_are_refused() {
    let limits = OpenLimits::default();
    let parse = |text: &str| SignedReceipt::parse(text, &limits).map(drop);
    for text in [
        r#"{"protoVersion":"000"}"#,
        r#"{"protoVersion":"000","data":"a.b.c","document":"a.b.c"}"#,
        r#"{"protoVersion":"000","data":"a.b.c","data":"a.b.c"}"#,
        r#"{"protoVersion":"000","data":7}"#,
        r#"{"data":"a.b.c"}"#,
        "{",
    ] {
        assert_eq!(parse(text), Err(ReceiptError::Envelope), "{text}");
    }
    let later = r#"{"protoVersion":"001","data":"a.b.c"}"#;
    assert_eq!(parse(later), Err(ReceiptError::Protocol));
}

#[test]
fn every_flipped_byte_of_the_signed_part_is_noticed() {
    let text = file("vectors/documents/receipt.jws");
    let trust = Trust::issued_by([certificate("root")]);
    for index in (0..text.trim_end().len()).step_by(7) {
        let mut bytes = text.clone().into_bytes();
        bytes[index] ^= 1;
        assert!(verify(&String::from_utf8(bytes).unwrap(), &trust).is_err(), "byte {index}");
    }
}

/// Public data as others saw them; not part of this repository.
#[test]
fn observed_receipts_and_reports_are_read_as_they_are() {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/ekasy/samples");
    let Ok(samples) = fs::read_dir(&folder) else {
        crate::oracle::skip("no observed samples beside the repository");
        return;
    };
    let limits = OpenLimits::default();
    let mut seen = 0;
    for path in samples.map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let findings = if name.starts_with("eparagon") {
            let document = SignedReceipt::parse(&text, &limits).unwrap().unverified(&limits);
            document.unwrap().receipt.findings()
        } else if name.starts_with("jpk") {
            let jpk = ekasy_device::document::Jpk::parse(&text).unwrap();
            let ekasy_device::document::Content::DailyReport(report) =
                jpk.content()[0].content().unwrap()
            else {
                panic!("a daily report");
            };
            assert!(report.seal.is_some());
            report.findings()
        } else {
            ekasy_device::document::ReceiptDocument::parse(&text).unwrap().receipt.findings()
        };
        assert_eq!(findings, [], "{name}");
        seen += 1;
    }
    assert_eq!(seen, 6);
}

proptest! {
    #[test]
    fn arbitrary_texts_are_refused_without_panic(text in "\\PC{0,100}") {
        prop_assert!(verify(&text, &Trust::default()).is_err());
        let envelope = serde_json::json!({ "protoVersion": "000", "data": text }).to_string();
        prop_assert!(verify(&envelope, &Trust::default()).is_err());
    }
}
