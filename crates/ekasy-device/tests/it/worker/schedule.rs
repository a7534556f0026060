//! When documents go out, and when commands are asked for.

use std::time::Duration;

use ekasy_device::{code::ReadOnlyReason, ident::SendFrequency, worker::Event};
use sandbox::crk::{Keep, Kind, State};

use super::{Running, confirmed, queue, settle, timetable};
use crate::till::{Till, calm, hostile, hours, pass};

#[tokio::test(start_paused = true)]
async fn documents_go_out_every_interval_and_not_before() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    running.sell(2..=50).await;
    let before = till.archive().numbers;
    pass(hours(1)).await;
    assert_eq!(till.archive().numbers, before);
    pass(hours(1)).await;
    till.sandbox.crk().settle().await;
    assert_eq!(till.archive().numbers, 50);
    assert_eq!(till.archive().packages, 2);
    // Nothing to send, nothing sent; the next one goes at the next time.
    pass(hours(4)).await;
    running.sell(51..=51).await;
    pass(hours(1)).await;
    assert_eq!(till.archive().packages, 2);
    pass(hours(1)).await;
    assert_eq!(till.archive().numbers, 51);
    assert!(running.alarms().is_empty(), "{:?}", running.alarms());
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_daily_report_takes_everything_along_at_once() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    running.sell(2..=10).await;
    running.report(11).await;
    pass(Duration::from_secs(2)).await;
    assert_eq!(till.archive().numbers, 11);
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn polls_keep_the_interval_of_the_schedule() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(5)).await;
    let before = till.sandbox.crk().statistics().polls;
    pass(hours(24)).await;
    assert_eq!(till.sandbox.crk().statistics().polls - before, 48);
    let id = queue(&till, timetable(60, 60, "ALL"));
    settle(&till).await;
    assert_eq!(confirmed(&till, &id).as_deref(), Some("0"));
    let before = till.sandbox.crk().statistics().polls;
    pass(hours(1)).await;
    assert_eq!(till.sandbox.crk().statistics().polls - before, 60);
    let schedule = running.journal.registration().await.unwrap().schedule.unwrap();
    assert_eq!(schedule.send.to_wire(), 60);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn online_sends_after_each_document_and_suspended_keeps_them() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    queue(&till, timetable(0, 1800, "ALL"));
    settle(&till).await;
    for number in 2..=6 {
        running.sell(number..=number).await;
        pass(Duration::from_secs(1)).await;
        assert_eq!(till.archive().highest, number);
    }
    queue(&till, timetable(-1, 1800, "ALL"));
    settle(&till).await;
    running.sell(7..=20).await;
    pass(hours(48)).await;
    assert_eq!(till.archive().highest, 6);
    queue(&till, timetable(3600, 1800, "RD"));
    settle(&till).await;
    pass(hours(1)).await;
    let archive = till.archive();
    assert_eq!((archive.numbers, archive.short), (20, 14), "receipts go in the short form now");
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn an_undefined_part_of_a_schedule_leaves_the_one_before() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    let id = queue(&till, timetable(-2, -2, "RD"));
    settle(&till).await;
    assert_eq!(confirmed(&till, &id).as_deref(), Some("0"));
    let schedule = running.journal.registration().await.unwrap().schedule.unwrap();
    assert_eq!((schedule.send.to_wire(), schedule.check.to_wire()), (7200, 1800));
    assert_eq!(schedule.shipment.to_string(), "RD");
    assert_ne!(schedule.send, SendFrequency::Undefined);
    let events = running.stop().await;
    assert!(events.iter().any(|event| matches!(event, Event::ScheduleIncomplete)));
}

#[tokio::test(start_paused = true)]
async fn what_is_due_survives_a_restart() {
    let till = Till::of(calm().await, Kind::Hardware);
    let journal = till.fiscalised().await;
    let running = Running::start(&till, &journal);
    pass(Duration::from_secs(60)).await;
    running.sell(2..=3).await;
    pass(hours(1)).await;
    let polls = till.sandbox.crk().statistics().polls;
    for _ in 0..10 {
        let running = Running::start(&till, &journal);
        pass(Duration::from_secs(1)).await;
        running.stop().await;
    }
    assert_eq!(till.sandbox.crk().statistics().polls, polls, "a restart is no reason to poll");
    assert_eq!(till.archive().numbers, 1);
    running.stop().await;
    let running = Running::start(&till, &journal);
    pass(hours(1)).await;
    assert_eq!(till.archive().numbers, 3);
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn the_end_of_fiscal_life_is_told_and_everything_goes_out() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    pass(Duration::from_secs(60)).await;
    running.sell(2..=30).await;
    running.handle.become_read_only(ReadOnlyReason::SettlementReport);
    pass(Duration::from_secs(2)).await;
    till.sandbox.crk().settle().await;
    assert_eq!(till.sandbox.crk().state(&till.register.unique_number), Some(State::ReadOnly));
    let archive = till.archive();
    assert_eq!((archive.numbers, archive.announced), (30, Some(30)));
    assert!(till.device.lines().contains(&"read-only SettlementReport".to_owned()));
    assert!(running.journal.registration().await.unwrap().read_only_since.is_some());
    let events = running.stop().await;
    assert!(events.iter().any(|event| matches!(event, Event::ReadOnly)));
    // A later run tells nobody again.
    let running = Running::start(&till, &till.journal().await);
    pass(hours(2)).await;
    running.stop().await;
    assert_eq!(till.sandbox.crk().statistics().cpd["EFL"], 1);
    till.assert_expected();
}

/// Sells all day long and closes it, for so many days; the numbers go on from there.
async fn trade(running: &Running, days: u64, first: u64) -> u64 {
    let mut next = first;
    for _ in 0..days {
        for _ in 0..14 {
            running.sell(next..=next + 9).await;
            next += 10;
            pass(hours(1)).await;
        }
        running.report(next).await;
        next += 1;
        pass(hours(10)).await;
    }
    next
}

#[tokio::test(start_paused = true)]
async fn a_month_of_trade_arrives_complete_and_continuous() {
    let till = Till::of(calm().await, Kind::Hardware);
    let running = Running::start(&till, &till.fiscalised().await);
    let next = trade(&running, 30, 2).await;
    settle(&till).await;
    let archive = till.archive();
    assert_eq!((archive.numbers, archive.highest), (next - 1, next - 1));
    assert_eq!((archive.gaps, archive.duplicated, archive.out_of_order), (vec![], 0, 0));
    assert!(running.alarms().is_empty(), "{:?}", running.alarms());
    let statistics = till.sandbox.crk().statistics();
    assert_eq!(statistics.unauthorized, 0, "tokens are renewed before they end");
    assert!(statistics.cpd["GIS"] >= 29, "{statistics:?}");
    running.stop().await;
    till.assert_expected();
}

#[tokio::test(start_paused = true)]
async fn a_day_with_a_hostile_repository_arrives_too() {
    for seed in [1, 7, 42] {
        let till = Till::of(hostile(seed).await, Kind::Software);
        till.sandbox.crk().set_keep(Keep::Documents);
        let journal = loop {
            let journal = till.journal().await;
            if till.fiscalisation(journal.clone()).run().await.is_ok() {
                break journal;
            }
        };
        let running = Running::start(&till, &journal);
        let next = trade(&running, 2, 2).await;
        settle(&till).await;
        let archive = till.archive();
        assert_eq!((archive.numbers, archive.gaps), (next - 1, vec![]), "seed {seed}");
        running.stop().await;
        till.assert_expected();
    }
}
