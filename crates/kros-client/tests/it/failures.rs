//! Each kind of error, provoked once, and whether what it says about the document is true.

use std::time::Duration;

use common_core::{
    limit::{Ask, Grant, LimitKey, LimitStore, Window, Windows},
    retry::RetryPolicy,
    store::{BoxFuture, StoreError},
};
use kros_client::{
    CallOptions, Client, ClientBuilder, Duplicates, Environment, Error, ErrorKind, LimitPolicy,
    Limits, auth, invoices,
    invoices::{Create, CreateBatch, List},
    model::InvoiceId,
    payments,
};
use sandbox::{Sandbox, fault::Fault};
use tokio::time::Instant;

use crate::support::{
    always, assert_expected, beside, calm, in_process, invoice, once, over_socket, payment,
    refusable, stored, unlimited, unlimited_client,
};

fn create() -> Create {
    Create::new(&invoice("order-1")).unwrap()
}

/// A client that tries once and limits nothing.
fn plain(builder: ClientBuilder) -> Client {
    let unlimited = Limits::custom(Windows::unlimited());
    builder.retry(RetryPolicy::never()).limits(unlimited).build().unwrap()
}

/// One call in each hour.
fn hourly() -> Limits {
    Limits::custom(Windows::new([Window::per_hour(1)]))
}

/// What an error promises, and what really happened.
#[track_caller]
fn assert_error(error: &Error, kind: ErrorKind, may_have_happened: bool) {
    assert_eq!(error.kind(), kind, "{error:?}");
    assert_eq!(error.may_have_happened(), may_have_happened, "{error:?}");
}

/// The invoices that are stored when all work is done.
async fn outcome(sandbox: &Sandbox) -> usize {
    sandbox.kros().settle().await;
    stored(sandbox).len()
}

#[tokio::test(start_paused = true)]
async fn what_happens_to_an_invoice_and_what_the_error_says_agree() {
    let masked = |status| Fault::MaskAnswer { status };
    let replied = |status| Fault::Reply { status, retry_after: None };
    for (fault, kind, may_have_happened, documents) in [
        (Fault::DropRequest, ErrorKind::Interrupted, true, 0),
        (Fault::LoseAnswer, ErrorKind::Interrupted, true, 1),
        (Fault::CutAnswer { after: 5 }, ErrorKind::Interrupted, true, 1),
        (Fault::DelayBefore { ms: 600_000 }, ErrorKind::Timeout, true, 0),
        (Fault::DelayAfter { ms: 600_000 }, ErrorKind::Timeout, true, 1),
        (masked(202), ErrorKind::Unreadable, true, 1),
        (replied(400), ErrorKind::Invalid, false, 0),
        (Fault::Unauthorized, ErrorKind::Unauthorized, false, 0),
        (replied(402), ErrorKind::PaymentRequired, false, 0),
        (replied(404), ErrorKind::NotFound, false, 0),
        (replied(408), ErrorKind::Ambiguous, true, 0),
        (masked(408), ErrorKind::Ambiguous, true, 1),
        (replied(409), ErrorKind::AlreadyAccepted, false, 0),
        (replied(413), ErrorKind::Input, false, 0),
        (replied(429), ErrorKind::TooManyRequests, false, 0),
        (replied(500), ErrorKind::Server, true, 0),
        (masked(503), ErrorKind::Server, true, 1),
        (replied(403), ErrorKind::Unexpected, false, 0),
        (masked(302), ErrorKind::Unexpected, true, 1),
        (masked(418), ErrorKind::Unexpected, true, 1),
    ] {
        let sandbox = unlimited().await;
        let client = plain(beside(&sandbox));
        once(&sandbox, fault);
        let error = client.send(&create()).await.unwrap_err();
        assert_error(&error, kind, may_have_happened);
        assert_eq!((error.endpoint(), error.attempts()), ("invoices.create", 1));
        assert_eq!(outcome(&sandbox).await, documents, "{fault:?}");
        // A read in the same trouble never did anything.
        once(&sandbox, fault);
        if let Err(error) = client.send(&List::new()).await {
            assert!(!error.may_have_happened(), "{error:?}");
        }
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_value_is_refused_before_anything_is_sent() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let error = client.send(&List::new().top(0)).await.unwrap_err();
    assert_error(&error, ErrorKind::Input, false);
    let link = "https://evil.example.test/api/invoices/1/reports/19".to_owned();
    let error = client.send(&invoices::ReportByLink(link)).await.unwrap_err();
    assert_error(&error, ErrorKind::Input, false);
    assert_eq!(sandbox.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn without_a_token_nothing_is_sent() {
    let sandbox = in_process().await;
    let environment = Environment::at(sandbox.kros().base_url()).unwrap();
    let transport = crate::support::InProcess::of(&sandbox);
    let client = Client::builder(environment).transport(transport).build().unwrap();
    for error in [
        client.send(&auth::Check).await.unwrap_err(),
        client.send(&create()).await.map(|_| ()).unwrap_err(),
    ] {
        assert_error(&error, ErrorKind::Credentials, false);
    }
    assert_eq!(sandbox.requests(), []);
}

#[tokio::test(start_paused = true)]
async fn an_impatient_call_learns_how_long_it_would_have_waited() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).limits(hourly()).build().unwrap();
    client.send(&auth::Check).await.unwrap();
    let fail_fast = CallOptions::new().limit_policy(LimitPolicy::FailFast);
    let error = client.send_with(&create(), fail_fast).await.unwrap_err();
    assert_error(&error, ErrorKind::Limited, false);
    let wait = error.retry_after().unwrap();
    assert!(Duration::from_secs(3590) < wait && wait <= Duration::from_secs(3600), "{wait:?}");
    let deadline = CallOptions::new().deadline(Duration::from_secs(60));
    let error = client.send_with(&create(), deadline).await.unwrap_err();
    assert_error(&error, ErrorKind::Deadline, false);
    assert_eq!(sandbox.requests().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_caps_the_whole_call() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    always(&sandbox, Fault::Reply { status: 503, retry_after: Some(20) });
    let deadline = CallOptions::new().deadline(Duration::from_secs(30));
    let started = Instant::now();
    let error = client.send_with(&List::new(), deadline).await.unwrap_err();
    assert_error(&error, ErrorKind::Server, false);
    assert_eq!(error.attempts(), 2);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
    sandbox.kros().faults().clear();
    always(&sandbox, Fault::DelayAfter { ms: 60_000 });
    let started = Instant::now();
    let error = client.send_with(&create(), deadline).await.unwrap_err();
    assert_error(&error, ErrorKind::Timeout, true);
    assert!(started.elapsed() <= Duration::from_millis(30_001), "{:?}", started.elapsed());
    assert_expected(&sandbox);
}

#[derive(Debug)]
struct BrokenStore;

impl LimitStore for BrokenStore {
    fn reserve<'a>(
        &'a self,
        _: Ask<'a>,
    ) -> BoxFuture<'a, Result<Result<Grant, Duration>, StoreError>> {
        Box::pin(async { Err(StoreError::unavailable("the disk is full")) })
    }

    fn confirm<'a>(&'a self, _: &'a LimitKey, _: Grant) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async { Ok(true) })
    }

    fn penalise<'a>(
        &'a self,
        _: &'a LimitKey,
        _: common_core::clock::Tick,
        _: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async { Ok(()) })
    }

    fn release(&self, _: &LimitKey, _: Grant) {}
}

#[tokio::test(start_paused = true)]
async fn a_failing_store_keeps_everything_back() {
    let sandbox = in_process().await;
    let store = std::sync::Arc::new(BrokenStore);
    let client = beside(&sandbox).limit_store(store).build().unwrap();
    let error = client.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::Store, false);
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.to_string().ends_with("the disk is full"), "{source}");
    assert_eq!(sandbox.requests(), []);
}

#[tokio::test]
async fn without_a_connection_nothing_happened() {
    let sandbox = calm().await;
    let client = plain(over_socket(&sandbox));
    client.send(&auth::Check).await.unwrap();
    drop(sandbox);
    // The port closes when the sandbox's tasks have ended.
    let port_is_closed = async {
        loop {
            let error = client.send(&create()).await.unwrap_err();
            if error.kind() == ErrorKind::Connect {
                break assert!(!error.may_have_happened());
            }
            assert_error(&error, ErrorKind::Interrupted, true);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), port_is_closed).await.unwrap();
}

#[tokio::test]
async fn answers_that_break_off_on_a_socket_are_interruptions() {
    for fault in [
        Fault::DropRequest,
        Fault::LoseAnswer,
        Fault::CutAnswer { after: 10 },
        Fault::CutAnswer { after: 150 },
    ] {
        let sandbox = calm().await;
        let client = plain(over_socket(&sandbox));
        once(&sandbox, fault);
        let error = client.send(&create()).await.unwrap_err();
        assert_error(&error, ErrorKind::Interrupted, true);
        let happened = usize::from(fault != Fault::DropRequest);
        assert_eq!(outcome(&sandbox).await, happened, "{fault:?}");
        client.send(&auth::Check).await.unwrap();
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn a_late_answer_on_a_socket_is_a_timeout() {
    let sandbox = calm().await;
    let client = plain(over_socket(&sandbox).timeout(Duration::from_millis(100)));
    once(&sandbox, Fault::DelayAfter { ms: 2_000 });
    let error = client.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::Timeout, true);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_success_that_cannot_be_read_is_told_apart() {
    let sandbox = calm().await;
    let client = plain(over_socket(&sandbox));
    once(&sandbox, Fault::MaskAnswer { status: 200 });
    let error = client.send(&List::new()).await.unwrap_err();
    assert_error(&error, ErrorKind::Unreadable, false);
    once(&sandbox, Fault::MaskAnswer { status: 202 });
    let error = client.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::Unreadable, true);
    // It was accepted, so the guard holds an imprudent repetition back.
    let error = client.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::Duplicate, false);
    assert_eq!(outcome(&sandbox).await, 1);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn every_finding_of_a_refusal_is_given() {
    let sandbox = calm().await;
    let client = over_socket(&sandbox).build().unwrap();
    let mut twice_wrong = refusable("c");
    twice_wrong.currency = Some("XXQ".to_owned());
    let batch = CreateBatch::new(&[invoice("a"), refusable("b"), twice_wrong]).unwrap();
    let error = client.send(&batch).await.unwrap_err();
    assert_error(&error, ErrorKind::Invalid, false);
    let mut found: Vec<_> = error
        .rejections()
        .into_iter()
        .map(|one| (one.document_index, one.property_path.unwrap(), one.message.unwrap()))
        .collect();
    found.sort();
    let found: Vec<_> =
        found.iter().map(|(index, path, words)| (*index, path.as_str(), words.as_str())).collect();
    let rate = "A percentage from 0 to 100 is required.";
    assert_eq!(
        found,
        [
            (Some(1), "items[0].vatRate", rate),
            (Some(2), "currency", "A currency code of ISO 4217 is required."),
            (Some(2), "items[0].vatRate", rate),
        ]
    );
    assert_eq!(error.problem().map(|problem| problem.status), Some(400));
    assert!(error.to_string().ends_with("(and 2 more)"), "{error}");
    assert_eq!(outcome(&sandbox).await, 0);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn tokens_and_licences_are_told_apart() {
    let sandbox = calm().await;
    let wrong = over_socket(&sandbox).token("no-such-token".into()).build().unwrap();
    let error = wrong.send(&auth::Check).await.unwrap_err();
    assert_error(&error, ErrorKind::Unauthorized, false);
    let expired = sandbox.kros().token("2").unwrap();
    let expired = over_socket(&sandbox).token(expired.into()).build().unwrap();
    expired.send(&auth::Check).await.unwrap();
    let error = expired.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::PaymentRequired, false);
    let client = over_socket(&sandbox).build().unwrap();
    let error = client.send(&invoices::Fetch(InvoiceId(1))).await.unwrap_err();
    assert_error(&error, ErrorKind::NotFound, false);
    assert_eq!(outcome(&sandbox).await, 0);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_was_answered_408_may_have_been_taken() {
    for (fault, taken) in [
        (Fault::MaskAnswer { status: 408 }, 1),
        (Fault::Reply { status: 408, retry_after: None }, 0),
    ] {
        let sandbox = unlimited().await;
        let client = unlimited_client(&sandbox);
        once(&sandbox, fault);
        let batch = payments::CreateBatch::new(&[payment("p")]).unwrap();
        let error = client.send(&batch).await.unwrap_err();
        assert_error(&error, ErrorKind::Ambiguous, true);
        assert_eq!(error.attempts(), 1);
        sandbox.kros().settle().await;
        assert_eq!(sandbox.kros().payments().len(), taken);
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn the_service_knows_a_repetition_that_the_guard_lets_through() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).duplicates(Duplicates::Send).build().unwrap();
    client.send(&create()).await.unwrap();
    let error = client.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::AlreadyAccepted, false);
    assert_eq!(outcome(&sandbox).await, 1);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_of_somebody_else_are_reported() {
    let sandbox = in_process().await;
    let client = plain(beside(&sandbox));
    for _ in 0..5 {
        client.send(&auth::Check).await.unwrap();
    }
    let error = client.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::TooManyRequests, false);
    assert_eq!(error.retry_after(), Some(Duration::from_secs(1)));
    assert_eq!(outcome(&sandbox).await, 0);
    assert_eq!(sandbox.kros().statistics().refused, 1);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn reads_are_repeated_and_creations_are_not() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    for fault in [
        Fault::LoseAnswer,
        Fault::CutAnswer { after: 3 },
        Fault::Reply { status: 503, retry_after: None },
        Fault::Reply { status: 408, retry_after: None },
        Fault::DelayAfter { ms: 600_000 },
    ] {
        let before = sandbox.requests().len();
        once(&sandbox, fault);
        client.send(&List::new()).await.unwrap();
        assert_eq!(sandbox.requests().len(), before + 2, "{fault:?}");
    }
    once(&sandbox, Fault::LoseAnswer);
    let before = sandbox.requests().len();
    let error = client.send(&create()).await.unwrap_err();
    assert_error(&error, ErrorKind::Interrupted, true);
    assert_eq!(sandbox.requests().len(), before + 1);
    assert_expected(&sandbox);
}
