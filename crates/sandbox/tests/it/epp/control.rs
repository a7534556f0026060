//! The double through the control API and as a program.

use std::process::Stdio;

use sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use super::client::order;
use crate::control::{call, counted};

async fn login(epp: &str, user: &Value) -> String {
    let body = json!({"login": user["login"], "password": user["password"]}).to_string();
    let (status, answer) = call(epp, "POST", "/api/login", &body, "").await;
    assert_eq!(status, 200);
    answer["payload"]["accessToken"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_payment_can_be_made_with_the_control_api_alone() {
    let sandbox = Sandbox::builder().seed(3).calm().start().await.unwrap();
    let (control, epp) = (sandbox.control_url().unwrap(), sandbox.epp().base_url());
    let (_, credentials) = call(control, "GET", "/credentials", "", "").await;
    let user = &credentials["epp"]["users"][0];
    assert_eq!(user["totp_secret_base32"].as_str().map(str::len), Some(32));
    assert_eq!(user["rights"], json!(["accounts", "orders", "entry", "payment"]));
    let token = login(epp, user).await;

    let body = json!([order("a", "1")]).to_string();
    assert_eq!(call(epp, "POST", "/api/payment-orders", &body, &token).await.0, 200);
    let orders = call(control, "GET", "/epp/orders", "", "").await.1;
    assert_eq!(orders[0]["externalId"], "a");
    let body = json!({"PaymentOrderIds": [orders[0]["id"]]}).to_string();
    let started = call(epp, "POST", "/api/payments", &body, &token).await.1;
    let tag = started["payload"]["paymentIdTagName"].as_str().unwrap();
    let path = format!("/epp/one-time-password/{tag}");
    let password = call(control, "GET", &path, "", "").await.1;
    let body = json!({"PaymentIdTagName": tag, "Token": password["token"]}).to_string();
    assert_eq!(call(epp, "PUT", "/api/payments", &body, &token).await.0, 200);
    assert_eq!(call(control, "POST", "/epp/settle", "", "").await.0, 204);
    let orders = call(control, "GET", "/epp/orders", "", "").await.1;
    assert_eq!(orders[0]["state"], "executed");
    let payments = call(control, "GET", "/epp/payments", "", "").await.1;
    assert_eq!(payments[0]["paymentIdTag"], tag);
    assert_eq!(call(control, "GET", "/epp/one-time-password/none", "", "").await.0, 404);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn settings_and_faults_come_through_the_control_api() {
    let sandbox = Sandbox::builder().seed(3).calm().start().await.unwrap();
    let (control, epp) = (sandbox.control_url().unwrap(), sandbox.epp().base_url());
    let (_, credentials) = call(control, "GET", "/credentials", "", "").await;
    let settings = json!({
        "token_life_ms": 60_000, "refresh_life_ms": 90_000, "otp_countdown_ms": 1000,
        "link_life_ms": 1000, "execution_delay_ms": 1, "page_shape": "bare",
        "largest_page": 7, "batch_shape": "bare", "statement_oddities": ["byte_order_mark", "comma_amounts"],
    });
    assert_eq!(call(control, "POST", "/epp/settings", &settings.to_string(), "").await.0, 204);
    let wrong = json!({"page_shape": "round"}).to_string();
    assert_eq!(call(control, "POST", "/epp/settings", &wrong, "").await.0, 422);
    let token = login(epp, &credentials["epp"]["users"][0]).await;
    let list = call(epp, "GET", "/api/bank-accounts", "", &token).await.1;
    assert_eq!(list["payload"].as_array().map(Vec::len), Some(7));

    let rule = json!({"path": "/bank-accounts", "turn": {"first": 1}, "fault": "unauthorized"});
    let new = json!({"system": "epp", "rule": rule}).to_string();
    assert_eq!(call(control, "POST", "/faults", &new, "").await.0, 204);
    assert_eq!(
        call(control, "GET", "/faults", "", "").await.1["epp"],
        json!([counted(&rule, 0, 0)])
    );
    assert_eq!(call(epp, "GET", "/api/bank-accounts", "", &token).await.0, 401);
    assert_eq!(call(control, "DELETE", "/faults", "", "").await.0, 204);
    assert_eq!(call(control, "POST", "/epp/expire-tokens", "", "").await.0, 204);
    assert_eq!(call(epp, "GET", "/api/bank-accounts", "", &token).await.0, 401);
    let statistics = call(control, "GET", "/epp/statistics", "", "").await.1;
    assert_eq!((&statistics["logins"], &statistics["unauthenticated"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn the_program_names_both_addresses() {
    for system in ["epp", "all"] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
            .args([system, "--calm"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let (epp, web) = (ready["epp"].as_str().unwrap(), ready["epp_web"].as_str().unwrap());
        assert!(epp.starts_with("http://127.0.0.1:") && epp.ends_with("/api"));
        assert!(web.starts_with("http://127.0.0.1:") && !web.ends_with('/'));
        assert_eq!(call(epp, "GET", "/api/login/ping", "", "").await.0, 200);
        child.kill().await.unwrap();
    }
}
