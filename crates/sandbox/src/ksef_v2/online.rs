//! Interactive sessions (KSeF 2.0 facts §6).

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use chrono::TimeDelta;
use serde_json::{Value, json};

use super::invoice::FormCode;
use super::people::Caller;
use super::pipeline;
use super::problem::{Problem, moment};
use super::public_keys::Usage;
use super::request::Request;
use super::session::{
    InvoiceStatus, ReceiptPage, SentInvoice, Session, SessionKind, SessionStatus, wrong_status,
};
use super::store::Store;
use super::{KsefV2, batch};
use crate::ksef::aes::SessionKey;
use crate::ksef::{base64, numbers, sha256, unbase64};
use crate::reply::Reply;

/// How long a session may stay open.
const LIFE: TimeDelta = TimeDelta::hours(12);

/// `POST /sessions/online`.
pub(super) fn open(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let session = begin(ksef, request, SessionKind::Online, request.now + LIFE)?;
    let reference = numbers::reference("SO", request.now, &ksef.context().chance);
    let until = session.valid_until;
    ksef.with_store(|store| {
        store.statistics.online_sessions += 1;
        store.sessions.all.push(&reference, session);
    });
    Ok(ksef.json(201, json!({"referenceNumber": reference, "validUntil": moment(until)})))
}

/// What both kinds of session have in common when they are opened.
pub(super) fn begin(
    ksef: &KsefV2,
    request: &Request<'_>,
    kind: SessionKind,
    valid_until: chrono::DateTime<chrono::Utc>,
) -> Result<Session, Problem> {
    let (caller, body, now) = (request.caller()?, &request.body, request.now);
    let form = FormCode::read(&body["formCode"]);
    let form = form.filter(|form| kind == SessionKind::Online || form.in_batches);
    let form = form.ok_or_else(|| {
        Problem::misfits(vec!["Pole 'formCode' ma nieobsługiwaną wartość.".to_owned()])
    })?;
    let key = session_key(ksef, &body["encryption"])?;
    let broken = key.is_none();
    Ok(Session {
        kind,
        caller: Caller::clone(caller),
        form,
        key,
        created: now,
        updated: now,
        closed: broken.then_some(now),
        valid_until,
        status: SessionStatus::of(if broken { 415 } else { 100 }),
        invoices: Vec::new(),
        by_reference: HashMap::new(),
        pages: Vec::new(),
        checks_identifiers: request.has_feature("subject-identifier-validation"),
        parts: None,
        offline: body["offlineMode"] == true,
    })
}

/// The symmetric key of a request; `None` when it cannot be decrypted, which the status tells.
pub(super) fn session_key(
    ksef: &KsefV2,
    encryption: &Value,
) -> Result<Option<SessionKey>, Problem> {
    let bytes = |name: &str| encryption[name].as_str().and_then(unbase64).unwrap_or_default();
    let vector = bytes("initializationVector");
    if vector.len() != 16 {
        let about = "Pole 'encryption.initializationVector' ma nieprawidłową długość.";
        return Err(Problem::misfits(vec![about.to_owned()]));
    }
    let key_id = encryption["publicKeyId"].as_str();
    let key = ksef.unseal(Usage::Symmetric, &bytes("encryptedSymmetricKey"), key_id)?;
    Ok(key.and_then(|key| SessionKey::new(&key, &vector)))
}

/// `POST /sessions/online/{referenceNumber}/invoices`.
pub(super) fn send(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    expire(ksef);
    let (caller, body, now) = (request.caller()?, &request.body, request.now);
    let reference = request.path("referenceNumber");
    let invoice_reference = numbers::reference("EE", now, &ksef.context().chance);
    let text = |name: &str| body[name].as_str().unwrap_or_default();
    let (position, sealed) = ksef.with_store(|store| {
        let limit = store.session_limits_of(&caller.context).online.invoices;
        let maintenance = store.settings.maintenance;
        let flaw = body["hashOfCorrectedInvoice"].as_str();
        let flaw = flaw.and_then(|hash| pipeline::correction_flaw(store, hash));
        let session = store.sessions.own(reference, SessionKind::Online, caller)?;
        if maintenance {
            return Err(Problem::detailed(21184, format!("Prace serwisowe: sesja {reference}.")));
        }
        if session.status.code != 100 {
            return Err(wrong_status(session.status.code));
        }
        if session.invoices.len() as u64 >= limit {
            return Err(Problem::detailed(
                21155,
                format!("Sesja {reference} ma już {limit} faktur."),
            ));
        }
        let sealed = unbase64(text("encryptedInvoiceContent")).unwrap_or_default();
        if body["encryptedInvoiceSize"].as_u64() != Some(sealed.len() as u64) {
            return Err(Problem::detailed(21402, "Długość treści różni się od podanej."));
        }
        if base64(&sha256(&sealed)) != text("encryptedInvoiceHash") {
            return Err(Problem::detailed(21403, "Skrót treści różni się od podanego."));
        }
        if let Some(flaw) = flaw {
            return Err(Problem::code(flaw));
        }
        let corrects = body["hashOfCorrectedInvoice"].as_str().map(str::to_owned);
        let offline = body["offlineMode"] == true;
        if corrects.is_some() && !offline {
            let about = "Korekta techniczna wymaga 'offlineMode' równego true.";
            return Err(Problem::misfits(vec![about.to_owned()]));
        }
        session.updated = now;
        let position = session.push(SentInvoice {
            reference: invoice_reference.clone(),
            hash: text("invoiceHash").to_owned(),
            file_name: None,
            number: None,
            ksef_number: None,
            sent: now,
            offline,
            corrects,
            status: InvoiceStatus::of(100),
            issued: None,
        });
        store.statistics.received += 1;
        Ok((position, sealed))
    })?;
    let size = body["invoiceSize"].as_u64().unwrap_or_default();
    let (handle, session) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.spawn_job(async move {
        work(&handle, &session, position, sealed, size).await;
    });
    Ok(ksef.json(202, json!({"referenceNumber": invoice_reference})))
}

/// Takes an invoice of an interactive session through its steps.
async fn work(ksef: &KsefV2, reference: &str, position: usize, sealed: Vec<u8>, size: u64) {
    ksef.pace().await;
    let key = ksef.with_store(|store| {
        let session = store.sessions.all.get_mut(reference)?;
        session.invoices[position].status = InvoiceStatus::of(150);
        session.key.clone()
    });
    ksef.pace().await;
    let plain = key.and_then(|key| key.decrypt(&sealed)).map(Bytes::from);
    let stored = ksef.with_store(|store| {
        let declared = &store.sessions.all.get(reference)?.invoices[position].hash;
        let holds = plain
            .as_ref()
            .is_none_or(|plain| plain.len() as u64 == size && base64(&sha256(plain)) == *declared);
        if !holds {
            let status =
                InvoiceStatus::detailed(430, "Rozmiar lub skrót pliku różni się od podanego.");
            return pipeline::refuse(store, reference, position, status);
        }
        let index = pipeline::process(ksef, store, reference, position, plain)?;
        store.archive.store(index, ksef.now());
        Some(index)
    });
    if let Some(index) = stored {
        ksef.pace().await;
        ksef.with_store(|store| store.archive.show(index));
    }
}

/// `POST /sessions/online/{referenceNumber}/close`.
pub(super) fn close(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    expire(ksef);
    let (caller, reference) = (request.caller()?, request.path("referenceNumber"));
    ksef.with_store(|store| {
        let session = store.sessions.own(reference, SessionKind::Online, caller)?;
        if session.status.code != 100 {
            return Err(wrong_status(session.status.code));
        }
        session.status = SessionStatus::of(170);
        session.closed = Some(request.now);
        session.updated = request.now;
        Ok(())
    })?;
    finish_later(ksef, reference);
    Ok(Reply::status(204))
}

/// Ends a closed session when none of its invoices is on its way any more.
fn finish_later(ksef: &KsefV2, reference: &str) {
    let (handle, reference) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.spawn_job(async move {
        loop {
            handle.pace().await;
            let done = handle.with_store(|store| {
                let session = store.sessions.all.get(&reference);
                session.is_none_or(|it| it.invoices.iter().all(|one| !one.status.is_pending()))
            });
            if done {
                break;
            }
        }
        let now = handle.now();
        handle.with_store(|store| finish(&handle, store, &reference, now));
    });
}

/// Gives a session its last status and its receipt.
pub(super) fn finish(
    ksef: &KsefV2,
    store: &mut Store,
    reference: &str,
    now: chrono::DateTime<chrono::Utc>,
) {
    let size = store.settings.receipt_page;
    let Some(session) = store.sessions.all.get_mut(reference) else { return };
    let accepted: Vec<usize> = (0..session.invoices.len())
        .filter(|position| session.invoices[*position].status.code == 200)
        .collect();
    session.updated = now;
    session.status = match (session.invoices.len(), accepted.len()) {
        (0, _) => SessionStatus { code: 440, detail: Some("Nie przesłano faktur") },
        (_, 0) => SessionStatus::of(445),
        _ => SessionStatus::of(200),
    };
    session.pages = accepted
        .chunks(size)
        .map(|positions| ReceiptPage {
            reference: numbers::reference("EU", now, &ksef.context().chance),
            positions: Arc::new(positions.to_vec()),
        })
        .collect();
}

/// Closes interactive sessions and cancels batches whose time is over.
pub(super) fn expire(ksef: &KsefV2) {
    let now = ksef.now();
    let late: Vec<String> = ksef.with_store(|store| {
        let open = store.sessions.all.iter();
        let late = open.filter(|(_, it)| it.status.code == 100 && it.valid_until <= now);
        late.map(|(reference, _)| reference.to_owned()).collect()
    });
    for reference in late {
        let online = ksef.with_store(|store| {
            let session = store.sessions.all.get_mut(&reference)?;
            session.closed = Some(session.valid_until);
            session.updated = session.valid_until;
            let online = session.kind == SessionKind::Online;
            session.status = if online { SessionStatus::of(170) } else { batch::TOO_LATE };
            Some(online)
        });
        if online == Some(true) {
            finish_later(ksef, &reference);
        }
    }
}
