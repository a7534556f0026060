//! Opening: what was durable is there again, and other files are left alone.

use std::{sync::Arc, time::Duration};

use common_core::{
    clock::{Clock, ManualClock, Tick},
    limit::{Ask, LimitKey, LimitStore, Window, Windows},
};
use common_store::{
    Change, Expect, Journals, Leases, Records, SqliteStore, StoreError, StoreErrorKind, Swap,
};

use super::{entries, place};

#[tokio::test]
async fn everything_is_there_after_a_restart() {
    let (_folder, path) = place();
    let clock = Arc::new(ManualClock::at("2026-03-01T06:00:00Z".parse().unwrap()));
    let open = || SqliteStore::open_with_clock(&path, clock.clone()).unwrap();
    let (hour, key) = (Duration::from_secs(3600), LimitKey::new("system/account"));
    let windows = Windows::new([Window::per_second(1)]);
    let ask = Ask { key: &key, windows: &windows, now: Tick::ZERO, patience: None };
    let end = Some(clock.now() + hour);

    let store = open();
    let places = store.append("j", vec![b"a".to_vec(), b"b".to_vec()], None).await.unwrap();
    store.acknowledge("j", &places[1..], None).await.unwrap();
    assert_eq!(store.compact("j").await.unwrap(), 1);
    let put = Change::Put { value: b"value".to_vec(), expires_at: end };
    let Swap::Done(version) = store.swap("k", Expect::Absent, put, None).await.unwrap() else {
        panic!("the file is new");
    };
    let lease = store.acquire("work", "a", hour).await.unwrap().unwrap();
    store.reserve(ask).await.unwrap().unwrap();
    drop(store);

    let store = open();
    assert_eq!(entries(&store, "j").await.len(), 1);
    assert!(store.append("j", vec![b"c".to_vec()], Some(&lease)).await.unwrap()[0] > places[1]);
    let record = store.get("k").await.unwrap().unwrap();
    assert_eq!((record.version, record.expires_at), (version, end));
    let removal = store.swap("k", Expect::Version(version), Change::Remove, None).await.unwrap();
    assert!(matches!(removal, Swap::Done(next) if next > version));
    assert!(store.acquire("work", "b", hour).await.unwrap().is_none());
    let next = store.reserve(ask).await.unwrap().unwrap();
    assert_eq!(next.at(), Tick::ZERO + Duration::from_secs(1));
}

fn refusal(path: &std::path::Path) -> StoreError {
    SqliteStore::open(path).unwrap_err()
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_left_alone() {
    let (_folder, path) = place();
    drop(SqliteStore::open(&path).unwrap());
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let error = refusal(&path);
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_lease_in_a_file_of_version_1_goes_on() {
    let (_folder, path) = place();
    let hour = Duration::from_secs(3600);
    let lease =
        SqliteStore::open(&path).unwrap().acquire("work", "a", hour).await.unwrap().unwrap();
    let old = rusqlite::Connection::open(&path).unwrap();
    old.execute_batch("ALTER TABLE leases DROP COLUMN since_ms; PRAGMA user_version = 1").unwrap();
    drop(old);
    let store = SqliteStore::open(&path).unwrap();
    assert!(store.acquire("work", "b", hour).await.unwrap().is_none());
    assert!(store.renew(&lease, hour).await.unwrap().is_some());
}

#[test]
fn a_file_of_somebody_else_is_refused_and_left_alone() {
    let (_folder, path) = place();
    let foreign = rusqlite::Connection::open(&path).unwrap();
    foreign.execute_batch("CREATE TABLE entries (a); PRAGMA user_version = 1").unwrap();
    drop(foreign);
    let before = std::fs::read(&path).unwrap();
    assert_eq!(refusal(&path).kind(), StoreErrorKind::Corrupt);
    assert_eq!(std::fs::read(&path).unwrap(), before);

    std::fs::write(&path, "a text of more than sixteen bytes is no database").unwrap();
    assert_eq!(refusal(&path).kind(), StoreErrorKind::Corrupt);
    let folder = path.parent().unwrap();
    assert_eq!(refusal(folder).kind(), StoreErrorKind::Unavailable);
    assert_eq!(refusal(&folder.join("none/state.db")).kind(), StoreErrorKind::Unavailable);
}

#[tokio::test]
async fn a_damaged_file_is_corrupt_and_not_empty() {
    let (_folder, path) = place();
    let store = SqliteStore::open(&path).unwrap();
    for _ in 0..50 {
        store.append("j", vec![vec![7; 1000]], None).await.unwrap();
    }
    drop(store);
    // Everything behind the pages of the tables' own description is overwritten.
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xAA);
    std::fs::write(&path, bytes).unwrap();
    let store = SqliteStore::open(&path).unwrap();
    let error = store.append("j", vec![vec![8]], None).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error:?}");
    let error = store.get("k").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{error:?}");
}

#[cfg(unix)]
#[test]
fn a_new_file_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let (folder, path) = place();
    let _store = SqliteStore::open(&path).unwrap();
    let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(files.len(), 3, "the file, its log and its index");
    for file in files {
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{file:?}");
    }
}
