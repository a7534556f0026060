//! Batch sessions: opening, the parts, closing (KSeF 2.0 facts §7).

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::blob::Blob;
use super::problem::Problem;
use super::request::Request;
use super::session::{SessionKind, SessionStatus, wrong_status};
use super::store::Store;
use super::view::UploadedPart;
use super::{KsefV2, batch_work, online, storage};
use crate::ksef::{base64, numbers, sha256};
use crate::reply::Reply;

/// How long each part may take; all links live as long as all parts together.
const PER_PART: TimeDelta = TimeDelta::minutes(20);

/// The largest part after encryption: 100,000,000 bytes and the padding.
const LARGEST_PART: u64 = 100_000_016;

/// The status of a batch that was not closed in time.
pub(super) const TOO_LATE: SessionStatus =
    SessionStatus { code: 440, detail: Some("Przekroczono czas wysyłki") };

/// What a batch declared and what arrived of it.
pub(super) struct Parts {
    pub(super) declared: Vec<Declared>,
    pub(super) stored: BTreeMap<u64, Stored>,
    pub(super) size: u64,
    pub(super) hash: String,
    pub(super) compression: Compression,
    /// Until when parts can be put.
    pub(super) until: DateTime<Utc>,
}

/// One declared part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Declared {
    pub(super) ordinal: u64,
    pub(super) size: u64,
    pub(super) hash: String,
}

/// One part that arrived.
pub(super) struct Stored {
    pub(super) size: u64,
    pub(super) bytes: Blob,
}

/// How an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compression {
    Zip,
    TarGz,
}

impl Compression {
    /// Reads the optional member of a request.
    pub(super) fn read(value: &Value) -> Self {
        if value == "TarGz" { Self::TarGz } else { Self::Zip }
    }

    /// The name as the contract writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "Zip",
            Self::TarGz => "TarGz",
        }
    }
}

/// `POST /sessions/batch`.
pub(super) fn open(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (file, now) = (&request.body["batchFile"], request.now);
    let declared = declared(file)?;
    let count = i32::try_from(declared.len()).unwrap_or(50);
    let until = now + PER_PART * count;
    let mut session = online::begin(ksef, request, SessionKind::Batch, until)?;
    session.parts = Some(Parts {
        declared: declared.clone(),
        stored: BTreeMap::new(),
        size: file["fileSize"].as_u64().unwrap_or_default(),
        hash: file["fileHash"].as_str().unwrap_or_default().to_owned(),
        compression: Compression::read(&file["compressionType"]),
        until,
    });
    let reference = numbers::reference("SB", now, &ksef.context().chance);
    ksef.with_store(|store| {
        store.statistics.batch_sessions += 1;
        store.sessions.all.push(&reference, session);
    });
    let mut uploads: Vec<Value> = declared
        .iter()
        .map(|part| {
            let path = format!("00/{}/batch-parts/{}", reference.to_lowercase(), part.ordinal);
            json!({
                "ordinalNumber": part.ordinal,
                "method": "PUT",
                "url": storage::link(ksef, &path, "w", until),
                "headers": {"x-ms-blob-type": "BlockBlob"},
            })
        })
        .collect();
    if ksef.context().mood == crate::front::Mood::Hostile {
        // Parts belong to their ordinal numbers, not to their places in the list.
        ksef.context().chance.shuffle(&mut uploads);
    }
    Ok(ksef.json(201, json!({"referenceNumber": reference, "partUploadRequests": uploads})))
}

/// The declared parts, in the order of their numbers, which go from 1 without a gap.
fn declared(file: &Value) -> Result<Vec<Declared>, Problem> {
    let parts = file["fileParts"].as_array().cloned().unwrap_or_default();
    let mut declared: Vec<Declared> = parts
        .iter()
        .map(|part| Declared {
            ordinal: part["ordinalNumber"].as_u64().unwrap_or_default(),
            size: part["fileSize"].as_u64().unwrap_or_default(),
            hash: part["fileHash"].as_str().unwrap_or_default().to_owned(),
        })
        .collect();
    declared.sort_by_key(|part| part.ordinal);
    if !declared.iter().map(|part| part.ordinal).eq(1..=declared.len() as u64) {
        let about = "Pole 'batchFile.fileParts' ma nieciągłą numerację części.";
        return Err(Problem::misfits(vec![about.to_owned()]));
    }
    let wrong = |part: &&Declared| part.size > LARGEST_PART || !part.size.is_multiple_of(16);
    match declared.iter().find(wrong) {
        Some(part) => Err(Problem::detailed(
            21157,
            format!("Część {} ma niedozwolony rozmiar.", part.ordinal),
        )),
        None => Ok(declared),
    }
}

/// `POST /sessions/batch/{referenceNumber}/close`.
pub(super) fn close(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (caller, reference) = (request.caller()?, request.path("referenceNumber"));
    let now = request.now;
    let parts = ksef.with_store(|store| {
        let session = store.sessions.own(reference, SessionKind::Batch, caller)?;
        if session.status.code == 100 && session.valid_until <= now {
            session.status = TOO_LATE;
            session.closed = Some(now);
            session.updated = now;
        }
        if session.status == TOO_LATE {
            return Err(Problem::detailed(21208, "Sesja anulowana, przekroczony czas wysyłki."));
        }
        if session.status.code != 100 {
            return Err(wrong_status(session.status.code));
        }
        let parts = session.parts.as_ref().ok_or_else(|| wrong_status(100))?;
        check_parts(parts)?;
        session.status = SessionStatus::of(150);
        session.closed = Some(now);
        session.updated = now;
        session.parts.take().ok_or_else(|| wrong_status(150))
    })?;
    batch_work::start(ksef, reference, parts);
    Ok(Reply::status(204))
}

/// Every declared part must have arrived with its size; its hash is looked at later.
fn check_parts(parts: &Parts) -> Result<(), Problem> {
    for part in &parts.declared {
        let Some(stored) = parts.stored.get(&part.ordinal) else {
            return Err(Problem::detailed(
                21205,
                format!("Nie przesłano części {}.", part.ordinal),
            ));
        };
        if stored.size != part.size {
            let about = format!("Rozmiar części {} różni się od podanego.", part.ordinal);
            return Err(Problem::detailed(21157, about));
        }
    }
    Ok(())
}

/// Keeps a part that was put to its link; the status of the answer.
pub(super) fn put(ksef: &KsefV2, reference: &str, ordinal: u64, bytes: &bytes::Bytes) -> u16 {
    let now = ksef.now();
    let size = bytes.len() as u64;
    let stored = Stored { size, bytes: Blob::keep(bytes.clone()) };
    ksef.with_store(|store| {
        store.statistics.parts += 1;
        let session = store.sessions.all.get_mut(reference);
        let parts = session.and_then(|session| session.parts.as_mut());
        let Some(parts) = parts.filter(|parts| now < parts.until) else { return 403 };
        if !parts.declared.iter().any(|part| part.ordinal == ordinal) {
            return 404;
        }
        parts.stored.insert(ordinal, stored);
        201
    })
}

/// The parts that an open batch holds, for the test.
pub(super) fn uploaded(store: &Store, reference: &str) -> Vec<UploadedPart> {
    let parts = store.sessions.all.get(reference).and_then(|session| session.parts.as_ref());
    let stored = parts.into_iter().flat_map(|parts| &parts.stored);
    let view = |(ordinal, stored): (&u64, &Stored)| {
        let hash = base64(&sha256(&stored.bytes.load().ok()?));
        Some(UploadedPart { ordinal: *ordinal, hash })
    };
    stored.filter_map(view).collect()
}
