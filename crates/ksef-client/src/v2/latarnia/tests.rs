//! Requests and answers as bytes, and calls on a script.

use chrono::{DateTime, Utc};
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
fn a_message_that_cannot_be_read_costs_only_itself() {
    const BROKEN: &str = r#"[
        {"id":1,"start":"2026-03-02T08:00:00Z","end":"soon"},
        {"id":2,"start":20260302},
        "text",
        {"id":3,"title":17,"start":"2026-03-02T08:00:00Z","end":null}
    ]"#;
    let messages = read::<Messages>(BROKEN).unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!((messages[0].id.as_deref(), messages[0].title.as_deref()), (Some("3"), Some("17")));
    let status = read::<Status>(format!(r#"{{"status":"FAILURE","messages":{BROKEN}}}"#)).unwrap();
    assert_eq!(status.messages, messages);
    assert!(read::<Messages>("null").unwrap().is_empty());
    assert!(read::<Messages>(r#"{"messages":[]}"#).is_err());
}

#[test]
fn times_without_a_zone_are_polish_times() {
    let table = [
        ("2026-03-02T23:30:00", "2026-03-02T22:30:00Z"),
        ("2026-07-02T00:30:00.5", "2026-07-01T22:30:00.5Z"),
        // The hour that comes twice is the first one; the one that never comes stays on its day.
        ("2026-10-25T02:30:00", "2026-10-25T00:30:00Z"),
        ("2026-03-29T02:30:00", "2026-03-29T02:30:00Z"),
        ("2026-03-02T23:30:00+05:00", "2026-03-02T18:30:00Z"),
    ];
    for (text, expected) in table {
        let messages = read::<Messages>(format!(r#"[{{"published":"{text}"}}]"#)).unwrap();
        let expected: DateTime<Utc> = expected.parse().unwrap();
        assert_eq!(messages[0].published, Some(expected), "{text}");
    }
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

#[tokio::test(start_paused = true)]
async fn one_question_that_hangs_costs_neither_the_other_nor_much_time() {
    let patience = Duration::from_secs(5);
    let hang = || Step::answer(200, "[]").after(Duration::from_secs(3600));
    let script = Scripted::new([Step::answer(200, FAILURE), hang(), hang(), hang()]);
    let site = Site::at("https://latarnia.example.test").unwrap();
    let latarnia = Latarnia::builder(site).transport(script.clone()).build().unwrap();
    let asked = "2026-04-01T10:00:00Z".parse().unwrap();
    let before = tokio::time::Instant::now();
    let news = latarnia.news(asked, patience).await;
    let expected = News { asked, state: Some(State::Failure.into()), messages: None };
    assert_eq!(news, expected);
    let silence = latarnia.news(asked, patience).await;
    assert_eq!(silence, News { asked, state: None, messages: None });
    assert_eq!((before.elapsed(), script.requests().len()), (2 * patience, 4));
}
