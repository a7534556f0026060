//! Rust files that no module names: they are never compiled, so a test in one passes for ever.

use std::collections::BTreeMap;

use crate::{
    tidy::Finding,
    tree::{File, Tree},
};

/// Folders whose files are crate roots.
const ROOT_FOLDERS: &[&str] = &["tests", "examples", "benches", "bin", "fuzz_targets"];

/// Names of files that are crate roots wherever they stand.
const ROOTS: &[&str] = &["lib", "main", "build"];

/// Finds files that neither are crate roots nor are named by their parent module.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let files: BTreeMap<_, _> = tree.rust().map(|file| (file.path.as_str(), file)).collect();
    let orphans = files.keys().filter(|path| !is_named(path, &files));
    orphans
        .map(|path| Finding::new(*path, "no module names the file, so it is never compiled"))
        .collect()
}

fn is_named(path: &str, files: &BTreeMap<&str, &File>) -> bool {
    let stem = path.strip_suffix(".rs").unwrap_or(path);
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    let parent = folder.rsplit('/').next().unwrap_or_default();
    if ROOTS.contains(&name) || ROOT_FOLDERS.contains(&parent) {
        return true;
    }
    let beside = ROOTS.iter().map(|root| format!("{folder}/{root}.rs"));
    let mut parents = beside.chain([format!("{folder}.rs")]);
    let is_child = parents.any(|parent| {
        files.get(parent.as_str()).is_some_and(|file| names(&file.code, &format!("mod {name};")))
    });
    is_child || files.values().any(|file| has_path_to(file, path))
}

/// Whether the declaration stands there as words of its own.
fn names(code: &str, declaration: &str) -> bool {
    code.match_indices(declaration).any(|(at, _)| {
        !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
    })
}

/// Whether the file names the other by a `#[path]` attribute; its end is enough.
fn has_path_to(file: &File, path: &str) -> bool {
    file.text.match_indices("#[path = \"").any(|(at, start)| {
        let rest = &file.text[at + start.len()..];
        let named = rest.split('"').next().unwrap_or_default();
        let end = named.trim_start_matches("../").trim_start_matches("./");
        !end.is_empty() && path.ends_with(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    #[test]
    fn a_file_that_no_module_names_is_found() {
        let tree = tree(&[
            ("crates/a/src/lib.rs", "mod named;\npub mod deep;\n// mod lost;\n"),
            ("crates/a/src/named.rs", ""),
            ("crates/a/src/deep.rs", "mod inner;\nmod unlost;\n"),
            ("crates/a/src/deep/inner.rs", ""),
            ("crates/a/src/deep/lost.rs", ""),
            ("crates/a/src/lost.rs", ""),
        ]);
        let found = lines(&find(&tree));
        let says = "no module names the file, so it is never compiled";
        let lost = ["crates/a/src/deep/lost.rs", "crates/a/src/lost.rs"];
        assert_eq!(found, lost.map(|path| format!("{path}: {says}")));
    }

    #[test]
    fn crate_roots_and_files_named_by_their_path_are_no_orphans() {
        let tree = tree(&[
            ("crates/a/src/main.rs", ""),
            ("crates/a/tests/it/main.rs", "mod scene;"),
            ("crates/a/tests/it/scene.rs", ""),
            ("crates/a/benches/speed.rs", "#[path = \"../common/words.rs\"] mod words;"),
            ("crates/a/common/words.rs", ""),
            ("fuzz/fuzz_targets/amount.rs", ""),
        ]);
        assert_eq!(lines(&find(&tree)), [""; 0]);
    }
}
