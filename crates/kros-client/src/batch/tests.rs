//! What must hold for batches, against scripted answers.

use common_http::{
    Body,
    scripted::{Scripted, Step as Answer},
};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    environment::Environment,
    limits::Limits,
    model::{InvoiceItem, Partner},
};

const ACCEPTED: &str = r#"{"requestId":"0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11"}"#;

fn invoices(count: usize) -> Vec<NewInvoice> {
    let invoice = |number: usize| {
        let bread = InvoiceItem::new("Chlieb", 1, 5).vat_rate(5);
        NewInvoice::new(Partner::new("Vymyslená Pekáreň s.r.o."), [bread])
            .external_id(number.to_string())
    };
    (0..count).map(invoice).collect()
}

fn client(script: &Scripted) -> Client {
    let unlimited = Limits::custom(common_core::limit::Windows::unlimited());
    Client::builder(Environment::at("https://kros.example.test/api").unwrap())
        .token("token".into())
        .transport(script.clone())
        .limits(unlimited)
        .build()
        .unwrap()
}

/// The external ids that each request carried.
fn sent(script: &Scripted) -> Vec<Vec<usize>> {
    let ids = |request: http::Request<Body>| {
        let Body::Bytes(body) = request.into_body() else { panic!("no file is sent") };
        let body: Value = serde_json::from_slice(&body).unwrap();
        let documents = body["data"].as_array().unwrap().iter();
        documents.map(|one| one["externalId"].as_str().unwrap().parse().unwrap()).collect()
    };
    script.requests().into_iter().map(ids).collect()
}

/// A refusal that names documents by their positions inside the request.
fn refusal(positions: &[Option<usize>]) -> Answer {
    let errors: Vec<_> = positions
        .iter()
        .map(|index| json!({"documentIndex": index, "errorMessage": "not good"}))
        .collect();
    Answer::answer(400, json!({"isValid": false, "errors": errors}).to_string())
}

fn accepted() -> Answer {
    Answer::answer(202, ACCEPTED)
}

fn is_refused(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Refused(_))
}

#[tokio::test]
async fn nothing_to_send_sends_nothing() {
    let script = Scripted::default();
    let report = client(&script).batch(Vec::<NewInvoice>::new()).finish().await;
    assert!(report.is_complete() && report.outcomes().is_empty() && report.pending().is_empty());
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn a_batch_that_was_not_stepped_has_sent_nothing() {
    let script = Scripted::default();
    let batch = client(&script).batch(invoices(3));
    let report = batch.report();
    assert!(report.outcomes().iter().all(|one| matches!(one, Outcome::NotSent(None))));
    assert_eq!((report.is_certain(), report.accepted(), batch.documents().len()), (true, 0, 3));
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn sizes_outside_of_1_to_100_are_taken_as_the_nearest() {
    for (size, requests) in [(0, 150), (1, 150), (100, 2), (1000, 2)] {
        let script = Scripted::new((0..requests).map(|_| accepted()));
        let options = BatchOptions::new().size(size);
        let report = client(&script).batch_with(invoices(150), options).finish().await;
        assert!(report.is_complete());
        assert_eq!(script.requests().len(), requests, "{size}");
    }
}

#[tokio::test]
async fn an_unchecked_batch_sends_what_checks_would_withhold() {
    let mut documents = invoices(2);
    documents[0].items.clear();
    let script = Scripted::new([accepted(), accepted()]);
    let checked = client(&script).batch(documents.clone()).finish().await;
    assert!(matches!(checked.outcomes()[0], Outcome::Withheld(_)));
    let unchecked = BatchOptions::new().unchecked();
    assert!(client(&script).batch_with(documents, unchecked).finish().await.is_complete());
    assert_eq!(sent(&script), [vec![1], vec![0, 1]]);
}

#[tokio::test]
async fn a_refused_index_beyond_the_request_speaks_of_the_whole() {
    let script = Scripted::new([refusal(&[Some(2), None])]);
    let mut batch = client(&script).batch(invoices(2));
    let step = batch.step().await.unwrap();
    let Verdict::Refused(rejections) = step.verdict else { panic!("refused") };
    assert!(rejections.iter().all(|one| one.document_index.is_none()));
    assert!(batch.report().outcomes().iter().all(is_refused));
    assert!(batch.step().await.is_none());
}

#[tokio::test]
async fn the_request_after_a_refusal_holds_the_others_alone() {
    let script = Scripted::new([refusal(&[Some(0), Some(0), Some(2)]), accepted(), accepted()]);
    let options = BatchOptions::new().size(3);
    let report = client(&script).batch_with(invoices(5), options).finish().await;
    assert_eq!(sent(&script), [vec![0, 1, 2], vec![1], vec![3, 4]]);
    let Outcome::Refused(both) = &report.outcomes()[0] else { panic!("refused") };
    assert_eq!(both.len(), 2);
    assert_eq!(report.accepted(), 3);
    assert_eq!(report.pending().len(), 1, "one request id is named once");
}

#[tokio::test]
async fn a_refusal_whose_findings_were_lost_says_nothing_against_the_documents() {
    let cut = Answer::answer(400, r#"{"isValid":false,"err"#);
    let script = Scripted::new([cut, accepted()]);
    let mut batch = client(&script).batch_with(invoices(4), BatchOptions::new().size(2));
    assert!(matches!(batch.step().await.unwrap().verdict, Verdict::Failed(_)));
    let report = batch.finish().await;
    let outcomes = report.outcomes();
    assert!(outcomes[..2].iter().all(|outcome| matches!(outcome, Outcome::NotSent(Some(_)))));
    assert!(outcomes[2..].iter().all(|outcome| matches!(outcome, Outcome::Accepted(_))));
}

proptest! {
    #[test]
    fn every_document_ends_where_the_service_put_it(
        count in 1usize..40,
        size in 1usize..15,
        bad in prop::collection::btree_set(0usize..40, 0..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        // The service is played by hand: it refuses a request as long as it holds a bad document.
        let mut waiting: VecDeque<Vec<usize>> =
            (0..count).collect::<Vec<_>>().chunks(size).map(<[usize]>::to_vec).collect();
        let script = Scripted::default();
        let mut expected = Vec::new();
        while let Some(request) = waiting.pop_front() {
            let wrong: Vec<_> =
                (0..request.len()).filter(|at| bad.contains(&request[*at])).map(Some).collect();
            let others: Vec<_> =
                request.iter().copied().filter(|index| !bad.contains(index)).collect();
            expected.push(request);
            if wrong.is_empty() {
                script.push(accepted());
                continue;
            }
            script.push(refusal(&wrong));
            if !others.is_empty() {
                waiting.push_front(others);
            }
        }
        let options = BatchOptions::new().size(size);
        let batch = client(&script).batch_with(invoices(count), options);
        // The guard would know two equal requests, and no two of these are equal.
        let report = runtime.block_on(batch.finish());
        prop_assert_eq!(sent(&script), expected);
        prop_assert_eq!(script.remaining(), 0);
        for (index, outcome) in report.outcomes().iter().enumerate() {
            let fits = match outcome {
                Outcome::Accepted(_) => !bad.contains(&index),
                Outcome::Refused(own) => {
                    bad.contains(&index) && own.iter().all(|one| one.document_index == Some(index))
                }
                _ => false,
            };
            prop_assert!(fits, "{}: {:?}", index, outcome);
        }
    }
}
