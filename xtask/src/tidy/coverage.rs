//! Every operation of a contract is in its client crate or on a list that may only shrink.

use std::collections::BTreeMap;

use crate::{
    contract::{
        self, Operation, SYSTEMS, System,
        endpoints::{self, Implementation},
    },
    tidy::Finding,
    tree::{File, Tree},
};

const LIST: &str = "xtask/tidy/uncovered.txt";

/// The files whose earlier text [`find_growth`] compares with.
pub(crate) fn ratchets() -> Vec<String> {
    let tables = SYSTEMS.iter().map(System::table);
    std::iter::once(LIST.to_owned()).chain(tables).collect()
}

/// Finds operations without an endpoint, and entries of the list that no longer belong there.
pub(crate) fn find(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut open = entries(tree.file(LIST));
    for file in tree.files.iter().filter(|file| is_table(&file.path)) {
        let Some(system) = SYSTEMS.iter().find(|system| system.table() == file.path) else {
            findings.push(Finding::new(&file.path, "no system has this contract table"));
            continue;
        };
        match contract::parse(&file.path, &file.text) {
            Ok(operations) => findings.extend(uncovered(tree, system, &operations, &mut open)),
            Err(failure) => findings.push(Finding::new(&file.path, failure.to_string())),
        }
    }
    let strangers = open.into_iter().map(|(entry, line)| {
        Finding::at(LIST, line, format!("`{entry}` is covered or in no contract: remove it"))
    });
    findings.extend(strangers);
    findings
}

/// Finds entries that joined the list although their operation was in the contract before.
pub(crate) fn find_growth(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let now = entries(tree.file(LIST));
    for earlier in &tree.earlier {
        let old_list = entries(earlier.iter().find(|file| file.path == LIST));
        let old_operations = earlier.iter().filter(|file| is_table(&file.path)).flat_map(named);
        for entry in old_operations {
            if let Some(line) = now.get(&entry).filter(|_| !old_list.contains_key(&entry)) {
                let says =
                    format!("`{entry}` was not on the list before: the list may only shrink");
                findings.push(Finding::at(LIST, *line, says));
            }
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

/// Takes the operations of one system off the list; what is neither there nor covered is a finding.
fn uncovered(
    tree: &Tree,
    system: &System,
    operations: &[Operation],
    open: &mut BTreeMap<String, usize>,
) -> Vec<Finding> {
    let sources: Vec<_> = tree.rust_below(system.sources).collect();
    let implementations = endpoints::implementations(&sources);
    let mut findings = Vec::new();
    for operation in operations {
        let found = implementations.iter().find(|i| operation.is(&i.method, &i.path));
        if let Some(implementation) = found {
            findings.extend(disagreements(system, operation, implementation));
            continue;
        }
        let entry = format!("{} {operation}", system.name);
        if open.remove(&entry).is_none() {
            let says = format!("`{operation}` has no `Endpoint` in {}", system.client);
            findings.push(Finding::new(system.table(), says));
        }
    }
    findings
}

/// What an endpoint states otherwise than the table of a described system, which knows every name.
fn disagreements(
    system: &System,
    operation: &Operation,
    endpoint: &Implementation,
) -> Vec<Finding> {
    if system.described_at.is_none() {
        return Vec::new();
    }
    let name = operation.text("name");
    let stated = [
        ("name", endpoints::type_name(&name).unwrap_or(name), Some(endpoint.name.clone())),
        ("effect", operation.text("effect"), endpoint.effect.clone()),
        ("auth", operation.text("auth"), endpoint.auth.clone()),
    ];
    let differs = stated.into_iter().filter_map(|(what, table, code)| {
        let code = code.filter(|code| *code != table)?;
        let says = format!("`{operation}`: {what} is {table} here and {code} in the code");
        Some(Finding::new(system.table(), says))
    });
    differs.collect()
}

fn is_table(path: &str) -> bool {
    path.starts_with("fixtures/") && path.ends_with("/contract/endpoints.json")
}

/// The operations of a table, written as the list writes them.
fn named(file: &File) -> Vec<String> {
    let Some(system) = SYSTEMS.iter().find(|system| system.table() == file.path) else {
        return Vec::new();
    };
    let operations = contract::parse(&file.path, &file.text).unwrap_or_default();
    operations.iter().map(|operation| format!("{} {operation}", system.name)).collect()
}

/// The entries of the list with their lines; empty lines and lines that begin with `#` are none.
fn entries(list: Option<&File>) -> BTreeMap<String, usize> {
    let lines = list.map_or("", |file| &file.text).lines().enumerate();
    lines
        .map(|(index, line)| (line.trim().to_owned(), index + 1))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::samples::{lines, tree};

    const TABLE: &str = "fixtures/kros/contract/endpoints.json";
    const ROWS: &str = r#"[{"method":"GET","path":"/tags"},{"method":"GET","path":"/a/{id}"}]"#;
    const TAGS: (&str, &str) = (
        "crates/kros-client/src/tags.rs",
        "impl Endpoint for List { const INFO: Info = Info { name: \"tags.list\", method: Method::GET, path: \"/tags\" }; }",
    );

    #[test]
    fn an_operation_without_endpoint_is_found() {
        let found = find(&tree(&[(TABLE, ROWS), TAGS]));
        assert_eq!(
            lines(&found),
            [format!("{TABLE}: `GET /a/{{id}}` has no `Endpoint` in kros-client")]
        );
    }

    #[test]
    fn an_endpoint_that_disagrees_with_the_table_of_a_described_system_is_found() {
        let table = "fixtures/ksef-v1/contract/endpoints.json";
        let rows =
            r#"[{"method":"GET","path":"/a","name":"x.fetch","effect":"read","auth":"none"}]"#;
        let code = |effect: &str| {
            format!(
                "const INFO: Info = Info {{ name: \"x.fetch\", method: Method::GET, path: \"/a\", effect: Effect::{effect}, auth: Auth::None }};"
            )
        };
        let path = "crates/ksef-client/src/v1/x.rs";
        assert_eq!(find(&tree(&[(table, rows), (path, code("Read").as_str())])), []);
        assert_eq!(
            lines(&find(&tree(&[(table, rows), (path, code("Once").as_str())]))),
            [format!("{table}: `GET /a`: effect is read here and once in the code")]
        );
    }

    #[test]
    fn the_list_excuses_only_what_is_not_covered() {
        let list = "# Why.\nkros GET /a/{id}\n";
        assert_eq!(find(&tree(&[(TABLE, ROWS), TAGS, (LIST, list)])), []);
        let list = "kros GET /a/{id}\nkros GET /tags\nkros GET /gone\n";
        assert_eq!(
            lines(&find(&tree(&[(TABLE, ROWS), TAGS, (LIST, list)]))),
            [
                format!("{LIST}:3: `kros GET /gone` is covered or in no contract: remove it"),
                format!("{LIST}:2: `kros GET /tags` is covered or in no contract: remove it"),
            ]
        );
    }

    #[test]
    fn the_list_may_not_grow_but_with_the_contract() {
        let mut grown = tree(&[(TABLE, ROWS), (LIST, "kros GET /tags\n")]);
        assert_eq!(find_growth(&grown), []);
        grown.earlier = vec![vec![File::new(TABLE, "[]")]];
        assert_eq!(find_growth(&grown), []);
        grown.earlier = vec![vec![File::new(TABLE, ROWS)]];
        assert_eq!(find_growth(&grown).len(), 1);
    }
}
