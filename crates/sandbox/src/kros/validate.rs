//! The checks that KROS makes before it accepts a request: all errors of all documents at once
//! (KROS OpenAPI documentation page, section "Odpoveď na request").
//!
//! Types, lengths and required properties stand in the tables of [`schema`]; what tables cannot
//! say stands in [`rules`].

mod rules;
mod schema;

use serde_json::{Map, Value, json};

pub(super) use rules::decimal;
pub(super) use schema::date;
use schema::{Field, Shape};

/// The most documents in one batch (KROS OpenAPI documentation page, section "Podporované
/// endpointy").
const LARGEST_BATCH: usize = 100;

/// One entry of `errors` in an answer 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) document: Option<usize>,
    pub(super) property: String,
    pub(super) message: String,
}

impl Problem {
    /// A problem of the request as a whole.
    pub(super) fn of_request(property: &str, message: impl Into<String>) -> Self {
        Self { document: None, property: property.to_owned(), message: message.into() }
    }

    /// The body of an answer 400.
    pub(super) fn body(problems: &[Self]) -> Value {
        let errors: Vec<Value> = problems
            .iter()
            .map(|problem| {
                json!({
                    "documentIndex": problem.document,
                    "propertyPath": problem.property,
                    "errorMessage": problem.message,
                })
            })
            .collect();
        json!({"isValid": false, "errors": errors})
    }
}

/// What the documents of a request are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Invoice,
    Payment,
}

/// How `data` holds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    One,
    Batch,
}

/// What a check found.
#[derive(Debug, Default)]
pub(super) struct Verdict {
    /// Why the request is refused; empty means accepted.
    pub(super) problems: Vec<Problem>,
    /// What no correct client sends: a broken envelope, a property that nobody knows.
    pub(super) oddities: Vec<String>,
    /// The documents, if the envelope could be read.
    pub(super) documents: Vec<Map<String, Value>>,
}

/// Checks a whole request body.
pub(super) fn check(body: &[u8], kind: Kind, envelope: Envelope) -> Verdict {
    let mut verdict = Verdict::default();
    match documents(body, envelope) {
        Err(problem) => {
            verdict.oddities.push(format!("envelope: {}", problem.message));
            verdict.problems.push(problem);
        }
        Ok(documents) => {
            for (index, document) in documents.into_iter().enumerate() {
                check_document(&mut verdict, kind, index, document);
            }
        }
    }
    verdict
}

/// Takes the documents out of `{"data": …}`.
fn documents(body: &[u8], envelope: Envelope) -> Result<Vec<Value>, Problem> {
    let text =
        std::str::from_utf8(body).map_err(|_| Problem::of_request("", "The body is not UTF-8."))?;
    let mut body: Value = serde_json::from_str(text).map_err(|error| {
        let place = format!("line {}, position {}", error.line(), error.column());
        Problem::of_request("", format!("Unexpected character encountered, {place}."))
    })?;
    let data = body.get_mut("data").map(Value::take).unwrap_or_default();
    match (envelope, data) {
        (Envelope::One, data @ Value::Object(_)) => Ok(vec![data]),
        (Envelope::One, _) => Err(Problem::of_request("data", "An object is required.")),
        (Envelope::Batch, Value::Array(documents)) if documents.is_empty() => {
            Err(Problem::of_request("data", "At least one document is required."))
        }
        (Envelope::Batch, Value::Array(documents)) if documents.len() > LARGEST_BATCH => {
            Err(Problem::of_request("data", "At most 100 documents are allowed."))
        }
        (Envelope::Batch, Value::Array(documents)) => Ok(documents),
        (Envelope::Batch, _) => Err(Problem::of_request("data", "An array is required.")),
    }
}

fn check_document(verdict: &mut Verdict, kind: Kind, index: usize, document: Value) {
    let Value::Object(document) = document else {
        let message = "An object is required.".to_owned();
        verdict.problems.push(Problem { document: Some(index), property: String::new(), message });
        return;
    };
    let mut walk = Walk::default();
    match kind {
        Kind::Invoice => {
            walk.object(schema::INVOICE, &document, "");
            rules::invoice(&document, &mut walk);
        }
        Kind::Payment => {
            walk.object(schema::PAYMENT, &document, "");
            rules::payment(&document, &mut walk);
        }
    }
    let placed = walk.wrong.into_iter().map(|(property, message)| Problem {
        document: Some(index),
        property,
        message,
    });
    verdict.problems.extend(placed);
    verdict
        .oddities
        .extend(walk.unknown.into_iter().map(|path| format!("unknown property {path}")));
    verdict.documents.push(document);
}

/// One walk over a document along the tables.
#[derive(Debug, Default)]
struct Walk {
    wrong: Vec<(String, String)>,
    unknown: Vec<String>,
}

impl Walk {
    fn wrong(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.wrong.push((path.into(), message.into()));
    }

    fn object(&mut self, fields: &[Field], object: &Map<String, Value>, prefix: &str) {
        let known = |name: &str| fields.iter().any(|field| field.name == name);
        self.unknown.extend(
            object.keys().filter(|name| !known(name)).map(|name| format!("{prefix}{name}")),
        );
        for field in fields {
            let path = format!("{prefix}{}", field.name);
            match object.get(field.name) {
                None | Some(Value::Null) if field.required => {
                    self.wrong(path, "A value is required.");
                }
                None | Some(Value::Null) => {}
                Some(value) => self.value(field, value, path),
            }
        }
    }

    fn value(&mut self, field: &Field, value: &Value, path: String) {
        match (field.shape, value) {
            (Shape::Object(fields), Value::Object(object)) => {
                self.object(fields, object, &format!("{path}."));
            }
            (Shape::List(fields), Value::Array(items)) => self.list(fields, items, &path),
            (shape, value) => match shape.complaint(value) {
                Some(complaint) => self.wrong(path, complaint),
                None if field.required && value == "" => self.wrong(path, "A value is required."),
                None => {}
            },
        }
    }

    fn list(&mut self, fields: &[Field], items: &[Value], path: &str) {
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::Object(item) => self.object(fields, item, &format!("{path}[{index}].")),
                _ => self.wrong(format!("{path}[{index}]"), "An object is required."),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(kind: Kind, envelope: Envelope, body: &Value) -> Vec<(Option<usize>, String)> {
        let verdict = check(body.to_string().as_bytes(), kind, envelope);
        verdict.problems.into_iter().map(|one| (one.document, one.property)).collect()
    }

    #[test]
    fn all_errors_of_all_documents_come_at_once() {
        let body = json!({"data": [
            {"items": [{"name": "Tovar", "amount": "a"}], "issueDate": "1.2.2026"},
            {"items": [{"name": "Tovar"}]},
            {"items": [{"amount": 1}], "currency": "EURO", "externalId": "x".repeat(65)},
        ]});
        let found = problems(Kind::Invoice, Envelope::Batch, &body);
        let expected = [
            (Some(0), "issueDate"),
            (Some(0), "items[0].amount"),
            (Some(2), "currency"),
            (Some(2), "externalId"),
            (Some(2), "items[0].name"),
        ];
        let mut found: Vec<_> = found.iter().map(|(index, path)| (*index, path.as_str())).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_batch_has_one_to_a_hundred_documents() {
        let batch = |count: usize| json!({"data": vec![json!({"items": []}); count]});
        for (count, refused) in [(0, true), (1, false), (100, false), (101, true)] {
            let found = problems(Kind::Invoice, Envelope::Batch, &batch(count));
            assert_eq!(!found.is_empty(), refused, "{count}");
        }
    }

    #[test]
    fn broken_envelopes_are_refused_and_noted() {
        let bodies: [&[u8]; 6] =
            [b"", b"{", b"[]", b"{\"data\":[]}", b"{\"data\":\"\xff\"}", b"{\"Data\":{}}"];
        for body in bodies {
            let verdict = check(body, Kind::Invoice, Envelope::One);
            assert_eq!(verdict.problems.len(), 1);
            assert_eq!(verdict.oddities.len(), 1);
        }
    }

    #[test]
    fn unknown_properties_are_noted_and_not_refused() {
        let body = json!({"data": {"items": [{"name": "Tovar", "amout": 1}], "isoDate": ""}});
        let verdict = check(body.to_string().as_bytes(), Kind::Invoice, Envelope::One);
        assert!(verdict.problems.is_empty());
        assert_eq!(
            verdict.oddities,
            ["unknown property isoDate", "unknown property items[0].amout"]
        );
    }
}
