//! Generated files say so, and every file that says so comes out of a generator.

use crate::{
    codegen,
    tidy::Finding,
    tree::{File, Tree},
};

/// The header stands among the first lines of a file; further down it is only talked about.
const HEADER_LINES: usize = 5;

/// Finds generated files without header and headers without generator.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let strangers = tree
        .files
        .iter()
        .filter(|file| has_header(file))
        .filter(|file| !codegen::is_output(&file.path));
    let mut findings: Vec<_> = strangers
        .map(|file| {
            Finding::new(&file.path, "no generator of `cargo xtask codegen` makes this file")
        })
        .collect();
    // JSON has no comments, so a generated table cannot say what it is.
    let made = tree.files.iter().filter(|file| file.ending() != "json");
    let silent = made.filter(|file| codegen::is_output(&file.path) && !has_header(file));
    findings.extend(silent.map(|file| {
        Finding::new(&file.path, format!("the file does not say `{}`", codegen::HEADER))
    }));
    findings
}

fn has_header(file: &File) -> bool {
    file.text.lines().take(HEADER_LINES).any(|line| line.contains(codegen::HEADER))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    #[test]
    fn a_header_needs_a_generator() {
        let text = format!("//! {}\n", codegen::HEADER);
        let found = lines(&find(&tree(&[("crates/a/src/wire.rs", text.as_str())])));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/a/src/wire.rs: no generator"));
    }

    #[test]
    fn a_generated_file_needs_its_header() {
        let path = "docs/kros/spec-map.md";
        assert_eq!(find(&tree(&[(path, "# By hand\n")])).len(), 1);
        let text = format!("<!-- {} -->\n", codegen::HEADER);
        assert_eq!(find(&tree(&[(path, text.as_str())])), []);
    }
}
