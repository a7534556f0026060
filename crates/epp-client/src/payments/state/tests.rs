//! What must hold for finding out what became of a payment.

use common_http::scripted::Step;
use serde_json::{Value, json};

use super::*;
use crate::{
    client::testing::{lines, refusal, scripted, success},
    payments::{Start, Started},
};

/// A payment of these ids, started when the orders looked like that.
fn record(ids: &[i64], before: &Value) -> PaymentRecord {
    let orders: Vec<Value> = ids.iter().map(|id| with_id(*id, before)).collect();
    let answer = json!({"paymentOrders": orders, "paymentIdTagName": "pa-798nj"});
    let started: Started = serde_json::from_value(answer).unwrap();
    let start = Start::new(ids.iter().copied().map(PaymentOrderId));
    PaymentRecord::new(&start, chrono::DateTime::UNIX_EPOCH, &started)
}

fn with_id(id: i64, order: &Value) -> Value {
    let mut order = order.clone();
    order["id"] = json!(id);
    order
}

/// The verdict over one order that looks like that now.
async fn verdict(before: &Value, now: &Value) -> Verdict {
    let (client, script) = scripted([success(&with_id(7, now))]).await;
    let state = client.payment_state(&record(&[7], before)).await.unwrap();
    assert_eq!(lines(&script), ["GET /api/payment-orders/7"]);
    state.verdict()
}

#[tokio::test]
async fn an_order_is_paid_when_a_date_a_transaction_or_a_tag_has_appeared() {
    let before = json!({"systemTags": "pa-798nj"});
    for now in [
        json!({"paymentDate": "2026-02-01T08:00:00"}),
        json!({"transactionId": 609}),
        json!({"transactionStartDate": "2026-02-01T08:00:00"}),
        json!({"systemTags": ["pa-798nj", "p-798nj"]}),
    ] {
        assert_eq!(verdict(&before, &now).await, Verdict::Paid, "{now}");
    }
    for now in [json!({}), json!({"systemTags": "pa-798nj"}), json!({"systemTags": "neizvršen"})] {
        assert_eq!(verdict(&before, &now).await, Verdict::NotPaid, "{now}");
    }
}

#[tokio::test]
async fn trap_23_the_tag_of_a_payment_is_known_in_both_alphabets() {
    let before = json!({"systemTags": null});
    for tags in ["п-798nj неизвршен", "p-798nj", "x,п-1"] {
        assert_eq!(verdict(&before, &json!({"systemTags": tags})).await, Verdict::Paid, "{tags}");
    }
    for tags in ["pa-798nj", "па-798nj", "неизвршен"] {
        let now = json!({"systemTags": tags});
        assert_eq!(verdict(&before, &now).await, Verdict::NotPaid, "{tags}");
    }
}

#[tokio::test]
async fn what_an_order_showed_before_the_payment_proves_nothing() {
    let before = json!({
        "paymentDate": "2026-01-31T08:00:00", "transactionId": 5, "systemTags": "п-1 неизвршен",
    });
    assert_eq!(verdict(&before, &before).await, Verdict::NotPaid);
    let mut now = before.clone();
    now["paymentDate"] = json!("2026-02-01T08:00:00");
    assert_eq!(verdict(&before, &now).await, Verdict::Paid);
}

#[tokio::test]
async fn orders_close_together_are_listed_and_the_others_fetched() {
    let paid = json!({"paymentDate": "2026-02-01T08:00:00"});
    let rows = [8, 9, 12].map(|id| with_id(id, &paid));
    let (missing, other) = (Step::answer(404, ""), success(&with_id(900, &json!({}))));
    let steps = [success(&json!(rows)), success(&json!([])), missing, other];
    let (client, script) = scripted(steps).await;
    let state = client.payment_state(&record(&[900, 12, 8, 10], &json!({}))).await.unwrap();
    assert_eq!(
        lines(&script),
        [
            "GET /api/payment-orders?PerPage=500&filter%5BIdFrom%5D=8&filter%5BIdTo%5D=12",
            "GET /api/payment-orders?PerPage=500&Page=2&filter%5BIdFrom%5D=8&filter%5BIdTo%5D=12",
            "GET /api/payment-orders/10",
            "GET /api/payment-orders/900",
        ]
    );
    let rows: Vec<_> = state.orders.iter().map(|order| (order.id.0, order.payment)).collect();
    let (sent, not, missing) = (OrderPayment::Sent, OrderPayment::NotSent, OrderPayment::Missing);
    assert_eq!(rows, [(900, not), (12, sent), (8, sent), (10, missing)]);
    assert_eq!(state.verdict(), Verdict::Mixed);
    assert!(state.orders[3].order.is_none() && state.orders[1].order.is_some());
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_an_error_and_no_verdict() {
    for nothing in ["{}", r#"{"message":"Greška"}"#, r#"{"id":8}"#] {
        let (client, _) = scripted([Step::answer(200, nothing)]).await;
        let error = client.payment_state(&record(&[7], &json!({}))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable, "{nothing}");
    }
    let (client, _) = scripted([refusal(403, "403")]).await;
    let error = client.payment_state(&record(&[7], &json!({}))).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(PaymentState { orders: Vec::new() }.verdict(), Verdict::Mixed);
}
