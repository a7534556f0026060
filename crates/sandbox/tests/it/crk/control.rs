//! The double through the control API and as a program.

use std::process::Stdio;

use sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::client::{HARDWARE, NIP, SOFTWARE, Till};
use crate::control::{call, counted};

async fn on_sockets() -> Sandbox {
    let builder = Sandbox::builder().seed(3).calm().starting_at(super::client::start());
    builder.start().await.unwrap()
}

#[tokio::test]
async fn a_tester_finds_credentials_and_makes_more() {
    let sandbox = on_sockets().await;
    let control = sandbox.control_url().unwrap();
    let crk = call(control, "GET", "/credentials", "", "").await.1["crk"].clone();
    assert_eq!(crk["ca"].as_str(), Some(sandbox.crk().ca_pem().as_str()));
    let register = &crk["registers"][0];
    assert_eq!(
        (&register["uniqueNumber"], &register["kind"]),
        (&json!(HARDWARE), &json!("hardware"))
    );
    for name in
        ["tlsCertificate", "tlsKey", "encryptionCertificate", "encryptionKey", "producerChain"]
    {
        assert!(register[name].as_str().unwrap().starts_with("-----BEGIN "), "{name}");
    }
    let new = json!({"uniqueNumber": "TSC2601000007", "nip": NIP, "kind": "software"}).to_string();
    let (status, made) = call(control, "POST", "/crk/registers", &new, "").await;
    assert_eq!((status, &made["uniqueNumber"]), (200, &json!("TSC2601000007")));
    let new = json!({"uniqueNumber": "TSC26", "nip": NIP}).to_string();
    assert_eq!(call(control, "POST", "/crk/registers", &new, "").await.0, 400);
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "TSC2601000008");
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    let body = json!({"request": request, "use": "tls", "nip": NIP}).to_string();
    let (status, signed) = call(control, "POST", "/crk/sign", &body, "").await;
    assert_eq!(status, 200);
    assert!(signed["certificate"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----"));
    let standing = call(control, "GET", "/crk/registers/TSC2601000008", "", "").await;
    assert_eq!((standing.0, &standing.1["state"]), (200, &Value::Null));
    let body = json!({"request": "x", "use": "tls", "nip": NIP}).to_string();
    assert_eq!(call(control, "POST", "/crk/sign", &body, "").await.0, 400);
}

#[tokio::test]
async fn commands_archive_and_settings_go_through_the_control_api() {
    let sandbox = on_sockets().await;
    let control = sandbox.control_url().unwrap();
    let till = Till::new(&sandbox, HARDWARE);
    let settings = json!({
        "profile": {"form": "compact"}, "spelling": "double", "token_life_ms": 60_000,
        "timetable": {"send": 60, "check": 60, "shipment_type": "PR"}, "processing_ms": 1,
        "hub_limit": 262_144, "keep": "documents", "refuse_firmware": "00",
    });
    assert_eq!(call(control, "POST", "/crk/settings", &settings.to_string(), "").await.0, 204);
    let wrong = json!({"profile": {"form": "round"}}).to_string();
    assert_eq!(call(control, "POST", "/crk/settings", &wrong, "").await.0, 422);
    let refusal = json!({"uniqueNumber": HARDWARE, "code": 15}).to_string();
    assert_eq!(call(control, "POST", "/crk/refusals", &refusal, "").await.0, 204);
    till.tell("KFD", &till.own_certificates()).await;
    let refused = till.tell("MFP", &till.wish()).await.attributes();
    assert_eq!(refused["statusFisc"]["code"], "15");
    till.fiscalise().await;
    let command = json!({"uniqueNumber": HARDWARE, "command": {"documents": {"from": 1, "to": 2, "shipment_type": "ALL"}}});
    let (status, queued) = call(control, "POST", "/crk/commands", &command.to_string(), "").await;
    assert_eq!(status, 200);
    let commands = call(control, "GET", &format!("/crk/commands/{HARDWARE}"), "", "").await.1;
    assert_eq!(commands[1]["command_id"], queued["commandId"]);
    let sealed = till.get_webapi("Command").await.json();
    let plain = till.open(sealed["encryptedCommand"].as_str().unwrap());
    assert_eq!(plain["attributes"]["shippmentType"], "ALL");
    let package = till.package(&till.receipts([1, 3])).await;
    assert_eq!(till.publish(&package).await, 201);
    assert_eq!(call(control, "POST", "/crk/settle", "", "").await.0, 204);
    let archive = call(control, "GET", &format!("/crk/archive/{HARDWARE}"), "", "").await.1;
    assert_eq!((&archive["gaps"], &archive["received"]), (&json!([[2, 2]]), &json!(2)));
    assert_eq!(call(control, "GET", "/crk/archive/ZZZ0000000000", "", "").await.0, 404);
    let rule = json!({"command": "TCS", "turn": {"first": 1}, "fault": {"code": "E05"}});
    let new = json!({"system": "crk", "rule": rule}).to_string();
    assert_eq!(call(control, "POST", "/faults", &new, "").await.0, 204);
    assert_eq!(
        call(control, "GET", "/faults", "", "").await.1["crk"],
        json!([counted(&rule, 0, 0)])
    );
    assert_eq!(till.ask("TCS").await.refusal(), (500, "E05".to_owned()));
    assert_eq!(call(control, "POST", "/crk/expire-tokens", "", "").await.0, 204);
    let statistics = call(control, "GET", "/crk/statistics", "", "").await.1;
    assert_eq!((&statistics["cpd"]["MFP"], &statistics["packages"]), (&json!(2), &json!(1)));
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn the_program_names_three_addresses_and_its_authority() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["crk", "--calm", "--data"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    for name in ["crk_cpd", "crk_webapi", "event_hub"] {
        let address = ready[name].as_str().unwrap();
        assert!(address.starts_with("https://127.0.0.1:") && !address.ends_with('/'), "{name}");
    }
    assert!(ready["ca_pem"].as_str().unwrap().starts_with("-----BEGIN CERTIFICATE-----\n"));
    let control = ready["control"].as_str().unwrap();
    let path = format!("/crk/registers/{SOFTWARE}");
    assert_eq!(call(control, "GET", &path, "", "").await.0, 200);
    child.kill().await.unwrap();
}
