//! A decision record is one page with a number, a context, a decision and what follows from it.

use crate::{
    tidy::Finding,
    tree::{File, Tree},
};

const FOLDER: &str = "docs/adr/";
const SECTIONS: &[&str] = &["## Context", "## Decision", "## Consequences"];

/// Finds records that are named or built in another way, and numbers that are used twice.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let records: Vec<_> = tree
        .files
        .iter()
        .filter_map(|file| Some((file, file.path.strip_prefix(FOLDER)?)))
        .filter(|(_, name)| *name != "README.md")
        .collect();
    let mut findings: Vec<_> =
        records.iter().flat_map(|(file, name)| find_in(file, name)).collect();
    for pair in records.windows(2) {
        if number(pair[0].1).is_some() && number(pair[0].1) == number(pair[1].1) {
            findings.push(Finding::new(&pair[1].0.path, "the number is taken"));
        }
    }
    findings
}

fn find_in(file: &File, name: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if number(name).is_none() {
        findings.push(Finding::new(&file.path, "a record is named NNNN-title.md, in lower case"));
    }
    let missing =
        SECTIONS.iter().filter(|section| !file.text.lines().any(|line| line == **section));
    findings.extend(
        missing.map(|section| {
            Finding::new(&file.path, format!("the record has no section `{section}`"))
        }),
    );
    findings
}

fn number(name: &str) -> Option<&str> {
    let (number, title) = name.strip_suffix(".md")?.split_once('-')?;
    let is_number = number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit());
    let is_title = !title.is_empty()
        && title.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_number && is_title).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    const GOOD: &str =
        "# Title\n\n## Context\n\nA.\n\n## Decision\n\nB.\n\n## Consequences\n\nC.\n";

    #[test]
    fn a_record_needs_its_sections() {
        let bad = GOOD.replace("## Decision", "## Choice");
        let found = find(&tree(&[("docs/adr/0001-one.md", GOOD), ("docs/adr/0002-two.md", &bad)]));
        assert_eq!(
            lines(&found),
            ["docs/adr/0002-two.md: the record has no section `## Decision`"]
        );
    }

    #[test]
    fn a_record_needs_a_name_of_the_right_form() {
        for path in ["docs/adr/1-one.md", "docs/adr/0001_one.md", "docs/adr/0001-One.md"] {
            assert_eq!(find(&tree(&[(path, GOOD)])).len(), 1, "{path}");
        }
        assert_eq!(find(&tree(&[("docs/adr/README.md", "")])), []);
    }

    #[test]
    fn a_number_is_given_once() {
        let found = find(&tree(&[("docs/adr/0001-a.md", GOOD), ("docs/adr/0001-b.md", GOOD)]));
        assert_eq!(lines(&found), ["docs/adr/0001-b.md: the number is taken"]);
    }
}
