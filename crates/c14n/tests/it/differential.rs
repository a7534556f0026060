//! Against libxml2 on this machine; the example `differential` does the same with many more documents.

use crate::libxml2::{ask, compare};

/// Skips without libxml2, unless the environment forbids it.
#[expect(clippy::disallowed_methods, reason = "the machine decides whether a skip is allowed")]
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn is_missing() -> bool {
    let Err(error) = ask(&[]) else { return false };
    assert!(
        std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(),
        "FISKUS_REQUIRE_ORACLES is set and libxml2 cannot be asked: {error}"
    );
    println!("SKIPPED: libxml2 cannot be asked through python3: {error}");
    true
}

#[test]
fn five_hundred_documents_are_canonical_as_libxml2_says() {
    if is_missing() {
        return;
    }
    let outcome = compare(0..500).unwrap();
    let first = outcome.differences.first().map(ToString::to_string);
    assert_eq!(outcome.differences.len(), 0, "{}", first.unwrap_or_default());
    assert_eq!(outcome.documents, 500);
    assert_eq!(outcome.refused, 0, "the generator makes what both parsers take");
    assert!(outcome.cases > 4000, "{} cases", outcome.cases);
}
