//! Searching invoices in the background: archives of originals (specification 1.9, chapters
//! 13.10.3.2 and 15.6).

use std::io::{Cursor, Write as _};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::answer::{Answered, Ask, Caller, progress};
use super::exception::Exception;
use super::process::{Process, Step, description};
use super::query::{Criteria, QueryResult, ResultPart, criteria};
use super::store::{Outcome, Work, WorkKind};
use super::work::{authorised, find, reached, secure};
use super::{KsefV1, hash_json};
use crate::ksef::aes::SessionKey;
use crate::ksef::{numbers, sha256};
use crate::reply::Reply;

/// The most parts of a result.
const MOST_PARTS: usize = 200;

/// An invoice on its way into an archive.
struct Original {
    name: String,
    bytes: Bytes,
    at: DateTime<Utc>,
}

/// Starts a query.
pub(super) fn init(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let criteria = criteria(ask)?;
    let reference = ask.new_reference("EH");
    let work = Work {
        session: caller.session.clone(),
        context: caller.context.clone(),
        kind: WorkKind::Query,
        code: 100,
        description: description(100).to_owned(),
        result: Outcome::None,
    };
    ask.ksef.with_store(|store| store.works.insert(reference.clone(), work));
    let (ksef, element, caller_session) =
        (ask.ksef.clone(), reference.clone(), caller.session.clone());
    ask.ksef.context().tasks.spawn_job(async move {
        run(&ksef, &element, &caller_session, &criteria).await;
    });
    let answer = progress(ask, &caller.session, &reference, 100, description(100));
    Ok(Reply::json(202, answer))
}

async fn run(ksef: &KsefV1, element: &str, session: &str, criteria: &Criteria) {
    let (mut found, mut parts) = (Vec::new(), Vec::new());
    for stage in Process::Query.stages() {
        ksef.pace().await;
        let mut outcome = ksef.scripted(Process::Query, stage.step).map(|()| None);
        if outcome.is_ok() {
            outcome = match stage.step {
                Step::Authorise => authorised(ksef, session).map(|()| None),
                Step::Security => secure(ksef, session).await.map(|()| None),
                Step::Statistics => originals(ksef, session, criteria).map(|originals| {
                    found = originals;
                    None
                }),
                Step::Part => prepare(ksef, session, criteria, &found).map(|prepared| {
                    parts = prepared;
                    None
                }),
                Step::ValidateResponse => {
                    let parts = std::mem::take(&mut parts);
                    Ok(Some(Outcome::Query(QueryResult { count: found.len(), parts })))
                }
                _ => Ok(None),
            };
        }
        if !reached(ksef, element, *stage, outcome) {
            break;
        }
    }
}

/// What fits the criteria, if it is not too much.
fn originals(
    ksef: &KsefV1,
    session: &str,
    criteria: &Criteria,
) -> Result<Vec<Original>, Exception> {
    ksef.with_store(|store| {
        let session = store.sessions.get(session).ok_or_else(|| Exception::new(21149))?;
        let found = criteria.find(store, &session.context);
        let settings = &store.settings;
        let largest = settings.largest_result.min(MOST_PARTS.saturating_mul(settings.part_size));
        if found.len() > largest {
            return Err(Exception::about(21177, largest.to_string()));
        }
        let original = |one: &&super::store::Accepted| Original {
            name: format!("{}.xml", one.ksef_number),
            bytes: one.bytes.clone(),
            at: one.at,
        };
        Ok(found.iter().map(original).collect())
    })
}

/// The parts, each an archive, encrypted as a whole when the session declared so.
fn prepare(
    ksef: &KsefV1,
    session: &str,
    criteria: &Criteria,
    found: &[Original],
) -> Result<Vec<ResultPart>, Exception> {
    let (size, life, key, nip) = ksef.with_store(|store| {
        let session = store.sessions.get(session);
        let key = session.and_then(|session| session.key.clone());
        let nip = session.map(|session| session.context.nip().to_owned()).unwrap_or_default();
        (store.settings.part_size, store.settings.part_life, key, nip)
    });
    let now = ksef.now();
    let part = |(index, chunk): (usize, &[Original])| {
        ksef.scripted(Process::QueryPart, Step::PreparePart)?;
        let archive = archive(chunk).ok_or_else(|| Exception::new(21216))?;
        let stamp = |moment: DateTime<Utc>| moment.format("%Y%m%d%H%M").to_string();
        let (from, to) = criteria.window;
        let name = format!(
            "{nip}_{}_{}_{}_{}_{index}",
            criteria.subject.name(),
            stamp(from),
            stamp(to),
            now.to_rfc3339_opts(SecondsFormat::Millis, true).replace(['-', ':', '.'], ""),
        );
        Ok(ResultPart {
            reference: numbers::reference("ER", now, &ksef.context().chance),
            name,
            from: chunk.first().map_or(from, |one| one.at),
            to: chunk.last().map_or(to, |one| one.at),
            expires: now + life,
            size: archive.len(),
            hash: sha256(&archive),
            bytes: sealed(key.as_ref(), archive)?.into(),
        })
    };
    found.chunks(size).enumerate().map(part).collect()
}

fn sealed(key: Option<&SessionKey>, archive: Vec<u8>) -> Result<Vec<u8>, Exception> {
    match key {
        Some(key) => key.encrypt(&archive).ok_or_else(|| Exception::new(20005)),
        None => Ok(archive),
    }
}

fn archive(originals: &[Original]) -> Option<Vec<u8>> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for original in originals {
        writer.start_file(original.name.as_str(), options).ok()?;
        writer.write_all(&original.bytes).ok()?;
    }
    writer.finish().ok().map(Cursor::into_inner)
}

/// The status of a query, with its parts when it has ended well.
pub(super) fn status(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let reference = ask.reference(0)?;
    ask.ksef.with_store(|store| {
        let work = find(store, caller, WorkKind::Query, reference);
        let work = work.ok_or_else(|| Exception::new(21175))?;
        let mut answer = progress(ask, &work.session, reference, work.code, &work.description);
        if let Outcome::Query(result) = &work.result {
            let parts = result.parts.iter().enumerate();
            let parts: Vec<Value> = parts.map(|(index, part)| entry(ask, index, part)).collect();
            answer["numberOfElements"] = json!(result.count);
            answer["numberOfParts"] = json!(parts.len());
            answer["partList"] = json!(parts);
        }
        Ok(Reply::json(200, answer))
    })
}

fn entry(ask: &Ask<'_>, index: usize, part: &ResultPart) -> Value {
    json!({
        "partReferenceNumber": part.reference,
        "partName": part.name,
        "partNumber": index + 1,
        "partRangeFrom": ask.moment(part.from),
        "partRangeTo": ask.moment(part.to),
        "partExpiration": ask.moment(part.expires),
        "plainPartHash": {"hashSHA": hash_json(&part.hash), "fileSize": part.size},
    })
}

/// One part, until it expires.
pub(super) fn fetch(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let (reference, wanted) = (ask.reference(0)?, ask.reference(1)?);
    ask.ksef.with_store(|store| {
        let work = find(store, caller, WorkKind::Query, reference);
        let part = match work.map(|work| &work.result) {
            Some(Outcome::Query(result)) => {
                result.parts.iter().find(|part| part.reference == wanted && ask.now < part.expires)
            }
            _ => None,
        };
        let part = part.ok_or_else(|| Exception::new(21175))?;
        Ok(Reply::raw(200, "application/octet-stream", part.bytes.clone()))
    })
}
