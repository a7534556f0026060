//! Finds the types that implement `Endpoint` in the sources of a client crate, and the tests that name them.
//!
//! The facts are read from the `Info` constant, which has to be written out: a table that is made from sources shows what a reader sees there.

use crate::{
    rust_text::{group_end, is_name, line_of, words},
    tree::File,
};

/// A type that implements `Endpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Implementation {
    /// The module and the type, `invoices::List` for instance.
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
}

/// A test function.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test<'a> {
    name: String,
    body: &'a str,
}

/// An implementation whose `Info` cannot be read, with its file and line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unreadable {
    pub(crate) path: String,
    pub(crate) line: usize,
}

/// The endpoints in the given sources, in their order.
pub(crate) fn implementations<'a>(
    sources: impl Iterator<Item = &'a File>,
) -> (Vec<Implementation>, Vec<Unreadable>) {
    let (mut found, mut unreadable) = (Vec::new(), Vec::new());
    for file in sources {
        let code = file.code_without_tests();
        for at in words(code, "Endpoint for ") {
            match implementation(file, code, at) {
                Some(implementation) => found.push(implementation),
                None => unreadable
                    .push(Unreadable { path: file.path.clone(), line: line_of(code, at) }),
            }
        }
    }
    (found, unreadable)
}

/// Names of the tests that use an endpoint, in the order of the files.
pub(crate) fn tests_naming<'a>(
    files: impl Iterator<Item = &'a File>,
    endpoint: &Implementation,
) -> Vec<String> {
    let mut names = Vec::new();
    for file in files {
        let own = module(&file.path) == endpoint.name.split("::").next().unwrap_or_default();
        let bare = endpoint.name.rsplit("::").next().unwrap_or_default();
        let uses = |body: &str| {
            words(body, &endpoint.name).next().is_some()
                || (own && words(body, bare).next().is_some())
        };
        let tests = tests(&file.code).into_iter().filter(|test| uses(test.body));
        names.extend(tests.map(|test| test.name));
    }
    names
}

fn implementation(file: &File, code: &str, at: usize) -> Option<Implementation> {
    let target = code[at + "Endpoint for ".len()..].trim_start();
    let target: String = target.chars().take_while(|character| is_name(*character)).collect();
    let open = at + code[at..].find('{')?;
    let block = open..group_end(code, open);
    let info = block.start + code[block.clone()].find("INFO")?;
    let method_at = info + words(&code[info..block.end], "Method::").next()?;
    let method = code[method_at + "Method::".len()..].chars().take_while(|c| is_name(*c)).collect();
    let path_at = info + words(&code[info..block.end], "path:").next()?;
    let value = file.text[path_at + "path:".len()..block.end].trim_start();
    let path = value.strip_prefix('"')?.split('"').next()?.to_owned();
    Some(Implementation { name: format!("{}::{target}", module(&file.path)), method, path })
}

fn module(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path).trim_end_matches(".rs")
}

/// The functions below a `#[test]` or `#[tokio::test]` attribute.
fn tests(code: &str) -> Vec<Test<'_>> {
    let mut tests = Vec::new();
    for attribute in ["#[test]", "#[tokio::test"] {
        for (at, _) in code.match_indices(attribute) {
            let Some(function) = words(&code[at..], "fn ").next() else { continue };
            let start = at + function + "fn ".len();
            let name = code[start..].chars().take_while(|c| is_name(*c)).collect();
            let open = start + code[start..].find('{').unwrap_or(code.len() - start);
            tests.push((at, Test { name, body: &code[open..group_end(code, open)] }));
        }
    }
    tests.sort_by_key(|(at, _)| *at);
    tests.into_iter().map(|(_, test)| test).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"//! Invoices.
impl Endpoint for List {
    type Api = Kros;
    const INFO: Info = Info {
        name: "invoices.list",
        method: Method::GET,
        path: "/invoices",
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_list_is_asked_for() {
        List::new();
    }
}
"#;

    fn file(path: &str, text: &str) -> File {
        File::new(path, text)
    }

    #[test]
    fn method_and_path_are_read_from_the_info() {
        let source = file("crates/kros-client/src/invoices.rs", SOURCE);
        let (found, unreadable) = implementations([&source].into_iter());
        assert_eq!(unreadable, []);
        let expected = Implementation {
            name: "invoices::List".to_owned(),
            method: "GET".to_owned(),
            path: "/invoices".to_owned(),
        };
        assert_eq!(found, [expected]);
    }

    #[test]
    fn an_info_that_is_not_written_out_is_told_by_place() {
        let text = "//! A.\nimpl Endpoint for List {\n    const INFO: Info = LIST;\n}\n";
        let (found, unreadable) = implementations([&file("a.rs", text)].into_iter());
        assert_eq!(found, []);
        assert_eq!(unreadable, [Unreadable { path: "a.rs".to_owned(), line: 2 }]);
    }

    #[test]
    fn tests_are_found_by_qualified_name_anywhere_and_by_bare_name_at_home() {
        let home = file("crates/kros-client/src/invoices.rs", SOURCE);
        let away = file(
            "crates/kros-client/tests/it/a.rs",
            "#[tokio::test]\nasync fn it_lists() { send(invoices::List::new()) }\n#[test]\nfn other() { List::new() }\n",
        );
        let (found, _) = implementations([&home].into_iter());
        let names = tests_naming([&home, &away].into_iter(), &found[0]);
        assert_eq!(names, ["a_list_is_asked_for", "it_lists"]);
    }
}
