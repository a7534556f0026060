//! The memory's promises: once, again only knowingly, and within its bounds.

use super::*;
use crate::webhook::RequestId;

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn key(request: u128, body: &str) -> ReplayKey {
    let id = (request > 0).then(|| RequestId::new(uuid::Uuid::from_u128(request)));
    ReplayKey::of_body(id, body.as_bytes())
}

fn begin(guard: &MemoryReplayGuard, key: &ReplayKey, second: i64) -> Seen {
    guard.begin(key, at(second)).now_or_never().expect("no wait").expect("room")
}

fn claim(guard: &MemoryReplayGuard, key: &ReplayKey, second: i64) -> Claim {
    match begin(guard, key, second) {
        Seen::Claimed(claim) => claim,
        other => panic!("not to be handled: {other:?}"),
    }
}

fn complete(guard: &MemoryReplayGuard, claim: Claim, second: i64) -> Settled {
    guard.complete(claim, at(second)).now_or_never().expect("no wait").expect("room")
}

fn abandon(guard: &MemoryReplayGuard, claim: Claim, second: i64) -> Settled {
    guard.abandon(claim, at(second)).now_or_never().expect("no wait").expect("room")
}

#[test]
fn a_completed_notification_is_handled_once() {
    let guard = MemoryReplayGuard::default();
    let first = claim(&guard, &key(1, "a"), 0);
    assert_eq!((first.attempt(), first.arrival()), (1, Arrival::First));
    assert_eq!(complete(&guard, first, 1), Settled::Recorded);
    let Seen::Handled { at: when } = begin(&guard, &key(1, "a"), 2) else { panic!("handled") };
    assert_eq!(when, at(1));
}

#[test]
fn another_notification_about_the_same_request_is_handled_and_told_apart() {
    let guard = MemoryReplayGuard::default();
    assert_eq!(claim(&guard, &key(1, "a"), 0).arrival(), Arrival::First);
    assert_eq!(claim(&guard, &key(1, "b"), 0).arrival(), Arrival::Follows);
    assert_eq!(claim(&guard, &key(2, "a"), 0).arrival(), Arrival::First);
    assert_eq!(claim(&guard, &key(0, "a"), 0).arrival(), Arrival::First);
    assert_eq!(claim(&guard, &key(0, "b"), 0).arrival(), Arrival::First);
}

#[test]
fn an_abandoned_notification_is_handled_again_at_once_and_knowingly() {
    let guard = MemoryReplayGuard::default();
    let first = claim(&guard, &key(1, "a"), 0);
    assert_eq!(abandon(&guard, first, 1), Settled::Recorded);
    let second = claim(&guard, &key(1, "a"), 1);
    assert_eq!((second.attempt(), second.arrival()), (2, Arrival::Retried { attempts: 1 }));
}

#[test]
fn a_lapsed_claim_passes_on_and_its_late_owner_learns_of_it() {
    let guard = MemoryReplayGuard::default().claim_time(TimeDelta::seconds(60));
    let slow = claim(&guard, &key(1, "a"), 0);
    let Seen::InProgress { until } = begin(&guard, &key(1, "a"), 59) else { panic!("busy") };
    assert_eq!(until, at(60));
    let next = claim(&guard, &key(1, "a"), 60);
    assert_eq!(next.arrival(), Arrival::Retried { attempts: 1 });
    assert_eq!(complete(&guard, slow, 61), Settled::TakenOver);
    assert!(matches!(begin(&guard, &key(1, "a"), 62), Seen::InProgress { .. }));
    assert_eq!(complete(&guard, next, 63), Settled::Recorded);
    assert!(matches!(begin(&guard, &key(1, "a"), 64), Seen::Handled { .. }));
}

#[test]
fn a_late_owner_whom_nobody_replaced_may_still_complete() {
    let guard = MemoryReplayGuard::default().claim_time(TimeDelta::seconds(1));
    let slow = claim(&guard, &key(1, "a"), 0);
    assert_eq!(complete(&guard, slow, 100), Settled::Recorded);
    assert!(matches!(begin(&guard, &key(1, "a"), 101), Seen::Handled { .. }));
}

#[test]
fn what_is_older_than_the_time_to_live_is_forgotten() {
    let guard = MemoryReplayGuard::default().time_to_live(TimeDelta::seconds(10));
    let first = claim(&guard, &key(1, "a"), 0);
    assert_eq!(complete(&guard, first, 5), Settled::Recorded);
    assert!(matches!(begin(&guard, &key(1, "a"), 14), Seen::Handled { .. }));
    assert_eq!(claim(&guard, &key(1, "a"), 15).arrival(), Arrival::First);
}

#[test]
fn the_same_news_without_a_request_are_handled_again_after_a_while() {
    let guard = MemoryReplayGuard::default();
    let (hour, day) = (3_600, 86_400);
    let paid = claim(&guard, &key(0, "paid"), 0);
    assert_eq!(complete(&guard, paid, 0), Settled::Recorded);
    assert!(matches!(begin(&guard, &key(0, "paid"), hour - 1), Seen::Handled { .. }));
    let unpaid = claim(&guard, &key(0, "unpaid"), day);
    assert_eq!(complete(&guard, unpaid, day), Settled::Recorded);
    assert_eq!(claim(&guard, &key(0, "paid"), 2 * day).arrival(), Arrival::First);
    // What names its request is recognised for longer, and a failed handling is known as such.
    let named = claim(&guard, &key(1, "paid"), 0);
    assert_eq!(complete(&guard, named, 0), Settled::Recorded);
    assert!(matches!(begin(&guard, &key(1, "paid"), 2 * day), Seen::Handled { .. }));
    let failed = claim(&guard, &key(0, "failed"), 2 * day);
    assert_eq!(abandon(&guard, failed, 2 * day), Settled::Recorded);
    let again = claim(&guard, &key(0, "failed"), 3 * day);
    assert_eq!(again.arrival(), Arrival::Retried { attempts: 1 });
}

#[test]
fn how_long_news_without_a_request_are_remembered_is_as_set_and_within_the_time_to_live() {
    let seconds = TimeDelta::seconds;
    for (usual, nameless) in [(100, 10), (10, 100)] {
        let guard = MemoryReplayGuard::default()
            .time_to_live(seconds(usual))
            .nameless_time_to_live(seconds(nameless));
        let first = claim(&guard, &key(0, "a"), 0);
        assert_eq!(complete(&guard, first, 0), Settled::Recorded);
        assert!(matches!(begin(&guard, &key(0, "a"), 9), Seen::Handled { .. }));
        assert_eq!(claim(&guard, &key(0, "a"), 10).arrival(), Arrival::First);
    }
}

#[test]
fn at_capacity_the_oldest_makes_room_and_live_claims_stay() {
    let guard = MemoryReplayGuard::default().capacity(2);
    let live = claim(&guard, &key(1, "a"), 0);
    let old = claim(&guard, &key(2, "a"), 1);
    assert_eq!(complete(&guard, old, 2), Settled::Recorded);
    let third = claim(&guard, &key(3, "a"), 3);
    assert_eq!(guard.remembered(), 2);
    let full = guard.begin(&key(4, "a"), at(4)).now_or_never().expect("no wait");
    assert!(full.unwrap_err().to_string().contains("every place is taken"));
    assert_eq!(complete(&guard, live, 5), Settled::Recorded);
    assert_eq!(complete(&guard, third, 6), Settled::Recorded);
    assert_eq!(claim(&guard, &key(2, "a"), 7).arrival(), Arrival::First);
    assert_eq!(guard.remembered(), 2);
}

#[test]
fn at_capacity_what_names_no_request_is_remembered_as_well_as_the_rest() {
    let guard = MemoryReplayGuard::default().capacity(4);
    let handle = |request: u128, second: i64| {
        let claim = claim(&guard, &key(request, "a"), second);
        assert_eq!(complete(&guard, claim, second), Settled::Recorded);
    };
    for request in 1..=4 {
        handle(request, 0);
    }
    handle(0, 1);
    for request in 5..=7 {
        handle(request, 2);
        assert!(matches!(begin(&guard, &key(0, "a"), 2), Seen::Handled { .. }), "{request}");
    }
    // Now it is the oldest one, and its turn has come although the others are as full of life.
    handle(8, 3);
    assert_eq!(claim(&guard, &key(0, "a"), 3).arrival(), Arrival::First);
    assert!(matches!(begin(&guard, &key(6, "a"), 3), Seen::Handled { .. }));
    assert_eq!(guard.remembered(), 4);
}

#[test]
fn the_greatest_time_span_means_for_ever() {
    let guard = MemoryReplayGuard::default().time_to_live(TimeDelta::MAX);
    let first = claim(&guard, &key(1, "a"), 0);
    assert_eq!(complete(&guard, first, 1), Settled::Recorded);
    assert!(matches!(begin(&guard, &key(1, "a"), 1 << 40), Seen::Handled { .. }));
}

proptest::proptest! {
    #[test]
    fn no_notification_has_two_live_claims_and_the_bounds_hold(
        steps in proptest::collection::vec((0_u8..4, 0_u128..5, 0_i64..40), 1..200),
    ) {
        let guard = MemoryReplayGuard::default()
            .capacity(3)
            .claim_time(TimeDelta::seconds(30))
            .time_to_live(TimeDelta::seconds(100));
        let mut held: Vec<Claim> = Vec::new();
        let mut now = 0;
        for (action, request, pause) in steps {
            now += pause;
            let key = key(request, "a");
            match action {
                0 | 1 => {
                    let seen = guard.begin(&key, at(now)).now_or_never().expect("no wait");
                    if let Ok(Seen::Claimed(claim)) = seen {
                        let live = |other: &&Claim| other.until() > at(now);
                        let rival = held.iter().filter(live).any(|other| *other.key() == key);
                        proptest::prop_assert!(!rival);
                        held.push(claim);
                    }
                }
                _ if held.is_empty() => {}
                2 => drop(guard.complete(held.remove(0), at(now)).now_or_never()),
                _ => drop(guard.abandon(held.remove(0), at(now)).now_or_never()),
            }
            proptest::prop_assert!(guard.remembered() <= 3);
        }
    }
}
