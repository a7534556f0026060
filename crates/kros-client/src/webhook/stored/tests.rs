//! The stored guard's promises: those of the one in memory, and the same across processes.

use std::sync::Arc;

use common_core::{clock::ManualClock, store::Lease};
use common_store::MemoryStore;
use futures_util::{FutureExt, future::join_all};
use tokio::task::yield_now;
use uuid::Uuid;

use super::*;
use crate::webhook::MemoryReplayGuard;

const NAME: &str = "kros-webhook";

fn at(second: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
}

fn key(request: u128, body: &str) -> ReplayKey {
    let id = (request > 0).then(|| RequestId::new(Uuid::from_u128(request)));
    ReplayKey::of_body(id, body.as_bytes())
}

fn store() -> (Arc<ManualClock>, MemoryStore) {
    let clock = Arc::new(ManualClock::at(at(0)));
    (Arc::clone(&clock), MemoryStore::new(clock))
}

fn guard<R: Records>(records: R) -> StoredReplayGuard<R> {
    StoredReplayGuard::new(records, NAME)
}

async fn claim(guard: &impl ReplayGuard, key: &ReplayKey, second: i64) -> Claim {
    match guard.begin(key, at(second)).await.unwrap() {
        Seen::Claimed(claim) => claim,
        other => panic!("not to be handled: {other:?}"),
    }
}

/// Records that are reached over a network: others come in between any two calls.
#[derive(Clone, Debug)]
struct Remote(MemoryStore);

impl Records for Remote {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        Box::pin(async move {
            yield_now().await;
            self.0.get(key).await
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        Box::pin(async move {
            yield_now().await;
            self.0.swap(key, expect, change, under).await
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        Box::pin(async move {
            yield_now().await;
            self.0.list(prefix, after, limit).await
        })
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.0.sweep()
    }
}

#[tokio::test]
async fn of_many_receivers_of_one_notification_one_handles_it() {
    let (_, store) = store();
    let guards: Vec<_> = (0..8).map(|_| guard(Remote(store.clone()))).collect();
    let key = key(1, "a");
    for attempt in 1..=3 {
        let seen = join_all(guards.iter().map(|guard| guard.begin(&key, at(0)))).await;
        let (mut claims, mut busy) = (Vec::new(), 0);
        for seen in seen {
            match seen.unwrap() {
                Seen::Claimed(claim) => claims.push(claim),
                Seen::InProgress { until } => busy += usize::from(until == at(60)),
                Seen::Handled { .. } => panic!("nobody has handled it"),
            }
        }
        assert_eq!((claims.len(), busy), (1, 7));
        let claim = claims.remove(0);
        assert_eq!(claim.attempt(), attempt);
        assert_eq!(guards[0].abandon(claim, at(0)).await.unwrap(), Settled::Recorded);
    }
}

#[tokio::test]
async fn of_a_late_owner_and_its_follower_one_settles() {
    let (_, store) = store();
    let (one, two) = (guard(Remote(store.clone())), guard(Remote(store.clone())));
    let key = key(1, "a");
    let slow = claim(&one, &key, 0).await;
    // The claim lapses, and while the owner settles it the other takes it over.
    let (settled, seen) = tokio::join!(one.complete(slow, at(60)), two.begin(&key, at(60)));
    match (settled.unwrap(), seen.unwrap()) {
        (Settled::Recorded, Seen::Handled { at: when }) => assert_eq!(when, at(60)),
        (Settled::TakenOver, Seen::Claimed(claim)) => assert_eq!(claim.attempt(), 2),
        both => panic!("not one of the two: {both:?}"),
    }
}

#[tokio::test]
async fn two_notifications_about_one_request_learn_of_each_other() {
    let (_, store) = store();
    let (one, two) = (guard(Remote(store.clone())), guard(Remote(store.clone())));
    let keys = [key(1, "a"), key(1, "b")];
    let (first, second) = tokio::join!(claim(&one, &keys[0], 0), claim(&two, &keys[1], 0));
    assert!([first.arrival(), second.arrival()].contains(&Arrival::Follows));
    assert_eq!(claim(&one, &key(2, "a"), 0).await.arrival(), Arrival::First);
}

#[tokio::test]
async fn what_a_dead_receiver_claimed_passes_on_knowingly_after_a_restart() {
    let (_, store) = store();
    let dead = claim(&guard(store.clone()), &key(1, "a"), 0).await;
    let next = guard(store);
    let Seen::InProgress { until } = next.begin(&key(1, "a"), at(59)).await.unwrap() else {
        panic!("it is claimed");
    };
    assert_eq!(until, at(60));
    let again = claim(&next, &key(1, "a"), 60).await;
    assert_eq!(again.arrival(), Arrival::Retried { attempts: 1 });
    assert_eq!(next.complete(dead, at(61)).await.unwrap(), Settled::TakenOver);
    assert_eq!(next.complete(again, at(62)).await.unwrap(), Settled::Recorded);
    let seen = next.begin(&key(1, "a"), at(63)).await.unwrap();
    assert!(matches!(seen, Seen::Handled { at: when } if when == at(62)));
}

#[tokio::test]
async fn times_are_as_set_and_what_is_forgotten_can_be_swept() {
    let (clock, store) = store();
    let guard =
        guard(store.clone()).claim_time(TimeDelta::seconds(5)).time_to_live(TimeDelta::seconds(10));
    assert_eq!(claim(&guard, &key(1, "a"), 0).await.until(), at(5));
    clock.advance(std::time::Duration::from_secs(14));
    let again = claim(&guard, &key(1, "a"), 14).await;
    assert_eq!(again.arrival(), Arrival::Retried { attempts: 1 });
    assert_eq!(guard.complete(again, at(14)).await.unwrap(), Settled::Recorded);
    clock.advance(std::time::Duration::from_secs(9));
    assert!(matches!(guard.begin(&key(1, "a"), at(23)).await.unwrap(), Seen::Handled { .. }));
    clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(store.sweep().await.unwrap(), 1);
    assert_eq!(claim(&guard, &key(1, "a"), 24).await.arrival(), Arrival::First);
}

#[tokio::test]
async fn the_same_news_without_a_request_are_handled_again_after_a_while() {
    let (clock, store) = store();
    let guard = guard(store).nameless_time_to_live(TimeDelta::seconds(10));
    for key in [key(0, "paid"), key(1, "paid")] {
        let first = claim(&guard, &key, 0).await;
        assert_eq!(guard.complete(first, at(0)).await.unwrap(), Settled::Recorded);
    }
    clock.advance(std::time::Duration::from_secs(9));
    assert!(matches!(guard.begin(&key(0, "paid"), at(9)).await.unwrap(), Seen::Handled { .. }));
    clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(claim(&guard, &key(0, "paid"), 10).await.arrival(), Arrival::First);
    assert!(matches!(guard.begin(&key(1, "paid"), at(10)).await.unwrap(), Seen::Handled { .. }));
}

#[tokio::test]
async fn the_greatest_time_span_means_for_ever() {
    let (clock, store) = store();
    let guard = guard(store).time_to_live(TimeDelta::MAX);
    let first = claim(&guard, &key(1, "a"), 0).await;
    assert_eq!(guard.complete(first, at(1)).await.unwrap(), Settled::Recorded);
    clock.advance(std::time::Duration::from_secs(1 << 40));
    assert!(matches!(guard.begin(&key(1, "a"), at(1 << 40)).await.unwrap(), Seen::Handled { .. }));
}

#[tokio::test]
async fn guards_of_different_names_are_apart_and_keys_stay_short() {
    let (_, store) = store();
    let name = "n".repeat(150);
    let long = StoredReplayGuard::new(store.clone(), name.clone());
    let body = "much text ".repeat(1000);
    for guard in [&long, &guard(store.clone())] {
        assert_eq!(claim(guard, &key(1, &body), 0).await.arrival(), Arrival::First);
    }
    let all = store.list("", None, 9).await.unwrap();
    assert_eq!(all.len(), 2);
    for (key, record) in all {
        assert!(key.len() <= 255 && key.is_ascii(), "{key}");
        assert!(!key.contains("text") && !String::from_utf8_lossy(&record.value).contains("text"));
    }
}

#[tokio::test]
async fn a_foreign_record_is_an_error_and_stays() {
    let (_, store) = store();
    let guard = guard(store.clone());
    let key = key(0, "a");
    let foreign = Change::Put { value: b"{}".to_vec(), expires_at: None };
    let _ = store.swap(&guard.place(&key), Expect::Absent, foreign, None).await.unwrap();
    let error = guard.begin(&key, at(0)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert_eq!(store.get(&guard.place(&key)).await.unwrap().unwrap().value, b"{}");
}

/// What one step of a guard shows.
#[derive(Debug, PartialEq)]
enum Shown {
    Claimed(Claim),
    InProgress(DateTime<Utc>),
    Handled(DateTime<Utc>),
}

fn shown(seen: Seen) -> Shown {
    match seen {
        Seen::Claimed(claim) => Shown::Claimed(claim),
        Seen::InProgress { until } => Shown::InProgress(until),
        Seen::Handled { at } => Shown::Handled(at),
    }
}

/// A second claim of the same right, for the guard that runs beside.
fn copy(claim: &Claim) -> Claim {
    Claim::new(*claim.key(), claim.attempt(), claim.arrival(), claim.until())
}

proptest::proptest! {
    #[test]
    fn it_answers_as_the_guard_in_memory_does(
        steps in proptest::collection::vec((0_u8..4, 0_u128..3, 0_u8..2, 0_i64..40), 1..100),
    ) {
        let (clock, store) = store();
        let (claim_time, nameless) = (TimeDelta::seconds(30), TimeDelta::seconds(100));
        let stored = guard(store).claim_time(claim_time).nameless_time_to_live(nameless);
        let memory =
            MemoryReplayGuard::default().claim_time(claim_time).nameless_time_to_live(nameless);
        let mut held: Vec<Claim> = Vec::new();
        let mut now = 0;
        for (action, request, body, pause) in steps {
            now += pause;
            clock.set_wall(at(now));
            if action < 2 || held.is_empty() {
                let key = key(request, ["a", "b"][usize::from(body)]);
                let expected = memory.begin(&key, at(now)).now_or_never().unwrap().unwrap();
                let found = stored.begin(&key, at(now)).now_or_never().unwrap().unwrap();
                let (expected, found) = (shown(expected), shown(found));
                proptest::prop_assert_eq!(&expected, &found);
                if let Shown::Claimed(claim) = found {
                    held.push(claim);
                }
            } else {
                let claim = held.remove(usize::from(body).min(held.len() - 1));
                let settle = |guard: &dyn ReplayGuard, claim| match action {
                    2 => guard.complete(claim, at(now)).now_or_never().unwrap().unwrap(),
                    _ => guard.abandon(claim, at(now)).now_or_never().unwrap().unwrap(),
                };
                proptest::prop_assert_eq!(settle(&memory, copy(&claim)), settle(&stored, claim));
            }
        }
    }
}
