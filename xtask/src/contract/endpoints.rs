//! Finds the endpoints of a client crate in its sources, and the tests that name them.
//!
//! An endpoint is a group of facts with a `name` and a `path` written out: `Info { name: "invoices.list", method: Method::GET, path: "/invoices", … }`.
//! The name says the type, `invoices::List`.
//! A macro that declares several endpoints alike may hold the method in its own body.

use crate::{
    codegen,
    rust_text::{group_end, is_name, words},
    tree::File,
};

/// A type that implements `Endpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Implementation {
    /// The module and the type, `invoices::List` for instance.
    pub(crate) name: String,
    pub(crate) method: String,
    pub(crate) path: String,
    /// What repeating it does, as the table writes it; none where a macro says so.
    pub(crate) effect: Option<String>,
    /// Whether it carries credentials, as the table writes it; none where a macro says so.
    pub(crate) auth: Option<String>,
}

/// A test function.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Test<'a> {
    name: String,
    body: &'a str,
}

/// The endpoints in the given sources, in their order; a generated table of operations implements none of them.
pub(crate) fn implementations(sources: &[&File]) -> Vec<Implementation> {
    let mut found = Vec::new();
    for file in sources.iter().filter(|file| !codegen::is_output(&file.path)) {
        let code = file.code_without_tests();
        let facts = words(code, "name:").filter_map(|at| enclosing_group(code, at));
        found.extend(facts.filter_map(|(open, end)| implementation(sources, file, open, end)));
    }
    found
}

/// Names of the tests that use an endpoint, in the order of the files.
pub(crate) fn tests_naming(files: &[&File], endpoint: &Implementation) -> Vec<String> {
    let (module, bare) = endpoint.name.split_once("::").unwrap_or_default();
    let mut names = Vec::new();
    for file in files {
        let is_home = file.path.trim_end_matches(".rs").split('/').any(|part| part == module);
        let uses = |body: &str| {
            words(body, &endpoint.name).next().is_some()
                || (is_home && words(body, bare).next().is_some())
        };
        let tests = tests(&file.code).into_iter().filter(|test| uses(test.body));
        names.extend(tests.map(|test| test.name));
    }
    names
}

/// Reads the facts between `open` and `end`; none when they are not those of an endpoint.
fn implementation(
    sources: &[&File],
    file: &File,
    open: usize,
    end: usize,
) -> Option<Implementation> {
    let group = open..end;
    let literal = |key| {
        let at = open + words(&file.code[group.clone()], key).next()? + key.len();
        file.text[at..end].trim_start().strip_prefix('"')?.split('"').next()
    };
    let name = type_name(literal("name:")?)?;
    let path = literal("path:")?.to_owned();
    let code = &file.code[group];
    let method = method(code).or_else(|| method_of_macro(sources, &file.code[..open]))?;
    let effect = word_behind(code, "Effect::").map(|effect| effect.to_lowercase());
    let auth = word_behind(code, "Auth::").map(|auth| auth.to_lowercase());
    Some(Implementation { name, method, path, effect, auth })
}

/// `invoices.create_batch` is `invoices::CreateBatch`.
pub(crate) fn type_name(name: &str) -> Option<String> {
    let (module, verb) = name.split_once('.')?;
    let camel = verb.split('_').map(|word| {
        let (first, rest) = word.split_at_checked(1).unwrap_or_default();
        first.to_uppercase() + rest
    });
    Some(format!("{module}::{}", camel.collect::<String>()))
}

/// The innermost braces around `at`.
fn enclosing_group(code: &str, at: usize) -> Option<(usize, usize)> {
    let open = code[..at].rfind('{')?;
    let end = group_end(code, open);
    (end > at).then_some((open, end))
}

/// The method that the macro sets which is called just before a group.
fn method_of_macro(sources: &[&File], before: &str) -> Option<String> {
    let called = before[..before.rfind("!(").or_else(|| before.rfind("! {"))?].trim_end();
    let start = called.rfind(|character| !is_name(character)).map_or(0, |at| at + 1);
    let definition = format!("macro_rules! {}", &called[start..]);
    sources.iter().find_map(|file| {
        let at = words(&file.code, &definition).next()?;
        let open = at + file.code[at..].find('{')?;
        method(&file.code[open..group_end(&file.code, open)])
    })
}

fn method(code: &str) -> Option<String> {
    word_behind(code, "Method::")
}

/// The name that follows a prefix such as `Method::`.
fn word_behind(code: &str, prefix: &str) -> Option<String> {
    let at = words(code, prefix).next()? + prefix.len();
    Some(code[at..].chars().take_while(|character| is_name(*character)).collect())
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
        path: "/invoices/{id}",
    };
}

submission!(CreateBatch { name: "invoices.create_batch", path: "/invoices/batch" });

#[cfg(test)]
mod tests {
    #[test]
    fn a_list_is_asked_for() {
        List::new();
    }
}
"#;
    const MACRO: &str = "//! M.\nmacro_rules! submission {\n    ($n:ident) => {\n        Info { name: $endpoint, method: http::Method::POST, path: $path }\n    };\n}\n";

    fn endpoint(name: &str, method: &str, path: &str) -> Implementation {
        let (name, method, path) = (name.to_owned(), method.to_owned(), path.to_owned());
        Implementation { name, method, path, effect: None, auth: None }
    }

    #[test]
    fn facts_are_read_where_they_are_written_out() {
        let source = File::new("crates/kros-client/src/invoices.rs", SOURCE);
        let helper = File::new("crates/kros-client/src/submission.rs", MACRO);
        let expected = [
            endpoint("invoices::List", "GET", "/invoices/{id}"),
            endpoint("invoices::CreateBatch", "POST", "/invoices/batch"),
        ];
        assert_eq!(implementations(&[&source, &helper]), expected);
    }

    #[test]
    fn effect_and_credentials_are_read_where_they_are_written_out() {
        let facts = "Info { name: \"a.b\", method: Method::GET, path: \"/b\", effect: Effect::Once, auth: Auth::None }";
        let file = File::new("a.rs", format!("const INFO: Info = {facts};"));
        let found = implementations(&[&file]).remove(0);
        assert_eq!((found.effect.as_deref(), found.auth.as_deref()), (Some("once"), Some("none")));
    }

    #[test]
    fn a_generated_table_implements_nothing() {
        let facts = "[Operation { name: \"a.b\", method: Method::GET, path: \"/b\" }]";
        let path = "crates/ksef-client/src/v1/operations.rs";
        assert_eq!(implementations(&[&File::new(path, facts)]), []);
        assert_eq!(implementations(&[&File::new("crates/x/src/operations.rs", facts)]).len(), 1);
    }

    #[test]
    fn facts_without_a_name_a_path_or_a_method_are_none() {
        for facts in [
            "Info { name, method: Method::GET, path: \"/{path}\" }",
            "Info { name: \"a.b\", method: Method::GET, path }",
            "Info { name: \"a.b\", path: \"/b\" }",
            "Info { name: \"b\", method: Method::GET, path: \"/b\" }",
        ] {
            let file = File::new("a.rs", format!("const INFO: Info = {facts};"));
            assert_eq!(implementations(&[&file]), [], "{facts}");
        }
    }

    #[test]
    fn tests_are_found_by_qualified_name_anywhere_and_by_bare_name_at_home() {
        let home = File::new("crates/kros-client/src/invoices.rs", SOURCE);
        let away = File::new(
            "crates/kros-client/tests/it/a.rs",
            "#[tokio::test]\nasync fn it_lists() { send(invoices::List::new()) }\n#[test]\nfn other() { List::new() }\n",
        );
        let beside = File::new(
            "crates/kros-client/src/invoices/tests.rs",
            "#[test]\nfn it_is_built() { List::new() }\n",
        );
        let list = endpoint("invoices::List", "GET", "/invoices");
        let names = tests_naming(&[&home, &away, &beside], &list);
        assert_eq!(names, ["a_list_is_asked_for", "it_lists", "it_is_built"]);
    }
}
