//! Accounts on a script: tokens that are used, renewed, shared and lost.

use std::{sync::Arc, time::Duration};

use common_core::clock::SystemClock;
use common_http::{SharedToken, TransportErrorKind, scripted::Step};
use common_store::MemoryStore;
use serde_json::{Value, json};

use super::*;
use crate::v2::client::testing::{
    INVOICE, LOGIN, account, bearer, client, context, lines, public_keys, scripted, tokens,
};

fn token(name: &str, minutes: i64) -> Value {
    let until = chrono::DateTime::<chrono::Utc>::from(std::time::UNIX_EPOCH);
    let until = until + chrono::TimeDelta::days(365 * 60) + chrono::TimeDelta::minutes(minutes);
    json!({"token": name, "validUntil": until.to_rfc3339()})
}

fn nothing() -> Step {
    Step::answer(200, json!({"items": []}).to_string())
}

fn started() -> Step {
    let body = json!({"referenceNumber": LOGIN, "authenticationToken": token("login", 0)});
    Step::answer(202, body.to_string())
}

fn challenge() -> Step {
    let body = json!({"challenge": "C", "timestampMs": 1_767_225_600_000_i64});
    Step::answer(200, body.to_string())
}

fn status(code: i32) -> Step {
    Step::answer(200, json!({"status": {"code": code, "description": "x"}}).to_string())
}

fn redeemed(name: &str) -> Step {
    let both = json!({"accessToken": token(name, 15), "refreshToken": token("refresh", 9999)});
    Step::answer(200, both.to_string())
}

/// What a whole login takes from the script, once the keys are there.
fn login(name: &str) -> Vec<Step> {
    vec![challenge(), started(), status(100), status(200), redeemed(name)]
}

fn keys() -> Step {
    Step::answer(200, public_keys().0.to_string())
}

#[tokio::test]
async fn a_call_carries_the_access_token_and_nothing_else_shows_it() {
    let (account, script) = account([nothing()]).await;
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!(bearer(&script, 0).as_deref(), Some("canary-access"));
    let text = format!("{account:?} {:?} {:?}", account.tokens().await, account.client());
    assert!(!text.contains("canary"));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once_for_all_and_the_refresh_token_stays() {
    let renewed = json!({"accessToken": token("renewed", 15)}).to_string();
    let (account, script) =
        account([Step::answer(401, ""), Step::answer(200, renewed), nothing(), nothing()]).await;
    account.send(&auth_sessions::List::new()).await.unwrap();
    account.send(&auth_sessions::List::new()).await.unwrap();
    let used: Vec<_> = (0..4).map(|at| bearer(&script, at).unwrap()).collect();
    assert_eq!(used, ["canary-access", "canary-refresh", "renewed", "renewed"]);
    assert_eq!(lines(&script)[1], "POST /v2/auth/token/refresh");
}

#[tokio::test(start_paused = true)]
async fn an_account_with_a_credential_logs_in_by_itself_and_again_when_its_refresh_token_is_void() {
    let mut steps = vec![challenge(), keys()];
    steps.extend(login("first").into_iter().skip(1));
    steps.extend([nothing(), Step::answer(401, "")]);
    let void = json!({"errors": [{"code": 21301, "description": "x"}]}).to_string();
    steps.push(Step::answer(400, void));
    steps.extend(login("second"));
    steps.push(nothing());
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("canary|nip|1")).build();
    account.send(&auth_sessions::List::new()).await.unwrap();
    account.send(&auth_sessions::List::new()).await.unwrap();
    let last = script.requests().len() - 1;
    assert_eq!(bearer(&script, last).as_deref(), Some("second"));
    assert!(!format!("{account:?}").contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn a_refused_credential_is_not_tried_again_before_another_one_is_set() {
    let steps = [challenge(), keys(), started(), status(450)];
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("wrong")).build();
    for _ in 0..2 {
        let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::NoLogin, false));
        let failure = error.login_failure().unwrap();
        assert_eq!((failure.kind(), failure.status().unwrap().code), (ErrorKind::Failed, 450));
        assert!(!error.is_transient());
    }
    assert_eq!(script.requests().len(), 4);
    login("right").into_iter().chain([nothing()]).for_each(|step| script.push(step));
    account.log_in_as(Credential::token("right"));
    account.send(&auth_sessions::List::new()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_before_the_credential_was_shown_is_not_held_against_it() {
    let gate = || Step::answer(403, "{}");
    let mut steps = vec![gate(), challenge(), gate(), challenge(), keys()];
    steps.extend(login("access").into_iter().skip(1));
    steps.push(nothing());
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("t")).build();
    for _ in 0..2 {
        let error = account.send(&auth_sessions::List::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NoLogin);
    }
    account.send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!(script.requests().len(), 10);
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_lost_on_the_way_are_replaced_by_another_login() {
    let given = json!({"errors": [{"code": 21301, "description": "x"}]}).to_string();
    let mut steps = vec![challenge(), keys(), started(), status(200)];
    steps.push(Step::fail(TransportErrorKind::Interrupted));
    steps.push(Step::answer(400, given));
    steps.extend(login("second"));
    steps.push(nothing());
    let (client, script) = scripted(steps);
    let account = client.account(context()).credential(Credential::token("t")).build();
    account.send(&auth_sessions::List::new()).await.unwrap();
    let redeems = lines(&script).iter().filter(|line| line.ends_with("/redeem")).count();
    assert_eq!(redeems, 3);
}

#[tokio::test]
async fn a_call_without_tokens_and_without_a_credential_is_not_sent() {
    let (client, script) = scripted([]);
    let account = client.account(context()).build();
    let error = account.send(&auth_sessions::RevokeCurrent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoLogin);
    assert!(script.requests().is_empty());
}

#[tokio::test]
async fn tokens_are_shared_between_processes() {
    let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    let (client_a, script_a) = scripted([]);
    let script_b = common_http::scripted::Scripted::new([nothing()]);
    let client_b = client(script_b.clone());
    let account = |client: &Client, holder: &str| {
        let place = SharedToken::new(store.clone(), store.clone(), "ksef/1111111111", holder);
        client.account(context()).shared_tokens(place).build()
    };
    account(&client_a, "a").import(tokens(&client_a)).await.unwrap();
    account(&client_b, "b").send(&auth_sessions::List::new()).await.unwrap();
    assert_eq!(bearer(&script_b, 0).as_deref(), Some("canary-access"));
    assert!(script_a.requests().is_empty());
}

#[tokio::test(start_paused = true)]
async fn limits_in_force_hold_from_the_next_call_on() {
    let row = json!({"referenceNumber": INVOICE, "status": {"code": 100}}).to_string();
    let (account, _) = account((0..3).map(|_| Step::answer(200, row.clone()))).await;
    let told = json!({"invoiceStatus": {"perSecond": -1, "perMinute": 1, "perHour": -1}});
    account.adopt_rates(&serde_json::from_value(told).unwrap());
    let sent = crate::v2::sending::SentInvoice {
        session: LOGIN.parse().unwrap(),
        reference: INVOICE.parse().unwrap(),
        hash: String::new(),
    };
    let start = account.clock().tick();
    for _ in 0..3 {
        account.state_of(&sent).await.unwrap();
    }
    assert!(account.clock().tick().since(start) >= Duration::from_secs(120));
}
