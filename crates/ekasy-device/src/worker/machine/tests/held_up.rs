//! What fails again and again holds up nothing else.

use super::*;

#[test]
fn a_command_is_not_given_up_before_new_keys_were_fetched() {
    let mut machine = machine(7200);
    let id = command("CQC", 1);
    let mut now = 1800;
    machine.answer(at(now), &Action::Poll, Answer::Unopened(id.clone()));
    for _ in 0..5 {
        assert_eq!(machine.next(at(now), &Facts::default()), Action::FetchKeys);
        machine.answer(at(now), &Action::FetchKeys, call_failed(Channel::Cpd, ErrorKind::Connect));
        // The command is offered again meanwhile.
        machine.answer(at(now), &Action::Poll, Answer::Unopened(id.clone()));
        let Action::Wait(wait) = machine.next(at(now), &Facts::default()) else {
            panic!("given up without new keys")
        };
        now += wait.as_secs() + 1;
    }
    assert_eq!(machine.next(at(now), &Facts::default()), Action::FetchKeys);
    machine.answer(at(now), &Action::FetchKeys, Answer::Done);
    assert_eq!(machine.next(at(now), &Facts::default()), Action::Poll);
    machine.answer(at(now), &Action::Poll, Answer::Unopened(id.clone()));
    assert_eq!(machine.next(at(now), &Facts::default()), Action::Reject(id));
}

#[test]
fn two_commands_that_nobody_can_open_are_both_given_up() {
    let mut machine = machine(7200);
    let ids = [command("CQC", 1), command("CQC", 2)];
    // The repository offers them in turns.
    for id in ids.iter().chain(&ids) {
        machine.answer(at(1800), &Action::Poll, Answer::Unopened(id.clone()));
        while machine.next(at(1800), &Facts::default()) == Action::FetchKeys {
            machine.answer(at(1800), &Action::FetchKeys, Answer::Done);
        }
    }
    let reject = machine.next(at(1800), &Facts::default());
    assert_eq!(reject, Action::Reject(ids[0].clone()));
    let [first, second] = ids;
    machine.answer(at(1800), &reject, Answer::Executed(first.clone(), None));
    machine.answer(at(1800), &Action::Confirm(first.clone()), Answer::Confirmed(first));
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::Reject(second));
}

#[test]
fn a_command_whose_packing_fails_holds_up_neither_documents_nor_other_commands() {
    let mut machine = machine(7200);
    let (wanted, qr) = (command("DDD", 1), command("CQC", 2));
    let execute = Action::Execute(wanted.clone());
    machine.answer(at(1800), &Action::Poll, Answer::Command(wanted, Todo::Execute));
    assert_eq!(machine.next(at(1800), &Facts::default()), execute);
    machine.answer(at(1800), &execute, Answer::Stumbled);
    let report = Facts { has_report: true, ..facts(true, 1, Some(3600)) };
    assert_eq!(machine.next(at(1800), &report), Action::Poll);
    machine.answer(at(1800), &Action::Poll, Answer::Command(qr.clone(), Todo::Execute));
    assert_eq!(machine.next(at(1800), &report), Action::Execute(qr.clone()));
    machine.answer(at(1800), &Action::Execute(qr.clone()), Answer::Executed(qr.clone(), None));
    machine.answer(at(1800), &Action::Confirm(qr.clone()), Answer::Confirmed(qr));
    machine.answer(at(1800), &Action::Poll, Answer::NoCommand);
    assert_eq!(machine.next(at(1800), &report), Action::Pack);
    machine.answer(at(1800), &Action::Pack, Answer::Done);
    assert_eq!(machine.next(at(1800), &facts(false, 1, Some(3600))), Action::Send);
    machine.answer(at(1800), &Action::Send, Answer::Sent);
    // Nobody is busy while it waits, and it is tried again.
    let Action::Wait(wait) = machine.next(at(1800), &Facts::default()) else { panic!("no wait") };
    assert!((2..=5).contains(&wait.as_secs()), "{wait:?}");
    assert_eq!(machine.next(at(1806), &Facts::default()), execute);
}

#[test]
fn a_lease_that_cannot_be_renewed_is_tried_again_later() {
    let mut machine = machine(7200);
    machine.due.lease = Tick::new(Duration::from_secs(10));
    let report = Facts { has_report: true, ..facts(true, 0, None) };
    assert_eq!(machine.next(at(10), &report), Action::RenewLease);
    machine.answer(at(10), &Action::RenewLease, Answer::Stumbled);
    assert_eq!(machine.next(at(10), &report), Action::Pack);
    assert_eq!(machine.next(at(16), &report), Action::RenewLease);
}

#[test]
fn a_package_that_is_refused_is_not_sent_again_while_it_cannot_be_taken_back() {
    let mut machine = machine(7200);
    let waiting = facts(false, 1, Some(3600));
    assert_eq!(machine.next(at(1), &waiting), Action::Send);
    machine.answer(at(1), &Action::Send, Answer::Rejected(ErrorKind::TooLarge));
    assert_eq!(machine.next(at(1), &waiting), Action::Withdraw);
    machine.answer(at(1), &Action::Withdraw, Answer::Stumbled);
    assert!(matches!(machine.next(at(1), &waiting), Action::Wait(_)));
    assert_eq!(machine.next(at(7), &waiting), Action::Withdraw);
}

#[test]
fn documents_that_fit_no_smaller_package_are_packed_larger_again() {
    let mut machine = machine(0);
    let waiting = facts(false, 1, Some(3600));
    let (id, limit) = (JpkId::new(7).ok(), 100);
    for _ in 0..2 {
        machine.answer(at(1), &Action::Send, Answer::Rejected(ErrorKind::Invalid));
        assert_eq!(machine.next(at(1), &waiting), Action::Withdraw);
        let (purpose, first) = (Purpose::Schedule, id);
        machine.answer(at(1), &Action::Withdraw, Answer::Withdrawn { purpose, first });
    }
    let unpacked = facts(true, 0, None);
    assert_eq!((machine.next(at(1), &unpacked), machine.smaller()), (Action::Pack, 2));
    assert!(machine.answer(at(1), &Action::Pack, Answer::NoRoom { id, limit }).is_empty());
    assert_eq!((machine.next(at(1), &unpacked), machine.smaller()), (Action::Pack, 1));
    machine.answer(at(1), &Action::Pack, Answer::Done);
    // It is as small as can be: now somebody has to look.
    let told = machine.answer(at(1), &Action::Send, Answer::Rejected(ErrorKind::Invalid));
    assert!(matches!(told[..], [Event::Stuck(ErrorKind::Invalid)]), "{told:?}");
    machine.due.poll = Tick::new(Duration::MAX);
    assert!(matches!(machine.next(at(3500), &waiting), Action::Wait(_)));
    assert_eq!(machine.next(at(3602), &facts(false, 1, Some(9000))), Action::Send);
}

#[test]
fn documents_that_fit_nowhere_are_tried_once_an_hour_and_hold_up_nothing() {
    let mut machine = machine(0);
    machine.due.poll = Tick::new(Duration::MAX);
    let unpacked = facts(true, 1, Some(90_000));
    assert_eq!(machine.next(at(1), &unpacked), Action::Pack);
    let (id, limit) = (JpkId::new(7).ok(), 100);
    let told = machine.answer(at(1), &Action::Pack, Answer::NoRoom { id, limit });
    assert!(matches!(told[..], [Event::NoRoom { .. }]), "{told:?}");
    assert_eq!(machine.next(at(1), &unpacked), Action::Send);
    assert_eq!(machine.next(at(3600), &unpacked), Action::Send);
    assert_eq!(machine.next(at(3601), &unpacked), Action::Pack);
}

#[test]
fn confirmations_that_are_never_taken_hold_up_neither_tokens_nor_commands() {
    use ErrorKind::{Forbidden, Invalid, NotFound, Server, Timeout, Unexpected};

    for kind in [Server, Timeout, Unexpected, Forbidden, NotFound, Invalid] {
        let commands = (1..=3).map(|minute| (command("CQC", minute), Todo::Confirm)).collect();
        let schedule = Some(schedule(7200, 1800));
        let start = Start { schedule, commands, ..Start::default() };
        let mut machine = Machine::new(Timing::default(), start, at(0), 1);
        let is_confirmation = |action: &Action| matches!(action, Action::Confirm(_));
        let world = |action: &Action| {
            let refused = call_failed(Channel::WebApi, kind);
            if is_confirmation(action) { refused } else { well(action) }
        };
        // A package each quarter of an hour, each with a token of its own.
        let is_sent = |action: &Action| *action == Action::Send;
        let waiting = |now: u64, done: &Diary<Action>| {
            let sent = times(done, is_sent).len();
            let tokens = times(done, |action| *action == Action::FetchToken).len();
            let waiting = usize::try_from(now / 900).unwrap() - sent;
            facts(false, waiting, (tokens > sent).then_some(900_000))
        };
        let day = 24 * 3600;
        let (done, told) = live(&mut machine, 0..day, world, waiting);
        let confirmations = times(&done, is_confirmation).len();
        assert!((3 * 24..3 * 24 * 20).contains(&confirmations), "{kind:?}: {confirmations}");
        let polls = times(&done, |action| *action == Action::Poll);
        assert!(polls.len() >= 24, "{kind:?}: {} polls", polls.len());
        let sent = times(&done, is_sent);
        assert!(sent.len() >= 90, "{kind:?}: {sent:?}");
        let alarms: Vec<_> =
            told.iter().filter(|(_, event)| matches!(event, Event::StillFailing { .. })).collect();
        assert_eq!(alarms.len(), 3, "{kind:?}: {alarms:?}");

        // It heals.
        let (done, _) = live(&mut machine, day..day + 1800, well, |_, _| Facts::default());
        assert_eq!(times(&done, is_confirmation).len(), 3, "{kind:?}");
    }
}

#[test]
fn calls_of_the_repository_that_fail_do_not_keep_a_register_in_hold() {
    let mut machine = machine(7200);
    let ahead = Answer::State {
        repository: JpkId::new(9).ok(),
        sent: None,
        journalled: JpkId::new(4).ok(),
    };
    machine.answer(at(1), &Action::Reconcile, ahead);
    for minute in 1..=2 {
        let id = command("CCS", minute);
        machine.answer(at(1), &Action::Poll, Answer::Command(id, Todo::Execute));
    }
    let world = |action: &Action| match action {
        Action::Execute(_) => call_failed(Channel::Cpd, ErrorKind::Server),
        other => well(other),
    };
    let (done, _) = live(&mut machine, 1..3 * 3600, world, |_, done| {
        let is_sent = done.iter().any(|(_, action)| *action == Action::Send);
        facts(false, usize::from(!is_sent), Some(90_000))
    });
    let asked = times(&done, |action| *action == Action::Reconcile).first().copied();
    assert!(asked.is_some_and(|at| at < 3600 + 2 * 900), "asked at {asked:?}");
    let sent = times(&done, |action| *action == Action::Send).first().copied();
    assert!(sent >= asked, "sent at {sent:?}");
    assert!(times(&done, |action| matches!(action, Action::Execute(_))).len() > 10);
}

#[test]
fn an_end_of_fiscal_life_that_is_refused_for_ever_holds_up_nothing_and_is_told() {
    for kind in [ErrorKind::Refused, ErrorKind::Server] {
        let read_only = ReadOnly::Local(ReadOnlyReason::MemoryFull);
        let start = Start { read_only, ..Start::default() };
        let mut machine = Machine::new(Timing::default(), start, at(0), 1);
        let id = command("CCS", 1);
        machine.answer(at(0), &Action::Poll, Answer::Command(id.clone(), Todo::Execute));
        let world = |action: &Action| match action {
            Action::AnnounceReadOnly(_) => call_failed(Channel::Cpd, kind),
            other => well(other),
        };
        let day = 24 * 3600;
        let (done, told) = live(&mut machine, 0..day + 1800, world, |_, _| Facts::default());
        assert!(done.iter().any(|(_, action)| *action == Action::Execute(id.clone())));
        assert!(times(&done, |action| *action == Action::Reconcile).len() >= 2, "{kind:?}");
        let is_alarm = |event: &Event| {
            matches!(event, Event::StillFailing { action: Action::AnnounceReadOnly(_), .. })
        };
        let alarm = told.iter().find(|(_, event)| is_alarm(event)).map(|(at, _)| *at);
        assert!(alarm.is_some_and(|at| (3600..3600 + 1800).contains(&at)), "{alarm:?}");
    }
}

#[test]
fn a_channel_counts_as_working_after_a_call_and_not_after_a_command_without_one() {
    let id = command("CCS", 1);
    let execute = Action::Execute(id.clone());
    for (answer, is_proof) in
        [(Answer::Executed(id.clone(), None), false), (Answer::Called(id.clone()), true)]
    {
        let mut machine = machine(7200);
        machine.answer(at(1), &Action::Poll, Answer::Command(id.clone(), Todo::Execute));
        machine.answer(at(1), &Action::Reconcile, call_failed(Channel::Cpd, ErrorKind::Server));
        let told = machine.answer(at(20), &execute, answer);
        let recovered = matches!(told[..], [Event::Recovered(Channel::Cpd, 1)]);
        assert_eq!((recovered, told.is_empty()), (is_proof, !is_proof), "{told:?}");
        assert_eq!(machine.next(at(20), &Facts::default()), Action::Confirm(id.clone()));
    }
}
