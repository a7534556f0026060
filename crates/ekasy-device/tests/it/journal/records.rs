//! Registration, pins and secrets.

use std::time::Duration;

use common_core::{
    secret::{ExposeSecret, secret_bytes},
    store::{Change, Expect, Records as _},
};
use common_store::SealKey;
use ekasy_device::{
    command::{Certificate, QrPrinting, web_api::SasToken},
    ident::{CheckFrequency, SendFrequency},
    journal::{
        Fiscalisation, Journal, JournalErrorKind, Pins, Registration, Schedule, Stage, StoredToken,
    },
};

use super::{memory, open, options};

/// Everything set, with odd values.
fn change(registration: &mut Registration, qr: QrPrinting) {
    registration.fiscalisation = Some(Fiscalisation {
        row: 14,
        stage: Stage::Intended,
        notes: [("id".to_owned(), "x".to_owned())].into(),
    });
    registration.evidence_number = Some("2026/000000007".parse().unwrap());
    registration.web_api = Some("https://e-kasy.example.test:443".parse().unwrap());
    registration.schedule = Some(Schedule {
        send: SendFrequency::Suspended,
        check: CheckFrequency::from_wire(7200).unwrap(),
        shipment: "PA;FA".parse().unwrap(),
    });
    registration.qr_code = Some(qr);
    registration.read_only_since = Some("2026-03-01T10:00:00.000Z".parse().unwrap());
}

#[tokio::test]
async fn a_registration_comes_back_whole() {
    let store = memory();
    assert_eq!(open(store.clone()).await.registration().await.unwrap(), Registration::default());
    for qr in [QrPrinting::Off, QrPrinting::Always, QrPrinting::Above(5000)] {
        let journal = open(store.clone()).await;
        let written = journal.update_registration(|at| change(at, qr)).await.unwrap();
        assert_eq!(written.qr_code, Some(qr));
        assert_eq!(open(store.clone()).await.registration().await.unwrap(), written);
    }
}

#[tokio::test]
async fn an_evidence_number_is_never_lost_again() {
    let journal = open(memory()).await;
    let set = |at: &mut Registration| change(at, QrPrinting::Off);
    let before = journal.update_registration(set).await.unwrap();
    for number in [None, Some("2026/000000008".parse().unwrap())] {
        let error = journal
            .update_registration(|registration| registration.evidence_number = number)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), JournalErrorKind::Refused);
    }
    assert_eq!(journal.registration().await.unwrap(), before);
}

#[tokio::test]
async fn pins_come_back() {
    let store = memory();
    let journal = open(store.clone()).await;
    assert_eq!(journal.pins().await.unwrap(), None);
    let certificate = |byte: u8| Certificate::from_der(vec![0x30, 3, 2, 1, byte]);
    let pins = Pins {
        web_api: certificate(1),
        cpd: certificate(2),
        encryption: certificate(3),
        event_hub: vec![certificate(4), certificate(5)],
    };
    journal.set_pins(&pins).await.unwrap();
    assert_eq!(open(store).await.pins().await.unwrap(), Some(pins));
}

#[tokio::test]
async fn a_token_comes_back_and_nothing_of_it_is_readable() {
    let store = memory();
    let journal = open(store.clone()).await;
    assert!(journal.token().await.unwrap().is_none());
    let url = "https://hub.example.test/canary-address";
    let token = SasToken::new(url.into(), "canary-of-a-token".into(), Duration::from_secs(3600));
    let expires_at = "2026-03-01T11:00:00Z".parse().unwrap();
    let stored = StoredToken { token, expires_at };
    journal.set_token(&stored).await.unwrap();
    let found = open(store.clone()).await.token().await.unwrap().unwrap();
    assert_eq!((found.token.url_to_send(), found.expires_at), (url, expires_at));
    assert_eq!(found.token.value().expose_secret(), "canary-of-a-token");
    assert_eq!(found.token.valid_for(), Duration::from_secs(3600));
    for (_, record) in store.list("", None, 99).await.unwrap() {
        assert!(!record.value.windows(6).any(|part| part == b"canary"));
    }
    assert!(!format!("{found:?} {journal:?}").contains("canary-of"));
}

#[tokio::test]
async fn secrets_open_with_an_older_key_and_with_no_other() {
    let store = memory();
    let journal = open(store.clone()).await;
    journal.set_secret("shared-keys", &secret_bytes(vec![1, 2, 3])).await.unwrap();
    let key = |number: u8| SealKey::new(u32::from(number), secret_bytes(vec![number * 7; 32]));
    let number = || "ABC1700000017".parse().unwrap();
    let other = ekasy_device::journal::Options::new(number(), "till", key(2).unwrap());
    let journal = Journal::open(store.clone(), other).await.unwrap();
    let error = journal.secret("shared-keys").await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Corrupt);
    let rotated = ekasy_device::journal::Options::new(number(), "till", key(2).unwrap())
        .older_key(key(1).unwrap());
    let journal = Journal::open(store, rotated).await.unwrap();
    let secret = journal.secret("shared-keys").await.unwrap().unwrap();
    assert_eq!(secret.expose_secret(), [1, 2, 3]);
    let error = journal.set_secret(&"x".repeat(101), &secret).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
}

#[tokio::test]
async fn a_journal_of_another_format_is_refused() {
    let store = memory();
    let put = Change::Put { value: b"2".to_vec(), expires_at: None };
    store.swap("ekasy/ABC1700000017/format", Expect::Absent, put, None).await.unwrap();
    let error = Journal::open(store, options()).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Corrupt);
}
