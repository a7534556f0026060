//! Requests and answers as bytes.

use super::*;
use crate::v2::client::testing::{bare, read, read_example, shown};

#[test]
fn the_limits_of_a_context_are_asked_for_and_read() {
    assert_eq!(shown(&Context), bare("GET", "/limits/context"));
    let own = read::<Context>(r#"{"onlineSession":{"maxInvoiceSizeInMB":2,"new":1}}"#).unwrap();
    assert_eq!(own.online_session.unwrap().max_invoice_size_in_mb, Some(2));
    assert!(own.batch_session.is_none());
    if let Some(answer) = read_example::<Context>("200") {
        assert_eq!(answer.collective_identifier.unwrap().max_invoices, Some(500));
    }
}

#[test]
fn the_limits_of_a_subject_are_asked_for_and_read() {
    assert_eq!(shown(&Subject), bare("GET", "/limits/subject"));
    assert!(read::<Subject>(r#"{"enrollment":null}"#).unwrap().enrollment.is_none());
    if let Some(answer) = read_example::<Subject>("200") {
        assert_eq!(answer.enrollment.unwrap().max_enrollments, Some(12));
        assert_eq!(answer.certificate.unwrap().max_certificates, Some(6));
    }
}

#[test]
fn the_limits_of_calls_are_asked_for_and_read() {
    assert_eq!(shown(&Rates), bare("GET", "/rate-limits"));
    let own = read::<Rates>(r#"{"other":{"perSecond":1,"perMinute":-1}}"#).unwrap();
    let other = own.other.unwrap();
    assert_eq!((other.per_second, other.per_minute, other.per_hour), (Some(1), Some(-1), None));
    if let Some(answer) = read_example::<Rates>("200") {
        assert_eq!(answer.invoice_send.unwrap().per_hour, Some(180));
        assert_eq!(answer.anonymous.unwrap().per_minute, Some(-1));
    }
}
