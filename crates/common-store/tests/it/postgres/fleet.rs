//! Several processes on one database: its clock, its order, its tables.

use std::time::Duration;

use common_core::{
    clock::Tick,
    limit::{Ask, LimitKey, LimitStore, Window, Windows},
};
use common_store::{Entries, Journals, Leases, Position, PostgresStore, StoreErrorKind};

use super::Place;

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test(flavor = "multi_thread")]
async fn eight_that_start_at_once_make_the_tables_once() {
    let Some(place) = Place::new().await else { return };
    let starts: Vec<_> =
        (0..8).map(|_| tokio::spawn(PostgresStore::connect_with(place.options()))).collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    assert_eq!(place.number("SELECT count(*) FROM store_version").await, 1);
    assert_eq!(place.number("SELECT number::bigint FROM store_version").await, 2);
}

#[tokio::test]
async fn a_lease_in_tables_of_version_1_goes_on() {
    let Some(place) = Place::new().await else { return };
    let lease = place.store().await.acquire("work", "a", HOUR).await.unwrap().unwrap();
    place
        .run(
            "ALTER TABLE leases DROP COLUMN since; DROP FUNCTION lasts;
             UPDATE store_version SET number = 1",
        )
        .await;
    let store = place.store().await;
    assert!(store.acquire("work", "b", HOUR).await.unwrap().is_none());
    assert!(store.renew(&lease, HOUR).await.unwrap().is_some());
}

#[tokio::test]
async fn tables_of_a_newer_version_are_left_alone() {
    let Some(place) = Place::new().await else { return };
    place.store().await;
    place.run("UPDATE store_version SET number = 99; DROP TABLE records").await;
    let error = PostgresStore::connect_with(place.options()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert_eq!(place.number("SELECT number::bigint FROM store_version").await, 99);
    assert_eq!(place.number("SELECT (to_regclass('records') IS NULL)::int::bigint").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_goes_on_behind_the_last_place_misses_nothing() {
    const EACH: u64 = 40;

    let Some(place) = Place::new().await else { return };
    let writers: Vec<_> = (0..6_u8)
        .map(|writer| {
            let options = place.options();
            tokio::spawn(async move {
                let store = PostgresStore::connect_with(options).await.unwrap();
                for number in 0..EACH {
                    let size = usize::try_from(number % 3 + 1).unwrap();
                    store.append("j", vec![vec![writer]; size], None).await.unwrap();
                }
            })
        })
        .collect();
    let (store, mut seen) = (place.store().await, Vec::new());
    loop {
        let done = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let last = seen.last().copied().unwrap_or(Position::START);
        let entries = store.read("j", Entries::All, last, 7).await.unwrap();
        if done && entries.is_empty() {
            break;
        }
        seen.extend(entries.into_iter().map(|entry| entry.position));
    }
    let all: u64 = 6 * (0..EACH).map(|number| number % 3 + 1).sum::<u64>();
    assert_eq!(seen, (1..=all).map(Position::new).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_clock_of_the_server_ends_a_lease() {
    let Some(place) = Place::new().await else { return };
    let store = place.store().await;
    // Long enough for the next statement to come in time on a busy machine.
    let ttl = Duration::from_secs(3);
    let first = store.acquire("work", "a", ttl).await.unwrap().unwrap();
    assert_eq!(store.acquire("work", "b", ttl).await.unwrap(), None);
    place.run("SELECT pg_sleep(3.01)").await;
    let error = store.append("j", vec![vec![1]], Some(&first)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::LeaseLost);
    let second = store.acquire("work", "b", ttl).await.unwrap().unwrap();
    assert!(second.fence > first.fence);
    assert!(second.until > first.until);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_waits_for_a_write_under_the_lease() {
    let Some(place) = Place::new().await else { return };
    let store = place.store().await;
    let lease = store.acquire("work", "a", HOUR).await.unwrap().unwrap();
    // The journal is kept busy, so that the write stands still behind the check of its lease.
    store.append("j", vec![vec![0]], None).await.unwrap();
    place.run("BEGIN; UPDATE journals SET last = last").await;
    let writer = store.clone();
    let write = tokio::spawn(async move { writer.append("j", vec![vec![1]], Some(&lease)).await });
    waiting(&place, 1).await;
    let next = store.clone();
    let takeover = tokio::spawn(async move {
        next.acquire("work", "a", HOUR).await.unwrap().unwrap();
        next.read("j", Entries::All, Position::START, 9).await.unwrap().len()
    });
    waiting(&place, 2).await;
    assert!(!takeover.is_finished());
    place.run("COMMIT").await;
    write.await.unwrap().unwrap();
    assert_eq!(takeover.await.unwrap(), 2, "the write came before the takeover");
}

/// Waits until so many statements wait for a lock of a test's schema.
async fn waiting(place: &Place, count: i64) {
    let sql = format!(
        "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
         WHERE NOT l.granted AND a.application_name = '{}'",
        place.schema
    );
    // Within a transaction, the server shows the same activity again until it is told to look.
    while place.number(&sql).await < count {
        place.run("SELECT pg_stat_clear_snapshot()").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn places_of_a_limit_are_counted_on_the_clock_of_the_server() {
    let Some(place) = Place::new().await else { return };
    let (key, windows) = (LimitKey::new("k"), Windows::new([Window::per_hour(2)]));
    let mut waits = Vec::new();
    // Each caller's own clock says something else.
    for start in [0, 1_000_000, 50] {
        let store = place.store().await;
        let now = Tick::new(Duration::from_secs(start));
        for _ in 0..2 {
            let ask = Ask { key: &key, windows: &windows, now, patience: None };
            let grant = store.reserve(ask).await.unwrap().unwrap();
            waits.push(grant.at().since(now).as_secs());
        }
    }
    // The test itself takes less than ten minutes.
    let hours: Vec<_> = waits.iter().map(|seconds| (seconds + 600) / 3_600).collect();
    assert_eq!(hours, [0, 0, 1, 1, 2, 2], "{waits:?}");
    let log = "SELECT count(*) FROM limits, json_array_elements(log::json->'places')";
    assert_eq!(place.number(log).await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_given_back_in_the_background_or_lapses() {
    let Some(place) = Place::new().await else { return };
    let store = place.store().await;
    let (key, windows) = (LimitKey::new("k"), Windows::new([Window::per_hour(1)]));
    let ask = Ask { key: &key, windows: &windows, now: Tick::ZERO, patience: None };
    let grant = store.reserve(ask).await.unwrap().unwrap();
    // A thread without a runtime cannot reach the database, and must not panic.
    std::thread::scope(|scope| scope.spawn(|| LimitStore::release(&store, &key, grant)).join())
        .unwrap();
    let impatient = Ask { patience: Some(Duration::ZERO), ..ask };
    assert!(store.reserve(impatient).await.unwrap().is_err());
    LimitStore::release(&store, &key, grant);
    while store.reserve(impatient).await.unwrap().is_err() {
        tokio::task::yield_now().await;
    }
}
