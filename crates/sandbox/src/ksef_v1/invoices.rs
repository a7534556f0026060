//! Sending, watching and reading single invoices (specification 1.9, chapters 13.7 and 13.8).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Ask, Caller, progress};
use super::exception::Exception;
use super::pipeline;
use super::process::description;
use super::store::{Element, Session, Store};
use crate::ksef::{sha256, unbase64};
use crate::reply::Reply;

/// The largest plain invoice of a session.
const LARGEST_PLAIN: u64 = 1_048_576;

/// The largest encrypted invoice of a session.
const LARGEST_ENCRYPTED: u64 = 2_097_152;

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SendBody {
    invoice_hash: Option<FileHash>,
    invoice_payload: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct FileHash {
    file_size: u64,
    #[serde(rename = "hashSHA")]
    hash: Hash,
}

/// A digest in a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Hash {
    algorithm: String,
    encoding: String,
    value: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PlainPayload {
    #[serde(rename = "type")]
    _kind: String,
    invoice_body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct EncryptedPayload {
    #[serde(rename = "type")]
    _kind: String,
    encrypted_invoice_hash: FileHash,
    encrypted_invoice_body: String,
}

impl Hash {
    /// The digest, if it is SHA-256 in Base64.
    pub(super) fn read(&self, ask: &Ask<'_>) -> Result<[u8; 32], Exception> {
        if self.encoding != "Base64" {
            return Err(ask.lacking(21411, "encoding"));
        }
        let named = self.algorithm == "SHA-256";
        let bytes = unbase64(&self.value).and_then(|bytes| bytes.try_into().ok());
        bytes.filter(|_| named).ok_or_else(|| ask.off_schema("hashSHA"))
    }
}

/// What was sent, once its form is right.
struct Received {
    body: Bytes,
    encrypted: bool,
    hash: [u8; 32],
    size: u64,
}

/// Takes an invoice in; its processing goes on by itself.
pub(super) fn send(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let received = received(ask, caller)?;
    let reference = ask.new_reference("EE");
    ask.ksef.with_store(|store| {
        let Store { sessions, elements, statistics, .. } = store;
        let session = sessions.get_mut(&caller.session).ok_or_else(|| Exception::new(21149))?;
        if !session.hashes.insert(received.hash) {
            return Err(Exception::new(21176));
        }
        elements.insert(reference.clone(), element(ask, session, received));
        session.elements.push(reference.clone());
        session.open.send_modify(|open| *open += 1);
        statistics.sent += 1;
        Ok(())
    })?;
    pipeline::start(ask.ksef, &reference);
    let answer = progress(ask, &caller.session, &reference, 100, description(100));
    Ok(Reply::json(202, answer))
}

fn element(ask: &Ask<'_>, session: &Session, received: Received) -> Element {
    let Received { body, encrypted, hash, size } = received;
    Element {
        session: session.reference.clone(),
        code: 100,
        description: description(100).to_owned(),
        received: ask.now,
        body,
        encrypted,
        hash,
        size: usize::try_from(size).unwrap_or_default(),
        number: None,
        accepted: None,
    }
}

/// The checks that need no key.
fn received(ask: &Ask<'_>, caller: &Caller) -> Result<Received, Exception> {
    let SendBody { invoice_hash, invoice_payload } = ask.body()?;
    let invoice_hash = invoice_hash.ok_or_else(|| ask.lacking(21137, "invoiceHash"))?;
    let payload = invoice_payload.ok_or_else(|| ask.lacking(21133, "invoicePayload"))?;
    let hash = invoice_hash.hash.read(ask)?;
    let size = invoice_hash.file_size;
    if size == 0 || size > LARGEST_PLAIN {
        return Err(Exception::about(21402, "invoiceHash"));
    }
    let encryption = ask.ksef.with_store(|store| {
        let session = store.sessions.get(&caller.session);
        session.is_some_and(|session| session.declared.is_some())
    });
    let kind = payload["type"].as_str().unwrap_or_default().to_owned();
    let has = |name: &str| !payload[name].is_null();
    let sealed = has("encryptedInvoiceBody") || has("encryptedInvoiceHash");
    if (kind == "plain" && sealed) || (kind == "encrypted" && has("invoiceBody")) {
        return Err(ask.lacking(21147, "invoicePayload"));
    }
    if ["invoiceBody", "encryptedInvoiceBody"].iter().any(|name| payload[*name] == "") {
        return Err(ask.lacking(21133, "invoicePayload"));
    }
    match (kind.as_str(), encryption) {
        ("plain", false) => {
            let payload: PlainPayload = read(ask, payload)?;
            let body = unbase64(&payload.invoice_body).ok_or_else(|| Exception::new(20004))?;
            matches(&body, size, &hash)?;
            Ok(Received { body: body.into(), encrypted: false, hash, size })
        }
        ("encrypted", true) => {
            let payload: EncryptedPayload = read(ask, payload)?;
            let declared = &payload.encrypted_invoice_hash;
            let sealed = declared.hash.read(ask)?;
            if declared.file_size == 0 || declared.file_size > LARGEST_ENCRYPTED {
                return Err(Exception::about(21402, "encryptedInvoiceHash"));
            }
            let body =
                unbase64(&payload.encrypted_invoice_body).ok_or_else(|| Exception::new(20004))?;
            matches(&body, declared.file_size, &sealed)?;
            Ok(Received { body: body.into(), encrypted: true, hash, size })
        }
        ("plain" | "encrypted", _) => Err(Exception::new(21413)),
        _ => Err(ask.lacking(21146, "invoicePayload")),
    }
}

fn read<T: serde::de::DeserializeOwned>(ask: &Ask<'_>, value: Value) -> Result<T, Exception> {
    serde_json::from_value(value).map_err(|_| ask.off_schema("invoicePayload"))
}

/// Whether bytes have a declared size and digest.
pub(super) fn matches(bytes: &[u8], size: u64, hash: &[u8; 32]) -> Result<(), Exception> {
    if u64::try_from(bytes.len()).ok() != Some(size) {
        return Err(Exception::new(21402));
    }
    if sha256(bytes) == *hash { Ok(()) } else { Err(Exception::new(21403)) }
}

/// The status of an invoice by its element number.
pub(super) fn status(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let reference = ask.reference(0)?;
    ask.ksef.with_store(|store| {
        let element = store.elements.get(reference).filter(|element| {
            let session = store.sessions.get(&element.session);
            session.is_some_and(|session| session.context == caller.context)
        });
        let element = element.ok_or_else(|| Exception::new(21164))?;
        let (code, text) = (element.code, element.description.as_str());
        let mut answer = progress(ask, &element.session, reference, code, text);
        let mut invoice = json!({});
        if let Some(number) = &element.number {
            invoice["invoiceNumber"] = json!(number);
        }
        if let Some(accepted) = element.accepted.and_then(|place| store.accepted.get(place)) {
            invoice["ksefReferenceNumber"] = json!(ask.number(&accepted.ksef_number));
            invoice["acquisitionTimestamp"] = json!(ask.moment(accepted.at));
        }
        answer["invoiceStatus"] = invoice;
        Ok(Reply::json(200, answer))
    })
}

/// The bytes of an invoice that concerns the context, as they were sent.
pub(super) fn get(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let number = ask.ksef_number(0)?;
    ask.ksef.with_store(|store| {
        let invoice = store.invoice(&number).filter(|it| it.concerns(caller.context.nip()));
        let invoice = invoice.ok_or_else(|| Exception::new(21169))?;
        Ok(Reply::raw(200, "application/octet-stream", invoice.bytes.clone()))
    })
}
