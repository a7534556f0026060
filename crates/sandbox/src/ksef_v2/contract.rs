//! What the double knows of the contract: the operations with their parameters, permissions and
//! limit groups, and the shapes of everything that can be sent (KSeF 2.0 facts §3, Appendix A).
//!
//! The two tables beside this file are the double's own; a test holds them against the contract
//! of the repository.

mod pattern;
mod shape;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use http::Method;
use serde::Deserialize;
use serde_json::Value;

pub(super) use pattern::matches as is_shaped;

use crate::route::parameters;

static CONTRACT: LazyLock<Contract> = LazyLock::new(Contract::load);

/// Operations and shapes.
struct Contract {
    operations: Vec<Operation>,
    schemas: BTreeMap<String, Value>,
}

/// One operation.
#[derive(Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// The path with its parameters in braces.
    pub(super) template: &'static str,
    /// The method and the template, separated by a space.
    pub(super) key: &'static str,
    /// Whether a bearer token is wanted.
    pub(super) auth: bool,
    /// The group of request limits.
    pub(super) limit: &'static str,
    /// Any of these permissions is enough; none at all means that nobody asks.
    pub(super) permissions: &'static [String],
    /// The codes that the operation may answer.
    pub(super) codes: &'static [u32],
    parameters: &'static [Parameter],
    body: Option<&'static str>,
}

#[derive(Debug, Deserialize)]
struct Row {
    operation: String,
    auth: bool,
    limit: String,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    codes: Vec<u32>,
    #[serde(default)]
    parameters: Vec<Parameter>,
    body: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Parameter {
    r#in: String,
    name: String,
    #[serde(default)]
    required: bool,
    schema: Value,
}

/// What an operation takes as its body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BodyKind {
    None,
    Json(&'static str),
    Xml,
}

impl Contract {
    #[expect(clippy::expect_used, reason = "the tables are part of the program and tested")]
    fn load() -> Self {
        let rows: Vec<Row> =
            serde_json::from_str(include_str!("contract/operations.json")).expect("a table");
        let schemas = serde_json::from_str(include_str!("contract/schemas.json")).expect("a table");
        Self { operations: rows.into_iter().filter_map(Row::operation).collect(), schemas }
    }
}

impl Row {
    /// The row for as long as the program runs, of which there is one.
    fn operation(self) -> Option<Operation> {
        let key: &'static str = self.operation.leak();
        let (method, template) = key.split_once(' ')?;
        Some(Operation {
            method: method.parse().ok()?,
            template,
            key,
            auth: self.auth,
            limit: self.limit.leak(),
            permissions: self.permissions.leak(),
            codes: self.codes.leak(),
            parameters: self.parameters.leak(),
            body: self.body.map(|body| -> &'static str { body.leak() }),
        })
    }
}

impl Operation {
    /// What it takes as its body.
    pub(super) fn body(&self) -> BodyKind {
        match self.body {
            None => BodyKind::None,
            Some("xml") => BodyKind::Xml,
            Some(name) => BodyKind::Json(name),
        }
    }

    /// What is wrong with the parameters of a request; each entry names one.
    pub(super) fn misfits(&self, place: &str, given: &[(String, String)]) -> Vec<String> {
        let mut misfits = Vec::new();
        for parameter in self.parameters.iter().filter(|it| it.r#in == place) {
            let name = &parameter.name;
            let mut values =
                given.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name)).peekable();
            if parameter.required && values.peek().is_none() {
                misfits.push(format!("'{name}' jest wymagane."));
            }
            for (_, value) in values {
                shape::text(&CONTRACT.schemas, &parameter.schema, value, name, &mut misfits);
            }
        }
        misfits
    }
}

/// What is wrong with a body of that schema; each entry names a field by its dotted path.
pub(super) fn body_misfits(schema: &str, body: &Value) -> Vec<String> {
    let mut misfits = Vec::new();
    if let Some(shape) = CONTRACT.schemas.get(schema) {
        shape::value(&CONTRACT.schemas, shape, body, "", &mut misfits);
    }
    misfits
}

/// Every operation, in the order of the table.
pub(super) fn operations() -> &'static [Operation] {
    &CONTRACT.operations
}

/// The operation that a method and a path below the base address name, with the values of its path
/// parameters. A literal segment wins over a parameter.
pub(super) fn find(
    method: &Method,
    path: &str,
) -> Option<(&'static Operation, Vec<(String, String)>)> {
    let candidates = operations().iter().filter(|it| it.method == method);
    let fitting = candidates.filter_map(|it| Some((it, parameters(it.template, path)?)));
    let (operation, values) = fitting.min_by_key(|(_, values)| values.len())?;
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    Some((operation, values.into_iter().map(owned).collect()))
}

/// Whether any operation has this path.
pub(super) fn knows_path(path: &str) -> bool {
    operations().iter().any(|it| parameters(it.template, path).is_some())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn literal_segments_win_over_parameters() {
        let (found, values) = find(&Method::DELETE, "/auth/sessions/current").unwrap();
        assert_eq!((found.template, values.len()), ("/auth/sessions/current", 0));
        let (found, values) = find(&Method::GET, "/sessions/a/invoices/failed").unwrap();
        assert_eq!(found.template, "/sessions/{referenceNumber}/invoices/failed");
        assert_eq!(values, [("referenceNumber".to_owned(), "a".to_owned())]);
        assert!(find(&Method::PUT, "/auth/challenge").is_none());
        assert_eq!(operations().len(), 83);
    }

    #[test]
    fn all_misfits_of_a_body_come_at_once() {
        let body = json!({"subjectType": "Subject9", "dateRange": {"dateType": "Issue", "to": 1}});
        let misfits = body_misfits("InvoiceQueryFilters", &body);
        assert_eq!(misfits.len(), 3, "{misfits:?}");
        assert!(misfits.iter().any(|it| it.contains("dateRange.from")));
    }

    #[test]
    fn parameters_have_bounds() {
        let (list, _) = find(&Method::GET, "/sessions").unwrap();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let good = [pair("sessionType", "Online"), pair("pageSize", "1000")];
        assert_eq!(list.misfits("query", &good), Vec::<String>::new());
        assert_eq!(list.misfits("query", &[pair("pageSize", "9")]).len(), 2);
    }
}
