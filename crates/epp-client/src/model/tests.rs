//! What must hold for every wire type: nothing read is lost, and nothing is read as something else.

use std::path::Path;

use common_core::{money::Amount, open::Open};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::*;
use crate::rules::{self, PaymentCode, Profile};

/// An order with something in every attribute of the table, and with one nobody knows.
const ORDER: &str = r#"{
    "id": 41077,
    "paymentBasis": "Porez po rešenju",
    "paymentCode": 221,
    "amount": 9001.10,
    "debtorBankAccountNumber": "0000000102849",
    "debtorBankAccount": "840000000010284941",
    "debtorBankAccountName": "IZMIŠLJENA USTANOVA",
    "debtorCodeModel": 97,
    "debtorName": "IZMIŠLJENA USTANOVA",
    "debtorAddress": "ZAMIŠLJENA 1",
    "debtorPlace": "BEOGRAD",
    "debtorCode": "780123456789",
    "creditorName": "Nepostojeći Dobavljač d.o.o.",
    "creditorAddress": "Zamišljena 2, (Niš)",
    "creditorBankAccount": "840000000023566472",
    "creditorCodeModel": 5,
    "creditorCode": "3965040",
    "urgentPayment": false,
    "expectedPaymentDate": "2022-12-01",
    "externalId": "uplata-7",
    "transactionReference": "EPP41077",
    "transactionMessage": "dupli ključ",
    "transactionId": 609,
    "transactionStartDate": "2024-06-13T13:40:35",
    "transactionEndDate": "2024-06-13T13:40:36",
    "createdDate": "3.6.2024T12:16:46",
    "createdUserLogin": "korisnik1",
    "createdUserName": "Корисник Први",
    "modifiedDate": "2024-06-13T13:00:00",
    "modifiedUserLogin": "korisnik2",
    "modifiedUserName": "Корисник Други",
    "paymentDate": "2024-06-13T13:39:29",
    "paymentUserLogin": "korisnik1",
    "paymentUserName": "Корисник Први",
    "userGroupId": 183,
    "userGroupName": "Grupa za fakture",
    "comment": "",
    "userTags": "tag1",
    "systemTags": ["п-798nj", "неизвршен"],
    "treasuryFee": {"weight": 0.10000000000000000555}
}"#;

fn read<T: DeserializeOwned>(text: &str) -> T {
    serde_json::from_str(text).unwrap()
}

fn round_trip<T: DeserializeOwned + Serialize>(text: &str) -> Value {
    read(&serde_json::to_string(&read::<T>(text)).unwrap())
}

#[test]
fn an_order_is_written_as_it_was_read_digit_by_digit() {
    assert_eq!(round_trip::<PaymentOrder>(ORDER), read::<Value>(ORDER));
    let text = serde_json::to_string(&read::<PaymentOrder>(ORDER)).unwrap();
    assert!(text.contains("9001.10") && text.contains("0.10000000000000000555"), "{text}");
    assert_eq!(read::<PaymentOrder>(ORDER).extra.len(), 1, "every other attribute has a field");
}

/// The section calls itself one about accounts; its table is the one of the orders, and has 39 attributes.
#[test]
fn trap_09_the_table_of_orders_is_about_orders_and_whole() {
    let all: serde_json::Map<String, Value> = read(ORDER);
    assert_eq!(all.len() - 1, 39);
    let order: PaymentOrder = read(ORDER);
    let written = serde_json::to_value(&order).unwrap();
    assert_eq!(written.as_object().unwrap().len(), 40);
}

/// The table shows one account on both sides; both are read as they stand, and the check only warns.
#[test]
fn trap_10_the_same_account_on_both_sides_is_read_and_warned_about() {
    let account = "840000000115680485";
    let order: PaymentOrder = read(&format!(
        r#"{{"debtorBankAccount": "{account}", "creditorBankAccount": "{account}",
            "debtorBankAccountNumber": 1156804}}"#
    ));
    let parsed = rules::Account::parse(account).unwrap();
    assert_eq!(order.debtor_bank_account_number.as_ref().unwrap().as_str(), parsed.number());
    let findings = rules::order(&order.to_request(), &Profile::documented());
    let same: Vec<_> =
        findings.iter().filter(|finding| finding.rule == rules::Rule::SameAccount).collect();
    assert_eq!(same.len(), 1);
    assert!(!same[0].is_error());
}

/// The table says that the login is a name and the name a login; the field names are followed.
#[test]
fn trap_12_login_and_name_of_the_last_change_go_by_their_field_names() {
    let order: PaymentOrder = read(ORDER);
    assert_eq!(order.modified_user_login.as_deref(), Some("korisnik2"));
    assert_eq!(order.modified_user_name.as_deref(), Some("Корисник Други"));
}

#[test]
fn trap_13_urgent_payment_is_read_as_it_is_printed() {
    for (json, urgent) in [("\"False\"", false), ("\"True\"", true), ("true", true), ("0", false)] {
        let order: PaymentOrder = read(&format!(r#"{{"urgentPayment": {json}}}"#));
        assert_eq!(order.urgent_payment, Some(urgent), "{json}");
    }
    let order: PaymentOrder = read(r#"{"urgentPayment": ""}"#);
    assert_eq!(order.urgent_payment, None);
}

#[test]
fn trap_14_tags_are_read_as_text_and_sent_as_an_array() {
    let request = read::<PaymentOrder>(ORDER).to_request();
    assert_eq!(serde_json::to_value(&request).unwrap()["UserTags"], json!(["tag1"]));
}

#[test]
fn trap_15_requests_are_pascal_case_and_answers_camel_case() {
    let request = NewPaymentOrder::new("840-102849-41", "840-235664-72", Amount::from(3))
        .payment_code(270)
        .debtor_code_model(ReferenceModel::Model97)
        .expected_payment_date("2024-03-05T09:17:57")
        .user_tags(["test"])
        .normalized();
    assert_eq!(
        serde_json::to_string(&request).unwrap(),
        concat!(
            r#"{"PaymentCode":270,"Amount":3,"DebtorBankAccount":"840000000010284941","#,
            r#""DebtorCodeModel":97,"CreditorBankAccount":"840000000023566472","#,
            r#""ExpectedPaymentDate":"2024-03-05T09:17:57","UserTags":["test"]}"#,
        )
    );
    let answer: PaymentOrder = read(r#"{"paymentCode": 270, "amount": 3}"#);
    assert_eq!(answer.payment_code, Some(PaymentCode::from(270)));
    assert_eq!(serde_json::to_string(&answer).unwrap(), r#"{"paymentCode":270,"amount":3}"#);
}

#[test]
fn trap_17_the_id_0_of_a_created_order_is_no_id() {
    assert_eq!(read::<PaymentOrder>(r#"{"id": 0}"#).known_id(), None);
    assert_eq!(read::<PaymentOrder>(ORDER).known_id(), Some(PaymentOrderId(41_077)));
}

/// A special statement is asked for by the organisation where an account number stands otherwise.
#[test]
fn trap_22_an_organisation_and_an_account_number_are_different_types() {
    let organisation: Jbkjs = "10523".parse().unwrap();
    let account: BankAccountNumber = "10523".parse().unwrap();
    assert_eq!((organisation.as_str(), account.as_str()), ("10523", "0000000010523"));
}

#[test]
fn trap_23_an_order_is_found_by_a_whole_tag_of_either_kind() {
    let order: PaymentOrder = read(ORDER);
    assert!(order.has_tag("tag1"));
    assert!(order.has_tag("п-798nj"));
    assert!(!order.has_tag("p-798nj"));
}

/// The table of accounts has an attribute `permission`; only the filter is called `RequestPermission`.
#[test]
fn trap_08_the_attribute_behind_the_permission_filter_is_permission() {
    let account: BankAccount = read(r#"{"permission": 2, "requestStatus": 2, "type": 9}"#);
    assert_eq!(account.permission.unwrap(), AccountPermission::View);
    assert_eq!(account.request_status.unwrap(), RequestStatus::Approved);
    assert_eq!(account.r#type.unwrap(), Open::Unknown(9));
    assert_eq!(
        serde_json::to_string(&account).unwrap(),
        r#"{"requestStatus":2,"permission":2,"type":9}"#
    );
}

#[test]
fn an_account_gets_its_leading_zeros_back_from_numbers() {
    let account: BankAccount = read(
        r#"{"organizationId": 523, "bank": 840, "number": 1624, "controlNumber": 9, "treasury": "601",
            "status": "0", "maxAmount": "10000000.00", "currency": "RSD"}"#,
    );
    assert_eq!(account.number.as_ref().unwrap().as_str(), "0000000001624");
    assert_eq!(account.control_number.as_ref().unwrap().as_str(), "09");
    assert_eq!(account.organization_id.as_ref().unwrap().as_str(), "00523");
    assert_eq!(account.account().unwrap().as_str(), "840000000000162409");
    assert_eq!(account.status.unwrap(), AccountStatus::Included);
    assert_eq!(account.max_amount.unwrap().to_string(), "10000000.00");
    assert_eq!(account.extra["currency"], json!("RSD"));
}

#[test]
fn a_file_of_another_writer_is_read_as_an_order() {
    let order: NewPaymentOrder = read(
        r#"{"PaymentBasis": "Zarada", "PaymentCode": "240", "Amount": 1500, "ExternalId": null,
            "DebtorBankAccount": "840-1992-69", "UserTags": "", "ExpectedPaymentDate": "2024-03-05",
            "PurposeGroup": 4}"#,
    );
    assert_eq!(order.external_id, None);
    assert!(order.user_tags.as_ref().is_some_and(Tags::is_empty));
    assert_eq!(order.extra["PurposeGroup"], json!(4));
    assert_eq!(order.normalized().debtor_bank_account.as_deref(), Some("840000000000199269"));
}

#[test]
fn an_answered_order_becomes_a_request_without_what_the_service_added() {
    let request = read::<PaymentOrder>(ORDER).to_request();
    let written = serde_json::to_value(&request).unwrap();
    let names: Vec<_> = written.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names.len(), 17);
    assert!(!names.contains(&"Id") && !names.contains(&"CreatedDate"));
    assert_eq!(written["ExpectedPaymentDate"], json!("2022-12-01"));
}

#[test]
fn a_tag_is_added_to_the_ones_there_are() {
    let order = NewPaymentOrder::default().with_tag("a").with_tag("b");
    assert_eq!(order.user_tags, Some(Tags::List(vec!["a".into(), "b".into()])));
    let read: NewPaymentOrder = read(r#"{"UserTags": "a"}"#);
    assert_eq!(read.with_tag("b"), order);
}

#[test]
fn a_wrong_value_is_an_error_that_does_not_repeat_it() {
    let error = serde_json::from_str::<PaymentOrder>(r#"{"amount": "tajno"}"#).unwrap_err();
    assert!(error.to_string().starts_with("expected a decimal number"), "{error}");
    assert!(!error.to_string().contains("tajno"));
}

/// The reference folder holds samples of the source document; they are read when it is there.
#[test]
fn the_samples_of_the_source_document_survive_being_read_and_written() {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/epp/samples");
    let Ok(order) = std::fs::read_to_string(folder.join("payment-order.json")) else {
        eprintln!("skipped: there is no folder {}", folder.display());
        return;
    };
    assert_eq!(round_trip::<PaymentOrder>(&order), without_nulls(read(&order)));
    let account = std::fs::read_to_string(folder.join("bank-account.json")).unwrap();
    assert_eq!(round_trip::<BankAccount>(&account), read::<Value>(&account));
    let request =
        std::fs::read_to_string(folder.join("payment-orders-create-request.json")).unwrap();
    assert_eq!(round_trip::<Vec<NewPaymentOrder>>(&request), without_nulls(read(&request)));
    let orders: Vec<NewPaymentOrder> = read(&request);
    let findings = rules::orders(&orders, &Profile::documented());
    assert!(findings.iter().all(|finding| finding.rule == rules::Rule::TooLong), "{findings:?}");
    assert_eq!(findings.len(), 1, "the external id of 50 characters");
}

/// The same JSON without attributes that are `null`, which mean the same as missing ones.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => map
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(list) => list.into_iter().map(without_nulls).collect(),
        other => other,
    }
}
