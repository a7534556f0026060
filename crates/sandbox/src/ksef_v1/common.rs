//! The operations without a session: status, receipts, single invoices (specification 1.9, chapter
//! 12; KSeF 1.x facts §2.2).

use std::collections::VecDeque;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Answered, Ask, Version};
use super::batch::Batch;
use super::exception::Exception;
use super::invoices::Hash;
use super::limits::hourly;
use super::people::is_peppol;
use super::store::{Accepted, Session, Store};
use super::{KsefV1, header, session};
use crate::ksef::document::{Party, PartyId, PartyName};
use crate::ksef::upo::{self, Entry, Receipt};
use crate::ksef::{base64, numbers, sha256, signature};
use crate::reply::Reply;

/// The status of any session or batch, in three forms.
pub(super) fn status(ask: &Ask<'_>) -> Answered {
    let reference = ask.reference(0)?;
    session::expire(ask.ksef, reference, ask.now);
    let version = ask.accepted();
    ask.ksef.with_store(|store| {
        let session = store.sessions.get(reference).ok_or_else(|| Exception::new(21173))?;
        let mut answer = json!({
            "timestamp": ask.moment(ask.now),
            "referenceNumber": reference,
            "processingCode": session.code,
            "processingDescription": session.description,
        });
        let url =
            |receipt: &str| format!("{}/common/Upo/{reference}/{receipt}", ask.ksef.base_url());
        // With several pages only the newest form can tell them (chapter 12.3.1).
        let only = match session.receipts.as_slice() {
            [one] => Some(one),
            _ => None,
        };
        match (version, only) {
            (Version::Vnd(4..), _) => {
                let pages = session.receipts.iter().enumerate();
                let pages: Vec<Value> = pages
                    .map(|(index, receipt)| {
                        json!({
                            "upoPageNumber": index + 1,
                            "upoReferenceNumber": receipt,
                            "upoUrl": url(receipt),
                        })
                    })
                    .collect();
                answer["upoPageCount"] = json!(pages.len());
                answer["upoPageList"] = json!(pages);
            }
            (Version::Vnd(_), Some(receipt)) => {
                answer["upoReferenceNumber"] = json!(receipt);
                answer["upoUrl"] = json!(url(receipt));
            }
            (Version::Plain, Some(receipt)) => {
                let bytes = store.receipts.get(receipt).cloned().unwrap_or_default();
                answer["upo"] = json!(base64(&bytes));
            }
            (_, None) => {}
        }
        let media = match version {
            Version::Plain => "application/json; charset=utf-8",
            Version::Vnd(4..) => "application/vnd.v4+json; charset=utf-8",
            Version::Vnd(_) => "application/vnd.v3+json; charset=utf-8",
        };
        Ok(Reply::json_as(200, media, answer))
    })
}

/// Makes the pages of the receipt of a session or batch, if anything was accepted in it.
pub(super) fn make_receipts(ksef: &KsefV1, reference: &str) {
    let now = ksef.now();
    let pages = ksef.with_store(|store| {
        let Some(session) = store.sessions.get(reference) else { return Vec::new() };
        let accepted: Vec<&Accepted> = accepted(store, session).collect();
        let size = store.settings.receipt_size;
        accepted.chunks(size).map(|page| receipt_of(session, page)).collect()
    });
    for page in pages {
        let chance = &ksef.context().chance;
        let number = numbers::reference("UP", now, chance);
        let bytes: Bytes = upo::signed(&page, now, chance.between(1, u64::MAX >> 1)).into();
        ksef.with_store(|store| {
            store.statistics.receipts += 1;
            store.receipts.insert(number.clone(), bytes);
            if let Some(session) = store.sessions.get_mut(reference) {
                session.receipts.push(number);
            }
        });
    }
}

fn accepted<'a>(store: &'a Store, session: &'a Session) -> impl Iterator<Item = &'a Accepted> {
    let elements = session.elements.iter().filter_map(|element| store.elements.get(element));
    elements.filter_map(|element| store.accepted.get(element.accepted?))
}

fn receipt_of(session: &Session, page: &[&Accepted]) -> Receipt {
    let hashes: Vec<u8> = page.iter().flat_map(|one| one.hash).collect();
    let structure = session.batch.as_ref().map_or_else(|| sha256(&hashes), Batch::hash);
    Receipt {
        reference: session.reference.clone(),
        context: session.context.key().to_owned(),
        structure: base64(&structure),
        logical: format!("{} {}", session.form.value, session.form.schema_version),
        form: session.form.system_code.clone(),
        entries: page.iter().map(|one| entry(one)).collect(),
    }
}

fn entry(accepted: &Accepted) -> Entry {
    Entry {
        ksef_number: accepted.ksef_number.clone(),
        invoice_number: accepted.invoice.number.clone(),
        sent: accepted.sent,
        accepted: accepted.at,
        hash: base64(&accepted.hash),
    }
}

/// A page of a receipt.
fn receipt_page(store: &Store, session: &str, number: &str) -> Option<Bytes> {
    let session = store.sessions.get(session)?;
    let known = session.receipts.iter().any(|one| one == number);
    store.receipts.get(number).filter(|_| known).cloned()
}

/// A page of a receipt, as bytes.
pub(super) fn receipt(ask: &Ask<'_>) -> Answered {
    let (reference, number) = (ask.reference(0)?, ask.reference(1)?);
    let accept = ask.header("accept").unwrap_or_default();
    if !accept.contains("application/vnd.v3+octet-stream") {
        ask.note("a receipt is given as application/vnd.v3+octet-stream only");
        return Err(Exception::new(21414));
    }
    let bytes = ask.ksef.with_store(|store| receipt_page(store, reference, number));
    let bytes = bytes.ok_or_else(|| Exception::new(21178))?;
    Ok(Reply::raw(200, "application/vnd.v3+octet-stream", bytes))
}

/// The receipt of one invoice, of a session that may still be open.
pub(super) fn receipt_on_demand(ask: &Ask<'_>) -> Answered {
    let (reference, number) = (ask.reference(0)?, ask.ksef_number(1)?);
    let receipt = ask.ksef.with_store(|store| {
        let Store { sessions, on_demand, settings, statistics, .. } = store;
        let session = sessions.get(reference).ok_or_else(|| Exception::new(21173))?;
        let seen = on_demand.entry(session.context.key().to_owned()).or_default();
        check_hour(seen, ask.now, settings.limits.receipts_per_hour, statistics)?;
        let session = store.sessions.get(reference).ok_or_else(|| Exception::new(21173))?;
        let invoice = store.invoice(&number).ok_or_else(|| Exception::new(21164))?;
        if invoice.session != reference {
            return Err(Exception::new(21194));
        }
        Ok(receipt_of(session, &[invoice]))
    })?;
    let id = ask.ksef.context().chance.between(1, u64::MAX >> 1);
    let upo = base64(&upo::signed(&receipt, ask.now, id));
    Ok(Reply::json(200, json!({"timestamp": ask.moment(ask.now), "upo": upo})))
}

fn check_hour(
    seen: &mut VecDeque<DateTime<Utc>>,
    now: DateTime<Utc>,
    limit: Option<usize>,
    statistics: &mut super::Statistics,
) -> Result<(), Exception> {
    if hourly(seen, now, limit) {
        return Ok(());
    }
    statistics.limited += 1;
    Err(Exception::new(21121).with_status(429))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct AnonymousBody {
    invoice_details: Details,
    ksef_reference_number: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Details {
    due_value: String,
    invoice_oryginal_number: String,
    subject_to: SubjectTo,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct SubjectTo {
    issued_to_identifier: Identifier,
    issued_to_name: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Identifier {
    #[serde(rename = "type")]
    kind: String,
    identifier: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct DownloadBody {
    due_value: String,
    #[serde(rename = "hashSHA")]
    hash: Hash,
    invoice_number: String,
    subject_to: Identifier,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerificationBody {
    #[serde(rename = "hashSHA")]
    hash: Hash,
}

impl Identifier {
    /// Whether it names this party.
    fn names(&self, party: &Party) -> bool {
        match (self.kind.as_str(), &party.id) {
            ("onip", PartyId::Nip(value))
            | ("other", PartyId::Other(value) | PartyId::VatUe(value)) => {
                self.identifier.as_deref() == Some(value)
            }
            ("none", PartyId::None) => self.identifier.is_none(),
            _ => false,
        }
    }
}

/// Whether a written amount is this one.
fn is_amount(text: &str, amount: Decimal) -> bool {
    Decimal::from_str_exact(text) == Ok(amount)
}

/// Whether a name of a request is that of a party.
pub(super) fn is_named(name: &Value, party: &PartyName) -> bool {
    let text = |member: &str| name[member].as_str().unwrap_or_default();
    match (text("type"), party) {
        ("fn", PartyName::Full(full)) => text("fullName") == full,
        ("pn", PartyName::Person { first, surname }) => {
            text("firstName") == first && text("surname") == surname
        }
        ("none", PartyName::None) => true,
        _ => false,
    }
}

/// An invoice for whoever knows what stands on it.
pub(super) fn anonymous(ask: &Ask<'_>) -> Answered {
    let body: AnonymousBody = ask.body()?;
    let number = numbers::short_form(&body.ksef_reference_number)
        .ok_or_else(|| ask.off_schema("ksefReferenceNumber"))?;
    let details = &body.invoice_details;
    ask.ksef.with_store(|store| {
        let limit = store.settings.limits.anonymous_per_hour;
        let seen = store.anonymous.entry(ask.incoming.peer).or_default();
        check_hour(seen, ask.now, limit, &mut store.statistics)?;
        let found = store.invoice(&number).filter(|one| {
            let subject = &details.subject_to;
            is_amount(&details.due_value, one.invoice.gross)
                && one.invoice.number == details.invoice_oryginal_number
                && subject.issued_to_identifier.names(&one.invoice.buyer)
                && is_named(&subject.issued_to_name, &one.invoice.buyer.name)
        });
        Ok(bytes_or_absent(found))
    })
}

/// The same with the digest in place of the name.
pub(super) fn download(ask: &Ask<'_>) -> Answered {
    let number = ask.ksef_number(0)?;
    let body: DownloadBody = ask.body()?;
    let hash = body.hash.read(ask)?;
    ask.ksef.with_store(|store| {
        let found = store.invoice(&number).filter(|one| {
            is_amount(&body.due_value, one.invoice.gross)
                && one.hash == hash
                && one.invoice.number == body.invoice_number
                && body.subject_to.names(&one.invoice.buyer)
        });
        Ok(bytes_or_absent(found))
    })
}

fn bytes_or_absent(found: Option<&Accepted>) -> Reply {
    match found {
        Some(one) => Reply::raw(200, "application/octet-stream", one.bytes.clone()),
        None => Reply::status(404),
    }
}

/// Whether an invoice of this number has this digest.
pub(super) fn verification(ask: &Ask<'_>) -> Answered {
    let number = ask.ksef_number(0)?;
    let body: VerificationBody = ask.body()?;
    let hash = body.hash.read(ask)?;
    ask.ksef.with_store(|store| {
        let Some(found) = store.invoice(&number).filter(|one| one.hash == hash) else {
            return Ok(Reply::status(404));
        };
        let answer = json!({
            "ksefReferenceNumber": ask.number(&found.ksef_number),
            "acquisitionTimestamp": ask.moment(found.at),
            "hash": base64(&found.hash),
            "invoiceType": found.invoice.kind,
            "schemaVersion": found.invoice.version,
            "subjectBy": header::identifier(&found.invoice.seller),
        });
        Ok(Reply::json(200, answer))
    })
}

/// The providers of Peppol services.
pub(super) fn access_points(ask: &Ask<'_>) -> Answered {
    let (size, index) = ask.page((10, 100), 100, None)?;
    let reference = ask.new_reference("AP");
    ask.ksef.with_store(|store| {
        let page = store.providers.iter().skip(index * size).take(size);
        let list: Vec<Value> =
            page.map(|(number, name)| json!({"numerAPP": number, "nameAPP": name})).collect();
        Ok(Reply::json(
            200,
            json!({
                "timestamp": ask.moment(ask.now),
                "referenceNumber": reference,
                "numberOfElements": store.providers.len(),
                "pageSize": size,
                "pageOffset": index,
                "accessPointsProviderList": list,
            }),
        ))
    })
}

/// Registers a provider by a signed document; its number is the common name of the certificate.
/// The document itself is described elsewhere (KSeF 1.x facts §2.2) and is not looked at.
pub(super) fn register(ask: &Ask<'_>) -> Answered {
    let signed =
        signature::verify(&ask.incoming.body).map_err(|flaw| Exception::new(flaw.code()))?;
    let number = signed.certificate.common_name().filter(|name| is_peppol(name));
    let number = number.ok_or_else(|| Exception::new(21420))?;
    ask.ksef.with_store(|store| {
        if store.providers.iter().any(|(known, _)| *known == number) {
            return Err(Exception::new(21421));
        }
        store.providers.push((number, "a provider that registered itself".to_owned()));
        Ok(())
    })?;
    let answer = json!({
        "timestamp": ask.moment(ask.now),
        "referenceNumber": ask.new_reference("AP"),
    });
    Ok(Reply::json(200, answer))
}
