//! Records: comparing before changing, ends, lists.

use std::time::Duration;

use common_core::clock::Clock;
use common_store::{Change, Expect, Record, Store, Swap, Version};

use super::{Scene, assert_lease_lost, put};

pub(super) async fn all(fresh: &impl AsyncFn() -> Scene) {
    a_value_stands_until_it_is_changed(fresh().await).await;
    a_change_needs_what_was_expected(fresh().await).await;
    versions_grow_over_all_keys_and_come_once(fresh().await).await;
    what_has_ended_is_as_if_it_had_never_been(fresh().await).await;
    a_list_goes_by_key_behind_the_last_one(fresh().await).await;
    a_prefix_is_text_and_no_pattern(fresh().await).await;
    increments_at_once_all_count(fresh().await).await;
    one_of_many_makes_a_record(fresh().await).await;
    a_lost_lease_changes_nothing(fresh().await).await;
}

/// A change that must happen; its version.
async fn change(store: &dyn Store, key: &str, expect: Expect, change: Change) -> Version {
    match store.swap(key, expect, change, None).await.unwrap() {
        Swap::Done(version) => version,
        Swap::Conflict(current) => panic!("{key} holds {current:?}"),
    }
}

/// A change that must not happen; what stands there instead.
async fn refused(store: &dyn Store, key: &str, expect: Expect) -> Option<Record> {
    match store.swap(key, expect, put("wrong"), None).await.unwrap() {
        Swap::Conflict(current) => current,
        Swap::Done(version) => panic!("{key} was changed to {version:?}"),
    }
}

async fn value(store: &dyn Store, key: &str) -> Option<Vec<u8>> {
    store.get(key).await.unwrap().map(|record| record.value)
}

async fn a_value_stands_until_it_is_changed(scene: Scene) {
    let store = &*scene.store;
    assert_eq!(store.get("k").await.unwrap(), None);
    let bytes: Vec<u8> = (0..=255).collect();
    let version = change(store, "k", Expect::Absent, put(bytes.clone())).await;
    let record = store.get("k").await.unwrap().unwrap();
    assert_eq!(record, Record { value: bytes, version, expires_at: None });
    change(store, "k", Expect::Version(version), put("")).await;
    assert_eq!(value(store, "k").await.unwrap(), b"");
    change(store, "k", Expect::Anything, Change::Remove).await;
    assert_eq!(store.get("k").await.unwrap(), None);
}

async fn a_change_needs_what_was_expected(scene: Scene) {
    let store = &*scene.store;
    let first = change(store, "k", Expect::Anything, put("one")).await;
    let standing = store.get("k").await.unwrap();
    assert_eq!(refused(store, "k", Expect::Absent).await, standing);
    let second = change(store, "k", Expect::Version(first), put("two")).await;
    assert_eq!(refused(store, "k", Expect::Version(first)).await.unwrap().version, second);
    assert_eq!(value(store, "k").await.unwrap(), b"two");

    change(store, "k", Expect::Version(second), Change::Remove).await;
    assert_eq!(refused(store, "k", Expect::Version(second)).await, None);
    // The same bytes put there again are not the same version.
    change(store, "k", Expect::Absent, put("two")).await;
    assert!(refused(store, "k", Expect::Version(second)).await.is_some());
    assert_eq!(refused(store, "elsewhere", Expect::Version(first)).await, None);
}

async fn versions_grow_over_all_keys_and_come_once(scene: Scene) {
    let store = &*scene.store;
    let mut last = Version::new(0);
    for round in 0..3_u8 {
        for key in ["a", "b"] {
            for what in [put([round]), Change::Remove] {
                let version = change(store, key, Expect::Anything, what).await;
                assert!(version > last, "{version:?} after {last:?}");
                last = version;
            }
        }
    }
}

async fn what_has_ended_is_as_if_it_had_never_been(scene: Scene) {
    let (store, clock) = (&*scene.store, &scene.clock);
    let end = clock.now() + Duration::from_secs(60);
    let short = || Change::Put { value: b"short".to_vec(), expires_at: Some(end) };
    let version = change(store, "short", Expect::Absent, short()).await;
    change(store, "other", Expect::Absent, short()).await;
    change(store, "long", Expect::Absent, put("long")).await;

    clock.advance(Duration::from_millis(59_999));
    assert_eq!(store.get("short").await.unwrap().unwrap().expires_at, Some(end));
    assert_eq!(store.sweep().await.unwrap(), 0);
    clock.advance(Duration::from_millis(1));
    assert_eq!(store.get("short").await.unwrap(), None);
    assert_eq!(refused(store, "short", Expect::Version(version)).await, None);
    let listed = store.list("", None, 10).await.unwrap();
    assert_eq!(listed.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["long"]);

    change(store, "short", Expect::Absent, put("anew")).await;
    assert_eq!(store.sweep().await.unwrap(), 1, "`other` alone has ended");
    assert_eq!(value(store, "short").await.unwrap(), b"anew");
    assert_eq!(value(store, "long").await.unwrap(), b"long");
}

async fn a_list_goes_by_key_behind_the_last_one(scene: Scene) {
    let store = &*scene.store;
    for key in ["b/3", "b/1", "a", "b/2", "b", "c", "b/10"] {
        change(store, key, Expect::Absent, put(key)).await;
    }
    let (mut after, mut pages) = (None, Vec::new());
    loop {
        let page = store.list("b/", after.as_deref(), 3).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        assert!(page.iter().all(|(key, record)| key.as_bytes() == record.value));
        pages.push(page.into_iter().map(|(key, _)| key).collect::<Vec<_>>());
    }
    assert_eq!(pages, [vec!["b/1", "b/10", "b/2"], vec!["b/3"]]);
    assert_eq!(store.list("", None, usize::MAX).await.unwrap().len(), 7);
    assert_eq!(store.list("b/", Some("a"), 9).await.unwrap().len(), 4);
    assert_eq!(store.list("b/", Some("c"), 9).await.unwrap(), []);
    assert_eq!(store.list("b/", None, 0).await.unwrap(), []);
}

async fn a_prefix_is_text_and_no_pattern(scene: Scene) {
    let store = &*scene.store;
    for key in ["50%", "50%/a", "500", "5_", "5a", "ž/1", "Ž/1", "z"] {
        change(store, key, Expect::Absent, put("")).await;
    }
    for (prefix, keys) in [
        ("50%", vec!["50%", "50%/a"]),
        ("5_", vec!["5_"]),
        ("ž/", vec!["ž/1"]),
        ("", vec!["50%", "50%/a", "500", "5_", "5a", "z", "Ž/1", "ž/1"]),
    ] {
        let listed = store.list(prefix, None, 100).await.unwrap();
        assert_eq!(listed.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), keys, "{prefix}");
    }
}

async fn increments_at_once_all_count(scene: Scene) {
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = scene.store.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    increment(&*store).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(value(&*scene.store, "count").await.unwrap(), 80_u64.to_be_bytes());
}

async fn increment(store: &dyn Store) {
    let mut current = store.get("count").await.unwrap();
    loop {
        let count = current
            .as_ref()
            .map_or(0, |record| u64::from_be_bytes(record.value.clone().try_into().unwrap()));
        let expect = current.map_or(Expect::Absent, |record| Expect::Version(record.version));
        let next = put((count + 1).to_be_bytes());
        match store.swap("count", expect, next, None).await.unwrap() {
            Swap::Done(_) => return,
            Swap::Conflict(other) => current = other,
        }
    }
}

async fn one_of_many_makes_a_record(scene: Scene) {
    let tasks: Vec<_> = (0..16_u8)
        .map(|task| {
            let store = scene.store.clone();
            tokio::spawn(async move { store.swap("k", Expect::Absent, put([task]), None).await })
        })
        .collect();
    let (mut done, mut seen) = (0, Vec::new());
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Swap::Done(_) => done += 1,
            Swap::Conflict(record) => seen.push(record.unwrap().value),
        }
    }
    assert_eq!(done, 1);
    let winner = value(&*scene.store, "k").await.unwrap();
    assert!(seen.iter().all(|value| *value == winner));
}

async fn a_lost_lease_changes_nothing(scene: Scene) {
    let store = &*scene.store;
    let lost = scene.lost_lease().await;
    change(store, "k", Expect::Absent, put("before")).await;
    assert_lease_lost(store.swap("k", Expect::Anything, put("after"), Some(&lost))).await;
    assert_lease_lost(store.swap("k", Expect::Anything, Change::Remove, Some(&lost))).await;
    assert_eq!(value(store, "k").await.unwrap(), b"before");

    let held = store.acquire("other", "me", Duration::from_secs(1)).await.unwrap().unwrap();
    let swap = store.swap("k", Expect::Anything, put("held"), Some(&held)).await.unwrap();
    assert!(matches!(swap, Swap::Done(_)));
    assert_eq!(value(store, "k").await.unwrap(), b"held");
}
