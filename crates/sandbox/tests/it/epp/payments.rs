//! Starting and confirming payments, and what becomes of the orders.

use std::time::Duration;

use sandbox::epp::{Channel, Epp, OrderState};
use serde_json::json;
use tokio::time::advance;

use super::client::{Caller, calm, login, order};

fn states(epp: &Epp) -> Vec<OrderState> {
    epp.orders().iter().map(|order| order.state).collect()
}

async fn confirm(caller: &Caller, tag: &str, token: &str) -> (u16, String) {
    let body = json!({"PaymentIdTagName": tag, "Token": token});
    let answer = caller.put("/payments", &body).await;
    (answer.status, answer.code())
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_started_confirmed_and_executed() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let ids = caller.create(&[order("a", "10.10"), order("b", "0.05")]).await;
    let started = caller.post("/payments", &json!({"PaymentOrderIds": ids})).await.payload();
    let tag = started["paymentIdTagName"].as_str().unwrap();
    assert!(tag.starts_with("pa-") && tag.len() == 8);
    assert_eq!(started["totalAmounts"].to_string(), "10.15");
    assert_eq!(started["totalCount"], 2);
    assert_eq!(started["paymentOrders"][1]["id"], ids[1]);
    assert_eq!(states(epp), [OrderState::Created; 2]);

    let confirmed = caller.confirm(tag).await.payload();
    let payment = confirmed["paymentTagName"].as_str().unwrap();
    assert_eq!(payment, tag.replacen("pa-", "p-", 1));
    assert_eq!(confirmed["paymentIdTagName"], tag);
    assert_eq!(confirmed["totalAmounts"].to_string(), "10.15");
    assert_eq!(states(epp), [OrderState::Sent; 2], "execution comes later");
    assert_eq!(epp.orders()[0].system_tags, [payment, "неизвршен"]);

    epp.settle().await;
    assert_eq!(states(epp), [OrderState::Executed; 2]);
    let order = &epp.orders()[1];
    assert_eq!(order.system_tags, [payment, "извршен"]);
    assert_eq!(order.body["transactionReference"], format!("EPP{}", order.id));
    assert_eq!(order.body["transactionId"], 602);
    assert_eq!(order.body["paymentUserLogin"], "prvi");
    assert_eq!(order.body["paymentDate"], "2026-01-31T12:00:00");
    assert_eq!(order.executions, 1);
    assert_eq!(epp.payments()[0].payment_tag.as_deref(), Some(payment));
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn a_running_countdown_locks_the_orders_for_others() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let (first, second) = (login(epp, "prvi").await, login(epp, "drugi").await);
    let ids = first.create(&[order("a", "1")]).await;
    first.start(&ids).await;
    let body = json!({"PaymentOrderIds": ids});
    let refused = second.post("/payments", &body).await;
    assert_eq!((refused.status, refused.code().as_str()), (400, "PaymentOrderLocked"));
    let path = format!("/payment-orders/{}", ids[0]);
    assert_eq!(second.get(&path).await.status, 200, "looking is allowed");
    advance(Duration::from_secs(120)).await;
    let tag = second.start(&ids).await;
    second.confirm(&tag).await.payload();
    assert_eq!(first.post("/payments", &body).await.code(), "PaymentOrderPaid");
}

#[tokio::test(start_paused = true)]
async fn a_later_attempt_of_the_same_user_replaces_the_earlier_one() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let ids = caller.create(&[order("a", "1"), order("b", "1")]).await;
    let first = caller.start(&ids[..1]).await;
    let second = caller.start(&ids).await;
    assert_eq!(caller.confirm(&first).await.code(), "InvalidPaymentIdTagName");
    caller.confirm(&second).await.payload();
    epp.settle().await;
    assert!(epp.orders().iter().all(|order| order.executions == 1));
}

#[tokio::test(start_paused = true)]
async fn a_password_works_once_and_only_near_its_time() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let ids = caller.create(&[order("a", "1"), order("b", "1")]).await;
    let tag = caller.start(&ids[..1]).await;
    let token = epp.one_time_password(&tag).unwrap();
    let wrong = if token == "000000" { "000001" } else { "000000" };
    assert_eq!(confirm(&caller, &tag, wrong).await, (400, "InvalidToken".to_owned()));
    assert_eq!(confirm(&caller, "pa-none0", &token).await.1, "InvalidPaymentIdTagName");
    advance(Duration::from_secs(30)).await;
    assert_eq!(confirm(&caller, &tag, &token).await, (200, "Success".to_owned()));

    let other = caller.start(&ids[1..]).await;
    assert_eq!(confirm(&caller, &other, &token).await, (400, "UsedToken".to_owned()));
    assert_eq!(confirm(&caller, &tag, &token).await.1, "UsedToken", "a repeated confirmation");
    advance(Duration::from_secs(30)).await;
    assert_eq!(confirm(&caller, &other, &token).await.1, "InvalidToken", "two steps late");
    caller.confirm(&other).await.payload();
    epp.settle().await;
    assert!(epp.orders().iter().all(|order| order.executions == 1));
}

#[tokio::test(start_paused = true)]
async fn the_countdown_ends() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    epp.set_otp_countdown(Duration::from_secs(40));
    let caller = login(epp, "prvi").await;
    let ids = caller.create(&[order("a", "1")]).await;
    let tag = caller.start(&ids).await;
    advance(Duration::from_secs(40)).await;
    assert_eq!(caller.confirm(&tag).await.code(), "ExpiredToken");
    let tag = caller.start(&ids).await;
    advance(Duration::from_secs(39)).await;
    assert_eq!(caller.confirm(&tag).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn codes_that_are_sent_confirm_as_well() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let ids = caller.create(&[order("a", "1")]).await;
    let start =
        |channel: &str| json!({"PaymentOrderIds": ids, "TwoFactorAuthenticationChannel": channel});
    for channel in ["Zimbra", "postal"] {
        let refused = caller.post("/payments", &start(channel)).await;
        assert_eq!(refused.code(), "InvalidTwoFactorAuthenticationChannel", "{channel}");
    }
    let started = caller.post("/payments", &start("Nth")).await.payload();
    assert_eq!(epp.payments()[0].channel, Channel::Nth);
    let tag = started["paymentIdTagName"].as_str().unwrap();
    let sent = epp.one_time_password(tag).unwrap();
    advance(Duration::from_secs(100)).await;
    assert_eq!(confirm(&caller, tag, &sent).await.0, 200);
    assert_eq!(confirm(&caller, tag, &sent).await.1, "InvalidPaymentIdTagName");
}

#[tokio::test(start_paused = true)]
async fn orders_that_cannot_be_paid_are_refused() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let (caller, stranger) = (login(epp, "prvi").await, login(epp, "treci").await);
    let ids = caller.create(&[order("a", "1")]).await;
    let body = json!({"PaymentOrderIds": ids});
    assert_eq!(stranger.post("/payments", &body).await.code(), "InvalidPaymentOrderIds");
    let unknown = json!({"PaymentOrderIds": [ids[0], 5]});
    assert_eq!(caller.post("/payments", &unknown).await.code(), "InvalidPaymentOrderIds");
    assert_eq!(sandbox.unexpected(), []);
    for broken in [json!([]), json!([0, 0]), json!("1"), json!(vec![1; 5001])] {
        let answer = caller.post("/payments", &json!({"PaymentOrderIds": broken})).await;
        assert_eq!(answer.status, 400);
    }
    assert_eq!(caller.put("/payments", &json!({"Token": "1"})).await.status, 400);
    assert_eq!(sandbox.unexpected().len(), 5);
    let tag = caller.start(&ids).await;
    let token = epp.one_time_password(&tag).unwrap();
    let other = login(epp, "drugi").await;
    assert_eq!(confirm(&other, &tag, &token).await.1, "InvalidPaymentIdTagName");
}

#[tokio::test(start_paused = true)]
async fn the_payment_system_refuses_what_the_accounts_do_not_allow() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let accounts = epp.accounts();
    let from = |index: usize, amount: &str| {
        let mut order = order("a", amount);
        order["DebtorBankAccount"] = json!(accounts[index].full_number());
        order
    };
    let mut into = order("a", "1");
    into["CreditorBankAccount"] = json!(accounts[2].full_number());
    // Without means, blocked, pays out only, takes in only, into a blocked one, with means.
    let orders =
        [from(1, "1000.01"), from(2, "1"), from(3, "1"), from(4, "1"), into, from(1, "1000")];
    let ids = caller.create(&orders).await;
    let tag = caller.start(&ids).await;
    caller.confirm(&tag).await.payload();
    epp.settle().await;
    let (good, bad) = (OrderState::Executed, OrderState::Refused);
    assert_eq!(states(epp), [bad, bad, good, bad, bad, good]);
    let refused = &epp.orders()[0];
    assert_eq!(refused.body["transactionMessage"], "nema dovoljno sredstava;Amount;3");
    assert_eq!((refused.executions, refused.system_tags[1].as_str()), (0, "неизвршен"));
}
