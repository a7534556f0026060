//! The control API and the program, over real sockets.

use std::process::Stdio;

use sandbox::{Sandbox, System};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::client::{authority, raw};

/// Status and JSON body of a request; `Null` for an empty body.
pub(crate) async fn call(
    url: &str,
    method: &str,
    path: &str,
    body: &str,
    token: &str,
) -> (u16, Value) {
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         authorization: Bearer {token}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let answer = String::from_utf8(raw(authority(url), &request).await).unwrap();
    let status = answer[9..12].parse().unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    (status, serde_json::from_str(body).unwrap_or_default())
}

/// A rule as `GET /faults` shows it.
pub(crate) fn counted(rule: &Value, matched: u64, met: u64) -> Value {
    let mut shown = rule.clone();
    shown["matched"] = json!(matched);
    shown["met"] = json!(met);
    shown
}

#[tokio::test]
async fn the_control_api_offers_what_the_library_does() {
    let sandbox = Sandbox::builder().seed(3).calm().start().await.unwrap();
    let control = sandbox.control_url().unwrap();
    let (_, credentials) = call(control, "GET", "/credentials", "", "").await;
    let token = credentials["kros"]["companies"][0]["token"].as_str().unwrap();
    assert_eq!(token, sandbox.kros().token("0").unwrap());

    let fault = json!({"reply": {"status": 503, "retry_after": 2}});
    let rule = json!({"method": "POST", "path": "/invoices", "turn": {"first": 1}, "fault": fault});
    let new = json!({"system": "kros", "rule": rule}).to_string();
    assert_eq!(call(control, "POST", "/faults", &new, "").await.0, 204);
    let faults = call(control, "GET", "/faults", "", "").await.1;
    assert_eq!(faults["kros"], json!([counted(&rule, 0, 0)]));
    assert_eq!(faults["epp"], json!([]));

    let kros = sandbox.kros().base_url();
    let invoice = json!({"data": crate::client::invoice("a", "1")}).to_string();
    assert_eq!(call(kros, "POST", "/api/invoices", &invoice, token).await.0, 503);
    let faults = call(control, "GET", "/faults", "", "").await.1;
    assert_eq!(faults["kros"], json!([counted(&rule, 1, 1)]));
    assert_eq!(call(control, "DELETE", "/faults", "", "").await.0, 204);
    assert_eq!(call(kros, "POST", "/api/invoices", &invoice, token).await.0, 202);
    assert_eq!(call(control, "POST", "/kros/settle", "", "").await.0, 204);

    let documents = call(control, "GET", "/kros/documents", "", "").await.1;
    assert_eq!(documents[0]["externalId"], "a");
    let notifications = call(control, "GET", "/kros/notifications", "", "").await.1;
    assert_eq!(notifications.as_array().unwrap().len(), 1);
    assert_eq!(call(control, "GET", "/kros/statistics", "", "").await.1["total"], 2);
    assert_eq!(call(control, "GET", "/kros/payments", "", "").await.1, json!([]));
    assert_eq!(call(control, "GET", "/requests", "", "").await.1[0]["status"], 503);
    assert_eq!(call(kros, "GET", "/api/nothing", "", token).await.0, 404);
    let unexpected = call(control, "GET", "/unexpected", "", "").await.1;
    assert_eq!(unexpected[0]["path"], "/api/nothing");
}

#[tokio::test]
async fn settings_and_webhooks_come_through_the_control_api() {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let control = sandbox.control_url().unwrap();
    let hook = |url: &str| json!({"company_id": 5001, "url": url, "secret": "s"}).to_string();
    let good = hook("http://127.0.0.1:9/");
    assert_eq!(call(control, "POST", "/kros/webhook", &good, "").await.0, 204);
    let far = hook("http://example.com/");
    assert_eq!(call(control, "POST", "/kros/webhook", &far, "").await.0, 400);
    assert_eq!(sandbox.kros().company("0").unwrap().webhook_secret(), "s");
    let settings = json!({"limits": "current", "notification_form": "documented_2023",
                          "signature_scheme": "utf8"});
    assert_eq!(call(control, "POST", "/kros/settings", &settings.to_string(), "").await.0, 204);
    let wrong = json!({"limits": "none"}).to_string();
    assert_eq!(call(control, "POST", "/kros/settings", &wrong, "").await.0, 422);
    let consent = json!({"state": "nobody", "decision": "deny"}).to_string();
    assert_eq!(call(control, "POST", "/kros/consent", &consent, "").await.0, 404);
}

#[tokio::test]
async fn shutdown_writes_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let builder = Sandbox::builder().calm().without_sockets().data(folder.path());
    let sandbox = builder.start().await.unwrap();
    let body = json!({"data": crate::client::invoice("a", "1")});
    crate::client::post(sandbox.kros(), "/invoices", &body).await;
    sandbox.settle().await;
    sandbox.shutdown().await.unwrap();
    let read = |name: &str| -> Value {
        serde_json::from_slice(&std::fs::read(folder.path().join(name)).unwrap()).unwrap()
    };
    assert_eq!(read("kros-documents.json")[0]["externalId"], "a");
    assert_eq!(read("kros-payments.json"), json!([]));
    assert_eq!(read("kros-notifications.json").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_rule_that_nothing_could_meet_is_refused_and_the_others_show_what_they_did() {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let control = sandbox.control_url().unwrap();
    let add = async |system: &str, rule: Value| {
        let new = json!({"system": system, "rule": rule}).to_string();
        call(control, "POST", "/faults", &new, "").await.0
    };
    for rule in [
        json!({"method": "GETS", "fault": "lose_answer"}),
        json!({"fault": {"reply": {"status": 9999}}}),
        json!({"fault": {"mask_answer": {"status": 100}}}),
    ] {
        assert_eq!(add("kros", rule).await, 422);
    }
    // As `GET /requests` prints the path, and as a shell user writes a method.
    let rule = json!({"method": "post", "path": "/v2/auth/challenge",
                      "fault": {"reply": {"status": 503}}});
    assert_eq!(add("ksef_v2", rule).await, 204);
    let ksef = sandbox.ksef_v2().base_url();
    assert_eq!(call(&ksef, "POST", "/v2/auth/challenge", "", "").await.0, 503);
    let elsewhere = json!({"path": "/v1/auth/challenge", "fault": "lose_answer"});
    assert_eq!(add("ksef-v2", elsewhere).await, 204);
    let shown = call(control, "GET", "/faults", "", "").await.1;
    let counts =
        |index: usize| (&shown["ksef-v2"][index]["matched"], &shown["ksef-v2"][index]["met"]);
    assert_eq!(counts(0), (&json!(1), &json!(1)));
    assert_eq!(counts(1), (&json!(0), &json!(0)));
}

#[tokio::test]
async fn the_calendar_is_put_forward_for_every_double() {
    let start = "2026-12-31T23:59:00Z".parse().unwrap();
    let sandbox = Sandbox::builder().calm().starting_at(start).start().await.unwrap();
    let control = sandbox.control_url().unwrap();
    let login = async || {
        let user = sandbox.epp().users().remove(0);
        let body = json!({"login": user.login, "password": user.password()}).to_string();
        let answer = call(sandbox.epp().base_url(), "POST", "/api/login", &body, "").await.1;
        answer["payload"]["accessToken"].as_str().unwrap().to_owned()
    };
    let accounts = async |token: &str| {
        call(sandbox.epp().base_url(), "GET", "/api/bank-accounts", "", token).await.0
    };
    let token = login().await;
    assert_eq!(accounts(&token).await, 200);
    let invoice = json!({"data": crate::client::invoice("a", "1")}).to_string();
    let kros = sandbox.kros();
    let send = async || {
        let token = kros.token("0").unwrap();
        call(kros.base_url(), "POST", "/api/invoices", &invoice, &token).await.0
    };
    assert_eq!([send().await, send().await], [202, 409], "repeated within 120 seconds");

    let day = json!({"advance_ms": 86_400_000}).to_string();
    let (status, answer) = call(control, "POST", "/clock", &day, "").await;
    assert_eq!(status, 200);
    assert!(answer["now"].as_str().unwrap().starts_with("2027-01-0"), "{answer}");
    assert!(sandbox.now() - start >= chrono::TimeDelta::days(1));
    assert_eq!(accounts(&token).await, 401, "the token has ended");
    assert_eq!(accounts(&login().await).await, 200);
    assert_eq!(send().await, 202, "no longer a repetition");
    let challenge = call(&sandbox.ksef_v2().base_url(), "POST", "/v2/auth/challenge", "", "").await;
    assert!(challenge.1["timestamp"].as_str().unwrap().starts_with("2027-01-0"));

    let back = json!({"advance_ms": -1}).to_string();
    assert_eq!(call(control, "POST", "/clock", &back, "").await.0, 422);
    let far = json!({"advance_ms": u64::MAX}).to_string();
    assert_eq!(call(control, "POST", "/clock", &far, "").await.0, 400);
}

#[tokio::test]
async fn one_system_alone_has_its_ports_and_the_ready_line() {
    for system in System::ALL {
        let sandbox = Sandbox::builder().calm().only(system).start().await.unwrap();
        let ready = sandbox.ready();
        let names: Vec<&str> = ready.as_object().unwrap().keys().map(String::as_str).collect();
        let expected: &[&str] = match system {
            System::Kros => &["control", "kros", "seed"],
            System::Epp => &["control", "epp", "epp_web", "seed"],
            System::KsefV1 => &["control", "ksef_v1", "seed"],
            System::KsefV2 => &["control", "ksef_v2", "latarnia", "seed"],
            _ => &["ca_pem", "control", "crk_cpd", "crk_webapi", "event_hub", "seed"],
        };
        assert_eq!(names, expected);
        for (name, address) in ready.as_object().unwrap() {
            let address = address.as_str().unwrap_or_default();
            if address.starts_with("http") {
                let address = address.split("//").nth(1).unwrap().split('/').next().unwrap();
                assert!(tokio::net::TcpStream::connect(address).await.is_ok(), "{name}");
            }
        }
        assert_eq!(system == System::Kros, sandbox.kros().base_url().contains("127.0.0.1"));
        assert_eq!(system == System::KsefV1, sandbox.ksef_v1().base_url().contains("127.0.0.1"));
    }
}

#[tokio::test]
async fn the_program_prints_one_ready_line_and_serves() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["all", "--seed", "9", "--calm"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let ready: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(ready["seed"], 9);
    let kros = ready["kros"].as_str().unwrap();
    assert!(kros.starts_with("http://127.0.0.1:") && kros.ends_with("/api"));
    let control = ready["control"].as_str().unwrap();
    let credentials = call(control, "GET", "/credentials", "", "").await.1;
    let token = credentials["kros"]["companies"][1]["token"].as_str().unwrap();
    assert_eq!(call(kros, "GET", "/api/auth/check", "", token).await.0, 200);
    let ksef = ready["ksef_v2"].as_str().unwrap();
    assert!(ksef.ends_with("/v2") && ready["latarnia"].as_str().unwrap().ends_with("/latarnia"));
    assert_eq!(call(ksef, "GET", "/v2/security/public-key-certificates", "", "").await.0, 200);
    assert!(credentials["ksef_v2"]["companies"][0]["token"].as_str().unwrap().contains("|nip-"));
    assert_eq!(credentials["ksef_v2"]["certificates"].as_array().unwrap().len(), 10);
    child.kill().await.unwrap();
}
