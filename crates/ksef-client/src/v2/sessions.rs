//! Sessions of both kinds: lists, states, invoices and confirmations (KSeF 2.0 facts §7 to §9).

mod lists;

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::{KsefNumber, ReferenceNumber};

pub use lists::{FailedInvoices, Invoices, List, SessionState, SessionType};

use crate::v2::{api::LimitGroup, endpoint::endpoint, wire};

const MISC: &str = LimitGroup::SessionMisc.name();

/// `GET /sessions/{referenceNumber}`: how far a session has come, with counts and confirmations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> wire::SessionStatusResponse {
    Info {
        name: "sessions.status",
        method: Method::GET,
        path: "/sessions/{referenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: MISC,
        section: "KSeF 2.0 facts §8",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
});

/// `GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}`: how far an invoice has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceStatus {
    session: ReferenceNumber,
    invoice: ReferenceNumber,
}

impl InvoiceStatus {
    /// Of that invoice in that session.
    pub fn new(session: ReferenceNumber, invoice: ReferenceNumber) -> Self {
        Self { session, invoice }
    }
}

endpoint!(InvoiceStatus -> wire::SessionInvoiceStatusResponse {
    Info {
        name: "sessions.invoice_status",
        method: Method::GET,
        path: "/sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LimitGroup::InvoiceStatus.name(),
        section: "KSeF 2.0 facts §8",
    },
    request: |this, request| {
        request
            .param("referenceNumber", &this.session)?
            .param("invoiceReferenceNumber", &this.invoice)?
            .finish()
    },
});

/// `GET /sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo`: the confirmation of one invoice,
/// by its KSeF number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpoByKsefNumber {
    session: ReferenceNumber,
    number: KsefNumber,
}

impl UpoByKsefNumber {
    /// Of the invoice with that number in that session.
    pub fn new(session: ReferenceNumber, number: KsefNumber) -> Self {
        Self { session, number }
    }
}

endpoint!(UpoByKsefNumber -> document {
    Info {
        name: "sessions.upo_by_ksef_number",
        method: Method::GET,
        path: "/sessions/{referenceNumber}/invoices/ksef/{ksefNumber}/upo",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: MISC,
        section: "KSeF 2.0 facts §9",
    },
    request: |this, request| {
        request.param("referenceNumber", &this.session)?.param("ksefNumber", &this.number)?.finish()
    },
});

/// `GET /sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo`: the confirmation of one
/// invoice, by its reference number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpoOfInvoice {
    session: ReferenceNumber,
    invoice: ReferenceNumber,
}

impl UpoOfInvoice {
    /// Of that invoice in that session.
    pub fn new(session: ReferenceNumber, invoice: ReferenceNumber) -> Self {
        Self { session, invoice }
    }
}

endpoint!(UpoOfInvoice -> document {
    Info {
        name: "sessions.upo_of_invoice",
        method: Method::GET,
        path: "/sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}/upo",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: MISC,
        section: "KSeF 2.0 facts §9",
    },
    request: |this, request| {
        request
            .param("referenceNumber", &this.session)?
            .param("invoiceReferenceNumber", &this.invoice)?
            .finish()
    },
});

/// `GET /sessions/{referenceNumber}/upo/{upoReferenceNumber}`: a page of a session's confirmation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upo {
    session: ReferenceNumber,
    page: ReferenceNumber,
}

impl Upo {
    /// The page with that number.
    pub fn new(session: ReferenceNumber, page: ReferenceNumber) -> Self {
        Self { session, page }
    }
}

endpoint!(Upo -> document {
    Info {
        name: "sessions.upo",
        method: Method::GET,
        path: "/sessions/{referenceNumber}/upo/{upoReferenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: MISC,
        section: "KSeF 2.0 facts §9",
    },
    request: |this, request| {
        request
            .param("referenceNumber", &this.session)?
            .param("upoReferenceNumber", &this.page)?
            .finish()
    },
});

#[cfg(test)]
mod tests;
