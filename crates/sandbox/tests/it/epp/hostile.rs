//! The default mood: trouble that is legal, seeded, and never a lie about what was stored.

use std::collections::BTreeSet;

use http::Method;
use sandbox::Sandbox;
use sandbox::epp::{Epp, OrderState};
use serde_json::{Value, json};

use super::client::{Answer, Caller, ask, order, try_login};

async fn hostile(seed: u64) -> Sandbox {
    Sandbox::builder().seed(seed).without_sockets().start().await.unwrap()
}

/// Logs in, as often as 429 and 503 come before the processing.
async fn log_in(epp: &Epp) -> Caller {
    let password = epp.user("prvi").unwrap().password().to_owned();
    loop {
        let answer = try_login(epp, "prvi", &password).await;
        if matches!(answer.status, 429 | 503) {
            continue;
        }
        let tokens = answer.payload();
        let text = |name: &str| tokens[name].as_str().unwrap().to_owned();
        let (access, refresh) = (text("accessToken"), text("refreshToken"));
        return Caller { epp: epp.clone(), access, refresh };
    }
}

/// Sends until the request was processed; a token that was forgotten is renewed by a login.
async fn patient(caller: &mut Caller, method: Method, path: &str, body: Option<&Value>) -> Answer {
    loop {
        let answer = ask(&caller.epp, &caller.access, method.clone(), path, body).await.unwrap();
        match answer.status {
            429 | 503 => {}
            401 => *caller = log_in(&caller.epp).await,
            _ => return answer,
        }
    }
}

/// The payload, from both shapes of an answer.
fn payload(answer: &Answer) -> Value {
    let whole = answer.json();
    if whole.is_array() { whole } else { whole["payload"].clone() }
}

#[tokio::test(start_paused = true)]
async fn a_patient_caller_loses_nothing_over_many_seeds() {
    let (mut letters, mut shapes) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..20 {
        let sandbox = hostile(seed).await;
        let epp = sandbox.epp();
        let mut caller = log_in(epp).await;
        let orders: Vec<_> = (0..10).map(|number| order(&format!("a-{number}"), "1.50")).collect();
        let created =
            patient(&mut caller, Method::POST, "/payment-orders", Some(&json!(orders))).await;
        shapes.insert(created.json().is_array());
        assert_eq!(payload(&created).as_array().unwrap().len(), 10);
        let ids: Vec<_> = epp.orders().iter().map(|order| order.id).collect();
        assert_eq!(ids.len(), 10, "seed {seed}");

        let body = json!({"PaymentOrderIds": ids});
        let started = patient(&mut caller, Method::POST, "/payments", Some(&body)).await;
        let started = payload(&started);
        let total = started["totalAmounts"].to_string();
        assert_eq!(total.trim_matches('"'), "15.00");
        let tag = started["paymentIdTagName"].as_str().unwrap();
        let token = epp.one_time_password(tag).unwrap();
        let body = json!({"PaymentIdTagName": tag, "Token": token});
        let confirmed = patient(&mut caller, Method::PUT, "/payments", Some(&body)).await;
        let payment = payload(&confirmed)["paymentTagName"].as_str().unwrap().to_owned();
        letters.insert(payment.chars().next());
        epp.settle().await;
        for order in epp.orders() {
            assert_eq!((order.state, order.executions), (OrderState::Executed, 1), "seed {seed}");
        }
        assert_eq!(sandbox.unexpected(), []);
    }
    assert_eq!(letters, BTreeSet::from([Some('p'), Some('п')]));
    assert_eq!(shapes.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn trouble_of_every_kind_happens() {
    let (mut statuses, mut codes) = (BTreeSet::new(), BTreeSet::new());
    for seed in 0..4 {
        let sandbox = hostile(seed).await;
        let mut caller = log_in(sandbox.epp()).await;
        for _ in 0..400 {
            let answer = caller.get("/bank-accounts").await;
            statuses.insert(answer.status);
            if answer.status == 401 {
                let body = serde_json::from_slice::<Value>(&answer.body).unwrap_or_default();
                codes.insert(body["status"]["code"].as_str().unwrap_or_default().to_owned());
                caller = log_in(sandbox.epp()).await;
            }
        }
    }
    assert_eq!(statuses, BTreeSet::from([200, 401, 429, 503]));
    let expected = ["", "401", "Unauthenticated"].map(str::to_owned);
    assert_eq!(codes, BTreeSet::from(expected), "three forms of one refusal");
}

#[tokio::test(start_paused = true)]
async fn refusals_come_with_several_statuses_and_one_code() {
    let sandbox = hostile(2).await;
    let mut caller = log_in(sandbox.epp()).await;
    let mut statuses = BTreeSet::new();
    let body = json!({"PaymentIdTagName": "pa-none0", "Token": "123456"});
    for _ in 0..60 {
        let answer = patient(&mut caller, Method::PUT, "/payments", Some(&body)).await;
        assert_eq!(answer.code(), "InvalidPaymentIdTagName");
        statuses.insert(answer.status);
    }
    assert_eq!(statuses, BTreeSet::from([200, 400, 422]));
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_credentials() {
    let (first, second, other) = (hostile(4).await, hostile(4).await, hostile(5).await);
    assert_eq!(first.epp().users(), second.epp().users());
    assert_ne!(first.epp().users(), other.epp().users());
    assert!(!format!("{first:?}").contains(first.epp().users()[0].password()));
}

#[tokio::test(start_paused = true)]
async fn orders_show_their_tags_and_dates_in_several_forms() {
    let sandbox = hostile(3).await;
    let mut caller = log_in(sandbox.epp()).await;
    let orders: Vec<_> = (0..20).map(|number| order(&number.to_string(), "1")).collect();
    patient(&mut caller, Method::POST, "/payment-orders", Some(&json!(orders))).await;
    let (mut tags, mut dates) = (BTreeSet::new(), BTreeSet::new());
    for order in sandbox.epp().orders() {
        let path = format!("/payment-orders/{}", order.id);
        let shown = payload(&patient(&mut caller, Method::GET, &path, None).await);
        tags.insert(shown["userTags"].is_array());
        dates.insert(shown["createdDate"].as_str().unwrap().contains('.'));
        assert!(shown["systemTags"].is_null(), "nothing has been paid");
    }
    assert_eq!((tags.len(), dates.len()), (2, 2));
}
