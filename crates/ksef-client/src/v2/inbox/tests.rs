//! Answers that the double does not give, on a script.

use common_core::clock::SystemClock;
use common_http::scripted::Step;
use common_store::MemoryStore;
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    ErrorKind,
    client::testing::account,
    wire::InvoiceQuerySubjectType::{Subject1, Subject2},
};

fn row(number: &str, second: u32) -> Value {
    json!({"ksefNumber": number, "permanentStorageDate": format!("2026-01-01T00:00:{second:02}Z")})
}

fn page(rows: &[Value], more: bool) -> Step {
    let mark = "2026-01-02T00:00:00Z";
    let body = json!({"hasMore": more, "invoices": rows, "permanentStorageHwmDate": mark});
    Step::answer(200, body.to_string())
}

fn inbox() -> Inbox {
    Inbox::new(Arc::new(MemoryStore::new(Arc::new(SystemClock::new()))), "scripted").unwrap()
}

async fn collector<const N: usize>(inbox: &Inbox, script: [Step; N]) -> Collector {
    let since = "2026-01-01T00:00:00Z".parse().unwrap();
    let options = CollectorOptions::new("a", since).interval(Duration::ZERO);
    inbox.collector(account(script).await.0, options)
}

async fn numbers(inbox: &Inbox) -> String {
    let arrivals = inbox.arrivals(Subject2, Position::START, 100).await.unwrap();
    arrivals.into_iter().map(|arrival| arrival.metadata.ksef_number).collect()
}

fn kind(step: Result<Collected, DurableError>) -> ErrorKind {
    match step {
        Err(DurableError::Ksef(error)) => error.kind(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_mark_is_an_error_and_brings_nothing() {
    let unmarked = json!({"hasMore": false, "invoices": [row("A", 1)]}).to_string();
    let script = [Step::answer(200, unmarked), page(&[row("A", 1)], false)];
    let inbox = inbox();
    let collector = collector(&inbox, script).await;
    assert_eq!(kind(collector.step(Subject2).await), ErrorKind::Unreadable);
    assert_eq!(numbers(&inbox).await, "");
    assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(1));
    assert_eq!(numbers(&inbox).await, "A");
}

/// `B` and `C` were stored at the same moment and change places between two pages; then the service
/// fails, and another step goes on.
#[tokio::test(start_paused = true)]
async fn an_invoice_that_was_passed_over_while_rows_changed_places_arrives() {
    let script = [
        page(&[row("A", 1), row("B", 2)], true),
        page(&[row("B", 2), row("D", 3)], true),
        Step::answer(400, "{}"),
        page(&[row("C", 2), row("B", 2), row("D", 3)], false),
    ];
    let inbox = inbox();
    let collector = collector(&inbox, script).await;
    assert_eq!(kind(collector.step(Subject2).await), ErrorKind::Invalid);
    assert_eq!(numbers(&inbox).await, "ABD");
    assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(1));
    assert_eq!(numbers(&inbox).await, "ABDC");
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_one_of_its_role() {
    let inbox = inbox();
    let at = "2026-01-01T00:00:00Z".parse().unwrap();
    assert!(inbox.start_over(Checkpoint::starting(Subject1, at)).await.unwrap());
    assert_eq!(inbox.checkpoint(Subject2).await.unwrap(), None);
    let kept = inbox.checkpoint(Subject1).await.unwrap().unwrap();
    assert_eq!((kept.role(), kept.through()), (Subject1, at));
}
