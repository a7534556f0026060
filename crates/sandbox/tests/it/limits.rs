//! Limits are really counted, per token and on arrival.

use std::time::Duration;

use http::Method;
use sandbox::Sandbox;
use sandbox::kros::Profile;
use serde_json::json;

use crate::client::{ask, get, invoice, post};

async fn limited(profile: Profile) -> Sandbox {
    let sandbox = Sandbox::builder().calm().without_sockets().start().await.unwrap();
    sandbox.kros().set_limits(profile);
    sandbox
}

#[tokio::test(start_paused = true)]
async fn the_sixth_request_of_a_second_waits_as_told() {
    let sandbox = limited(Profile::Documented).await;
    let kros = sandbox.kros();
    for _ in 0..5 {
        assert_eq!(get(kros, "/auth/check").await.status, 200);
    }
    let refused = get(kros, "/auth/check").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "1");
    let beta = kros.token("Beta").unwrap();
    let other = ask(kros, &beta, Method::GET, "/auth/check", None).await.unwrap();
    assert_eq!(other.status, 200, "each token has its own windows");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(get(kros, "/auth/check").await.status, 200);
    let statistics = kros.statistics();
    assert_eq!((statistics.total, statistics.refused), (8, 1));
    assert_eq!((statistics.most_per_second, statistics.most_per_minute), (6, 7));
}

#[tokio::test(start_paused = true)]
async fn the_minute_of_the_current_profile_is_counted() {
    let sandbox = limited(Profile::Current).await;
    let kros = sandbox.kros();
    for _ in 0..300 {
        assert_eq!(get(kros, "/auth/check").await.status, 200);
        tokio::time::advance(Duration::from_millis(100)).await;
    }
    let refused = get(kros, "/auth/check").await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (429, "30"));
    tokio::time::advance(Duration::from_secs(30)).await;
    assert_eq!(get(kros, "/auth/check").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_request_refused_with_429_is_not_processed() {
    let sandbox = limited(Profile::Documented).await;
    let kros = sandbox.kros();
    for _ in 0..5 {
        get(kros, "/auth/check").await;
    }
    let body = json!({"data": invoice("a", "1")});
    assert_eq!(post(kros, "/invoices", &body).await.status, 429);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(post(kros, "/invoices", &body).await.status, 202, "no 409: it was not accepted");
    kros.settle().await;
    assert_eq!(kros.documents().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn faulted_requests_count_on_arrival() {
    let sandbox = limited(Profile::Documented).await;
    let kros = sandbox.kros();
    let fault = sandbox::fault::Fault::DropRequest;
    kros.faults().push(sandbox::fault::Rule::new(fault).turn(sandbox::fault::Turn::First(5)));
    let token = kros.token("0").unwrap();
    for _ in 0..5 {
        assert!(ask(kros, &token, Method::GET, "/auth/check", None).await.is_err());
    }
    assert_eq!(get(kros, "/auth/check").await.status, 429);
}
