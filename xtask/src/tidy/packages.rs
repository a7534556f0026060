//! Every published package is complete: a stranger finds it, may use it and sees its README first.

use crate::{
    metadata::Package,
    rust_text::line_of,
    tidy::Finding,
    tree::{File, Tree},
};

const FRONT_PAGE: &str = "#![doc = include_str!(\"../README.md\")]";

/// Finds what a published package lacks.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let published = tree.metadata.published();
    published.into_iter().flat_map(|package| find_in(tree, package)).collect()
}

/// Finds files that a package includes from outside itself: they would not be in the published archive.
pub(crate) fn find_outside_includes(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.metadata.published() {
        let folder = tree.metadata.folder(package);
        for file in tree.rust_below(&format!("{folder}/src")) {
            findings.extend(outside_includes(file, &folder));
        }
    }
    findings
}

fn find_in(tree: &Tree, package: &Package) -> Vec<Finding> {
    let folder = tree.metadata.folder(package);
    let library = tree.file(&format!("{folder}/src/lib.rs"));
    let mut missing = Vec::new();
    let mut demand = |holds: bool, says: &str| {
        if !holds {
            missing.push(Finding::new(&package.name, says));
        }
    };
    demand(package.readme.as_deref() == Some("README.md"), "the manifest names no README.md");
    demand(tree.file(&format!("{folder}/README.md")).is_some(), "there is no README.md");
    demand(package.description.as_deref().is_some_and(|text| !text.is_empty()), "no description");
    demand((1..=5).contains(&package.keywords.len()), "one to five keywords are needed");
    demand((1..=5).contains(&package.categories.len()), "one to five categories are needed");
    demand(package.license.as_deref() == Some("MIT OR Apache-2.0"), "the licence differs");
    demand(package.metadata.pointer("/docs/rs").is_some(), "no [package.metadata.docs.rs]");
    demand(
        library.is_some_and(|file| file.text.lines().any(|line| line == FRONT_PAGE)),
        "src/lib.rs does not show README.md as its front page",
    );
    missing
}

fn outside_includes(file: &File, folder: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for include in ["include_str!(\"", "include_bytes!(\"", "include!(\""] {
        for (at, _) in file.code.match_indices(include) {
            let path = file.text[at + include.len()..].split('"').next().unwrap_or_default();
            if !stays_inside(&file.path, folder, path) {
                let says = format!("`{path}` is outside the package");
                findings.push(Finding::at(&file.path, line_of(&file.code, at), says));
            }
        }
    }
    findings
}

fn stays_inside(file: &str, folder: &str, included: &str) -> bool {
    let below = file.strip_prefix(folder).unwrap_or(file).trim_start_matches('/');
    let mut depth = below.matches('/').count();
    for part in included.split('/') {
        match part {
            ".." if depth == 0 => return false,
            ".." => depth -= 1,
            "." | "" => {}
            _ => depth += 1,
        }
    }
    !included.starts_with('/')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata::samples::workspace, tidy::samples};

    fn complete() -> Tree {
        let lib = format!("{FRONT_PAGE}\n");
        let files =
            [("crates/common-core/README.md", "# A\n"), ("crates/common-core/src/lib.rs", &lib)];
        let mut tree = samples::tree(&files);
        tree.metadata = workspace(&[("sandbox", "common-core", None)]);
        let package = tree.metadata.packages.iter_mut().find(|p| p.name == "common-core").unwrap();
        package.readme = Some("README.md".to_owned());
        package.description = Some("Says what it is".to_owned());
        package.keywords = vec!["fiscal".to_owned()];
        package.categories = vec!["finance".to_owned()];
        package.metadata = serde_json::json!({"docs": {"rs": {"all-features": true}}});
        tree
    }

    #[test]
    fn a_complete_package_is_fine_and_an_unpublished_one_is_not_asked() {
        assert_eq!(find(&complete()), []);
    }

    #[test]
    fn each_missing_part_is_found() {
        let breaks: [fn(&mut Tree); 6] = [
            |tree| tree.files.clear(),
            |tree| tree.metadata.packages[1].description = None,
            |tree| tree.metadata.packages[1].keywords.clear(),
            |tree| tree.metadata.packages[1].categories.clear(),
            |tree| tree.metadata.packages[1].license = None,
            |tree| tree.metadata.packages[1].metadata = serde_json::Value::Null,
        ];
        for (index, break_it) in breaks.iter().enumerate() {
            let mut tree = complete();
            break_it(&mut tree);
            assert!(!find(&tree).is_empty(), "break {index}");
        }
    }

    #[test]
    fn an_include_from_outside_is_found() {
        let mut tree = complete();
        let source = "const A: &str = include_str!(\"../../../fixtures/a.json\");\nconst B: &str = include_str!(\"../README.md\");\n";
        tree.files.push(File::new("crates/common-core/src/a.rs", source));
        assert_eq!(
            samples::lines(&find_outside_includes(&tree)),
            ["crates/common-core/src/a.rs:1: `../../../fixtures/a.json` is outside the package"]
        );
    }
}
