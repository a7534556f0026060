//! Requests and answers as bytes.

use super::*;
use crate::v1::client::testing::{ELEMENT, INVOICE, get, post, read, refused, shown};

fn invoice() -> KsefNumber {
    INVOICE.parse().unwrap()
}

#[test]
fn a_report_carries_number_and_reason() {
    let body =
        format!(r#"{{"scamReport":{{"ksefReferenceNumber":"{INVOICE}","reportReason":"obca"}}}}"#);
    assert_eq!(shown(&Report::new(invoice(), "obca")), post("/online/Invoice/Scam/Report", &body));
    assert_eq!(refused(&Report::new(invoice(), "x".repeat(1025))), "reportReason");
    assert_eq!(refused(&Report::new(invoice(), "")), "reportReason");
}

#[test]
fn a_report_answers_its_element() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}","timestamp":"whenever"}}"#);
    let answer = read::<Report>(&body).unwrap();
    assert_eq!(answer.element_reference_number.as_deref(), Some(ELEMENT));
}

#[test]
fn cancelling_carries_number_and_reason() {
    let body = format!(
        r#"{{"scamReportCancelation":{{"ksefReferenceNumber":"{INVOICE}","reportCancelationReason":"nasza"}}}}"#
    );
    let cancel = Cancel::new(invoice(), "nasza");
    assert_eq!(shown(&cancel), post("/online/Invoice/Scam/Cancel", &body));
    assert_eq!(refused(&Cancel::new(invoice(), "")), "reportCancelationReason");
}

#[test]
fn cancelling_answers_its_element() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}","processingCode":100}}"#);
    assert_eq!(read::<Cancel>(&body).unwrap().processing_code, Some(100));
}

#[test]
fn the_status_of_a_report_is_asked_by_its_element() {
    let path = format!("/online/Invoice/Scam/Status/{ELEMENT}");
    assert_eq!(shown(&Status(ELEMENT.parse().unwrap())), get(&path));
}

#[test]
fn the_status_of_a_report_is_read() {
    assert_eq!(read::<Status>(r#"{"processingCode":200}"#).unwrap().processing_code, Some(200));
}

#[test]
fn the_report_of_an_invoice_is_asked_by_its_number() {
    assert_eq!(shown(&Fetch(invoice())), get(&format!("/online/Invoice/Scam/{INVOICE}")));
}

#[test]
fn the_report_of_an_invoice_is_read_under_both_names() {
    let body = r#"{"activeScamReport":true,"reason":null}"#;
    assert_eq!(read::<Fetch>(body).unwrap().active_scam_report, Some(true));
    let body = r#"{"hasActiveScamReport":true}"#;
    assert_eq!(read::<Fetch>(body).unwrap().has_active_scam_report, Some(true));
}
