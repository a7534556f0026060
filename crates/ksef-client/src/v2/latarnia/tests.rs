//! Requests and answers as bytes, and calls on a script.

use common_core::open::Open;
use common_http::scripted::{Scripted, Step};

use super::*;
use crate::v2::client::testing::{bare, lines, read, shown};

const FAILURE: &str = r#"{"status":"FAILURE","messages":[{"id":17,"eventId":"e-1","category":"FAILURE",
    "type":"FAILURE_START","title":"Awaria","text":"Opis","start":"2026-04-01T10:00:00+02:00",
    "end":null,"version":2,"published":"2026-04-01T10:05:00Z","new":{}}]}"#;

#[test]
fn status_and_messages_are_asked_for() {
    assert_eq!(shown(&Status), bare("GET", "/status"));
    assert_eq!(shown(&Messages), bare("GET", "/messages"));
}

#[test]
fn a_failure_is_read_with_its_message() {
    let status = read::<Status>(FAILURE).unwrap();
    assert_eq!(status.status, State::Failure);
    let message = &status.messages[0];
    assert_eq!((message.id.as_deref(), message.event_id.as_deref()), (Some("17"), Some("e-1")));
    assert_eq!(message.event, Some(Event::FailureStart.into()));
    assert_eq!(message.category, Some(Category::Failure.into()));
    assert_eq!(message.start.unwrap().to_rfc3339(), "2026-04-01T08:00:00+00:00");
    assert_eq!((message.end, message.version.as_deref()), (None, Some("2")));
    let written = serde_json::to_string(&status).unwrap();
    assert_eq!(read::<Status>(written).unwrap(), status);
}

#[test]
fn what_is_new_or_missing_costs_no_answer() {
    let status = read::<Status>(r#"{"status":"FUTURE","messages":null}"#).unwrap();
    assert_eq!(status.status, Open::Unknown("FUTURE".to_owned()));
    let messages = read::<Messages>(r#"[{"type":"FUTURE","id":null},{}]"#).unwrap();
    assert_eq!(messages[0].event, Some(Open::Unknown("FUTURE".to_owned())));
    assert_eq!(messages[1], Message::default());
    assert!(read::<Status>("{}").is_err());
}

#[test]
fn each_environment_has_the_one_that_speaks_of_it() {
    let base =
        |environment: &Environment| Site::of(environment).unwrap().base().unwrap().to_string();
    assert_eq!(base(&Environment::Test), "https://api-latarnia-test.ksef.mf.gov.pl");
    assert_eq!(base(&Environment::Demo), base(&Environment::Test));
    assert_eq!(base(&Environment::Production), "https://api-latarnia.ksef.mf.gov.pl");
    assert_eq!(Site::of(&Environment::at("https://ksef.example.test/v2").unwrap()), None);
    assert!(Site::at("http://latarnia.example.test").is_err());
}

#[tokio::test(start_paused = true)]
async fn a_failing_service_is_asked_again_and_no_token_is_sent() {
    let script = Scripted::new([
        Step::answer(503, "<html>"),
        Step::answer(200, r#"{"status":"AVAILABLE"}"#),
        Step::answer(200, "[]"),
        Step::answer(404, "canary"),
    ]);
    let site = Site::at("https://latarnia.example.test").unwrap();
    let latarnia = Latarnia::builder(site).transport(script.clone()).build().unwrap();
    assert_eq!(latarnia.status().await.unwrap().status, State::Available);
    assert_eq!(latarnia.messages().await.unwrap(), []);
    let error = latarnia.messages().await.unwrap_err();
    assert_eq!(error.kind(), crate::v2::ErrorKind::NotFound);
    assert!(!format!("{error} {error:?}").contains("canary"));
    assert_eq!(lines(&script), ["GET /status", "GET /status", "GET /messages", "GET /messages"]);
    let headers = |request: &Request<Body>| request.headers().contains_key("authorization");
    assert!(!script.requests().iter().any(headers));
}
