//! The guard against sending the same documents twice.

use std::time::Duration;

use kros_client::{Duplicates, ErrorKind, invoices::Create};
use sandbox::fault::Fault;

use crate::support::{assert_expected, beside, in_process, invoice, once, stored};

#[tokio::test(start_paused = true)]
async fn the_same_creation_is_refused_for_120_seconds_and_allowed_after() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let creation = Create::new(&invoice("a")).unwrap();
    let first = client.send(&creation).await.unwrap();
    tokio::time::advance(Duration::from_secs(100)).await;
    let error = client.clone().send(&creation).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Duplicate, false));
    assert_eq!(error.retry_after().map(|wait| wait.as_secs()), Some(20));
    assert_eq!(sandbox.requests().len(), 1);
    tokio::time::advance(Duration::from_secs(21)).await;
    let second = client.send(&creation).await.unwrap();
    assert_ne!(first.request_id, second.request_id);
    sandbox.kros().settle().await;
    assert_eq!(stored(&sandbox), ["a", "a"]);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn another_document_company_or_outcome_is_no_repetition() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    client.send(&Create::new(&invoice("a")).unwrap()).await.unwrap();
    client.send(&Create::new(&invoice("b")).unwrap()).await.unwrap();
    let other = sandbox.kros().token("1").unwrap();
    let other = beside(&sandbox).token(other.into()).build().unwrap();
    other.send(&Create::new(&invoice("a")).unwrap()).await.unwrap();
    // What was refused was not accepted and may be sent again.
    once(&sandbox, Fault::Reply { status: 402, retry_after: None });
    let creation = Create::new(&invoice("c")).unwrap();
    assert_eq!(client.send(&creation).await.unwrap_err().kind(), ErrorKind::PaymentRequired);
    client.send(&creation).await.unwrap();
    sandbox.kros().settle().await;
    assert_eq!(stored(&sandbox), ["a", "a", "b", "c"]);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn what_the_service_has_already_accepted_is_known_from_then_on() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let creation = Create::new(&invoice("a")).unwrap();
    once(&sandbox, Fault::LoseAnswer);
    assert_eq!(client.send(&creation).await.unwrap_err().kind(), ErrorKind::Interrupted);
    assert_eq!(client.send(&creation).await.unwrap_err().kind(), ErrorKind::AlreadyAccepted);
    assert_eq!(client.send(&creation).await.unwrap_err().kind(), ErrorKind::Duplicate);
    assert_eq!(sandbox.requests().len(), 2);
    let trusting = beside(&sandbox).duplicates(Duplicates::Send).build().unwrap();
    assert_eq!(trusting.send(&creation).await.unwrap_err().kind(), ErrorKind::AlreadyAccepted);
    sandbox.kros().settle().await;
    assert_eq!(stored(&sandbox), ["a"]);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn the_guard_watches_creations_whose_answers_are_read_by_the_caller() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let creation = Create::new(&invoice("a")).unwrap();
    let answer = client.download(&creation).await.unwrap();
    assert_eq!(answer.parts().status, 202);
    let error = client.download(&creation).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Duplicate);
    assert_eq!(client.send(&creation).await.unwrap_err().kind(), ErrorKind::Duplicate);
    assert_eq!(sandbox.requests().len(), 1);
    assert_expected(&sandbox);
}
