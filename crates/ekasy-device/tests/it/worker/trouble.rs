//! Outages, refusals and lies.

use std::{sync::Arc, time::Duration};

use ekasy_device::{
    ErrorKind,
    journal::Document,
    packing::{DocumentKind, Limits},
    worker::{Ahead, Event, Timing, Worker, WorkerError},
};
use http::Method;
use sandbox::{
    crk::{Kind, NewRegister},
    fault::{Code, Fault, Rule, Turn},
};

use super::{Running, queue, settle, timetable};
use crate::till::{Till, calm, document, hours, pass};

const MESSAGES: &str = "/e-kasy/publishers/{publisher}/messages";

#[tokio::test(start_paused = true)]
async fn an_outage_of_two_days_delays_everything_and_loses_nothing() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    till.sandbox.crk().faults().push(Rule::new(Fault::DropRequest));
    let before = till.sandbox.requests().len();
    for hour in 0..48 {
        running.sell(2 + hour * 10..=11 + hour * 10).await;
        pass(hours(1)).await;
    }
    // Three channels, one try in a quarter of an hour or so each.
    let tries = till.sandbox.requests().len() - before;
    assert!(tries < 3 * 48 * 9, "{tries} tries");
    till.sandbox.crk().faults().clear();
    pass(hours(1)).await;
    settle(&till).await;
    let archive = till.archive();
    assert_eq!((archive.numbers, archive.gaps), (481, vec![]));
    let events = running.stop().await;
    assert!(events.iter().any(|event| matches!(event, Event::Recovered(..))));
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_outlasts_the_lease_does_not_lose_the_journal() {
    let till = Till::of(calm().await, Kind::Hardware);
    till.fiscalised().await.close().await.unwrap();
    let journal = till.leased_journal().await;
    let options = till.options().timing(Timing::default());
    let worker = Worker::new(till.client(), journal, till.device.clone(), options);
    let handle = worker.handle();
    let run = tokio::spawn(worker.run());
    let slow = Rule::new(Fault::DelayAfter { ms: 55_000 }).on(&Method::POST, MESSAGES);
    till.sandbox.crk().faults().push(slow);
    for number in 2..=9 {
        pass(Duration::from_secs(67)).await;
        handle.append(document(number, DocumentKind::DailyReport)).await.unwrap();
    }
    pass(hours(1)).await;
    assert_eq!(till.archive().numbers, 9);
    handle.stop();
    run.await.unwrap().unwrap();
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_nobody_can_read_does_not_keep_documents_from_going_out() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    // The answer to every question for a command ends in its midst, and no token is left.
    queue(&till, timetable(7200, 60, "PR;RD"));
    settle(&till).await;
    queue(&till, timetable(7200, 60, "RD"));
    let cut =
        Rule::new(Fault::MaskAnswer { status: 206 }).on(&Method::GET, "/api/Repository/Command");
    till.sandbox.crk().faults().push(cut);
    till.sandbox.crk().expire_tokens();
    pass(hours(1)).await;
    running.sell(2..=30).await;
    running.report(31).await;
    pass(hours(1)).await;
    assert_eq!(till.archive().numbers, 31);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_replaced_and_the_same_bytes_go_out() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    let tokens = till.sandbox.crk().statistics().tokens;
    till.sandbox.crk().expire_tokens();
    running.sell(2..=3).await;
    running.report(4).await;
    pass(Duration::from_secs(5)).await;
    let statistics = till.sandbox.crk().statistics();
    assert_eq!((statistics.unauthorized, statistics.tokens), (1, tokens + 1));
    assert_eq!(till.archive().numbers, 4);
    let sent = till.sandbox.requests();
    let bodies: Vec<_> = sent.iter().rev().filter(|one| one.path.contains("/messages")).collect();
    assert!(bodies.len() >= 2);
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_hub_that_refuses_every_token_is_not_stormed() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    let rule = Rule::new(Fault::Unauthorized).on(&Method::POST, MESSAGES);
    till.sandbox.crk().faults().push(rule);
    running.report(2).await;
    let before = till.sandbox.requests().len();
    pass(hours(24)).await;
    let tries = till.sandbox.requests().len() - before;
    assert!(tries < 24 * 20, "{tries} requests in a day");
    till.sandbox.crk().faults().clear();
    pass(hours(1)).await;
    assert_eq!(till.archive().numbers, 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_the_hub_sends_the_same_bytes_again() {
    for fault in [
        Fault::LoseAnswer,
        Fault::MaskAnswer { status: 500 },
        Fault::Code(Code::new("50002").unwrap()),
        Fault::Reply { status: 503, retry_after: Some(30) },
        Fault::Reply { status: 404, retry_after: None },
    ] {
        let till = Till::of(calm().await, Kind::Hardware);
        let running = Running::start(&till, &till.fiscalised().await);
        pass(Duration::from_secs(60)).await;
        let rule = Rule::new(fault).on(&Method::POST, MESSAGES).turn(Turn::First(3));
        till.sandbox.crk().faults().push(rule);
        running.sell(2..=40).await;
        running.report(41).await;
        pass(hours(1)).await;
        let archive = till.archive();
        assert_eq!((archive.numbers, archive.duplicated), (41, 0), "{fault:?}");
        let is_processed = matches!(fault, Fault::LoseAnswer | Fault::MaskAnswer { .. });
        assert_eq!(archive.resends, if is_processed { 3 } else { 0 }, "{fault:?}");
        running.stop().await;
        till.assert_expected();
    }
}

/// A receipt that cannot be compressed much.
pub(super) fn large(number: u64, length: usize) -> Document {
    let mut state = number;
    let noise = (0..length).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
    });
    let text: String = noise.collect();
    let bytes = format!(r#"{{"paragon":{{"JPKID":{number},"text":"{text}"}}}}"#);
    let id = number.to_string().parse().unwrap();
    Document::new(id, DocumentKind::Receipt, bytes.into_bytes()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_hub_with_a_smaller_limit_gets_smaller_packages() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    till.sandbox.crk().set_hub_limit(60_000);
    for number in 2..=60 {
        running.handle.append(large(number, 8_000)).await.unwrap();
    }
    running.report(61).await;
    pass(hours(1)).await;
    settle(&till).await;
    let archive = till.archive();
    assert!(archive.packages > 4, "{archive:?}");
    assert_eq!((archive.numbers, archive.gaps), (61, vec![]));
    let events = running.stop().await;
    let rejected = events.iter().filter(|event| matches!(event, Event::Rejected { .. }));
    assert!((2..=6).contains(&rejected.count()));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_too_large_is_packed_again_smaller_even_after_a_restart() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let running = Running::start(&till, &journal);
    pass(Duration::from_secs(60)).await;
    for number in 2..=40 {
        running.handle.append(large(number, 8_000)).await.unwrap();
    }
    running.report(41).await;
    pass(hours(1)).await;
    assert_eq!(till.archive().numbers, 41);
    till.sandbox.crk().set_hub_limit(40_000);
    let before = till.archive().received;
    let command =
        sandbox::crk::Command::Documents { from: 2, to: 40, shipment_type: "ALL".to_owned() };
    queue(&till, command);
    running.handle.poll_now();
    pass(Duration::from_millis(1)).await;
    running.kill();
    let running = Running::start(&till, &till.journal().await);
    settle(&till).await;
    pass(hours(2)).await;
    assert!(till.archive().received - before >= 39, "{:?}", till.archive().received - before);
    assert!(running.journal.next_package().await.unwrap().is_none());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_package_that_nobody_takes_stays_and_somebody_is_told() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    let reply = Fault::Reply { status: 400, retry_after: None };
    till.sandbox.crk().faults().push(Rule::new(reply).on(&Method::POST, MESSAGES));
    running.sell(2..=9).await;
    running.report(10).await;
    let before = till.sandbox.requests().len();
    pass(hours(12)).await;
    assert!(till.sandbox.requests().len() - before < 60);
    let alarms = running.alarms();
    assert!(alarms.iter().any(|alarm| alarm == "Stuck(Invalid)"), "{alarms:?}");
    till.sandbox.crk().faults().clear();
    pass(hours(2)).await;
    assert_eq!(till.archive().numbers, 10);
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_repository_that_lacks_what_it_was_sent_gets_it_again() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    running.report(2).await;
    pass(Duration::from_secs(60)).await;
    // The hub says 201 and the package is never seen again.
    let rule =
        Rule::new(Fault::Reply { status: 201, retry_after: None }).on(&Method::POST, MESSAGES);
    till.sandbox.crk().faults().push(rule.turn(Turn::First(1)));
    running.sell(3..=20).await;
    running.report(21).await;
    pass(hours(1)).await;
    assert_eq!(till.archive().highest, 2);
    pass(hours(26)).await;
    assert_eq!((till.archive().highest, till.archive().gaps.len()), (21, 0));
    let alarms = running.alarms();
    assert!(alarms[0].starts_with("Behind"), "{alarms:?}");
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_lost_documents_is_an_alarm() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let running = Running::start(&till, &journal);
    running.sell(2..=9).await;
    running.report(10).await;
    pass(hours(1)).await;
    running.stop().await;
    // Somebody put an old copy of the store back.
    let old = Arc::new(common_store::MemoryStore::new(till.clock.clone()));
    let fresh = till.journal_in(old).await.unwrap();
    let pins = journal.pins().await.unwrap().unwrap();
    fresh.set_pins(&pins).await.unwrap();
    let running = Running::start(&till, &fresh);
    pass(hours(1)).await;
    let alarms = running.alarms();
    assert!(alarms.iter().any(|alarm| alarm.starts_with("Ahead")), "{alarms:?}");
    assert!(alarms.iter().any(|alarm| alarm == "NoSchedule"), "{alarms:?}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_journal_in_other_hands_ends_the_run() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let worker = Worker::new(till.client(), journal, till.device.clone(), till.options());
    let task = tokio::spawn(worker.run());
    pass(Duration::from_secs(10)).await;
    let _taken = till.journal().await;
    let ended = tokio::time::timeout(hours(3), task).await.unwrap().unwrap();
    assert!(matches!(ended, Err(WorkerError::Journal(_))), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn certificates_that_end_soon_are_warned_of() {
    let sandbox = calm().await;
    let mut new = NewRegister::new("TSA2601000077", crate::till::TAXPAYER, Kind::Hardware);
    new.valid_until = Some("2026-03-20T00:00:00Z".parse().unwrap());
    sandbox.crk().issue(&new).unwrap();
    let mut till = Till::of(sandbox, Kind::Hardware);
    till.register = till.sandbox.crk().register("TSA2601000077").unwrap();
    let running = Running::start(&till, &till.fiscalised().await);
    pass(hours(49)).await;
    let events = running.stop().await;
    let names: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            Event::CertificateEnds { name, .. } => Some(*name),
            _ => None,
        })
        .collect();
    assert_eq!(names.len(), 6, "two certificates on three days: {names:?}");
    assert!(names.contains(&"the register's TLS certificate"));
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_is_refused_is_shown_rarely() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    let reply = Fault::Reply { status: 403, retry_after: None };
    let path = "/api/Repository/Command";
    till.sandbox.crk().faults().push(Rule::new(reply).on(&Method::GET, path));
    let before = till.sandbox.requests().len();
    pass(hours(24)).await;
    let tries = till.sandbox.requests().len() - before;
    assert!((50..220).contains(&tries), "{tries} requests in a day");
    let events = running.stop().await;
    let failed = events.iter().find_map(|event| match event {
        Event::Failed(error) => Some(error.kind()),
        _ => None,
    });
    assert_eq!(failed, Some(ErrorKind::Forbidden));
}

#[tokio::test(start_paused = true)]
async fn documents_that_fit_no_smaller_package_go_out_in_the_larger_one() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    // There is hardly room for what surrounds a document, so half of it is too little.
    let limits = Limits::default().request(9_000);
    let worker = Worker::new(
        till.client(),
        journal.clone(),
        till.device.clone(),
        till.options().limits(limits),
    );
    let handle = worker.handle();
    let run = tokio::spawn(worker.run());
    pass(Duration::from_secs(60)).await;
    let reply = Fault::Reply { status: 400, retry_after: None };
    let rule = Rule::new(reply).on(&Method::POST, MESSAGES).turn(Turn::First(6));
    till.sandbox.crk().faults().push(rule);
    for number in 2..=9 {
        handle.append(document(number, DocumentKind::Receipt)).await.unwrap();
    }
    handle.append(document(10, DocumentKind::DailyReport)).await.unwrap();
    pass(hours(12)).await;
    assert_eq!((till.archive().numbers, till.archive().gaps.len()), (10, 0));
    handle.stop();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_no_document_fits_is_told_and_tried_once_an_hour() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let options = till.options().limits(Limits::default().request(3_000));
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let heard = Arc::clone(&told);
    let worker = Worker::new(till.client(), journal, till.device.clone(), options);
    let worker = worker.on_event(move |event| {
        if event.is_alarm() {
            heard.lock().unwrap().push(format!("{event:?}"));
        }
    });
    let handle = worker.handle();
    let run = tokio::spawn(worker.run());
    handle.append(document(2, DocumentKind::DailyReport)).await.unwrap();
    pass(Duration::from_secs(60)).await;
    // An answer to the repository fits as little, and the command is refused.
    let id = queue(
        &till,
        sandbox::crk::Command::Documents { from: 1, to: 1, shipment_type: "ALL".to_owned() },
    );
    pass(hours(12)).await;
    assert_eq!(super::confirmed(&till, &id).as_deref(), Some("1"));
    let told = told.lock().unwrap().clone();
    assert!((12..=14).contains(&told.len()), "{} alarms, such as {:?}", told.len(), told.first());
    assert!(told.iter().all(|alarm| alarm.starts_with("NoRoom")), "{told:?}");
    handle.stop();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_the_journal_that_was_put_back_sends_no_number_twice() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let copy = Arc::new(common_store::MemoryStore::new(till.clock.clone()));
    // What the register is at the repository stands in the copy, and its documents do not.
    let restored = till.journal_in(copy.clone()).await.unwrap();
    let registration = journal.registration().await.unwrap();
    restored.update_registration(|of| *of = registration).await.unwrap();
    restored.set_pins(&journal.pins().await.unwrap().unwrap()).await.unwrap();
    let running = Running::start(&till, &journal);
    running.sell(2..=9).await;
    running.report(10).await;
    pass(hours(1)).await;
    running.stop().await;
    let before = till.archive();
    assert_eq!(before.numbers, 10);

    for run in 0..2 {
        let running = Running::start(&till, &restored);
        if run == 0 {
            running.sell(1..=4).await;
            running.report(5).await;
        }
        let asked = queue(
            &till,
            sandbox::crk::Command::Documents { from: 1, to: 9, shipment_type: "ALL".to_owned() },
        );
        pass(hours(9)).await;
        let archive = till.archive();
        assert_eq!((archive.packages, archive.duplicated), (before.packages, 0));
        assert_eq!(super::confirmed(&till, &asked), None, "another journal may have them");
        let alarms = running.alarms();
        assert!(alarms.iter().any(|alarm| alarm.starts_with("Ahead")), "{alarms:?}");
        running.stop().await;
    }
    till.assert_expected();

    // Whoever says that its numbers begin anew is believed.
    let options = till.options().ahead(Ahead::Tell);
    let worker = Worker::new(till.client(), restored, till.device.clone(), options);
    let handle = worker.handle();
    let run = tokio::spawn(worker.run());
    pass(hours(3)).await;
    assert!(till.archive().packages > before.packages);
    handle.stop();
    run.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn documents_that_are_kept_nowhere_are_told_and_the_others_sent_again() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let running = Running::start(&till, &journal);
    pass(Duration::from_secs(60)).await;
    running.report(2).await;
    pass(Duration::from_secs(60)).await;
    let rule =
        Rule::new(Fault::Reply { status: 201, retry_after: None }).on(&Method::POST, MESSAGES);
    till.sandbox.crk().faults().push(rule.turn(Turn::First(1)));
    running.sell(3..=20).await;
    running.report(21).await;
    pass(hours(1)).await;
    journal.drop_documents("8".parse().unwrap()).await.unwrap();
    pass(hours(26)).await;
    let archive = till.archive();
    assert_eq!((archive.highest, archive.gaps.clone()), (21, vec![(3, 8)]));
    let alarms = running.alarms();
    assert!(alarms.iter().any(|alarm| alarm.starts_with("Missing")), "{alarms:?}");
    running.sell(22..=23).await;
    running.report(24).await;
    pass(hours(1)).await;
    assert_eq!(till.archive().highest, 24);
    running.stop().await;
}
