//! What every call of a client does: headers, warnings, keys and limits.

use std::{sync::Mutex, time::Duration};

use chrono::{DateTime, TimeDelta};
use common_core::{
    clock::ManualClock,
    limit::{Window, Windows},
};
use common_http::scripted::{Scripted, Step};
use http::HeaderValue;
use ksef_crypto::seal::Usage;
use serde_json::json;

use super::{testing::*, *};
use crate::v2::{ErrorKind, LimitGroup, auth_sessions, security::PublicKeys};

#[tokio::test]
async fn the_wished_form_of_errors_is_asked_for() {
    for (format, expected) in
        [(ErrorFormat::ProblemDetails, Some("problem-details")), (ErrorFormat::Envelope, None)]
    {
        let script = Scripted::new([Step::answer(200, "[]")]);
        let environment = Environment::at(base().as_str()).unwrap();
        let client = Client::builder(environment)
            .transport(script.clone())
            .error_format(format)
            .echo_warning(HeaderValue::from_static("[x-1]: y"))
            .build()
            .unwrap();
        client.send(&PublicKeys).await.unwrap();
        let headers = script.requests()[0].headers().clone();
        let asked = headers.get("x-error-format").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(asked.as_deref(), expected);
        assert_eq!(headers["x-test-system-warning"], "[x-1]: y");
    }
}

#[tokio::test]
async fn warnings_come_with_the_answer_and_through_the_hook() {
    let warned = || Step::answer(200, "[]").header("x-system-warning", "[xml-002]: later refused");
    let script = Scripted::new([warned(), warned()]);
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let client = Client::builder(Environment::at(base().as_str()).unwrap())
        .transport(script)
        .on_warning(move |notice| hook.lock().unwrap().push(notice.clone()))
        .build()
        .unwrap();
    let answer = client.answer(&PublicKeys).await.unwrap();
    assert_eq!(answer.warnings[0].code, "xml-002");
    client.send(&PublicKeys).await.unwrap();
    let told = told.lock().unwrap();
    assert_eq!(told.len(), 2);
    assert_eq!(told[0].path, "/v2/security/public-key-certificates");
    assert_eq!(told[0].warnings, answer.warnings);
}

#[tokio::test]
async fn calls_that_need_a_login_are_not_sent_without_one() {
    let (client, script) = scripted([]);
    let error = client.send(&auth_sessions::RevokeCurrent).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::NoLogin, false));
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_are_forgotten() {
    let (list, _) = public_keys();
    let answer = || Step::answer(200, list.to_string());
    let (client, script) = scripted([answer(), answer()]);
    let (first, second) = tokio::join!(client.authority_keys(), client.authority_keys());
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(script.requests().len(), 1);
    client.forget_authority_keys().await;
    assert_eq!(client.authority_keys().await.unwrap().len(), 1);
    assert_eq!(script.requests().len(), 2);
}

/// A client on a script, and the clock that it reads.
fn clocked() -> (Client, Scripted, Arc<ManualClock>) {
    let (script, clock) = (Scripted::new([]), Arc::new(ManualClock::at(DateTime::UNIX_EPOCH)));
    let builder = Client::builder(Environment::at(base().as_str()).unwrap());
    let builder = builder.transport(script.clone()).clock(Arc::clone(&clock) as Arc<dyn Clock>);
    (builder.build().unwrap(), script, clock)
}

#[tokio::test]
async fn keys_are_fetched_again_when_none_of_them_can_be_used() {
    let usage = Usage::SymmetricKeyEncryption;
    let (client, script, clock) = clocked();
    let begin = clock.now();
    let listed = |from: i64, to: i64| {
        let mut list = public_keys().0;
        let hour = |hour| (begin + TimeDelta::hours(hour)).to_rfc3339();
        (list[0]["validFrom"], list[0]["validTo"]) = (hour(from).into(), hour(to).into());
        list
    };
    let (old, new) = (listed(-9, 2), listed(1, 99));
    for list in [&old, &old, &new] {
        script.push(Step::answer(200, list.to_string()));
    }
    let id = async || client.authority_key(usage).await.map(|key| key.public_key().id());
    assert_eq!(id().await.unwrap(), old[0]["publicKeyId"].as_str().unwrap());
    clock.advance(Duration::from_secs(3 * 3600));
    assert_eq!(id().await.unwrap_err().kind(), ErrorKind::Encryption);
    assert_eq!(id().await.unwrap_err().kind(), ErrorKind::Encryption);
    assert_eq!(script.requests().len(), 2, "at most once a minute");
    clock.advance(Duration::from_secs(60));
    assert_eq!(id().await.unwrap(), new[0]["publicKeyId"].as_str().unwrap());
    assert_eq!(script.requests().len(), 3);
}

#[tokio::test]
async fn a_list_without_any_key_is_not_kept_for_a_day() {
    let unreadable = json!([{"certificate": "AAAA", "usage": ["SymmetricKeyEncryption"]}]);
    let (client, script, clock) = clocked();
    for list in [json!([]), unreadable, public_keys().0] {
        script.push(Step::answer(200, list.to_string()));
    }
    for (request, known) in [(1, 0), (2, 0), (3, 1)] {
        for _ in 0..2 {
            assert_eq!(client.authority_keys().await.unwrap().len(), known);
            assert_eq!(script.requests().len(), request);
        }
        clock.advance(Duration::from_secs(60));
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_the_other_operations_has_a_counter_of_its_own() {
    let script = Scripted::new((0..4).map(|_| Step::answer(200, json!({"items": []}).to_string())));
    let client = Client::builder(Environment::at(base().as_str()).unwrap())
        .transport(script.clone())
        .limit(LimitGroup::Other, Windows::new([Window::per_minute(1)]))
        .build()
        .unwrap();
    let account = client.account(context()).build();
    account.import(tokens(&client)).await.unwrap();
    let start = client.clock().tick();
    account.send(&auth_sessions::List::new()).await.unwrap();
    account.send(&auth_sessions::RevokeCurrent).await.unwrap();
    assert!(client.clock().tick().since(start).is_zero());
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert!(client.clock().tick().since(start).as_secs() >= 60);
}

#[tokio::test(start_paused = true)]
async fn all_calls_together_are_counted_for_the_address() {
    let answers = ["[]", r#"{"items":[]}"#, "[]"].map(|body| Step::answer(200, body));
    let script = Scripted::new(answers);
    let client = Client::builder(Environment::at(base().as_str()).unwrap())
        .transport(script.clone())
        .limit(LimitGroup::Global, Windows::new([Window::per_minute(2)]))
        .build()
        .unwrap();
    let account = client.account(context()).build();
    account.import(tokens(&client)).await.unwrap();
    let start = client.clock().tick();
    client.send(&PublicKeys).await.unwrap();
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert!(client.clock().tick().since(start).is_zero());
    client.send(&PublicKeys).await.unwrap();
    assert!(client.clock().tick().since(start).as_secs() >= 60);
}

#[tokio::test(start_paused = true)]
async fn counted_calls_and_penalties_outlive_the_program() {
    let (client, script) =
        scripted([Step::answer(429, "").header("retry-after", "500"), Step::answer(200, "[]")]);
    let give_up = CallOptions::new().deadline(Duration::from_secs(5));
    let error = client.send_with(&PublicKeys, give_up).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRequests);
    let counted = client.limits().unwrap();
    let text = serde_json::to_string(&counted).unwrap();
    let next = Client::builder(Environment::at(base().as_str()).unwrap())
        .transport(script.clone())
        .restore_limits(serde_json::from_str(&text).unwrap())
        .build()
        .unwrap();
    let start = next.clock().tick();
    next.send(&PublicKeys).await.unwrap();
    assert!(next.clock().tick().since(start).as_secs() >= 490);
}
