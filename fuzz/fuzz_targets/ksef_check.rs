//! Invoices before they are sent: what passes is XML to another parser, what that parser refuses
//! does not pass, and every finding names a place in the input.

#![cfg_attr(fuzzing, no_main)]

use ksef_client::{
    check::{CheckDigits, Finding, FindingKind, Profile, check},
    v2::{Environment, FormCode},
};
use libfuzzer_sys::fuzz_target;
use roxmltree::{Document, ParsingOptions};

fuzz_target!(|bytes: &[u8]| {
    let profile = Profile::at(&Environment::Test).check_digits(CheckDigits::Enforced);
    let report = check(bytes, &profile);
    assert_eq!(check(bytes, &profile).findings(), report.findings());
    for finding in report.findings() {
        names_its_place(bytes, finding);
    }
    let (offsets, kinds) = (Finding::offset, Finding::kind);
    assert!(report.findings().is_sorted_by_key(offsets));
    let is_plain = !report.findings().iter().map(kinds).any(|kind| kind == FindingKind::Encoding);
    if let Ok(text) = str::from_utf8(bytes)
        && is_plain
    {
        agrees(text, report.findings());
    }
    // The form of a session adds findings and takes none away.
    let strict = check(bytes, &profile.form(FormCode::FA_3));
    assert!(strict.findings().len() >= report.findings().len() || !strict.is_complete());
});

fn names_its_place(bytes: &[u8], finding: &Finding) {
    let before = bytes.get(..finding.offset()).expect("a place in the input");
    let lines = before.iter().filter(|byte| **byte == b'\n').count();
    assert_eq!(finding.line(), lines + 1);
    assert!(finding.column() >= 1 && finding.path().starts_with('/'));
    let line = finding.to_string();
    assert!(line.starts_with(finding.path()) && line.ends_with(finding.advice()), "{line}");
}

/// The other parser takes document types, whose entities nothing here knows.
fn agrees(text: &str, findings: &[Finding]) {
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    let other = Document::parse_with_options(text.trim_start_matches('\u{FEFF}'), options);
    let is_well_formed =
        findings.iter().all(|finding| finding.kind() != FindingKind::NotWellFormed);
    let is_bare = findings.iter().all(|finding| finding.kind() != FindingKind::DocumentType);
    match other {
        // Only a form that is known passes, and each has a namespace.
        Ok(document) if findings.is_empty() => {
            assert!(document.root_element().tag_name().namespace().is_some());
        }
        Ok(_) => {}
        Err(error) => assert!(!is_well_formed || !is_bare, "{error}"),
    }
}
