//! Leases: one holder at a time, fences that grow.

use std::time::Duration;

use chrono::TimeDelta;
use common_core::clock::Clock;
use common_store::{Lease, Leases, Store};

use super::{Scene, assert_lease_lost};

const TTL: Duration = Duration::from_secs(10);
const HALF: Duration = Duration::from_secs(5);
const ALMOST: Duration = Duration::from_millis(9_999);

pub(super) async fn all(fresh: &impl AsyncFn() -> Scene) {
    a_lease_has_one_holder_until_it_ends(fresh().await).await;
    a_renewed_lease_lasts_longer_under_the_same_fence(fresh().await).await;
    a_lease_given_back_is_free_at_once(fresh().await).await;
    another_run_of_the_holder_pushes_the_first_out(fresh().await).await;
    a_lost_lease_cannot_be_renewed_or_given_back(fresh().await).await;
    names_do_not_share_a_lease(fresh().await).await;
    one_of_many_gets_the_lease(fresh().await).await;
    a_write_fails_from_the_moment_of_the_end(fresh().await).await;
    a_lease_ends_when_the_clock_is_set_back_before_it(fresh().await).await;
    a_clock_that_is_set_back_a_little_takes_no_lease(fresh().await).await;
}

async fn acquire(store: &dyn Store, holder: &str) -> Option<Lease> {
    store.acquire("work", holder, TTL).await.unwrap()
}

async fn a_lease_has_one_holder_until_it_ends(scene: Scene) {
    let store = &*scene.store;
    let first = acquire(store, "a").await.unwrap();
    assert_eq!((first.name.as_str(), first.holder.as_str()), ("work", "a"));
    assert_eq!(first.until, scene.clock.now() + TTL);
    scene.clock.advance(ALMOST);
    assert_eq!(acquire(store, "b").await, None);
    scene.clock.advance(Duration::from_millis(1));
    let second = acquire(store, "b").await.unwrap();
    assert!(second.fence > first.fence, "{second:?} after {first:?}");
    assert_eq!(acquire(store, "a").await, None);
}

async fn a_renewed_lease_lasts_longer_under_the_same_fence(scene: Scene) {
    let store = &*scene.store;
    let lease = acquire(store, "a").await.unwrap();
    scene.clock.advance(HALF);
    let renewed = store.renew(&lease, TTL).await.unwrap().unwrap();
    assert_eq!(renewed, Lease { until: scene.clock.now() + TTL, ..lease.clone() });
    scene.clock.advance(HALF + Duration::from_secs(1));
    assert_eq!(acquire(store, "b").await, None);
    // Work that began under the lease as it was goes on under it.
    store.append("j", vec![vec![1]], Some(&lease)).await.unwrap();
}

async fn a_lease_given_back_is_free_at_once(scene: Scene) {
    let store = &*scene.store;
    let first = acquire(store, "a").await.unwrap();
    Leases::release(store, &first).await.unwrap();
    let second = acquire(store, "b").await.unwrap();
    assert!(second.fence > first.fence);
    assert_lease_lost(store.append("j", vec![vec![1]], Some(&first))).await;
}

async fn another_run_of_the_holder_pushes_the_first_out(scene: Scene) {
    let store = &*scene.store;
    let first = acquire(store, "a").await.unwrap();
    let second = acquire(store, "a").await.unwrap();
    assert!(second.fence > first.fence);
    assert_lease_lost(store.append("j", vec![vec![1]], Some(&first))).await;
    store.append("j", vec![vec![2]], Some(&second)).await.unwrap();
    assert_eq!(store.renew(&first, TTL).await.unwrap(), None);
}

async fn a_lost_lease_cannot_be_renewed_or_given_back(scene: Scene) {
    let store = &*scene.store;
    let lost = scene.lost_lease().await;
    assert_eq!(store.renew(&lost, TTL).await.unwrap(), None);
    Leases::release(store, &lost).await.unwrap();
    assert_eq!(acquire(store, "third").await, None, "the second holder still has it");

    let ended = store.acquire("ended", "a", TTL).await.unwrap().unwrap();
    scene.clock.advance(TTL);
    assert_eq!(store.renew(&ended, TTL).await.unwrap(), None, "though nobody took it");
}

async fn names_do_not_share_a_lease(scene: Scene) {
    let store = &*scene.store;
    let one = store.acquire("one", "a", TTL).await.unwrap().unwrap();
    let two = store.acquire("two", "b", TTL).await.unwrap().unwrap();
    Leases::release(store, &one).await.unwrap();
    store.append("j", vec![vec![2]], Some(&two)).await.unwrap();
}

async fn one_of_many_gets_the_lease(scene: Scene) {
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = scene.store.clone();
            tokio::spawn(async move { acquire(&*store, &format!("holder {task}")).await })
        })
        .collect();
    let mut leases = Vec::new();
    for task in tasks {
        leases.extend(task.await.unwrap());
    }
    assert_eq!(leases.len(), 1, "{leases:?}");
}

async fn a_lease_ends_when_the_clock_is_set_back_before_it(scene: Scene) {
    let (store, right) = (&*scene.store, scene.clock.now());
    scene.clock.set_wall(right + TimeDelta::days(1));
    let of_the_dead = acquire(store, "a").await.unwrap();
    let renewed = store.acquire("renewed", "a", TTL).await.unwrap().unwrap();
    store.renew(&renewed, TTL).await.unwrap().unwrap();
    scene.clock.set_wall(right);
    let next = acquire(store, "b").await.unwrap();
    assert!(next.fence > of_the_dead.fence);
    assert!(store.acquire("renewed", "b", TTL).await.unwrap().is_some());
    // The first holder may be alive.
    assert_lease_lost(store.append("j", vec![vec![1]], Some(&of_the_dead))).await;
    assert_eq!(store.renew(&renewed, TTL).await.unwrap(), None);
    store.append("j", vec![vec![2]], Some(&next)).await.unwrap();
}

async fn a_clock_that_is_set_back_a_little_takes_no_lease(scene: Scene) {
    let (store, right) = (&*scene.store, scene.clock.now());
    let lease = acquire(store, "a").await.unwrap();
    scene.clock.set_wall(right - TimeDelta::milliseconds(10_000));
    assert_eq!(acquire(store, "b").await, None);
    store.append("j", vec![vec![1]], Some(&lease)).await.unwrap();
    scene.clock.set_wall(right - TimeDelta::milliseconds(10_001));
    assert!(acquire(store, "b").await.is_some());
}

async fn a_write_fails_from_the_moment_of_the_end(scene: Scene) {
    let store = &*scene.store;
    let lease = acquire(store, "a").await.unwrap();
    scene.clock.advance(ALMOST);
    store.append("j", vec![vec![1]], Some(&lease)).await.unwrap();
    scene.clock.advance(Duration::from_millis(1));
    assert_lease_lost(store.append("j", vec![vec![2]], Some(&lease))).await;
}
