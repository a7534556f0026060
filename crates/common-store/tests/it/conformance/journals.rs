//! Journals: places, contents, acknowledging, compacting.

use std::time::Duration;

use common_store::{Entries, Position, Store};

use super::{Scene, assert_lease_lost};

pub(super) async fn all(fresh: &impl AsyncFn() -> Scene) {
    payloads_come_back_byte_for_byte_in_order(fresh().await).await;
    a_journal_that_nobody_wrote_to_is_empty(fresh().await).await;
    reading_goes_on_behind_the_last_place(fresh().await).await;
    acknowledging_marks_once_and_passes_over_what_is_not_there(fresh().await).await;
    compaction_removes_what_is_done_and_gives_no_place_again(fresh().await).await;
    journals_do_not_mix(fresh().await).await;
    appends_at_once_keep_every_batch_whole(fresh().await).await;
    a_lost_lease_writes_nothing(fresh().await).await;
}

async fn append(store: &dyn Store, journal: &str, payloads: &[&str]) -> Vec<Position> {
    let entries = payloads.iter().map(|payload| payload.as_bytes().to_vec()).collect();
    store.append(journal, entries, None).await.unwrap()
}

/// The payloads behind a place, as texts.
async fn texts(store: &dyn Store, journal: &str, which: Entries) -> Vec<String> {
    let entries = store.read(journal, which, Position::START, usize::MAX).await.unwrap();
    entries.into_iter().map(|entry| String::from_utf8(entry.payload).unwrap()).collect()
}

async fn payloads_come_back_byte_for_byte_in_order(scene: Scene) {
    let payloads = vec![Vec::new(), (0..=255).collect(), vec![0; 300_000], b"last".to_vec()];
    let places = scene.store.append("j", payloads.clone(), None).await.unwrap();
    assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
    assert!(places[0] > Position::START);
    let entries = scene.store.read("j", Entries::All, Position::START, 10).await.unwrap();
    assert_eq!(entries.len(), payloads.len());
    for (entry, (place, payload)) in entries.iter().zip(places.iter().zip(&payloads)) {
        assert_eq!((&entry.position, &entry.payload), (place, payload));
        assert!(!entry.acknowledged);
    }
    assert_eq!(scene.store.append("j", Vec::new(), None).await.unwrap(), []);
}

async fn a_journal_that_nobody_wrote_to_is_empty(scene: Scene) {
    let store = scene.store;
    assert_eq!(store.read("j", Entries::All, Position::START, 10).await.unwrap(), []);
    assert_eq!(store.acknowledge("j", &[Position::new(1)], None).await.unwrap(), 0);
    assert_eq!(store.compact("j").await.unwrap(), 0);
}

async fn reading_goes_on_behind_the_last_place(scene: Scene) {
    let places = append(&*scene.store, "j", &["a", "b", "c", "d", "e"]).await;
    let (mut after, mut pages) = (Position::START, Vec::new());
    loop {
        let page = scene.store.read("j", Entries::All, after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position;
        pages.push(page.iter().map(|entry| entry.position).collect::<Vec<_>>());
    }
    assert_eq!(pages, places.chunks(2).collect::<Vec<_>>());
    let end = Position::new(u64::MAX);
    assert_eq!(scene.store.read("j", Entries::All, end, 2).await.unwrap(), []);
    assert_eq!(scene.store.read("j", Entries::All, Position::START, 0).await.unwrap(), []);
}

async fn acknowledging_marks_once_and_passes_over_what_is_not_there(scene: Scene) {
    let store = &*scene.store;
    let places = append(store, "j", &["a", "b", "c"]).await;
    let some = [places[0], places[2], Position::new(u64::MAX), places[0]];
    assert_eq!(store.acknowledge("j", &some, None).await.unwrap(), 2);
    assert_eq!(store.acknowledge("j", &some, None).await.unwrap(), 0);
    assert_eq!(store.acknowledge("j", &[], None).await.unwrap(), 0);
    assert_eq!(texts(store, "j", Entries::Open).await, ["b"]);
    assert_eq!(texts(store, "j", Entries::All).await, ["a", "b", "c"]);
    let all = store.read("j", Entries::All, Position::START, 10).await.unwrap();
    let marks: Vec<_> = all.iter().map(|entry| entry.acknowledged).collect();
    assert_eq!(marks, [true, false, true]);
}

async fn compaction_removes_what_is_done_and_gives_no_place_again(scene: Scene) {
    let store = &*scene.store;
    let first = append(store, "j", &["a", "b", "c"]).await;
    store.acknowledge("j", &first[1..], None).await.unwrap();
    assert_eq!(store.compact("j").await.unwrap(), 2);
    assert_eq!(store.compact("j").await.unwrap(), 0);
    assert_eq!(texts(store, "j", Entries::All).await, ["a"]);
    assert_eq!(store.acknowledge("j", &first[1..], None).await.unwrap(), 0);
    let second = append(store, "j", &["d"]).await;
    assert!(second[0] > first[2], "{second:?} after {first:?}");
    store.acknowledge("j", &[first[0], second[0]], None).await.unwrap();
    assert_eq!(store.compact("j").await.unwrap(), 2);
    assert!(append(store, "j", &["e"]).await[0] > second[0], "of an empty journal, too");
}

async fn journals_do_not_mix(scene: Scene) {
    let store = &*scene.store;
    let names = ["a", "a/b", "A", "ľ", "%", ""];
    for name in names {
        append(store, name, &[name]).await;
    }
    let place = append(store, "a", &["more"]).await;
    store.acknowledge("a", &place, None).await.unwrap();
    assert_eq!(store.compact("a").await.unwrap(), 1);
    for name in names {
        assert_eq!(texts(store, name, Entries::Open).await, [name]);
    }
}

async fn appends_at_once_keep_every_batch_whole(scene: Scene) {
    let writers: Vec<_> = (0..8_u8)
        .map(|writer| {
            let store = scene.store.clone();
            tokio::spawn(async move {
                let mut places = Vec::new();
                for batch in 0..10_u8 {
                    let entries = (0..3).map(|index| vec![writer, batch, index]).collect();
                    places.extend(store.append("j", entries, None).await.unwrap());
                }
                places
            })
        })
        .collect();
    let mut given = Vec::new();
    for writer in writers {
        let places = writer.await.unwrap();
        assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");
        given.extend(places);
    }
    given.sort_unstable();
    let entries = scene.store.read("j", Entries::All, Position::START, 1000).await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.position).collect::<Vec<_>>(), given);
    assert_eq!(entries.len(), 8 * 10 * 3);
    for batch in entries.chunks(3) {
        let begin = &batch[0].payload;
        let whole = (0..3).map(|index| vec![begin[0], begin[1], index]);
        assert!(batch.iter().map(|entry| entry.payload.clone()).eq(whole));
    }
}

async fn a_lost_lease_writes_nothing(scene: Scene) {
    let store = &*scene.store;
    let lost = scene.lost_lease().await;
    let place = append(store, "j", &["before"]).await;
    assert_lease_lost(store.append("j", vec![b"after".to_vec()], Some(&lost))).await;
    assert_lease_lost(store.acknowledge("j", &place, Some(&lost))).await;
    assert_eq!(texts(store, "j", Entries::Open).await, ["before"]);

    let held = store.acquire("other", "me", Duration::from_secs(1)).await.unwrap().unwrap();
    let more = store.append("j", vec![b"held".to_vec()], Some(&held)).await.unwrap();
    assert_eq!(store.acknowledge("j", &more, Some(&held)).await.unwrap(), 1);
}
