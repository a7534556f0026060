//! The bytes of the requests for invoices and of their answers.

use common_http::Paged;
use serde_json::json;

use super::*;
use crate::{
    client::testing::{get, post, read, refused, shown},
    model::{InvoiceItem, Partner},
};

fn bread() -> NewInvoice {
    let item = InvoiceItem::new("Chlieb", 2, "5.00".parse::<common_core::money::Amount>().unwrap());
    NewInvoice::new(Partner::new("Vymyslená Pekáreň s.r.o."), [item]).external_id("order-1")
}

const BREAD: &str = "{\"externalId\":\"order-1\",\
    \"partner\":{\"address\":{\"businessName\":\"Vymyslená Pekáreň s.r.o.\"}},\
    \"items\":[{\"name\":\"Chlieb\",\"amount\":2,\"totalPriceInclVat\":5.00}]}";

#[test]
fn every_filter_of_the_list_has_the_services_name() {
    assert_eq!(shown(&List::new()), get("/invoices"));
    let list = List::new()
        .issue_date_from("2026-01-01T00:00:00")
        .issue_date_to("2026-01-31")
        .delivery_date_from("2026-01-02")
        .delivery_date_to("2026-01-30")
        .payment_status(PaymentStatus::FullyPaid)
        .due_date_status(DueDateStatus::OverDue)
        .order_number("OBJ 1/2")
        .numbering_sequence("T-OF")
        .document_number_from("20260101001")
        .document_number_to("20260131999")
        .last_modified_timestamp("2026-01-31T08:00:00+01:00")
        .extended_fields(Extended::ALL)
        .top(100)
        .skip(200);
    let query = "IssueDateFrom=2026-01-01&IssueDateTo=2026-01-31\
        &DeliveryDateFrom=2026-01-02&DeliveryDateTo=2026-01-30\
        &PaymentStatus=1&DueDateStatus=2&OrderNumber=OBJ%201%2F2&NumberingSequence=T-OF\
        &DocumentNumberFrom=20260101001&DocumentNumberTo=20260131999\
        &LastModifiedTimestamp=2026-01-31T08%3A00%3A00%2B01%3A00\
        &ExtendedFields=Items%2CVatBreakdowns%2CPayments%2CLinkedDocuments&Top=100&Skip=200";
    assert_eq!(shown(&list), get(&format!("/invoices?{query}")));
}

#[test]
fn extended_fields_are_named_in_one_order() {
    let both = Extended::LINKED_DOCUMENTS.and(Extended::ITEMS);
    assert_eq!(both.text(), "Items,LinkedDocuments");
    assert_eq!(both, Extended::ITEMS.and(Extended::LINKED_DOCUMENTS));
}

#[test]
fn filters_count_characters_and_refuse_what_is_too_long() {
    let fits = "ž".repeat(20);
    let list = List::new().order_number(fits.as_str());
    assert!(list.request(&crate::client::testing::base()).is_ok());
    let long = "0".repeat(21);
    assert_eq!(refused(&List::new().order_number(long.as_str())), "OrderNumber");
    assert_eq!(refused(&List::new().numbering_sequence("TOOLNG")), "NumberingSequence");
    assert_eq!(refused(&List::new().document_number_from(long.as_str())), "DocumentNumberFrom");
    assert_eq!(refused(&List::new().document_number_to(long.as_str())), "DocumentNumberTo");
}

#[test]
fn a_page_has_1_to_100_invoices() {
    for wrong in [0, 101, u32::MAX] {
        assert_eq!(refused(&List::new().top(wrong)), "Top");
    }
    for good in [1, 100] {
        assert_eq!(shown(&List::new().top(good)), get(&format!("/invoices?Top={good}")));
    }
}

#[test]
fn invoices_are_read_in_the_envelope_and_bare_with_null_and_unknown_fields() {
    let envelope = r#"{"data":[{"id":22596,"externalId":null,"paymentStatus":9,"items":null,
        "sumForPayment":12.30,"newField":{"a":1.10}}],"total":1}"#;
    let invoices = read::<List>(envelope).unwrap();
    let [invoice] = invoices.as_slice() else { panic!("one invoice") };
    assert_eq!(invoice.id, InvoiceId(22596));
    assert_eq!(invoice.document.external_id, None);
    assert_eq!(invoice.payment_status, Some(Open::Unknown(9)));
    assert_eq!(invoice.sum_for_payment.unwrap().to_string(), "12.30");
    assert_eq!(invoice.document.extra["newField"].to_string(), r#"{"a":1.10}"#);
    assert_eq!(read::<List>(r#"[{"id":1},{"id":2}]"#).unwrap().len(), 2);
    assert!(read::<List>(r#"{"data":null}"#).unwrap().is_empty());
    let wrong = read::<List>(r#"{"data":[{"id":1},{"id":"x"}]}"#).unwrap_err();
    assert_eq!(wrong.path(), "data[1].id");
    assert!(read::<List>("").is_err());
}

#[test]
fn the_next_page_starts_after_a_full_one() {
    let page = |count: usize| {
        let rows: Vec<_> = (0..count).map(|id| json!({"id": id})).collect();
        serde_json::from_value::<Vec<Invoice>>(json!(rows)).unwrap()
    };
    let first = List::new().order_number("OBJ").top(2);
    let next = first.next(&page(2)).unwrap();
    assert_eq!(shown(&next), get("/invoices?OrderNumber=OBJ&Top=2&Skip=2"));
    assert_eq!(next.next(&page(2)), Some(first.clone().skip(4)));
    assert_eq!(first.next(&page(1)), None);
    assert_eq!(first.next(&page(0)), None);
    assert_eq!(List::new().next(&page(49)), None);
    assert_eq!(List::new().next(&page(50)), Some(List::new().skip(50)));
}

#[test]
fn one_invoice_is_asked_for_by_its_number() {
    assert_eq!(shown(&Fetch(InvoiceId(22596))), get("/invoices/22596"));
}

#[test]
fn one_invoice_is_read_in_the_envelope_and_bare() {
    for body in [r#"{"data":{"id":7,"data":"x"}}"#, r#"{"id":7,"data":"x"}"#] {
        let invoice = read::<Fetch>(body).unwrap();
        assert_eq!((invoice.id, &invoice.document.extra["data"]), (InvoiceId(7), &json!("x")));
    }
    assert_eq!(read::<Fetch>(r#"{"data":{"id":"x"}}"#).unwrap_err().path(), "data.id");
    assert!(read::<Fetch>(r#"{"data":null}"#).is_err());
}

#[test]
fn one_new_invoice_is_sent_in_the_envelope() {
    let request = Create::new(&bread()).unwrap();
    assert_eq!(shown(&request), post("/invoices", &format!("{{\"data\":{BREAD}}}")));
}

#[test]
fn many_new_invoices_are_sent_in_their_order() {
    let request = CreateBatch::new(&[bread(), bread()]).unwrap();
    assert_eq!(
        shown(&request),
        post("/invoices/batch", &format!("{{\"data\":[{BREAD},{BREAD}]}}"))
    );
    let refs = [&bread(), &bread()];
    assert_eq!(shown(&CreateBatch::of(&refs).unwrap()), shown(&request));
}

#[test]
fn a_batch_holds_1_to_100_invoices() {
    for (count, fits) in [(0, false), (1, true), (100, true), (101, false)] {
        let request = CreateBatch::new(&vec![bread(); count]);
        assert_eq!(request.err().map(|error| error.field()), (!fits).then_some("data"), "{count}");
    }
}

#[test]
fn the_request_id_of_an_accepted_invoice_is_read() {
    let text = "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11";
    let body = r#"{"requestId":"0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11","isNew":null}"#;
    assert_eq!(read::<Create>(body).unwrap().request_id.to_string(), text);
    assert_eq!(read::<CreateBatch>(body).unwrap(), read::<Create>(body).unwrap());
    assert_eq!(read::<Create>(r#"{"requestId":"7"}"#).unwrap_err().path(), "requestId");
    assert!(read::<CreateBatch>("{}").is_err());
}
