//! A part of a query's result, from the wire to the invoices in it: no name, size or number is
//! believed, what is not the announced archive is refused, and nothing is left on the disk.
//!
//! The first byte tells whether the announcement fits (bit 0) and whether the session is encrypted
//! (bit 1); the rest is the archive.

#![cfg_attr(fuzzing, no_main)]

use std::sync::LazyLock;

use bytes::Bytes;
use common_core::store::BoxFuture;
use common_http::{Body, BodyStream, Transport, TransportError};
use futures_util::StreamExt;
use ksef_client::v1::{
    Client, Environment, ErrorKind, Session,
    queries::{PartArchive, ResultPart},
    session::SessionState,
};
use ksef_crypto::{
    package::OpenLimits,
    seal::{Measure, SessionKey, seal},
};
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const ENTRIES: u64 = 20;
const ENTRY_BYTES: u64 = 64 * 1024;

/// Of the key and the vector in the stored session.
const KEY: [u8; 48] = [7; 48];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
});

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| tempfile::tempdir().expect("a folder"));

fuzz_target!(|input: &[u8]| {
    let Some((choice, archive)) = input.split_first() else { return };
    let (fits, encrypted) = (choice & 1 == 0, choice & 2 != 0);
    RUNTIME.block_on(fetch(archive, fits, encrypted));
    let left = std::fs::read_dir(FOLDER.path()).expect("the folder").count();
    assert_eq!(left, 0, "a part is left on the disk");
});

async fn fetch(archive: &[u8], fits: bool, encrypted: bool) {
    let key = SessionKey::from_random(KEY);
    let sent = if encrypted { seal(&key, archive).bytes } else { archive.to_vec() };
    let session = session(encrypted, Answer(sent.into()));
    match session.fetch_part(&part(archive, fits), FOLDER.path()).await {
        Ok(fetched) => {
            assert!(fits, "another archive than the announced one was taken");
            assert_eq!(std::fs::read(fetched.path()).expect("the archive"), archive);
            read(fetched).await;
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unreadable);
            // An archive that is encrypted is never mistaken; one that is not may look like another.
            assert!(!fits, "the announced archive was refused: {error}");
        }
    }
}

async fn read(archive: PartArchive) {
    let limits = OpenLimits::default().entries(ENTRIES).entry_bytes(ENTRY_BYTES);
    let mut invoices = std::pin::pin!(archive.invoices(limits));
    let (mut count, mut ended) = (0, false);
    while let Some(invoice) = invoices.next().await {
        assert!(!ended, "the stream went on after an error");
        match invoice {
            Ok(invoice) => {
                count += 1;
                assert!(invoice.bytes.len() as u64 <= ENTRY_BYTES && count <= ENTRIES);
                assert!(!invoice.name.split('/').any(|part| part == ".."), "{:?}", invoice.name);
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unreadable);
                ended = true;
            }
        }
    }
}

/// The announcement of the archive, or of another one.
fn part(archive: &[u8], fits: bool) -> ResultPart {
    let measure = Measure::of(archive);
    let size = if fits { measure.size } else { measure.size + 1 };
    serde_json::from_value(serde_json::json!({
        "query": "20240401-EH-0123456789-ABCDEF0123-45",
        "reference": "20240401-ER-0123456789-ABCDEF0123-45",
        "expires": null,
        "size": size,
        "hash": measure.sha256_base64(),
    }))
    .expect("a part")
}

fn session(encrypted: bool, answer: Answer) -> Session {
    let base64 = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
    let state = serde_json::json!({
        "reference": "20240401-SE-0123456789-ABCDEF0123-45",
        "token": "not-a-real-token",
        "context": ["onip", "9990000103"],
        "form": ksef_client::v1::FormCode::FA_2,
        "key": encrypted.then_some(base64),
        "vector": encrypted.then_some("BwcHBwcHBwcHBwcHBwcHBw=="),
    });
    let state = SessionState::from_json(&state.to_string().into()).expect("a stored session");
    let environment = Environment::at("https://ksef.example.test/api").expect("an address");
    let client = Client::builder(environment).transport(answer).build().expect("a client");
    client.resume(state).expect("a session").without_waiting()
}

/// Answers every request with the same bytes.
#[derive(Clone, Debug)]
struct Answer(Bytes);

impl Transport for Answer {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        let body = BodyStream::whole(self.0.clone());
        Box::pin(std::future::ready(Ok(http::Response::new(body))))
    }
}
