//! Many invoices in one session: a true result for each, whatever is lost on the way, and runs
//! that go on where others stopped.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::{Stream, StreamExt, stream};
use http::Method;
use ksef_client::v1::{
    ErrorKind, Outgoing, Session,
    outgoing::folder,
    receipts::{Receipt, ReceiptError},
    send_many::{NoteState, Outcome, SendFile, SendMany, SendProgress, SendResult, SendTally},
};
use ksef_crypto::{link::InvoiceHash, xades::Trust};
use sandbox::{
    Sandbox,
    fault::{Fault, Rule, Turn},
    ksef_v1::{Process, Step, StepFault},
};

use crate::support::{
    self, ALFA, BETA, SEEDS, assert_expected, beside, dropped_after, hostile, in_process, invoice,
    invoice_of, over_socket, owner, persistent_owner, quick, session,
};

const SEND: &str = "/online/Invoice/Send";

fn invoices(prefix: &str, count: usize) -> Vec<Outgoing> {
    let named = |number| {
        let name = format!("{prefix}-{number:04}.xml");
        Outgoing::bytes(name.clone(), invoice(&name))
    };
    (0..count).map(named).collect()
}

fn run(session: &Session) -> SendMany<'_> {
    session.send_many().sending(4).waiting(8).schedule(quick())
}

async fn results(results: impl Stream<Item = SendResult>) -> Vec<SendResult> {
    let mut results: Vec<_> = results.collect().await;
    results.sort_by_key(|result| result.index);
    results
}

fn tally(results: &[SendResult]) -> SendTally {
    let mut tally = SendTally::default();
    for result in results {
        tally.add(result);
    }
    tally
}

/// How often each invoice is in the sandbox, by hash.
fn issued(sandbox: &Sandbox) -> BTreeMap<String, usize> {
    let mut issued = BTreeMap::new();
    for invoice in sandbox.ksef_v1().invoices() {
        *issued.entry(invoice.hash).or_default() += 1;
    }
    issued
}

/// What is reported is what the sandbox has: accepted means issued once under that number, and
/// anything else that claims to be certain means not issued.
fn assert_true(sandbox: &Sandbox, results: &[SendResult]) {
    let issued = issued(sandbox);
    assert!(issued.values().all(|times| *times == 1), "{issued:?}");
    let numbers: BTreeMap<_, _> = sandbox
        .ksef_v1()
        .invoices()
        .into_iter()
        .map(|invoice| (invoice.hash, invoice.ksef_number))
        .collect();
    for result in results {
        let hash = result.hash.map(|hash| hash.base64()).unwrap_or_default();
        let number = numbers.get(&hash).map(String::as_str);
        match &result.outcome {
            Outcome::Accepted(accepted) => assert_eq!(number, Some(accepted.number.as_str())),
            Outcome::Rejected(_) | Outcome::NotSent(_) => assert_eq!(number, None, "{result:?}"),
            _ => {}
        }
    }
}

fn disturb(sandbox: &Sandbox, fault: Fault, per_thousand: u16) {
    let rule = Rule::new(fault).on(&Method::PUT, SEND).turn(Turn::PerThousand(per_thousand));
    sandbox.ksef_v1().faults().push(rule);
}

#[tokio::test]
async fn each_invoice_has_its_result_under_its_own_name_and_is_confirmed() {
    let sandbox = in_process().await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    let mut all = invoices("N", 40);
    all.push(Outgoing::bytes("foreign", invoice_of(BETA, "foreign")));
    all.push(Outgoing::bytes("huge", vec![b'<'; 1024 * 1024 + 1]));
    all.push(Outgoing::bytes("empty", ""));
    all.push(Outgoing::file("/nowhere/at/all.xml"));
    all.push(Outgoing::bytes("copy", invoice("N-0000.xml")));
    let results = results(run(&session).send(stream::iter(all))).await;
    let indexes: Vec<_> = results.iter().map(|result| result.index).collect();
    assert_eq!(indexes, (0..45).collect::<Vec<_>>());
    for result in &results[..40] {
        assert_eq!(result.name, format!("N-{:04}.xml", result.index));
        assert_eq!(result.hash, Some(InvoiceHash::of(&invoice(&result.name))));
        let is_copy = result.index == 0;
        assert!(is_copy || matches!(result.outcome, Outcome::Accepted(_)), "{result:?}");
    }
    let Outcome::Rejected(progress) = &results[40].outcome else { panic!("{:?}", results[40]) };
    assert!(progress.step().is_some() && progress.exception().is_some());
    for result in &results[41..43] {
        let Outcome::Refused(error) = &result.outcome else { panic!("{result:?}") };
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Input, false));
    }
    let Outcome::NotSent(error) = &results[43].outcome else { panic!("{:?}", results[43]) };
    assert_eq!((error.kind(), results[43].hash), (ErrorKind::File, None));
    // One of the twins is issued, the other one is refused as its duplicate.
    let twins = [&results[0].outcome, &results[44].outcome];
    let refused = |outcome: &&&Outcome| matches!(outcome, Outcome::Refused(error) if error.kind() == ErrorKind::Duplicate);
    assert_eq!(twins.iter().filter(refused).count(), 1, "{twins:?}");
    assert_eq!(tally(&results).accepted, 40);
    assert_true(&sandbox, &results);
    let accepted = results.iter().filter(|it| matches!(it.outcome, Outcome::Accepted(_)));
    let accepted: Vec<_> = accepted.filter_map(|result| result.hash).collect();
    let closed = session.terminate().await.unwrap().wait(&quick()).await.unwrap();
    let books = closed.reconcile(accepted, Trust::AnyCertificate).await.unwrap();
    assert!(books.is_complete() && books.confirmed() == 40, "{books:?}");
    // Pages from an archive are held against the same: signature, signer and session.
    let page = books.receipts()[0].clone();
    let read = |page, session, trust| Receipt::read(page, session, trust);
    let mut twice = books.clone();
    twice.confirm(read(page.clone(), closed.reference(), Trust::AnyCertificate).unwrap());
    assert!(!twice.is_complete() && twice.confirmed() == 40, "{twice:?}");
    assert_eq!(twice.foreign().len(), 40, "what is confirmed again was issued again");
    let receipt = read(page.clone(), closed.reference(), Trust::AnyCertificate).unwrap();
    let (signer, at) = ([receipt.certificate], "2026-01-31T12:00:00Z".parse().unwrap());
    let trust = Trust::Anchors { anchors: &signer, at };
    assert!(read(page.clone(), closed.reference(), trust).is_ok());
    let other = [support::signer(&sandbox, "seal").certificate().clone()];
    let trust = Trust::Anchors { anchors: &other, at };
    let refused = read(page.clone(), closed.reference(), trust);
    assert!(matches!(refused, Err(ReceiptError::Refused(_))), "{refused:?}");
    let refused = read(page.clone(), &closed.pages()[0], Trust::AnyCertificate);
    assert!(matches!(refused, Err(ReceiptError::OtherSession)), "{refused:?}");
    let text = std::str::from_utf8(&page).unwrap().replacen("N-0001", "N-9001", 1);
    let refused = read(text.into(), closed.reference(), Trust::AnyCertificate);
    assert!(matches!(refused, Err(ReceiptError::Refused(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn no_more_invoices_are_taken_than_may_be_under_way() {
    let sandbox = in_process().await;
    sandbox.ksef_v1().set_pace(std::time::Duration::from_millis(50));
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let taken = AtomicUsize::new(0);
    let count = || taken.load(Ordering::Relaxed);
    let invoices = stream::iter(invoices("B", 60)).inspect(|_| {
        taken.fetch_add(1, Ordering::Relaxed);
    });
    let mut given = 0;
    let mut results = std::pin::pin!(run(&session).sending(3).waiting(5).send(invoices));
    while results.next().await.is_some() {
        given += 1;
        assert!(count() <= given + 8, "{} taken, {given} given", count());
    }
    assert_eq!((given, count()), (60, 60));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn no_more_invoices_are_sent_at_a_time_than_was_said() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    disturb(&sandbox, Fault::DelayBefore { ms: 100 }, 1000);
    for (sending, least) in [(1, 1000), (5, 200)] {
        let start = session.clock().tick();
        let plan = run(&session).sending(sending).waiting(20);
        let all = results(plan.send(stream::iter(invoices(&format!("W{sending}"), 10)))).await;
        let took = session.clock().tick().since(start).as_millis();
        assert_eq!(tally(&all).accepted, 10);
        assert!((least..2 * least).contains(&took), "{sending} at a time took {took} ms");
    }
}

#[tokio::test]
async fn elements_that_are_known_are_never_taken_for_lost_ones() {
    let sandbox = in_process().await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    let rule = |fault, turn| Rule::new(fault).on(&Method::PUT, SEND).turn(turn);
    sandbox.ksef_v1().faults().push(rule(Fault::LoseAnswer, Turn::Nth(2)));
    sandbox.ksef_v1().faults().push(rule(Fault::DropRequest, Turn::Nth(3)));
    let mut all = vec![Outgoing::bytes("wrong", invoice_of(BETA, "wrong"))];
    all.extend(invoices("O", 2));
    let all = results(run(&session).sending(1).send(stream::iter(all))).await;
    assert!(matches!(all[0].outcome, Outcome::Rejected(_)), "{all:?}");
    assert!(matches!(all[1].outcome, Outcome::Accepted(_)), "{all:?}");
    assert!(matches!(all[2].outcome, Outcome::NotSent(_)), "{all:?}");
    assert_true(&sandbox, &all);
}

#[tokio::test]
async fn a_folder_is_sent_in_the_order_of_its_names() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let place = tempfile::tempdir().unwrap();
    for name in ["b.xml", "a.xml", "notes.txt"] {
        std::fs::write(place.path().join(name), invoice(name)).unwrap();
    }
    let invoices = stream::iter(folder(place.path()).await.unwrap());
    let results = results(run(&session).send(invoices)).await;
    let names: Vec<_> = results.iter().map(|result| result.name.as_str()).collect();
    assert_eq!(names, ["a.xml", "b.xml"]);
    assert_eq!(tally(&results).accepted, 2);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn lost_answers_are_found_out_and_nothing_is_sent_twice() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let session = persistent_owner(&client, &sandbox).await;
        disturb(&sandbox, Fault::LoseAnswer, 120);
        disturb(&sandbox, Fault::DropRequest, 60);
        disturb(&sandbox, Fault::MaskAnswer { status: 500 }, 60);
        disturb(&sandbox, Fault::CutAnswer { after: 60 }, 60);
        // One at least is not sent, whatever the dice say.
        let fifth = Rule::new(Fault::DropRequest).on(&Method::PUT, SEND).turn(Turn::Nth(5));
        sandbox.ksef_v1().faults().push(fifth);
        let results = results(run(&session).send(stream::iter(invoices("L", 80)))).await;
        let tally = tally(&results);
        assert_eq!((tally.total(), tally.is_certain()), (80, true), "{seed}: {tally:?}");
        assert!(tally.not_sent > 0 && tally.accepted > 40, "{seed}: {tally:?}");
        assert_true(&sandbox, &results);
        assert_eq!(sandbox.ksef_v1().invoices().len() as u64, tally.accepted, "{seed}");
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn an_invoice_that_cannot_be_told_from_a_rejected_one_is_unknown_with_its_candidates() {
    let sandbox = in_process().await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    sandbox.ksef_v1().faults().push(Rule::new(Fault::LoseAnswer).on(&Method::PUT, SEND).once());
    let wrong = Outgoing::bytes("wrong", invoice_of(BETA, "wrong"));
    let results = results(run(&session).send(stream::iter([wrong]))).await;
    let Outcome::Unknown(error, candidates) = &results[0].outcome else { panic!("{results:?}") };
    assert!(error.may_have_happened());
    assert_eq!(candidates.len(), 1);
    assert!(candidates[0].progress.exception().is_some());
}

#[tokio::test]
async fn a_session_that_ends_leaves_the_rest_unsent_and_unread() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let reference = session.reference().to_string();
    let mut all = invoices("S", 5);
    all.push(Outgoing::file("/nowhere/at/all.xml"));
    let invoices = stream::iter(all).map(|invoice| {
        if invoice.name() == "S-0002.xml" {
            sandbox.ksef_v1().expire_session(&reference);
        }
        invoice
    });
    let results = results(run(&session).sending(1).waiting(1).send(invoices)).await;
    assert_eq!(results.len(), 6);
    let Outcome::NotSent(error) = &results[5].outcome else { panic!("{results:?}") };
    assert_eq!(error.kind(), ErrorKind::SessionEnded);
    assert!(results[5].hash.is_none());
    assert_true(&sandbox, &results);
}

#[tokio::test]
async fn what_an_earlier_run_knew_is_told_also_when_the_session_has_ended() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log.jsonl");
    let (log, past) = SendFile::open(&path).await.unwrap();
    let known = invoices("E", 3);
    let first = run(&session).log(log).resume(past).send(stream::iter(known.clone()));
    assert_eq!(tally(&results(first).await).accepted, 3);
    sandbox.ksef_v1().expire_session(session.reference().as_str());
    let all = invoices("new", 1).into_iter().chain(known).chain(invoices("other", 1));
    let (log, past) = SendFile::open(&path).await.unwrap();
    let second = run(&session).sending(1).log(log).resume(past).send(stream::iter(all));
    let second = results(second).await;
    assert_eq!((tally(&second).accepted, tally(&second).not_sent), (3, 2), "{second:?}");
    assert_true(&sandbox, &second);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_takes_too_long_is_pending_with_its_element() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    sandbox.ksef_v1().set_pace(std::time::Duration::from_secs(100));
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log.jsonl");
    let (log, past) = SendFile::open(&path).await.unwrap();
    let first = run(&session).log(log).resume(past).send(stream::iter(invoices("P", 3)));
    let first = results(first).await;
    assert_eq!(tally(&first).pending, 3);
    // A later run asks about them and sends nothing.
    sandbox.ksef_v1().settle().await;
    let before = sandbox.ksef_v1().statistics().sent;
    let (log, past) = SendFile::open(&path).await.unwrap();
    let second = run(&session).log(log).resume(past).send(stream::iter(invoices("P", 3)));
    let second = results(second).await;
    assert_eq!(tally(&second).accepted, 3);
    assert_eq!(sandbox.ksef_v1().statistics().sent, before);
    assert_true(&sandbox, &second);
}

/// Sends of which the sandbox said that they were duplicates.
fn refused(sandbox: &Sandbox) -> usize {
    let requests = sandbox.ksef_v1().requests();
    let sends = requests.iter().filter(|it| it.method == "PUT" && it.path.ends_with(SEND));
    sends.filter(|it| it.status == Some(400)).count()
}

#[tokio::test(start_paused = true)]
async fn a_run_may_be_dropped_anywhere_and_goes_on_from_its_log() {
    let sandbox = in_process().await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log.jsonl");
    let mut pauses = 0;
    let all = loop {
        let (log, past) = SendFile::open(&path).await.unwrap();
        let run = run(&session).log(log).resume(past).send(stream::iter(invoices("D", 12)));
        if let Some(all) = Box::pin(dropped_after(results(run), pauses)).await {
            break all;
        }
        sandbox.ksef_v1().settle().await;
        pauses += 1;
    };
    assert!(pauses > 10, "{pauses}");
    assert_eq!(tally(&all).accepted, 12, "{all:?}");
    assert_true(&sandbox, &all);
    assert_eq!(sandbox.ksef_v1().invoices().len(), 12);
    assert_eq!((sandbox.ksef_v1().statistics().sent, refused(&sandbox)), (12, 0));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_killed_run_goes_on_in_another_session_whatever_was_lost() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log.jsonl");
        let mut rounds = 0;
        let all = loop {
            rounds += 1;
            assert!(rounds < 40, "{seed}: the runs never end");
            let session = persistent_owner(&client, &sandbox).await;
            disturb(&sandbox, Fault::LoseAnswer, 80);
            let (log, past) = SendFile::open(&path).await.unwrap();
            let run = run(&session).log(log).resume(past);
            let mut going = std::pin::pin!(run.send(stream::iter(invoices("K", 30))));
            let mut all = Vec::new();
            // The first runs are killed after some results.
            while let Some(result) = going.next().await {
                all.push(result);
                if rounds < 5 && all.len() > 5 * rounds {
                    break;
                }
            }
            sandbox.ksef_v1().faults().clear();
            sandbox.ksef_v1().settle().await;
            if tally(&all).accepted == 30 {
                break all;
            }
        };
        assert_true(&sandbox, &all);
        assert_eq!(issued(&sandbox).len(), 30, "{seed}");
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn other_bytes_under_the_same_name_are_another_invoice() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log.jsonl");
    for (content, accepted) in [(invoice_of(BETA, "1"), 0), (invoice("1"), 1), (invoice("1"), 1)] {
        let (log, past) = SendFile::open(&path).await.unwrap();
        let one = stream::iter([Outgoing::bytes("one", content)]);
        let all = results(run(&session).log(log).resume(past).send(one)).await;
        assert_eq!((tally(&all).accepted, tally(&all).rejected), (accepted, 1 - accepted));
    }
    assert_eq!(sandbox.ksef_v1().statistics().sent, 2);
}

#[tokio::test]
async fn a_log_that_cannot_be_written_sends_nothing() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let full = run(&session).log(Full).send(stream::iter(invoices("F", 3)));
    let all = results(full).await;
    assert_eq!(tally(&all).not_sent, 3);
    assert_eq!(sandbox.ksef_v1().statistics().sent, 0);
}

/// A disk that is full.
#[derive(Debug)]
struct Full;

impl ksef_client::v1::send_many::SendLog for Full {
    fn write<'a>(
        &'a self,
        _: &'a ksef_client::v1::send_many::Note,
    ) -> common_core::store::BoxFuture<'a, std::io::Result<()>> {
        Box::pin(std::future::ready(Err(std::io::ErrorKind::StorageFull.into())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_is_read_back_and_its_torn_end_is_taken_away() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("log.jsonl");
    let (log, past) = SendFile::open(&path).await.unwrap();
    assert!(past.is_empty());
    results(run(&session).log(log).send(stream::iter(invoices("T", 2)))).await;
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole[..], b"{\"name\":\"T-00"].concat()).unwrap();
    let (log, past) = SendFile::open(&path).await.unwrap();
    let second = SendFile::open(&path).await.unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::WouldBlock);
    drop(log);
    assert_eq!(std::fs::read(&path).unwrap(), whole);
    let names: Vec<_> = past.notes().map(|note| note.name.as_str()).collect();
    assert_eq!(names, ["T-0000.xml", "T-0001.xml"]);
    assert!(past.notes().all(|note| matches!(note.state, NoteState::Accepted(..))));
    let moved: SendProgress = serde_json::from_str(&serde_json::to_string(&past).unwrap()).unwrap();
    assert_eq!((moved.len(), &moved), (2, &past));
    std::fs::write(&path, [b"no note\n", &whole[..]].concat()).unwrap();
    assert!(SendFile::open(&path).await.is_err());
}

#[tokio::test]
async fn each_step_at_which_invoices_are_refused_is_named() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let steps = [
        (Step::Decrypt, "Decrypt"),
        (Step::VerifyInvoiceSemantics, "VerifyInvoiceSemantics"),
        (Step::VerifyInvoiceEssentials, "VerifyInvoiceEssentials"),
        (Step::BeforeAccept, "BeforeAccept"),
        (Step::Accept, "Accept"),
    ];
    let mut seen = BTreeSet::new();
    for (index, (step, name)) in steps.into_iter().enumerate() {
        sandbox.ksef_v1().fail_step(StepFault::new(Process::Invoice, step, 20005).once());
        let all = run(&session).send(stream::iter(invoices(&format!("R{index}"), 1)));
        let all = results(all).await;
        let Outcome::Rejected(progress) = &all[0].outcome else { panic!("{name}: {all:?}") };
        seen.insert(progress.step().map(|step| step.name));
        assert_eq!(progress.step().map(|step| step.name), Some(name));
    }
    assert_eq!(seen.len(), steps.len());
}
