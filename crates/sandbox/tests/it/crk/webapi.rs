//! Polling, confirming and tokens.

use sandbox::crk::{Command, Timetable};
use serde_json::{Value, json};

use super::client::{HARDWARE, Till, calm};

async fn fiscalised() -> (sandbox::Sandbox, Till) {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    (sandbox, till)
}

fn qr(threshold: i64) -> Command {
    Command::QrCode { threshold }
}

#[tokio::test]
async fn nothing_is_open_before_fiscalisation_is_done() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    for method in ["Ping", "Command", "EventHubSasToken"] {
        assert_eq!(till.get_webapi(method).await.status, 403, "{method}");
    }
    till.begin().await;
    assert_eq!(till.get_webapi("Ping").await.status, 403);
    assert_eq!(till.confirm_done("x").await.status, 403);
    till.tell("FPD", &json!({})).await;
    assert_eq!(till.get_webapi("Ping").await.status, 204);
    till.tell("EFL", &json!({"reasonReadOnly": 0, "lastJPKId": 1})).await;
    assert_eq!(till.get_webapi("Ping").await.status, 204, "read-only registers still poll");
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn commands_come_by_priority_until_they_are_confirmed() {
    let (sandbox, till) = fiscalised().await;
    let crk = sandbox.crk();
    let first = crk.queue(HARDWARE, qr(1)).unwrap();
    let second = crk.queue(HARDWARE, qr(2)).unwrap();
    let urgent = crk.queue_with_priority(HARDWARE, qr(3), 9).unwrap();
    assert_ne!(first, second, "identifiers of one millisecond differ");
    for id in [urgent, first.clone(), second] {
        for _ in 0..2 {
            assert_eq!(till.get_webapi("Command").await.json()["commandId"], id);
        }
        assert_eq!(till.confirm_done(&id).await.status, 204);
    }
    assert_eq!(till.get_webapi("Command").await.status, 204);
    assert_eq!(till.confirm_done(&first).await.status, 204, "a lost answer is repeated");
    let commands = crk.commands(HARDWARE);
    assert_eq!(commands.len(), 4);
    assert_eq!(commands[1].deliveries, 2);
    assert_eq!(commands[1].confirmation.as_ref().map(|one| one.code.as_str()), Some("0"));
    assert_eq!(crk.queue("ZZZ0000000000", qr(1)), None);
    assert_eq!(sandbox.unexpected(), []);
    let failed = json!({"commandId": first, "ExecTime": "2026-01-31T11:00:01.000Z", "Code": "1", "Message": "x"});
    assert_eq!(till.confirm(&failed).await.status, 204);
    assert_eq!(sandbox.unexpected().len(), 1);
}

#[tokio::test]
async fn every_command_has_its_attributes() {
    let (sandbox, till) = fiscalised().await;
    let timetable = Timetable { send: 0, check: 60, shipment_type: "PR;PA".to_owned() };
    let documents = Command::Documents { from: 3, to: 9, shipment_type: "ALL".to_owned() };
    let raw: Value = json!({"a": 1});
    let raw = Command::Raw { code: "ABC".to_owned(), attributes: raw.as_object().unwrap().clone() };
    let call = Command::CallServer { service: "KFD".to_owned() };
    let cases = [
        (call, "CCS", json!({"CPDServiceName": "KFD"})),
        (
            Command::Timetable(timetable),
            "TFD",
            json!({"sendFreqEventHub": 0, "checkFreqWebApi": 60, "shipmentType": "PR;PA"}),
        ),
        (qr(-1), "CQC", json!({"qrCode": -1})),
        (documents, "DDD", json!({"scope": "3-9", "shipmentType": "ALL"})),
        (raw, "ABC", json!({"a": 1})),
    ];
    for (command, code, attributes) in cases {
        sandbox.crk().queue(HARDWARE, command).unwrap();
        let command = till.get_webapi("Command").await.json();
        let id = command["commandId"].as_str().unwrap();
        assert!(id.starts_with(code) && id.len() == 42, "{id}");
        let plain = till.open(command["encryptedCommand"].as_str().unwrap());
        assert_eq!(plain, json!({"attributes": attributes}));
        till.confirm_done(id).await;
    }
}

#[tokio::test]
async fn confirmations_are_checked() {
    let (sandbox, till) = fiscalised().await;
    let id = sandbox.crk().queue(HARDWARE, qr(1)).unwrap();
    let confirmation =
        json!({"commandId": id, "ExecTime": "2026-01-31T11:00:01.000Z", "Code": "0"});
    assert_eq!(
        till.confirm(&confirmation).await.refusal(),
        (400, "110".to_owned()),
        "not delivered"
    );
    till.get_webapi("Command").await;
    let with = |name: &str, value: Value| {
        let mut changed = confirmation.clone();
        changed[name] = value;
        changed
    };
    let cases = [
        ("commandId", json!("x"), "100"),
        ("commandId", json!(till.id("XYZ")), "110"),
        ("ExecTime", json!("2026-01-31T11:00:01Z"), "400"),
        ("ExecTime", Value::Null, "400"),
        ("Code", json!(0), "400"),
        ("Code", json!("1"), "400"),
        ("Code", json!("2"), "400"),
        ("Message", json!("x".repeat(201)), "400"),
    ];
    for (name, value, code) in cases {
        let answer = till.confirm(&with(name, value)).await;
        assert_eq!(answer.refusal(), (400, code.to_owned()), "{name}");
        assert!(answer.json()["requestId"].as_str().unwrap().len() <= 20);
    }
    let mut failed = with("Code", json!("1"));
    failed["Message"] = json!("brak papieru");
    assert_eq!(till.confirm(&failed).await.status, 204);
    let told = sandbox.crk().commands(HARDWARE)[1].confirmation.clone().unwrap();
    assert_eq!((told.code.as_str(), told.message.as_deref()), ("1", Some("brak papieru")));
}

#[tokio::test]
async fn more_than_a_hundred_kilobytes_are_not_found() {
    let (sandbox, till) = fiscalised().await;
    let id = sandbox.crk().queue(HARDWARE, qr(1)).unwrap();
    till.get_webapi("Command").await;
    let mut body =
        json!({"commandId": id, "ExecTime": "2026-01-31T11:00:01.000Z", "Code": "0", "x": ""});
    body["x"] = json!("x".repeat(99_000));
    assert_eq!(till.confirm(&body).await.status, 204);
    body["x"] = json!("x".repeat(100_000));
    assert_eq!(till.confirm(&body).await.status, 404);
}

#[tokio::test]
async fn a_token_names_its_publisher_and_its_end() {
    let (sandbox, till) = fiscalised().await;
    sandbox.crk().set_token_life(std::time::Duration::from_secs(90));
    let token = till.get_webapi("EventHubSasToken").await.json();
    assert_eq!(token["timeoutInSec"], 90);
    let (url, value) = (token["urlToSend"].as_str().unwrap(), token["sasValue"].as_str().unwrap());
    assert!(url.contains(HARDWARE) && url.len() <= 200);
    assert!(value.starts_with("SharedAccessSignature sr=") && value.len() <= 750);
    let expiry = super::client::start().timestamp() + 90;
    let expiry_shown: i64 =
        value.split("se=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
    assert!((expiry..=expiry + 5).contains(&expiry_shown));
}
