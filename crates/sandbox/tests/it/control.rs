//! The control API and the program, over real sockets.

use std::process::Stdio;

use sandbox::Sandbox;
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
    assert_eq!((&faults["kros"], &faults["epp"]), (&json!([rule]), &json!([])));

    let kros = sandbox.kros().base_url();
    let invoice = json!({"data": crate::client::invoice("a", "1")}).to_string();
    assert_eq!(call(kros, "POST", "/api/invoices", &invoice, token).await.0, 503);
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
