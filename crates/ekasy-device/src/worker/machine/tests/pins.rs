//! A server that cannot be reached may have another certificate: CMD07 tells of it.

use super::*;

const DAY: u64 = 24 * 3600;

fn is_keys(action: &Action) -> bool {
    *action == Action::FetchKeys
}

/// A world in which a channel cannot be reached until keys were fetched that many times.
fn unreachable_until(channel: Channel, times: usize) -> impl FnMut(&Action) -> Answer {
    let mut fetched = 0;
    move |action| {
        fetched += usize::from(is_keys(action));
        let is_out = action.channel() == Some(channel) && fetched < times;
        if is_out { call_failed(channel, ErrorKind::Connect) } else { well(action) }
    }
}

#[test]
fn a_server_whose_certificate_was_renewed_is_found_again() {
    for channel in [Channel::WebApi, Channel::Cpd] {
        let mut machine = machine(0);
        machine.due.reconcile = at(10).tick;
        let world = unreachable_until(channel, 1);
        let (done, told) = live(&mut machine, 1800..1800 + DAY, world, |_, _| Facts::default());
        let keys = times(&done, is_keys);
        let [fetched] = keys[..] else { panic!("{channel:?}: keys were fetched at {keys:?}") };
        assert!((1800 + 30..1800 + 300).contains(&fetched), "{channel:?}: {fetched}");
        // Everything on that channel is tried at once.
        let recovered = told.iter().find(|(_, event)| matches!(event, Event::Recovered(..)));
        assert_eq!(recovered.map(|(at, _)| *at), Some(fetched), "{channel:?}: {told:?}");
    }
}

#[test]
fn keys_that_do_not_help_are_fetched_later_and_later() {
    let mut machine = machine(7200);
    let world = unreachable_until(Channel::WebApi, usize::MAX);
    let (done, _) = live(&mut machine, 1800..1800 + DAY, world, |_, _| Facts::default());
    let keys = times(&done, is_keys);
    let rests: Vec<_> = keys.windows(2).map(|two| (two[1] - two[0]) / 3600).collect();
    assert_eq!(rests[..4], [1, 2, 4, 4], "{keys:?}");
    assert!(keys.len() < 9, "{keys:?}");
}

#[test]
fn without_a_network_the_keys_are_asked_for_no_more_than_anything_else() {
    let mut machine = machine(7200);
    let world = |action: &Action| match action {
        Action::FetchKeys => call_failed(Channel::Cpd, ErrorKind::Connect),
        Action::Poll => call_failed(Channel::WebApi, ErrorKind::Connect),
        other => well(other),
    };
    let (done, told) = live(&mut machine, 1800..1800 + DAY, world, |_, _| Facts::default());
    let tries = times(&done, is_keys).len();
    assert!((96..96 * 2).contains(&tries), "{tries}");
    let mut alarms: Vec<_> = told.iter().map(|(_, event)| format!("{event:?}")).collect();
    alarms.retain(|alarm| alarm.starts_with("StillFailing { action: Poll"));
    assert_eq!(alarms.len(), 1, "{told:?}");
}

#[test]
fn a_server_that_fails_or_refuses_is_known_by_its_pin_all_the_same() {
    for kind in [ErrorKind::Server, ErrorKind::Forbidden, ErrorKind::Timeout] {
        let mut machine = machine(7200);
        let world = |action: &Action| match action {
            Action::Poll => call_failed(Channel::WebApi, kind),
            other => well(other),
        };
        let (done, _) = live(&mut machine, 1800..1800 + DAY, world, |_, _| Facts::default());
        assert!(times(&done, is_keys).is_empty(), "{kind:?}");
    }
}

/// Keys that are fetched for another reason say nothing to a server that asked for patience.
#[test]
fn new_keys_do_not_shorten_what_a_server_asked_for() {
    let mut machine = machine(7200);
    let retry_after = Some(Duration::from_secs(3600));
    let busy = Failed { channel: Channel::Cpd, kind: ErrorKind::Server, retry_after };
    let polite = Failed { channel: Channel::WebApi, ..busy };
    machine.answer(at(1800), &Action::Reconcile, Answer::Failed(busy));
    machine.answer(at(1800), &Action::Poll, Answer::Unopened(command("CQC", 1)));
    assert_eq!(machine.next(at(1800), &Facts::default()), Action::FetchKeys);
    machine.answer(at(1800), &Action::FetchToken, Answer::Failed(polite));
    machine.answer(at(1800), &Action::FetchKeys, Answer::Done);
    for channel in [Channel::Cpd, Channel::WebApi] {
        assert!(machine.line(channel).until() >= at(5400).tick, "{channel:?}");
    }
    for action in [Action::Reconcile, Action::FetchToken] {
        assert!(machine.stumbles.until(&action) >= at(5400).tick, "{action:?}");
    }
    let quiet = machine.next(at(5399), &facts(false, 1, None));
    assert!(matches!(quiet, Action::Wait(_)), "{quiet:?}");
    assert_eq!(machine.next(at(5400), &Facts::default()), Action::Poll);
}

/// Whatever it answers: the connection was made, so the pin is right.
#[test]
fn a_server_that_refuses_a_request_is_reached() {
    for kind in [ErrorKind::Invalid, ErrorKind::NotFound, ErrorKind::Refused] {
        let mut machine = machine(7200);
        for _ in 0..5 {
            let out = call_failed(Channel::WebApi, ErrorKind::Connect);
            machine.answer(at(1800), &Action::Poll, out);
        }
        assert!(machine.are_pins_doubted());
        let input = call_failed(Channel::WebApi, ErrorKind::Input);
        machine.answer(at(2700), &Action::Poll, input);
        assert!(machine.are_pins_doubted(), "nothing was sent");
        machine.answer(at(2700), &Action::Poll, call_failed(Channel::WebApi, kind));
        assert!(!machine.are_pins_doubted(), "{kind:?}");
        let world = |action: &Action| match action {
            Action::Poll => call_failed(Channel::WebApi, kind),
            other => well(other),
        };
        let (done, _) = live(&mut machine, 2700..2700 + DAY, world, |_, _| Facts::default());
        assert!(times(&done, is_keys).is_empty(), "{kind:?}");
    }
}
