//! The table of a system's operations: what the contract says, which type does it, which tests name that type.

use std::fmt::Write as _;

use crate::{
    codegen::{HEADER, Made},
    contract::{
        self, Operation, System,
        endpoints::{self, Implementation},
    },
    shell::{Failure, Outcome},
    tree::File,
};

/// Names of tests shown per operation; the rest is counted.
const SHOWN_TESTS: usize = 2;

/// Makes the table of a system as the file `output`.
pub(crate) fn make(system: &str, output: &str, files: &[File]) -> Outcome<Vec<Made>> {
    let system = System::named(system)?;
    let place = system.table();
    let table = files
        .iter()
        .find(|file| file.path == place)
        .ok_or_else(|| Failure::new(format!("{place} is missing")))?;
    let operations = contract::parse(&place, &table.text)?;
    let crate_files = below(files, &format!("crates/{}/", system.client));
    let sources = below(files, &format!("{}/", system.sources));
    let implementations = endpoints::implementations(&sources);
    let rows: Vec<Row> = operations
        .iter()
        .map(|operation| {
            // Commands that share an address are endpoints of their own (CMD07 and CMD12 of CRK).
            let found = implementations.iter().filter(|i| operation.is(&i.method, &i.path));
            let endpoints: Vec<_> = found.collect();
            let naming =
                |endpoint: &&Implementation| endpoints::tests_naming(&crate_files, endpoint);
            let tests = endpoints.iter().map(naming).collect();
            Row { operation, endpoints, tests }
        })
        .collect();
    Ok(vec![Made { path: output.to_owned(), text: render(system, &place, &rows) }])
}

struct Row<'a> {
    operation: &'a Operation,
    endpoints: Vec<&'a Implementation>,
    /// The tests of each endpoint.
    tests: Vec<Vec<String>>,
}

fn below<'a>(files: &'a [File], folder: &str) -> Vec<&'a File> {
    files.iter().filter(|file| file.is_rust() && file.path.starts_with(folder)).collect()
}

fn render(system: &System, place: &str, rows: &[Row<'_>]) -> String {
    let covered = rows.iter().filter(|row| !row.endpoints.is_empty()).count();
    let marks = |row: &Row<'_>| row.operation.text("confidence").starts_with('S');
    let source = if rows.iter().any(marks) { "S source document, " } else { "" };
    let mut text = format!("<!-- {HEADER} from {place} and the sources: do not edit. -->\n\n");
    let _ = write!(
        text,
        "# Operations of {} and where they are\n\n\
         {covered} of {} operations have an `Endpoint` in `{}`.\n\
         Confidence is that of the contract: {source}A official page, A- integration guide, B integrations agree, C one integration, D inference, ? unknown.\n\n\
         | Method | Path | Effect | Confidence | Section | Endpoint | Tests |\n\
         |---|---|---|---|---|---|---|\n",
        system.name,
        rows.len(),
        system.client,
    );
    for row in rows {
        let operation = row.operation;
        let cells = [
            operation.method.clone(),
            format!("`{}`", operation.path),
            operation.text("effect"),
            operation.text("confidence"),
            operation.text("section"),
            or_none(row.endpoints.iter().map(|found| format!("`{}`", found.name))),
            or_none(row.tests.iter().map(|names| tests(names))),
        ];
        for cell in cells {
            let space = if cell.is_empty() { "" } else { " " };
            let _ = write!(text, "|{space}{} ", cell.replace('|', "\\|"));
        }
        text.push_str("|\n");
    }
    text
}

/// What each endpoint of a row has, in their order.
fn or_none(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<_> = parts.collect();
    if parts.is_empty() { "none".to_owned() } else { parts.join("; ") }
}

fn tests(names: &[String]) -> String {
    let shown = names.iter().take(SHOWN_TESTS).map(|name| format!("`{name}`"));
    let mut parts: Vec<_> = shown.collect();
    if names.len() > SHOWN_TESTS {
        // No count: a new test elsewhere must not change this page.
        parts.push("…".to_owned());
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"[
        {"method": "GET", "path": "/tags", "effect": "read", "section": "KROS facts §1", "confidence": "B"},
        {"method": "POST", "path": "/invoices", "effect": "once", "extra": 1}
    ]"#;
    const SOURCE: &str = "//! Tags.\nimpl Endpoint for List {\n    const INFO: Info = Info { name: \"tags.list\", method: Method::GET, path: \"/tags\" };\n}\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn a_list_is_read() { List; }\n}\n";

    #[test]
    fn a_row_begins_with_its_method_and_ends_with_its_tests() {
        let files = [
            File::new("fixtures/kros/contract/endpoints.json", TABLE),
            File::new("crates/kros-client/src/tags.rs", SOURCE),
        ];
        let made = make("kros", "map.md", &files).unwrap().remove(0).text;
        assert!(made.starts_with(&format!("<!-- {HEADER}")), "{made}");
        assert!(made.contains("1 of 2 operations have an `Endpoint`"), "{made}");
        let rows: Vec<_> = made.lines().filter(|line| line.contains("`/")).collect();
        assert_eq!(
            rows,
            [
                "| GET | `/tags` | read | B | KROS facts §1 | `tags::List` | `a_list_is_read` |",
                "| POST | `/invoices` | once | | | none | none |"
            ]
        );
    }

    #[test]
    fn endpoints_that_share_an_address_stand_in_one_row() {
        let other = SOURCE.replace("List", "Find").replace("tags.list", "tags.find");
        let files = [
            File::new("fixtures/kros/contract/endpoints.json", TABLE),
            File::new("crates/kros-client/src/tags.rs", SOURCE),
            File::new("crates/kros-client/src/tags/find.rs", other.replace("a_list", "one")),
        ];
        let made = make("kros", "map.md", &files).unwrap().remove(0).text;
        let row = made.lines().find(|line| line.contains("`/tags`")).unwrap();
        assert!(
            row.ends_with("| `tags::List`; `tags::Find` | `a_list_is_read`; `one_is_read` |"),
            "{row}"
        );
    }

    #[test]
    fn many_tests_are_counted() {
        let names = ["a", "b", "c", "d"].map(str::to_owned);
        assert_eq!(tests(&names), "`a`, `b`, …");
    }

    #[test]
    fn a_missing_table_is_named() {
        let failure = make("kros", "map.md", &[]).unwrap_err().to_string();
        assert_eq!(failure, "fixtures/kros/contract/endpoints.json is missing");
    }
}
