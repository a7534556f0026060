//! What follows from what the repository says that it has (CMD12).

use super::*;

fn id(number: u64) -> JpkId {
    JpkId::new(number).unwrap()
}

fn range(first: u64, last: u64) -> JpkRange {
    JpkRange::new(id(first), id(last)).unwrap()
}

/// The repository's answer; it has nothing at 0.
fn state(repository: u64, sent: u64) -> Answer {
    Answer::State {
        repository: JpkId::new(repository).ok(),
        sent: Some(id(sent)),
        journalled: Some(id(sent.max(100))),
    }
}

/// What is told after an answer.
fn told(machine: &mut Machine, now: u64, answer: Answer) -> Vec<Event> {
    machine.answer(at(now), &Action::Reconcile, answer)
}

/// What comes next when commands are left aside.
fn next(machine: &mut Machine, now: u64, facts: &Facts) -> Action {
    machine.due.poll = Tick::new(Duration::MAX);
    machine.next(at(now), facts)
}

#[test]
fn nothing_is_repeated_until_the_repository_was_behind_twice() {
    let mut machine = machine(7200);
    assert!(told(&mut machine, 0, state(4, 9)).is_empty());
    // It is processing: now it has what it lacked then.
    assert!(told(&mut machine, 3600, state(9, 20)).is_empty());
    let events = told(&mut machine, 7200, state(12, 30));
    assert!(matches!(events[..], [Event::Behind(of)] if of == range(13, 20)), "{events:?}");
    assert_eq!(next(&mut machine, 7200, &Facts::default()), Action::Repeat(range(13, 20)));
}

#[test]
fn documents_that_cannot_be_repeated_hold_up_no_others() {
    let mut machine = machine(7200);
    told(&mut machine, 0, state(4, 9));
    told(&mut machine, 3600, state(4, 9));
    let repeat = Action::Repeat(range(5, 9));
    let mut now = 3600;
    for _ in 0..5 {
        assert_eq!(next(&mut machine, now, &Facts::default()), repeat);
        machine.answer(at(now), &repeat, Answer::Stumbled);
        let report = Facts { has_report: true, ..facts(true, 0, None) };
        assert_eq!(next(&mut machine, now, &report), Action::Pack);
        machine.answer(at(now), &Action::Pack, Answer::Done);
        assert_eq!(next(&mut machine, now, &facts(false, 1, Some(90_000))), Action::Send);
        machine.answer(at(now), &Action::Send, Answer::Sent);
        let Action::Wait(wait) = next(&mut machine, now, &Facts::default()) else {
            panic!("no wait")
        };
        now += wait.as_secs() + 1;
    }
}

#[test]
fn what_waits_goes_out_before_anything_is_repeated() {
    let mut machine = machine(0);
    told(&mut machine, 0, state(4, 9));
    told(&mut machine, 3600, state(4, 9));
    assert_eq!(next(&mut machine, 3600, &facts(true, 0, None)), Action::Pack);
    assert_eq!(next(&mut machine, 3600, &facts(false, 1, Some(9000))), Action::Send);
    assert_eq!(next(&mut machine, 3600, &Facts::default()), Action::Repeat(range(5, 9)));
}

#[test]
fn a_repository_that_says_it_has_nothing_does_not_get_everything_at_once() {
    let mut machine = machine(7200);
    let everything = 5_000_000;
    told(&mut machine, 0, state(0, everything));
    told(&mut machine, 3600, state(0, everything));
    let Action::Repeat(first) = next(&mut machine, 3600, &Facts::default()) else {
        panic!("nothing is repeated")
    };
    assert_eq!(first.first(), id(1));
    assert!(first.count() <= 10_000, "{first} in one action");
}

#[test]
fn a_register_that_the_repository_is_ahead_of_sends_nothing() {
    let mut machine = machine(0);
    let events = told(&mut machine, 1, state(101, 30));
    assert!(matches!(events[..], [Event::Ahead { .. }]), "{events:?}");
    for facts in [facts(true, 0, None), facts(true, 3, Some(90_000)), facts(false, 3, None)] {
        let action = next(&mut machine, 2, &facts);
        assert!(matches!(action, Action::Wait(_)), "{action:?} with {facts:?}");
    }
}

#[test]
fn a_run_asks_what_the_repository_has_before_it_sends_anything() {
    for to_do in [facts(true, 0, None), facts(false, 2, Some(90_000))] {
        let start = Start { schedule: Some(schedule(0, 1800)), ..Start::default() };
        let dues = machine(0).dues(at(0));
        let mut machine =
            Machine::new(Timing::default(), Start { dues: Some(dues), ..start }, at(0), 1);
        assert_eq!(next(&mut machine, 0, &to_do), Action::Reconcile);
        told(&mut machine, 0, state(9, 9));
        assert_ne!(next(&mut machine, 0, &to_do), Action::Reconcile);
    }
}

#[test]
fn documents_wait_for_the_repository_an_hour_at_most_and_not_when_it_refuses_to_tell() {
    let connect = (ErrorKind::Connect, 3601);
    let refused = (ErrorKind::Refused, 1);
    for (kind, until) in [connect, refused] {
        let start = Start { schedule: Some(schedule(0, 1800)), ..Start::default() };
        let mut machine = Machine::new(Timing::default(), start, at(0), 1);
        machine.due.lease = Tick::new(Duration::MAX);
        let to_do = facts(true, 0, None);
        let mut now = 0;
        loop {
            match next(&mut machine, now, &to_do) {
                Action::Pack => break,
                Action::Reconcile => {
                    let failed = Failed { channel: Channel::Cpd, kind, retry_after: None };
                    machine.answer(at(now), &Action::Reconcile, Answer::Failed(failed));
                }
                action @ (Action::CheckCertificates | Action::FetchKeys) => {
                    machine.answer(at(now), &action, Answer::Done);
                }
                Action::Wait(wait) => {
                    machine.answer(at(now), &Action::Wait(wait), Answer::Done);
                    now += wait.as_secs().max(1);
                }
                other => panic!("{other:?}"),
            }
        }
        assert!((until - 1..=until).contains(&now), "{kind:?}: {now}");
    }
}

#[test]
fn a_request_for_documents_waits_for_the_right_journal() {
    let mut machine = machine(0);
    told(&mut machine, 1, state(101, 30));
    let id = command("DDD", 1);
    machine.answer(at(1), &Action::Poll, Answer::Command(id.clone(), Todo::Execute));
    assert!(matches!(next(&mut machine, 1, &Facts::default()), Action::Wait(_)));
    assert_eq!(next(&mut machine, 3602, &Facts::default()), Action::Reconcile);
    told(&mut machine, 3602, state(100, 100));
    assert_eq!(next(&mut machine, 3602, &Facts::default()), Action::Execute(id));
}

#[test]
fn the_next_run_knows_that_the_repository_is_ahead() {
    let start = Start { schedule: Some(schedule(0, 1800)), ..Start::default() };
    let start = Start { dues: Some(machine(0).dues(at(0))), ahead: Some(id(101)), ..start };
    let mut machine = Machine::new(Timing::default(), start, at(0), 1);
    machine.due.lease = Tick::new(Duration::MAX);
    let to_do = facts(true, 1, Some(90_000));
    assert_eq!(next(&mut machine, 0, &to_do), Action::Reconcile);
    let failed = Failed { channel: Channel::Cpd, kind: ErrorKind::Refused, retry_after: None };
    machine.answer(at(0), &Action::Reconcile, Answer::Failed(failed));
    machine.answer(at(0), &Action::CheckCertificates, Answer::Done);
    assert!(matches!(next(&mut machine, 7200, &to_do), Action::Wait(_)));
}

/// Answers each repetition as sent, and gives what was repeated until nothing more is.
fn repeated(machine: &mut Machine, now: &mut u64, mut repository: impl FnMut() -> u64) -> Vec<u64> {
    let mut all = Vec::new();
    loop {
        let has = repository();
        let events = told(machine, *now, state(has, 25_000));
        if events.iter().any(|event| matches!(event, Event::Unheard(_))) {
            return all;
        }
        if let action @ Action::Repeat(range) = next(machine, *now, &Facts::default()) {
            all.extend([range.first().get(), range.last().get()]);
            machine.answer(at(*now), &action, Answer::Done);
        } else if has >= 25_000 {
            return all;
        }
        *now += 3600;
        assert!(*now < 1_000_000, "no end: {all:?}");
    }
}

#[test]
fn the_next_documents_are_sent_again_when_the_first_have_arrived() {
    let (mut machine, mut now) = (machine(7200), 0);
    // It loses everything, and then takes what comes, now and then slowly.
    let mut says = [0, 0, 4_000, 9_000, 10_000, 20_000, 20_000, 25_000].into_iter();
    let all = repeated(&mut machine, &mut now, || says.next().unwrap());
    assert_eq!(all, [1, 10_000, 10_001, 20_000, 20_001, 25_000, 20_001, 25_000]);
}

#[test]
fn what_is_not_heard_is_sent_again_three_times_and_then_somebody_has_to_look() {
    let (mut machine, mut now) = (machine(7200), 0);
    let all = repeated(&mut machine, &mut now, || 0);
    assert_eq!(all, [1, 10_000].repeat(3));
    // A day later it is told once more, and nothing is sent.
    for _ in 0..3 {
        now += 86_400;
        told(&mut machine, now, state(0, 25_000));
        now += 3600;
        let events = told(&mut machine, now, state(0, 25_000));
        assert!(matches!(events[..], [Event::Unheard(_)]), "{events:?}");
        assert!(!matches!(next(&mut machine, now, &Facts::default()), Action::Repeat(_)));
    }
}

#[test]
fn what_still_waits_to_be_sent_again_is_not_packed_once_more() {
    let mut machine = machine(7200);
    told(&mut machine, 0, state(4, 9));
    told(&mut machine, 3600, state(4, 9));
    let repeat = next(&mut machine, 3600, &Facts::default());
    machine.answer(at(3600), &repeat, Answer::Done);
    // The Event Hub is away.
    let waiting = facts(false, 1, Some(90_000));
    let failed = Failed { channel: Channel::EventHub, kind: ErrorKind::Connect, retry_after: None };
    for hour in 2..9 {
        let now = hour * 3600;
        assert_eq!(next(&mut machine, now, &waiting), Action::Send);
        machine.answer(at(now), &Action::Send, Answer::Failed(failed));
        assert!(told(&mut machine, now, state(4, 9)).is_empty());
        assert!(!matches!(next(&mut machine, now, &Facts::default()), Action::Repeat(_)));
    }
}

#[test]
fn what_is_kept_nowhere_is_told_and_the_rest_sent_again() {
    let mut machine = machine(7200);
    told(&mut machine, 0, state(4, 9));
    told(&mut machine, 3600, state(4, 9));
    let repeat = Action::Repeat(range(5, 9));
    assert_eq!(next(&mut machine, 3600, &Facts::default()), repeat);
    let events = machine.answer(at(3600), &repeat, Answer::Gone(range(5, 7)));
    assert!(matches!(events[..], [Event::Missing(of)] if of == range(5, 7)), "{events:?}");
    assert_eq!(next(&mut machine, 3600, &Facts::default()), Action::Repeat(range(8, 9)));
    let rest = Action::Repeat(range(8, 9));
    let events = machine.answer(at(3600), &rest, Answer::Gone(range(8, 9)));
    assert!(matches!(events[..], [Event::Missing(_)]), "{events:?}");
    assert!(matches!(next(&mut machine, 3600, &Facts::default()), Action::Wait(_)));
}

#[test]
fn what_is_sent_again_and_refused_is_packed_smaller() {
    let mut machine = machine(7200);
    told(&mut machine, 0, state(4, 9));
    told(&mut machine, 3600, state(4, 9));
    let repeat = next(&mut machine, 3600, &Facts::default());
    machine.answer(at(3600), &repeat, Answer::Done);
    machine.answer(at(3600), &Action::Send, Answer::Rejected(ErrorKind::TooLarge));
    assert_eq!(next(&mut machine, 3600, &facts(false, 1, None)), Action::Withdraw);
    let answer = Answer::Withdrawn { purpose: Purpose::Repeat, first: Some(id(7)) };
    machine.answer(at(3600), &Action::Withdraw, answer);
    assert_eq!(machine.smaller(), 1);
    assert_eq!(next(&mut machine, 3600, &Facts::default()), Action::Repeat(range(7, 9)));
}
