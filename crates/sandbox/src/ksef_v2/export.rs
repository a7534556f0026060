//! Exports of many invoices as encrypted packages (KSeF 2.0 facts §10.4).

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::batch::Compression;
use super::people::{Identity, IdentityKind};
use super::problem::{Problem, moment};
use super::query::{DateKind, Filters};
use super::request::Request;
use super::store::Ordered;
use super::{KsefV2, export_work, online, storage};
use crate::ksef::numbers;
use crate::reply::Reply;

/// How long a package can be downloaded.
pub(super) const PACKAGE_LIFE: TimeDelta = TimeDelta::days(3);

/// How long the status can be asked for.
const RETENTION: TimeDelta = TimeDelta::days(7);

/// All exports.
#[derive(Default)]
pub(super) struct Exports {
    pub(super) all: Ordered<Export>,
}

/// One export.
pub(super) struct Export {
    pub(super) context: Identity,
    started: DateTime<Utc>,
    pub(super) code: u16,
    pub(super) completed: Option<DateTime<Utc>>,
    pub(super) package: Option<Package>,
}

/// A finished package.
pub(super) struct Package {
    pub(super) count: usize,
    pub(super) size: u64,
    pub(super) parts: Vec<PackagePart>,
    pub(super) truncated: bool,
    pub(super) date: DateKind,
    /// The dates of the last invoice: issue, invoicing, storage.
    pub(super) last: Option<(NaiveDate, DateTime<Utc>, DateTime<Utc>)>,
    pub(super) high_water: DateTime<Utc>,
    pub(super) compression: Compression,
}

/// An encrypted part of a package.
pub(super) struct PackagePart {
    pub(super) name: String,
    pub(super) size: usize,
    pub(super) hash: String,
    pub(super) sealed: Bytes,
    pub(super) sealed_hash: String,
}

/// `POST /invoices/exports`.
pub(super) fn start(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (caller, body, now) = (request.caller()?, &request.body, request.now);
    let filters = Filters::read(&body["filters"], now)?;
    let key = online::session_key(ksef, &body["encryption"])?;
    if caller.context.kind == IdentityKind::PeppolId {
        let about = "Dostawca Peppol nie eksportuje faktur.";
        return Err(Problem::detailed(21181, about));
    }
    let reference = numbers::reference("EH", now, &ksef.context().chance);
    let context = caller.context.clone();
    ksef.with_store(|store| {
        let running = store.exports.all.iter();
        let running = running.filter(|(_, it)| it.context == context && it.code == 100).count();
        let most = store.settings.running_exports;
        if running >= most {
            return Err(Problem::detailed(21182, format!("Trwa już {most} eksportów.")));
        }
        store.statistics.exports += 1;
        let export = Export {
            context: context.clone(),
            started: now,
            code: 100,
            completed: None,
            package: None,
        };
        store.exports.all.push(&reference, export);
        Ok(())
    })?;
    let order = export_work::Order {
        reference: reference.clone(),
        context,
        filters,
        key,
        compression: Compression::read(&body["compressionType"]),
        with_documents: body["onlyMetadata"] != true,
    };
    export_work::start(ksef, order);
    Ok(ksef.json(201, json!({"referenceNumber": reference})))
}

/// `GET /invoices/exports/{referenceNumber}`.
pub(super) fn status(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let (caller, reference, now) =
        (request.caller()?, request.path("referenceNumber"), request.now);
    let body = ksef.with_store(|store| {
        let life = store.settings.link_life;
        let export = store.exports.all.get(reference);
        let export = export.filter(|it| it.context == caller.context);
        let export = export.ok_or_else(|| Problem::code(21175))?;
        if now - export.started > RETENTION {
            return Err(Problem::Gone);
        }
        Ok(export.json(ksef, reference, now, life))
    })?;
    Ok(ksef.json(200, body))
}

/// A part in the storage.
pub(super) fn part(ksef: &KsefV2, reference: &str, name: &str) -> Option<Bytes> {
    let now = ksef.now();
    ksef.with_store(|store| {
        let export = store.exports.all.get(reference)?;
        let fresh = export.completed.is_some_and(|at| now - at < PACKAGE_LIFE);
        let package = export.package.as_ref().filter(|_| fresh)?;
        package.parts.iter().find(|part| part.name == name).map(|part| part.sealed.clone())
    })
}

impl Export {
    fn json(&self, ksef: &KsefV2, reference: &str, now: DateTime<Utc>, life: TimeDelta) -> Value {
        let expired = self.completed.is_some_and(|at| self.code == 200 && now - at >= PACKAGE_LIFE);
        let code = if expired { 210 } else { self.code };
        let (description, detail) = match code {
            100 => ("Eksport faktur w toku", None),
            200 => ("Eksport faktur gotowy", None),
            210 => ("Eksport faktur wygasł", None),
            415 => ("Nie można odszyfrować klucza", None),
            420 => (
                "Zakres wykracza poza dostępne dane",
                Some("Parametr dateRange.from jest późniejszy niż PermanentStorageHwmDate."),
            ),
            550 => ("Operacja anulowana przez system", Some("Spróbuj ponownie.")),
            _ => ("Nieznany błąd", None),
        };
        let mut status = json!({"code": code, "description": description});
        if let Some(detail) = detail {
            status["details"] = json!([detail]);
        }
        let mut body = json!({"status": status});
        if let Some(completed) = self.completed {
            body["completedDate"] = json!(moment(completed));
        }
        if let (Some(package), Some(completed), false) = (&self.package, self.completed, expired) {
            let last = completed + PACKAGE_LIFE;
            body["packageExpirationDate"] = json!(moment(last));
            body["package"] = package.json(ksef, reference, last.min(now + life));
        }
        body
    }
}

impl Package {
    fn json(&self, ksef: &KsefV2, reference: &str, until: DateTime<Utc>) -> Value {
        let parts = self.parts.iter().enumerate().map(|(index, part)| {
            let path = format!("00/{}/invoice-part/{}", reference.to_lowercase(), part.name);
            json!({
                "ordinalNumber": index + 1,
                "partName": part.name,
                "method": "GET",
                "url": storage::link(ksef, &path, "r", until),
                "partSize": part.size,
                "partHash": part.hash,
                "encryptedPartSize": part.sealed.len(),
                "encryptedPartHash": part.sealed_hash,
                "expirationDate": moment(until),
            })
        });
        let mut parts: Vec<Value> = parts.collect();
        if ksef.context().mood == crate::front::Mood::Hostile {
            ksef.context().chance.shuffle(&mut parts);
        }
        let mut body = json!({
            "invoiceCount": self.count,
            "size": self.size,
            "parts": parts,
            "isTruncated": self.truncated,
            "compressionType": self.compression.as_str(),
        });
        if let Some((issued, invoiced, stored)) = self.last.filter(|_| self.truncated) {
            match self.date {
                DateKind::Issue => body["lastIssueDate"] = json!(issued.to_string()),
                DateKind::Invoicing => body["lastInvoicingDate"] = json!(moment(invoiced)),
                DateKind::PermanentStorage => {
                    body["lastPermanentStorageDate"] = json!(moment(stored));
                }
            }
        }
        if self.date == DateKind::PermanentStorage {
            body["permanentStorageHwmDate"] = json!(moment(self.high_water));
        }
        body
    }
}
