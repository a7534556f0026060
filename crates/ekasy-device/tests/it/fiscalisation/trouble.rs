//! What may go wrong around the evidence number: the store, the repository's silence, and a command
//! that nobody can open.

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use common_core::{
    clock::Clock,
    store::{StoreError, StoreResult},
};
use common_store::MemoryStore;
use ekasy_device::{
    command::FiscalisationStep,
    fiscalisation::{Outcome, Unanswered},
    worker::Event,
};
use http::Method;
use sandbox::{
    crk::{Command, Kind, Signature},
    fault::{Code, Fault, Rule, Turn},
};
use trial::{Around, Wrapped};

use super::{assert_fiscalised, outcome};
use crate::till::{Till, calm, pass};

/// Fails all calls of a store as long as the disk is full.
#[derive(Clone, Default)]
struct Disk(Arc<AtomicBool>);

impl Disk {
    fn set_full(&self, is_full: bool) {
        self.0.store(is_full, Ordering::SeqCst);
    }
}

impl fmt::Debug for Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Disk")
    }
}

impl Around for Disk {
    fn around<'a, T: Send + 'a>(&'a self, call: StoreResult<'a, T>) -> StoreResult<'a, T> {
        let is_full = self.0.load(Ordering::SeqCst);
        if is_full { Box::pin(async { Err(StoreError::unavailable("full")) }) } else { call }
    }
}

/// A store that ends what would go on for ever: it takes so many calls and no more.
#[derive(Clone, Debug)]
struct Finite(Arc<AtomicU32>);

impl Around for Finite {
    fn around<'a, T: Send + 'a>(&'a self, call: StoreResult<'a, T>) -> StoreResult<'a, T> {
        if self.0.fetch_add(1, Ordering::SeqCst) < 5000 {
            return call;
        }
        Box::pin(async { Err(StoreError::unavailable("it spins")) })
    }
}

/// The disk is full when the answer to CMD09 comes, and has room again before the tries are over,
/// or not.
#[tokio::test(start_paused = true)]
async fn an_evidence_number_outlives_a_store_that_fails() {
    for has_room_again in [true, false] {
        let till = Till::of(calm().await, Kind::Software);
        let disk = Disk::default();
        let store = Wrapped::<MemoryStore, _>::new(till.store.clone(), disk.clone());
        let store = Arc::new(store);
        let journal = till.journal_in(store).await.unwrap();
        let slow = Rule::new(Fault::DelayAfter { ms: 50_000 }).command("MFP").once();
        till.sandbox.crk().faults().push(slow);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let run = {
            let heard = heard.clone();
            till.fiscalisation(journal.clone()).on_event(move |event| {
                if let Event::NotKept(answer) = event {
                    heard.lock().unwrap().push(answer);
                }
            })
        };
        let trouble = async {
            pass(Duration::from_secs(40)).await;
            disk.set_full(true);
            pass(Duration::from_secs(60)).await;
            disk.set_full(!has_room_again);
        };
        let (ended, ()) = tokio::join!(run.run(), trouble);
        let given = till.evidence().unwrap();
        let heard = heard.lock().unwrap().clone();
        let [answer] = &heard[..] else { panic!("told once: {heard:?}") };
        assert!(answer.contains(&given), "{answer}");
        if has_room_again {
            assert_fiscalised(&till, &ended.unwrap());
        } else {
            let expected = Outcome::NotKept { number: given.parse().ok(), answer: answer.clone() };
            assert_eq!(ended.unwrap(), expected);
            disk.set_full(false);
            // The repository of this test gives the same number again.
            assert_fiscalised(&till, &outcome(&till, &journal).await);
        }
        let asked = till.sandbox.crk().statistics().cpd["MFP"];
        assert_eq!(asked, if has_room_again { 1 } else { 2 });
        till.assert_expected();
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_waits_for_a_person_who_wants_that() {
    for fault in [Fault::LoseAnswer, Fault::MaskAnswer { status: 500 }, Fault::DropRequest] {
        let till = Till::of(calm().await, Kind::Software);
        let journal = till.journal().await;
        let asked = || till.sandbox.crk().statistics().cpd.get("MFP").copied().unwrap_or(0);
        let stops = || till.fiscalisation(journal.clone()).unanswered(Unanswered::Stop);
        till.sandbox.crk().faults().push(Rule::new(fault).command("MFP").turn(Turn::First(1)));
        let error = stops().run().await.unwrap_err();
        assert_eq!(error.step(), Some(FiscalisationStep::Request));
        assert!(error.call().unwrap().may_have_happened());
        let before = asked();
        for _ in 0..2 {
            assert_eq!(stops().run().await.unwrap(), Outcome::Unanswered);
        }
        assert_eq!(asked(), before, "nothing was sent");
        assert_fiscalised(&till, &outcome(&till, &journal).await);
        till.assert_expected();
    }
}

/// A later try that certainly did not happen says nothing about the one before it.
#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_is_not_forgotten_over_a_later_failure() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.journal().await;
    let faults = till.sandbox.crk().faults();
    let noted = async || {
        let registration = journal.registration().await.unwrap();
        registration.fiscalisation.unwrap().notes["request"].clone()
    };
    let stops = || till.fiscalisation(journal.clone()).unanswered(Unanswered::Stop);
    faults.push(Rule::new(Fault::LoseAnswer).command("MFP").once());
    assert!(stops().run().await.unwrap_err().call().unwrap().may_have_happened());
    let first = noted().await;
    let busy = Fault::Reply { status: 429, retry_after: Some(1) };
    faults.push(Rule::new(busy).command("MFP"));
    let error = till.fiscalisation(journal.clone()).run().await.unwrap_err();
    assert!(!error.call().unwrap().may_have_happened());
    assert_eq!(noted().await, first);
    assert_eq!(stops().run().await.unwrap(), Outcome::Unanswered);
    faults.clear();
    assert_fiscalised(&till, &outcome(&till, &journal).await);
    assert_eq!(noted().await, first);
    till.assert_expected();
}

/// A refusal is about the request that it answers, and so says nothing about the one before it.
#[tokio::test(start_paused = true)]
async fn a_request_without_an_answer_is_not_forgotten_over_the_refusal_of_a_later_one() {
    for code in ["E01", "E02", "B11"] {
        let till = Till::of(calm().await, Kind::Software);
        let journal = till.journal().await;
        let faults = till.sandbox.crk().faults();
        let stops = || till.fiscalisation(journal.clone()).unanswered(Unanswered::Stop);
        faults.push(Rule::new(Fault::LoseAnswer).command("MFP").once());
        assert!(stops().run().await.unwrap_err().call().unwrap().may_have_happened());
        faults.push(Rule::new(Fault::Code(Code::new(code).unwrap())).command("MFP").once());
        let refused = outcome(&till, &journal).await;
        assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
        let asked = || till.sandbox.crk().statistics().cpd["MFP"];
        let before = asked();
        for _ in 0..2 {
            assert_eq!(stops().run().await.unwrap(), Outcome::Unanswered, "{code}");
        }
        assert_eq!(asked(), before, "nothing was sent");
        assert_fiscalised(&till, &outcome(&till, &journal).await);
        till.assert_expected();
    }
}

/// A refusal that answers the only request is nothing to ask a person about.
#[tokio::test(start_paused = true)]
async fn a_refused_request_is_made_again_without_asking() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.journal().await;
    let stops = || till.fiscalisation(journal.clone()).unanswered(Unanswered::Stop);
    let refuse = Fault::Code(Code::new("E02").unwrap());
    till.sandbox.crk().faults().push(Rule::new(refuse).command("MFP").once());
    let refused = stops().run().await.unwrap();
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
    assert_fiscalised(&till, &stops().run().await.unwrap());
    till.assert_expected();
}

/// What certainly did not happen is no reason to ask anybody.
#[tokio::test(start_paused = true)]
async fn a_request_that_was_not_processed_is_made_again_without_asking() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.journal().await;
    let busy = Fault::Reply { status: 429, retry_after: Some(1) };
    till.sandbox.crk().faults().push(Rule::new(busy).command("MFP").turn(Turn::First(2)));
    let run = till.fiscalisation(journal).unanswered(Unanswered::Stop);
    assert_fiscalised(&till, &run.run().await.unwrap());
    till.assert_expected();
}

/// The repository offers a command before the schedule that was sealed by a key which CMD07 does
/// not tell.
#[tokio::test(start_paused = true)]
async fn a_command_that_nobody_can_open_does_not_keep_the_schedule_away() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.journal().await;
    let crk = till.sandbox.crk();
    let own = crk.profile();
    let mut other = own;
    other.signature = Signature::Es256;
    let number = &till.register.unique_number;
    let sealed = crk.queue_with_priority(number, Command::QrCode { threshold: 1 }, 9).unwrap();
    let run = {
        let crk = crk.clone();
        till.fiscalisation(journal).on_event(move |event| match event {
            Event::Sent { .. } => crk.set_profile(other),
            Event::Finished(..) => crk.set_profile(own),
            _ => {}
        })
    };
    assert_fiscalised(&till, &run.run().await.unwrap());
    let commands = crk.commands(number);
    let command = commands.iter().find(|one| one.command_id == sealed).unwrap();
    assert_eq!(command.confirmation.as_ref().unwrap().code, "1");
    till.assert_expected();
}

/// Confirmations get lost on their way: the repository hears of none, and offers the same command
/// for ever, before the schedule.
#[tokio::test(start_paused = true)]
async fn a_command_that_is_offered_for_ever_ends_with_the_patience() {
    let till = Till::of(calm().await, Kind::Software);
    let store = Wrapped::<MemoryStore, _>::new(till.store.clone(), Finite(Arc::default()));
    let journal = till.journal_in(Arc::new(store)).await.unwrap();
    let crk = till.sandbox.crk();
    let number = &till.register.unique_number;
    crk.queue_with_priority(number, Command::QrCode { threshold: 1 }, 9).unwrap();
    let lost = Fault::Reply { status: 204, retry_after: None };
    crk.faults().push(Rule::new(lost).on(&Method::POST, "/api/Repository/Command"));
    let began = till.clock.tick();
    let run = till.fiscalisation(journal.clone()).patience(Duration::from_secs(300));
    let error = run.run().await.unwrap_err();
    assert_eq!(error.step(), Some(FiscalisationStep::FetchTimetable));
    assert!(error.journal().is_none() && error.call().is_none(), "{error:?}");
    let passed = till.clock.tick().since(began);
    assert!((300..400).contains(&passed.as_secs()), "{passed:?}");
    assert_eq!(crk.statistics().confirmations, 0);
    // It is confirmed again as soon as it is offered again.
    crk.faults().clear();
    let run = run.run().await.unwrap();
    assert!(matches!(run, Outcome::Fiscalised(_)), "{run:?}");
    assert!(crk.commands(number).iter().all(|one| one.confirmation.is_some()));
    till.assert_expected();
}

/// The repository signs with a new key before CMD07 tells it.
#[tokio::test(start_paused = true)]
async fn keys_that_lag_behind_do_not_cost_the_schedule() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.journal().await;
    let crk = till.sandbox.crk();
    let own = crk.profile();
    let mut other = own;
    other.signature = Signature::Es256;
    let unopened = AtomicU32::new(0);
    let run = {
        let crk = crk.clone();
        till.fiscalisation(journal).on_event(move |event| match event {
            Event::Sent { .. } => crk.set_profile(other),
            Event::Unopened(..) if unopened.fetch_add(1, Ordering::SeqCst) == 3 => {
                crk.set_profile(own);
            }
            _ => {}
        })
    };
    assert_fiscalised(&till, &run.run().await.unwrap());
    let commands = crk.commands(&till.register.unique_number);
    let code = |one: &sandbox::crk::Queued| one.confirmation.as_ref().unwrap().code.clone();
    assert_eq!(commands.iter().map(code).collect::<Vec<_>>(), ["0"]);
    assert_eq!(crk.statistics().cpd["KCS"], 1 + 4, "row 0, and each time it was offered");
    till.assert_expected();
}
