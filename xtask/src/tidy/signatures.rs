//! No public signature names the HTTP library or the runtime: they can change without breaking anybody.

use std::collections::BTreeSet;

use crate::{
    rust_text::{group_end, is_name, line_of, words},
    tidy::Finding,
    tree::{File, Tree},
};

const LIBRARIES: &[&str] = &["reqwest", "hyper", "hyper_util", "tokio", "tokio_util"];

/// The adapter modules, which exist to join such a library to the transport seam.
const ADAPTERS: &[&str] = &["crates/common-http/src/reqwest_transport.rs"];

/// Finds public signatures of published crates that name one of the libraries.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in tree.metadata.published() {
        let sources = format!("{}/src", tree.metadata.folder(package));
        let files = tree.rust_below(&sources);
        findings.extend(files.filter(|file| !is_adapter(&file.path)).flat_map(find_in));
    }
    findings
}

fn is_adapter(path: &str) -> bool {
    ADAPTERS.contains(&path)
}

fn find_in(file: &File) -> Vec<Finding> {
    let code = file.code_without_tests();
    let imported = imported_types(code);
    let mut findings = Vec::new();
    for (at, signature) in signatures(code) {
        let by_path = LIBRARIES.iter().map(|library| format!("{library}::"));
        let mut names = by_path.chain(imported.iter().cloned());
        if let Some(name) = names.find(|name| is_named(signature, name)) {
            let says = format!("a public signature names `{name}`");
            findings.push(Finding::at(&file.path, line_of(code, at), says));
        }
    }
    findings
}

/// Whether a signature names a type; a variant of an enum may bear the same name and is none.
fn is_named(signature: &str, name: &str) -> bool {
    let is_enum = signature.starts_with("pub enum ");
    words(signature, name).any(|at| !is_enum || depth(&signature[..at]) > 1)
}

/// How many brackets are open at the end of a text.
fn depth(text: &str) -> usize {
    let opened = text.matches(['{', '(', '[']).count();
    opened.saturating_sub(text.matches(['}', ')', ']']).count())
}

/// Types that the file imports from one of the libraries.
fn imported_types(code: &str) -> BTreeSet<String> {
    let mut types = BTreeSet::new();
    for library in LIBRARIES {
        let import = format!("use {library}::");
        for at in words(code, &import) {
            let names = code[at..].split(';').next().unwrap_or_default();
            let names = names.split(|character| !is_name(character));
            types.extend(names.filter(|name| starts_upper(name)).map(str::to_owned));
        }
    }
    types
}

fn starts_upper(name: &str) -> bool {
    name.chars().next().is_some_and(char::is_uppercase)
}

/// The public signatures of blanked code with their offsets.
fn signatures(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut at = 0;
    for line in code.split_inclusive('\n') {
        let start = at + line.len() - line.trim_start().len();
        at += line.len();
        let rest = &code[start..];
        let end = if rest.starts_with("pub trait ") || rest.starts_with("pub enum ") {
            // Everything inside is public too.
            group_end(code, start + rest.find('{').unwrap_or(rest.len()))
        } else if rest.starts_with("pub struct ") {
            struct_head(code, start)
        } else if rest.starts_with("pub use ") || rest.starts_with("pub type ") {
            start + rest.find(';').unwrap_or(rest.len())
        } else if is_function(rest) || rest.starts_with("impl ") || rest.starts_with("impl<") {
            start + rest.find(['{', ';']).unwrap_or(rest.len())
        } else if rest.starts_with("pub ") {
            // A field or a constant: its type stands on the same line.
            start + rest.find('\n').unwrap_or(rest.len())
        } else {
            continue;
        };
        found.push((start, &code[start..end]));
    }
    found
}

fn is_function(rest: &str) -> bool {
    let head = rest.split('(').next().unwrap_or_default();
    rest.starts_with("pub ") && words(head, "fn").next().is_some()
}

/// A struct up to its fields; of a tuple struct up to its last public field.
fn struct_head(code: &str, start: usize) -> usize {
    let end = start + code[start..].find(['{', ';', '(']).unwrap_or(code.len() - start);
    if !code[end..].starts_with('(') {
        return end;
    }
    let fields = group_end(code, end);
    code[end..fields].rfind("pub ").map_or(end, |last| {
        let last = end + last;
        last + code[last..fields].find(',').unwrap_or(fields - last)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(source: &str) -> Vec<String> {
        let file = File::new("crates/common-http/src/a.rs", source);
        find_in(&file).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn paths_and_imported_types_are_found_wherever_they_are_public() {
        for source in [
            "pub fn a(b: reqwest::Client) {}",
            "pub async fn a(\n    b: u8,\n) -> tokio::task::JoinHandle<()> {}",
            "use reqwest::{Client, header};\npub fn a(b: &Client) {}",
            "pub struct A {\n    pub b: hyper::Request<()>,\n}",
            "pub struct A(pub reqwest::Client);",
            "pub trait A {\n    fn b(c: tokio::fs::File);\n}",
            "pub enum A {\n    B(reqwest::Error),\n}",
            "use tokio::fs::File;\npub enum Body {\n    Bytes(u8, File),\n}",
            "impl From<reqwest::Error> for A {}",
            "pub use reqwest::Client;",
        ] {
            assert_eq!(findings(source).len(), 1, "{source}");
        }
    }

    #[test]
    fn private_places_and_other_names_are_free() {
        for source in [
            "pub struct A(reqwest::Client);",
            "pub struct A {\n    b: tokio::sync::Mutex<u8>,\n}",
            "pub(crate) fn a(b: reqwest::Client) {}",
            "pub fn a() {\n    tokio::spawn(b());\n}",
            "pub fn a(b: my_hyper::Request) {}",
            "use tokio::fs::File;\npub enum Body {\n    Bytes(u8),\n    File(u8),\n}",
            "/// Unlike reqwest::Client.\npub fn a() {}",
        ] {
            assert_eq!(findings(source), Vec::<String>::new(), "{source}");
        }
    }

    #[test]
    fn the_adapter_may_name_its_library() {
        assert!(is_adapter("crates/common-http/src/reqwest_transport.rs"));
        assert!(!is_adapter("crates/common-http/src/transport.rs"));
    }
}
