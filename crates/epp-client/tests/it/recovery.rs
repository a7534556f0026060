//! After a lost answer: nothing is sent again, the error names the query, and the query tells.

use std::time::Duration;

use epp_client::{
    Client, ErrorKind, Recovery,
    batch::{Located, Outcome},
    model::PaymentOrderId,
    payments::{PaymentRecord, Start, Verdict},
};
use http::Method;
use sandbox::{Sandbox, epp::PageShape, fault::Fault};

use crate::support::{
    assert_error, assert_expected, beside, created, in_process, once, orders, otp, started, stored,
    tag,
};

const CREATE: (Method, &str) = (Method::POST, "/payment-orders");
const START: (Method, &str) = (Method::POST, "/payments");
const CONFIRM: (Method, &str) = (Method::PUT, "/payments");

async fn scene() -> (Sandbox, Client) {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    (sandbox, client)
}

fn count(sandbox: &Sandbox, (method, path): &(Method, &str)) -> usize {
    let requests = sandbox.epp().requests();
    requests.iter().filter(|one| one.method == method.as_str() && one.path.ends_with(path)).count()
}

#[tokio::test(start_paused = true)]
async fn orders_whose_answer_was_lost_are_found_by_their_tag() {
    for fault in
        [Fault::LoseAnswer, Fault::MaskAnswer { status: 503 }, Fault::CutAnswer { after: 9 }]
    {
        let (sandbox, client) = scene().await;
        once(&sandbox, &CREATE.0, CREATE.1, fault);
        let batch = client.create_and_locate(&orders(&sandbox, "a", 7), &tag(1)).await;
        assert!(batch.is_complete(), "{batch:?}");
        assert_eq!((batch.ids().len(), batch.strangers().len()), (7, 0));
        assert_eq!((stored(&sandbox, tag(1).as_str()), count(&sandbox, &CREATE)), (7, 1));
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn orders_are_all_found_where_pages_are_smaller_than_asked_for() {
    for shape in [PageShape::Bare, PageShape::Rows, PageShape::Items] {
        let (sandbox, client) = scene().await;
        sandbox.epp().set_page_shape(shape);
        sandbox.epp().set_largest_page(100);
        once(&sandbox, &CREATE.0, CREATE.1, Fault::LoseAnswer);
        let batch = client.create_and_locate(&orders(&sandbox, "a", 250), &tag(1)).await;
        assert!(batch.is_complete(), "{shape:?}: {} found", batch.ids().len());
        assert_eq!((batch.ids().len(), batch.strangers().len()), (250, 0));
        let ids = &batch.ids()[..200];
        let payment = started(&client, ids).await;
        let state = client.payment_state(payment.record()).await.unwrap();
        assert_eq!((state.orders.len(), state.verdict()), (200, Verdict::NotPaid));
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn orders_that_never_arrived_stay_unknown_until_the_caller_has_waited() {
    let (sandbox, client) = scene().await;
    once(&sandbox, &CREATE.0, CREATE.1, Fault::DropRequest);
    let all = orders(&sandbox, "a", 3);
    let batch = client.create_and_locate(&all, &tag(1)).await;
    for outcome in batch.outcomes() {
        let Located::Unknown(error) = outcome else { panic!("{outcome:?}") };
        assert_eq!(error.recovery(), Some(Recovery::OrdersByTag));
    }
    let lookup = client.locate(&all, &tag(1)).await.unwrap();
    assert!(lookup.found.iter().all(Option::is_none) && lookup.strangers.is_empty());
    assert!(client.create_and_locate(&all, &tag(2)).await.is_complete());
    assert_eq!(sandbox.epp().orders().len(), 3);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_creation_that_arrives_late_is_found_by_a_later_lookup() {
    let (sandbox, client) = scene().await;
    once(&sandbox, &CREATE.0, CREATE.1, Fault::DelayBefore { ms: 200_000 });
    let all = orders(&sandbox, "a", 3);
    let mut batch = client.create_and_locate(&all, &tag(1)).await;
    assert!(!batch.is_certain());
    tokio::time::sleep(Duration::from_secs(60)).await;
    batch.update(client.locate(&all, &tag(1)).await.unwrap());
    let there = stored(&sandbox, tag(1).as_str());
    assert_eq!(batch.ids().len(), there, "what is stored is found, and nothing else");
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answer_was_lost_lapses_and_nothing_is_paid() {
    let (sandbox, client) = scene().await;
    let ids = created(&client, &sandbox, "a", 2).await;
    once(&sandbox, &START.0, START.1, Fault::LoseAnswer);
    let error = client.start_payment(&Start::new(ids.clone())).await.unwrap_err();
    assert_error(&error, ErrorKind::Interrupted, true);
    assert_eq!(error.recovery(), Some(Recovery::PaymentLapses));
    assert_eq!((count(&sandbox, &START), sandbox.epp().payments().len()), (1, 1));
    let colleague = beside(&sandbox, "drugi");
    colleague.start_payment(&Start::new(ids.clone())).await.unwrap_err();
    tokio::time::advance(Duration::from_secs(121)).await;
    let payment = started(&colleague, &ids).await;
    let otp = otp(&sandbox, payment.record());
    payment.confirm(&otp).await.unwrap();
    let confirmed = sandbox.epp().payments().into_iter().filter(|one| one.payment_tag.is_some());
    assert_eq!(confirmed.count(), 1);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_whose_answer_was_lost_is_found_paid_and_never_sent_again() {
    for fault in
        [Fault::LoseAnswer, Fault::MaskAnswer { status: 408 }, Fault::CutAnswer { after: 9 }]
    {
        let (sandbox, client) = scene().await;
        let ids = created(&client, &sandbox, "a", 3).await;
        let payment = started(&client, &ids).await;
        let otp = otp(&sandbox, payment.record());
        once(&sandbox, &CONFIRM.0, CONFIRM.1, fault);
        let error = payment.confirm(&otp).await.unwrap_err();
        assert_eq!(error.error().recovery(), Some(Recovery::PaymentState));
        assert!(error.may_have_happened());
        let record = error.into_payment().unwrap_err();
        let verdict = client.payment_state(&record).await.unwrap().verdict();
        assert_eq!((verdict, count(&sandbox, &CONFIRM)), (Verdict::Paid, 1));
        sandbox.epp().settle().await;
        assert!(sandbox.epp().orders().iter().all(|order| order.executions == 1));
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn a_payment_outlives_its_program_and_is_confirmed_by_another_one() {
    let (sandbox, client) = scene().await;
    let ids = created(&client, &sandbox, "a", 2).await;
    let payment = started(&client, &ids).await;
    let otp = otp(&sandbox, payment.record());
    once(&sandbox, &CONFIRM.0, CONFIRM.1, Fault::DropRequest);
    let stored = serde_json::to_string(payment.record()).unwrap();
    drop((payment.confirm(&otp).await.unwrap_err(), client));

    let next = beside(&sandbox, "prvi");
    let record: PaymentRecord = serde_json::from_str(&stored).unwrap();
    let before = next.payment_state(&record).await.unwrap();
    assert_eq!(before.verdict(), Verdict::NotPaid);
    next.resume_payment(record.clone()).confirm(&otp).await.unwrap();
    // A third run that was not told looks in vain for a promise that nothing was paid.
    let third = beside(&sandbox, "prvi").resume_payment(record.clone());
    assert!(third.confirm(&otp).await.unwrap_err().may_have_happened());
    assert_eq!(next.payment_state(&record).await.unwrap().verdict(), Verdict::Paid);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_payment_that_differs_from_what_was_meant_is_not_confirmed() {
    let (sandbox, client) = scene().await;
    let ids = created(&client, &sandbox, "a", 2).await;
    let wrong = Start::new(ids).expecting(4.into());
    let payment = client.start_payment(&wrong).await.unwrap();
    assert_eq!(payment.discrepancies().len(), 1);
    let otp = otp(&sandbox, payment.record());
    let error = payment.confirm(&otp).await.unwrap_err();
    assert_error(error.error(), ErrorKind::Discrepancy, false);
    assert_eq!(count(&sandbox, &CONFIRM), 0);
    error.into_payment().unwrap().accept_discrepancies().confirm(&otp).await.unwrap();
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_long_batch_is_split_and_stops_at_what_is_unknown() {
    let (sandbox, client) = scene().await;
    let all = orders(&sandbox, "long", 5_001);
    let validated = client.validate_orders(&all).await;
    assert_eq!((validated.accepted(), sandbox.epp().orders().len()), (5_001, 0));
    once(&sandbox, &CREATE.0, CREATE.1, Fault::LoseAnswer);
    let outcome = client.create_orders(&all).await;
    let (first, rest) = outcome.outcomes().split_at(5_000);
    assert!(first.iter().all(|one| matches!(one, Outcome::Unknown(_))));
    assert!(matches!(rest, [Outcome::NotSent(_)]), "{rest:?}");
    assert_eq!((count(&sandbox, &CREATE), sandbox.epp().orders().len()), (1, 5_000));
    let outcome = client.create_orders(&all).await;
    assert_eq!((outcome.accepted(), count(&sandbox, &CREATE)), (5_001, 3));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_long_payment_is_refused_here_and_never_split() {
    let (sandbox, client) = scene().await;
    let start = Start::new((1..=5_001).map(PaymentOrderId));
    assert_error(&client.start_payment(&start).await.unwrap_err(), ErrorKind::Input, false);
    assert_eq!(count(&sandbox, &START), 0);
    assert_expected(&sandbox);
}
