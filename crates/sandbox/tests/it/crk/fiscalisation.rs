//! Fiscalisation from the first command to the last, and every refusal of CMD09.

use chrono::TimeDelta;
use sandbox::crk::{Kind, NewRegister, State};
use serde_json::{Value, json};

use super::client::{CHECKSUM, HARDWARE, NIP, SOFTWARE, Till, calm, start};

/// The status that CMD09 is answered with.
async fn status(till: &Till, wish: &Value) -> String {
    let attributes = till.tell("MFP", wish).await.attributes();
    attributes["statusFisc"]["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn both_kinds_of_registers_are_fiscalised_and_send_their_report() {
    let sandbox = calm().await;
    for (number, evidence) in [(HARDWARE, "2026/000000001"), (SOFTWARE, "2026/000000002")] {
        let till = Till::new(&sandbox, number);
        assert_eq!(till.crk.state(number), None);
        let keys = till.ask("KCS").await.attributes();
        assert_eq!(keys["digitalCertificateAzureEventHubTLS"].as_array().map(Vec::len), Some(1));
        assert_eq!(till.begin().await, evidence);
        assert_eq!(till.crk.state(number), Some(State::Started));
        let id = json!({"commandId": till.id("FPD")}).to_string();
        assert_eq!(till.post_cpd(&id).await.unwrap().status, 204);
        assert_eq!(till.post_cpd(&id).await.unwrap().status, 204, "it may be repeated");
        assert_eq!(till.crk.state(number), Some(State::Fiscalised));
        let command = till.get_webapi("Command").await.json();
        let plain = till.open(command["encryptedCommand"].as_str().unwrap());
        let expected = json!({"attributes": {"sendFreqEventHub": 7200, "checkFreqWebApi": 1800, "shipmentType": "ALL"}});
        assert_eq!(plain, expected);
        assert_eq!(till.confirm_done(command["commandId"].as_str().unwrap()).await.status, 204);
        assert_eq!(till.get_webapi("Command").await.status, 204);
        let report = till.jpk(&json!([{"rapFisk": {"JPKID": 1}}]));
        let package = till.package(&report).await;
        assert_eq!(till.publish(&package).await, 201);
        assert_eq!(till.ask("GIS").await.attributes()["maxDocId"], 1);
        assert_eq!(till.crk.archive(number).documents[0].kind, "rapFisk");
    }
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn a_repeated_request_keeps_the_evidence_number() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let first = till.begin().await;
    assert_eq!(till.tell("MFP", &till.wish()).await.attributes()["cashRegisterNr"], first);
    let mut wish = till.wish();
    wish["cashRegisterNr"] = json!(first);
    assert_eq!(status(&till, &wish).await, "00");
}

#[tokio::test]
async fn statuses_have_their_causes() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.tell("KFD", &till.own_certificates()).await;
    let with = |name: &str, value: &str| {
        let mut wish = till.wish();
        wish[name] = json!(value);
        wish
    };
    let refused = till.tell("MFP", &with("taxpayerId", "12345632AB")).await.attributes();
    assert_eq!(refused["statusFisc"]["desc"], "odmowa fiskalizacji, bledny numer NIP");
    assert_eq!(
        (&refused["cashRegisterNr"], &refused["sendFreqEventHub"]),
        (&json!(""), &json!(-2))
    );
    assert_eq!(status(&till, &with("cashRegisterNr", "2026-000000001")).await, "03");
    assert_eq!(status(&till, &with("cashRegisterNr", "2026/000000009")).await, "10");
    assert_eq!(status(&till, &till.wish()).await, "00");
    assert_eq!(status(&till, &with("taxpayerId", "1111111111")).await, "09");
    assert_eq!(status(&till, &with("cashRegisterNr", "2026/000000009")).await, "10");
    till.tell("FPD", &json!({})).await;
    assert_eq!(status(&till, &till.wish()).await, "16");
    till.tell("EFL", &json!({"reasonReadOnly": 0, "lastJPKId": 1})).await;
    assert_eq!(till.crk.state(HARDWARE), Some(State::ReadOnly));
    assert_eq!(status(&till, &till.wish()).await, "12");
}

#[tokio::test]
async fn software_registers_have_rules_of_their_own() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, SOFTWARE);
    till.tell("KFD", &till.own_certificates()).await;
    assert_eq!(till.tell("MFP", &till.wish()).await.refusal(), (406, "B12".to_owned()));
    till.crk.refuse_firmware(&CHECKSUM.to_uppercase());
    assert_eq!(till.check_program(CHECKSUM).await.attributes()["status"], 1);
    assert_eq!(till.tell("MFP", &till.wish()).await.refusal(), (406, "B12".to_owned()));
    assert_eq!(till.check_program(&CHECKSUM.replace('6', "7")).await.attributes()["status"], 0);
    let with = |name: &str, value: &str| {
        let mut wish = till.wish();
        wish[name] = json!(value);
        wish
    };
    let refused = till.tell("MFP", &with("taxpayerId", "1111111111")).await;
    assert_eq!(refused.refusal(), (406, "B11".to_owned()));
    assert_eq!(status(&till, &with("cashRegisterSN", "other")).await, "01");
    assert_eq!(status(&till, &with("monterId", "KW124")).await, "05");
    assert_eq!(status(&till, &till.wish()).await, "00");
}

#[tokio::test]
async fn every_status_can_be_asked_for() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.tell("KFD", &till.own_certificates()).await;
    for code in 1..=19 {
        assert!(till.crk.refuse_fiscalisation(HARDWARE, code));
        assert_eq!(status(&till, &till.wish()).await, format!("{code:02}"));
    }
    assert!(!till.crk.refuse_fiscalisation(HARDWARE, 0));
    assert!(!till.crk.refuse_fiscalisation(HARDWARE, 20));
    assert!(!till.crk.refuse_fiscalisation("ZZZ0000000000", 1));
    assert_eq!(status(&till, &till.wish()).await, "00");
    assert_eq!(till.crk.statistics().fiscalisation_refusals.len(), 19);
}

#[tokio::test]
async fn the_clock_window_is_a_day_back_and_two_hours_ahead() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.tell("KFD", &till.own_certificates()).await;
    let hour = TimeDelta::hours(1);
    let cases = [(-25 * 60, 400), (-24 * 60 + 1, 200), (119, 200), (121, 400)];
    for (minutes, expected) in cases {
        let id = till.id_at("MFP", start() + hour * minutes / 60);
        let body = json!({"commandId": id, "command": {"attributes": till.wish()}});
        let answer = till.post_cpd(&body.to_string()).await.unwrap();
        assert_eq!(answer.status, expected, "{minutes} minutes");
    }
}

#[tokio::test]
async fn lengths_and_missing_attributes_are_refused() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.tell("KFD", &till.own_certificates()).await;
    let cases = [
        ("cashRegisterSN", json!("x".repeat(241)), "B13"),
        ("cashRegisterNr", json!("2026/0000000001"), "B13"),
        ("taxpayerId", json!("123456321"), "B13"),
        ("monterId", json!(""), "B13"),
        ("monterId", json!(7), "E02"),
    ];
    for (name, value, code) in cases {
        let mut wish = till.wish();
        wish[name] = value;
        assert_eq!(till.tell("MFP", &wish).await.refusal().1, code, "{name}");
    }
    assert_eq!(till.crk.state(HARDWARE), None);
}

#[tokio::test]
async fn a_new_memory_takes_over_the_evidence_number_of_a_closed_one() {
    let sandbox = calm().await;
    let old = Till::new(&sandbox, HARDWARE);
    let evidence_number = old.fiscalise().await;
    let new = NewRegister::new("TSA2601000009", NIP, Kind::Hardware);
    sandbox.crk().issue(&new).unwrap();
    let new = Till::new(&sandbox, "TSA2601000009");
    new.tell("KFD", &new.own_certificates()).await;
    let wish = |serial: &str, taxpayer: &str| json!({"cashRegisterSN": serial, "cashRegisterNr": evidence_number, "taxpayerId": taxpayer, "monterId": "x"});
    assert_eq!(status(&new, &wish(HARDWARE, "1111111111")).await, "13");
    assert_eq!(status(&new, &wish("other", NIP)).await, "07");
    assert_eq!(status(&new, &wish(HARDWARE, NIP)).await, "14");
    old.tell("EFL", &json!({"reasonReadOnly": 1, "lastJPKId": 5})).await;
    let attributes = new.tell("MFP", &wish(HARDWARE, NIP)).await.attributes();
    assert_eq!(attributes["cashRegisterNr"], evidence_number);
    assert_eq!(sandbox.crk().standing(HARDWARE).unwrap().evidence_number, None);
}
