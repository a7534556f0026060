//! Answers held against the contract of the repository, which the double does not read.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{DateTime, NaiveDate};
use http::HeaderMap;
use serde_json::Value;

static CONTRACT: LazyLock<[Value; 2]> = LazyLock::new(|| {
    ["operations", "schemas"].map(|name| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ksef-v2/contract");
        serde_json::from_slice(&std::fs::read(format!("{folder}/{name}.json")).unwrap()).unwrap()
    })
});

/// The operations of the contract by method and path.
pub(crate) fn operations() -> &'static serde_json::Map<String, Value> {
    CONTRACT[0].as_object().unwrap()
}

/// Panics unless the contract has this answer: its status, media type, and every field of its body.
pub(crate) fn check(method: &str, path: &str, status: u16, headers: &HeaderMap, body: &[u8]) {
    // What stands before the service answers for itself.
    if status >= 500 {
        return;
    }
    let Some(operation) = operation(method, path) else { return };
    let responses = &operations()[&operation]["responses"];
    let declared = &responses[status.to_string()];
    assert!(declared.is_object(), "{operation} does not answer {status}");
    let media = headers.get("content-type").map_or("", |it| it.to_str().unwrap());
    let media = media.split(';').next().unwrap();
    let kinds = declared.as_object().unwrap();
    if kinds.is_empty() {
        assert!(body.is_empty(), "{operation} answers {status} without a body");
        return;
    }
    let schema = kinds.get(media).unwrap_or_else(|| panic!("{operation} {status}: {media}"));
    if media.ends_with("json") {
        let body: Value = serde_json::from_slice(body).unwrap();
        value(schema, &body, &operation);
    }
}

fn operation(method: &str, path: &str) -> Option<String> {
    let path = path.split('?').next().unwrap();
    let fits = |key: &&String| {
        let (verb, template) = key.split_once(' ').unwrap();
        let (wanted, given) = (template.split('/'), path.split('/'));
        verb == method
            && wanted.clone().count() == given.clone().count()
            && wanted.zip(given).all(|(want, have)| want.starts_with('{') || want == have)
    };
    let mut found: Vec<&String> = operations().keys().filter(fits).collect();
    found.sort_by_key(|key| key.matches('{').count());
    found.first().map(|key| (*key).clone())
}

fn value(schema: &Value, given: &Value, at: &str) {
    if let Some(name) = schema["ref"].as_str() {
        return value(&CONTRACT[1][name], given, at);
    }
    match schema["type"].as_str() {
        Some("object") => object(schema, given, at),
        Some("array") => {
            let items = given.as_array().unwrap_or_else(|| panic!("{at} is no list"));
            for item in items {
                value(&schema["items"], item, &format!("{at}[]"));
            }
        }
        Some("string") => string(schema, given, at),
        Some("integer") => assert!(given.is_i64() || given.is_u64(), "{at}: {given}"),
        Some("number") => assert!(given.is_number(), "{at}: {given}"),
        Some("boolean") => assert!(given.is_boolean(), "{at}: {given}"),
        _ => {}
    }
}

fn object(schema: &Value, given: &Value, at: &str) {
    let members = given.as_object().unwrap_or_else(|| panic!("{at} is no object: {given}"));
    for name in schema["required"].as_array().into_iter().flatten() {
        let name = name.as_str().unwrap();
        assert!(members.contains_key(name), "{at}.{name} is missing: {given}");
    }
    let fields: BTreeMap<_, _> = schema["fields"].as_object().into_iter().flatten().collect();
    for (name, given) in members {
        match fields.iter().find(|(known, _)| **known == name) {
            Some((_, field)) if given.is_null() => {
                assert_eq!(field["nullable"], true, "{at}.{name} is null");
            }
            Some((_, field)) => value(field, given, &format!("{at}.{name}")),
            None => assert!(
                fields.is_empty() || name == "xUndocumented",
                "{at}.{name} is not in the contract"
            ),
        }
    }
}

fn string(schema: &Value, given: &Value, at: &str) {
    let text = given.as_str().unwrap_or_else(|| panic!("{at} is no text: {given}"));
    let length = text.chars().count() as u64;
    assert!(schema["minLength"].as_u64().is_none_or(|least| length >= least), "{at}: {text}");
    assert!(schema["maxLength"].as_u64().is_none_or(|most| length <= most), "{at}: {text}");
    let known = schema["enum"].as_array();
    assert!(known.is_none_or(|known| known.contains(given)), "{at}: {text}");
    match schema["format"].as_str() {
        Some("date-time") => assert!(DateTime::parse_from_rfc3339(text).is_ok(), "{at}: {text}"),
        Some("date") => assert!(text.parse::<NaiveDate>().is_ok(), "{at}: {text}"),
        _ => {}
    }
}
