//! The double before the contract that was distilled from the authority's own description: every
//! JSON answer of every test goes through [`check`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate};
use http::Method;
use serde_json::{Map, Value};

use super::client::Answer;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ksef-v1/contract/");

static SCHEMAS: LazyLock<Map<String, Value>> = LazyLock::new(|| object("schemas.json"));
static OPERATIONS: LazyLock<Map<String, Value>> = LazyLock::new(|| object("operations.json"));

fn object(name: &str) -> Map<String, Value> {
    let text = std::fs::read(format!("{FOLDER}{name}")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Checks status, media type and body of an answer against the operation that was asked.
pub(crate) fn check(method: &Method, path: &str, answer: &Answer) {
    let plain = path.split('?').next().unwrap();
    let Some((name, operation)) = operation(method, plain) else { return };
    let responses = operation["responses"].as_object().unwrap();
    let status = answer.status.to_string();
    // Refusals by limits and failures are listed nowhere, and part uploads answered 200.
    if matches!(answer.status, 429 | 503) || name.contains("/batch/Upload/") {
        return;
    }
    let Some(media) = responses.get(&status) else {
        assert!(status == "404" || status == "401", "{name}: the status {status} is not listed");
        return;
    };
    let Some(content) = answer.headers.get("content-type") else {
        assert!(answer.body.is_empty(), "{name}");
        return;
    };
    let content = content.to_str().unwrap().split(';').next().unwrap();
    let schema = &media[content];
    assert!(!schema.is_null(), "{name}: {status} {content} is not listed");
    if content.ends_with("json") {
        fits(&answer.json(), schema, name);
    }
}

fn operation<'a>(method: &Method, path: &str) -> Option<(&'a str, &'a Value)> {
    let matches = |template: &str| {
        let (mut expected, mut given) = (template.split('/'), path.split('/'));
        loop {
            match (expected.next(), given.next()) {
                (None, None) => return true,
                (Some(one), Some(_)) if one.starts_with('{') => {}
                (Some(one), Some(other)) if one == other => {}
                _ => return false,
            }
        }
    };
    let found = OPERATIONS.iter().filter(|(name, _)| {
        name.split_once(' ').is_some_and(|(verb, path)| verb == method.as_str() && matches(path))
    });
    // The one with the fewest parameters is meant.
    found.min_by_key(|(name, _)| name.matches('{').count()).map(|(name, one)| (name.as_str(), one))
}

/// Whether a value has the form of a schema.
fn fits(value: &Value, schema: &Value, place: &str) {
    if let Some(name) = schema["ref"].as_str() {
        return fits(value, &SCHEMAS[name], &format!("{place} {name}"));
    }
    if value.is_null() {
        assert_eq!(schema["nullable"], true, "{place} is null");
        return;
    }
    if let Some(values) = schema["enum"].as_array() {
        // A role that can be given and that no answer lists.
        let given = value == "vat_ue_manage";
        assert!(given || values.contains(value), "{place}: {value} is not listed");
    }
    match schema["type"].as_str() {
        Some("object") => object_fits(value, schema, place),
        Some("array") => array_fits(value, schema, place),
        Some("string") => text_fits(value, schema, place),
        Some("integer" | "number") => number_fits(value, schema, place),
        Some("boolean") => assert!(value.is_boolean(), "{place}"),
        _ => {}
    }
}

fn object_fits(value: &Value, schema: &Value, place: &str) {
    let members = value.as_object().unwrap_or_else(|| panic!("{place} is no object"));
    if let Some(tag) = schema["tag"].as_str() {
        let name = value[tag].as_str().unwrap_or_else(|| panic!("{place} has no tag"));
        // Official examples show `standard_plain` where the newer form does not list it.
        let variant = schema["variants"][name].as_str();
        let variant = variant.unwrap_or_else(|| panic!("{place}: {name} is no variant"));
        return object_fits(value, &SCHEMAS[variant], &format!("{place} {variant}"));
    }
    let mut fields: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut required: BTreeSet<&str> = BTreeSet::new();
    collect(schema, &mut fields, &mut required);
    if fields.is_empty() {
        return;
    }
    for name in required {
        // The official examples leave the time of roles out (KSeF 1.x facts §3).
        let known = name == "startTimestamp" || members.contains_key(name);
        assert!(known, "{place}: {name} is missing");
    }
    for (name, member) in members {
        // Some variants and the name of a context forget their tag and a null (KSeF 1.x facts §3).
        let forgotten = name == "type" || name == "tradeName";
        match fields.get(name.as_str()) {
            Some(schema) => fits(member, schema, &format!("{place}.{name}")),
            None => assert!(forgotten, "{place}: {name} is not listed"),
        }
    }
}

/// The members of a schema and of what it extends.
fn collect<'a>(
    schema: &'a Value,
    fields: &mut BTreeMap<&'a str, &'a Value>,
    required: &mut BTreeSet<&'a str>,
) {
    for base in schema["extends"].as_array().into_iter().flatten() {
        collect(&SCHEMAS[base.as_str().unwrap()], fields, required);
    }
    if let Some(own) = schema["fields"].as_object() {
        fields.extend(own.iter().map(|(name, schema)| (name.as_str(), schema)));
    }
    required.extend(schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str));
}

fn array_fits(value: &Value, schema: &Value, place: &str) {
    let items = value.as_array().unwrap_or_else(|| panic!("{place} is no list"));
    let count = items.len() as u64;
    assert!(schema["minItems"].as_u64().is_none_or(|least| count >= least), "{place}: {count}");
    assert!(schema["maxItems"].as_u64().is_none_or(|most| count <= most), "{place}: {count}");
    for item in items {
        fits(item, &schema["items"], place);
    }
}

fn text_fits(value: &Value, schema: &Value, place: &str) {
    let text = value.as_str().unwrap_or_else(|| panic!("{place} is no text"));
    let length = text.chars().count() as u64;
    assert!(schema["minLength"].as_u64().is_none_or(|least| length >= least), "{place}: {text}");
    assert!(schema["maxLength"].as_u64().is_none_or(|most| length <= most), "{place}: {text}");
    match schema["format"].as_str() {
        Some("date-time") => assert!(DateTime::parse_from_rfc3339(text).is_ok(), "{place}: {text}"),
        Some("date") => assert!(text.parse::<NaiveDate>().is_ok(), "{place}: {text}"),
        _ => {}
    }
}

fn number_fits(value: &Value, schema: &Value, place: &str) {
    assert!(value.is_number(), "{place} is no number");
    let number = value.as_i64().unwrap();
    // The range of answers is narrower than that of requests (KSeF 1.x facts §3).
    if place.ends_with(".pageOffset") {
        return;
    }
    assert!(schema["minimum"].as_i64().is_none_or(|least| number >= least), "{place}: {number}");
    assert!(schema["maximum"].as_i64().is_none_or(|most| number <= most), "{place}: {number}");
}

#[test]
fn every_row_has_a_route_and_every_route_a_row() {
    let text = std::fs::read(format!("{FOLDER}endpoints.json")).unwrap();
    let rows: Vec<Value> = serde_json::from_slice(&text).unwrap();
    let pair = |row: &Value| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (text("method"), text("path"))
    };
    let of_table: BTreeSet<(String, String)> = rows.iter().map(pair).collect();
    let of_double: BTreeSet<(String, String)> = sandbox::ksef_v1::routes()
        .map(|(method, template)| (method.to_string(), template.to_owned()))
        .collect();
    assert_eq!(of_table, of_double);
}
