//! The contract table and the routes of the double name the same endpoints.

use std::collections::{BTreeMap, BTreeSet};

use sandbox::crk::Channel;
use serde_json::Value;

use super::client::{HARDWARE, SOFTWARE, Till, calm};

fn rows() -> Vec<Value> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/crk/contract/endpoints.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {row}"))
}

fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Cpd => "cpd",
        Channel::WebApi => "webapi",
        Channel::EventHub => "event-hub",
    }
}

#[test]
fn every_row_has_a_route_and_every_route_a_row() {
    let rows = rows();
    let of_table: BTreeSet<(String, String, String)> = rows
        .iter()
        .map(|row| ["channel", "method", "path"].map(|name| text(row, name).to_owned()).into())
        .collect();
    // Registers never build the address of the Event Hub: they are told the whole of it.
    let path = |of: Channel, path: &str| {
        if of == Channel::EventHub { "{urlToSend}".to_owned() } else { path.to_owned() }
    };
    let of_double: BTreeSet<(String, String, String)> = sandbox::crk::routes()
        .map(|(of, method, template)| {
            (channel(of).to_owned(), method.to_string(), path(of, template))
        })
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
    let mut commands = BTreeSet::new();
    for row in &rows {
        assert!(row["answers"].as_array().is_some_and(|answers| !answers.is_empty()), "{row}");
        assert!(row["request"].is_array() && row["limits"].is_array(), "{row}");
        assert!(!text(row, "section").is_empty() && !text(row, "confidence").is_empty());
        assert!(["read", "idempotent"].contains(&text(row, "effect")));
        for command in row["commands"].as_array().unwrap() {
            assert!(commands.insert(text(command, "code").to_owned()), "{command}");
        }
    }
    let all = ["CNF", "DFD", "EFL", "FPD", "GIS", "KCS", "KFD", "MFP", "TCS"];
    assert_eq!(commands, all.map(str::to_owned).into());
}

#[tokio::test]
async fn the_double_answers_each_command_as_its_row_says() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    let software = Till::new(&sandbox, SOFTWARE);
    let mut statuses = BTreeMap::new();
    for code in ["KCS", "TCS", "GIS"] {
        statuses.insert(code, till.ask(code).await.status);
    }
    statuses.insert("CNF", till.check_program(super::client::CHECKSUM).await.status);
    statuses.insert("KFD", software.tell("KFD", &software.own_certificates()).await.status);
    statuses.insert("MFP", till.tell("MFP", &till.wish()).await.status);
    statuses.insert("FPD", till.tell("FPD", &serde_json::json!({})).await.status);
    let package = till.package(&till.receipts([1])).await;
    statuses.insert("DFD", till.publish(&package).await);
    let end = serde_json::json!({"reasonReadOnly": 0, "lastJPKId": 1});
    statuses.insert("EFL", till.tell("EFL", &end).await.status);
    for row in rows() {
        for command in row["commands"].as_array().unwrap() {
            let code = text(command, "code");
            assert_eq!(u64::from(statuses[code]), command["success"], "{code}");
        }
    }
}
