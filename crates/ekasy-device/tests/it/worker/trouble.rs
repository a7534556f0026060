//! Outages, refusals and lies.

use std::{sync::Arc, time::Duration};

use ekasy_device::{
    ErrorKind,
    journal::Document,
    packing::DocumentKind,
    worker::{Event, Timing, Worker, WorkerError},
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
