//! What the machine decides, from inputs alone.

mod held_up;
mod pins;
mod repository;

use super::*;
use crate::{
    ident::{Interval, JpkRange, ShipmentTypes},
    journal::Purpose,
    worker::action::{Answer, Failed},
};

fn at(seconds: u64) -> Now {
    let start: DateTime<Utc> = "2026-03-02T06:00:00Z".parse().unwrap();
    let passed = Duration::from_secs(seconds);
    Now { tick: Tick::new(passed), wall: start + passed }
}

fn schedule(send: i64, check: i64) -> Schedule {
    Schedule {
        send: SendFrequency::from_wire(send).unwrap(),
        check: CheckFrequency::from_wire(check).unwrap(),
        shipment: ShipmentTypes::all(),
    }
}

/// A machine in the midst of its work at second 0: nothing is due but what the schedule says.
fn machine(send: i64) -> Machine {
    let start = Start { schedule: Some(schedule(send, 1800)), ..Start::default() };
    let mut machine = Machine::new(Timing::default(), start, at(0), 1);
    machine.due.lease = Tick::new(Duration::MAX);
    machine.answer(at(0), &Action::Poll, Answer::NoCommand);
    let state = Answer::State { repository: None, sent: None, journalled: None };
    machine.answer(at(0), &Action::Reconcile, state);
    machine.answer(at(0), &Action::CheckCertificates, Answer::Done);
    let idle = machine.next(at(0), &Facts::default());
    assert_eq!(idle, Action::Wait(Duration::from_secs(1800)));
    machine
}

fn facts(has_unpacked: bool, waiting: usize, token_until: Option<u64>) -> Facts {
    let token_until = token_until.map(|seconds| at(seconds).wall);
    Facts { has_unpacked, has_report: false, waiting, token_until }
}

fn command(kind: &str, minute: u32) -> CommandId {
    CommandId::parse(&format!("{kind}.WTE2001000009.2026-03-02T06:{minute:02}:00.000Z")).unwrap()
}

fn call_failed(channel: Channel, kind: ErrorKind) -> Answer {
    Answer::Failed(Failed { channel, kind, retry_after: None })
}

/// What there was, and when.
type Diary<T> = Vec<(u64, T)>;

/// Lets the machine work for that many seconds in a world that answers each action; what was done
/// and told, and when.
fn live(
    machine: &mut Machine,
    seconds: std::ops::Range<u64>,
    mut world: impl FnMut(&Action) -> Answer,
    facts: impl Fn(u64, &Diary<Action>) -> Facts,
) -> (Diary<Action>, Diary<Event>) {
    let (mut done, mut told) = (Vec::new(), Vec::new());
    let mut now = seconds.start;
    while now < seconds.end {
        let action = machine.next(at(now), &facts(now, &done));
        if let Action::Wait(wait) = action {
            machine.answer(at(now), &action, Answer::Done);
            now += wait.as_secs() + 1;
            continue;
        }
        let answer = world(&action);
        let events = machine.answer(at(now), &action, answer);
        told.extend(events.into_iter().map(|event| (now, event)));
        done.push((now, action));
        assert!(done.len() < 10_000, "it spins: {:?}", done.last());
    }
    (done, told)
}

/// What a world answers in which everything works and nothing is to be done.
fn well(action: &Action) -> Answer {
    match action {
        Action::Poll => Answer::NoCommand,
        Action::Confirm(id) => Answer::Confirmed(id.clone()),
        Action::Execute(id) => Answer::Executed(id.clone(), None),
        Action::FetchToken => Answer::Token,
        Action::Send => Answer::Sent,
        Action::AnnounceReadOnly(_) => Answer::Announced,
        Action::Reconcile => Answer::State { repository: None, sent: None, journalled: None },
        _ => Answer::Done,
    }
}

/// When something was done.
fn times(done: &Diary<Action>, of: impl Fn(&Action) -> bool) -> Vec<u64> {
    done.iter().filter(|(_, action)| of(action)).map(|(at, _)| *at).collect()
}

#[test]
fn each_frequency_packs_when_it_says() {
    for (send, soon, later) in [(0, true, true), (-1, false, false), (-2, false, false)] {
        let mut machine = machine(send);
        let new = facts(true, 0, None);
        assert_eq!(machine.next(at(1), &new) == Action::Pack, soon, "{send}");
        machine.due.poll = Tick::new(Duration::MAX);
        assert_eq!(machine.next(at(80_000), &new) == Action::Pack, later, "{send}");
    }
    let mut machine = machine(7200);
    assert_eq!(
        machine.next(at(1), &Facts { has_report: true, ..facts(true, 0, None) }),
        Action::Pack
    );
    machine.due.poll = Tick::new(Duration::MAX);
    // Times at which there was nothing are passed over.
    assert!(matches!(machine.next(at(7300), &Facts::default()), Action::Wait(_)));
    assert!(matches!(machine.next(at(7400), &facts(true, 0, None)), Action::Wait(_)));
    assert_eq!(machine.next(at(14_400), &facts(true, 0, None)), Action::Pack);
    machine.answer(at(14_400), &Action::Pack, Answer::Done);
    assert!(matches!(machine.next(at(14_401), &facts(true, 0, None)), Action::Wait(_)));
}

#[test]
fn a_token_is_replaced_when_it_ends_and_used_once_whatever_our_clock_says() {
    let mut machine = machine(7200);
    assert_eq!(machine.next(at(1), &facts(false, 1, None)), Action::FetchToken);
    assert_eq!(machine.next(at(1), &facts(false, 1, Some(2))), Action::Send);
    assert_eq!(machine.next(at(2), &facts(false, 1, Some(2))), Action::FetchToken);
    machine.answer(at(2), &Action::FetchToken, Answer::Token);
    // By our clock the new one is over as well.
    assert_eq!(machine.next(at(3), &facts(false, 1, Some(2))), Action::Send);
    machine.answer(at(3), &Action::Send, Answer::Sent);
    assert_eq!(machine.next(at(4), &facts(false, 1, Some(2))), Action::FetchToken);
}

#[test]
fn a_refused_token_is_replaced_at_once_and_a_refused_new_one_later() {
    let mut machine = machine(7200);
    let facts = facts(false, 1, Some(3600));
    machine.answer(at(1), &Action::Send, Answer::TokenRefused);
    assert_eq!(machine.next(at(1), &facts), Action::FetchToken);
    machine.answer(at(1), &Action::FetchToken, Answer::Token);
    assert_eq!(machine.next(at(1), &facts), Action::Send);
    machine.answer(at(1), &Action::Send, Answer::TokenRefused);
    let Action::Wait(wait) = machine.next(at(1), &facts) else { panic!("no wait") };
    assert!((2..=5).contains(&wait.as_secs()), "{wait:?}");
    assert_eq!(machine.next(at(7), &facts), Action::FetchToken);
}

#[test]
fn a_package_that_is_refused_shrinks_four_times_and_then_waits_for_somebody() {
    let mut machine = machine(7200);
    let facts = facts(false, 1, Some(3600));
    for times in 0..4 {
        let told = machine.answer(at(1), &Action::Send, Answer::Rejected(ErrorKind::TooLarge));
        assert!(matches!(told[..], [Event::Rejected { times: told, .. }] if told == times));
        assert_eq!(machine.next(at(1), &facts), Action::Withdraw);
        let (purpose, first) = (Purpose::Schedule, None);
        machine.answer(at(1), &Action::Withdraw, Answer::Withdrawn { purpose, first });
        assert_eq!(machine.smaller(), times + 1);
        let unpacked = Facts { has_unpacked: true, ..facts };
        assert_eq!(machine.next(at(1), &unpacked), Action::Pack);
        machine.answer(at(1), &Action::Pack, Answer::Done);
    }
    let told = machine.answer(at(1), &Action::Send, Answer::Rejected(ErrorKind::TooLarge));
    assert!(matches!(told[..], [Event::Stuck(ErrorKind::TooLarge)]));
    machine.due.poll = Tick::new(Duration::MAX);
    assert!(matches!(machine.next(at(3500), &facts), Action::Wait(_)));
    assert_eq!(machine.next(at(3602), &facts), Action::FetchToken);
}

#[test]
fn commands_are_done_in_their_order_and_known_ones_are_not_asked_for_at_once() {
    let mut machine = machine(7200);
    let (qr, call) = (command("CQC", 1), command("CCS", 2));
    machine.answer(at(1800), &Action::Poll, Answer::Command(call.clone(), Todo::Execute));
    let failed = Failed { channel: Channel::Cpd, kind: ErrorKind::Connect, retry_after: None };
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Execute(call.clone()));
    machine.answer(at(1800), &Action::Execute(call.clone()), Answer::Failed(failed));
    // It waits for its channel; another command passes it.
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Poll);
    machine.answer(at(1800), &Action::Poll, Answer::Command(qr.clone(), Todo::Execute));
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Execute(qr.clone()));
    machine.answer(at(1800), &Action::Execute(qr.clone()), Answer::Executed(qr.clone(), None));
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Confirm(qr.clone()));
    machine.answer(at(1800), &Action::Confirm(qr.clone()), Answer::Confirmed(qr));
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Poll);
    machine.answer(at(1800), &Action::Poll, Answer::Command(call.clone(), Todo::Execute));
    assert!(matches!(machine.next(at(1800), &Facts::default()), Action::Wait(_)));
    assert_eq!(machine.next(at(1806), &Facts::default()), Action::Execute(call));
}

#[test]
fn a_command_that_is_offered_for_ever_is_confirmed_once_an_interval() {
    let mut machine = machine(7200);
    let id = command("CQC", 1);
    machine.answer(at(1800), &Action::Poll, Answer::Command(id.clone(), Todo::Confirm));
    let confirm = Action::Confirm(id.clone());
    assert_eq!(machine.next(at(1800), &Facts::default()), confirm);
    machine.answer(at(1800), &confirm, Answer::Confirmed(id));
    assert!(matches!(machine.next(at(1800), &Facts::default()), Action::Wait(_)));
    assert_eq!(machine.next(at(3600), &Facts::default()), Action::Poll);
}

#[test]
fn a_register_that_fails_is_left_alone_longer_and_longer() {
    let mut machine = machine(7200);
    let report = Facts { has_report: true, ..facts(true, 0, None) };
    let mut waits = Vec::new();
    let mut now = 1;
    for _ in 0..4 {
        assert_eq!(machine.next(at(now), &report), Action::Pack);
        machine.answer(at(now), &Action::Pack, Answer::Stumbled);
        let Action::Wait(wait) = machine.next(at(now), &report) else { panic!("no wait") };
        machine.answer(at(now), &Action::Wait(wait), Answer::Done);
        now += wait.as_secs() + 1;
        waits.push(wait);
    }
    assert!(waits.is_sorted() && waits.last() > waits.first(), "{waits:?}");
    machine.answer(at(now), &Action::Pack, Answer::Done);
    assert_eq!(machine.next(at(now), &facts(false, 1, None)), Action::FetchToken);
}

#[test]
fn an_unopened_command_asks_for_keys_once_and_is_then_given_up() {
    let mut machine = machine(7200);
    let id = command("CQC", 1);
    machine.answer(at(1800), &Action::Poll, Answer::Unopened(id.clone()));
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::FetchKeys);
    machine.answer(at(1800), &Action::FetchKeys, Answer::Done);
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Poll);
    machine.answer(at(1800), &Action::Poll, Answer::Unopened(id.clone()));
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Reject(id));
}

#[test]
fn a_wall_clock_that_jumps_is_told_and_moves_nothing() {
    for hours in [-1000, 1000] {
        let mut machine = machine(7200);
        let jump = |seconds| {
            let now = at(seconds);
            Now { wall: now.wall + TimeDelta::hours(hours), ..now }
        };
        let told = machine.answer(jump(100), &Action::Wait(Duration::ZERO), Answer::Done);
        assert!(matches!(told[..], [Event::ClockMoved(by)] if by == TimeDelta::hours(hours)));
        let told = machine.answer(jump(200), &Action::Wait(Duration::ZERO), Answer::Done);
        assert!(told.is_empty());
        let wait = machine.next(jump(200), &Facts::default());
        assert_eq!(wait, Action::Wait(Duration::from_secs(1600)));
        assert_eq!(machine.next(jump(1800), &Facts::default()), Action::Poll);
    }
}

#[test]
fn what_is_due_is_found_again_and_never_lies_far_ahead() {
    let before = machine(7200);
    let dues = before.dues(at(0));
    let start = |wall: i64| {
        let dues = Some(dues);
        let start = Start { schedule: Some(schedule(7200, 1800)), dues, ..Start::default() };
        let now = Now { tick: Tick::ZERO, wall: at(0).wall + TimeDelta::seconds(wall) };
        let mut machine = Machine::new(Timing::default(), start, now, 1);
        machine.answer(now, &Action::CheckCertificates, Answer::Done);
        machine.due.lease = Tick::new(Duration::MAX);
        machine.next(now, &Facts::default())
    };
    assert_eq!(start(600), Action::Wait(Duration::from_secs(1200)));
    assert_eq!(start(1801), Action::Poll);
    // The clock was set back by years while the register was off.
    assert_eq!(start(-100_000_000), Action::Wait(Duration::from_secs(1800)));
    let json = serde_json::to_string(&dues).unwrap();
    assert_eq!(serde_json::from_str::<Dues>(&json).unwrap(), dues);
}

#[test]
fn a_shorter_schedule_is_in_force_at_once() {
    let mut machine = machine(7200);
    let id = command("TFD", 1);
    let interval = Interval::new(60).unwrap();
    let new = Schedule { check: CheckFrequency::Every(interval), ..schedule(60, 1800) };
    machine.answer(at(10), &Action::Execute(id.clone()), Answer::Executed(id, Some(new)));
    assert_eq!(machine.next(at(10), &Facts::default()), Action::Wait(Duration::from_secs(60)));
}

#[test]
fn a_register_becomes_read_only_once_and_flushes() {
    let mut machine = machine(-1);
    let reason = ReadOnlyReason::MemoryFull;
    machine.become_read_only(reason);
    let new = facts(true, 0, None);
    assert_eq!(machine.next(at(1), &new), Action::BecomeReadOnly(reason));
    machine.answer(at(1), &Action::BecomeReadOnly(reason), Answer::ReadOnly);
    assert_eq!(machine.next(at(1), &new), Action::Pack, "even while sending is suspended");
    machine.answer(at(1), &Action::Pack, Answer::Done);
    assert_eq!(
        machine.next(at(1), &facts(false, 1, Some(3600))),
        Action::Send,
        "before it is told"
    );
    machine.answer(at(1), &Action::Send, Answer::Sent);
    assert_eq!(machine.next(at(1), &Facts::default()), Action::AnnounceReadOnly(reason));
    let failed = Failed { channel: Channel::Cpd, kind: ErrorKind::Server, retry_after: None };
    machine.answer(at(1), &Action::AnnounceReadOnly(reason), Answer::Failed(failed));
    assert!(matches!(machine.next(at(1), &Facts::default()), Action::Wait(_)));
    assert_eq!(machine.next(at(9), &Facts::default()), Action::AnnounceReadOnly(reason));
    let told = machine.answer(at(9), &Action::AnnounceReadOnly(reason), Answer::Announced);
    assert!(matches!(told[..], [Event::Recovered(Channel::Cpd, 1), Event::ReadOnly]));
    machine.become_read_only(reason);
    assert!(matches!(machine.next(at(9), &Facts::default()), Action::Wait(_)));
}

#[test]
fn a_register_that_died_while_it_became_read_only_still_sends_everything_first() {
    let reason = ReadOnlyReason::SettlementReport;
    for schedule in [None, Some(schedule(-1, 1800))] {
        let start = Start { schedule, read_only: ReadOnly::Local(reason), ..Start::default() };
        let mut machine = Machine::new(Timing::default(), start, at(0), 1);
        machine.answer(at(0), &Action::Poll, Answer::NoCommand);
        assert_eq!(machine.next(at(0), &facts(true, 0, None)), Action::Reconcile);
        let state = Answer::State { repository: None, sent: None, journalled: None };
        machine.answer(at(0), &Action::Reconcile, state);
        assert_eq!(machine.next(at(0), &facts(true, 0, None)), Action::Pack);
        // While the Event Hub is left alone there is nothing to hurry for.
        let failed =
            Failed { channel: Channel::EventHub, kind: ErrorKind::Connect, retry_after: None };
        machine.answer(at(0), &Action::Send, Answer::Failed(failed));
        machine.answer(at(0), &Action::CheckCertificates, Answer::Done);
        let Action::Wait(wait) = machine.next(at(0), &facts(false, 1, Some(60))) else {
            panic!("no wait")
        };
        assert!(wait >= Duration::from_secs(2), "{wait:?}");
        assert_eq!(machine.next(at(6), &facts(false, 1, Some(60))), Action::Send);
        assert_eq!(machine.next(at(6), &Facts::default()), Action::AnnounceReadOnly(reason));
    }
}

#[test]
fn a_poll_that_fails_lets_a_token_pass() {
    let mut machine = machine(7200);
    let refused =
        Failed { channel: Channel::WebApi, kind: ErrorKind::Unreadable, retry_after: None };
    let waiting = facts(false, 1, None);
    machine.poll_now(at(1));
    assert_eq!(machine.next(at(1), &waiting), Action::Poll);
    machine.answer(at(1), &Action::Poll, Answer::Failed(refused));
    let Action::Wait(wait) = machine.next(at(1), &waiting) else { panic!("no wait") };
    let then = Now { tick: at(1).tick + wait, wall: at(1).wall + wait };
    assert_eq!(machine.next(then, &waiting), Action::FetchToken);
    machine.answer(then, &Action::FetchToken, Answer::Token);
    // The WebApi works, so it is asked again at once; failing does not keep anything from going out.
    assert_eq!(machine.next(then, &facts(false, 1, Some(3600))), Action::Poll);
    machine.answer(then, &Action::Poll, Answer::Failed(refused));
    assert_eq!(machine.next(then, &facts(false, 1, Some(3600))), Action::Send);
    assert_eq!(machine.next(at(20), &Facts::default()), Action::Poll);
}

#[test]
fn a_confirmation_that_is_refused_for_good_keeps_nothing_else_waiting() {
    let mut machine = machine(7200);
    let id = command("CQC", 1);
    let confirm = Action::Confirm(id.clone());
    machine.answer(at(1800), &Action::Poll, Answer::Command(id.clone(), Todo::Confirm));
    assert_eq!(machine.next(at(1800), &Facts::default()), confirm);
    let refused = Failed { channel: Channel::WebApi, kind: ErrorKind::Invalid, retry_after: None };
    machine.answer(at(1800), &confirm, Answer::Failed(refused));
    assert_eq!(machine.next(at(1800), &facts(false, 1, None)), Action::FetchToken);
    // It is offered again, and confirmed again, once an interval.
    assert!(matches!(machine.next(at(1801), &Facts::default()), Action::Wait(_)));
    assert_eq!(machine.next(at(3600), &Facts::default()), Action::Poll);
    machine.answer(at(3600), &Action::Poll, Answer::Command(id, Todo::Confirm));
    assert_eq!(machine.next(at(3600), &Facts::default()), confirm);
}

#[test]
fn a_stopping_machine_does_nothing_more() {
    let mut machine = machine(0);
    machine.stop();
    assert_eq!(machine.next(at(1), &facts(true, 5, None)), Action::Stop);
}
