//! The commands that the register receives: what each may say, what it may not, and what the
//! repository hears of it (source document, sections 2.3.1.4 and 2.3.1.5).

use ekasy_device::{
    command::{CommandError, CpdService, QrPrinting, Received, web_api::ConfirmCommand},
    ident::CommandKind,
    journal::Pins,
};
use sandbox::crk::{Command, Kind, Plaintext};
use serde_json::{Value, json};

use super::scene::{Scene, Stage};
use crate::till::now;

/// A fiscalised register without anything to do, which knows the repository's certificates.
async fn idle() -> Scene {
    let scene = Scene::of(Kind::Software, Stage::Fiscalised).await;
    let keys = scene.client.fetch_keys(scene.id(CommandKind::RepositoryKeys)).await.unwrap();
    scene.client.use_pins(&Pins::from(keys)).unwrap();
    let first = scene.client.fetch_command().await.unwrap().unwrap();
    assert_eq!(first.command_id.kind(), CommandKind::Timetable);
    let at = now(&scene.till).into();
    scene.client.confirm(&ConfirmCommand::executed(first.command_id, at)).await.unwrap();
    assert_eq!(scene.client.fetch_command().await.unwrap(), None);
    scene
}

/// Queues a command, receives it, and confirms it as its reading went; code and message that the
/// repository has then.
async fn receive(
    scene: &Scene,
    code: &str,
    attributes: &Value,
) -> (Result<Received, CommandError>, String, Option<String>) {
    let (crk, number) = (scene.till.sandbox.crk(), &scene.till.register.unique_number);
    let attributes = attributes.as_object().unwrap().clone();
    let queued = crk.queue(number, Command::Raw { code: code.to_owned(), attributes }).unwrap();
    let command = scene.client.fetch_command().await.unwrap().unwrap();
    let id = command.command_id.clone();
    assert_eq!(id.as_str(), queued);
    let text = scene.client.open_command(&command).unwrap();
    let read = Received::decode(&id, text.as_bytes());
    let at = now(&scene.till).into();
    let confirmation = match &read {
        Ok(_) => ConfirmCommand::executed(id, at),
        Err(error) => ConfirmCommand::failed(id, at, &error.to_string()),
    };
    scene.client.confirm(&confirmation).await.unwrap();
    let confirmed = crk.commands(number).pop().unwrap().confirmation.unwrap();
    (read, confirmed.code, confirmed.message)
}

#[tokio::test(start_paused = true)]
async fn every_value_that_a_command_may_have_is_read_and_confirmed() {
    let table = |send: i64, check: i64, types: &str| json!({"sendFreqEventHub": send, "checkFreqWebApi": check, "shipmentType": types});
    let good = [
        ("CCS", json!({"CPDServiceName": "KCS"})),
        ("CCS", json!({"CPDServiceName": "KFD"})),
        ("CCS", json!({"CPDServiceName": "CNF"})),
        ("TFD", table(60, 60, "PR")),
        ("TFD", table(2_678_400, 2_678_400, "PR;PA;FK;FA;RD;WN;ZE;RF")),
        ("TFD", table(0, 1800, "ALL")),
        ("TFD", table(-1, 1800, "PA;FA;RD;WN")),
        ("TFD", table(-2, -2, "ALL")),
        ("CQC", json!({"qrCode": -1})),
        ("CQC", json!({"qrCode": 0})),
        ("CQC", json!({"qrCode": 2_678_400})),
        ("DDD", json!({"scope": "1-1", "shipmentType": "ALL"})),
        ("DDD", json!({"scope": "41324-41333", "shipmentType": "RF;PA;FA;RD;WN"})),
        ("DDD", json!({"scope": "1-999999999999999", "shipmentType": "PR"})),
    ];
    for form in [Plaintext::Value, Plaintext::Whole] {
        let scene = idle().await;
        let crk = scene.till.sandbox.crk();
        let mut profile = crk.profile();
        profile.plaintext = form;
        crk.set_profile(profile);
        for (code, attributes) in &good {
            let (read, confirmed, message) = receive(&scene, code, attributes).await;
            let read = read.unwrap_or_else(|error| panic!("{code} {attributes}: {error}"));
            assert_eq!(read.kind().to_string(), *code);
            assert_eq!((&*confirmed, message), ("0", None), "{code} {attributes}");
        }
        scene.till.assert_expected();
    }
}

#[tokio::test(start_paused = true)]
async fn every_value_that_a_command_must_not_have_is_confirmed_as_failed_with_its_field() {
    let table = |name: &str, value: Value| {
        let mut table =
            json!({"sendFreqEventHub": 7200, "checkFreqWebApi": 1800, "shipmentType": "ALL"});
        table[name] = value;
        table
    };
    let range = |scope: &str| json!({"scope": scope, "shipmentType": "ALL"});
    let bad = [
        ("CCS", json!({}), "CPDServiceName"),
        ("CCS", json!({"CPDServiceName": "KC"}), "CPDServiceName"),
        ("CCS", json!({"CPDServiceName": ""}), "CPDServiceName"),
        ("TFD", table("sendFreqEventHub", json!(-3)), "sendFreqEventHub"),
        ("TFD", table("sendFreqEventHub", json!(59)), "sendFreqEventHub"),
        ("TFD", table("sendFreqEventHub", json!(2_678_401)), "sendFreqEventHub"),
        ("TFD", table("checkFreqWebApi", json!(0)), "checkFreqWebApi"),
        ("TFD", table("checkFreqWebApi", json!(-1)), "checkFreqWebApi"),
        ("TFD", table("checkFreqWebApi", Value::Null), "checkFreqWebApi"),
        ("TFD", table("shipmentType", json!("PX")), "shipmentType"),
        ("TFD", table("shippmentType", json!("PR")), "shipmentType"),
        ("CQC", json!({"qrCode": -2}), "qrCode"),
        ("CQC", json!({"qrCode": 2_147_483_648_i64}), "qrCode"),
        ("CQC", json!({}), "qrCode"),
        ("DDD", range("9-5"), "scope"),
        ("DDD", range("0-5"), "scope"),
        ("DDD", range("1-1000000000000000"), "scope"),
        ("DDD", json!({"scope": "1-2"}), "shipmentType"),
    ];
    let scene = idle().await;
    for (code, attributes, field) in bad {
        let (read, confirmed, message) = receive(&scene, code, &attributes).await;
        let Err(CommandError::Field(error)) = read else { panic!("{code} {attributes}: {read:?}") };
        assert_eq!(error.field, field, "{code} {attributes}");
        assert_eq!((&*confirmed, message), ("1", Some(error.to_string())), "{code} {attributes}");
    }
    // What no register receives, and what nobody knows.
    for code in ["KCS", "DFD", "EFL", "XYZ"] {
        let (read, confirmed, message) = receive(&scene, code, &json!({})).await;
        assert_eq!(read, Err(CommandError::UnknownKind), "{code}");
        let told = CommandError::UnknownKind.to_string();
        assert_eq!((&*confirmed, message), ("1", Some(told)), "{code}");
    }
    scene.till.assert_expected();
}

/// CMD01 names a call that the register can make: each of the three is made.
#[tokio::test(start_paused = true)]
async fn every_service_that_cmd01_may_name_is_a_call_of_the_register() {
    let scene = idle().await;
    for service in CpdService::ALL {
        let name = service.to_string();
        let (read, ..) = receive(&scene, "CCS", &json!({"CPDServiceName": name})).await;
        let Ok(Received::CallCpd(call)) = read else { panic!("{read:?}") };
        assert_eq!(call.service.known(), Some(*service));
        let endpoint = match service {
            CpdService::FetchKeys => "cpd.fetch_keys",
            CpdService::SendCertificates => "cpd.send_certificates",
            CpdService::CheckFirmware => "cpd.check_firmware",
            other => panic!("{other} has no call"),
        };
        let before = scene.till.sandbox.crk().statistics().cpd.get(&name).copied().unwrap_or(0);
        scene.call(endpoint).await.unwrap();
        assert_eq!(scene.till.sandbox.crk().statistics().cpd[&name], before + 1);
    }
    let (read, ..) = receive(&scene, "CQC", &json!({"qrCode": 1000})).await;
    assert_eq!(read, Ok(Received::QrCode(QrPrinting::Above(1000))));
    scene.till.assert_expected();
}
