//! Creating and validating payment orders.

use http::Method;
use sandbox::epp::{BatchShape, OrderState};
use serde_json::{Value, json};

use super::client::{ask, calm, login, order};

/// A change that makes a good order bad, and the property that the error names.
fn bad_changes() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("PaymentBasis", json!(""), "PaymentBasis"),
        ("PaymentBasis", json!("x".repeat(106)), "PaymentBasis"),
        ("PaymentCode", json!(421), "PaymentCode"),
        ("PaymentCode", json!("221"), "PaymentCode"),
        ("Amount", json!(0), "Amount"),
        ("Amount", json!(-1), "Amount"),
        ("Amount", json!("1.00"), "Amount"),
        ("Amount", serde_json::from_str("1.005").unwrap(), "Amount"),
        ("Amount", serde_json::from_str("10000000.01").unwrap(), "Amount"),
        // Another account's control digits, an account of another organisation, view only, closed.
        ("DebtorBankAccount", json!("840000000091000097"), "DebtorBankAccount"),
        ("DebtorBankAccount", json!("840000000023566472"), "DebtorBankAccount"),
        ("DebtorBankAccount", json!(account(7)), "DebtorBankAccount"),
        ("DebtorBankAccount", json!(account(6)), "DebtorBankAccount"),
        ("DebtorBankAccount", json!(account(8)), "DebtorBankAccount"),
        ("DebtorCodeModel", json!("97"), "DebtorCodeModel"),
        ("DebtorCode", json!("89RN-2024-15"), "DebtorCode"),
        ("DebtorCode", json!("88RN-2024-51"), "DebtorCode"),
        ("DebtorCode", json!(null), "DebtorCode"),
        ("CreditorName", json!(null), "CreditorName"),
        ("CreditorAddress", json!(" "), "CreditorAddress"),
        ("CreditorAddress", json!("x".repeat(201)), "CreditorAddress"),
        ("CreditorBankAccount", json!("840000000023566427"), "CreditorBankAccount"),
        ("CreditorBankAccount", json!("840-235664-72"), "CreditorBankAccount"),
        ("CreditorCodeModel", json!(100), "CreditorCodeModel"),
        ("CreditorCode", json!("x".repeat(24)), "CreditorCode"),
        ("UrgentPayment", json!("False"), "UrgentPayment"),
        ("ExpectedPaymentDate", json!("31.1.2026"), "ExpectedPaymentDate"),
        ("ExternalId", json!("x".repeat(50)), "ExternalId"),
        ("UserTags", json!([1]), "UserTags"),
    ]
}

/// The whole number of an account of the first organisation; the control digits are computed here
/// once more.
fn account(index: u64) -> String {
    let first = 8_400_000_000_910_000 + index;
    format!("{first}{:02}", 98 - first * 100 % 97)
}

#[tokio::test]
async fn created_orders_answer_with_an_id_of_zero_and_appear_in_the_list() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let orders = json!([order("a", "3.21"), order("b", "4")]);
    let elements = caller.post("/payment-orders", &orders).await.payload();
    for (element, id) in elements.as_array().unwrap().iter().zip(["a", "b"]) {
        assert_eq!(element["model"]["id"], 0);
        assert_eq!(element["model"]["externalId"], id);
        assert_eq!(element["error"], Value::Null);
    }
    let stored: Vec<_> = epp.orders().iter().map(|one| (one.id, one.amount.clone())).collect();
    assert_eq!(stored, [(319_001, "3.21".to_owned()), (319_002, "4".to_owned())]);
    assert_eq!(epp.orders()[0].state, OrderState::Created);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn the_documented_error_comes_word_for_word() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    // The sample of the source document has exactly fifty characters.
    let long = "invalid payment order id to demonstrate test error";
    let orders = json!([order("a", "3.21"), order(long, "3.21"), order(&long[..49], "1")]);
    let elements = caller.post("/payment-orders", &orders).await.payload();
    let expected =
        json!({"code": "ValidationError", "message": "InvalidExternalIdValidation.", "type": 1});
    assert_eq!(elements[1]["error"], expected);
    assert_eq!((&elements[0]["error"], &elements[2]["error"]), (&Value::Null, &Value::Null));
    assert_eq!(sandbox.epp().orders().len(), 2);
}

#[tokio::test]
async fn every_rule_has_its_error_and_the_others_are_created() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let mut orders = vec![order("good", "1")];
    for (name, value, _) in bad_changes() {
        let mut bad = order("bad", "1");
        bad[name] = value;
        orders.push(bad);
    }
    orders.push(json!("no object"));
    let elements = caller.post("/payment-orders", &json!(orders)).await.payload();
    for (index, (name, value, property)) in bad_changes().into_iter().enumerate() {
        let message = elements[index + 1]["error"]["message"].as_str().unwrap_or_default();
        assert_eq!(message, format!("Invalid{property}Validation."), "{name} = {value}");
    }
    let last = &elements[orders.len() - 1];
    assert_eq!(last["error"]["message"], "InvalidPaymentBasisValidation.");
    assert_eq!(epp.orders().len(), 1);
}

#[tokio::test]
async fn validating_reports_the_same_and_creates_nothing() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let orders = json!([order("a", "1"), order(&"x".repeat(50), "1")]);
    let validated = caller.post("/payment-orders/validate", &orders).await.payload();
    assert!(epp.orders().is_empty());
    assert_eq!(validated, caller.post("/payment-orders", &orders).await.payload());
    assert_eq!(epp.orders().len(), 1);
}

#[tokio::test]
async fn both_answer_shapes_hold_the_same() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let orders = json!([order("a", "1")]);
    let enveloped = caller.post("/payment-orders/validate", &orders).await.payload();
    epp.set_batch_shape(BatchShape::Bare);
    let bare = caller.post("/payment-orders/validate", &orders).await;
    assert_eq!((bare.status, bare.json()), (200, enveloped));
    assert!(caller.post("/payment-orders", &orders).await.json().is_array());
}

#[tokio::test]
async fn a_batch_has_one_to_five_thousand_orders() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let batch = |count: usize| json!(vec![order("a", "1"); count]);
    for (count, status) in [(0, 400), (5000, 200), (5001, 400)] {
        let answer = caller.post("/payment-orders/validate", &batch(count)).await;
        assert_eq!(answer.status, status, "{count}");
    }
    assert_eq!(caller.post("/payment-orders", &batch(5000)).await.status, 200);
    assert_eq!(epp.orders().len(), 5000);
    assert_eq!(epp.unexpected().len(), 2);
}

#[tokio::test]
async fn a_repeated_creation_creates_twice() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    let orders = json!([order("a", "1")]);
    for _ in 0..2 {
        caller.post("/payment-orders", &orders).await.payload();
    }
    let ids: Vec<_> = sandbox.epp().orders().into_iter().map(|one| one.external_id).collect();
    assert_eq!(ids, [Some("a".to_owned()), Some("a".to_owned())]);
}

#[tokio::test]
async fn broken_bodies_and_unknown_properties_are_noted() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    assert_eq!(caller.post("/payment-orders", &json!({"a": 1})).await.status, 400);
    let without = ask(epp, &caller.access, Method::POST, "/payment-orders", None).await.unwrap();
    assert_eq!(without.status, 415);
    let mut odd = order("a", "1");
    odd["externalID"] = json!("b");
    caller.post("/payment-orders/validate", &json!([odd])).await.payload();
    assert_eq!(caller.get("/payment-order").await.status, 404);
    let noted: Vec<_> = epp.unexpected().into_iter().map(|one| one.what).collect();
    assert_eq!(
        noted,
        [
            "the body is not an array of payment orders",
            "the body is not announced as application/json",
            "unknown property externalID",
            "unknown route",
        ]
    );
}
