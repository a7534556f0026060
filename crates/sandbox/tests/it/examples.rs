//! The example invoices of the repository, which name three that are wrong on purpose.

use std::path::PathBuf;

use serde_json::Value;

use crate::client::{calm, post};

#[tokio::test(start_paused = true)]
async fn the_example_invoices_fail_exactly_where_they_are_meant_to() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/kros/examples");
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let is_json = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "json");
    let mut paths: Vec<PathBuf> = entries.filter(is_json).collect();
    paths.sort();
    let mut refused = Vec::new();
    for path in &paths {
        let body: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        let answer = post(kros, "/invoices/batch", &body).await;
        if answer.status != 202 {
            refused.extend(answer.errors());
        }
    }
    kros.settle().await;
    let expected = [(Some(7), "bankAccount.iban"), (Some(3), "currency")];
    assert_eq!(refused, expected.map(|(index, path)| (index, path.to_owned())));
    let failed: Vec<Value> = kros
        .notifications()
        .iter()
        .flat_map(|one| {
            let body: Value = serde_json::from_str(&one.body).unwrap();
            body["results"]["entities"].as_array().unwrap().clone()
        })
        .filter(|entity| entity["problems"] != Value::Array(Vec::new()))
        .collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["data"]["externalId"], "demo-0231");
    assert_eq!(kros.documents().len(), (paths.len() - 2) * 10 - 1);
    assert_eq!(sandbox.unexpected(), []);
}
