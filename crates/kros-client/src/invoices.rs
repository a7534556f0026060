//! Issued invoices (vystavené faktúry): list, fetch, create, print.

mod report;

use bytes::Bytes;
use common_core::{effect::Effect, open::Open};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;

pub use report::{Pdf, Report, ReportByLink, ReportKind};

use crate::{
    api::{Kros, LIMIT, decode_one},
    list_request::{Filter, list_request},
    model::{Date, DueDateStatus, Invoice, InvoiceId, NewInvoice, PaymentStatus, Timestamp},
    submission::{self, submission},
};

list_request! {
    /// `GET /invoices`: the issued invoices that fit every filter (KROS facts §1).
    pub struct List -> Invoice {
        info: Info {
            name: "invoices.list",
            method: Method::GET,
            path: "/invoices",
            effect: Effect::Read,
            auth: Auth::Required,
            limit: LIMIT,
            section: "KROS facts §1",
        },
        filters {
            /// Issued on that day or later.
            issue_date_from: Date = "IssueDateFrom",
            /// Issued on that day or earlier.
            issue_date_to: Date = "IssueDateTo",
            /// Delivered on that day or later.
            delivery_date_from: Date = "DeliveryDateFrom",
            /// Delivered on that day or earlier.
            delivery_date_to: Date = "DeliveryDateTo",
            /// Not paid (0) or fully paid (1); the service filters by no other state.
            payment_status: Open<PaymentStatus> = "PaymentStatus",
            /// Due in future (1) or overdue (2).
            due_date_status: Open<DueDateStatus> = "DueDateStatus",
            /// With that order number, at most 20 characters.
            order_number: String = "OrderNumber" max 20,
            /// Of that numbering sequence, at most 5 characters.
            numbering_sequence: String = "NumberingSequence" max 5,
            /// With that document number or a later one, at most 20 characters.
            document_number_from: String = "DocumentNumberFrom" max 20,
            /// With that document number or an earlier one, at most 20 characters.
            document_number_to: String = "DocumentNumberTo" max 20,
            /// Changed since; give the service's own text back unchanged.
            last_modified_timestamp: Timestamp = "LastModifiedTimestamp",
            /// With these parts, which lists leave out otherwise.
            extended_fields: Extended = "ExtendedFields",
        }
    }
}

/// Parts of an invoice that a list holds only when asked (`ExtendedFields`).
///
/// # Examples
///
/// ```
/// use kros_client::invoices::{Extended, List};
///
/// let list = List::new().extended_fields(Extended::ITEMS.and(Extended::PAYMENTS));
/// # let _ = list;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extended(u8);

impl Extended {
    /// The lines.
    pub const ITEMS: Self = Self(1);
    /// The sums by VAT rate.
    pub const VAT_BREAKDOWNS: Self = Self(2);
    /// The payments.
    pub const PAYMENTS: Self = Self(4);
    /// The documents that belong together with it.
    pub const LINKED_DOCUMENTS: Self = Self(8);
    /// Everything.
    pub const ALL: Self = Self(15);

    const NAMES: [(Self, &'static str); 4] = [
        (Self::ITEMS, "Items"),
        (Self::VAT_BREAKDOWNS, "VatBreakdowns"),
        (Self::PAYMENTS, "Payments"),
        (Self::LINKED_DOCUMENTS, "LinkedDocuments"),
    ];

    /// These parts and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Filter for Extended {
    fn text(&self) -> String {
        let names = Self::NAMES.iter().filter(|(part, _)| self.0 & part.0 != 0);
        names.map(|(_, name)| *name).collect::<Vec<_>>().join(",")
    }
}

/// `GET /invoices/{id}`: one issued invoice, with all its parts (KROS facts §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch(pub InvoiceId);

impl Endpoint for Fetch {
    type Api = Kros;
    type Response = Invoice;

    const INFO: Info = Info {
        name: "invoices.fetch",
        method: Method::GET,
        path: "/invoices/{id}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).param("id", self.0)?.finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Invoice, DecodeError> {
        decode_one(body)
    }
}

/// `POST /invoices`: hands one invoice over; it is created later (KROS facts §1).
///
/// May be done only once: it is repeated only when the service cannot have processed it. After a
/// lost answer look for the external id ([`Client::find_invoices`](crate::Client::find_invoices)).
#[derive(Clone, Debug)]
pub struct Create {
    body: Bytes,
}

impl Create {
    /// The request for that invoice. [`check`](crate::check) tells beforehand what is wrong with
    /// it.
    pub fn new(invoice: &NewInvoice) -> Result<Self, BuildError> {
        submission::one(invoice).map(|body| Self { body })
    }
}

submission!(Create { name: "invoices.create", path: "/invoices", section: "KROS facts §1" });

/// `POST /invoices/batch`: hands 1 to 100 invoices over; they are created later (source document,
/// "Podporované endpointy").
///
/// The service takes all of them or, with status 400, none. For any number of invoices, and for
/// findings mapped to your own indexes, use [`Client::batch`](crate::Client::batch).
#[derive(Clone, Debug)]
pub struct CreateBatch {
    body: Bytes,
}

impl CreateBatch {
    /// The request for these invoices; an error unless there are 1 to 100.
    pub fn new(invoices: &[NewInvoice]) -> Result<Self, BuildError> {
        submission::many(invoices.iter()).map(|body| Self { body })
    }

    pub(crate) fn of(invoices: &[&NewInvoice]) -> Result<Self, BuildError> {
        submission::many(invoices.iter()).map(|body| Self { body })
    }
}

submission!(CreateBatch {
    name: "invoices.create_batch",
    path: "/invoices/batch",
    section: "source document, Podporované endpointy",
});

#[cfg(test)]
mod tests;
