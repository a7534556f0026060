//! What must hold for the endpoints of payment orders.

use super::*;
use crate::client::testing::{get, post, read, refused, shown};

fn order() -> NewPaymentOrder {
    NewPaymentOrder::new("840-102849-41", "840-235664-72", Amount::parse("3.20").unwrap())
        .payment_basis("Uplata po ugovoru 1")
}

/// The same order on the wire.
const ORDER: &str = r#"{"PaymentBasis":"Uplata po ugovoru 1","Amount":3.20,"DebtorBankAccount":"840000000010284941","CreditorBankAccount":"840000000023566472"}"#;

#[test]
fn trap_7_and_26_every_filter_goes_under_its_listed_name_and_no_other_is_sent() {
    let day = |text: &str| text.parse::<NaiveDate>().unwrap();
    let list = List::new()
        .debtor_bank_account("840000000010284941")
        .payment_code(270_u16)
        .amount_from(Amount::parse("1.50").unwrap())
        .amount_to(Amount::from(2))
        .creditor_name("Izmišljeni")
        .creditor_bank_account("840000000023566472")
        .creditor_code("220216")
        .created_date_from(day("2026-02-01"))
        .created_date_to(day("2026-02-02"))
        .payment_date_from(day("2026-02-03"))
        .payment_date_to(day("2026-02-04"))
        .id_from(PaymentOrderId(1))
        .id_to(PaymentOrderId(9));
    let query = "filter[DebtorBankAccount]=840000000010284941&filter[PaymentCode]=270\
        &filter[AmountFrom]=1.50&filter[AmountTo]=2&filter[CreditorName]=Izmi%C5%A1ljeni\
        &filter[CreditorBankAccount]=840000000023566472&filter[CreditorCode]=220216\
        &filter[CreatedDateFrom]=2026-02-01&filter[CreatedDateTo]=2026-02-02\
        &filter[PaymentDateFrom]=2026-02-03&filter[PaymentDateTo]=2026-02-04\
        &filter[IdFrom]=1&filter[IdTo]=9";
    let query = query.replace('[', "%5B").replace(']', "%5D");
    assert_eq!(shown(&list), get(&format!("/payment-orders?{query}")));
    assert_eq!(shown(&List::new()), get("/payment-orders"));
}

#[test]
fn trap_23_tags_are_asked_for_letter_by_letter() {
    let list = List::new().system_tag("п-798nj неизвршен").user_tag("a,b");
    let query = "filter%5BSystemTag%5D=%D0%BF-798nj%20%D0%BD%D0%B5%D0%B8%D0%B7%D0%B2%D1%80\
        %D1%88%D0%B5%D0%BD&filter%5BUserTag%5D=a%2Cb";
    assert_eq!(shown(&list), get(&format!("/payment-orders?{query}")));
}

#[test]
fn trap_9_a_page_of_orders_is_sized_and_read_as_orders() {
    assert_eq!(shown(&List::new().per_page(5)), get("/payment-orders?PerPage=5"));
    let page = read::<List>(r#"{"payload":[{"id":7,"amount":17139.66}]}"#).unwrap().unwrap();
    assert_eq!(page.items[0].known_id(), Some(PaymentOrderId(7)));
    assert_eq!(page.items[0].amount, Some(Amount::parse("17139.66").unwrap()));
}

#[test]
fn one_order_is_asked_for_by_its_id() {
    assert_eq!(shown(&Fetch(PaymentOrderId(319_877))), get("/payment-orders/319877"));
}

#[test]
fn one_order_is_read_in_the_envelope_and_bare() {
    for body in [r#"{"status":{"code":"Success"},"payload":{"id":7}}"#, r#"{"id":7}"#] {
        assert_eq!(read::<Fetch>(body).unwrap().unwrap().id, Some(PaymentOrderId(7)));
    }
    assert!(read::<Fetch>(r#"{"status":{"code":"NotFound"},"payload":null}"#).unwrap().is_err());
}

#[test]
fn trap_15_orders_are_sent_in_pascal_case_and_in_their_order() {
    let second = order().external_id("drugi").user_tags(["test"]);
    let request = Create::new(&[order(), second]).unwrap();
    let head = ORDER.trim_end_matches('}');
    let body = format!(r#"[{ORDER},{head},"ExternalId":"drugi","UserTags":["test"]}}]"#);
    assert_eq!(shown(&request), post("/payment-orders", &body));
}

#[test]
fn orders_to_be_validated_are_sent_as_those_to_be_created() {
    let request = Validate::new(&[order()]).unwrap();
    assert_eq!(shown(&request), post("/payment-orders/validate", &format!("[{ORDER}]")));
    assert_eq!((Validate::INFO.effect, Create::INFO.effect), (Effect::Read, Effect::Once));
}

#[test]
fn a_request_holds_1_to_5000_orders() {
    for (count, fits) in [(0, false), (1, true), (5000, true), (5001, false)] {
        let orders = vec![order(); count];
        assert_eq!(Create::new(&orders).is_ok(), fits, "{count}");
        assert_eq!(Validate::new(&orders).is_ok(), fits, "{count}");
    }
    assert_eq!(Create::new(&[]).unwrap_err().field(), "orders");
    assert_eq!(refused(&List::new().page(0)), "Page");
}

const VERDICTS: &str = r#"[{"model":{"id":0,"paymentBasis":"1","externalId":null},"error":null},
    {"model":{"id":0},"error":{"code":"ValidationError","message":"InvalidExternalIdValidation.","type":1}}]"#;

#[test]
fn trap_16_and_17_verdicts_are_read_bare_and_enveloped_and_their_ids_are_none() {
    let enveloped = format!(r#"{{"status":{{"code":"Success"}},"payload":{VERDICTS}}}"#);
    for body in [VERDICTS, &enveloped] {
        let verdicts = read::<Create>(body).unwrap().unwrap();
        let model = verdicts[0].model.as_ref().unwrap();
        assert_eq!((model.id, model.known_id()), (Some(PaymentOrderId(0)), None));
        assert_eq!(verdicts[0].error, None);
        assert_eq!(read::<Validate>(body).unwrap().unwrap(), verdicts);
    }
    assert!(read::<Create>(r#"{"status":{"code":"Success"}}"#).unwrap().unwrap().is_empty());
}

#[test]
fn what_says_nothing_about_an_order_is_no_verdict() {
    for row in ["{}", r#"{"id":0,"amount":1}"#, r#"{"Model":{"id":0}}"#, r#"{"model":null}"#] {
        assert!(read::<Create>(&format!("[{row}]")).is_err(), "{row}");
    }
    for row in [r#"{"model":{"id":0}}"#, r#"{"error":null}"#] {
        let verdicts = read::<Create>(&format!("[{row}]")).unwrap().unwrap();
        assert_eq!(verdicts[0].error, None, "{row}");
    }
}

#[test]
fn trap_24_the_word_of_a_verdict_loses_its_full_stop() {
    let verdicts = read::<Create>(VERDICTS).unwrap().unwrap();
    let error = verdicts[1].error.as_ref().unwrap();
    assert_eq!(error.to_string(), "ValidationError: InvalidExternalIdValidation");
    assert_eq!(error.error_type.as_deref(), Some("1"));
}

#[test]
fn a_request_does_not_show_its_orders_in_debug() {
    let request = Create::new(&[order().creditor_name("canary")]).unwrap();
    assert!(!format!("{request:?}").contains("canary"));
}
