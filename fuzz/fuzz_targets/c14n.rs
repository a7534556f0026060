//! Canonicalisation never panics, and a canonical form is its own canonical form.
//!
//! Canonical XML 1.0, section 1.1: canonicalising a canonical form changes nothing.
//! Exclusive XML Canonicalization 1.0, section 3, has the same for its own form.

#![cfg_attr(fuzzing, no_main)]

use c14n::{Canonical, Canonicalizer, Comments};
use libfuzzer_sys::fuzz_target;
use roxmltree::{Document, ParsingOptions};

/// More elements than these would only make the same input slower.
const ELEMENTS: usize = 8;

/// Longer documents, too: a short one shows the same.
const LENGTH: usize = 4096;

fuzz_target!(|xml: &str| {
    if xml.len() > LENGTH {
        return;
    }
    if let Ok(document) = Document::parse(xml) {
        rules().iter().for_each(|rules| forms_are_fixed_points(rules, &document));
    }
    let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
    if let Ok(document) = Document::parse_with_options(xml, options) {
        rules().iter().for_each(|rules| parts_arrive(rules, &document));
    }
});

fn rules() -> [Canonicalizer; 4] {
    [
        Canonicalizer::inclusive(),
        Canonicalizer::inclusive().comments(Comments::Keep),
        Canonicalizer::exclusive(),
        Canonicalizer::exclusive().comments(Comments::Keep),
    ]
}

/// Holds for the document and for each of its elements taken out.
fn forms_are_fixed_points(rules: &Canonicalizer, document: &Document<'_>) {
    is_fixed_point(rules, &rules.document(document));
    let elements = document.descendants().filter(|node| node.is_element());
    for element in elements.take(ELEMENTS) {
        is_fixed_point(rules, &rules.element(element));
    }
}

fn is_fixed_point(rules: &Canonicalizer, form: &Canonical<'_, '_>) {
    let bytes = form.to_vec();
    let mut pieces = Vec::with_capacity(bytes.len());
    form.write_to(|piece| pieces.extend_from_slice(piece));
    assert_eq!(pieces, bytes, "both ways of writing give the same");
    let text = String::from_utf8(bytes).expect("a canonical form is UTF-8");
    let again = Document::parse(&text).expect("a canonical form is well-formed");
    let again = rules.document(&again).to_vec();
    assert_eq!(String::from_utf8_lossy(&again), text);
}

/// Leaving out parts gives some form, too; what it is, only another implementation could say.
fn parts_arrive(rules: &Canonicalizer, document: &Document<'_>) {
    let listed = rules.clone().prefixes(["#default", "a"]);
    for node in document.descendants().take(ELEMENTS) {
        let last = node.last_child().unwrap_or(node);
        let shorter = listed.element(node).without(last.id()).to_vec();
        assert!(str::from_utf8(&shorter).is_ok());
    }
}
