//! Proforma invoices (zálohové faktúry): list.

use common_core::{effect::Effect, open::Open};
use common_http::{Auth, Info};
use http::Method;

use crate::{
    api::LIMIT,
    invoices::Extended,
    list_request::list_request,
    model::{Date, DueDateStatus, PaymentStatus, Proforma, Timestamp},
};

list_request! {
    /// `GET /proforma-invoices`: the proforma invoices that fit every filter; those of invoices
    /// without the delivery date (KROS facts §1).
    pub struct List -> Proforma {
        info: Info {
            name: "proforma_invoices.list",
            method: Method::GET,
            path: "/proforma-invoices",
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
            /// Not paid (0) or fully paid (1).
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
