//! A deadline caps everything: waiting for the limiter, for credentials, for answers and retries.

use std::future::pending;

use common_core::{
    effect::{ErrorKind, Phase},
    limit::{Window, Windows},
    retry::RetryPolicy,
    store::BoxFuture,
};
use common_http::{
    Authorise, CallOptions, CredentialsError, UsedToken,
    scripted::{Scripted, Step},
};
use tokio::time::Instant;

use crate::support::{Find, Issue, Upload, builder, ok, scripted, seconds};

fn within(deadline: u64) -> CallOptions {
    CallOptions::new().deadline(seconds(deadline))
}

#[tokio::test(start_paused = true)]
async fn a_place_that_would_come_too_late_is_not_waited_for() {
    let script = Scripted::new([ok(), ok()]);
    let windows = Windows::new([Window::new(1, seconds(10))]);
    let client = builder(script.clone()).limit("a", "reads", windows).build();
    client.send(&Find::new(1)).await.unwrap();
    let start = Instant::now();
    let error = client.send_with(&Find::new(1), within(3)).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Deadline, Phase::NotSent));
    assert_eq!(error.retry_after(), Some(seconds(10)));
    assert_eq!(start.elapsed(), seconds(0));
    client.send_with(&Find::new(1), within(11)).await.unwrap();
    assert_eq!(start.elapsed(), seconds(10));
    assert_eq!(script.remaining(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_retry_that_would_come_too_late_is_not_waited_for() {
    let (client, script) = scripted([Step::answer(503, "").header("retry-after", "30"), ok()]);
    let start = Instant::now();
    let error = client.send_with(&Find::new(1), within(30)).await.unwrap_err();
    assert_eq!((error.kind(), error.retry_after()), (ErrorKind::Server, Some(seconds(30))));
    assert_eq!((start.elapsed(), script.remaining()), (seconds(0), 1));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_not_awaited_past_the_deadline() {
    let (client, script) = scripted([ok().after(seconds(50)), ok()]);
    let start = Instant::now();
    let error = client.send_with(&Issue::new(1), within(3)).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Timeout, Phase::MaybeSent));
    assert!(error.may_have_happened());
    assert_eq!((start.elapsed(), script.remaining()), (seconds(3), 1));
}

#[tokio::test(start_paused = true)]
async fn the_tries_of_a_read_share_the_deadline() {
    let slow = || ok().after(seconds(50));
    let (client, _) = scripted([slow(), slow(), slow(), slow()]);
    let start = Instant::now();
    let options = within(25).timeout(seconds(10));
    let error = client.send_with(&Find::new(1), options).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 3));
    assert_eq!(start.elapsed(), seconds(25));
}

#[tokio::test(start_paused = true)]
async fn a_large_body_has_time_of_its_own_and_the_deadline_holds_all_the_same() {
    // A second for every 16 KiB.
    let upload = Upload(vec![0; 320 * 1024].into());
    let once = || CallOptions::new().retry(RetryPolicy::never()).timeout(seconds(10));
    for (takes, options, kind) in [
        (29, once(), None),
        (31, once(), Some(ErrorKind::Timeout)),
        (29, once().deadline(seconds(20)), Some(ErrorKind::Timeout)),
    ] {
        let (client, _) = scripted([ok().after(seconds(takes))]);
        let outcome = client.send_with(&upload, options).await;
        assert_eq!(outcome.err().map(|error| error.kind()), kind, "{takes} {options:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_has_passed_sends_nothing() {
    let (client, script) = scripted([ok()]);
    let error = client.send_with(&Find::new(1), within(0)).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Deadline, Phase::NotSent));
    assert!(script.requests().is_empty());
}

/// A login that never ends.
#[derive(Debug)]
struct Stuck;

impl Authorise for Stuck {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(pending())
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(pending())
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_are_not_awaited_past_the_deadline() {
    let client = builder(Scripted::new([])).authorise(Stuck).build();
    let start = Instant::now();
    let issue = Issue::new(1);
    let call = tokio::time::timeout(seconds(60), client.send_with(&issue, within(3)));
    let error = call.await.expect("the call hangs").unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Deadline, Phase::NotSent));
    assert!(!error.may_have_happened());
    assert_eq!(start.elapsed(), seconds(3));
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_means_never_is_no_overflow() {
    let (client, _) = scripted([ok().after(seconds(1_000_000))]);
    let options = CallOptions::new().timeout(std::time::Duration::MAX);
    assert_eq!(client.send_with(&Find::new(1), options).await.unwrap(), 7);
}
