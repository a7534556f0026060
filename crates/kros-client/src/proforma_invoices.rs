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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        client::testing::{get, read, refused, shown},
        model::ProformaId,
    };

    #[test]
    fn every_filter_has_the_services_name() {
        let list = List::new()
            .issue_date_from("2026-01-01")
            .issue_date_to("2026-01-31")
            .payment_status(PaymentStatus::NotPaid)
            .due_date_status(DueDateStatus::InDue)
            .order_number("OBJ")
            .numbering_sequence("ZF")
            .document_number_from("ZF0001")
            .document_number_to("ZF0009")
            .last_modified_timestamp("2026-01-31T08:00:00")
            .extended_fields(Extended::ITEMS)
            .top(1)
            .skip(2);
        let query = "IssueDateFrom=2026-01-01&IssueDateTo=2026-01-31&PaymentStatus=0\
            &DueDateStatus=1&OrderNumber=OBJ&NumberingSequence=ZF&DocumentNumberFrom=ZF0001\
            &DocumentNumberTo=ZF0009&LastModifiedTimestamp=2026-01-31T08%3A00%3A00\
            &ExtendedFields=Items&Top=1&Skip=2";
        assert_eq!(shown(&list), get(&format!("/proforma-invoices?{query}")));
        assert_eq!(refused(&List::new().top(101)), "Top");
        assert_eq!(refused(&List::new().numbering_sequence("TOOLNG")), "NumberingSequence");
    }

    #[test]
    fn proformas_are_read_in_the_envelope_and_bare() {
        let body = r#"{"data":[{"id":3,"documentNumber":"ZF0001","dueDate":null,"new":1}]}"#;
        let proformas = read::<List>(body).unwrap();
        assert_eq!(proformas[0].id, ProformaId(3));
        assert_eq!(proformas[0].document.document_number.as_deref(), Some("ZF0001"));
        assert_eq!(proformas[0].document.extra["new"], 1);
        assert_eq!(read::<List>(r#"[{"id":3}]"#).unwrap().len(), 1);
    }
}
