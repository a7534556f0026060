//! The limits in force, and the ways of the test environment to change them
//! (KSeF 2.0 facts §12.5 and §13).

use serde_json::{Value, json};

use super::KsefV2;
use super::certificates::SubjectLimits;
use super::limits::{Limits, Rate};
use super::people::Identity;
use super::problem::Problem;
use super::request::Request;
use super::store::{ContextLimits, SessionLimits};
use crate::reply::Reply;

/// The groups that `POST /testdata/rate-limits` can change; the others stay as they are.
const CHANGEABLE: [&str; 13] = [
    "onlineSession",
    "batchSession",
    "invoiceSend",
    "invoiceStatus",
    "sessionList",
    "sessionInvoiceList",
    "sessionMisc",
    "invoiceMetadata",
    "invoiceExport",
    "invoiceExportStatus",
    "invoiceDownload",
    "collectiveIdentifier",
    "other",
];

/// `GET /limits/context`.
pub(super) fn of_context(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let limits = ksef.with_store(|store| store.session_limits_of(&caller.context));
    let session = |limits: SessionLimits| {
        json!({
            "maxInvoiceSizeInMB": limits.invoice,
            "maxInvoiceWithAttachmentSizeInMB": limits.with_attachment,
            "maxInvoices": limits.invoices,
        })
    };
    let body = json!({
        "onlineSession": session(limits.online),
        "batchSession": session(limits.batch),
        "collectiveIdentifier": {"maxInvoices": limits.collective},
    });
    Ok(ksef.json(200, body))
}

/// `GET /limits/subject`.
pub(super) fn of_subject(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let subject = &request.caller()?.subject;
    let limits = ksef.with_store(|store| store.resources.certificates.limits_of(subject));
    let body = json!({
        "enrollment": {"maxEnrollments": limits.enrollments},
        "certificate": {"maxCertificates": limits.certificates},
    });
    Ok(ksef.json(200, body))
}

/// `GET /rate-limits`.
pub(super) fn of_requests(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let caller = request.caller()?;
    let body = ksef.with_store(|store| store.limits_of(Some(&caller.context)).json());
    Ok(ksef.json(200, body))
}

/// `POST /testdata/limits/context/session`.
pub(super) fn set_of_context(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let body = &request.body;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let session = |name: &str| SessionLimits {
        invoice: number(&body[name]["maxInvoiceSizeInMB"]),
        with_attachment: number(&body[name]["maxInvoiceWithAttachmentSizeInMB"]),
        invoices: number(&body[name]["maxInvoices"]),
    };
    let limits = ContextLimits {
        online: session("onlineSession"),
        batch: session("batchSession"),
        collective: number(&body["collectiveIdentifier"]["maxInvoices"]),
    };
    let context = request.caller()?.context.clone();
    ksef.with_store(|store| store.settings.session_limits.insert(context, limits));
    Ok(Reply::status(200))
}

/// `DELETE /testdata/limits/context/session`.
pub(super) fn reset_of_context(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = &request.caller()?.context;
    ksef.with_store(|store| store.settings.session_limits.remove(context));
    Ok(Reply::status(200))
}

/// `POST /testdata/limits/subject/certificate`; a kind of identifier that is not the caller's means
/// the other number of the same person.
pub(super) fn set_of_subject(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let body = &request.body;
    let subject = named_subject(ksef, request)?;
    let number = |value: &Value| value.as_i64();
    ksef.with_store(|store| {
        let certificates = &mut store.resources.certificates;
        let now = certificates.limits_of(&subject);
        let limits = SubjectLimits {
            enrollments: number(&body["enrollment"]["maxEnrollments"]).unwrap_or(now.enrollments),
            certificates: number(&body["certificate"]["maxCertificates"])
                .unwrap_or(now.certificates),
        };
        certificates.set_limits(subject, Some(limits));
    });
    Ok(Reply::status(200))
}

fn named_subject(ksef: &KsefV2, request: &Request<'_>) -> Result<Identity, Problem> {
    let own = &request.caller()?.subject;
    let kind = request.body["subjectIdentifierType"].as_str();
    if kind.is_none_or(|kind| kind == own.kind.as_str()) {
        return Ok(own.clone());
    }
    let linked = ksef.with_store(|store| store.resources.registry.linked(own));
    let linked = linked.filter(|it| Some(it.kind.as_str()) == kind);
    linked.ok_or_else(|| {
        Problem::misfits(vec!["Pole 'subjectIdentifierType' ma nieprawidłową wartość.".to_owned()])
    })
}

/// `DELETE /testdata/limits/subject/certificate`.
pub(super) fn reset_of_subject(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let subject = request.caller()?.subject.clone();
    ksef.with_store(|store| store.resources.certificates.set_limits(subject, None));
    Ok(Reply::status(200))
}

/// `POST /testdata/rate-limits`.
pub(super) fn set_of_requests(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = request.caller()?.context.clone();
    let rates = &request.body["rateLimits"];
    ksef.with_store(|store| {
        let mut limits = store.limits_of(Some(&context)).clone();
        for group in CHANGEABLE {
            if let Ok(rate) = serde_json::from_value::<Rate>(rates[group].clone()) {
                limits = limits.with(group, rate);
            }
        }
        store.settings.context_limits.insert(context, limits);
    });
    Ok(Reply::status(200))
}

/// `DELETE /testdata/rate-limits`.
pub(super) fn reset_of_requests(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = &request.caller()?.context;
    ksef.with_store(|store| store.settings.context_limits.remove(context));
    Ok(Reply::status(200))
}

/// `POST /testdata/rate-limits/production`.
pub(super) fn production(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let context = request.caller()?.context.clone();
    ksef.with_store(|store| store.settings.context_limits.insert(context, Limits::production()));
    Ok(Reply::status(200))
}
