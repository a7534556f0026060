//! Batches of an outbox: an upload that breaks off is gone on with, or left without waiting.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use common_core::{
    secret::secret_bytes,
    store::{BoxFuture, Position, Records as _, Store},
};
use common_http::{Body, BodyStream, Transport, TransportError};
use common_store::SealKey;
use http::Method;
use ksef_client::v2::outbox::{Carrier, Fate, Outbox};
use sandbox::fault::{Fault, Rule, Turn};

use crate::{
    support::{InProcess, dropped_after},
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
async fn a_package_whose_links_work_no_more_is_announced_anew() {
    for status in [401, 403] {
        let house = House::new().await;
        let folder = tempfile::tempdir().unwrap();
        put(&house, 12).await;
        let rule = Rule::new(Fault::Reply { status, retry_after: None });
        house.sandbox.ksef_v2().faults().push(rule.method(&Method::PUT).once());
        house.carry_all(&carrier(&house, &house.outbox, "a", folder.path())).await;
        house.assert_true(12).await;
        assert_eq!(house.sandbox.ksef_v2().sessions().len(), 2, "{status}");
        assert_expected(&house.sandbox);
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

#[tokio::test(start_paused = true)]
async fn what_was_meant_for_a_batch_is_sent_once_by_a_carrier_that_makes_none() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    put(&house, 12).await;
    let rule = Rule::new(Fault::Reply { status: 503, retry_after: None });
    house.sandbox.ksef_v2().faults().push(rule.on(&Method::POST, "/sessions/batch"));
    assert!(carrier(&house, &house.outbox, "a", folder.path()).step().await.is_err());
    house.carry_all(&house.carrier("b")).await;
    house.assert_true(12).await;
    assert_eq!(house.sandbox.ksef_v2().received().len(), 12, "nothing was received twice");
    assert!(house.sandbox.ksef_v2().sessions().iter().all(|session| session.kind == "Online"));
}

#[tokio::test(start_paused = true)]
async fn a_package_that_rests_for_an_hour_holds_up_nothing_else() {
    let house = House::new().await;
    let folder = tempfile::tempdir().unwrap();
    put(&house, 12).await;
    let rule = Rule::new(Fault::Reply { status: 429, retry_after: Some(3600) });
    house.sandbox.ksef_v2().faults().push(rule.on(&Method::POST, "/sessions/batch"));
    let carrier = carrier(&house, &house.outbox, "a", folder.path());
    let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
    let working = carrier.run(move |step| told.send(step.is_err()).unwrap());
    let asking = async {
        assert_eq!(heard.recv().await, Some(true), "the package could not be opened");
        let hash = house.put("single").await;
        let began = tokio::time::Instant::now();
        while house.fate(&hash).await == Fate::Waiting {
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(began.elapsed() < Duration::from_secs(60), "it waits for the package");
        }
        house.fate(&hash).await
    };
    tokio::select! {
        fate = asking => assert!(matches!(fate, Fate::Issued(_)), "{fate:?}"),
        error = working => panic!("{error}"),
    }
}

/// A service that says of its first batches that it could not unpack them.
#[derive(Debug)]
struct Unpacking {
    way: InProcess,
    failing: usize,
    seen: Mutex<Vec<String>>,
}

impl Transport for Unpacking {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let place = (request.method() == Method::GET).then(|| path.split_once("/sessions/"));
            let session = place.flatten().map(|(_, place)| place.to_owned());
            let answer = self.way.send(request).await?;
            let Some(session) = session else { return Ok(answer) };
            let (reference, is_list) = match session.split_once('/') {
                Some((reference, _)) => (reference.to_owned(), true),
                None => (session, false),
            };
            let number = {
                let mut seen = self.seen.lock().unwrap();
                if !seen.contains(&reference) {
                    seen.push(reference.clone());
                }
                seen.iter().position(|one| *one == reference).unwrap()
            };
            if number >= self.failing {
                return Ok(answer);
            }
            let (mut parts, body) = answer.into_parts();
            let body = String::from_utf8(body.collect(1_000_000).await.unwrap().to_vec()).unwrap();
            let body = if is_list {
                r#"{"invoices":[]}"#.to_owned()
            } else {
                ["\"code\":200", "\"code\":445"]
                    .into_iter()
                    .fold(body, |body, code| body.replace(code, "\"code\":430"))
            };
            parts.headers.remove(http::header::CONTENT_LENGTH);
            Ok(http::Response::from_parts(parts, BodyStream::whole(Bytes::from(body))))
        })
    }
}

#[tokio::test(start_paused = true)]
async fn packages_that_cannot_be_unpacked_are_no_fault_of_their_invoices() {
    let failing = 2;
    let house = House::with(|way| Unpacking { way, failing, seen: Mutex::default() }).await;
    let folder = tempfile::tempdir().unwrap();
    put(&house, 12).await;
    let options = options("a").batches(folder.path(), 3, 30);
    let carrier = house.outbox.carrier(house.account.clone(), options);
    let began = tokio::time::Instant::now();
    while !house.outbox.waiting(Position::START, 1).await.unwrap().is_empty() {
        let _ = carrier.step().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        assert!(began.elapsed() < Duration::from_secs(7200));
    }
    assert!(house.sandbox.ksef_v2().sessions().len() > failing);
    // What came the first time is known (440), and is the same.
    house.assert_true(12).await;
}
