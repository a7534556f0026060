//! Sealed records: what stands in the store tells nothing, and nothing else opens.

use std::{error::Error as _, sync::Arc};

use common_core::{clock::SystemClock, secret::secret_bytes};
use common_store::{
    Change, Expect, MemoryStore, Records, SealKey, SealedRecords, Store, StoreErrorKind, Swap,
};

const CANARY: &[u8] = b"canary-of-a-refresh-token";

/// Key number 7 of the bytes 0 to 31 seals `refresh-token` under the key `token/1`: made with
/// AESGCM of the Python package `cryptography` 48 (OpenSSL), with the nonce 100 to 111, from the
/// description of the form in `SealedRecords`.
const VECTOR: [u8; 46] = [
    1, 0, 0, 0, 7, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 0x3a, 0x7e, 0xb8,
    0x14, 0x1c, 0x9a, 0x3e, 0xb3, 0x4a, 0x0d, 0x34, 0x8d, 0xb4, 0x68, 0xc6, 0x44, 0x12, 0xbc, 0xdc,
    0xae, 0x95, 0x00, 0xbd, 0xf4, 0xb7, 0x5d, 0x04, 0x98, 0x38,
];

fn store() -> MemoryStore {
    MemoryStore::new(Arc::new(SystemClock::new()))
}

/// A key whose bytes are made from its number.
fn key(number: u8) -> SealKey {
    SealKey::new(u32::from(number), secret_bytes(vec![number; 32])).unwrap()
}

async fn put(records: &dyn Records, name: &str, value: &[u8]) {
    let change = Change::Put { value: value.to_vec(), expires_at: None };
    let swap = records.swap(name, Expect::Anything, change, None).await.unwrap();
    assert!(matches!(swap, Swap::Done(_)));
}

async fn value(records: &dyn Records, name: &str) -> Vec<u8> {
    records.get(name).await.unwrap().unwrap().value
}

/// Puts a sealed value there as it is, and sees that it is refused without a detail.
async fn assert_refused(store: &MemoryStore, sealed: &dyn Records, altered: &[u8]) {
    put(store, "token/1", altered).await;
    let error = sealed.get("token/1").await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert_eq!(error.to_string(), "the store did not do it: a sealed value cannot be opened");
    assert!(error.source().is_none());
}

#[tokio::test]
async fn a_value_made_by_another_implementation_opens() {
    let store = store();
    put(&store, "token/1", &VECTOR).await;
    let key = SealKey::new(7, secret_bytes((0..32).collect())).unwrap();
    assert_eq!(value(&SealedRecords::new(store, key), "token/1").await, b"refresh-token");
}

#[tokio::test]
async fn the_store_holds_nothing_of_the_value() {
    let store = store();
    let sealed = SealedRecords::new(store.clone(), key(1));
    for value in [CANARY, b""] {
        put(&sealed, "token/1", value).await;
        assert_eq!(self::value(&sealed, "token/1").await, value);
        let first = self::value(&store, "token/1").await;
        assert_eq!(first.len(), 5 + 12 + value.len() + 16);
        assert!(!first.windows(6).any(|part| part == &CANARY[..6]));
        put(&sealed, "token/1", value).await;
        assert_ne!(self::value(&store, "token/1").await, first, "a nonce of its own each time");
    }
}

#[tokio::test]
async fn an_altered_or_shortened_value_is_refused() {
    let store = store();
    let sealed = SealedRecords::new(store.clone(), key(1));
    put(&sealed, "token/1", CANARY).await;
    let good = value(&store, "token/1").await;
    for index in 0..good.len() {
        for bit in 0..8 {
            let mut altered = good.clone();
            altered[index] ^= 1 << bit;
            assert_refused(&store, &sealed, &altered).await;
        }
        assert_refused(&store, &sealed, &good[..index]).await;
    }
    assert_refused(&store, &sealed, &[&good[..], &[0]].concat()).await;
    put(&store, "token/1", &good).await;
    assert_eq!(value(&sealed, "token/1").await, CANARY);
}

#[tokio::test]
async fn a_value_moved_to_another_key_is_refused() {
    let store = store();
    let sealed = SealedRecords::new(store.clone(), key(1));
    put(&sealed, "token/2", CANARY).await;
    assert_refused(&store, &sealed, &value(&store, "token/2").await).await;
    assert_eq!(sealed.list("token/", None, 9).await.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn older_keys_open_and_the_first_one_seals() {
    let store = store();
    put(&SealedRecords::new(store.clone(), key(1)), "old", b"old").await;
    let rotated = SealedRecords::new(store.clone(), key(2)).also_opens(key(1));
    put(&rotated, "new", b"new").await;
    let listed = rotated.list("", None, 9).await.unwrap();
    let values: Vec<_> = listed.iter().map(|(_, record)| &record.value[..]).collect();
    assert_eq!(values, [b"new", b"old"]);

    let only_new = SealedRecords::new(store.clone(), key(2));
    assert_eq!(value(&only_new, "new").await, b"new");
    assert_eq!(only_new.get("old").await.unwrap_err().kind(), StoreErrorKind::Corrupt);
    // The right number with other bytes is not the right key.
    let wrong = SealKey::new(2, secret_bytes(vec![9; 32])).unwrap();
    let wrong = SealedRecords::new(store, wrong);
    assert_eq!(wrong.get("new").await.unwrap_err().kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn a_conflict_shows_the_value_opened() {
    let store: Arc<dyn Store> = Arc::new(store());
    let sealed = SealedRecords::new(store.clone(), key(1));
    put(&sealed, "k", CANARY).await;
    let change = || Change::Put { value: b"other".to_vec(), expires_at: None };
    let Swap::Conflict(Some(record)) =
        sealed.swap("k", Expect::Absent, change(), None).await.unwrap()
    else {
        panic!("the key is taken");
    };
    assert_eq!(record.value, CANARY);
    let by_version = Expect::Version(record.version);
    assert!(matches!(sealed.swap("k", by_version, change(), None).await, Ok(Swap::Done(_))));
    sealed.swap("k", Expect::Anything, Change::Remove, None).await.unwrap();
    assert!(sealed.get("k").await.unwrap().is_none());
    assert_eq!(sealed.sweep().await.unwrap(), 0);
}

#[test]
fn a_key_has_32_bytes_and_shows_none() {
    for length in [0, 16, 31, 33] {
        let error = SealKey::new(1, secret_bytes(vec![1; length])).unwrap_err();
        assert!(error.to_string().ends_with(&format!("this one has {length}")));
    }
    let text = format!("{:?} {:?}", key(77), SealedRecords::new(store(), key(77)));
    assert_eq!(key(77).number(), 77);
    assert!(!text.contains("77, 77") && !text.contains("4d4d"), "{text}");
}
