//! The contract table and the routes of the double name the same endpoints.

use std::collections::BTreeSet;

use serde_json::Value;

fn rows() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/kros/contract/endpoints.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {row}"))
}

#[test]
fn every_row_has_a_route_and_every_route_a_row() {
    let rows = rows();
    let of_table: BTreeSet<(String, String)> = rows
        .iter()
        .map(|row| (text(row, "method").to_owned(), text(row, "path").to_owned()))
        .collect();
    let of_double: BTreeSet<(String, String)> = sandbox::kros::routes()
        .map(|(method, template)| (method.to_string(), template.to_owned()))
        .collect();
    assert_eq!(of_table, of_double);
    assert_eq!(of_table.len(), rows.len(), "no endpoint stands twice");
}

#[test]
fn rows_are_sorted_and_complete() {
    let rows = rows();
    let keys: Vec<_> = rows.iter().map(|row| (text(row, "path"), text(row, "method"))).collect();
    assert!(keys.is_sorted());
    let names: BTreeSet<_> = rows.iter().map(|row| text(row, "name")).collect();
    assert_eq!(names.len(), rows.len());
    for row in &rows {
        let once = text(row, "method") == "POST" && text(row, "auth") == "bearer";
        assert_eq!(text(row, "effect"), if once { "once" } else { "read" }, "{row}");
        assert!(row["answers"].as_array().is_some_and(|answers| answers.len() > 1), "{row}");
        let paged = row["request"].as_array().unwrap().contains(&"Top".into());
        assert_eq!(row["paging"].as_str(), paged.then_some("top-skip"), "{row}");
        assert!(!text(row, "section").is_empty() && !text(row, "confidence").is_empty());
    }
}

#[tokio::test]
async fn every_parameter_of_the_table_is_known_to_the_double() {
    let sandbox = crate::client::calm().await;
    let lists = rows().into_iter().filter(|row| row["paging"].is_string());
    for row in lists {
        for parameter in row["request"].as_array().unwrap() {
            let name = parameter.as_str().unwrap();
            let value = match name {
                name if name.contains("Date") && !name.contains("Status") => "2026-01-31",
                name if name.contains("Timestamp") => "2026-01-31T00:00:00",
                "ExtendedFields" => "Items,VatBreakdowns,Payments,LinkedDocuments",
                "OnlyMarkedForEshop" => "true",
                _ => "1",
            };
            let path = format!("{}?{name}={value}", text(&row, "path"));
            let answer = crate::client::get(sandbox.kros(), &path).await;
            assert_eq!(answer.status, 200, "{path}");
        }
    }
    assert_eq!(sandbox.unexpected(), []);
}
