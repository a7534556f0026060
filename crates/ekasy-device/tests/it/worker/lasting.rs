//! What does not go away by itself, and must neither stop the rest nor be forgotten.

use std::{fmt, sync::Arc, time::Duration};

use common_core::{secret::secret_bytes, store::BoxFuture};
use common_http::{Body, BodyStream, Transport, TransportError, TransportErrorKind};
use common_store::SealKey;
use ekasy_device::{
    channel::{Channel, ChannelError, Connect, Wires},
    code::ReadOnlyReason,
    command::Certificate,
    fiscalisation::{Fiscalisation, Outcome},
    ident::SendFrequency,
    journal::{Journal, Pins, Stage},
    worker::{Event, Worker},
};
use http::Method;
use sandbox::{
    crk::{Command, Kind, State},
    fault::{Fault, Rule},
};

use super::{Running, confirmed, queue, settle, timetable};
use crate::{
    journal::dying::{Dying, Failing, Fault as Cut, Moment},
    till::{InProcess, Till, calm, environment, hours, pass},
};

/// Wires on which the WebApi lets itself be reached only by who pinned the certificate it shows.
#[derive(Debug)]
struct Showing {
    wires: Wires,
    shown: Certificate,
}

impl Connect for Showing {
    fn wires(&self, pins: Option<&Pins>) -> Result<Wires, ChannelError> {
        let is_known = pins.is_some_and(|pins| pins.web_api == self.shown);
        Ok(self.wires.clone().map(|channel, wire| match channel {
            Channel::WebApi if !is_known => Arc::new(Refusing),
            _ => wire,
        }))
    }
}

/// A wire that ends in the midst of the handshake.
struct Refusing;

impl fmt::Debug for Refusing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refusing")
    }
}

impl Transport for Refusing {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(async { Err(TransportError::new(TransportErrorKind::Connect)) })
    }
}

#[tokio::test(start_paused = true)]
async fn a_webapi_with_a_renewed_certificate_is_found_again_without_anybody_s_help() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let right = journal.pins().await.unwrap().unwrap();
    // While the register was off, the WebApi got the certificate that the repository tells of now.
    let old = Pins { web_api: right.cpd.clone(), ..right.clone() };
    journal.set_pins(&old).await.unwrap();
    till.sandbox.crk().expire_tokens();
    let wires = InProcess::wires(&till.sandbox, &till.register);
    let connect = Showing { wires, shown: right.web_api.clone() };
    let client = till.client_over(connect, environment(&till.sandbox));
    let running = Running::start_by(client, &till, &journal, |worker| worker);
    let id = queue(&till, Command::QrCode { threshold: 700 });
    running.report(2).await;
    pass(Duration::from_secs(300)).await;
    assert_eq!(till.archive().numbers, 2);
    assert_eq!(confirmed(&till, &id).as_deref(), Some("0"));
    assert_eq!(journal.pins().await.unwrap(), Some(right));
    let events = running.stop().await;
    assert!(events.iter().any(|event| matches!(event, Event::Pins)));
    let works = |event: &&Event| matches!(event, Event::Recovered(Channel::WebApi, _));
    assert_eq!(events.iter().filter(works).count(), 1);
    till.assert_expected();
}

/// The same for a fiscalisation that was begun before.
#[tokio::test(start_paused = true)]
async fn a_fiscalisation_that_goes_on_later_finds_a_renewed_certificate() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let change = journal.update_registration(|of| {
        let record = of.fiscalisation.as_mut().unwrap();
        (record.row, record.stage) = (14, Stage::Intended);
        record.notes.remove("timetable");
    });
    change.await.unwrap();
    let right = journal.pins().await.unwrap().unwrap();
    journal.set_pins(&Pins { web_api: right.cpd.clone(), ..right.clone() }).await.unwrap();
    let wires = InProcess::wires(&till.sandbox, &till.register);
    let connect = Showing { wires, shown: right.web_api.clone() };
    let client = till.client_over(connect, environment(&till.sandbox));
    queue(&till, timetable(0, 1800, "ALL"));
    let (device, options) = (till.device.clone(), till.options());
    let run = Fiscalisation::new(client, journal.clone(), device, options, till.order());
    let outcome = run.run().await.unwrap();
    assert!(matches!(outcome, Outcome::Fiscalised(_)), "{outcome:?}");
    assert_eq!(journal.pins().await.unwrap(), Some(right));
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_that_the_server_always_fails_in_keeps_no_document_back() {
    for status in [500, 404, 409, 403] {
        let till = Till::of(calm().await, Kind::Hardware);
        let journal = till.fiscalised().await;
        let mut running = Running::start(&till, &journal);
        pass(Duration::from_secs(60)).await;
        let reply = Fault::Reply { status, retry_after: None };
        let rule = Rule::new(reply).on(&Method::POST, "/api/Repository/Command");
        till.sandbox.crk().faults().push(rule);
        let id = queue(&till, Command::QrCode { threshold: 700 });
        settle(&till).await;
        let mut first = 2;
        for run in 0..2 {
            till.sandbox.crk().expire_tokens();
            let polls = till.sandbox.crk().statistics().polls;
            running.sell(first..=first + 8).await;
            running.report(first + 9).await;
            pass(hours(2)).await;
            assert_eq!(till.archive().numbers, first + 9, "{status} in run {run}");
            assert!(till.sandbox.crk().statistics().polls > polls + 2, "{status} in run {run}");
            assert_eq!(confirmed(&till, &id), None, "{status}");
            let alarms = running.alarms();
            let told = alarms.iter().filter(|alarm| alarm.contains("StillFailing"));
            assert_eq!(told.count(), 1, "{status}: {alarms:?}");
            first += 10;
            running.stop().await;
            running = Running::start(&till, &journal);
        }
        till.sandbox.crk().faults().clear();
        pass(hours(1)).await;
        assert_eq!(confirmed(&till, &id).as_deref(), Some("0"), "{status}");
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_never_says_when_to_send_is_an_alarm_at_each_start() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let change = journal.update_registration(|of| {
        of.schedule.as_mut().unwrap().send = SendFrequency::Undefined;
    });
    change.await.unwrap();
    for _ in 0..2 {
        let running = Running::start(&till, &journal);
        pass(Duration::from_secs(60)).await;
        assert_eq!(running.alarms(), ["NoSchedule"]);
        queue(&till, timetable(-2, 1800, "ALL"));
        settle(&till).await;
        assert_eq!(running.alarms(), ["NoSchedule"; 2]);
        running.stop().await;
    }
    let running = Running::start(&till, &journal);
    running.report(2).await;
    queue(&till, timetable(0, 1800, "ALL"));
    settle(&till).await;
    assert_eq!(till.archive().numbers, 2);
    assert_eq!(running.alarms(), ["NoSchedule"]);
    running.stop().await;
    till.assert_expected();
}

/// A worker of a register that is asked to become read-only and to stop, before it has begun.
async fn asked_and_stopped(till: &Till, journal: &Journal) -> bool {
    let worker = Worker::new(till.client(), journal.clone(), till.device.clone(), till.options());
    worker.handle().become_read_only(ReadOnlyReason::SettlementReport);
    worker.handle().stop();
    worker.run().await.is_ok()
}

/// The same with a store that fails at each of its operations: a run that ends well has not
/// forgotten it.
#[tokio::test(start_paused = true)]
async fn an_end_of_fiscal_life_is_not_forgotten_by_a_run_that_is_stopped() {
    let mut at = 0;
    loop {
        at += 1;
        let till = Till::of(calm().await, Kind::Hardware);
        till.fiscalised().await;
        let failing = Failing::new(at, Moment::Before, Cut::Error);
        let dying = Dying::new(till.store.clone(), failing);
        let is_well = match till.journal_in(Arc::new(dying.clone())).await {
            Ok(journal) => asked_and_stopped(&till, &journal).await,
            Err(_) => false,
        };
        assert!(till.device.lines().iter().all(|line| !line.starts_with("read-only")));
        let running = Running::start(&till, &till.journal().await);
        pass(hours(1)).await;
        let number = &till.register.unique_number;
        if is_well {
            assert_eq!(till.sandbox.crk().state(number), Some(State::ReadOnly), "at {at}");
        }
        running.stop().await;
        if !dying.around.has_failed() {
            assert!(is_well && at > 10, "only {at} operations");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_no_seal_opens_is_replaced() {
    let till = Till::of(calm().await, Kind::Hardware);
    till.fiscalised().await.close().await.unwrap();
    let key = SealKey::new(2, secret_bytes(vec![8; 32])).unwrap();
    let options = ekasy_device::journal::Options::new(till.number(), "till", key);
    let journal = Journal::open(till.store.clone(), options.lease(hours(24 * 30))).await.unwrap();
    assert!(journal.token().await.is_err());
    let running = Running::start(&till, &journal);
    running.report(2).await;
    pass(Duration::from_secs(60)).await;
    assert_eq!(till.archive().numbers, 2);
    let alarms = running.alarms();
    assert!(matches!(&alarms[..], [one] if one.starts_with("Stumbled")), "{alarms:?}");
    running.stop().await;
    journal.token().await.unwrap().unwrap();
    till.assert_expected();
}

/// With a store that fails at each of its operations: what is used stands in the journal.
#[tokio::test(start_paused = true)]
async fn new_certificates_are_journalled_before_they_are_used() {
    let mut at = 0;
    loop {
        at += 1;
        let till = Till::of(calm().await, Kind::Hardware);
        let failing = Failing::new(at, Moment::Before, Cut::Death);
        let dying = Dying::new(till.store.clone(), failing);
        let client = till.client();
        if let Ok(journal) = till.journal_in(Arc::new(dying)).await {
            let (device, options) = (till.device.clone(), till.options());
            let run = Fiscalisation::new(client.clone(), journal, device, options, till.order());
            let _ = run.run().await;
        }
        let kept = till.journal().await.pins().await.unwrap();
        assert!(kept.is_some() || !client.has_pins(), "at {at}");
        if client.has_pins() {
            assert!(at > 10, "only {at} operations");
            return;
        }
    }
}

/// With a store that answers with an error after each of its operations: what it did all the same
/// is in force without another start, and is told.
#[tokio::test(start_paused = true)]
async fn a_schedule_that_was_journalled_is_in_force_whatever_the_store_said() {
    let mut at = 0;
    loop {
        at += 1;
        let till = Till::of(calm().await, Kind::Hardware);
        till.fiscalised().await;
        let failing = Failing::new(at, Moment::After, Cut::Error);
        let dying = Dying::new(till.store.clone(), failing);
        let Ok(journal) = till.journal_in(Arc::new(dying.clone())).await else { continue };
        let id = queue(&till, timetable(0, 60, "ALL"));
        let running = Running::start(&till, &journal);
        pass(Duration::from_secs(600)).await;
        let has_failed = dying.around.has_failed();
        if has_failed && !running.is_over() {
            assert_eq!(confirmed(&till, &id).as_deref(), Some("0"), "at {at}");
            running.sell(2..=2).await;
            pass(Duration::from_secs(60)).await;
            assert_eq!(till.archive().numbers, 2, "at {at}");
            let events = running.stop().await;
            let finished = events.iter().filter(|event| matches!(event, Event::Finished(..)));
            assert_eq!(finished.count(), 1, "at {at}");
        }
        if !has_failed {
            assert!(at > 30, "only {at} operations");
            return;
        }
    }
}
