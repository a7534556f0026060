//! The operations of an export (KSeF 2.0 facts §10.4). [`receiving`](crate::v2::receiving) makes them in
//! their order.

use common_core::effect::Effect;
use common_http::{Auth, Info};
use http::Method;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{api::LimitGroup, endpoint::endpoint, invoices::check_range, wire};

/// `POST /invoices/exports`: has a package of invoices made.
#[derive(Clone, Debug, PartialEq)]
pub struct Start(pub wire::InvoiceExportRequest);

endpoint!(Start -> wire::ExportInvoicesResponse {
    Info {
        name: "exports.start",
        method: Method::POST,
        path: "/invoices/exports",
        effect: Effect::Once,
        auth: Auth::Required,
        limit: LimitGroup::InvoiceExport.name(),
        section: "KSeF 2.0 facts §10.4",
    },
    request: |this, request| {
        check_range(&this.0.filters.date_range)?;
        request.json(&this.0)?.finish()
    },
});

/// `GET /invoices/exports/{referenceNumber}`: how far a package has come, and where its parts are.
///
/// Links are made anew with each answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status(pub ReferenceNumber);

endpoint!(Status -> wire::InvoiceExportStatusResponse {
    Info {
        name: "exports.status",
        method: Method::GET,
        path: "/invoices/exports/{referenceNumber}",
        effect: Effect::Read,
        auth: Auth::Required,
        limit: LimitGroup::InvoiceExportStatus.name(),
        section: "KSeF 2.0 facts §8 and §10.4",
    },
    request: |this, request| request.param("referenceNumber", &this.0)?.finish(),
});

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use wire::{InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQuerySubjectType};

    use super::*;
    use crate::v2::client::testing::{
        EXPORT, bare, post, read, read_example, reference, refused, shown,
    };

    #[test]
    fn an_export_declares_its_key_and_its_range() {
        let from = "2026-01-01T00:00:00Z".parse().unwrap();
        let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from);
        let filters =
            |range| wire::InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject1);
        let body = |range| {
            wire::InvoiceExportRequest::new(wire::EncryptionInfo::new("K", "V"), filters(range))
        };
        let json = r#"{"encryption":{"encryptedSymmetricKey":"K","initializationVector":"V"},"filters":{"dateRange":{"dateType":"PermanentStorage","from":"2026-01-01T00:00:00Z"},"subjectType":"Subject1"}}"#;
        assert_eq!(shown(&Start(body(range.clone()))), post("/invoices/exports", json));
        let too_long = range.to(from + TimeDelta::days(101));
        assert_eq!(refused(&Start(body(too_long))), "dateRange");
        if let Some(answer) = read_example::<Start>("201") {
            assert_eq!(reference(&answer.reference_number).code(), "EH");
        }
    }

    #[test]
    fn the_links_of_a_package_do_not_show() {
        let status = Status(reference(EXPORT));
        assert_eq!(shown(&status), bare("GET", &format!("/invoices/exports/{EXPORT}")));
        let body = r#"{"status":{"code":200},"package":{"invoiceCount":0,"parts":[
            {"ordinalNumber":1,"url":"https://canary.example.test/","partSize":1}]}}"#;
        let answer = read::<Status>(body).unwrap();
        assert!(!format!("{answer:?}").contains("canary"));
        if let Some(answer) = read_example::<Status>("200") {
            let package = answer.package.unwrap();
            assert_eq!((package.invoice_count, package.size), (Some(10_000), Some(22_425_060)));
        }
    }
}
