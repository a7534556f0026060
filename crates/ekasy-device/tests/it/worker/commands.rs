//! Commands of the repository.

use std::{sync::Arc, time::Duration};

use common_core::store::BoxFuture;
use ekasy_device::{
    command::QrPrinting,
    device::{DocumentSource, SourceError},
    ident::JpkRange,
    journal::{Document, Journalled, Outcome},
    packing::DocumentKind,
    worker::Event,
};
use http::Method;
use sandbox::{
    crk::{Command, Kind},
    fault::{Code, Fault, Rule, Turn},
};

use super::{Running, confirmed, dropped_after, queue, settle, timetable};
use crate::till::{Till, calm, document, hours, pass};

const COMMAND: &str = "/api/Repository/Command";

#[tokio::test(start_paused = true)]
async fn commands_are_carried_out_and_confirmed_one_after_the_other() {
    let till = Till::of(calm().await, Kind::Software);
    let running = Running::start(&till, &till.fiscalised().await);
    let before = till.sandbox.crk().statistics();
    let mut ids = vec![
        queue(&till, Command::QrCode { threshold: 5000 }),
        queue(&till, timetable(3600, 600, "RD;ZE")),
    ];
    for service in ["KCS", "KFD", "CNF"] {
        ids.push(queue(&till, Command::CallServer { service: service.to_owned() }));
    }
    settle(&till).await;
    for id in &ids {
        assert_eq!(confirmed(&till, id).as_deref(), Some("0"), "{id}");
    }
    let statistics = till.sandbox.crk().statistics();
    for service in ["KCS", "KFD", "CNF"] {
        assert_eq!(statistics.cpd[service] - before.cpd[service], 1);
    }
    let registration = running.journal.registration().await.unwrap();
    assert_eq!(registration.qr_code, Some(QrPrinting::Above(5000)));
    assert!(till.device.lines().contains(&"qr Above(5000)".to_owned()));
    assert_eq!(statistics.deliveries - before.deliveries, 5);
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_comes_again_is_confirmed_again_and_not_done_again() {
    let till = Till::of(calm().await, Kind::Software);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(5)).await;
    let lose = Rule::new(Fault::DropRequest).on(&Method::POST, COMMAND).turn(Turn::First(4));
    till.sandbox.crk().faults().push(lose);
    let id = queue(&till, Command::CallServer { service: "KFD".to_owned() });
    pass(hours(3)).await;
    assert_eq!(confirmed(&till, &id).as_deref(), Some("0"));
    // Once while it was fiscalised, once now.
    assert_eq!(till.sandbox.crk().statistics().cpd["KFD"], 2);
    let events = running.stop().await;
    let finished = events.iter().filter(|event| matches!(event, Event::Finished(..)));
    assert_eq!(finished.count(), 1);
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_done_is_confirmed_as_failed_with_a_reason() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(5)).await;
    till.device.failures.lock().unwrap().push("the printer is open");
    let raw =
        |code: &str| Command::Raw { code: code.to_owned(), attributes: serde_json::Map::new() };
    let ids = [
        queue(&till, Command::QrCode { threshold: 0 }),
        queue(&till, Command::CallServer { service: "CNF".to_owned() }),
        queue(&till, Command::CallServer { service: "XYZ".to_owned() }),
        queue(&till, raw("TFD")),
        queue(&till, raw("ZZZ")),
        queue(&till, timetable(30, 30, "ALL")),
    ];
    let good = queue(&till, Command::QrCode { threshold: -1 });
    settle(&till).await;
    for id in &ids {
        assert_eq!(confirmed(&till, id).as_deref(), Some("1"), "{id}");
    }
    assert_eq!(confirmed(&till, &good).as_deref(), Some("0"));
    let commands = till.sandbox.crk().commands(&till.register.unique_number);
    let told = commands.iter().filter_map(|one| one.confirmation.clone()?.message);
    assert!(told.into_iter().any(|message| message == "the printer is open"));
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_call_that_the_cpd_server_refuses_fails_and_one_that_it_cannot_do_is_made_again() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(5)).await;
    let refuse = Fault::Code(Code::new("B10").unwrap());
    till.sandbox.crk().faults().push(Rule::new(refuse).command("KFD").once());
    let busy = Fault::Code(Code::new("E04").unwrap());
    till.sandbox.crk().faults().push(Rule::new(busy).command("KCS").turn(Turn::First(3)));
    let refused = queue(&till, Command::CallServer { service: "KFD".to_owned() });
    let later = queue(&till, Command::CallServer { service: "KCS".to_owned() });
    settle(&till).await;
    assert_eq!(confirmed(&till, &refused).as_deref(), Some("1"));
    pass(hours(1)).await;
    assert_eq!(confirmed(&till, &later).as_deref(), Some("0"));
    let events = running.stop().await;
    let failed = events.iter().find_map(|event| match event {
        Event::Finished(_, Outcome::Failed(sentence)) => Some(sentence.clone()),
        _ => None,
    });
    assert!(failed.unwrap().starts_with("cpd.send_certificates: "));
    till.assert_expected();
}

fn documents(from: u64, to: u64, types: &str) -> Command {
    Command::Documents { from, to, shipment_type: types.to_owned() }
}

#[tokio::test(start_paused = true)]
async fn requested_documents_go_out_in_detail_and_nothing_else_does() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    queue(&till, timetable(3600, 1800, "RD"));
    settle(&till).await;
    running.sell(2..=9).await;
    let gap = Journalled::Gap(JpkRange::parse("10-12").unwrap());
    let after = Journalled::Document(document(13, DocumentKind::Receipt));
    running.journal.append_all(vec![gap, after]).await.unwrap();
    running.handle.journalled();
    pass(hours(2)).await;
    let before = till.archive();
    assert_eq!((before.numbers, before.declared_gaps.clone()), (13, vec![(10, 12)]));
    let id = queue(&till, documents(8, 40, "ALL"));
    let empty = queue(&till, documents(500, 600, "ALL"));
    settle(&till).await;
    let archive = till.archive();
    assert_eq!(confirmed(&till, &id).as_deref(), Some("0"));
    assert_eq!(confirmed(&till, &empty).as_deref(), Some("0"));
    // 8 and 9, three gaps, 13; and an empty package.
    assert_eq!(archive.received - before.received, 6);
    assert_eq!(archive.empty_packages, 1);
    assert_eq!(archive.duplicated, 0, "{:?}", archive.duplicates);
    running.stop().await;
    till.assert_expected();
}

/// Protected memory: keeps for ever what the journal may forget.
#[derive(Debug)]
struct ProtectedMemory(Vec<Document>);

impl DocumentSource for ProtectedMemory {
    fn page(&self, range: JpkRange) -> BoxFuture<'_, Result<Vec<Journalled>, SourceError>> {
        let all = self.0.iter().filter(move |document| range.contains(document.id()));
        let page = all.take(3).cloned().map(Journalled::Document).collect();
        Box::pin(async move { Ok(page) })
    }
}

#[tokio::test(start_paused = true)]
async fn documents_that_left_the_journal_come_from_protected_memory() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let memory: Vec<_> = (2..=20).map(|id| document(id, DocumentKind::Receipt)).collect();
    let source = ProtectedMemory(memory.clone());
    let running = Running::start_with(&till, &journal, |worker| worker.source(source));
    for document in memory {
        running.handle.append(document).await.unwrap();
    }
    pass(hours(3)).await;
    assert!(journal.drop_documents("15".parse().unwrap()).await.unwrap() > 10);
    let before = till.archive().received;
    queue(&till, documents(3, 14, "ALL"));
    settle(&till).await;
    assert_eq!(till.archive().received - before, 12);
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn documents_that_left_the_journal_are_refused_and_not_called_missing() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let running = Running::start(&till, &journal);
    running.sell(2..=19).await;
    running.report(20).await;
    pass(hours(3)).await;
    assert!(journal.drop_documents("15".parse().unwrap()).await.unwrap() > 10);
    let before = till.archive();
    let refused = [documents(3, 14, "ALL"), documents(3, 18, "ALL"), documents(15, 15, "ALL")];
    let refused = refused.map(|command| queue(&till, command));
    let kept = queue(&till, documents(16, 20, "ALL"));
    let beyond = queue(&till, documents(500, 600, "ALL"));
    settle(&till).await;
    for id in &refused {
        assert_eq!(confirmed(&till, id).as_deref(), Some("1"), "{id}");
    }
    let commands = till.sandbox.crk().commands(&till.register.unique_number);
    let told: Vec<_> =
        commands.iter().filter_map(|one| one.confirmation.clone()?.message).collect();
    let told: Vec<_> = told.iter().map(String::as_str).collect();
    let sentences = ["3-14", "3-15", "15-15"].map(|of| format!("documents {of} are not kept here"));
    assert_eq!(told, sentences);
    assert_eq!(confirmed(&till, &kept).as_deref(), Some("0"));
    assert_eq!(confirmed(&till, &beyond).as_deref(), Some("0"));
    let after = till.archive();
    assert_eq!(after.received - before.received, 5);
    assert_eq!(after.empty_packages - before.empty_packages, 1, "only for what never was");
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_command_that_nobody_can_open_is_given_up_after_new_keys() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(5)).await;
    let keys = till.sandbox.crk().statistics().cpd["KCS"];
    let mut profile = till.sandbox.crk().profile();
    // Another key of the repository signs, which CMD07 did not tell.
    profile.signature = sandbox::crk::Signature::Es256;
    till.sandbox.crk().set_profile(profile);
    let sealed = queue(&till, Command::QrCode { threshold: 1 });
    settle(&till).await;
    assert_eq!(confirmed(&till, &sealed).as_deref(), Some("1"));
    assert_eq!(till.sandbox.crk().statistics().cpd["KCS"], keys + 1);
    assert_eq!(running.alarms().len(), 2);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_is_not_given_up_while_new_keys_cannot_be_fetched() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(5)).await;
    let mut other = till.sandbox.crk().profile();
    other.signature = sandbox::crk::Signature::Es256;
    till.sandbox.crk().set_profile(other);
    let sealed = queue(&till, Command::QrCode { threshold: 4 });
    till.sandbox.crk().faults().push(Rule::new(Fault::DropRequest).command("KCS"));
    pass(hours(7)).await;
    assert_eq!(confirmed(&till, &sealed), None);
    running.sell(2..=5).await;
    running.report(6).await;
    pass(hours(1)).await;
    // Documents go out meanwhile; what the repository makes of them is another matter.
    assert_eq!(running.journal.progress().await.unwrap().sent, Some("6".parse().unwrap()));
    till.sandbox.crk().faults().clear();
    pass(hours(2)).await;
    assert_eq!(confirmed(&till, &sealed).as_deref(), Some("1"));
    running.stop().await;
}

/// Drops the worker at every wait while it carries out commands, and starts it again.
#[tokio::test(start_paused = true)]
async fn a_worker_may_die_at_every_wait_and_nothing_is_done_twice_or_lost() {
    let mut pauses = 0;
    loop {
        let till = Till::of(calm().await, Kind::Hardware);
        let journal = till.fiscalised().await;
        for number in 2..=5 {
            journal.append(document(number, DocumentKind::Receipt)).await.unwrap();
        }
        journal.append(document(6, DocumentKind::DailyReport)).await.unwrap();
        let ids = [
            queue(&till, Command::QrCode { threshold: 700 }),
            queue(&till, documents(1, 4, "ALL")),
            queue(&till, Command::CallServer { service: "KCS".to_owned() }),
        ];
        let worker = ekasy_device::worker::Worker::new(
            till.client(),
            journal.clone(),
            till.device.clone(),
            till.options(),
        );
        let handle = worker.handle();
        let stop = async {
            pass(Duration::from_secs(30)).await;
            handle.stop();
        };
        let both = async { tokio::join!(worker.run(), stop) };
        let ended = dropped_after(both, pauses).await;
        let running = Running::start(&till, &till.journal().await);
        settle(&till).await;
        pass(hours(2)).await;
        for id in &ids {
            assert_eq!(confirmed(&till, id).as_deref(), Some("0"), "{id} after {pauses}");
        }
        let archive = till.archive();
        assert_eq!((archive.numbers, archive.gaps), (6, vec![]), "after {pauses}");
        let schedules = running.journal.open_commands().await.unwrap();
        assert!(schedules.is_empty());
        running.stop().await;
        till.assert_expected();
        if ended.is_some() {
            assert!(pauses > 20, "only {pauses} waits");
            return;
        }
        pauses += 1;
    }
}

/// The same for every operation of the store.
#[tokio::test(start_paused = true)]
async fn the_store_may_die_at_every_operation_while_commands_are_carried_out() {
    use crate::journal::dying::{Dying, Failing, Fault as Cut, Moment};

    for moment in [Moment::Before, Moment::After] {
        let mut at = 0;
        loop {
            at += 3;
            let till = Till::of(calm().await, Kind::Hardware);
            let journal = till.fiscalised().await;
            for number in 2..=5 {
                journal.append(document(number, DocumentKind::Receipt)).await.unwrap();
            }
            journal.append(document(6, DocumentKind::DailyReport)).await.unwrap();
            let ids = [
                queue(&till, Command::QrCode { threshold: 700 }),
                queue(&till, documents(1, 4, "ALL")),
            ];
            let dying = Dying::new(till.store.clone(), Failing::new(at, moment, Cut::Death));
            if let Ok(journal) = till.journal_in(Arc::new(dying.clone())).await {
                let running = Running::start(&till, &journal);
                pass(Duration::from_secs(20)).await;
                running.kill();
            }
            let running = Running::start(&till, &till.journal().await);
            settle(&till).await;
            pass(hours(2)).await;
            for id in &ids {
                assert_eq!(confirmed(&till, id).as_deref(), Some("0"), "{id} at {at}");
            }
            let archive = till.archive();
            assert_eq!((archive.numbers, archive.gaps), (6, vec![]), "at {at}");
            running.stop().await;
            till.assert_expected();
            if !dying.around.has_failed() {
                assert!(at > 50, "only {at} operations");
                break;
            }
        }
    }
}
