//! The commands of the CPD server and every error code.

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Request};
use sandbox::ClientCertificate;
use sandbox::crk::{Kind, NewRegister, Use};
use sandbox::fault::{Code, Fault, Rule};
use serde_json::{Value, json};

use super::client::{CHECKSUM, HARDWARE, NIP, SOFTWARE, Till, bare, calm, deliver};

const BASE: &str = "/api/SerwerCPD/Command";

#[tokio::test]
async fn keys_and_the_test_do_not_compare_the_certificate_with_the_command() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let other = Till::new(&sandbox, SOFTWARE);
    for (code, status) in [("KCS", 200), ("TCS", 204)] {
        let path = format!("{BASE}?commandId={}", other.id(code));
        assert_eq!(till.get_cpd(&path).await.status, status);
    }
    for query in [
        format!("commandId={}", other.id("GIS")),
        format!("commandId={}&firmwareMetadata=a&firmwareChecksum={CHECKSUM}", other.id("CNF")),
    ] {
        let refusal = till.get_cpd(&format!("{BASE}?{query}")).await.refusal();
        assert_eq!(refusal, (406, "B10".to_owned()));
    }
    for code in ["KFD", "MFP", "FPD", "EFL"] {
        let body = json!({"commandId": other.id(code), "command": {"attributes": {}}});
        let refusal = till.post_cpd(&body.to_string()).await.unwrap().refusal();
        assert_eq!(refusal, (406, "B10".to_owned()), "{code}");
    }
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn malformed_and_misplaced_commands_are_refused() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let ask = |query: String| {
        let till = till.clone();
        async move { till.get_cpd(&format!("{BASE}?{query}")).await.refusal().1 }
    };
    assert_eq!(ask(String::new()).await, "E01");
    assert_eq!(ask("commandId=x".to_owned()).await, "E01");
    let id = till.id("TCS");
    assert_eq!(ask(format!("commandId={id}&commandId={id}")).await, "E01");
    assert_eq!(ask(format!("commandId={}", id.replace("TSA26", "tsa26"))).await, "B05");
    assert_eq!(ask(format!("commandId={}", id.replace("TSA26", "ZZZ26"))).await, "B03");
    assert_eq!(ask(format!("commandId={}", till.id("MFP"))).await, "B01");
    assert_eq!(ask(format!("commandId={}", till.id("XYZ"))).await, "B01");
    let path = format!("{BASE}?commandId={}", till.id("TCS").replace(':', "%3A"));
    assert_eq!(till.get_cpd(&path).await.status, 204, "percent-encoding is the same");

    let post = |body: String| {
        let till = till.clone();
        async move { till.post_cpd(&body).await.unwrap().refusal() }
    };
    assert_eq!(post("{".to_owned()).await, (400, "E02".to_owned()));
    assert_eq!(post("[]".to_owned()).await, (400, "E02".to_owned()));
    assert_eq!(post("{}".to_owned()).await, (400, "E01".to_owned()));
    assert_eq!(post(json!({"commandId": till.id("KCS")}).to_string()).await.1, "B01");
    assert_eq!(post(json!({"commandId": till.id("MFP")}).to_string()).await.1, "E02");
    assert_eq!(sandbox.unexpected(), []);
    let request = Request::post(format!("{}{BASE}", till.crk.cpd_url()))
        .extension(till.certificate())
        .body(Body::from("{}"));
    let answer = deliver(&till.crk.cpd_service(), request.unwrap()).await.unwrap();
    assert_eq!(answer.refusal(), (400, "E01".to_owned()));
    assert_eq!(sandbox.unexpected().len(), 1);
}

#[tokio::test]
async fn what_no_register_does_is_recorded() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let url = format!("{}{BASE}?commandId={}", till.crk.cpd_url(), till.id("TCS"));
    assert_eq!(bare(&till.crk.cpd_service(), Method::GET, &url).await.status, 403);
    let url = format!("{}/api/none", till.crk.cpd_url());
    assert_eq!(bare(&till.crk.cpd_service(), Method::GET, &url).await.status, 404);
    let id = till.id("TCS");
    for more in ["", "", "&a=1"] {
        let path = format!("{BASE}?commandId={id}{more}");
        assert_eq!(till.get_cpd(&path).await.status, 204);
    }
    let what: Vec<String> = sandbox.unexpected().into_iter().map(|one| one.what).collect();
    assert_eq!(
        what,
        [
            "the CPD server without a certificate of the producer",
            "unknown route",
            "a command identifier that came before with another request",
            "a parameter that the command does not have",
        ]
    );
}

#[tokio::test]
async fn certificates_belong_to_one_register() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let other = Till::new(&sandbox, "TSA2601000003");
    assert_eq!(other.tell("KFD", &other.own_certificates()).await.status, 204);
    assert_eq!(other.tell("KFD", &other.own_certificates()).await.status, 204, "again");
    let mut mixed = till.own_certificates();
    mixed["digitalCertificateCashRegisterEncrypt"] =
        other.own_certificates()["digitalCertificateCashRegisterEncrypt"].clone();
    assert_eq!(till.tell("KFD", &mixed).await.refusal(), (406, "B10".to_owned()));
    let foreign = other.own_certificates();
    assert_eq!(till.tell("KFD", &foreign).await.refusal(), (406, "B10".to_owned()));
    let with = |value: Value| {
        let mut attributes = till.own_certificates();
        attributes["digitalCertificateCashRegisterTLS"] = value;
        attributes
    };
    let cases = [(json!("?"), "E02"), (Value::Null, "E02"), (json!("MAA="), "B10")];
    for (value, code) in cases {
        assert_eq!(till.tell("KFD", &with(value)).await.refusal().1, code);
    }
    assert_eq!(till.tell("MFP", &till.wish()).await.refusal(), (406, "B06".to_owned()));
    assert_eq!(till.tell("KFD", &till.own_certificates()).await.status, 204);
}

#[tokio::test]
async fn a_software_register_keeps_its_taxpayer_when_it_renews() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, SOFTWARE);
    till.fiscalise().await;
    let renewed = |nip: &str| {
        let new = NewRegister::new(SOFTWARE, nip, Kind::Software);
        let register = sandbox.crk().issue(&new).unwrap();
        json!({
            "digitalCertificateCashRegisterTLS": STANDARD.encode(register.tls().certificate_der()),
            "digitalCertificateCashRegisterEncrypt": STANDARD.encode(register.encryption().certificate_der()),
        })
    };
    let answer = till.tell("KFD", &renewed("1111111111")).await;
    assert_eq!(answer.refusal(), (406, "B11".to_owned()));
    assert_eq!(till.tell("KFD", &renewed(NIP)).await.status, 204);
    assert_eq!(sandbox.crk().standing(SOFTWARE).unwrap().certificates, 2);
    assert_eq!(till.get_webapi("Ping").await.status, 204, "the earlier certificate still opens");
    let new = Till::new(&sandbox, SOFTWARE);
    assert_ne!(new.register, till.register);
    assert_eq!(new.get_webapi("Ping").await.status, 204);
}

#[tokio::test]
async fn the_order_of_the_steps_is_kept() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let end = json!({"reasonReadOnly": 0, "lastJPKId": 1});
    assert_eq!(till.ask("GIS").await.refusal(), (406, "B08".to_owned()));
    assert_eq!(till.tell("FPD", &json!({})).await.refusal(), (406, "B07".to_owned()));
    assert_eq!(till.tell("EFL", &end).await.refusal(), (406, "B09".to_owned()));
    till.begin().await;
    assert_eq!(till.tell("EFL", &end).await.refusal(), (406, "B09".to_owned()));
    let information = till.ask("GIS").await.attributes();
    assert_eq!(information["addressWebAPI"], till.crk.webapi_url());
    assert_eq!((&information["maxDocId"], &information["maxMemNr"]), (&json!(0), &json!(1)));
    till.tell("FPD", &json!({})).await;
    for (reason, last) in [(2, 1), (0, 0), (0, 1_000_000_000_000_000_u64)] {
        let wrong = json!({"reasonReadOnly": reason, "lastJPKId": last});
        assert_eq!(till.tell("EFL", &wrong).await.refusal(), (400, "E02".to_owned()));
    }
    assert_eq!(till.tell("EFL", &end).await.status, 204);
    assert_eq!(till.tell("EFL", &end).await.status, 204, "it may be repeated");
    assert_eq!(till.tell("FPD", &json!({})).await.refusal(), (406, "B07".to_owned()));
}

#[tokio::test]
async fn programs_are_checked_by_form_and_by_list() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let ask = |rest: String| {
        let path = format!("{BASE}?commandId={}&{rest}", till.id("CNF"));
        let till = till.clone();
        async move { till.get_cpd(&path).await.refusal().1 }
    };
    assert_eq!(ask("firmwareMetadata=a".to_owned()).await, "E02");
    assert_eq!(ask(format!("firmwareMetadata=&firmwareChecksum={CHECKSUM}")).await, "B13");
    assert_eq!(ask("firmwareMetadata=a&firmwareChecksum=00".to_owned()).await, "B13");
    let wrong = "g".repeat(40);
    assert_eq!(ask(format!("firmwareMetadata=a&firmwareChecksum={wrong}")).await, "E02");
    assert_eq!(
        till.check_program(&CHECKSUM.to_uppercase()).await.attributes(),
        json!({"status": 0})
    );
}

#[tokio::test]
async fn shared_keys_are_for_three_days_of_a_software_register() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, SOFTWARE);
    let answer = till.get_cpd("/api/SerwerCPD/SharedKey").await.json();
    assert_eq!(answer["CN"], SOFTWARE);
    let keys = answer["sharedKeys"].as_array().unwrap();
    let days: Vec<&str> = keys.iter().map(|key| key["forDate"].as_str().unwrap()).collect();
    assert_eq!(days, ["20260131", "20260201", "20260202"]);
    assert!(keys.iter().all(|key| key["sharedKey"].as_str().unwrap().len() == 44));
    assert_eq!(till.get_cpd("/api/SerwerCPD/SharedKey").await.json(), answer, "the same all day");
    assert_eq!(sandbox.unexpected(), []);
    let hardware = Till::new(&sandbox, HARDWARE);
    let refusal = hardware.get_cpd("/api/SerwerCPD/SharedKey").await.refusal();
    assert_eq!(refusal, (500, "E05".to_owned()));
}

#[tokio::test]
async fn every_code_can_be_asked_for() {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    let businesslike = (1..=13).map(|number| (format!("B{number:02}"), 406));
    let technical =
        (1..=7).map(|number| (format!("E{number:02}"), if number < 4 { 400 } else { 500 }));
    for (code, status) in businesslike.chain(technical) {
        till.crk.faults().clear();
        let fault = Fault::Code(Code::new(&code).unwrap());
        till.crk.faults().push(Rule::new(fault).command("KFD").once());
        assert_eq!(till.ask("TCS").await.status, 204, "another command");
        let answer = till.tell("KFD", &till.own_certificates()).await;
        assert_eq!(answer.refusal(), (status, code));
        assert!(!answer.json()["Message"].as_str().unwrap().is_empty());
    }
    assert_eq!(till.crk.standing(HARDWARE).unwrap().certificates, 0);
}

#[tokio::test]
async fn a_maker_brings_keys_of_its_own() {
    let sandbox = calm().await;
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, "TSC2601000004");
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    let crk = sandbox.crk();
    let pem = crk.sign(&request, Use::Tls, NIP, Kind::Software).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let certificate = ClientCertificate::new(STANDARD.decode(body).unwrap());
    let url =
        format!("{}{BASE}?commandId=TCS.TSC2601000004.2026-01-31T11:00:00.000Z", crk.cpd_url());
    let request = Request::get(url).extension(certificate).body(Body::empty());
    assert_eq!(deliver(&crk.cpd_service(), request.unwrap()).await.unwrap().status, 204);
    params.distinguished_name.push(rcgen::DnType::CommonName, "kasa");
    let request = params.serialize_request(&key).unwrap().pem().unwrap();
    assert!(crk.sign(&request, Use::Tls, NIP, Kind::Software).is_err());
    assert!(crk.sign("x", Use::Tls, NIP, Kind::Software).is_err());
}
