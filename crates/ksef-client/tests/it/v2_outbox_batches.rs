//! Batches of an outbox: an upload that breaks off is gone on with, or left without waiting.

use std::{path::Path, sync::Arc, time::Duration};

use common_core::{
    secret::secret_bytes,
    store::{Records as _, Store},
};
use common_store::SealKey;
use http::Method;
use ksef_client::v2::outbox::{Carrier, Fate, Outbox};
use sandbox::fault::{Fault, Rule, Turn};

use crate::{
    support::dropped_after,
    v2_outbox::{House, LEASE, options},
    v2_support::assert_expected,
};

fn carrier(house: &House, outbox: &Outbox, name: &str, folder: &Path) -> Carrier {
    outbox.carrier(house.account.clone(), options(name).batches(folder, 10, 30))
}

fn sealed(house: &House, key: u8) -> Outbox {
    let key = SealKey::new(1, secret_bytes(vec![key; 32])).unwrap();
    let store = house.store.clone() as Arc<dyn Store>;
    Outbox::new(store, "nip-alfa").unwrap().sealed(key)
}

async fn put(house: &House, count: usize) {
    for number in 0..count {
        house.put(&format!("B/{number}")).await;
    }
}

fn uploads(house: &House) -> usize {
    let requests = house.sandbox.ksef_v2().requests();
    requests.iter().filter(|request| request.method == "PUT").count()
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_broke_off_goes_on() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    put(&house, 12).await;
    let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
    house.sandbox.ksef_v2().faults().push(rule.method(&Method::PUT).turn(Turn::First(2)));
    house.carry_all(&carrier(&house, &house.outbox, "a", folder.path())).await;
    house.assert_true(12).await;
    assert_eq!(house.sandbox.ksef_v2().sessions().len(), 1);
    assert_eq!(uploads(&house), 3);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no file is left behind");
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn another_process_goes_on_with_an_upload_where_the_outbox_has_a_key() {
    for (first_key, next_key, expected) in [(7, 7, 1), (7, 8, 2), (0, 0, 2)] {
        let house = House::new().await;
        let outbox = |key| if key > 0 { sealed(&house, key) } else { house.outbox.clone() };
        let folder = tempfile::tempdir().unwrap();
        put(&house, 12).await;
        let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
        house.sandbox.ksef_v2().faults().push(rule.method(&Method::PUT).once());
        assert!(carrier(&house, &outbox(first_key), "a", folder.path()).step().await.is_err());
        let first = house.sandbox.ksef_v2().sessions()[0].reference.clone();
        let began = tokio::time::Instant::now();
        house.carry_all(&carrier(&house, &outbox(next_key), "b", folder.path())).await;
        // Without the key the package is left at once, and not when its links end.
        assert!(began.elapsed() < Duration::from_secs(60));
        house.assert_true(12).await;
        let sessions = house.sandbox.ksef_v2().sessions();
        assert_eq!(sessions.len(), expected);
        let left = sessions.iter().find(|session| session.reference == first).unwrap();
        assert_eq!(left.status, if expected == 1 { 200 } else { 100 });
        let kept = house.store.list("ksef2/nip-alfa/out/upload/", None, 10).await.unwrap();
        assert_eq!(kept.len(), 0, "what is over is not kept");
    }
}

#[tokio::test]
async fn links_are_never_kept_in_clear() {
    let house = House::new().await;
    let outbox = sealed(&house, 7);
    let folder = tempfile::tempdir().unwrap();
    put(&house, 12).await;
    let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
    house.sandbox.ksef_v2().faults().push(rule.method(&Method::PUT).once());
    assert!(carrier(&house, &outbox, "a", folder.path()).step().await.is_err());
    let kept = house.store.list("ksef2/nip-alfa/out/upload/", None, 10).await.unwrap();
    assert_eq!(kept.len(), 1);
    let text = String::from_utf8_lossy(&kept[0].1.value).into_owned();
    assert!(!text.contains("sig=") && !text.contains("storage"), "{text}");
}

#[tokio::test]
async fn a_carrier_that_dies_anywhere_in_a_batch_is_followed_by_one_that_goes_on() {
    for pauses in 0.. {
        let house = House::new().await;
        let outbox = if pauses % 2 == 0 { sealed(&house, 7) } else { house.outbox.clone() };
        let folder = tempfile::tempdir().unwrap();
        put(&house, 11).await;
        let first = carrier(&house, &outbox, "a", folder.path());
        let ended = dropped_after(first.step(), pauses).await.is_some();
        house.clock.advance(LEASE + Duration::from_secs(1));
        house.carry_all(&carrier(&house, &outbox, "b", folder.path())).await;
        house.assert_true(11).await;
        assert_eq!(house.sandbox.ksef_v2().received().len(), 11, "after {pauses} pauses");
        if ended {
            assert!(pauses > 50, "{pauses}");
            return;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_invoice_with_an_attachment_goes_as_a_batch() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    let bytes = crate::v2_support::invoice(crate::support::ALFA, crate::support::BETA, "A/1");
    let bytes = String::from_utf8(bytes).unwrap().replace("</Fa>", "</Fa><Zalacznik/>");
    let alone = house.put_bytes(bytes.into_bytes()).await;
    let plain = house.put("A/2").await;
    house.carry_all(&carrier(&house, &house.outbox, "a", folder.path())).await;
    assert!(matches!(house.fate(&plain).await, Fate::Issued(_)));
    // It was sent in the way that attachments go, and the seller had not announced any.
    let kinds: Vec<_> = house.sandbox.ksef_v2().sessions().iter().map(|one| one.kind).collect();
    assert_eq!(kinds, ["Online", "Batch"]);
    assert!(matches!(house.fate(&alone).await, Fate::Refused(why) if why.code == Some(415)));
}
