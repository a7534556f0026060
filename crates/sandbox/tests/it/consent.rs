//! The consent flow: the page, the decision, the poll.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use sandbox::kros::{Decision, Kros};
use serde_json::{Value, json};

use crate::client::{ask, calm};

const STATE: &str = "0123456789abcdef0123456789abcdef";

/// A request to the web application, outside the API.
async fn web(kros: &Kros, method: Method, query: &str, form: &str) -> (u16, String) {
    let uri = format!("{}?{query}", kros.consent_url());
    let request = Request::builder().method(method).uri(uri).body(Body::from(form.to_owned()));
    let response = kros.service().send(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

async fn poll(kros: &Kros) -> Value {
    let path = "/integration-subscription/poll";
    let answer = ask(kros, "", Method::POST, path, Some(&json!({"state": STATE}))).await.unwrap();
    assert_eq!(answer.status, 200);
    answer.json()["data"].clone()
}

fn query(mode: &str) -> String {
    format!(
        "plugin_name=Obchod&integrator_name=Vymyslený&version=1&state={STATE}&response_mode={mode}"
    )
}

#[tokio::test(start_paused = true)]
async fn approved_tokens_wait_fifteen_minutes() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    assert_eq!(poll(kros).await["status"], "Pending", "the page is not open yet");
    let query = format!("{}&company_mode=multiple", query("poll"));
    assert_eq!(web(kros, Method::GET, &query, "").await.0, 200);
    assert_eq!(poll(kros).await["status"], "Pending");
    let form = format!("state={STATE}&decision=approve");
    assert_eq!(web(kros, Method::POST, "", &form).await.0, 200);
    let approved = poll(kros).await;
    assert_eq!(approved["status"], "Approved");
    let companies = approved["companies"].as_array().unwrap();
    assert_eq!(companies.len(), 2, "the company without a licence cannot be granted");
    assert_eq!(companies[0]["token"], kros.token("Alfa").unwrap());
    assert!(companies[0]["webHookSecret"].is_string());
    tokio::time::advance(Duration::from_secs(15 * 60)).await;
    assert_eq!(poll(kros).await, json!({"status": "Expired"}));
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn a_denial_hands_nothing_over() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    web(kros, Method::GET, &query("poll"), "").await;
    assert!(kros.decide(STATE, Decision::Deny));
    assert_eq!(poll(kros).await, json!({"status": "Denied"}));
    assert!(!kros.decide("nobody", Decision::Approve));
}

#[tokio::test]
async fn the_post_mode_hands_the_tokens_to_the_browser() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let hook = "webhook=http://127.0.0.1:9/hook&webhook_secret=dGFqbmU=";
    let query = format!("{}&redirect_url=http://localhost:9/back&{hook}", query("post"));
    let (status, page) = web(kros, Method::GET, &query, "").await;
    assert_eq!(status, 200);
    assert!(page.contains("action=\"http://localhost:9/back\""));
    for field in ["data[0][companyId]", "data[0][token]", "data[0][companyName]"] {
        assert!(page.contains(field), "{field}");
    }
    assert!(page.contains("name=\"data[0][webhookSecret]\" value=\"dGFqbmU=\""));
    assert!(page.contains(&format!("name=\"state\" value=\"{STATE}\"")));
    assert!(!page.contains("data[1]"), "one company unless several are asked for");
    assert_eq!(kros.company("0").unwrap().webhook_secret(), "dGFqbmU=");
}

#[tokio::test]
async fn wrong_requests_are_refused_and_noted() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    assert_eq!(web(kros, Method::GET, "plugin_name=Obchod", "").await.0, 400);
    assert_eq!(web(kros, Method::POST, "", "state=x&decision=approve").await.0, 404);
    let short = json!({"state": "short"});
    let path = "/integration-subscription/poll";
    let answer = ask(kros, "", Method::POST, path, Some(&short)).await.unwrap();
    assert_eq!(answer.errors(), [(None, "state".to_owned())]);
    assert_eq!(sandbox.unexpected().len(), 3);
}
