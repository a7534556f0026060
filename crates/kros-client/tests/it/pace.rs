//! The request limits: kept to the letter, and hardly slower than they allow.

use std::{sync::Arc, time::Duration};

use common_http::VirtualClock;
use common_store::MemoryStore;
use kros_client::{Limits, auth, invoices};
use sandbox::{fault::Fault, kros::Profile};
use tokio::{task::JoinSet, time::Instant};

use crate::support::{assert_expected, beside, in_process, invoice, once, stored};

/// Makes 600 calls by 8 clones of one client; how long that takes, and no call is refused.
async fn six_hundred_calls(limits: Limits, profile: Profile, most: (usize, usize)) -> Duration {
    let sandbox = in_process().await;
    sandbox.kros().set_limits(profile);
    let client = beside(&sandbox).limits(limits).build().unwrap();
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        let client = client.clone();
        callers.spawn(async move {
            for _ in 0..75 {
                client.send(&auth::Check).await.unwrap();
            }
        });
    }
    callers.join_all().await;
    let took = started.elapsed();
    let seen = sandbox.kros().statistics();
    assert_eq!((seen.total, seen.refused), (600, 0));
    assert!(seen.most_per_second <= most.0, "{seen:?}");
    assert!(seen.most_per_minute <= most.1, "{seen:?}");
    assert_expected(&sandbox);
    took
}

/// At least as long as the limits demand, and at most a tenth longer.
#[track_caller]
fn assert_brisk(took: Duration, shortest: Duration) {
    assert!(took >= shortest, "{took:?}");
    assert!(took <= shortest.mul_f64(1.1), "{took:?} is too far from {shortest:?}");
}

#[tokio::test(start_paused = true)]
async fn five_a_second_are_kept_and_used_up() {
    let took = six_hundred_calls(Limits::documented(), Profile::Documented, (5, 300)).await;
    // The last five of 600 may leave 119 seconds after the first five.
    assert_brisk(took, Duration::from_secs(119));
}

#[tokio::test(start_paused = true)]
async fn ten_a_second_and_three_hundred_a_minute_are_kept_and_used_up() {
    let took = six_hundred_calls(Limits::current(), Profile::Current, (10, 300)).await;
    // The second 300 may begin a minute after the first, and the last ten 29 seconds later.
    assert_brisk(took, Duration::from_secs(89));
}

#[tokio::test(start_paused = true)]
async fn the_services_wish_to_wait_is_obeyed_by_all_clones() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    once(&sandbox, Fault::Reply { status: 429, retry_after: Some(30) });
    let started = Instant::now();
    let creation = invoices::Create::new(&invoice("a")).unwrap();
    let refused_first = {
        let client = client.clone();
        tokio::spawn(async move { client.send(&creation).await })
    };
    tokio::time::sleep(Duration::from_secs(1)).await;
    client.send(&auth::Check).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(30), "{:?}", started.elapsed());
    // A refusal with 429 was not processed, so even a creation is tried again.
    refused_first.await.unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(32), "{:?}", started.elapsed());
    sandbox.kros().settle().await;
    assert_eq!(stored(&sandbox), ["a"]);
    assert_eq!(sandbox.requests().len(), 3);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn companies_do_not_share_a_limit() {
    let sandbox = in_process().await;
    let other = sandbox.kros().token("1").unwrap();
    let clients =
        [beside(&sandbox).build().unwrap(), beside(&sandbox).token(other.into()).build().unwrap()];
    let started = Instant::now();
    for client in &clients {
        for _ in 0..5 {
            client.send(&auth::Check).await.unwrap();
        }
    }
    assert!(started.elapsed() < Duration::from_millis(500), "{:?}", started.elapsed());
    assert_eq!(sandbox.kros().statistics().refused, 0);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn clients_with_one_limit_store_share_the_companys_limit() {
    let sandbox = in_process().await;
    sandbox.kros().set_limits(Profile::Documented);
    let clock = VirtualClock::starting_at("2026-02-01T08:00:00Z".parse().unwrap());
    let store = Arc::new(MemoryStore::new(Arc::new(clock)));
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for wait in [0, 10, 20] {
        // As in different processes: each client has its own clock, with its own start.
        tokio::time::sleep(Duration::from_millis(wait)).await;
        let client = beside(&sandbox).limit_store(store.clone()).build().unwrap();
        for _ in 0..20 {
            let client = client.clone();
            callers.spawn(async move { client.send(&auth::Check).await.unwrap() });
        }
    }
    callers.join_all().await;
    let seen = sandbox.kros().statistics();
    assert_eq!((seen.total, seen.refused), (60, 0));
    assert!(seen.most_per_second <= 5, "{seen:?}");
    // The last five of 60 may leave 11 seconds after the first five.
    assert_brisk(started.elapsed(), Duration::from_secs(11));
    assert_expected(&sandbox);
}
