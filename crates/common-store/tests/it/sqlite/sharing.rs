//! The group commit seen from its callers: failures, callers that go away, the end of the store.

use std::{iter, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::{
    clock::{Clock, ManualClock, Tick},
    limit::{Ask, LimitKey, LimitStore, Window, Windows},
};
use common_store::{Entries, Journals, Leases, Position, SqliteStore, StoreErrorKind};
use rusqlite::Connection;

use super::{entries, place};

/// Another owner of the file, who holds it for writing.
fn hold(path: &std::path::Path) -> Connection {
    let other = Connection::open(path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    other
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_leaves_the_others_of_its_group_alone() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    let lease = store.acquire("work", "a", Duration::from_secs(60)).await.unwrap().unwrap();
    Leases::release(&store, &lease).await.unwrap();

    // While somebody else holds the file, all of these queue up behind the first one.
    let other = hold(&path);
    let writers: Vec<_> = (0..20_u8)
        .map(|writer| {
            let (store, lease) = (store.clone(), lease.clone());
            let under = (writer % 2 == 1).then_some(lease);
            tokio::spawn(async move { store.append("j", vec![vec![writer]], under.as_ref()).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.execute_batch("COMMIT").unwrap();

    for (number, writer) in writers.into_iter().enumerate() {
        match writer.await.unwrap() {
            Ok(places) => assert!(number % 2 == 0 && places.len() == 1),
            Err(error) => assert!(number % 2 == 1 && error.kind() == StoreErrorKind::LeaseLost),
        }
    }
    let mut written: Vec<_> =
        entries(&store, "j").await.into_iter().map(|entry| entry.payload[0]).collect();
    written.sort_unstable();
    assert_eq!(written, (0..20).step_by(2).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_caller_that_goes_away_disturbs_nobody() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    drop(store.append("j", vec![b"never polled".to_vec()], None));
    let other = hold(&path);
    let waiting = store.append("j", vec![b"given up".to_vec()], None);
    assert!(tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err());
    other.execute_batch("COMMIT").unwrap();
    store.append("j", vec![b"after".to_vec()], None).await.unwrap();
    let payloads: Vec<_> = entries(&store, "j").await.into_iter().map(|e| e.payload).collect();
    assert_eq!(payloads, [b"given up".to_vec(), b"after".to_vec()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_clone_waits_for_what_is_queued() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    let other = hold(&path);
    for number in 0..10_u8 {
        let append = store.append("j", vec![vec![number]], None);
        assert!(tokio::time::timeout(Duration::from_millis(1), append).await.is_err());
    }
    let end = tokio::task::spawn_blocking(move || drop(store));
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!end.is_finished());
    other.execute_batch("COMMIT").unwrap();
    end.await.unwrap();
    let reader = Connection::open(&path).unwrap();
    let count: i64 =
        reader.query_row("SELECT count(*) FROM entries", [], |row| row.get(0)).unwrap();
    assert_eq!(count, 10);
}

#[tokio::test]
async fn reading_needs_no_turn_at_writing() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    store.append("j", vec![vec![1]], None).await.unwrap();
    let _other = hold(&path);
    let read = store.read("j", Entries::All, Position::START, 10);
    let read = tokio::time::timeout(Duration::from_secs(5), read).await.unwrap().unwrap();
    assert_eq!(read.len(), 1);
}

#[tokio::test]
async fn a_failure_of_the_engine_is_told_with_its_cause() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    Connection::open(&path).unwrap().execute_batch("DROP TABLE entries").unwrap();
    let error = store.append("j", vec![b"canary".to_vec()], None).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    let text = format!("{error:?}");
    assert!(text.contains("no such table"), "{text}");
    assert!(!text.contains("canary"), "{text}");
    // The thread goes on.
    store.acquire("work", "a", Duration::from_secs(1)).await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_fails_is_told_to_its_whole_group() {
    // Whether those that were meant to fall into one group did so is up to the machine.
    for _ in 0..100 {
        if commit_fails_for_a_group().await {
            return;
        }
    }
    panic!("four appends never fell into one group")
}

/// Appends one entry, and four more of which one is refused at the commit; whether those four were
/// one group. However they fall, what was told is what is there.
async fn commit_fails_for_a_group() -> bool {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    // A rule that SQLite checks at the commit, broken by one payload.
    Connection::open(&path)
        .unwrap()
        .execute_batch(
            "CREATE TABLE parent (id INTEGER PRIMARY KEY);
             CREATE TABLE child (id REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
             CREATE TRIGGER poison AFTER INSERT ON entries WHEN new.payload = x'FF'
             BEGIN INSERT INTO child VALUES (1); END;",
        )
        .unwrap();
    let other = hold(&path);
    let append = |payload: u8| {
        let store = store.clone();
        tokio::spawn(async move { store.append("j", vec![vec![payload]], None).await })
    };
    // The thread waits with the first one, and the others queue up behind it.
    let first = append(0);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let others: Vec<_> = [1, 2, 0xFF, 3].map(append).into_iter().collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    other.execute_batch("COMMIT").unwrap();

    let mut kept = Vec::new();
    for (payload, caller) in iter::zip([0, 1, 2, 0xFF, 3], iter::once(first).chain(others)) {
        match caller.await.unwrap() {
            Ok(_) => kept.push(vec![payload]),
            Err(error) => assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}"),
        }
    }
    let mut found: Vec<_> =
        entries(&store, "j").await.into_iter().map(|entry| entry.payload).collect();
    found.sort();
    assert_eq!(found, kept);
    assert!(!kept.contains(&vec![0xFF]));
    append(4).await.unwrap().unwrap();
    assert_eq!(entries(&store, "j").await.len(), kept.len() + 1);
    kept == [[0]]
}

#[derive(Debug)]
struct BrokenClock;

impl Clock for BrokenClock {
    fn now(&self) -> DateTime<Utc> {
        panic!("a clock may be anybody's code")
    }

    fn tick(&self) -> Tick {
        Tick::ZERO
    }
}

#[tokio::test]
async fn callers_of_a_thread_that_has_ended_are_told() {
    let (_folder, path) = place();
    let store = SqliteStore::open_with_clock(&path, Arc::new(BrokenClock)).unwrap();
    for _ in 0..2 {
        let error = store.append("j", vec![vec![1]], None).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
    }
    drop(store);
    assert_eq!(entries(&SqliteStore::open(&path).unwrap(), "j").await, []);
}

#[tokio::test]
async fn a_released_place_of_a_limit_is_given_to_the_next() {
    let (_folder, path) = place();
    let clock = Arc::new(ManualClock::at("2026-03-01T06:00:00Z".parse().unwrap()));
    let store = SqliteStore::open_with_clock(&path, clock).unwrap();
    let (key, windows) = (LimitKey::new("k"), Windows::new([Window::per_second(1)]));
    let ask = Ask { key: &key, windows: &windows, now: Tick::ZERO, patience: None };
    store.reserve(ask).await.unwrap().unwrap();
    let unused = store.reserve(ask).await.unwrap().unwrap();
    LimitStore::release(&store, &key, unused);
    assert_eq!(store.reserve(ask).await.unwrap().unwrap().at(), unused.at());
}
