//! Requests and answers as bytes.

use super::*;
use crate::v1::client::testing::{ELEMENT, INVOICE, INVOICE_36, get, post, read, refused, shown};

const OTHER: &str = "1111111111-20240401-0123456789AC-CD";
const IDENTIFIER: &str = "1111111111-IP202404-0123456789AB-CD";

fn numbers(texts: &[&str]) -> Vec<KsefNumber> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

#[test]
fn an_identifier_is_asked_for_two_invoices_or_more() {
    let body = format!(r#"{{"ksefReferenceNumberList":["{INVOICE}","{OTHER}"]}}"#);
    let request = Request::new(numbers(&[INVOICE, OTHER]));
    assert_eq!(shown(&request), post("/online/Payment/Identifier/Request", &body));
    assert_eq!(refused(&Request::new(numbers(&[INVOICE]))), "ksefReferenceNumberList");
    // Both forms of a number name one invoice.
    let twice = Request::new(numbers(&[INVOICE, INVOICE_36]));
    assert_eq!(refused(&twice), "ksefReferenceNumberList");
    let many = std::iter::repeat_n(INVOICE.parse().unwrap(), 10_001);
    assert_eq!(refused(&Request::new(many)), "ksefReferenceNumberList");
}

#[test]
fn an_identifier_is_answered_by_an_element() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}","processingCode":100}}"#);
    let answer = read::<Request>(&body).unwrap();
    assert_eq!(answer.element_reference_number.as_deref(), Some(ELEMENT));
    // Before 2.6.0 the identifier itself came at once.
    let older = format!(r#"{{"paymentIdentifier":"{IDENTIFIER}"}}"#);
    assert_eq!(read::<Request>(&older).unwrap().element_reference_number, None);
}

#[test]
fn the_status_of_an_identifier_is_asked_by_its_element() {
    let path = format!("/online/Payment/Identifier/Status/{ELEMENT}");
    assert_eq!(shown(&Status(ELEMENT.parse().unwrap())), get(&path));
}

#[test]
fn the_status_of_an_identifier_holds_it_at_the_end() {
    let body = format!(r#"{{"processingCode":200,"paymentIdentifier":"{IDENTIFIER}"}}"#);
    assert_eq!(read::<Status>(&body).unwrap().payment_identifier.as_deref(), Some(IDENTIFIER));
    assert_eq!(read::<Status>(r#"{"processingCode":100}"#).unwrap().payment_identifier, None);
}

#[test]
fn invoices_of_an_identifier_are_asked_for_in_pages() {
    let list = ListInvoices::new(IDENTIFIER.parse().unwrap()).page_size(10).page_index(3);
    let path = format!("/online/Payment/Identifier/GetReferenceNumbers/{IDENTIFIER}");
    assert_eq!(shown(&list), get(&format!("{path}?PageSize=10&PageOffset=3")));
    assert_eq!(refused(&list.clone().page_size(9)), "PageSize");
    assert_eq!(refused(&list.clone().page_size(101)), "PageSize");
    assert_eq!(refused(&list.page_index(101)), "PageOffset");
}

#[test]
fn invoices_of_an_identifier_are_read_and_the_next_page_is_known() {
    let mut rows = vec![serde_json::json!({"ksefReferenceNumber": INVOICE, "isSubject": 1}); 10];
    rows[1]["isSubject"] = false.into();
    let body = serde_json::json!({"numberOfElements": 11, "ksefReferenceNumberList": rows});
    let body = body.to_string();
    let page = read::<ListInvoices>(&body).unwrap();
    assert_eq!(page.ksef_reference_number_list[0].is_subject, Some(true));
    assert_eq!(page.ksef_reference_number_list[1].is_subject, Some(false));
    let list = ListInvoices::new(IDENTIFIER.parse().unwrap()).page_size(10);
    assert_eq!(list.next(&page), Some(list.clone().page_index(1)));
    assert_eq!(list.clone().page_index(1).next(&page), None);
    assert_eq!(ListInvoices::items(page).len(), 10);
}

#[test]
fn identifiers_of_an_invoice_are_asked_for_in_pages() {
    let list = ListOfInvoice::new(INVOICE.parse().unwrap());
    let path = format!("/online/Payment/Identifier/GetPaymentIdentifiers/{INVOICE}");
    assert_eq!(shown(&list), get(&format!("{path}?PageSize=100&PageOffset=0")));
    assert_eq!(refused(&list.page_size(0)), "PageSize");
}

#[test]
fn identifiers_of_an_invoice_are_read() {
    let body = format!(
        r#"{{"isSubject":0,"paymentIdentifiersList":[{{"paymentIdentifier":"{IDENTIFIER}","createdAt":"2024-04-01T10:00:00Z"}}]}}"#
    );
    let page = read::<ListOfInvoice>(&body).unwrap();
    assert_eq!(page.is_subject, Some(false));
    let list = ListOfInvoice::new(INVOICE.parse().unwrap());
    assert_eq!(list.next(&page), None);
    assert_eq!(ListOfInvoice::items(page).len(), 1);
}
