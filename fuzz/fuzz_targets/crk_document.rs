//! Documents of strangers: nothing panics, bytes are kept, and what was written reads the same.

#![cfg_attr(fuzzing, no_main)]

use ekasy_device::{
    document::{Content, Entry, Jpk, ReceiptDocument},
    jose::OpenLimits,
    receipt::SignedReceipt,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(jpk) = Jpk::parse(text) {
        keeps_its_bytes(text, &jpk);
        jpk.content().iter().for_each(is_understood);
    }
    if let Ok(document) = ReceiptDocument::parse(text) {
        assert!(text.contains(document.receipt.json()));
        for finding in document.receipt.findings() {
            assert!(finding.to_string().starts_with(&finding.path));
        }
        let written = document.to_json().expect("a document has a form in JSON");
        assert_eq!(ReceiptDocument::parse(&written).as_ref(), Ok(&document));
    }
    let limits = OpenLimits::default();
    if let Ok(receipt) = SignedReceipt::parse(text, &limits)
        && let Err(error) = receipt.unverified(&limits)
    {
        assert!(!error.to_string().is_empty());
    }
    for kind in [Entry::RECEIPT, Entry::DAILY_REPORT, Entry::INFO, "inny"] {
        if let Ok(entry) = Entry::new(kind, text) {
            assert_eq!(entry.json(), text.trim_matches([' ', '\t', '\r', '\n']));
            is_understood(&entry);
        }
    }
});

fn keeps_its_bytes(text: &str, jpk: &Jpk) {
    let written = jpk.to_json().expect("a structure has a form in JSON");
    for entry in jpk.content() {
        assert!(text.contains(entry.json()) && written.contains(entry.json()));
    }
    let again = Jpk::parse(&written).expect("what was written can be read");
    assert_eq!(again.content(), jpk.content());
    assert_eq!(again.to_json().as_ref(), Ok(&written));
}

/// A typed view can be checked, written, and read again.
fn is_understood(entry: &Entry) {
    let Ok(content) = entry.content() else { return };
    let written = match &content {
        Content::Receipt(receipt) => {
            for finding in receipt.findings() {
                assert!(finding.to_string().starts_with(&finding.path));
            }
            Entry::receipt(receipt)
        }
        Content::DailyReport(report) => {
            for finding in report.findings().into_iter().chain(report.findings_with([])) {
                assert!(finding.to_string().starts_with(&finding.path));
            }
            Entry::daily_report(report)
        }
        Content::Info(info) => Entry::info(info),
        _ => return,
    };
    let written = written.expect("a document has a form in JSON");
    assert_eq!(written.content().as_ref(), Ok(&content));
}
