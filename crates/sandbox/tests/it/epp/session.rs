//! Logging in, refreshing, and what a token opens.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::time::advance;

use super::client::{ask, calm, login, try_login};

#[tokio::test]
async fn a_ping_needs_nobody() {
    let sandbox = calm().await;
    let answer = ask(sandbox.epp(), "", Method::GET, "/login/ping", None).await.unwrap();
    assert!(answer.payload().is_null());
}

#[tokio::test(start_paused = true)]
async fn a_login_gives_a_pair_of_tokens_in_the_documented_form() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let password = epp.user("prvi").unwrap().password().to_owned();
    let tokens = try_login(epp, "prvi", &password).await.payload();
    assert_eq!(tokens["creationTime"], "2026-01-31T12:00:00.0000000+01:00");
    for name in ["accessToken", "refreshToken"] {
        let token = tokens[name].as_str().unwrap();
        assert_eq!(token.split('.').next(), Some("eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9"));
        assert_eq!(token.split('.').count(), 3);
    }
    assert_eq!((epp.logins(), epp.statistics().refused_logins), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn three_refused_logins_block_the_user_for_a_minute() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let password = epp.user("prvi").unwrap().password().to_owned();
    for _ in 0..3 {
        let refused = try_login(epp, "prvi", "wrong").await;
        assert_eq!((refused.status, refused.code().as_str()), (401, "InvalidLogin"));
    }
    let blocked = try_login(epp, "prvi", &password).await;
    assert_eq!((blocked.status, blocked.code().as_str()), (401, "UserBlocked"));
    login(epp, "drugi").await;
    advance(Duration::from_secs(59)).await;
    assert_eq!(try_login(epp, "prvi", &password).await.code(), "UserBlocked");
    advance(Duration::from_secs(1)).await;
    assert_eq!(try_login(epp, "prvi", &password).await.status, 200);
    let statistics = epp.statistics();
    assert_eq!((statistics.logins, statistics.refused_logins), (2, 5));
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn an_access_token_lives_twenty_minutes_and_a_refresh_renews_it() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    advance(Duration::from_secs(20 * 60 - 1)).await;
    assert_eq!(caller.get("/bank-accounts").await.status, 200);
    advance(Duration::from_secs(1)).await;
    let refused = caller.get("/bank-accounts").await;
    assert_eq!(refused.json()["status"], json!({"code": "401", "message": "Unauthenticated"}));
    assert_eq!(refused.status, 401);

    let renew = || ask(epp, &caller.refresh, Method::GET, "/login/refresh", None);
    let tokens = renew().await.unwrap().payload();
    let access = tokens["accessToken"].as_str().unwrap();
    let answer = ask(epp, access, Method::GET, "/bank-accounts", None).await.unwrap();
    assert_eq!(answer.status, 200);
    assert_ne!(tokens["refreshToken"], caller.refresh.as_str());
    assert_eq!(renew().await.unwrap().status, 401, "a refresh token works once");
    let statistics = epp.statistics();
    assert_eq!((epp.refreshes(), statistics.refused_refreshes), (1, 1));
    assert_eq!((statistics.early_refreshes, statistics.unauthenticated), (0, 1));
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_without_need_is_counted() {
    let sandbox = calm().await;
    let caller = login(sandbox.epp(), "prvi").await;
    ask(sandbox.epp(), &caller.refresh, Method::GET, "/login/refresh", None).await.unwrap();
    assert_eq!(sandbox.epp().statistics().early_refreshes, 1);
}

#[tokio::test(start_paused = true)]
async fn lives_can_be_set_and_ended() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    epp.set_token_life(Duration::from_secs(5));
    epp.set_refresh_life(Duration::from_secs(10));
    let caller = login(epp, "prvi").await;
    advance(Duration::from_secs(5)).await;
    assert_eq!(caller.get("/bank-accounts").await.status, 401);
    advance(Duration::from_secs(5)).await;
    let renew = |token: String| async move {
        ask(epp, &token, Method::GET, "/login/refresh", None).await.unwrap().status
    };
    assert_eq!(renew(caller.refresh).await, 401);

    let caller = login(epp, "prvi").await;
    epp.expire_tokens();
    assert_eq!(caller.get("/bank-accounts").await.status, 401);
    epp.expire_refresh_tokens();
    assert_eq!(renew(caller.refresh).await, 401);
}

#[tokio::test]
async fn the_two_tokens_cannot_take_each_others_place() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let answer = ask(epp, &caller.refresh, Method::GET, "/bank-accounts", None).await.unwrap();
    assert_eq!(answer.status, 401);
    let answer = ask(epp, &caller.access, Method::GET, "/login/refresh", None).await.unwrap();
    assert_eq!(answer.status, 401);
    let noted: Vec<_> = epp.unexpected().into_iter().map(|one| one.what).collect();
    assert_eq!(
        noted,
        [
            "a refresh token in place of an access token",
            "an access token in place of a refresh token"
        ]
    );
}

#[tokio::test]
async fn each_right_opens_its_calls_and_no_others() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let calls = [
        (Method::GET, "/bank-accounts"),
        (Method::GET, "/bank-accounts/0000000910000"),
        (Method::GET, "/bank-accounts/0000000910000/statement-url"),
        (Method::GET, "/payment-orders"),
        (Method::GET, "/payment-orders/1"),
        (Method::POST, "/payment-orders"),
        (Method::POST, "/payment-orders/validate"),
        (Method::POST, "/payments"),
        (Method::PUT, "/payments"),
    ];
    for (name, allowed) in [("prvi", 9), ("unos", 7), ("pregled", 5), ("niko", 0)] {
        let caller = login(epp, name).await;
        for (index, (method, path)) in calls.iter().enumerate() {
            let body = json!({});
            let body = (*method != Method::GET).then_some(&body);
            let answer = ask(epp, &caller.access, method.clone(), path, body).await.unwrap();
            assert_eq!(answer.status != 403, index < allowed, "{name} {method} {path}");
            if answer.status == 403 {
                let expected = json!({"code": "403", "message": "Unauthorized"});
                assert_eq!(answer.json()["status"], expected);
            }
        }
    }
}

#[tokio::test]
async fn broken_logins_are_refused_and_noted() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    for (body, status) in [(json!({"login": "prvi"}), 400), (json!([]), 400)] {
        let answer = ask(epp, "", Method::POST, "/login", Some(&body)).await.unwrap();
        assert_eq!(answer.status, status);
    }
    let answer = ask(epp, "", Method::POST, "/login", None).await.unwrap();
    assert_eq!(answer.status, 415);
    assert_eq!(epp.unexpected().len(), 3);
    assert_eq!(epp.statistics().refused_logins, 0);
}
