//! Sending a package: initialisation, parts, end (specification 1.9, chapter 11).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Ask};
use super::exception::Exception;
use super::request::{self, FileHash, Package};
use super::roles::Role;
use super::store::{Session, Store};
use super::{batch_work, login};
use crate::front::Mood;
use crate::ksef::{base64, numbers, sha256, signature};
use crate::reply::Reply;

/// The header that names the receiving server.
const TARGET: (&str, &str) = ("X-TargetSrv-Name", "srvPIASK");

/// What a batch is beside a session.
pub(super) struct Batch {
    pub(super) file: FileHash,
    /// The declared parts in the order of their numbers.
    pub(super) parts: Vec<Slot>,
    pub(super) finished: bool,
}

/// A declared part and what came for it.
pub(super) struct Slot {
    /// Its name in the address.
    pub(super) name: String,
    pub(super) file: FileHash,
    pub(super) body: Option<Bytes>,
}

impl Batch {
    /// The digest of the package.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.file.hash
    }
}

/// Initialises a batch by a signed request.
pub(super) fn init(ask: &Ask<'_>) -> Answered {
    login::binary(ask)?;
    let signed =
        signature::verify(&ask.incoming.body).map_err(|flaw| Exception::new(flaw.code()))?;
    let package = request::package(&signed.content)?;
    login::check_form(&package.form)?;
    let vector = login::undeclared(ask, &signed.certificate)?;
    let may = ask.ksef.with_store(|store| {
        let has = |role| store.people.has(&vector, &package.context, role);
        has(Role::InvoiceWrite) || has(Role::EnforcementOperations)
    });
    if !may {
        return Err(ask.unauthorised(21301));
    }
    let reference = ask.new_reference("SE");
    let answer = ask.ksef.with_store(|store| {
        // A package is one of its context until it has failed.
        let key = (package.context.key().to_owned(), package.file.hash);
        let known = store.packages.get(&key).and_then(|known| store.sessions.get(known));
        if known.is_some_and(|known| known.code < 400) {
            return Err(Exception::new(21204));
        }
        store.packages.insert(key, reference.clone());
        store.statistics.batches += 1;
        store.session_order.push(reference.clone());
        let (slots, list) = slots(ask, &reference, &package);
        let form = package.form.clone();
        let mut session = login::blank(ask, &reference, package.context, vector, form);
        session.declared = Some(package.encryption);
        session.certificate = Some(signed.certificate);
        session.batch = Some(Batch { file: package.file, parts: slots, finished: false });
        store.sessions.insert(reference.clone(), session);
        Ok(json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": reference,
            "packageSignature": {
                "packageName": package.name,
                "packagePartSignatureList": list,
            },
        }))
    })?;
    Ok(Reply::json(201, answer))
}

/// The places for the parts, and what the client is told about them.
fn slots(ask: &Ask<'_>, reference: &str, package: &Package) -> (Vec<Slot>, Vec<Value>) {
    let mut parts: Vec<_> = package.parts.iter().collect();
    parts.sort_by_key(|part| part.ordinal);
    let base = ask.ksef.base_url();
    let place = |part: &request::Part| {
        let name = ask.new_reference("EA");
        let entry = json!({
            "ordinalNumber": part.ordinal,
            "partFileName": part.name,
            "method": "PUT",
            "url": format!("{base}/batch/Upload/{reference}/{name}"),
            "headerEntryList": [
                {"key": "Content-SHA256", "value": base64(&part.file.hash)},
                {"key": TARGET.0, "value": TARGET.1},
            ],
        });
        (Slot { name, file: part.file.clone(), body: None }, entry)
    };
    parts.into_iter().map(place).unzip()
}

/// Takes one part; it may come again until the batch is finished.
pub(super) fn upload(ask: &Ask<'_>) -> Answered {
    let (reference, name) = (ask.reference(0)?, ask.value(1));
    login::binary(ask)?;
    let body = &ask.incoming.body;
    let (size, hash) = (u64::try_from(body.len()).unwrap_or(u64::MAX), sha256(body));
    ask.ksef.with_store(|store| {
        let life = store.settings.upload_time;
        let session = store.sessions.get_mut(reference).ok_or_else(|| Exception::new(21173))?;
        let late = ask.now - session.created >= life;
        let active = session.code < 300 && !late;
        let batch = session.batch.as_mut().ok_or_else(|| Exception::new(21151))?;
        if batch.finished || !active {
            return Err(Exception::new(21151));
        }
        let slot = batch.parts.iter_mut().find(|slot| slot.name == name);
        let slot = slot.ok_or_else(|| Exception::new(21174))?;
        let promised = base64(&slot.file.hash);
        let verbatim = ask.header("content-sha256") == Some(&promised)
            && ask.header(TARGET.0) == Some(TARGET.1);
        if !verbatim {
            ask.note("the headers of the part are not those that were given");
            return Err(Exception::about(21162, "headerEntryList"));
        }
        if size != slot.file.size {
            return Err(Exception::new(21157));
        }
        if hash != slot.file.hash {
            return Err(Exception::new(21158));
        }
        slot.body = Some(body.clone());
        store.statistics.parts += 1;
        Ok(())
    })?;
    // The documentation says 201, the service said 200.
    let context = ask.ksef.context();
    let seen = context.mood == Mood::Hostile && context.chance.hits(500);
    let answer = json!({"timestamp": ask.moment(ask.now), "referenceNumber": reference});
    Ok(Reply::json(if seen { 200 } else { 201 }, answer))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FinishBody {
    reference_number: Option<String>,
}

/// Ends the uploading and starts the processing.
pub(super) fn finish(ask: &Ask<'_>) -> Answered {
    let body: FinishBody = ask.body()?;
    let reference = body.reference_number.filter(|reference| !reference.is_empty());
    let reference = reference.ok_or_else(|| ask.lacking(21148, "referenceNumber"))?;
    if !numbers::is_reference(&reference) {
        return Err(Exception::new(24001));
    }
    ask.ksef.with_store(|store| {
        let session = store.sessions.get_mut(&reference).ok_or_else(|| Exception::new(21173))?;
        let batch = session.batch.as_mut().ok_or_else(|| Exception::new(21151))?;
        if batch.finished {
            return Err(Exception::new(21151));
        }
        batch.finished = true;
        Ok(())
    })?;
    batch_work::start(ask.ksef, &reference);
    let answer = json!({"timestamp": ask.moment(ask.now), "referenceNumber": reference});
    Ok(Reply::json(200, answer))
}

impl Session {
    /// Whether every part of the batch has come, and in time.
    pub(super) fn complete(&self, late: bool) -> Result<(), Exception> {
        let Some(batch) = &self.batch else { return Err(Exception::new(21135)) };
        if late {
            return Err(Exception::new(21208));
        }
        if batch.parts.iter().all(|slot| slot.body.is_none()) {
            return Err(Exception::new(21205));
        }
        if batch.parts.iter().any(|slot| slot.body.is_none()) {
            return Err(Exception::new(21206));
        }
        Ok(())
    }
}

/// Forgets the parts, which nobody asks for after the processing.
pub(super) fn forget_parts(store: &mut Store, reference: &str) {
    if let Some(batch) = store.sessions.get_mut(reference).and_then(|it| it.batch.as_mut()) {
        for slot in &mut batch.parts {
            slot.body = None;
        }
    }
}
