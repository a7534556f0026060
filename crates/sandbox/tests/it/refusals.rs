//! Every status other than 200 and 202, and what it leaves behind.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::client::{ask, calm, get, invoice, post};

#[tokio::test]
async fn a_missing_or_wrong_token_is_401() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    for token in ["", "x", "x y"] {
        let answer = ask(kros, token, Method::GET, "/auth/check", None).await.unwrap();
        assert_eq!(answer.status, 401, "{token}");
        let body = json!({"data": invoice("a", "1")});
        let answer = ask(kros, token, Method::POST, "/invoices", Some(&body)).await.unwrap();
        assert_eq!(answer.status, 401, "{token}");
    }
    kros.settle().await;
    assert!(kros.documents().is_empty());
    assert_eq!(kros.statistics().total, 0, "strangers fill no window");
}

#[tokio::test]
async fn an_expired_licence_is_402() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let token = kros.token("Gama").unwrap();
    let status = |path: &'static str| {
        let token = token.clone();
        async move { ask(kros, &token, Method::GET, path, None).await.unwrap().status }
    };
    assert_eq!(status("/invoices").await, 402);
    assert_eq!(status("/auth/check").await, 200);
}

#[tokio::test]
async fn unknown_things_are_404_and_unknown_routes_are_noted() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    for path in ["/invoices/1", "/invoices/abc", "/expenses/1", "/invoices/1/reports/17"] {
        assert_eq!(get(kros, path).await.status, 404, "{path}");
    }
    assert_eq!(sandbox.unexpected(), []);
    assert_eq!(get(kros, "/invoice").await.status, 404);
    let delete = ask(kros, "", Method::DELETE, "/invoices/1", None).await.unwrap();
    assert_eq!(delete.status, 404);
    let whats: Vec<_> = sandbox.unexpected().into_iter().map(|one| (one.what, one.path)).collect();
    let expected = ["/api/invoice", "/api/invoices/1"];
    assert_eq!(whats, expected.map(|path| ("unknown route".to_owned(), path.to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_refused_batch_stores_nothing_and_tells_all_errors() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let mut bad = invoice("bad", "1.005");
    bad["bankAccount"] = json!({"iban": "SK3112000000198742637542"});
    bad["variableSymbol"] = "12345678901".into();
    let batch = json!({"data": [invoice("good", "1"), bad, {"items": [{"name": ""}]}]});
    let mut errors = post(kros, "/invoices/batch", &batch).await.errors();
    errors.sort();
    let expected = [
        (Some(1), "bankAccount.iban"),
        (Some(1), "items[0].totalPriceInclVat"),
        (Some(1), "variableSymbol"),
        (Some(2), "items[0].name"),
    ];
    assert_eq!(errors, expected.map(|(index, path)| (index, path.to_owned())));
    kros.settle().await;
    assert!(kros.documents().is_empty());
    assert!(kros.notifications().is_empty());
    assert_eq!(sandbox.unexpected(), [], "wrong data is the business of the caller's user");
    assert_eq!(post(kros, "/invoices/batch", &batch).await.status, 400, "it is not remembered");
}

#[tokio::test]
async fn payments_need_a_date_and_a_sum() {
    let sandbox = calm().await;
    let body = json!({"data": [{"remittanceInformation": "x".repeat(141)}]});
    let mut errors = post(sandbox.kros(), "/payments/batch", &body).await.errors();
    errors.sort();
    let expected = ["dateOfPayment", "remittanceInformation", "sumOfPayment"];
    assert_eq!(errors, expected.map(|path| (Some(0), path.to_owned())));
}

#[tokio::test]
async fn broken_envelopes_are_400_and_noted() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let too_many = json!({"data": vec![invoice("a", "1"); 101]});
    let bodies: [(&str, Value); 4] = [
        ("/invoices", json!({"data": []})),
        ("/invoices/batch", json!([])),
        ("/invoices/batch", json!({"data": []})),
        ("/invoices/batch", too_many),
    ];
    for (index, (path, body)) in bodies.iter().enumerate() {
        assert_eq!(post(kros, path, body).await.errors(), [(None, "data".to_owned())]);
        assert_eq!(sandbox.unexpected().len(), index + 1);
    }
}

#[tokio::test]
async fn lists_refuse_what_a_filter_cannot_take() {
    let sandbox = calm().await;
    let answer = get(sandbox.kros(), "/invoices?Top=101&IssueDateFrom=1.1.2026").await;
    let expected = [(None, "Top".to_owned()), (None, "IssueDateFrom".to_owned())];
    assert_eq!(answer.errors(), expected);
}

#[tokio::test(start_paused = true)]
async fn the_same_request_is_409_for_120_seconds() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let body = json!({"data": invoice("a", "1")});
    assert_eq!(post(kros, "/invoices", &body).await.status, 202);
    assert_eq!(post(kros, "/invoices", &body).await.status, 409);
    let beta = kros.token("Beta").unwrap();
    let other = ask(kros, &beta, Method::POST, "/invoices", Some(&body)).await.unwrap();
    assert_eq!(other.status, 202, "another company");
    let changed = json!({"data": invoice("a", "2")});
    assert_eq!(post(kros, "/invoices", &changed).await.status, 202, "another body");
    tokio::time::advance(Duration::from_millis(119_999)).await;
    assert_eq!(post(kros, "/invoices", &body).await.status, 409);
    tokio::time::advance(Duration::from_millis(1)).await;
    assert_eq!(post(kros, "/invoices", &body).await.status, 202);
    kros.settle().await;
    assert_eq!(kros.documents().len(), 4);
}

#[tokio::test]
async fn requests_are_recorded_without_their_query() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    get(kros, "/invoices?OrderNumber=tajne").await;
    ask(kros, "zle", Method::GET, "/tags", None).await.unwrap();
    let requests = kros.requests();
    let seen: Vec<_> = requests.iter().map(|one| (one.id, one.path.as_str(), one.status)).collect();
    assert_eq!(seen, [(1, "/api/invoices", Some(200)), (2, "/api/tags", Some(401))]);
    assert!(!format!("{requests:?}").contains("tajne"));
}

#[tokio::test]
async fn credentials_stay_out_of_debug_and_records() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let token = kros.token("Alfa").unwrap();
    kros.set_webhook(5001, "http://127.0.0.1:9/", "tajny-kluc").unwrap();
    let body = json!({"data": [], "token": token});
    post(kros, "/invoices", &body).await;
    let shown = format!("{sandbox:?} {kros:?} {:?} {:?}", kros.companies(), kros.service());
    let records = format!("{:?} {:?}", kros.requests(), kros.unexpected());
    for secret in [token.as_str(), "tajny-kluc"] {
        assert!(!shown.contains(secret) && !records.contains(secret));
    }
    assert_eq!(kros.unexpected().len(), 1);
}

#[tokio::test]
async fn a_body_beyond_every_batch_is_413() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let body = json!("x".repeat(33 * 1024 * 1024));
    let answer = ask(kros, "", Method::POST, "/invoices", Some(&body)).await.unwrap();
    assert_eq!((answer.status, kros.requests().len()), (413, 0));
}
