//! Bodies that are made from the schemas of the contract.

use std::path::Path;

use serde_json::{Map, Value, json};

/// Where the distilled contract lies in the repository.
const CONTRACT: &str = "../../fixtures/ksef-v2/contract";

/// The distilled contract.
pub(super) struct Contract {
    operations: Value,
    schemas: Value,
}

/// What of a schema a body has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Shape {
    /// Every field.
    Whole,
    /// The required fields, and lists without elements.
    Required,
    /// Every field, the optional ones null.
    Nulls,
    /// Every field, values of enumerations that came later, and fields that nobody knows.
    Newer,
}

impl Contract {
    pub(super) fn read() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CONTRACT);
        let read = |name| {
            let text = std::fs::read_to_string(folder.join(name)).unwrap();
            serde_json::from_str(&text).unwrap()
        };
        Self { operations: read("operations.json"), schemas: read("schemas.json") }
    }

    /// The operations whose request is JSON.
    pub(super) fn operations_with_json(&self) -> Vec<String> {
        let names = self.operations.as_object().unwrap().keys();
        names.filter(|name| self.request(name).is_some()).cloned().collect()
    }

    /// The schema of an operation's request.
    pub(super) fn request(&self, operation: &str) -> Option<Value> {
        self.operations[operation]["request"].get("application/json").cloned()
    }

    /// The schema of an operation's successful answer, if it is JSON.
    pub(super) fn answer(&self, operation: &str) -> Option<Value> {
        let answers = self.operations[operation]["responses"].as_object()?;
        let (_, answer) = answers.iter().find(|(status, _)| status.starts_with('2'))?;
        answer.get("application/json").cloned()
    }

    /// A body of that schema.
    pub(super) fn made(&self, schema: &Value, shape: Shape) -> Value {
        let mut schema = schema;
        while let Some(name) = schema["ref"].as_str() {
            schema = &self.schemas[name];
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema, shape),
            Some("array") => self.array(schema, shape),
            Some("integer") => integer(schema),
            Some("number") => json!(1.5),
            Some("boolean") => json!(shape != Shape::Required),
            Some("string") => Value::String(text(schema, shape)),
            other => panic!("a schema of type {other:?}"),
        }
    }

    fn object(&self, schema: &Value, shape: Shape) -> Value {
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        let mut object = Map::new();
        for (name, field) in schema["fields"].as_object().into_iter().flatten() {
            let is_required = required.iter().any(|required| *required == name);
            match shape {
                Shape::Required if !is_required => {}
                Shape::Nulls if !is_required => {
                    object.insert(name.clone(), Value::Null);
                }
                _ => {
                    object.insert(name.clone(), self.made(field, shape));
                }
            }
        }
        if let Some(values) = schema.get("additionalProperties").filter(|more| more.is_object()) {
            // A map has any names and one kind of values.
            object.insert("x-any".to_owned(), self.made(values, shape));
        } else if shape == Shape::Newer {
            object.insert("fieldOfALaterVersion".to_owned(), json!({"a": [1, null]}));
        }
        Value::Object(object)
    }

    fn array(&self, schema: &Value, shape: Shape) -> Value {
        let least = schema["minItems"].as_u64().or(schema["minimum"].as_u64()).unwrap_or(0);
        let count = if shape == Shape::Required { least } else { least.max(1) };
        (0..count).map(|_| self.made(&schema["items"], shape)).collect()
    }
}

fn integer(schema: &Value) -> Value {
    let least = schema["minimum"].as_i64().unwrap_or(0);
    json!(least.max(7).min(schema["maximum"].as_i64().unwrap_or(i64::MAX)))
}

fn text(schema: &Value, shape: Shape) -> String {
    if let Some(known) = schema["enum"].as_array() {
        let known = known[0].as_str().unwrap();
        return if shape == Shape::Newer { "OfALaterVersion".to_owned() } else { known.to_owned() };
    }
    match schema["format"].as_str() {
        Some("date-time") => return "2026-01-02T03:04:05.1234567+00:00".to_owned(),
        Some("date") => return "2026-01-02".to_owned(),
        Some("uri") => return "https://store.example.test/a?sig=b".to_owned(),
        _ => {}
    }
    let least = schema["minLength"].as_u64().unwrap_or(1);
    let most = schema["maxLength"].as_u64().unwrap_or(u64::MAX);
    "A".repeat(usize::try_from(least.max(5).min(most)).unwrap())
}
