//! What fails again and again holds up nothing else.

use super::*;

fn call_failed(channel: Channel) -> Answer {
    Answer::Failed(Failed { channel, kind: ErrorKind::Connect, retry_after: None })
}

#[test]
fn a_command_is_not_given_up_before_new_keys_were_fetched() {
    let mut machine = machine(7200);
    let id = command("CQC", 1);
    let mut now = 1800;
    machine.answer(at(now), &Action::Poll, Answer::Unopened(id.clone()));
    for _ in 0..5 {
        assert_eq!(machine.next(at(now), &Facts::default()), Action::FetchKeys);
        machine.answer(at(now), &Action::FetchKeys, call_failed(Channel::Cpd));
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
