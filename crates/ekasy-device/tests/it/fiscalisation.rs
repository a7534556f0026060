//! Fiscalisation: each row, each refusal, each place where the power may go.

mod trouble;

use std::time::Duration;

use common_core::open::Open;
use ekasy_device::{
    code::{CpdCode, FiscalisationStatus},
    command::FiscalisationStep,
    fiscalisation::{Objection, Order, Outcome, Refusal},
    journal::Journal,
};
use http::Method;
use sandbox::{
    crk::{Kind, State},
    fault::{Code, Fault, Rule, Turn},
};

use crate::{
    journal::dying::{Dying, Failing, Fault as Cut, Moment},
    till::{MORNING, Till, calm, hostile, hours, pass},
};

async fn outcome(till: &Till, journal: &Journal) -> Outcome {
    till.fiscalisation(journal.clone()).run().await.unwrap()
}

#[track_caller]
fn assert_fiscalised(till: &Till, outcome: &Outcome) {
    let Outcome::Fiscalised(fiscalised) = outcome else { panic!("{outcome:?}") };
    assert_eq!(Some(fiscalised.evidence_number.to_string()), till.evidence());
    assert!(fiscalised.schedule.is_some());
    assert_eq!(till.sandbox.crk().state(&till.register.unique_number), Some(State::Fiscalised));
    let archive = till.archive();
    assert_eq!((archive.received, archive.highest), (1, 1), "{archive:?}");
    let number = fiscalised.evidence_number.to_string();
    let writes = ["Fact", "Ties", "Counters", "FiscalMemory", "ProtectedMemory", "Purpose"];
    let mut lines: Vec<_> = writes.iter().map(|write| format!("{write} {number}")).collect();
    lines.extend(["report 1".to_owned(), "schedule Every(Interval(7200))".to_owned()]);
    assert_eq!(till.device.lines(), lines);
    let commands = till.sandbox.crk().commands(&till.register.unique_number);
    assert!(commands.iter().all(|one| one.confirmation.is_some()), "{commands:?}");
}

#[tokio::test(start_paused = true)]
async fn all_fifteen_rows_make_a_fiscalised_register_of_either_kind() {
    for kind in [Kind::Hardware, Kind::Software] {
        let till = Till::of(calm().await, kind);
        let journal = till.journal().await;
        let fiscalised = outcome(&till, &journal).await;
        assert_fiscalised(&till, &fiscalised);
        // Asked once more, nothing happens.
        let requests = till.sandbox.requests().len();
        assert_eq!(outcome(&till, &journal).await, fiscalised);
        assert_eq!(till.sandbox.requests().len(), requests);
        let asked = till.sandbox.crk().statistics().cpd;
        assert_eq!(asked.contains_key("CNF"), kind == Kind::Software);
        till.assert_expected();
    }
}

#[tokio::test(start_paused = true)]
async fn a_hostile_repository_is_talked_into_it() {
    for seed in [1, 7, 42] {
        let till = Till::of(hostile(seed).await, Kind::Software);
        let journal = till.journal().await;
        let mut runs = 0;
        let fiscalised = loop {
            match till.fiscalisation(journal.clone()).run().await {
                Ok(outcome) => break outcome,
                Err(error) if runs < 20 => {
                    assert!(error.step().is_some(), "{error:?}");
                    runs += 1;
                }
                Err(error) => panic!("{error:?}"),
            }
        };
        assert!(matches!(fiscalised, Outcome::Fiscalised(_)), "{fiscalised:?}");
        pass(hours(1)).await;
        assert_eq!(till.archive().numbers, 1);
        till.assert_expected();
    }
}

#[tokio::test(start_paused = true)]
async fn every_status_is_an_outcome_and_the_next_run_goes_on() {
    let statuses = (1..=19).filter(|status| *status != 16);
    for status in statuses {
        let till = Till::of(calm().await, Kind::Software);
        let journal = till.journal().await;
        assert!(till.sandbox.crk().refuse_fiscalisation(&till.register.unique_number, status));
        let Outcome::Refused(Refusal::Status(refusal)) = outcome(&till, &journal).await else {
            panic!("no refusal with status {status}")
        };
        let known = refusal.status.known().unwrap();
        assert_eq!(refusal.status, Open::from_raw(i64::from(status)));
        assert_eq!(Refusal::Status(refusal).advice(), Some(known.advice()));
        assert_eq!(till.evidence(), None);
        assert_eq!(till.device.lines(), [""; 0], "nothing is written after a refusal");
        let fiscalised = outcome(&till, &journal).await;
        assert_fiscalised(&till, &fiscalised);
        let asked = till.sandbox.crk().statistics().cpd;
        let again = match known {
            FiscalisationStatus::NoCertificates => "KFD",
            FiscalisationStatus::ProgramNotApproved => "CNF",
            _ => "MFP",
        };
        assert_eq!(asked[again], 2, "{status}: {asked:?}");
        till.assert_expected();
    }
}

#[tokio::test(start_paused = true)]
async fn every_error_code_of_every_row_is_an_outcome_and_the_next_run_goes_on() {
    let rows = [
        ("KCS", FiscalisationStep::FetchKeys, &["B01", "B02", "B03", "E01", "E02"][..]),
        ("KFD", FiscalisationStep::SendCertificates, &["B01", "B10", "B03", "B11", "E01", "E02"]),
        ("CNF", FiscalisationStep::CheckFirmware, &["B01", "B10", "B03", "E01", "E02"]),
        (
            "MFP",
            FiscalisationStep::Request,
            &["B01", "B03", "B04", "B06", "B10", "B11", "B12", "E01", "E02"],
        ),
        ("FPD", FiscalisationStep::Finish, &["B01", "B03", "B07", "B10", "E01", "E02"]),
    ];
    for (command, step, codes) in rows {
        for code in codes {
            let till = Till::of(calm().await, Kind::Software);
            let journal = till.journal().await;
            let fault = Fault::Code(Code::new(code).unwrap());
            till.sandbox.crk().faults().push(Rule::new(fault).command(command).once());
            let Outcome::Refused(refusal) = outcome(&till, &journal).await else {
                panic!("{command} {code} is no refusal")
            };
            let Refusal::Code(at, Open::Known(known)) = &refusal else { panic!("{refusal:?}") };
            assert_eq!((*at, Open::Known(*known)), (step, Open::from_raw((*code).to_owned())));
            assert_eq!(refusal.may_be_clock(), (command, *code) == ("MFP", "E01"));
            let fiscalised = outcome(&till, &journal).await;
            assert_fiscalised(&till, &fiscalised);
            till.assert_expected();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_repository_are_tried_again_by_themselves() {
    for command in ["KCS", "KFD", "CNF", "MFP", "FPD"] {
        for code in ["E04", "E05", "E06", "E07"] {
            let till = Till::of(calm().await, Kind::Software);
            let journal = till.journal().await;
            let fault = Fault::Code(Code::new(code).unwrap());
            let rule = Rule::new(fault).command(command).turn(Turn::First(2));
            till.sandbox.crk().faults().push(rule);
            let fiscalised = outcome(&till, &journal).await;
            assert_fiscalised(&till, &fiscalised);
            till.assert_expected();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_loses_no_evidence_number() {
    let faults =
        [Fault::LoseAnswer, Fault::MaskAnswer { status: 500 }, Fault::CutAnswer { after: 20 }];
    for fault in faults {
        for command in ["KCS", "KFD", "CNF", "MFP", "FPD", "DFD"] {
            let till = Till::of(calm().await, Kind::Software);
            let journal = till.journal().await;
            let rule = Rule::new(fault).command(command).turn(Turn::First(2));
            till.sandbox.crk().faults().push(rule);
            let fiscalised = outcome(&till, &journal).await;
            let Outcome::Fiscalised(done) = &fiscalised else { panic!("{fiscalised:?}") };
            assert_eq!(Some(done.evidence_number.to_string()), till.evidence());
            // Given once, however often it was asked for: the first of its year.
            assert_eq!(done.evidence_number.serial(), 1);
            till.assert_expected();
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_fiscalisation_that_takes_longer_than_the_lease_keeps_its_journal() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.leased_journal().await;
    let silence = Fault::DelayAfter { ms: 50_000 };
    till.sandbox.crk().faults().push(Rule::new(silence).command("KFD").once());
    till.sandbox.crk().faults().push(Rule::new(silence).command("MFP").once());
    let fiscalised = outcome(&till, &journal).await;
    assert_fiscalised(&till, &fiscalised);
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_technician_may_think_for_longer_than_the_lease() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.leased_journal().await;
    let rehearsal = till.fiscalisation(journal.clone()).rehearse().await.unwrap();
    assert!(rehearsal.objections().is_empty(), "{rehearsal:?}");
    pass(Duration::from_secs(120)).await;
    let fiscalised = outcome(&till, &journal).await;
    assert_fiscalised(&till, &fiscalised);
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_carries_the_same_identifier_until_the_order_changes() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.journal().await;
    let lose = Rule::new(Fault::DropRequest).command("MFP").turn(Turn::First(6));
    till.sandbox.crk().faults().push(lose);
    let error = till.fiscalisation(journal.clone()).run().await.unwrap_err();
    assert_eq!(error.step(), Some(FiscalisationStep::Request));
    assert!(error.call().unwrap().may_have_happened());
    let noted = |registration: ekasy_device::journal::Registration| {
        registration.fiscalisation.unwrap().notes.get("request").cloned()
    };
    let first = noted(journal.registration().await.unwrap()).unwrap();
    // A day later the repository would not take it any more.
    pass(hours(25)).await;
    till.sandbox.crk().faults().clear();
    till.sandbox.crk().faults().push(Rule::new(Fault::DropRequest).command("MFP"));
    till.fiscalisation(journal.clone()).run().await.unwrap_err();
    let second = noted(journal.registration().await.unwrap()).unwrap();
    assert_ne!(first, second);
    till.sandbox.crk().faults().clear();
    let fiscalised = outcome(&till, &journal).await;
    assert_fiscalised(&till, &fiscalised);
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_number_that_nobody_knows_is_asked_for_and_may_be_given() {
    let till = Till::of(calm().await, Kind::Hardware);
    till.fiscalised().await.close().await.unwrap();
    let number = till.evidence().unwrap();
    // Somebody lost the journal.
    let other = std::sync::Arc::new(common_store::MemoryStore::new(till.clock.clone()));
    let journal = till.journal_in(other).await.unwrap();
    assert_eq!(outcome(&till, &journal).await, Outcome::NumberUnknown);
    assert_eq!(journal.registration().await.unwrap().evidence_number, None);
    let order = till.order().recovered(number.parse().unwrap());
    let run = till.fiscalisation_by(journal.clone(), order).patience(hours(0)).run().await;
    // The repository gives no second schedule by itself, which is where a person has to help.
    assert_eq!(run.unwrap_err().step(), Some(FiscalisationStep::FetchTimetable));
    let registration = journal.registration().await.unwrap();
    assert_eq!(registration.evidence_number.unwrap().to_string(), number);
    assert!(registration.web_api.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_program_that_is_not_approved_ends_the_run() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.journal().await;
    let checksum = ekasy_device::device::Device::firmware(&*till.device).unwrap().checksum;
    till.sandbox.crk().refuse_firmware(checksum.as_str());
    assert_eq!(outcome(&till, &journal).await, Outcome::Refused(Refusal::Program));
    assert_eq!(till.sandbox.crk().statistics().cpd.get("MFP"), None);
    let order = till.order();
    let hardware = Till::of(calm().await, Kind::Hardware);
    let run = hardware.fiscalisation_by(hardware.journal().await, order).run().await.unwrap();
    assert_eq!(run, Outcome::Refused(Refusal::NoProgram));
}

#[tokio::test(start_paused = true)]
async fn the_clock_is_looked_at_before_the_request() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.journal().await;
    // An identifier of a time when the clock was three hours ahead.
    let ahead = MORNING.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let ahead = ahead + chrono::TimeDelta::hours(3);
    let kind = ekasy_device::ident::CommandKind::TestCpd;
    journal.next_command_id(kind, ahead).await.unwrap();
    assert_eq!(outcome(&till, &journal).await, Outcome::Clock);
    assert_eq!(till.sandbox.crk().statistics().cpd.get("MFP"), None);
    let objections = till.fiscalisation(journal.clone()).rehearse().await.unwrap();
    assert!(matches!(objections.objections(), [Objection::Clock]), "{objections:?}");
    pass(hours(2)).await;
    let fiscalised = outcome(&till, &journal).await;
    assert_fiscalised(&till, &fiscalised);
}

#[tokio::test(start_paused = true)]
async fn a_register_that_woke_up_in_another_century_is_put_right() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.journal().await;
    let kind = ekasy_device::ident::CommandKind::TestCpd;
    journal.next_command_id(kind, "2099-01-01T00:00:00Z".parse().unwrap()).await.unwrap();
    assert_eq!(outcome(&till, &journal).await, Outcome::Clock);
    journal.set_back_command_ids(crate::till::now(&till)).await.unwrap();
    // It is as durable as an identifier.
    journal.close().await.unwrap();
    let journal = till.journal().await;
    let rehearsal = till.fiscalisation(journal.clone()).rehearse().await.unwrap();
    assert!(rehearsal.objections().is_empty(), "{rehearsal:?}");
    let fiscalised = outcome(&till, &journal).await;
    assert_fiscalised(&till, &fiscalised);
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_rehearsal_changes_nothing_and_tells_what_is_wrong() {
    let till = Till::of(calm().await, Kind::Software);
    let journal = till.journal().await;
    let rehearsal = till.fiscalisation(journal.clone()).rehearse().await.unwrap();
    assert!(rehearsal.objections().is_empty(), "{rehearsal:?}");
    assert_eq!(till.sandbox.crk().state(&till.register.unique_number), None);
    assert_eq!(till.sandbox.crk().standing(&till.register.unique_number).unwrap().certificates, 0);
    assert_eq!(
        journal.registration().await.unwrap(),
        ekasy_device::journal::Registration::default()
    );
    assert_eq!(journal.pins().await.unwrap(), None);

    let stranger = Order::software(&till.number(), "1111111112".parse().unwrap()).unwrap();
    till.sandbox.crk().faults().push(Rule::new(Fault::DropRequest));
    let rehearsal = till.fiscalisation_by(journal, stranger).rehearse().await.unwrap();
    let objections = rehearsal.objections();
    assert!(
        matches!(
            objections,
            [
                Objection::OtherTaxpayer,
                Objection::TaxpayerChecksum,
                Objection::Cpd(_),
                Objection::Cpd(_)
            ]
        ),
        "{objections:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_memory_takes_the_evidence_number_over() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let number = till.evidence().unwrap();
    let crk = till.sandbox.crk();
    // The old memory is still open.
    let new = crk
        .registers()
        .into_iter()
        .find(|one| one.kind == Kind::Hardware && one.unique_number != till.register.unique_number);
    let sandbox = till.sandbox;
    let client = {
        let old = till.clock.clone();
        let new = new.clone().unwrap();
        Till {
            register: new,
            clock: old,
            store: std::sync::Arc::new(common_store::MemoryStore::new(till.clock.clone())),
            device: till.device.clone(),
            sandbox,
        }
    };
    let order = client.order().evidence_number(number.parse().unwrap());
    let fresh = client.journal().await;
    let refused = client.fiscalisation_by(fresh.clone(), order.clone()).run().await.unwrap();
    let Outcome::Refused(Refusal::Status(refusal)) = refused else { panic!("{refused:?}") };
    assert_eq!(refusal.status, FiscalisationStatus::EarlierMemoryOpen);

    let id = journal
        .next_command_id(ekasy_device::ident::CommandKind::EndOfLife, crate::till::now(&client))
        .await
        .unwrap();
    let old = crate::till::InProcess::wires(&client.sandbox, &till.register);
    let old = ekasy_device::Client::builder(
        till.register.unique_number.parse().unwrap(),
        crate::till::environment(&client.sandbox),
        old,
        crate::till::credentials(&till.register),
    );
    let old = old.build().unwrap();
    let reason = ekasy_device::code::ReadOnlyReason::SettlementReport;
    old.enter_read_only(id, reason, "1".parse().unwrap()).await.unwrap();
    let fiscalised = client.fiscalisation_by(fresh, order).run().await.unwrap();
    let Outcome::Fiscalised(fiscalised) = fiscalised else { panic!("{fiscalised:?}") };
    assert_eq!(fiscalised.evidence_number.to_string(), number);
    client.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_register_that_fails_is_asked_again_by_the_next_run() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.journal().await;
    for write in 0..7 {
        till.device.failures.lock().unwrap().push("the memory is busy");
        // The failure meets the next write, and the ones before are not asked for again.
        let error = till.fiscalisation(journal.clone()).run().await.unwrap_err();
        assert_eq!(error.device().unwrap().to_string(), "the memory is busy");
        assert_eq!(error.step().unwrap().row(), 5);
        assert_eq!(till.device.lines(), [""; 0], "try {write}");
    }
    let fiscalised = outcome(&till, &journal).await;
    assert_fiscalised(&till, &fiscalised);
    assert_eq!(till.sandbox.crk().statistics().cpd["MFP"], 1);
}

/// Lets the power go at every single operation of the store, before and after it takes effect.
#[tokio::test(start_paused = true)]
async fn the_power_may_go_at_every_operation_of_the_store() {
    for moment in [Moment::Before, Moment::After] {
        let mut at = 0;
        loop {
            at += 1;
            let till = Till::of(calm().await, Kind::Software);
            let dying = Dying::new(till.store.clone(), Failing::new(at, moment, Cut::Death));
            let engine = std::sync::Arc::new(dying.clone());
            let cut = match till.journal_in(engine).await {
                Ok(journal) => {
                    let ended = till.fiscalisation(journal).run().await;
                    !matches!(ended, Ok(Outcome::Fiscalised(_)))
                }
                Err(_) => true,
            };
            let is_through = !dying.around.has_failed();
            assert_eq!(cut, !is_through, "a dead store at {at}");
            let journal = till.journal().await;
            let fiscalised = outcome(&till, &journal).await;
            assert_fiscalised(&till, &fiscalised);
            let Outcome::Fiscalised(done) = fiscalised else { return };
            assert_eq!(done.evidence_number.serial(), 1, "cut at {at}");
            till.assert_expected();
            if is_through {
                assert!(at > 60, "only {at} operations");
                break;
            }
        }
    }
}

/// The wire may go with the power too: the run is dropped at each of its waits.
#[tokio::test(start_paused = true)]
async fn a_run_may_be_dropped_at_every_wait() {
    let mut pauses = 0;
    loop {
        let till = Till::of(calm().await, Kind::Software);
        let journal = till.journal().await;
        let run = till.fiscalisation(journal.clone());
        let ended = crate::worker::dropped_after(run.run(), pauses).await;
        let fiscalised = outcome(&till, &till.journal().await).await;
        assert_fiscalised(&till, &fiscalised);
        till.assert_expected();
        if ended.is_some() {
            assert!(pauses > 15, "only {pauses} waits");
            return;
        }
        pauses += 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_refused_by_code_gets_a_new_identifier() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.journal().await;
    let fault = Fault::Code(Code::new("B06").unwrap());
    let path = "/api/SerwerCPD/Command";
    let rule = Rule::new(fault).on(&Method::POST, path).command("MFP").once();
    till.sandbox.crk().faults().push(rule);
    let refused = outcome(&till, &journal).await;
    let code = Open::Known(CpdCode::NoCertificates);
    assert_eq!(refused, Outcome::Refused(Refusal::Code(FiscalisationStep::Request, code)));
    let record = journal.registration().await.unwrap().fiscalisation.unwrap();
    assert_eq!((record.row, record.notes.get("request")), (1, None));
    let fiscalised = outcome(&till, &journal).await;
    assert_fiscalised(&till, &fiscalised);
    assert_eq!(till.sandbox.crk().statistics().cpd["KFD"], 2);
}
