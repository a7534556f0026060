//! A citation of a page of facts, as `CRK facts §2.1`, names a section that the page has.

use std::collections::BTreeSet;

use crate::{
    tidy::Finding,
    tree::{File, Tree},
};

/// The pages, and how they are cited.
const PAGES: [(&str, &str); 5] = [
    ("CRK facts §", "docs/crk/facts.md"),
    ("ePP facts §", "docs/epp/facts.md"),
    ("KROS facts §", "docs/kros/facts.md"),
    ("KSeF 1.x facts §", "docs/ksef/facts-v1.md"),
    ("KSeF 2.0 facts §", "docs/ksef/facts-v2.md"),
];

/// What may stand between two sections of one citation.
const BETWEEN: [&str; 3] = [", §", " and §", " to §"];

/// Finds citations of sections that are not there.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let text = |path| tree.files.iter().find(|file| file.path == path).map_or("", |it| &it.text);
    let pages = PAGES.map(|(cited, path)| (cited, path, sections(text(path))));
    let mut findings = Vec::new();
    for File { path, text, .. } in &tree.files {
        for (line, text) in text.lines().enumerate() {
            for (cited, page, known) in &pages {
                let cited = text.split(cited).skip(1).flat_map(numbers);
                let unknown = cited.filter(|number| !known.contains(number));
                let says = |number| format!("{page} has no §{number}");
                findings.extend(unknown.map(|it| Finding::at(path, line + 1, says(it))));
            }
        }
    }
    findings
}

/// The numbers of the headings of a page.
fn sections(page: &str) -> BTreeSet<&str> {
    let headings = page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" §"));
    headings.filter_map(number).map(|(number, _)| number).collect()
}

/// The sections that a citation names, which goes on behind its first sign.
fn numbers(mut rest: &str) -> Vec<&str> {
    let mut numbers = Vec::new();
    while let Some((found, after)) = number(rest) {
        numbers.push(found);
        let next = BETWEEN.iter().find_map(|between| after.strip_prefix(between));
        rest = next.unwrap_or_default();
    }
    numbers
}

/// The number at the beginning of a text, as `2.1`, and what follows.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|next: char| !next.is_ascii_digit() && next != '.').unwrap_or(text.len());
    let number = text[..end].trim_end_matches('.');
    (!number.is_empty()).then(|| (number, &text[number.len()..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    const PAGE: (&str, &str) = ("docs/crk/facts.md", "# CRK facts\n\n## §1 A\n\n### §1.2 B\n");

    #[test]
    fn every_section_of_a_citation_must_be_there() {
        let text = "// See CRK\u{20}facts §1.2, §1 and §9.\n// CRK\u{20}facts §1.3: no.\n";
        let found = find(&tree(&[PAGE, ("a.rs", text)]));
        assert_eq!(
            lines(&found),
            ["a.rs:1: docs/crk/facts.md has no §9", "a.rs:2: docs/crk/facts.md has no §1.3"]
        );
        let other = "KROS\u{20}facts §1\n";
        assert_eq!(find(&tree(&[PAGE, ("a.md", other)])).len(), 1, "a page that is not there");
    }

    #[test]
    fn sections_that_are_there_and_other_texts_may_be_cited() {
        let text = "CRK\u{20}facts §1, 3; CRK\u{20}facts §1.2. Art. 3 and §9.\nCRK\u{20}facts §N\n";
        assert_eq!(find(&tree(&[PAGE, ("a.md", text)])), []);
    }
}
