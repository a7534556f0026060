//! The contract tables in `fixtures/<system>/contract/endpoints.json`, and the code that fulfils them.
//!
//! A table is a JSON array with an object per operation; `method` and `path` name the operation, the other columns are facts about it.

pub(crate) mod description;
pub(crate) mod endpoints;
pub(crate) mod json_text;
pub(crate) mod overlay;

use std::fmt::{self, Display};

use serde_json::{Map, Value};

use crate::shell::{Failure, Outcome};

/// A system, its folder under `fixtures/`, and the crate that speaks to it.
#[derive(Debug)]
pub(crate) struct System {
    pub(crate) name: &'static str,
    pub(crate) client: &'static str,
    /// The folder of the client crate that holds its endpoints.
    pub(crate) sources: &'static str,
    /// Where the authority publishes a description that a program can read, if it does: a text, or a folder of them.
    pub(crate) described_at: Option<&'static str>,
}

/// All systems, built and planned.
pub(crate) const SYSTEMS: &[System] = &[
    undescribed("kros", "kros-client", "crates/kros-client/src"),
    undescribed("epp", "epp-client", "crates/epp-client/src"),
    undescribed("crk", "ekasy-device", "crates/ekasy-device/src"),
    System {
        described_at: Some("https://ksef.mf.gov.pl/openapi/gtw/svc/api/"),
        ..undescribed("ksef-v1", "ksef-client", "crates/ksef-client/src/v1")
    },
    System {
        described_at: Some("https://api-test.ksef.mf.gov.pl/docs/v2/openapi.json"),
        ..undescribed("ksef-v2", "ksef-client", "crates/ksef-client/src/v2")
    },
];

/// One row of a contract table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Operation {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) columns: Map<String, Value>,
}

const fn undescribed(name: &'static str, client: &'static str, sources: &'static str) -> System {
    System { name, client, sources, described_at: None }
}

impl System {
    /// The system of that name, or a failure that lists all names.
    pub(crate) fn named(name: &str) -> Outcome<&'static Self> {
        SYSTEMS.iter().find(|system| system.name == name).ok_or_else(|| {
            let known: Vec<_> = SYSTEMS.iter().map(|system| system.name).collect();
            let known = known.join(", ");
            Failure::new(format!("there is no system `{name}`; the systems are: {known}"))
        })
    }

    /// Where its contract table stands.
    pub(crate) fn table(&self) -> String {
        format!("fixtures/{}/contract/endpoints.json", self.name)
    }
}

impl Operation {
    /// A column as one line of text; empty when the row has none.
    pub(crate) fn text(&self, column: &str) -> String {
        self.columns.get(column).map(one_line).unwrap_or_default()
    }

    /// Whether a method and a path template name this operation; placeholders may be called otherwise.
    pub(crate) fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && shape(&self.path) == shape(path)
    }
}

impl Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Reads a contract table; the failure names `place`.
pub(crate) fn parse(place: &str, text: &str) -> Outcome<Vec<Operation>> {
    let rows: Vec<Map<String, Value>> = serde_json::from_str(text)
        .map_err(|cause| Failure::new(format!("{place} is no contract table: {cause}")))?;
    let operations: Vec<_> = rows
        .into_iter()
        .enumerate()
        .map(|(index, columns)| {
            operation(columns).ok_or_else(|| {
                Failure::new(format!("{place}: row {} has no method or no path", index + 1))
            })
        })
        .collect::<Outcome<_>>()?;
    for (index, row) in operations.iter().enumerate() {
        if operations[..index].iter().any(|other| other.is(&row.method, &row.path)) {
            return Err(Failure::new(format!("{place}: {row} stands there twice")));
        }
    }
    Ok(operations)
}

/// A value as one line, for a table or a list of changes.
pub(crate) fn one_line(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(one_line).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name} {}", one_line(value))).collect();
            fields.join(", ")
        }
        other => other.to_string(),
    }
}

fn operation(columns: Map<String, Value>) -> Option<Operation> {
    let method = columns.get("method")?.as_str()?.to_owned();
    let path = columns.get("path")?.as_str()?.to_owned();
    Some(Operation { method, path, columns })
}

/// The path with every placeholder emptied.
fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut inside = false;
    for character in path.trim_matches('/').chars() {
        match character {
            '{' => inside = true,
            '}' => inside = false,
            _ if inside => continue,
            _ => {}
        }
        shape.push(character);
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_columns_that_nobody_knows() {
        let text =
            r#"[{"method":"GET","path":"/a/{id}","limits":{"perSecond":5},"later":["x","y"]}]"#;
        let rows = parse("t", text).unwrap();
        assert_eq!(rows[0].to_string(), "GET /a/{id}");
        assert_eq!(rows[0].text("limits"), "perSecond 5");
        assert_eq!(rows[0].text("later"), "x, y");
        assert_eq!(rows[0].text("none"), "");
    }

    #[test]
    fn placeholders_are_compared_by_place() {
        let rows = parse("t", r#"[{"method":"GET","path":"/a/{id}/b"}]"#).unwrap();
        assert!(rows[0].is("GET", "a/{invoice_id}/b"));
        assert!(!rows[0].is("GET", "/a/x/b"));
        assert!(!rows[0].is("POST", "/a/{id}/b"));
    }

    #[test]
    fn broken_tables_are_refused_with_their_place() {
        for text in [
            "{}",
            r#"[{"method":"GET"}]"#,
            r#"[{"method":"GET","path":"/a/{b}"},{"method":"GET","path":"/a/{c}"}]"#,
        ] {
            let failure = parse("place.json", text).unwrap_err().to_string();
            assert!(failure.starts_with("place.json"), "{failure}");
        }
    }

    #[test]
    fn an_unknown_system_is_refused_with_the_list() {
        let failure = System::named("vat").unwrap_err().to_string();
        assert!(failure.ends_with("kros, epp, crk, ksef-v1, ksef-v2"), "{failure}");
    }
}
