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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::testing::{get, read, refused, shown},
        model::ExpenseDocumentType,
    };

    const ID: &str = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";

    #[test]
    fn every_filter_has_the_services_name() {
        let list = List::new()
            .issue_date_from("2026-01-01")
            .issue_date_to("2026-01-31")
            .due_date_from("2026-02-01")
            .due_date_to("2026-02-28")
            .delivery_date_from("2026-01-02")
            .delivery_date_to("2026-01-30")
            .payment_status(Open::Unknown(-7))
            .numbering_sequence("DF")
            .document_number_from("DF1")
            .document_number_to("DF9")
            .last_modified_timestamp("2026-01-31T08:00:00.5Z")
            .top(50)
            .skip(50);
        let query = "IssueDateFrom=2026-01-01&IssueDateTo=2026-01-31\
            &DueDateFrom=2026-02-01&DueDateTo=2026-02-28\
            &DeliveryDateFrom=2026-01-02&DeliveryDateTo=2026-01-30&PaymentStatus=-7\
            &NumberingSequence=DF&DocumentNumberFrom=DF1&DocumentNumberTo=DF9\
            &LastModifiedTimestamp=2026-01-31T08%3A00%3A00.5Z&Top=50&Skip=50";
        assert_eq!(shown(&list), get(&format!("/expenses?{query}")));
        assert_eq!(refused(&List::new().numbering_sequence("TOOLNG")), "NumberingSequence");
        assert_eq!(refused(&List::new().top(0)), "Top");
    }

    #[test]
    fn one_expense_is_asked_for_by_its_uuid() {
        assert_eq!(shown(&Fetch(ID.parse().unwrap())), get(&format!("/expenses/{ID}")));
    }

    #[test]
    fn expenses_are_read_in_the_envelope_and_bare() {
        let list = r#"{"data":[{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","documentType":17,
            "partner":null,"tags":null,"hasAttachments":false,"shelf":"B"}]}"#;
        let one = r#"{"data":{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","documentType":17,
            "shelf":"B","hasAttachments":false}}"#;
        let expense = read::<List>(list).unwrap().remove(0);
        assert_eq!(expense, read::<Fetch>(one).unwrap());
        assert_eq!(expense.id.to_string(), ID);
        let credit_note = ExpenseDocumentType::ReceivedCreditNote;
        assert_eq!(expense.document_type, Some(Open::Known(credit_note)));
        assert_eq!((expense.has_attachments, &expense.extra["shelf"]), (Some(false), &"B".into()));
        assert_eq!(read::<Fetch>(r#"{"id":7}"#).unwrap_err().path(), "id");
    }
}
