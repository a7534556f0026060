//! What must hold for every wire type: nothing read is lost, and nothing is read as something else.

use std::path::Path;

use chrono::NaiveDate;
use common_core::money::Amount;
use common_core::open::Open;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::*;

/// An invoice with something in every property that is read by a rule of its own, and with properties nobody knows.
const INVOICE: &str = r#"{
    "id": 40117,
    "externalId": "kolobezka-7",
    "partner": {
        "id": 12,
        "address": {"businessName": "Vymyslené Bicykle s.r.o.", "country": "Slovensko", "floor": 3},
        "registrationId": "00000000"
    },
    "issueDate": "2025-03-01T00:00:00",
    "dueDate": "2025-03-15T00:00:00Z",
    "deliveryDate": null,
    "items": [
        {"id": 9007199254740993, "name": "Kolobežka", "amount": 1.000, "vatRate": 23, "totalPriceInclVat": 24.60}
    ],
    "invoiceType": 5,
    "exchangeRate": 1.0850,
    "tags": [{"name": "jar", "color": "green"}, "akcia"],
    "paymentStatus": 3,
    "prices": {
        "currency": "EUR",
        "documentPrices": {"totalPrice": 20.00, "totalPriceInclVat": 24.60, "vatTotalPrice": 4.60, "rounding": 0.00},
        "legislativePrices": {"totalPrice": 20.00, "totalPriceInclVat": 24.60, "vatTotalPrice": 4.60}
    },
    "sumOfPayments": 10.10,
    "sumForPayment": 24.60,
    "lastModifiedTimestamp": "2025-03-01T08:15:30.1230000",
    "pdfReportLink": "https://kros.example/api/invoices/40117/reports/19",
    "previewLink": "https://kros.example/preview/40117",
    "payments": [{"sum": 10.10}],
    "warehouse": {"code": "HL", "weight": 0.1000000000000000055511151231257827}
}"#;

fn invoice() -> Invoice {
    serde_json::from_str(INVOICE).expect("the sample is an invoice")
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

/// Reads `text` as a `T` and writes it again.
fn round_trip<T: DeserializeOwned + Serialize>(text: &str) -> Value {
    let read: T = serde_json::from_str(text).expect("the sample is of this type");
    value(&serde_json::to_string(&read).expect("a document is JSON"))
}

/// The same JSON without properties that are `null`, which mean the same as missing ones.
fn without_nulls(mut value: Value) -> Value {
    match &mut value {
        Value::Object(map) => {
            *map = std::mem::take(map)
                .into_iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k, without_nulls(v)))
                .collect();
        }
        Value::Array(list) => {
            *list = std::mem::take(list).into_iter().map(without_nulls).collect();
        }
        _ => {}
    }
    value
}

#[test]
fn an_answered_invoice_is_written_as_it_was_read_digit_by_digit() {
    assert_eq!(round_trip::<Invoice>(INVOICE), without_nulls(value(INVOICE)));
    let text = serde_json::to_string(&invoice()).expect("JSON");
    for digits in
        ["24.60", "1.000", "1.0850", "9007199254740993", "0.1000000000000000055511151231257827"]
    {
        assert!(text.contains(digits), "{digits} is kept in {text}");
    }
}

#[test]
fn what_the_service_computed_is_read_with_its_own_types() {
    let invoice = invoice();
    assert_eq!(invoice.id, InvoiceId(40117));
    assert_eq!(invoice.payment_status, Some(Open::Known(PaymentStatus::PartiallyPaid)));
    assert_eq!(invoice.document.invoice_type, Some(Open::Unknown(5)));
    assert_eq!(invoice.document.delivery_date, None);
    assert_eq!(
        invoice.last_modified_timestamp.as_ref().map(Timestamp::as_str),
        Some("2025-03-01T08:15:30.1230000")
    );
    let prices = invoice.prices.as_ref().and_then(|prices| prices.document_prices.as_ref());
    assert_eq!(prices.and_then(|sums| sums.vat_total_price), Amount::parse("4.60").ok());
    assert!(!invoice.document.extra.contains_key("payments"));
    assert!(invoice.document.extra.contains_key("warehouse"));
}

#[test]
fn what_is_left_to_pay_is_exact_and_never_guessed() {
    let mut invoice = invoice();
    assert_eq!(invoice.to_pay(), Amount::parse("14.50").ok());
    invoice.sum_of_payments = Amount::parse("25").ok();
    assert_eq!(invoice.to_pay(), Amount::parse("-0.40").ok());
    invoice.sum_of_payments = None;
    assert_eq!(invoice.to_pay(), None);
}

#[test]
fn a_read_invoice_becomes_a_request_with_all_but_what_the_service_computed() {
    let request = invoice().to_request();
    let written = serde_json::to_value(&request).expect("JSON");

    let mut expected = without_nulls(value(INVOICE));
    let properties = expected.as_object_mut().expect("an object");
    for computed in [
        "id",
        "paymentStatus",
        "prices",
        "sumOfPayments",
        "sumForPayment",
        "lastModifiedTimestamp",
        "pdfReportLink",
        "previewLink",
        "payments",
    ] {
        assert!(properties.remove(computed).is_some(), "{computed} is in the sample");
    }
    properties.insert("issueDate".into(), json!("2025-03-01"));
    properties.insert("dueDate".into(), json!("2025-03-15"));
    properties.insert("tags".into(), json!(["jar", "akcia"]));
    assert_eq!(written, expected);
}

#[test]
fn an_error_inside_an_answered_invoice_names_its_property() {
    let path_of = |right: &str, wrong: &str| {
        let text = INVOICE.replacen(right, wrong, 1);
        let error = common_http::decode_json::<Invoice>(&text.into()).expect_err("a wrong value");
        error.to_string()
    };
    for (right, wrong, path) in [
        ("\"vatRate\": 23", "\"vatRate\": \"veľa\"", "items[0].vatRate"),
        ("\"vatTotalPrice\": 4.60", "\"vatTotalPrice\": []", "prices.documentPrices.vatTotalPrice"),
        ("\"sumForPayment\": 24.60", "\"sumForPayment\": true", "sumForPayment"),
    ] {
        let error = path_of(right, wrong);
        assert!(error.contains(path), "{path} is named in: {error}");
    }
    let nameless = INVOICE.replacen("\"id\": 40117,", "", 1);
    let error = serde_json::from_str::<Invoice>(&nameless).expect_err("an invoice has an id");
    assert!(error.to_string().contains("missing field `id`"), "{error}");
}

#[test]
fn an_invoice_read_from_a_json_value_is_the_one_read_from_text() {
    let from_value: Invoice = serde_json::from_value(value(INVOICE)).expect("an invoice");
    assert_eq!(from_value, invoice());
}

#[test]
fn null_and_missing_are_the_same_everywhere() {
    let nulls = r#"{"partner":null,"items":null,"tags":null,"customFields":null,"currency":null,"invoiceType":null}"#;
    let read: NewInvoice = serde_json::from_str(nulls).expect("an invoice");
    assert_eq!(read, NewInvoice::default());
    assert_eq!(serde_json::to_string(&read).expect("JSON"), "{}");
}

#[test]
fn a_built_invoice_is_written_with_the_names_of_the_service() {
    let day = NaiveDate::from_ymd_opt(2025, 3, 1).expect("a day");
    let item = InvoiceItem::new("Čaj", 2, Amount::parse("24.60").expect("a sum"))
        .vat_rate(23)
        .measure_unit("ks");
    let invoice = NewInvoice::new(Partner::new("Vymyslená Čajovňa s.r.o."), [item])
        .external_id("order-101".parse::<ExternalId>().expect("an id"))
        .variable_symbol("0101".parse::<VariableSymbol>().expect("a symbol"))
        .issue_date(day)
        .use_paragraph_7or7a(false)
        .invoice_type(InvoiceType::Invoice)
        .tags(["eshop"])
        .custom_fields([CustomField::new("Farba", "zelená")])
        .extra("newProperty", true);
    let expected = json!({
        "externalId": "order-101",
        "partner": {"address": {"businessName": "Vymyslená Čajovňa s.r.o."}},
        "useParagraph7or7a": false,
        "issueDate": "2025-03-01",
        "variableSymbol": "0101",
        "invoiceType": 0,
        "items": [{"name": "Čaj", "amount": 2, "measureUnit": "ks", "vatRate": 23}],
        "tags": ["eshop"],
        "customFields": [{"label": "Farba", "value": "zelená"}],
        "newProperty": true,
    });
    let mut written = serde_json::to_value(&invoice).expect("JSON");
    let line = written["items"][0].as_object_mut().expect("a line");
    let total = line.remove("totalPriceInclVat").map(|total| total.to_string());
    assert_eq!(total.as_deref(), Some("24.60"));
    assert_eq!(written, expected);
}

#[test]
fn every_property_of_a_request_survives_under_its_own_name() {
    let text = r#"{
        "externalId": "a", "partner": {"address": {"contactName": "b", "street": "c", "postCode": "d", "city": "e"},
        "postalAddress": {"businessName": "f"}, "taxId": "g", "vatId": "h", "phoneNumber": "i", "email": "j"},
        "myCompany": {"registrationId": "k", "web": "l"}, "internalNote": "m", "printedNote": "n", "vatPayerType": 1,
        "useParagraph7or7a": true, "culture": "o", "openingText": "p", "closingText": "q",
        "registrationCourtText": "r", "dueDate": "s", "currency": "t", "exchangeRate": 2, "discountPercent": 3.5,
        "discountTotalPriceInclVat": 4, "issueDate": "u", "orderNumber": "v", "paymentType": "w",
        "variableSymbol": "x", "bankAccount": {"iban": "y", "accountNumber": "z", "isForeign": true, "swift": "aa"},
        "deliveryDate": "ab", "advancePaymentDeduction": 5, "numberingSequence": "ac", "documentNumber": "ad",
        "invoiceType": 6, "creditedInvoiceNumber": "ae", "mandatoryText": "af", "mandatoryTextType": 7,
        "ossTaxState": 8, "accountingDetails": {"syntheticAccount": "ag", "analyticalAccount": "ah",
        "descriptionAccounting": "ai"}, "items": [{"description": "aj", "discountPercent": 9, "discountName": "ak",
        "itemCode": "al", "warehouseCode": "am", "eanCode": "an"}], "customFields": [{"label": "ao", "value": "ap"}]
    }"#;
    let read: NewInvoice = serde_json::from_str(text).expect("an invoice");
    assert!(read.extra.is_empty(), "{:?} have a field of their own", read.extra);
    assert_eq!(round_trip::<NewInvoice>(text), value(text));
}

#[test]
fn a_new_payment_is_written_exactly_and_read_back() {
    let sum = Amount::parse("-24.60").expect("a sum");
    let payment = NewPayment::new("2025-03-02", sum)
        .account_id(AccountId(3))
        .payment_type(PaymentType::CardPayment);
    let text = serde_json::to_string(&payment).expect("JSON");
    assert_eq!(
        text,
        r#"{"dateOfPayment":"2025-03-02","sumOfPayment":-24.60,"accountId":3,"paymentType":2}"#
    );
    assert_eq!(serde_json::from_str::<NewPayment>(&text).expect("a payment"), payment);
}

#[test]
fn an_expense_and_a_payment_keep_what_they_do_not_know() {
    let expense = r#"{"id":"3f2504e0-4f89-11d3-9a0c-0305e82c3301","documentType":17,"receivedDate":"2025-03-02T00:00:00",
        "hasAttachments":false,"tags":[{"name":"sklad"}],"prices":{"documentPrices":{"totalPriceInclVat":-12.30}},"ocr":{"score":0.90}}"#;
    assert_eq!(round_trip::<Expense>(expense), value(expense));
    let read: Expense = serde_json::from_str(expense).expect("an expense");
    assert_eq!(read.document_type, Some(ExpenseDocumentType::ReceivedCreditNote.into()));

    let payment = r#"{"dateOfPayment":"2025-03-02T00:00:00","sumOfPayment":5.00,"isWithoutDocument":true,
        "matchedDocuments":[{"id":40117,"share":2.50}],"bankFee":0.10}"#;
    assert_eq!(round_trip::<Payment>(payment), value(payment));
}

/// The reference samples are not part of the repository; where they exist, all of them must survive.
#[test]
fn the_reference_samples_survive_being_read_and_written() {
    let samples =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/kros/samples");
    if !samples.is_dir() {
        eprintln!(
            "SKIPPED: there is no folder ../shared/reference/kros/samples beside the repository"
        );
        return;
    }
    let check = |name: &str, round_trip: fn(&str) -> Value| {
        let text = std::fs::read_to_string(samples.join(name)).expect("a sample is readable");
        let data = value(&text)["data"].take();
        let documents = data.as_array().cloned().unwrap_or_else(|| vec![data]);
        assert!(!documents.is_empty(), "{name} holds documents");
        for document in documents {
            assert_eq!(round_trip(&document.to_string()), document, "{name}");
        }
    };
    check("invoice-create-one.request.json", round_trip::<NewInvoice>);
    check("invoice-create-batch.request.json", round_trip::<NewInvoice>);
    check("invoices-list.response.json", round_trip::<Invoice>);
    check("expenses-list.response.json", round_trip::<Expense>);
    check("payments-batch.request.json", round_trip::<NewPayment>);
    check("payments-list.response.json", round_trip::<Payment>);
    check("payment-accounts.response.json", round_trip::<PaymentAccount>);
}
