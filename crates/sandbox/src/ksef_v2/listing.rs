//! Lists with continuation tokens: sessions and their invoices (KSeF 2.0 facts §2 and §7).

use serde_json::{Value, json};

use super::KsefV2;
use super::people::Permission;
use super::problem::{Problem, moment};
use super::request::Request;
use super::session::{Session, SessionKind, unknown, with_visible};
use super::store::Store;
use super::{auth, storage, upo};
use crate::ksef::{base64, unbase64};
use crate::reply::Reply;
use chrono::TimeDelta;

/// Which list a continuation token belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListKind {
    Logins,
    Sessions,
    Invoices,
    Failed,
    Tokens,
    Collective,
    CollectiveInvoices,
    CollectiveOf,
}

impl ListKind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Logins => "logins",
            Self::Sessions => "sessions",
            Self::Invoices => "invoices",
            Self::Failed => "failed",
            Self::Tokens => "tokens",
            Self::Collective => "collective",
            Self::CollectiveInvoices => "collective-invoices",
            Self::CollectiveOf => "collective-of",
        }
    }
}

/// A page of a list.
pub(super) struct Page<'a, T> {
    pub(super) items: &'a [T],
    pub(super) continuation: Option<String>,
}

impl Page<'_, Value> {
    /// The body of the answer; without a further page the token is absent.
    pub(super) fn body(&self, name: &str) -> Value {
        let mut body = json!({name: self.items});
        if let Some(token) = &self.continuation {
            body["continuationToken"] = json!(token);
        }
        body
    }
}

/// The page of `items` that a request asks for; 21418 for a token that no such page gave.
pub(super) fn page<'a, T>(
    request: &Request<'_>,
    kind: ListKind,
    items: &'a [T],
) -> Result<Page<'a, T>, Problem> {
    let start = match request.continuation() {
        Some(token) => read(token, kind).ok_or_else(|| Problem::code(21418))?,
        None => 0,
    };
    if start > items.len() {
        return Err(Problem::code(21418));
    }
    let end = items.len().min(start + request.page_size());
    let continuation = (end < items.len())
        .then(|| base64(json!([{"list": kind.as_str(), "skip": end}]).to_string().as_bytes()));
    Ok(Page { items: &items[start..end], continuation })
}

fn read(token: &str, kind: ListKind) -> Option<usize> {
    let read: Value = serde_json::from_slice(&unbase64(token)?).ok()?;
    let fits = read[0]["list"] == kind.as_str();
    fits.then(|| read[0]["skip"].as_u64()).flatten().and_then(|skip| usize::try_from(skip).ok())
}

/// `GET /sessions`, newest first.
pub(super) fn sessions(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    super::online::expire(ksef);
    let caller = request.caller()?;
    let items: Vec<Value> = ksef.with_store(|store| {
        let all = auth::held(store, caller).contains(&Permission::Introspection);
        let own = store.sessions.all.iter().rev().filter(|(_, session)| {
            session.caller.context == caller.context
                && (all || session.caller.subject == caller.subject)
        });
        let asked = own.filter(|(reference, session)| is_asked(request, reference, session));
        asked.map(|(reference, session)| session.item(reference)).collect()
    });
    let page = page(request, ListKind::Sessions, &items)?;
    Ok(ksef.json(200, page.body("sessions")))
}

fn is_asked(request: &Request<'_>, reference: &str, session: &Session) -> bool {
    let within = |name: &str, at: Option<chrono::DateTime<chrono::Utc>>| {
        let from = request.moment(&format!("{name}From"));
        let to = request.moment(&format!("{name}To"));
        match at {
            Some(at) => from.is_none_or(|from| at >= from) && to.is_none_or(|to| at <= to),
            None => from.is_none() && to.is_none(),
        }
    };
    let statuses = request.queries("statuses");
    let kind = match request.query("sessionType") {
        Some("Batch") => SessionKind::Batch,
        _ => SessionKind::Online,
    };
    session.kind == kind
        && request.query("referenceNumber").is_none_or(|wanted| wanted == reference)
        && (statuses.is_empty() || statuses.contains(&session.status.common()))
        && within("dateCreated", Some(session.created))
        && within("dateClosed", session.closed)
        && within("dateModified", Some(session.updated))
}

/// `GET /sessions/{referenceNumber}/invoices`.
pub(super) fn invoices(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    of_session(ksef, request, ListKind::Invoices, |_, _| true)
}

/// `GET /sessions/{referenceNumber}/invoices/failed`.
pub(super) fn failed(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let refused =
        |session: &Session, position: usize| session.invoices[position].status.code >= 300;
    of_session(ksef, request, ListKind::Failed, refused)
}

fn of_session(
    ksef: &KsefV2,
    request: &Request<'_>,
    kind: ListKind,
    keep: impl Fn(&Session, usize) -> bool,
) -> Result<Reply, Problem> {
    let body = with_visible(ksef, request, unknown, |store, reference, session| {
        let kept: Vec<usize> =
            (0..session.invoices.len()).filter(|position| keep(session, *position)).collect();
        let page = page(request, kind, &kept)?;
        let items: Vec<Value> = page
            .items
            .iter()
            .map(|position| invoice_json(ksef, store, reference, session, *position, request))
            .collect();
        Ok(Page { items: &items, continuation: page.continuation }.body("invoices"))
    })?;
    Ok(ksef.json(200, body))
}

/// `GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}`.
pub(super) fn invoice(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    let wanted = request.path("invoiceReferenceNumber");
    let body = with_visible(
        ksef,
        request,
        |_| no_invoice(wanted),
        |store, reference, session| {
            let position = session.by_reference.get(wanted).ok_or_else(|| no_invoice(wanted))?;
            Ok(invoice_json(ksef, store, reference, session, *position, request))
        },
    )?;
    Ok(ksef.json(200, body))
}

/// What an unknown invoice of a session, or one of an unknown session, is answered with: the contract
/// has no code of its own.
pub(super) fn no_invoice(reference: &str) -> Problem {
    Problem::Absent(format!("Faktura {reference} nie została znaleziona w sesji."))
}

fn invoice_json(
    ksef: &KsefV2,
    store: &Store,
    session_reference: &str,
    session: &Session,
    position: usize,
    request: &Request<'_>,
) -> Value {
    let invoice = &session.invoices[position];
    let mut body = json!({
        "ordinalNumber": position + 1,
        "referenceNumber": invoice.reference,
        "invoiceHash": invoice.hash,
        "invoicingDate": moment(invoice.sent),
        "status": invoice.status.json(),
    });
    if let Some(name) = &invoice.file_name {
        body["invoiceFileName"] = json!(name);
    }
    if let Some(number) = &invoice.number {
        body["invoiceNumber"] = json!(number);
    }
    let accepted = invoice.ksef_number.as_deref();
    let Some((number, record)) = accepted.and_then(|it| Some((it, store.archive.get(it)?))) else {
        return body;
    };
    body["ksefNumber"] = json!(number);
    body["acquisitionDate"] = json!(moment(record.accepted));
    body["invoicingMode"] = json!(if invoice.offline { "Offline" } else { "Online" });
    if record.visible {
        body["permanentStorageDate"] = json!(moment(record.stored));
    }
    let until = request.now + TimeDelta::days(3);
    let path = upo::invoice_path(session_reference, number);
    body["upoDownloadUrl"] = json!(storage::link(ksef, &path, "r", until));
    body["upoDownloadUrlExpirationDate"] = json!(moment(until));
    body
}
