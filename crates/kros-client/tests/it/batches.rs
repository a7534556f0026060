//! Batches: splitting, indexes, refusals, uncertain outcomes, cancellation.

use kros_client::{
    Client, Duplicates, ErrorKind,
    batch::{AfterRefusal, AfterTrouble, Batch, BatchOptions, BatchReport, Outcome, Step, Verdict},
    check::Rule,
    model::NewInvoice,
};
use sandbox::{Sandbox, fault::Fault, fault::Rule as FaultRule, fault::Turn};

use crate::support::{
    SEEDS, assert_expected, beside, dropped_after, hostile, in_process, invoice, invoices,
    over_socket, payment, refusable, stored, unlimited, unlimited_client,
};

/// One letter for each outcome, so that a whole batch is compared at a glance.
fn letters(report: &BatchReport) -> String {
    let letter = |outcome: &Outcome| match outcome {
        Outcome::Withheld(_) => 'w',
        Outcome::Accepted(_) => 'a',
        Outcome::AlreadyAccepted => '=',
        Outcome::Refused(_) => 'r',
        Outcome::Unknown(_) => '?',
        Outcome::NotSent(_) => '-',
        _ => '!',
    };
    report.outcomes().iter().map(letter).collect()
}

/// Runs a batch to its end and gives its steps.
async fn steps(batch: &mut Batch<NewInvoice>) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some(step) = batch.step().await {
        steps.push(step);
    }
    steps
}

fn sizes(steps: &[Step]) -> Vec<usize> {
    steps.iter().map(|step| step.documents.len()).collect()
}

/// Two hundred and fifty documents, of which one is refused and two are withheld.
fn mixed() -> Vec<NewInvoice> {
    let mut documents = invoices("m", 250);
    documents[3].currency = Some("euro".to_owned());
    documents[120] = refusable("m-120");
    documents[249].items.clear();
    documents
}

/// The batch endpoint answers so on that request.
fn on_batch(sandbox: &Sandbox, nth: u64, fault: Fault) {
    let rule = FaultRule::new(fault).on(&http::Method::POST, "/invoices/batch");
    sandbox.kros().faults().push(rule.turn(Turn::Nth(nth)));
}

async fn settled(sandbox: &Sandbox) -> usize {
    sandbox.kros().settle().await;
    stored(sandbox).len()
}

#[tokio::test(start_paused = true)]
async fn any_number_is_split_into_hundreds() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let mut batch = client.batch(invoices("a", 250));
    let steps = steps(&mut batch).await;
    assert_eq!(sizes(&steps), [100, 100, 50]);
    assert_eq!((steps[1].documents[0], steps[2].documents[49]), (100, 249));
    let report = batch.report();
    assert!(report.is_complete() && report.is_certain());
    let pending = report.pending();
    assert_eq!(pending.len(), 3);
    assert!(matches!(report.outcomes()[150], Outcome::Accepted(one) if one == pending[1]));
    assert_eq!(settled(&sandbox).await, 250);
    // The notifications name the same requests.
    let mut told: Vec<_> =
        sandbox.kros().notifications().into_iter().map(|one| one.request_id).collect();
    let mut known: Vec<_> = pending.iter().map(|one| one.request_id.to_string()).collect();
    told.sort();
    known.sort();
    assert_eq!(told, known);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn findings_and_refusals_carry_the_callers_indexes() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let mut batch = client.batch(mixed());
    let steps = steps(&mut batch).await;
    // 248 are sendable; the second hundred is refused and sent again without the culprit.
    assert_eq!(sizes(&steps), [100, 100, 99, 48]);
    assert_eq!(steps[0].documents[3], 4);
    let Verdict::Refused(rejections) = &steps[1].verdict else { panic!("{:?}", steps[1]) };
    assert_eq!(rejections[0].document_index, Some(120));
    assert!(!steps[2].documents.contains(&120) && steps[2].documents.contains(&121));
    let report = batch.report();
    let expected: String = (0..250)
        .map(|index| match index {
            3 | 249 => 'w',
            120 => 'r',
            _ => 'a',
        })
        .collect();
    assert_eq!(letters(&report), expected);
    assert_eq!((report.accepted(), report.is_complete()), (247, false));
    let Outcome::Withheld(findings) = &report.outcomes()[3] else { panic!("withheld") };
    assert_eq!((findings[0].rule, findings[0].document_index), (Rule::Currency, Some(3)));
    let Outcome::Refused(own) = &report.outcomes()[120] else { panic!("refused") };
    assert_eq!(own[0].property_path.as_deref(), Some("items[0].vatRate"));
    assert!(report.warnings().iter().any(|one| one.document_index == Some(120)));
    assert_eq!(settled(&sandbox).await, 247);
    assert!(!stored(&sandbox).contains(&"m-120".to_owned()));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn the_others_of_a_refused_request_may_be_left() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let options = BatchOptions::new().size(2).after_refusal(AfterRefusal::LeaveTheOthers);
    let documents = vec![invoice("a"), refusable("b"), invoice("c"), invoice("d")];
    let mut batch = client.batch_with(documents, options);
    assert_eq!(sizes(&steps(&mut batch).await), [2, 2]);
    let (documents, report) = batch.into_parts();
    assert_eq!((letters(&report), documents.len()), ("-raa".to_owned(), 4));
    let Outcome::NotSent(Some(reason)) = &report.outcomes()[0] else { panic!("a reason") };
    assert_eq!(reason.kind(), ErrorKind::Invalid);
    assert!(report.is_certain());
    assert_eq!(settled(&sandbox).await, 2);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_findings_leaves_its_documents_unsent_and_the_rest_goes_on() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    on_batch(&sandbox, 1, Fault::Reply { status: 400, retry_after: None });
    let report = client.batch_with(invoices("a", 4), BatchOptions::new().size(2)).finish().await;
    assert_eq!(letters(&report), "--aa");
    let Outcome::NotSent(Some(reason)) = &report.outcomes()[0] else { panic!("a reason") };
    assert_eq!(reason.kind(), ErrorKind::Invalid);
    assert_eq!(settled(&sandbox).await, 2);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_said_to_be_unknown_and_stops_the_rest() {
    for (fault, stored_in_the_end) in [(Fault::LoseAnswer, 4), (Fault::DropRequest, 2)] {
        let sandbox = unlimited().await;
        let client = unlimited_client(&sandbox);
        on_batch(&sandbox, 2, fault);
        let mut batch = client.batch_with(invoices("a", 6), BatchOptions::new().size(2));
        assert_eq!(sizes(&steps(&mut batch).await), [2, 2]);
        let report = batch.report();
        assert_eq!(letters(&report), "aa??--");
        assert!(!report.is_certain());
        let Outcome::Unknown(Some(error)) = &report.outcomes()[3] else { panic!("an error") };
        assert!(error.may_have_happened());
        assert!(matches!(&report.outcomes()[4], Outcome::NotSent(Some(_))));
        assert_eq!(settled(&sandbox).await, stored_in_the_end);
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn after_trouble_the_rest_is_sent_where_that_is_wished() {
    for (fault, expected) in [
        (Fault::LoseAnswer, "aa??aa"),
        (Fault::Reply { status: 503, retry_after: None }, "aa??aa"),
        (Fault::Reply { status: 404, retry_after: None }, "aa----"),
        (Fault::Unauthorized, "aa----"),
        (Fault::Reply { status: 402, retry_after: None }, "aa----"),
    ] {
        let sandbox = unlimited().await;
        let client = unlimited_client(&sandbox);
        on_batch(&sandbox, 2, fault);
        let options = BatchOptions::new().size(2).after_trouble(AfterTrouble::GoOn);
        let report = client.batch_with(invoices("a", 6), options).finish().await;
        assert_eq!(letters(&report), expected, "{fault:?}");
        assert!(settled(&sandbox).await >= report.accepted());
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_batch_is_already_accepted_whoever_notices() {
    for duplicates in [Duplicates::Refuse, Duplicates::Send] {
        let sandbox = unlimited().await;
        let client = beside(&sandbox).duplicates(duplicates).build().unwrap();
        let first = client.batch(invoices("a", 2)).finish().await;
        let second = client.batch(invoices("a", 2)).finish().await;
        assert_eq!((letters(&first), letters(&second)), ("aa".to_owned(), "==".to_owned()));
        assert!(second.is_complete() && second.pending().is_empty());
        let requests = if duplicates == Duplicates::Refuse { 1 } else { 2 };
        assert_eq!(sandbox.requests().len(), requests);
        assert_eq!(settled(&sandbox).await, 2);
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn equal_documents_of_one_batch_are_not_taken_for_each_other() {
    for (duplicates, kind) in
        [(Duplicates::Refuse, ErrorKind::Duplicate), (Duplicates::Send, ErrorKind::AlreadyAccepted)]
    {
        let sandbox = unlimited().await;
        let client = beside(&sandbox).duplicates(duplicates).build().unwrap();
        let mut bread = invoice("bread");
        bread.external_id = None;
        let options = BatchOptions::new().size(1).after_trouble(AfterTrouble::GoOn);
        let documents = vec![bread.clone(), bread, invoice("other")];
        let report = client.batch_with(documents, options).finish().await;
        assert_eq!((letters(&report), report.accepted()), ("a-a".to_owned(), 2));
        let Outcome::NotSent(Some(reason)) = &report.outcomes()[1] else { panic!("a reason") };
        assert_eq!(reason.kind(), kind);
        assert_eq!(settled(&sandbox).await, 1, "one has a name");
        assert_eq!(sandbox.kros().documents().len(), 2);
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn payments_go_in_batches_too() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let payments: Vec<_> = (0..130).map(|number| payment(&format!("p-{number}"))).collect();
    let report = client.batch(payments).finish().await;
    assert_eq!((report.accepted(), report.pending().len()), (130, 2));
    sandbox.kros().settle().await;
    assert_eq!(sandbox.kros().payments().len(), 130);
    assert_expected(&sandbox);
}

/// A batch of three requests, the second of which is dropped after so many waits.
async fn cut_batch(client: &Client, pauses: usize) -> (Batch<NewInvoice>, bool) {
    let options = BatchOptions::new().size(1);
    let mut batch = client.batch_with(invoices(&format!("cut-{pauses}"), 3), options);
    batch.step().await.unwrap();
    let ended = dropped_after(batch.step(), pauses).await.is_some();
    (batch, ended)
}

#[tokio::test(start_paused = true)]
async fn a_step_that_is_dropped_anywhere_keeps_what_is_known() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    let mut unknown = 0;
    for pauses in 0.. {
        let (mut batch, ended) = cut_batch(&client, pauses).await;
        if ended {
            assert_eq!(letters(&batch.report()), "aa-");
            break;
        }
        let before = batch.report();
        assert_eq!(letters(&before), "a?-", "{pauses}");
        assert!(matches!(before.outcomes()[1], Outcome::Unknown(None)));
        assert_eq!(batch.step().await.unwrap().documents, [2]);
        assert_eq!(letters(&batch.report()), "a?a");
        assert!(batch.step().await.is_none());
        unknown += 1;
        let documents = settled(&sandbox).await;
        assert!((2 * unknown..=3 * unknown).contains(&documents), "{documents} of {unknown}");
    }
    assert!(unknown >= 3, "the step waits {unknown} times only");
    assert_expected(&sandbox);
}

#[tokio::test]
async fn hostile_sandboxes_lose_and_double_nothing() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let options = BatchOptions::new().size(30).after_trouble(AfterTrouble::GoOn);
        let report = client.batch_with(invoices("h", 120), options).finish().await;
        sandbox.kros().settle().await;
        let stored = stored(&sandbox);
        for (index, outcome) in report.outcomes().iter().enumerate() {
            let count = stored.iter().filter(|id| **id == format!("h-{index}")).count();
            match outcome {
                Outcome::Accepted(_) => assert_eq!(count, 1, "{index} in {seed}"),
                Outcome::Unknown(_) => assert!(count <= 1, "{index} in {seed}"),
                other => panic!("{index} in {seed}: {other:?}"),
            }
        }
        assert_expected(&sandbox);
    }
}
