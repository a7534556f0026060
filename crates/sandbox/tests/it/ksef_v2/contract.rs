//! The tables of the double and the contract of the repository say the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::schema;

fn table(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/ksef_v2/contract");
    serde_json::from_slice(&std::fs::read(format!("{folder}/{name}.json")).unwrap()).unwrap()
}

fn fixture(name: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/ksef-v2/contract");
    serde_json::from_slice(&std::fs::read(format!("{folder}/{name}.json")).unwrap()).unwrap()
}

#[test]
fn every_row_has_a_route_and_every_route_a_row() {
    let routes: BTreeSet<String> = sandbox::ksef_v2::routes()
        .map(|(method, template)| format!("{method} {template}"))
        .collect();
    let rows: BTreeSet<String> = schema::operations().keys().cloned().collect();
    assert_eq!(routes, rows);
    assert_eq!(rows.len(), 83);
}

#[test]
fn parameters_permissions_codes_and_limits_are_those_of_the_contract() {
    let endpoints = fixture("endpoints");
    for row in table("operations").as_array().unwrap() {
        let key = row["operation"].as_str().unwrap();
        let operation = &schema::operations()[key];
        for name in ["parameters", "permissions", "codes"] {
            assert_eq!(row[name], operation[name], "{key}: {name}");
        }
        let body = operation["request"].as_object().and_then(|it| it.values().next());
        let body = body.map_or(Value::Null, |it| match it["ref"].as_str() {
            Some(name) => json!(name),
            None => json!("xml"),
        });
        assert_eq!(row["body"], body, "{key}");
        let mut endpoints = endpoints.as_array().unwrap().iter();
        let endpoint = endpoints
            .find(|it| {
                format!("{} {}", it["method"].as_str().unwrap(), it["path"].as_str().unwrap())
                    == key
            })
            .unwrap();
        assert_eq!(row["limit"], endpoint["limit"], "{key}");
        assert_eq!(row["auth"], json!(endpoint["auth"] == "required"), "{key}");
    }
}

#[test]
fn shapes_of_requests_are_those_of_the_contract() {
    let (own, contract) = (table("schemas"), fixture("schemas"));
    for (name, schema) in own.as_object().unwrap() {
        assert_eq!(schema, &contract[name], "{name}");
    }
    assert!(own["SendInvoiceRequest"].is_object());
}

#[test]
fn limits_are_those_of_the_contract() {
    let limits = serde_json::to_value(sandbox::ksef_v2::Limits::production()).unwrap();
    for endpoint in fixture("endpoints").as_array().unwrap() {
        let group = &limits[endpoint["limit"].as_str().unwrap()];
        for (window, count) in endpoint["limits"].as_object().unwrap() {
            assert_eq!(&group[window], count, "{}: {window}", endpoint["name"]);
        }
    }
}
