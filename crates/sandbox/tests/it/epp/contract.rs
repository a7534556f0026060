//! The contract table and the routes of the double name the same endpoints.

use std::collections::BTreeSet;

use serde_json::Value;

use super::client::{calm, login};

fn rows() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/epp/contract/endpoints.json");
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
    let of_double: BTreeSet<(String, String)> = sandbox::epp::routes()
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
        // A refresh spends its token and a login counts towards the lock, so neither is a read.
        let once = ["/login", "/login/refresh", "/payment-orders", "/payments"];
        let read = text(row, "method") == "GET" && text(row, "path") != "/login/refresh";
        let effect = if !read && once.contains(&text(row, "path")) { "once" } else { "read" };
        assert_eq!(text(row, "effect"), effect, "{row}");
        assert!(row["answers"].as_array().is_some_and(|answers| !answers.is_empty()), "{row}");
        let paged = row["request"].as_array().unwrap().contains(&"Page".into());
        assert_eq!(row["paging"].as_str(), paged.then_some("page-perpage"), "{row}");
        assert!(!text(row, "section").is_empty() && !text(row, "confidence").is_empty());
    }
}

#[tokio::test]
async fn every_parameter_of_the_table_is_known_to_the_double() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    let mut asked = 0;
    for row in rows().into_iter().filter(|row| row["paging"].is_string()) {
        for parameter in row["request"].as_array().unwrap() {
            let name = parameter.as_str().unwrap();
            let value = match name {
                name if name.contains("Date") => "2026-01-31",
                "SortBy" => "name",
                "SortDesc" => "asc",
                _ => "1",
            };
            let path = format!("{}?{name}={value}", text(&row, "path"));
            let answer = caller.get(&path).await;
            assert!(answer.status == 200 || name == "SortBy" || name == "SortDesc", "{path}");
            asked += 1;
        }
    }
    assert_eq!(asked, 4 + 7 + 4 + 15);
    assert_eq!(sandbox.unexpected(), []);
}
