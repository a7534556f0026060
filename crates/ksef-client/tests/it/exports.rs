//! Queries over more than one query gives: headers and originals, split, once each, byte by byte.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use common_core::poll::PollSchedule;
use futures_util::{StreamExt, TryStreamExt};
use http::Method;
use ksef_client::v1::{
    ErrorKind, Progress, Session,
    queries::{ExportOptions, InvoiceQuery, QueryStatus},
    session::SessionState,
    wire,
};
use ksef_crypto::package::OpenLimits;
use sandbox::{
    Sandbox,
    fault::{Fault, Rule},
    ksef_v1::{Process, Step, StepFault},
};

use crate::support::{
    ALFA, SEEDS, assert_expected, beside, hostile, in_process, invoice, over_socket, owner,
    persistent_owner, quick, session,
};

const FETCH: &str =
    "/online/Query/Invoice/Async/Fetch/{QueryElementReferenceNumber}/{PartElementReferenceNumber}";

/// Everything that was accepted around the sandbox's day.
fn recent() -> wire::QueryCriteriaInvoiceV2 {
    let at = |text: &str| text.parse().unwrap();
    let (from, to) = (at("2026-01-31T00:00:00Z"), at("2026-01-31T16:00:00Z"));
    let role = wire::SubjectRole::Subject1;
    wire::QueryCriteriaInvoiceV2::Incremental(wire::QueryCriteriaInvoiceIncremental::new(
        from, to, role,
    ))
}

/// Everything that was issued in January.
fn january() -> wire::QueryCriteriaInvoiceV2 {
    let at = |text: &str| text.parse().unwrap();
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-31T12:00:00Z"));
    let role = wire::SubjectRole::Subject1;
    wire::QueryCriteriaInvoiceV2::Range(wire::QueryCriteriaInvoiceRange::new(from, to, role))
}

/// Fills the sandbox; the bytes by KSeF number.
async fn filled(sandbox: &Sandbox, count: usize) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for number in 0..count {
        let text = String::from_utf8(invoice(&format!("E/{number}"))).unwrap();
        let day = format!("<P_1>2026-01-{:02}</P_1>", number % 28 + 1);
        let bytes = text.replace("<P_1>2026-01-31</P_1>", &day).into_bytes();
        let added = sandbox.ksef_v1().add_invoice(bytes.clone().into()).unwrap();
        all.insert(added.ksef_number, bytes);
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    all
}

async fn headers(session: &Session, criteria: wire::QueryCriteriaInvoiceV2) -> Vec<String> {
    let rows: Vec<_> = session.invoice_headers(criteria).try_collect().await.unwrap();
    let mut numbers: Vec<_> =
        rows.into_iter().map(|row| row.ksef_reference_number.unwrap()).collect();
    numbers.sort();
    numbers
}

#[tokio::test(start_paused = true)]
async fn headers_of_more_than_a_query_gives_come_once_each() {
    let sandbox = in_process().await;
    let all = filled(&sandbox, 130).await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let expected: Vec<_> = all.keys().cloned().collect();
    for largest in [10_100, 129, 20, 7] {
        sandbox.ksef_v1().set_largest_result(largest);
        assert_eq!(headers(&session, recent()).await, expected, "{largest}");
        assert_eq!(headers(&session, january()).await, expected, "{largest}");
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_moment_that_holds_too_much_is_an_error() {
    let sandbox = in_process().await;
    filled(&sandbox, 30).await;
    sandbox.ksef_v1().set_largest_result(1);
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    // Each day but two has one invoice; in the first two days two were issued.
    let error = session.invoice_headers(january()).try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyResults);
    let rows: Vec<_> = session.invoice_headers(recent()).try_collect().await.unwrap();
    assert_eq!(rows.len(), 30);
}

#[tokio::test(start_paused = true)]
async fn what_is_accepted_while_reading_moves_nothing() {
    let sandbox = in_process().await;
    let all = filled(&sandbox, 120).await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let mut rows = std::pin::pin!(session.invoice_headers(january()));
    let mut found = Vec::new();
    while let Some(row) = rows.next().await {
        found.push(row.unwrap().ksef_reference_number.unwrap());
        if found.len() == 50 {
            for number in 0..20 {
                let bytes = invoice(&format!("late/{number}"));
                sandbox.ksef_v1().add_invoice(bytes.into()).unwrap();
            }
        }
    }
    let mut once = found.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), found.len());
    assert!(all.keys().all(|number| found.contains(number)));
}

async fn exported(
    session: &Session,
    criteria: wire::QueryCriteriaInvoiceV2,
) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let options = ExportOptions::new(folder.path()).schedule(quick());
    let invoices: Vec<_> = session.export_invoices(criteria, options).try_collect().await.unwrap();
    let count = invoices.len();
    let all: BTreeMap<_, _> = invoices
        .into_iter()
        .map(|invoice| (invoice.number.unwrap().to_string(), invoice.bytes.to_vec()))
        .collect();
    assert_eq!(all.len(), count, "an invoice came twice");
    // The reader's thread may still hold the last archive for a moment.
    for _ in 0..200 {
        if std::fs::read_dir(folder.path()).unwrap().next().is_none() {
            return all;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("an archive is left")
}

#[tokio::test(start_paused = true)]
async fn originals_come_byte_by_byte_encrypted_and_plain_in_parts_and_windows() {
    let sandbox = in_process().await;
    let all = filled(&sandbox, 60).await;
    sandbox.ksef_v1().set_part_size(7);
    let client = beside(&sandbox);
    let plain = session(&client, &sandbox, ALFA).await;
    let encrypted = owner(&client, &sandbox).await;
    for largest in [10_100, 25] {
        sandbox.ksef_v1().set_largest_result(largest);
        assert_eq!(exported(&plain, recent()).await, all, "{largest}");
        assert_eq!(exported(&encrypted, january()).await, all, "{largest}");
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn exports_come_through_whatever_disturbs_them() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let all = filled(&sandbox, 40).await;
        sandbox.ksef_v1().set_part_size(9);
        let client = over_socket(&sandbox).build().unwrap();
        let session = persistent_owner(&client, &sandbox).await;
        let cut = Rule::new(Fault::CutAnswer { after: 700 }).on(&Method::GET, FETCH).once();
        sandbox.ksef_v1().faults().push(cut);
        let lost = Rule::new(Fault::LoseAnswer);
        sandbox
            .ksef_v1()
            .faults()
            .push(lost.on(&Method::POST, "/online/Query/Invoice/Async/Init").once());
        assert_eq!(exported(&session, recent()).await, all, "{seed}");
        let expected: Vec<_> = all.keys().cloned().collect();
        assert_eq!(headers(&session, recent()).await, expected, "{seed}");
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn a_query_goes_on_in_another_process_and_names_its_steps() {
    let sandbox = in_process().await;
    let all = filled(&sandbox, 12).await;
    sandbox.ksef_v1().set_part_size(5);
    sandbox.ksef_v1().set_pace(Duration::from_secs(2));
    let first = owner_patiently(&sandbox).await;
    let query = first.start_query(recent()).await.unwrap();
    let QueryStatus::Pending(progress) = first.query_status(&query).await.unwrap() else {
        panic!("the steps take their time")
    };
    assert_eq!(progress.step().map(|step| step.name), Some("Authorise"));
    let (session, query) = (first.export().expose_json(), serde_json::to_string(&query).unwrap());
    drop(first);

    let state = SessionState::from_json(&session).unwrap();
    let resumed = beside(&sandbox).resume(state).unwrap();
    let resumed = resumed.wait(&PollSchedule::default()).await.unwrap();
    let query: InvoiceQuery = serde_json::from_str(&query).unwrap();
    let result = resumed.wait_for_query(&query, &PollSchedule::default()).await.unwrap();
    assert_eq!((result.invoices, result.parts.len()), (Some(12), 3));
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for part in &result.parts {
        let archive = resumed.fetch_part(part, folder.path()).await.unwrap();
        assert!(archive.path().exists());
        let mut invoices = std::pin::pin!(archive.invoices(OpenLimits::default()));
        while let Some(invoice) = invoices.next().await {
            let invoice = invoice.unwrap();
            assert_eq!(all[invoice.number.unwrap().as_str()], invoice.bytes);
            count += 1;
        }
    }
    assert_eq!(count, 12);
    assert_expected(&sandbox);
}

async fn owner_patiently(sandbox: &Sandbox) -> Session {
    let client = beside(sandbox);
    let key = client.authority_key().await.unwrap();
    let opening = client.session(crate::support::context(ALFA), ksef_client::v1::FormCode::FA_2);
    let signer = crate::support::signer(sandbox, "seal");
    let authorised = opening.encrypted(key).by_signature(&signer).await.unwrap();
    authorised.wait(&PollSchedule::default()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_archive_that_is_not_the_announced_one_or_holds_too_much_is_refused() {
    let sandbox = in_process().await;
    filled(&sandbox, 6).await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    let query = session.start_query(recent()).await.unwrap();
    let result = session.wait_for_query(&query, &quick()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let part = &result.parts[0];
    let mut other = part.clone();
    other.hash = ksef_crypto::link::InvoiceHash::of(b"another").base64();
    let mut short = part.clone();
    short.size -= 1;
    for wrong in [other, short] {
        let error = session.fetch_part(&wrong, folder.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
    }
    let archive = session.fetch_part(part, folder.path()).await.unwrap();
    let limited = archive.invoices(OpenLimits::default().entries(5));
    let read: Vec<_> = limited.collect().await;
    assert_eq!(read.last().unwrap().as_ref().unwrap_err().kind(), ErrorKind::Unreadable);
    drop(archive);
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());

    // After its time a part is gone.
    tokio::time::sleep(TimeDelta::days(40).to_std().unwrap()).await;
    let again = owner(&beside(&sandbox), &sandbox).await;
    let error = again.fetch_part(part, folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn a_query_that_fails_names_its_step() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    for (step, name) in [
        (Step::Authorise, "Authorise"),
        (Step::Security, "Security"),
        (Step::Statistics, "Statistics"),
        (Step::SplitDefineAndInitSP, "SplitDefineAndInitSP"),
        (Step::Part, "Part"),
        (Step::ValidateResponse, "ValidateResponse"),
    ] {
        sandbox.ksef_v1().fail_step(StepFault::new(Process::Query, step, 20005).once());
        let query = session.start_query(recent()).await.unwrap();
        let error = session.wait_for_query(&query, &quick()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed, "{name}");
        let step = error.progress().and_then(Progress::step);
        assert_eq!(step.map(|step| step.name), Some(name));
    }
    // Nothing found is no failure.
    assert!(exported(&session, recent()).await.is_empty());
}
