//! KSeF 2.0: Latarnia, which tells whether the system works.

use chrono::{DateTime, TimeDelta, Utc};
use http::Method;
use sandbox::Sandbox;
use sandbox::ksef_v2::{KsefV2, Outage, OutageKind};
use serde_json::Value;

use crate::control::call;
use crate::ksef_v2::client::*;

async fn told(ksef: &KsefV2, path: &str) -> Value {
    fetch(ksef, &format!("{}{path}", ksef.latarnia_url())).await.ok(200)
}

#[tokio::test(start_paused = true)]
async fn outages_are_announced_begin_and_end() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    assert_eq!(told(ksef, "/status").await["status"], "AVAILABLE");
    let now: DateTime<Utc> = "2026-01-31T11:00:00.123Z".parse().unwrap();
    let (start, end) = (now + TimeDelta::hours(1), now + TimeDelta::hours(2));
    ksef.announce_outage(&Outage::new(OutageKind::Maintenance, start).until(end));
    assert_eq!(told(ksef, "/status").await["status"], "AVAILABLE", "only announced");
    let event = ksef.announce_outage(&Outage::new(OutageKind::Failure, now));
    let status = told(ksef, "/status").await;
    assert_eq!(
        (&status["status"], &status["messages"][0]["type"]),
        (&"FAILURE".into(), &"FAILURE_START".into())
    );
    tokio::time::advance(std::time::Duration::from_secs(5400)).await;
    assert!(ksef.end_outage(event));
    assert_eq!(told(ksef, "/status").await["status"], "MAINTENANCE");
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    assert_eq!(told(ksef, "/status").await["status"], "AVAILABLE");
    let messages = told(ksef, "/messages").await;
    let messages = messages.as_array().unwrap();
    assert_eq!(messages.len(), 3);
    for message in messages {
        for name in ["id", "category", "type", "title", "text", "start", "published"] {
            assert!(message[name].is_string(), "{name}: {message}");
        }
        assert!(message["eventId"].is_u64() && message["version"].is_u64());
    }
    assert_eq!(messages[0]["type"], "FAILURE_END");
    assert!(messages[0]["end"].is_string() && messages[1].get("end").is_none());
    login(ksef, ALFA).await;
    assert_eq!(ksef.unexpected(), [], "the API works on");
}

#[tokio::test(start_paused = true)]
async fn other_paths_and_methods_are_refused() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let url = ksef.latarnia_url();
    assert_eq!(fetch(ksef, &format!("{url}/elsewhere")).await.status, 404);
    let answer = ask(ksef, Method::POST, &format!("{url}/status"), &[], "").await.unwrap();
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn the_ready_line_names_the_service() {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let ready = sandbox.ready();
    assert_eq!(ready["latarnia"], sandbox.ksef_v2().latarnia_url().as_str());
    sandbox.shutdown().await.unwrap();
}

#[tokio::test]
async fn outages_are_scripted_over_the_control_api() {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let control = sandbox.control_url().unwrap();
    let outage = r#"{"kind": "TOTAL_FAILURE", "start": "2020-01-01T00:00:00Z"}"#;
    let (status, answer) = call(control, "POST", "/ksef-v2/outages", outage, "").await;
    assert_eq!((status, &answer["event"]), (200, &Value::from(1)));
    let ready = sandbox.ready();
    let latarnia = ready["latarnia"].as_str().unwrap();
    let (_, told) = call(latarnia, "GET", "/latarnia/status", "", "").await;
    assert_eq!(told["status"], "TOTAL_FAILURE");
    for status in [204, 404] {
        let ended = call(control, "DELETE", "/ksef-v2/outages/1", "", "").await;
        assert_eq!(ended.0, status);
    }
    let (_, told) = call(latarnia, "GET", "/latarnia/status", "", "").await;
    assert_eq!(told["status"], "AVAILABLE");
    sandbox.shutdown().await.unwrap();
}
