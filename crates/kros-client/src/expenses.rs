//! Received documents (náklady): list and fetch.

use bytes::Bytes;
use common_core::{effect::Effect, open::Open};
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Parts, RequestBuilder,
};
use http::Method;

use crate::{
    api::{Kros, LIMIT, decode_one},
    list_request::list_request,
    model::{Date, Expense, ExpenseId, PaymentStatus, Timestamp},
};

list_request! {
    /// `GET /expenses`: the received documents that fit every filter (KROS facts §1).
    pub struct List -> Expense {
        info: Info {
            name: "expenses.list",
            method: Method::GET,
            path: "/expenses",
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
            /// Due on that day or later.
            due_date_from: Date = "DueDateFrom",
            /// Due on that day or earlier.
            due_date_to: Date = "DueDateTo",
            /// Delivered on that day or later; used by one integration.
            delivery_date_from: Date = "DeliveryDateFrom",
            /// Delivered on that day or earlier; used by one integration.
            delivery_date_to: Date = "DeliveryDateTo",
            /// Not paid (0) or fully paid (1).
            payment_status: Open<PaymentStatus> = "PaymentStatus",
            /// Of that numbering sequence, at most 5 characters.
            numbering_sequence: String = "NumberingSequence" max 5,
            /// With that document number or a later one.
            document_number_from: String = "DocumentNumberFrom",
            /// With that document number or an earlier one.
            document_number_to: String = "DocumentNumberTo",
            /// Changed since; give the service's own text back unchanged.
            last_modified_timestamp: Timestamp = "LastModifiedTimestamp",
        }
    }
}

/// `GET /expenses/{id}`: one received document; its id is a UUID (KROS facts §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetch(pub ExpenseId);

impl Endpoint for Fetch {
    type Api = Kros;
    type Response = Expense;

    const INFO: Info = Info {
        name: "expenses.fetch",
        method: Method::GET,
        path: "/expenses/{id}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).param("id", self.0)?.finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Expense, DecodeError> {
        decode_one(body)
    }
}
