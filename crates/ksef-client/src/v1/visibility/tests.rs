//! Requests and answers as bytes.

use super::*;
use crate::v1::client::testing::{ELEMENT, INVOICE, INVOICE_36, get, post, read, refused, shown};

fn invoice() -> KsefNumber {
    INVOICE.parse().unwrap()
}

#[test]
fn hiding_carries_number_and_reason() {
    let body = format!(
        r#"{{"invoiceHideRequest":{{"hidingReason":"pomyłka","ksefReferenceNumber":"{INVOICE}"}}}}"#
    );
    let hide = Hide::new(invoice(), "pomyłka");
    assert_eq!(shown(&hide), post("/online/Invoice/Visibility/Hide", &body));
    assert_eq!(refused(&Hide::new(invoice(), "")), "hidingReason");
    assert_eq!(refused(&Hide::new(invoice(), "x".repeat(257))), "hidingReason");
}

#[test]
fn hiding_answers_its_element_and_is_read_in_the_older_form_too() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}","processingCode":100}}"#);
    let answer = read::<Hide>(&body).unwrap();
    assert_eq!(answer.element_reference_number.as_deref(), Some(ELEMENT));
    let older = format!(
        r#"{{"ksefReferenceNumber":"{INVOICE}","hidingReason":"x","hidingTimestamp":"2024-04-01T10:00:00Z"}}"#
    );
    assert_eq!(read::<Hide>(&older).unwrap().element_reference_number, None);
}

#[test]
fn showing_carries_number_and_reason() {
    let body = format!(
        r#"{{"invoiceHideCancelationRequest":{{"hidingCancelationReason":"jednak","ksefReferenceNumber":"{INVOICE}"}}}}"#
    );
    let show = Show::new(invoice(), "jednak");
    assert_eq!(shown(&show), post("/online/Invoice/Visibility/Show", &body));
    assert_eq!(refused(&Show::new(invoice(), "")), "hidingCancelationReason");
}

#[test]
fn showing_answers_its_element() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}"}}"#);
    let answer = read::<Show>(&body).unwrap();
    assert_eq!(answer.element_reference_number.as_deref(), Some(ELEMENT));
}

#[test]
fn the_status_of_a_change_is_asked_by_its_element() {
    let status = Status::new(ELEMENT.parse().unwrap());
    let path = format!("/online/Invoice/Visibility/Status/{ELEMENT}");
    assert_eq!(shown(&status), get(&path));
    let variant = status.number_variant(NumberVariant::V36);
    assert_eq!(shown(&variant), format!("{}\nksef-number-variant: v36", get(&path)));
}

#[test]
fn the_status_of_a_change_is_read_with_fields_nobody_knows() {
    let body = r#"{"processingCode":200,"processingDescription":"x","invoiceStatus":{"new":1}}"#;
    assert_eq!(read::<Status>(body).unwrap().processing_code, 200);
    assert!(read::<Status>("{}").is_err());
}

#[test]
fn whether_an_invoice_is_hidden_is_asked_by_either_form_of_its_number() {
    for number in [INVOICE, INVOICE_36] {
        let path = format!("/online/Invoice/Visibility/{number}");
        assert_eq!(shown(&Fetch::new(number.parse().unwrap())), get(&path));
    }
    let variant = Fetch::new(invoice()).number_variant(NumberVariant::V35);
    assert!(shown(&variant).ends_with("ksef-number-variant: v35"));
}

#[test]
fn whether_an_invoice_is_hidden_is_read_wrapped_and_flat() {
    let flat = read::<Fetch>(r#"{"isHidden":true,"reason":"x"}"#).unwrap();
    assert_eq!(flat.is_hidden, Some(true));
    let wrapped = r#"{"visibilityInvoiceGetResponseType":{"isHidden":false,"reason":null}}"#;
    let wrapped = read::<Fetch>(wrapped).unwrap().visibility_invoice_get_response_type.unwrap();
    assert_eq!(wrapped.is_hidden, Some(false));
}
