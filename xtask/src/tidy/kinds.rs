//! The kinds of errors against the tables that tell users what to do about each of them.
//!
//! A crate's front page has a table with the column "did it happen?", one for each module that has
//! kinds of its own; a kind that it leaves out is one whose answer a user has to guess.

use std::collections::BTreeSet;

use crate::{
    rust_text,
    tidy::Finding,
    tree::{File, Tree},
};

const COLUMN: &str = "| did it happen? |";
const ENUM: &str = "pub enum ErrorKind {";

/// Finds kinds that the table of their crate leaves out, and names in a table that are no kinds.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter_map(|file| compare(tree, file)).flatten().collect()
}

/// What is wrong with the table for the kinds in `file`; `None` when it has none, or its crate
/// has no such table at all.
fn compare(tree: &Tree, file: &File) -> Option<Vec<Finding>> {
    let kinds = kinds(file)?;
    let (package, inside) = file.path.strip_prefix("crates/")?.split_once("/src/")?;
    let page = format!("crates/{package}/README.md");
    let page = tree.files.iter().find(|other| other.path == page)?;
    page.text.contains(COLUMN).then_some(())?;
    let module = inside.split_once('/').map(|(module, _)| format!("`{module}`"));
    let of_module = |head: &str| module.as_deref().is_some_and(|module| head.contains(module));
    let mut tables: Vec<(&str, BTreeSet<&str>)> = tables(&page.text);
    if tables.len() > 1 {
        tables.retain(|(head, _)| of_module(head));
    }
    let named: BTreeSet<&str> = tables.into_iter().flat_map(|(_, named)| named).collect();
    let missing = kinds.difference(&named);
    let missing = missing.map(|kind| format!("no table says what to do about `{kind}`"));
    let strange = named.difference(&kinds).map(|name| format!("`{name}` is no kind of error"));
    let says = |says: String| Finding::new(&page.path, format!("{says} ({})", file.path));
    Some(missing.chain(strange).map(says).collect())
}

/// The variants of the enumeration of kinds.
fn kinds(file: &File) -> Option<BTreeSet<&str>> {
    let start = file.code.find(ENUM)? + ENUM.len() - 1;
    let body = &file.code[start..rust_text::group_end(&file.code, start)];
    let names = body.lines().filter_map(|line| line.trim().strip_suffix(','));
    Some(names.filter(|name| is_kind(name)).collect())
}

/// The head of each such table, and what stands between back-ticks in its first column.
fn tables(page: &str) -> Vec<(&str, BTreeSet<&str>)> {
    let mut found = Vec::new();
    for (at, _) in page.match_indices(COLUMN) {
        let start = page[..at].rfind('\n').map_or(0, |end| end + 1);
        let mut rows = page[start..].lines().take_while(|line| line.starts_with('|'));
        let head = rows.next().unwrap_or_default();
        let cells = rows.filter_map(|row| row.split(" | ").next());
        let quoted = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
        let names = quoted.map(|name| name.strip_prefix("ErrorKind::").unwrap_or(name));
        found.push((head, names.filter(|name| is_kind(name)).collect()));
    }
    found
}

fn is_kind(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    const KINDS: &str =
        "pub enum ErrorKind {\n    /// `Other`, or so.\n    Input,\n    Server,\n}\n";
    const HEAD: &str = "| what you see | did it happen? | what to do |\n|---|---|---|\n";

    fn found(page: &str) -> Vec<String> {
        let files = [("crates/a/README.md", page), ("crates/a/src/error/kind.rs", KINDS)];
        lines(&find(&tree(&files)))
    }

    #[test]
    fn every_kind_stands_in_the_table_and_nothing_else_does() {
        let good =
            "| [`ErrorKind::Input`] (400) | no | correct it, or `Later` |\n| `Server` | yes | |\n";
        assert_eq!(found(&format!("{HEAD}{good}")), Vec::<String>::new());
        let bad = "| `Input`, `Gone` | no | |\n\n`Server` is not in the table.\n";
        let expected = [
            "crates/a/README.md: no table says what to do about `Server` (crates/a/src/error/kind.rs)",
            "crates/a/README.md: `Gone` is no kind of error (crates/a/src/error/kind.rs)",
        ];
        assert_eq!(found(&format!("{HEAD}{bad}")), expected);
    }

    #[test]
    fn modules_have_tables_of_their_own() {
        let table = |of: &str, rows: &str| format!("{}{rows}\n", HEAD.replace("see", of));
        let both = "| `Input`, `Server` | no | |\n";
        let page = table("see of `v1`", both) + &table("see of `v2`", "| `Input` | no | |\n");
        let files = [
            ("crates/a/README.md", page.as_str()),
            ("crates/a/src/v1/error/kind.rs", KINDS),
            ("crates/a/src/v2/error/kind.rs", KINDS),
        ];
        let expected = "crates/a/README.md: no table says what to do about `Server` (crates/a/src/v2/error/kind.rs)";
        assert_eq!(lines(&find(&tree(&files))), [expected]);
    }

    #[test]
    fn a_crate_without_such_a_table_says_it_elsewhere() {
        assert_eq!(found("# a\n"), Vec::<String>::new());
    }
}
