//! Interactive and batch sessions as the store keeps them, and how they are told
//! (KSeF 2.0 facts §6 to §8).

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use super::KsefV2;
use super::batch::Parts;
use super::invoice::FormCode;
use super::people::{Caller, Identity, Permission};
use super::problem::{Problem, moment};
use super::request::Request;
use super::store::{Ordered, Store};
use super::view::{ReceivedInvoice, SessionView};
use super::{storage, upo};
use crate::ksef::aes::SessionKey;
use crate::reply::Reply;

/// All sessions, and which invoice was refused where.
#[derive(Default)]
pub(super) struct Sessions {
    pub(super) all: Ordered<Session>,
    /// Refused invoices by their hash, for technical corrections.
    pub(super) refused: HashMap<String, Vec<(String, usize)>>,
}

/// The two kinds of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SessionKind {
    Online,
    Batch,
}

/// One session.
pub(super) struct Session {
    pub(super) kind: SessionKind,
    pub(super) caller: Caller,
    pub(super) form: &'static FormCode,
    /// `None` when the key could not be decrypted.
    pub(super) key: Option<SessionKey>,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) closed: Option<DateTime<Utc>>,
    pub(super) valid_until: DateTime<Utc>,
    pub(super) status: SessionStatus,
    pub(super) invoices: Vec<SentInvoice>,
    /// Positions of the invoices by their reference numbers.
    pub(super) by_reference: HashMap<String, usize>,
    pub(super) pages: Vec<ReceiptPage>,
    /// Check digits of identifiers inside invoices.
    pub(super) checks_identifiers: bool,
    /// The declared parts of a batch.
    pub(super) parts: Option<Parts>,
    pub(super) offline: bool,
}

/// The status of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SessionStatus {
    pub(super) code: u16,
    pub(super) detail: Option<&'static str>,
}

/// A page of the receipt of a session.
#[derive(Clone, Debug)]
pub(super) struct ReceiptPage {
    pub(super) reference: String,
    /// The first and the last accepted invoice on it, by their positions in the session.
    pub(super) positions: Arc<Vec<usize>>,
}

/// An invoice inside a session.
#[derive(Clone, Debug)]
pub(super) struct SentInvoice {
    pub(super) reference: String,
    pub(super) hash: String,
    pub(super) file_name: Option<String>,
    pub(super) number: Option<String>,
    pub(super) ksef_number: Option<String>,
    pub(super) sent: DateTime<Utc>,
    pub(super) offline: bool,
    pub(super) corrects: Option<String>,
    pub(super) status: InvoiceStatus,
    pub(super) issued: Option<NaiveDate>,
}

/// The status of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InvoiceStatus {
    pub(super) code: u16,
    pub(super) details: Vec<String>,
    /// The session and the number of the invoice that this one repeats.
    pub(super) original: Option<(String, String)>,
}

impl SessionKind {
    /// The name as the contract writes it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Online => "Online",
            Self::Batch => "Batch",
        }
    }
}

impl SessionStatus {
    /// A status without a detail.
    pub(super) const fn of(code: u16) -> Self {
        Self { code, detail: None }
    }

    /// What lists group statuses into.
    pub(super) fn common(&self) -> &'static str {
        match self.code {
            0..200 => "InProgress",
            200..300 => "Succeeded",
            440 => "Cancelled",
            _ => "Failed",
        }
    }

    fn json(&self, kind: SessionKind) -> Value {
        let description = match (self.code, kind) {
            (100, SessionKind::Online) => "Sesja interaktywna otwarta",
            (100, SessionKind::Batch) => "Sesja wsadowa rozpoczęta",
            (150, _) => "Trwa przetwarzanie",
            (170, _) => "Sesja interaktywna zamknięta",
            (200, SessionKind::Online) => "Sesja interaktywna przetworzona",
            (200, SessionKind::Batch) => "Sesja wsadowa przetworzona",
            (405, _) => "Części paczki są niepoprawne",
            (415, _) => "Nie można odszyfrować klucza",
            (420, _) => "Przekroczony limit faktur w sesji",
            (430, _) => "Nie można rozpakować archiwum",
            (435, _) => "Nie można odszyfrować części archiwum",
            (440, _) => "Sesja anulowana",
            (445, _) => "Brak poprawnych faktur",
            _ => "Nieznany błąd",
        };
        let mut status = json!({"code": self.code, "description": description});
        if let Some(detail) = self.detail {
            status["details"] = json!([detail]);
        }
        status
    }
}

impl InvoiceStatus {
    /// A status without details.
    pub(super) fn of(code: u16) -> Self {
        Self { code, details: Vec::new(), original: None }
    }

    /// A status with a detail.
    pub(super) fn detailed(code: u16, detail: impl Into<String>) -> Self {
        Self { code, details: vec![detail.into()], original: None }
    }

    /// Whether the invoice is still on its way.
    pub(super) fn is_pending(&self) -> bool {
        self.code < 200
    }

    /// The status as answers tell it.
    pub(super) fn json(&self) -> Value {
        let description = match self.code {
            100 => "Faktura przyjęta do przetwarzania",
            150 => "Trwa przetwarzanie",
            200 => "Sukces",
            405 => "Anulowane z powodu błędu sesji",
            410 => "Nieprawidłowy zakres uprawnień",
            415 => "Nie można wysłać faktury z załącznikiem",
            430 => "Plik faktury jest niepoprawny",
            435 => "Nie można odszyfrować pliku",
            440 => "Duplikat faktury",
            450 => "Dokument faktury jest niepoprawny",
            550 => "Operacja anulowana przez system",
            _ => "Nieznany błąd",
        };
        let mut status = json!({"code": self.code, "description": description});
        if !self.details.is_empty() {
            status["details"] = json!(self.details);
        }
        if let Some((session, number)) = &self.original {
            status["extensions"] = json!({
                "originalSessionReferenceNumber": session,
                "originalKsefNumber": number,
            });
        }
        status
    }
}

impl Session {
    /// How many invoices arrived, were accepted, were refused.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let accepted = self.invoices.iter().filter(|it| it.status.code == 200).count();
        let pending = self.invoices.iter().filter(|it| it.status.is_pending()).count();
        (self.invoices.len(), accepted, self.invoices.len() - accepted - pending)
    }

    /// The entry of a list of sessions.
    pub(super) fn item(&self, reference: &str) -> Value {
        let (total, accepted, refused) = self.counts();
        json!({
            "referenceNumber": reference,
            "status": self.status.json(self.kind),
            "dateCreated": moment(self.created),
            "dateUpdated": moment(self.updated),
            "validUntil": moment(self.valid_until),
            "totalInvoiceCount": total,
            "successfulInvoiceCount": accepted,
            "failedInvoiceCount": refused,
        })
    }

    /// Adds an invoice that has just arrived.
    pub(super) fn push(&mut self, invoice: SentInvoice) -> usize {
        let position = self.invoices.len();
        self.by_reference.insert(invoice.reference.clone(), position);
        self.invoices.push(invoice);
        position
    }

    /// The test's view.
    pub(super) fn view(&self, reference: &str) -> SessionView {
        let (received, accepted, refused) = self.counts();
        SessionView {
            reference: reference.to_owned(),
            kind: self.kind.as_str(),
            context: self.caller.context.value.clone(),
            status: self.status.code,
            received,
            accepted,
            refused,
        }
    }
}

impl Sessions {
    /// The test's views.
    pub(super) fn views(&self) -> Vec<SessionView> {
        self.all.iter().map(|(reference, session)| session.view(reference)).collect()
    }

    /// The test's views of all invoices.
    pub(super) fn received(&self) -> Vec<ReceivedInvoice> {
        let of_session = |(session, it): (&str, &Session)| {
            let view = |invoice: &SentInvoice| ReceivedInvoice {
                session: session.to_owned(),
                reference: invoice.reference.clone(),
                hash: invoice.hash.clone(),
                at: invoice.sent,
                status: invoice.status.code,
                ksef_number: invoice.ksef_number.clone(),
            };
            it.invoices.iter().map(view).collect::<Vec<_>>()
        };
        self.all.iter().flat_map(of_session).collect()
    }

    /// A session that the caller may work on: its own.
    pub(super) fn own(
        &mut self,
        reference: &str,
        kind: SessionKind,
        caller: &Caller,
    ) -> Result<&mut Session, Problem> {
        let session = self.all.get_mut(reference);
        let session = session.filter(|it| it.caller.context == caller.context && it.kind == kind);
        let session = session.ok_or_else(|| unknown(reference))?;
        if session.caller.subject == caller.subject {
            Ok(session)
        } else {
            Err(Problem::not_yours())
        }
    }
}

/// 21173.
pub(super) fn unknown(reference: &str) -> Problem {
    Problem::detailed(21173, format!("Sesja {reference} nie została znaleziona."))
}

/// 21180.
pub(super) fn wrong_status(code: u16) -> Problem {
    Problem::detailed(21180, format!("Status sesji {code} wyklucza tę operację."))
}

/// The session that a request names, if its caller may look at it: one of its own context, and made
/// by itself unless it may look into the history of all. Not every operation has 21173 for another
/// one.
pub(super) fn with_visible<T>(
    ksef: &KsefV2,
    request: &Request<'_>,
    unknown: impl FnOnce(&str) -> Problem,
    act: impl FnOnce(&Store, &str, &Session) -> Result<T, Problem>,
) -> Result<T, Problem> {
    let (caller, reference) = (request.caller()?, request.path("referenceNumber"));
    ksef.with_store(|store| {
        let session = store.sessions.all.get(reference);
        let session = session.filter(|it| it.caller.context == caller.context);
        let session = session.ok_or_else(|| unknown(reference))?;
        let own = session.caller.subject == caller.subject;
        if own || super::auth::held(store, caller).contains(&Permission::Introspection) {
            act(store, reference, session)
        } else {
            Err(Problem::not_yours())
        }
    })
}

/// `GET /sessions/{referenceNumber}`.
pub(super) fn status(ksef: &KsefV2, request: &Request<'_>) -> Result<Reply, Problem> {
    super::online::expire(ksef);
    let now = request.now;
    with_visible(ksef, request, unknown, |_, reference, session| {
        let (total, accepted, refused) = session.counts();
        let mut body = json!({
            "status": session.status.json(session.kind),
            "dateCreated": moment(session.created),
            "dateUpdated": moment(session.updated),
            "validUntil": moment(session.valid_until),
        });
        if total > 0 || session.status.code >= 200 {
            body["invoiceCount"] = json!(total);
            body["successfulInvoiceCount"] = json!(accepted);
            body["failedInvoiceCount"] = json!(refused);
        }
        if !session.pages.is_empty() {
            let until = now + TimeDelta::days(3);
            let pages = session.pages.iter().enumerate().map(|(index, page)| {
                let path = upo::page_path(reference, index);
                json!({
                    "referenceNumber": page.reference,
                    "downloadUrl": storage::link(ksef, &path, "r", until),
                    "downloadUrlExpirationDate": moment(until),
                })
            });
            body["upo"] = json!({"pages": pages.collect::<Vec<_>>()});
        }
        Ok(ksef.json(200, body))
    })
}

/// The context of a receipt's `IdKontekstu`, by the name of its element.
pub(super) fn context_element(context: &Identity) -> &'static str {
    use super::people::IdentityKind::{InternalId, NipVatUe, PeppolId};
    match context.kind {
        InternalId => "IdWewnetrzny",
        NipVatUe => "IdZlozonyVatUE",
        PeppolId => "IdDostawcyUslugPeppol",
        _ => "Nip",
    }
}
