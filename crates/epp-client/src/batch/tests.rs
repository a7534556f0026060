//! What must hold for batches, against scripted answers.

use std::time::Duration;

use common_core::money::Amount;
use common_http::{
    TransportErrorKind,
    scripted::{Scripted, Step},
};
use serde_json::{Value, json};

use super::*;
use crate::{
    ErrorKind,
    client::testing::{lines, refusal, scripted, sent, success},
    model::PaymentOrderId,
};

const CREATE: &str = "POST /api/payment-orders";

fn order(number: usize) -> NewPaymentOrder {
    let amount = Amount::from(i64::try_from(number).unwrap() + 1);
    NewPaymentOrder::new("840-102849-41", "840-235664-72", amount)
        .external_id(format!("nalog-{number}"))
}

fn orders(count: usize) -> Vec<NewPaymentOrder> {
    (0..count).map(order).collect()
}

/// The order as the service answers it.
fn model(number: usize, id: usize, tag: Option<&str>) -> Value {
    json!({
        "id": id,
        "amount": number + 1,
        "externalId": format!("nalog-{number}"),
        "creditorBankAccount": "840000000023566472",
        "userTags": tag.map(|tag| vec![tag]),
    })
}

fn good(number: usize) -> Value {
    json!({"model": model(number, 0, None), "error": null})
}

fn bad(number: usize) -> Value {
    let error = json!({"code": "ValidationError", "message": "InvalidAmount.", "type": 1});
    json!({"model": model(number, 0, None), "error": error})
}

fn verdicts(rows: impl IntoIterator<Item = Value>) -> Step {
    success(&rows.into_iter().collect())
}

fn kinds(outcome: &BatchOutcome) -> String {
    let letter = |outcome: &Outcome| match outcome {
        Outcome::Accepted(_) => 'a',
        Outcome::Refused(_) => 'r',
        Outcome::Unknown(_) => '?',
        Outcome::NotSent(_) => '-',
    };
    outcome.outcomes().iter().map(letter).collect()
}

fn located(batch: &LocatedBatch) -> String {
    let letter = |outcome: &Located| match outcome {
        Located::Created(_) => 'c',
        Located::Refused(_) => 'r',
        Located::Unlisted => 'u',
        Located::Unknown(_) => '?',
        Located::NotSent(_) => '-',
    };
    batch.outcomes().iter().map(letter).collect()
}

#[tokio::test]
async fn nothing_to_send_sends_nothing() {
    let (client, script) = scripted([]).await;
    assert!(client.create_orders(&[]).await.is_complete());
    assert!(client.validate_orders(&[]).await.is_complete());
    assert!(client.create_and_locate(&[], &tag()).await.is_complete());
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn each_order_has_its_verdict_under_the_callers_index() {
    let (client, _) = scripted([verdicts([good(0), bad(1), good(2)])]).await;
    let outcome = client.create_orders(&orders(3)).await;
    assert_eq!((kinds(&outcome).as_str(), outcome.accepted()), ("ara", 2));
    assert!(outcome.is_certain() && !outcome.is_complete());
    let refused: Vec<_> = outcome.refused().map(|(at, error)| (at, error.to_string())).collect();
    assert_eq!(refused, [(1, "ValidationError: InvalidAmount".to_owned())]);
}

#[tokio::test]
async fn an_answer_in_another_order_is_matched_by_what_it_says() {
    let (client, _) = scripted([verdicts([bad(2), good(0), good(1)])]).await;
    assert_eq!(kinds(&client.create_orders(&orders(3)).await), "aar");
}

#[tokio::test]
async fn an_order_without_a_verdict_is_unknown_and_unjudged_when_only_validated() {
    let (client, _) = scripted([verdicts([good(2), bad(0)]), verdicts([good(2), bad(0)])]).await;
    let created = client.create_orders(&orders(3)).await;
    assert_eq!((kinds(&created).as_str(), created.is_certain()), ("r?a", false));
    let Outcome::Unknown(error) = &created.outcomes()[1] else { panic!("{created:?}") };
    assert_eq!(error.recovery(), Some(crate::Recovery::OrdersByTag));
    assert_eq!(kinds(&client.validate_orders(&orders(3)).await), "r-a");
}

#[tokio::test]
async fn a_longer_input_is_split_at_5000_and_mapped_back() {
    let second = [good(5000), bad(5001)];
    let (client, script) = scripted([verdicts((0..5000).map(good)), verdicts(second)]).await;
    let outcome = client.validate_orders(&orders(5002)).await;
    assert_eq!(outcome.refused().map(|(at, _)| at).collect::<Vec<_>>(), [5001]);
    assert_eq!(outcome.accepted(), 5001);
    assert_eq!(sent(&script, 1).as_array().unwrap().len(), 2);
    assert_eq!(sent(&script, 1)[0]["ExternalId"], "nalog-5000");
}

#[tokio::test]
async fn after_an_unknown_outcome_the_rest_is_not_sent() {
    let lost = Step::fail(TransportErrorKind::Timeout);
    let (client, script) = scripted([verdicts((0..5000).map(good)), lost]).await;
    let outcome = client.create_orders(&orders(10_003)).await;
    let kinds = kinds(&outcome);
    assert!(kinds.starts_with('a') && kinds[5000..10_000].chars().all(|kind| kind == '?'));
    assert_eq!((&kinds[10_000..], script.requests().len()), ("---", 2));
}

#[tokio::test]
async fn a_refused_request_has_created_nothing() {
    let (client, script) = scripted([refusal(403, "403")]).await;
    let outcome = client.create_orders(&orders(2)).await;
    assert_eq!((kinds(&outcome).as_str(), outcome.is_certain()), ("--", true));
    let Outcome::NotSent(error) = &outcome.outcomes()[0] else { panic!("{outcome:?}") };
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Forbidden, 1));
}

fn tag() -> BatchTag {
    "proba-2026".parse().unwrap()
}

const LOCATE: &str = "GET /api/payment-orders?PerPage=500&filter%5BUserTag%5D=proba-2026";
const NEXT: &str = "GET /api/payment-orders?PerPage=500&Page=2&filter%5BUserTag%5D=proba-2026";

/// A page of orders with the tag, under ids of their own.
fn page(rows: impl IntoIterator<Item = (usize, usize)>) -> Step {
    success(&rows.into_iter().map(|(number, id)| model(number, id, Some("proba-2026"))).collect())
}

#[tokio::test]
async fn trap_17_created_orders_are_found_by_their_tag() {
    let steps = [verdicts([good(0), bad(1), good(2)]), page([(2, 71), (0, 70)]), page([])];
    let (client, script) = scripted(steps).await;
    let batch = client.create_and_locate(&orders(3), &tag()).await;
    assert_eq!(located(&batch), "crc");
    assert_eq!(batch.ids(), [PaymentOrderId(70), PaymentOrderId(71)]);
    assert!(batch.is_certain() && !batch.is_complete() && batch.strangers().is_empty());
    assert_eq!(lines(&script), [CREATE, LOCATE, NEXT]);
    assert_eq!(sent(&script, 0)[0]["UserTags"], json!(["proba-2026"]));
}

#[tokio::test]
async fn a_lost_answer_is_resolved_by_the_list_and_nothing_is_sent_twice() {
    let lost = || Step::fail(TransportErrorKind::Interrupted);
    let (client, script) = scripted([lost(), page([(0, 70), (1, 71)]), page([])]).await;
    let batch = client.create_and_locate(&orders(2), &tag()).await;
    assert!(batch.is_complete());
    assert_eq!(lines(&script), [CREATE, LOCATE, NEXT]);
    let (client, script) = scripted([lost(), page([]), page([(1, 71)]), page([])]).await;
    let mut batch = client.create_and_locate(&orders(2), &tag()).await;
    assert_eq!((located(&batch).as_str(), batch.is_certain()), ("??", false));
    batch.update(client.locate(&orders(2), &tag()).await.unwrap());
    assert_eq!((located(&batch).as_str(), batch.tag()), ("?c", &tag()));
    assert_eq!(lines(&script), [CREATE, LOCATE, LOCATE, NEXT]);
}

#[tokio::test]
async fn an_order_that_was_created_twice_is_a_stranger() {
    let steps = [verdicts([good(0)]), page([(0, 71), (0, 70)]), page([])];
    let (client, _) = scripted(steps).await;
    let batch = client.create_and_locate(&orders(1), &tag()).await;
    assert_eq!(batch.ids(), [PaymentOrderId(70)]);
    let strangers: Vec<_> = batch.strangers().iter().map(|order| order.id).collect();
    assert_eq!(strangers, [Some(PaymentOrderId(71))]);
}

#[tokio::test]
async fn orders_of_others_are_not_taken_although_they_look_alike() {
    let other = success(&json!([
        model(0, 60, None),
        model(0, 61, Some("proba-2025")),
        model(0, 0, Some("proba-2026")),
    ]));
    let (client, _) = scripted([verdicts([good(0)]), other, page([])]).await;
    let batch = client.create_and_locate(&orders(1), &tag()).await;
    assert_eq!((located(&batch).as_str(), batch.is_certain()), ("u", false));
    assert!(batch.strangers().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_failed_search_leaves_what_the_creation_said() {
    let (client, _) = scripted([verdicts([good(0), bad(1)]), refusal(403, "403")]).await;
    let mut batch = client.create_and_locate(&orders(2), &tag()).await;
    assert_eq!(located(&batch), "ur");
    assert_eq!(batch.lookup_error().map(Error::kind), Some(ErrorKind::Forbidden));
    batch.update(Lookup { found: vec![None, None], strangers: Vec::new() });
    assert!(batch.lookup_error().is_none());
}

#[tokio::test]
async fn a_search_reads_every_page_and_stops_when_the_service_does_not_page() {
    let first = page((0..500).map(|number| (number, 1000 + number)));
    let steps = [first, page([(499, 1499), (500, 1500)])];
    let (client, script) = scripted(steps).await;
    let lookup = client.locate(&orders(501), &tag()).await.unwrap();
    assert!(lookup.found.iter().all(Option::is_some) && lookup.strangers.is_empty());
    assert!(lines(&script)[1].contains("PerPage=500&Page=2&"), "{:?}", lines(&script));
    let full = || page((0..500).map(|number| (number, 1000 + number)));
    let (client, script) = scripted([full(), full()]).await;
    let error = client.locate(&orders(1), &tag()).await.unwrap_err();
    assert_eq!((error.kind(), script.remaining()), (ErrorKind::Unexpected, 0));
}

#[tokio::test]
async fn a_search_is_not_ended_by_a_service_whose_pages_are_smaller() {
    let rows = |from: usize, to: usize| page((from..to).map(|number| (number, 1000 + number)));
    let (client, script) = scripted([rows(0, 100), rows(100, 200), rows(200, 250)]).await;
    let lookup = client.locate(&orders(250), &tag()).await.unwrap();
    assert!(lookup.found.iter().all(Option::is_some) && script.remaining() == 0);
}

#[tokio::test(start_paused = true)]
async fn a_search_ends_where_the_service_knows_no_further_page() {
    let found = async |steps: Vec<Step>| {
        let (client, script) = scripted(steps).await;
        let lookup = client.locate(&orders(1), &tag()).await.map_err(|error| error.kind());
        lookup.map(|lookup| (lookup.found[0].is_some(), script.remaining()))
    };
    let one = || page([(0, 70)]);
    assert_eq!(found(vec![one(), refusal(404, "404")]).await, Ok((true, 0)));
    assert_eq!(found(vec![one(), refusal(200, "NotFound")]).await, Ok((true, 0)));
    assert_eq!(found(vec![one(), one()]).await, Ok((true, 0)));
    assert_eq!(found(vec![refusal(404, "404")]).await, Err(ErrorKind::NotFound));
    assert_eq!(found(vec![one(), refusal(400, "400")]).await, Err(ErrorKind::Invalid));
    let trouble = (0..20).map(|_| refusal(503, "404"));
    let trouble = found([one()].into_iter().chain(trouble).collect()).await;
    assert_eq!(trouble, Err(ErrorKind::NotFound));
}

#[tokio::test]
async fn a_page_that_comes_again_gives_no_order_twice() {
    use futures_util::TryStreamExt;

    let (client, _) = scripted([page([(0, 70), (1, 71)]), page([(1, 71), (0, 70)])]).await;
    let list = crate::payment_orders::List::new().per_page(500);
    let items: Vec<_> = client.items(list).try_collect().await.unwrap();
    assert_eq!(items.len(), 2);
}

/// A payment on that day, without an external id, as it is sent and as it is answered.
fn dated(number: usize, day: &str) -> NewPaymentOrder {
    order(number).external_id("").expected_payment_date(day)
}

fn dated_model(number: usize, id: usize, day: &str) -> Value {
    let mut model = model(number, id, Some("proba-2026"));
    model["externalId"] = Value::Null;
    model["expectedPaymentDate"] = day.into();
    model
}

#[tokio::test]
async fn an_order_whose_day_was_moved_is_accepted_and_found() {
    let all = [dated(0, "2026-02-07"), dated(1, "2026-02-06")];
    let row = |number, id| dated_model(number, id, "2026-02-09T00:00:00");
    let answer = [0, 1].map(|number| json!({"model": row(number, 0), "error": null}));
    let steps = [verdicts(answer), success(&json!([row(1, 71), row(0, 70)])), page([])];
    let (client, _) = scripted(steps).await;
    let batch = client.create_and_locate(&all, &tag()).await;
    assert_eq!(batch.ids(), [PaymentOrderId(70), PaymentOrderId(71)], "{batch:?}");
}

#[tokio::test]
async fn a_moved_day_makes_no_other_order_of_the_request_uncertain() {
    let all = [dated(0, "2026-02-07"), order(1).external_id("")];
    // The second row says so little that only its place tells whose it is.
    let rows = [
        json!({"model": dated_model(0, 0, "2026-02-09"), "error": null}),
        json!({"model": {"id": 0}, "error": null}),
    ];
    let (client, _) = scripted([verdicts(rows)]).await;
    assert_eq!(kinds(&client.create_orders(&all).await), "aa");
}

#[tokio::test]
async fn of_two_instalments_only_the_one_that_is_listed_was_created() {
    let all = [dated(0, "2026-02-07"), dated(0, "2026-03-07")];
    let lost = Step::fail(TransportErrorKind::Interrupted);
    let listed = success(&json!([dated_model(0, 70, "7.3.2026")]));
    let (client, _) = scripted([lost, listed, page([])]).await;
    let batch = client.create_and_locate(&all, &tag()).await;
    assert_eq!(located(&batch), "?c");
}

#[tokio::test]
async fn an_order_is_not_given_the_result_of_another_debtors() {
    let of = |debtor: &str| {
        NewPaymentOrder::new(debtor, "840-235664-72", Amount::from(1)).payment_basis("Zakup")
    };
    let both = [of("840-102849-41"), of("840-1992-69")];
    let listed = json!({
        "id": 70, "amount": 1, "paymentBasis": "Zakup", "userTags": ["proba-2026"],
        "debtorBankAccount": "840000000000199269", "creditorBankAccount": "840000000023566472",
    });
    let lost = Step::fail(TransportErrorKind::Interrupted);
    let (client, _) = scripted([lost, success(&json!([listed])), page([])]).await;
    let batch = client.create_and_locate(&both, &tag()).await;
    assert_eq!(located(&batch), "?c");
}

#[tokio::test]
async fn a_permuted_answer_puts_no_refusal_on_another_order() {
    let of = |basis: &str| {
        NewPaymentOrder::new("840-102849-41", "840-235664-72", Amount::from(1)).payment_basis(basis)
    };
    let model = |basis: &str| json!({"amount": 1, "paymentBasis": basis, "creditorBankAccount": "840000000023566472"});
    let error = json!({"code": "ValidationError", "message": "InvalidAmount."});
    let rows = [
        json!({"model": model("Februar"), "error": error}),
        json!({"model": model("Januar"), "error": null}),
    ];
    let (client, _) = scripted([verdicts(rows)]).await;
    assert_eq!(kinds(&client.create_orders(&[of("Januar"), of("Februar")]).await), "ar");
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_future_is_dropped_can_be_looked_for() {
    let slow = verdicts([good(0)]).after(Duration::from_secs(60));
    let script = Scripted::new([slow, page([(0, 70)]), page([])]);
    let client = crate::client::testing::client(script.clone());
    let pair = crate::session::TokenPair::new("a".into(), "r".into());
    client.session().import(pair).await.unwrap();
    let (orders, tag) = (orders(1), tag());
    let creating = client.create_and_locate(&orders, &tag);
    assert!(tokio::time::timeout(Duration::from_secs(1), creating).await.is_err());
    let lookup = client.locate(&orders, &tag).await.unwrap();
    assert_eq!(lookup.found[0].as_ref().and_then(|order| order.id), Some(PaymentOrderId(70)));
}
