//! Shared limits: windows that hold over all callers, penalties, places given back.

use std::time::Duration;

use chrono::TimeDelta;
use common_core::{
    clock::{Clock, Tick},
    limit::{Ask, Grant, LimitKey, LimitStore, Window, Windows},
};
use common_store::Store;

use super::Scene;

const SECOND: Duration = Duration::from_secs(1);

pub(super) async fn all(fresh: &impl AsyncFn() -> Scene) {
    no_window_is_exceeded_by_callers_at_once(fresh().await).await;
    an_impatient_caller_takes_no_place(fresh().await).await;
    answers_are_on_the_clock_of_the_caller(fresh().await).await;
    keys_do_not_share_places(fresh().await).await;
    a_penalty_takes_places_ahead_back(fresh().await).await;
    a_place_given_back_breaks_no_limit(fresh().await).await;
    places_free_themselves_with_time(fresh().await).await;
    a_clock_that_was_ahead_closes_nothing(fresh().await).await;
}

fn key() -> LimitKey {
    LimitKey::new("system/account")
}

fn per_second(limit: u32) -> Windows {
    Windows::new([Window::per_second(limit)])
}

async fn reserve(store: &dyn Store, windows: &Windows, now: Tick) -> Grant {
    let ask = Ask { key: &key(), windows, now, patience: None };
    store.reserve(ask).await.unwrap().unwrap()
}

async fn no_window_is_exceeded_by_callers_at_once(scene: Scene) {
    let now = scene.clock.tick();
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = scene.store.clone();
            tokio::spawn(async move {
                let mut grants = Vec::new();
                for _ in 0..5 {
                    grants.push(reserve(&*store, &per_second(5), now).await);
                }
                grants
            })
        })
        .collect();
    let mut grants = Vec::new();
    for task in tasks {
        grants.extend(task.await.unwrap());
    }
    grants.sort_by_key(Grant::at);
    let times: Vec<_> = grants.iter().map(|grant| grant.at().since(now)).collect();
    let best: Vec<_> = (0..8).flat_map(|second| [SECOND * second; 5]).collect();
    assert_eq!(times, best);
    grants.sort_by_key(Grant::number);
    grants.dedup_by_key(|grant| grant.number());
    assert_eq!(grants.len(), 40, "each place has a number of its own");
}

/// Also for callers that never wait.
async fn a_clock_that_was_ahead_closes_nothing(scene: Scene) {
    let (store, clock) = (&*scene.store, &scene.clock);
    let (windows, right) = (per_second(1), clock.now());
    clock.set_wall(right + TimeDelta::days(1));
    reserve(store, &windows, clock.tick()).await;
    store.penalise(&key(), clock.tick(), SECOND * 20).await.unwrap();
    clock.set_wall(right);
    let now = clock.tick();
    let ask = Ask { key: &key(), windows: &windows, now, patience: Some(SECOND) };
    assert_eq!(store.reserve(ask).await.unwrap(), Err(SECOND * 20));
    clock.set_wall(right + TimeDelta::seconds(20));
    assert_eq!(reserve(store, &windows, now).await.at(), now);
}

async fn an_impatient_caller_takes_no_place(scene: Scene) {
    let (store, now) = (&*scene.store, scene.clock.tick());
    let windows = per_second(1);
    reserve(store, &windows, now).await;
    for _ in 0..3 {
        let patience = Some(Duration::from_millis(900));
        let ask = Ask { key: &key(), windows: &windows, now, patience };
        assert_eq!(store.reserve(ask).await.unwrap(), Err(SECOND));
    }
    assert_eq!(reserve(store, &windows, now).await.at(), now + SECOND);
}

async fn answers_are_on_the_clock_of_the_caller(scene: Scene) {
    let (store, windows) = (&*scene.store, per_second(1));
    let old = Tick::new(Duration::from_secs(86_400));
    assert_eq!(reserve(store, &windows, old).await.at(), old);
    // Another process has just started.
    assert_eq!(reserve(store, &windows, Tick::ZERO).await.at(), Tick::ZERO + SECOND);
    assert_eq!(reserve(store, &windows, old).await.at(), old + 2 * SECOND);
}

async fn keys_do_not_share_places(scene: Scene) {
    let (windows, now) = (per_second(1), scene.clock.tick());
    for key in ["a", "b", "A"] {
        let key = LimitKey::new(key);
        let ask = Ask { key: &key, windows: &windows, now, patience: Some(Duration::ZERO) };
        assert_eq!(scene.store.reserve(ask).await.unwrap().map(|grant| grant.at()), Ok(now));
    }
}

async fn a_penalty_takes_places_ahead_back(scene: Scene) {
    let (store, now) = (&*scene.store, scene.clock.tick());
    let windows = per_second(1);
    let used = reserve(store, &windows, now).await;
    let waiting = reserve(store, &windows, now).await;
    assert!(store.confirm(&key(), waiting).await.unwrap());
    store.penalise(&key(), now, 5 * SECOND).await.unwrap();
    assert!(store.confirm(&key(), used).await.unwrap());
    assert!(!store.confirm(&key(), waiting).await.unwrap());
    let again = reserve(store, &windows, now).await;
    assert_eq!(again.at(), now + 5 * SECOND);
    assert!(store.confirm(&key(), again).await.unwrap());
    assert_eq!(reserve(store, &windows, now).await.at(), now + 6 * SECOND);
}

/// An engine may let a released place lapse; it must not give more than the limit.
async fn a_place_given_back_breaks_no_limit(scene: Scene) {
    let (store, now) = (&*scene.store, scene.clock.tick());
    let windows = per_second(1);
    reserve(store, &windows, now).await;
    let unused = reserve(store, &windows, now).await;
    LimitStore::release(store, &key(), unused);
    let next = reserve(store, &windows, now).await.at();
    assert!(next == now + SECOND || next == now + 2 * SECOND, "{next:?}");
}

async fn places_free_themselves_with_time(scene: Scene) {
    let (store, windows) = (&*scene.store, per_second(2));
    for _ in 0..10 {
        let now = scene.clock.tick();
        for _ in 0..2 {
            let grant = reserve(store, &windows, now).await;
            assert_eq!(grant.at(), now);
            assert!(store.confirm(&key(), grant).await.unwrap());
        }
        scene.clock.advance(SECOND);
    }
}
