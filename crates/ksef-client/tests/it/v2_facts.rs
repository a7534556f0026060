//! What the sources cite as "KSeF 2.0 facts §N" stands on the page of facts.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// All files of Rust and Markdown below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            files(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs" || it == "md") {
            found.push(path);
        }
    }
}

/// The numbers in a text that begins after "KSeF 2.0 facts", as "§0, 3" or "§8 and §10.4".
fn cited(text: &str) -> Vec<String> {
    let words = text.split_inclusive([' ', '.', ',', ')', ';']);
    let near = words.take_while(|word| {
        let word = word.trim();
        let is_joint = ["and", "to", "or", ",", "."].contains(&word);
        word.starts_with('§') || is_joint || word.starts_with(|it: char| it.is_ascii_digit())
    });
    let near: String = near.collect();
    let numbers = near.split('§').skip(1).map(|rest| {
        let number: String =
            rest.chars().take_while(|it| it.is_ascii_digit() || *it == '.').collect();
        number.trim_end_matches('.').to_owned()
    });
    numbers.filter(|number| !number.is_empty()).collect()
}

/// The text without the line ends and marks of its comments, so that a citation may be broken.
fn flat(text: &str) -> String {
    let lines = text.lines().map(|line| {
        line.trim().trim_start_matches("//!").trim_start_matches("///").trim_start_matches("//")
    });
    lines.map(str::trim).collect::<Vec<_>>().join(" ")
}

#[test]
fn every_section_that_is_cited_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/ksef/facts-v2.md")).unwrap();
    let headings = page.lines().filter(|line| line.starts_with("##"));
    let headings =
        headings.filter_map(|line| line.trim_start_matches(['#', ' ']).split(' ').next());
    let known: Vec<_> = headings.filter_map(|number| number.strip_prefix('§')).collect();
    assert!(known.len() > 30, "{known:?}");
    let (mut found, mut missing, mut count) = (Vec::new(), BTreeMap::new(), 0);
    files(&root.join("crates"), &mut found);
    files(&root.join("docs"), &mut found);
    for path in found {
        let text = flat(&fs::read_to_string(&path).unwrap());
        for rest in text.split("KSeF 2.0 facts ").skip(1) {
            for number in cited(rest) {
                count += 1;
                if !known.contains(&number.as_str()) {
                    missing.insert(number, path.clone());
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(count > 300, "{count} citations");
}

#[test]
fn citations_are_read_in_every_form() {
    assert_eq!(cited("§8 and §10.4)."), ["8", "10.4"]);
    assert_eq!(cited("§0, 3). More of §99"), ["0"]);
    assert_eq!(cited("§3 to §14). The rest"), ["3", "14"]);
    assert_eq!(cited("§12.2."), ["12.2"]);
}
