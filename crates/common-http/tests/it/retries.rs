//! Which failures are repeated, for which effect, and how patiently.

use common_core::{
    effect::{Effect, ErrorKind, Phase},
    retry::RetryPolicy,
};
use common_http::{CallOptions, TransportErrorKind as Broken, scripted::Step};
use tokio::time::Instant;

use crate::support::{EFFECTS, Find, Issue, call, ok, scripted, seconds};

#[tokio::test(start_paused = true)]
async fn a_wish_of_the_server_is_waited_for_exactly_whatever_the_effect() {
    for effect in EFFECTS {
        let (client, script) = scripted([Step::answer(429, "").header("retry-after", "30"), ok()]);
        let start = Instant::now();
        assert_eq!(call(&client, effect, CallOptions::new()).await.unwrap(), 7);
        assert_eq!(start.elapsed(), seconds(30), "{effect:?}");
        assert_eq!(script.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn once_is_never_repeated_after_it_may_have_happened() {
    let steps = [
        Step::fail(Broken::Timeout),
        Step::fail(Broken::Interrupted),
        Step::fail(Broken::TooLarge),
        Step::answer(500, ""),
        Step::answer(502, ""),
        Step::answer(503, "").header("retry-after", "1"),
        Step::answer(408, ""),
        Step::answer(302, ""),
        Step::answer(200, "7").then_break_off(),
    ];
    for step in steps {
        let shown = format!("{step:?}");
        let (client, script) = scripted([step, ok()]);
        let start = Instant::now();
        let error = client.send(&Issue::new(1)).await.unwrap_err();
        assert!(error.may_have_happened(), "{shown}");
        assert_eq!((error.attempts(), script.requests().len()), (1, 1), "{shown}");
        assert_eq!(start.elapsed(), seconds(0), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn once_is_repeated_after_what_certainly_did_nothing() {
    for step in [Step::fail(Broken::Connect), Step::answer(429, "")] {
        let (client, script) = scripted([step, ok()]);
        assert_eq!(client.send(&Issue::new(1)).await.unwrap(), 7);
        assert_eq!(script.requests().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn what_changes_nothing_more_is_repeated_after_everything_transient() {
    for effect in [Effect::Read, Effect::Idempotent] {
        let transient = [
            Step::fail(Broken::Connect),
            Step::fail(Broken::Timeout),
            Step::fail(Broken::Interrupted),
            Step::answer(408, ""),
            Step::answer(429, ""),
            Step::answer(500, ""),
            Step::answer(503, ""),
            Step::answer(200, "7").then_break_off(),
        ];
        for step in transient {
            let shown = format!("{effect:?} {step:?}");
            let (client, script) = scripted([step, ok()]);
            let answer = call(&client, effect, CallOptions::new()).await;
            assert_eq!(answer.unwrap(), 7, "{shown}");
            assert_eq!(script.requests().len(), 2, "{shown}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_would_fail_again_is_not_repeated() {
    for status in [301, 400, 402, 403, 404, 409, 410, 413, 418, 422] {
        for effect in EFFECTS {
            let (client, script) = scripted([Step::answer(status, "no"), ok()]);
            let error = call(&client, effect, CallOptions::new()).await.unwrap_err();
            assert_eq!(error.problem().unwrap().status, status);
            assert_eq!(error.problem().unwrap().message.as_deref(), Some("no"));
            assert_eq!(script.remaining(), 1, "{status} {effect:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_is_slept_away_after_the_last_try() {
    let busy = || Step::answer(503, "").header("retry-after", "7");
    let (client, script) = scripted([busy(), busy(), busy()]);
    let options = CallOptions::new().retry(RetryPolicy::default().attempts(2));
    let start = Instant::now();
    let error = client.send_with(&Find::new(1), options).await.unwrap_err();
    assert_eq!(start.elapsed(), seconds(7));
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 2));
    assert_eq!(error.retry_after(), Some(seconds(7)));
    assert_eq!(script.remaining(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_retry_sends_the_same_request_again() {
    let (client, script) = scripted([Step::answer(503, ""), ok()]);
    client.send(&Find::new("a/b")).await.unwrap();
    let requests = script.requests();
    assert_eq!(requests[0].uri(), "https://toy.example.test/api/things/a%2Fb");
    assert_eq!(requests[0].uri(), requests[1].uri());
    assert_eq!(requests[0].headers(), requests[1].headers());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_cannot_be_read_is_not_asked_for_again_and_counts_its_tries() {
    let unreadable = Step::answer(200, "[]").header("x-request-id", "exchange-9");
    let (client, script) = scripted([Step::answer(503, ""), unreadable, ok()]);
    let error = client.send(&Find::new(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Decode, Phase::Answered));
    assert_eq!((error.attempts(), error.request_id()), (2, Some("exchange-9")));
    assert!(!error.may_have_happened());
    assert_eq!(script.remaining(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_built_is_not_sent() {
    let (client, script) = scripted([]);
    let error = client.send(&Issue::new("..")).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Input, Phase::NotSent));
    assert!(!error.may_have_happened());
    assert!(script.requests().is_empty());
}
