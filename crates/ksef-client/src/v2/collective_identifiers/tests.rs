//! Requests and answers as bytes.

use chrono::TimeZone;
use serde_json::json;

use super::*;
use crate::v2::client::testing::{
    KSEF_NUMBER, bare, body_of, example, post, read, read_example, refused, shown,
};

const OTHER: &str = "1111111111-20260401-0123456789AC-CD";
const IDENTIFIER: &str = "1111111111-IZ202604-0123456789AB-CD";

fn invoice(number: &str) -> Invoice {
    Invoice::new(number.parse().unwrap())
}

fn identifier() -> CollectiveIdentifier {
    IDENTIFIER.parse().unwrap()
}

fn day(day: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 4, day, 0, 0, 0).unwrap()
}

#[test]
fn an_identifier_is_asked_for_two_invoices_or_more() {
    let path = "/collective-identifiers";
    let body =
        format!(r#"{{"invoices":[{{"ksefNumber":"{KSEF_NUMBER}"}},{{"ksefNumber":"{OTHER}"}}]}}"#);
    assert_eq!(shown(&Generate::new([invoice(KSEF_NUMBER), invoice(OTHER)])), post(path, &body));
    assert_eq!(refused(&Generate::new([invoice(OTHER)])), "invoices");
    assert_eq!(refused(&Generate::new([invoice(OTHER), invoice(OTHER)])), "invoices");
    let long = invoice(KSEF_NUMBER).description("x".repeat(513));
    assert_eq!(refused(&Generate::new([long, invoice(OTHER)])), "description");
    let paid = invoice(KSEF_NUMBER).payment("1".parse().unwrap(), "ZLOTY");
    assert_eq!(refused(&Generate::new([paid, invoice(OTHER)])), "currency");
}

#[test]
fn what_is_paid_is_written_as_in_the_example() {
    let paid = |number, amount: &str, description| {
        invoice(number).payment(amount.parse().unwrap(), "PLN").description(description)
    };
    let generate = Generate::new([
        paid("1111111111-20260612-6310EC800000-DA", "100", "Opis faktury 1"),
        paid("1111111111-20260612-62EAFD400000-B3", "45", "Opis faktury 2"),
    ]);
    if let Some(expected) = example("POST /collective-identifiers", "request") {
        assert_eq!(body_of(&generate), expected);
    }
    let cents = body_of(&Generate::new([paid(KSEF_NUMBER, "0.10", "x"), invoice(OTHER)]));
    assert_eq!(cents["invoices"][0]["payment"].to_string(), r#"{"amount":0.10,"currency":"PLN"}"#);
}

#[test]
fn an_identifier_is_read() {
    let body = format!(r#"{{"collectiveIdentifierNumber":"{IDENTIFIER}"}}"#);
    assert_eq!(read::<Generate>(body).unwrap().collective_identifier_number, IDENTIFIER);
    assert!(read::<Generate>("{}").is_err());
    if let Some(answer) = read_example::<Generate>("201") {
        let number: CollectiveIdentifier = answer.collective_identifier_number.parse().unwrap();
        assert_eq!(number.checksum_ok(), Some(true));
    }
}

#[test]
fn identifiers_are_asked_for_by_time() {
    let body =
        r#"{"dateCreatedFrom":"2026-04-01T00:00:00Z","dateCreatedTo":"2026-04-02T00:00:00Z"}"#;
    let path = "/collective-identifiers/query?pageSize=200";
    assert_eq!(shown(&List::new(day(1), day(2))), post(path, body));
    let list = List::new(day(1), day(2)).number(&identifier()).at_least(10).at_most(100);
    let body = body_of(&list.of_this_context());
    assert_eq!(body["collectiveIdentifierNumber"], IDENTIFIER);
    assert_eq!((&body["invoiceCountFrom"], &body["invoiceCountTo"]), (&json!(10), &json!(100)));
    assert_eq!(body["createdInCurrentContext"], json!(true));
    let others = List::new(day(1), day(2)).of_other_contexts();
    assert_eq!(body_of(&others)["createdInCurrentContext"], json!(false));
    assert_eq!(refused(&List::new(day(2), day(1))), "dateCreatedTo");
    let days = |days| List::new(day(1), day(1) + TimeDelta::days(days));
    assert_eq!(refused(&days(101)), "dateCreatedTo");
    assert!(body_of(&days(100)).is_object());
}

#[test]
fn identifiers_are_read_page_by_page() {
    let list = List::new(day(1), day(2));
    let page = r#"{"continuationToken":"x","collectiveIdentifiers":[{"invoiceCount":2}]}"#;
    let page = read::<List>(page).unwrap();
    assert_eq!(list.next(&page), Some(list.clone().continuation_token("x")));
    assert_eq!(List::items(page)[0].invoice_count, Some(2));
    if let Some(page) = read_example::<List>("200") {
        assert_eq!(page.collective_identifiers[0].invoice_count, Some(16));
        assert!(list.next(&page).is_some());
    }
}

#[test]
fn invoices_of_identifiers_are_asked_for() {
    let body = format!(r#"{{"collectiveIdentifierNumbers":["{IDENTIFIER}"]}}"#);
    let path = "/collective-identifiers/invoices?pageSize=500";
    assert_eq!(shown(&ListInvoices::new([identifier()])), post(path, &body));
    assert_eq!(refused(&ListInvoices::new([])), "collectiveIdentifierNumbers");
    let many = std::iter::repeat_n(identifier(), 11);
    assert_eq!(refused(&ListInvoices::new(many)), "collectiveIdentifierNumbers");
    assert_eq!(refused(&ListInvoices::new([identifier()]).page_size(501)), "pageSize");
}

#[test]
fn invoices_of_identifiers_are_read() {
    let body = r#"{"invoices":[{"detailsHidden":true,"payment":null}]}"#;
    let page = read::<ListInvoices>(body).unwrap();
    assert_eq!(ListInvoices::new([identifier()]).next(&page), None);
    assert_eq!(ListInvoices::items(page)[0].details_hidden, Some(true));
    if let Some(page) = read_example::<ListInvoices>("200") {
        let payment = page.invoices[0].payment.as_ref().unwrap();
        assert_eq!(payment.amount.unwrap().to_string(), "100");
    }
}

#[test]
fn identifiers_of_an_invoice_are_asked_for() {
    let list = ListOfInvoice::new(KSEF_NUMBER.parse().unwrap());
    let path = format!("/collective-identifiers/ksef/{KSEF_NUMBER}?pageSize=200");
    assert_eq!(shown(&list), bare("GET", &path));
    assert_eq!(refused(&list.page_size(201)), "pageSize");
}

#[test]
fn identifiers_of_an_invoice_are_read() {
    let list = ListOfInvoice::new(KSEF_NUMBER.parse().unwrap());
    let page =
        r#"{"continuationToken":"x","collectiveIdentifiers":[{"createdInCurrentContext":true}]}"#;
    let page = read::<ListOfInvoice>(page).unwrap();
    assert_eq!(list.next(&page), Some(list.clone().continuation_token("x")));
    assert_eq!(ListOfInvoice::items(page).len(), 1);
    if let Some(page) = read_example::<ListOfInvoice>("200") {
        assert_eq!(page.collective_identifiers[0].created_in_current_context, Some(false));
    }
}
