//! Interactive sessions: authentication, status, end, and expiry (specification 1.9, chapters 13.3
//! to 13.5, 15.2 and 15.4).

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::answer::{Answered, Ask, Caller};
use super::exception::Exception;
use super::people::{Context, Vector};
use super::process::{Process, Step, description};
use super::roles::OPERATIONAL;
use super::store::{End, Session, Store, Verdict};
use super::view::SessionView;
use super::{KsefV1, common};
use crate::ksef::aes::SessionKey;
use crate::ksef::{keys, numbers};
use crate::reply::Reply;

impl Session {
    pub(super) fn view(&self) -> SessionView {
        SessionView {
            reference: self.reference.clone(),
            context: self.context.key().to_owned(),
            batch: self.batch.is_some(),
            code: self.code,
            description: self.description.clone(),
            invoices: self.elements.len(),
        }
    }
}

/// Starts the steps that lead to 315.
pub(super) fn begin(ksef: &KsefV1, reference: &str) {
    let (ksef, reference) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.clone().spawn_job(async move {
        ksef.pace().await;
        let authorised = ksef
            .scripted(Process::Session, Step::Authorise)
            .and_then(|()| ksef.with_store(|store| authorise(store, &reference)));
        if !reached(&ksef, &reference, Process::Session, Step::Authorise, authorised) {
            return;
        }
        let authenticated = authenticate(&ksef, &reference).await;
        ksef.pace().await;
        let secure = authenticated.and_then(|()| ksef.scripted(Process::Session, Step::Security));
        if !reached(&ksef, &reference, Process::Session, Step::Security, secure) {
            return;
        }
        // It may have been told to end before it was authenticated.
        let ended = ksef.with_store(|store| {
            store.sessions.get(&reference).is_some_and(|session| session.end != End::Open)
        });
        if ended {
            close(&ksef, &reference).await;
        }
    });
}

/// Writes what a step came to; false when it failed. A failure also ends the authentication.
pub(super) fn reached(
    ksef: &KsefV1,
    reference: &str,
    process: Process,
    step: Step,
    outcome: Result<(), Exception>,
) -> bool {
    let Some(stage) = process.stage(step) else { return false };
    let now = ksef.now();
    ksef.with_store(|store| {
        let Some(session) = store.sessions.get_mut(reference) else { return false };
        match outcome {
            Ok(()) => session.reach(stage.success, now),
            Err(exception) => {
                session.fail(stage.failure, &exception, now);
                session.verdict.send_if_modified(|verdict| {
                    let pending = *verdict == Verdict::Pending;
                    if pending {
                        *verdict = Verdict::Failed(exception);
                    }
                    pending
                });
                return false;
            }
        }
        if step == Step::Security {
            session.verdict.send_replace(Verdict::Passed);
        }
        true
    })
}

/// Roles can be lost between the opening and this step.
fn authorise(store: &mut Store, reference: &str) -> Result<(), Exception> {
    let Some(session) = store.sessions.get(reference) else { return Err(Exception::new(21149)) };
    let held = store.people.roles(&session.vector, &session.context);
    if held.iter().any(|(role, _)| OPERATIONAL.contains(role)) {
        Ok(())
    } else {
        Err(Exception::new(21301))
    }
}

/// The sub-process of authentication (chapter 15.2): the certificate, and the key.
pub(super) async fn authenticate(ksef: &KsefV1, reference: &str) -> Result<(), Exception> {
    ksef.pace().await;
    let now = ksef.now();
    ksef.scripted(Process::Authentication, Step::Authenticate)?;
    let (certificate, declared, dead) = ksef.with_store(|store| {
        let session = store.sessions.get(reference);
        let dead = session.is_some_and(|session| store.people.is_dead(&session.vector));
        let (certificate, declared) =
            session.map(|it| (it.certificate.clone(), it.declared.clone())).unwrap_or_default();
        (certificate, declared, dead)
    });
    if dead {
        return Err(Exception::new(21307));
    }
    if certificate.is_some_and(|certificate| !certificate.valid_at(now)) {
        return Err(Exception::new(21305));
    }
    ksef.pace().await;
    ksef.scripted(Process::Authentication, Step::DecryptKey)?;
    let Some(declared) = declared else { return Ok(()) };
    // A key that cannot be opened is none; one that was opened may still be no key for AES-256.
    let key = keys::encryption().decrypt(&declared.sealed_key);
    let key = key.ok_or_else(|| Exception::new(21415))?;
    let key = SessionKey::new(&key, &declared.vector).ok_or_else(|| Exception::new(21412))?;
    ksef.with_store(|store| {
        if let Some(session) = store.sessions.get_mut(reference) {
            session.key = Some(key);
        }
    });
    Ok(())
}

/// Lets a session expire that was not used for too long.
pub(super) fn expire(ksef: &KsefV1, reference: &str, now: DateTime<Utc>) {
    let expired = ksef.with_store(|store| {
        let idle = store.settings.idle;
        let Some(session) = store.sessions.get_mut(reference) else { return false };
        let expired = session.batch.is_none()
            && session.end == End::Open
            && session.code < 400
            && now - session.used >= idle;
        if expired {
            session.end = End::Expired;
        }
        expired
    });
    if expired {
        end(ksef, reference);
    }
}

/// Ends the current session.
pub(super) fn terminate(ask: &Ask<'_>, caller: &Caller) -> Reply {
    ask.ksef.with_store(|store| {
        if let Some(session) = store.sessions.get_mut(&caller.session) {
            session.end = End::Terminated;
        }
    });
    end(ask.ksef, &caller.session);
    Reply::json(
        200,
        json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": caller.session,
            "processingCode": 350,
            "processingDescription": description(350),
        }),
    )
}

/// Starts the steps after 315, if the session is there.
fn end(ksef: &KsefV1, reference: &str) {
    let ready = ksef.with_store(|store| {
        store.sessions.get(reference).is_some_and(|session| session.code == 315)
    });
    if !ready {
        return;
    }
    let checked = ksef.scripted(Process::Session, Step::SessionInitCheck);
    if !reached(ksef, reference, Process::Session, Step::SessionInitCheck, checked) {
        return;
    }
    let (ksef, reference) = (ksef.clone(), reference.to_owned());
    ksef.context().tasks.clone().spawn_job(async move { close(&ksef, &reference).await });
}

async fn close(ksef: &KsefV1, reference: &str) {
    let at = ksef.with_store(|store| store.sessions.get(reference).map_or(0, |it| it.code));
    if at == 315 {
        let checked = ksef.scripted(Process::Session, Step::SessionInitCheck);
        if !reached(ksef, reference, Process::Session, Step::SessionInitCheck, checked) {
            return;
        }
    }
    ksef.pace().await;
    let checked = ksef.scripted(Process::Session, Step::SessionEndCheck);
    if !reached(ksef, reference, Process::Session, Step::SessionEndCheck, checked) {
        return;
    }
    let open = ksef
        .with_store(|store| store.sessions.get(reference).map(|session| session.open.subscribe()));
    if let Some(mut open) = open {
        // Waiting fails only without a sender, and the session holds one.
        let _ = open.wait_for(|count| *count == 0).await;
    }
    ksef.pace().await;
    let invoices = ksef.scripted(Process::Session, Step::Invoice);
    if !reached(ksef, reference, Process::Session, Step::Invoice, invoices) {
        return;
    }
    ksef.pace().await;
    let made = ksef.scripted(Process::Session, Step::GenerateUPO);
    if made.is_ok() {
        common::make_receipts(ksef, reference);
    }
    reached(ksef, reference, Process::Session, Step::GenerateUPO, made);
}

/// The status of the current session, or of another one of the same context.
pub(super) fn status(ask: &Ask<'_>, caller: &Caller, reference: &str) -> Answered {
    let details = match ask.query("IncludeDetails").as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(ask.malformed("IncludeDetails")),
    };
    let (size, index) = ask.page((10, 100), 1_000_000, Some((10, 0)))?;
    expire(ask.ksef, reference, ask.now);
    ask.ksef.with_store(|store| {
        let session = store.sessions.get(reference);
        let session = session.filter(|session| session.context == caller.context);
        let session = session.ok_or_else(|| Exception::new(21173))?;
        let mut answer = json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": session.reference,
            "processingCode": session.code,
            "processingDescription": session.description,
            "creationTimestamp": ask.moment(session.created),
            "lastUpdateTimestamp": ask.moment(session.updated),
            "entityType": if session.batch.is_some() { "batch" } else { "interactive" },
        });
        if details {
            let page = session.elements.iter().skip(index.saturating_mul(size)).take(size);
            let list: Vec<Value> =
                page.filter_map(|element| element_status(ask, store, element)).collect();
            answer["invoiceStatusList"] = json!(list);
            answer["numberOfElements"] = json!(session.elements.len());
            answer["pageSize"] = json!(size);
            answer["pageOffset"] = json!(index);
        }
        Ok(Reply::json(200, answer))
    })
}

fn element_status(ask: &Ask<'_>, store: &Store, reference: &str) -> Option<Value> {
    let element = store.elements.get(reference)?;
    let mut entry = json!({
        "elementReferenceNumber": reference,
        "processingCode": element.code,
        "processingDescription": element.description,
    });
    if let Some(number) = &element.number {
        entry["invoiceNumber"] = json!(number);
    }
    if let Some(accepted) = element.accepted.and_then(|place| store.accepted.get(place)) {
        entry["ksefReferenceNumber"] = json!(ask.number(&accepted.ksef_number));
        entry["acquisitionTimestamp"] = json!(ask.moment(accepted.at));
    }
    Some(entry)
}

/// An internal identifier of a unit of the session's company.
pub(super) fn internal_identifier(ask: &Ask<'_>, caller: &Caller) -> Answered {
    let digits = ask.value(0);
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ask.malformed("path parameter"));
    }
    let Context::Nip(nip) = &caller.context else {
        return Err(Exception::about(21160, "int"));
    };
    let identifier = numbers::internal(nip, digits);
    let answer = json!({"timestamp": ask.moment(ask.now), "internalIdentifier": identifier});
    Ok(Reply::json(200, answer))
}

/// Whether a vector is a token, which may not do everything.
pub(super) fn is_token(vector: &Vector) -> bool {
    matches!(vector, Vector::Token(_))
}
