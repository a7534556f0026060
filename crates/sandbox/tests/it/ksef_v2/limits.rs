//! Limits on requests.

use std::time::Duration;

use http::Method;
use sandbox::ksef_v2::{Limits, Rate};
use serde_json::json;

use super::client::*;

#[tokio::test(start_paused = true)]
async fn a_group_is_counted_per_context_and_told_in_both_forms() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (alfa, beta) = (login(ksef, ALFA).await, login(ksef, BETA).await);
    ksef.set_limits(Limits::production());
    for _ in 0..5 {
        assert_eq!(alfa.get("/sessions?sessionType=Online").await.status, 200);
    }
    let answer = alfa.get("/sessions?sessionType=Online").await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "1"));
    assert_eq!(answer.json()["status"]["code"], 429);
    let more = [("x-error-format", "problem-details")];
    let answer = alfa.send(Method::GET, "/sessions?sessionType=Online", &more, "").await;
    assert_eq!(answer.json()["status"], 429);
    assert!(answer.json()["detail"].as_str().unwrap().contains("sessionList"));
    assert_eq!(beta.get("/sessions?sessionType=Online").await.status, 200, "another context");
    assert_eq!(alfa.get("/auth/sessions").await.status, 200, "another group");
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(alfa.get("/sessions?sessionType=Online").await.status, 200);
    assert_eq!(ksef.statistics().throttled, 2);
}

#[tokio::test(start_paused = true)]
async fn operations_of_the_group_other_are_counted_one_by_one() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    ksef.set_limits(Limits::none().with("other", Rate::new(1, -1, -1)));
    assert_eq!(alfa.get("/auth/sessions").await.status, 200);
    assert_eq!(alfa.get("/auth/sessions").await.status, 429);
    assert_eq!(alfa.delete("/auth/sessions/current").await.status, 204);
}

#[tokio::test(start_paused = true)]
async fn nobody_is_counted_by_address_and_the_storage_not_at_all() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let url = text(&alfa.settled(&session, &invoice("F/1")).await["upoDownloadUrl"]);
    ksef.set_limits(Limits::production());
    for _ in 0..60 {
        let answer = Caller::nobody(ksef).send(Method::POST, "/auth/challenge", &[], "").await;
        assert_eq!(answer.status, 200);
    }
    let answer = Caller::nobody(ksef).send(Method::POST, "/auth/challenge", &[], "").await;
    assert_eq!(answer.status, 429);
    for _ in 0..100 {
        assert_eq!(fetch(ksef, &url).await.status, 200);
    }
    tokio::time::advance(Duration::from_secs(1)).await;
    let statuses = {
        let mut statuses = Vec::new();
        for at in 0..90 {
            let path =
                format!("/sessions/{session}/invoices/20260131-EE-0000000000-0000000000-{at:02}");
            statuses.push(alfa.get(&path).await.status);
        }
        statuses
    };
    assert_eq!(statuses.iter().filter(|status| **status == 400).count(), 30, "{statuses:?}");
}

#[tokio::test(start_paused = true)]
async fn warnings_and_unknown_places_are_answered_as_the_service_does() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let warning = "[xml-002]: One thing | [sig-001]: Another";
    let more = [("x-test-system-warning", warning)];
    let answer = Caller::nobody(ksef).send(Method::POST, "/auth/challenge", &more, "").await;
    assert_eq!(answer.header("x-system-warning"), warning);
    let url = |path: &str| ksef.base_url().replace("/v2", path);
    assert_eq!(fetch(ksef, &url("/v2/nowhere")).await.status, 404);
    assert_eq!(fetch(ksef, &url("/v2/auth/token/redeem")).await.status, 405);
    assert_eq!(fetch(ksef, &url("/v1/auth/challenge")).await.status, 404);
    assert_eq!(ksef.unexpected().len(), 3);
    let answer = Caller::nobody(ksef).get("/sessions?sessionType=Online").await;
    assert_eq!((answer.status, &answer.json()["status"]), (401, &json!(401)));
}
