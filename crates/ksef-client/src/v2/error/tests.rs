//! Refusals in both forms, and what an error says about them.

use common_http::scripted::{Scripted, Step};
use serde_json::json;

use super::*;
use crate::v2::{auth, client::testing, security::PublicKeys};

async fn refused(step: Step) -> Error {
    testing::client(Scripted::new([step])).send(&PublicKeys).await.unwrap_err()
}

#[tokio::test]
async fn both_forms_of_an_invalid_request_say_the_same() {
    let new = json!({
        "title": "Bad Request", "status": 400, "instance": "/v2/x", "detail": "canary-detail",
        "errors": [
            {"code": 21405, "description": "canary-words", "details": ["a.b wrong", "c wrong"]},
            {"code": 21001, "description": "more"}
        ],
        "timestamp": "2026-01-02T03:04:05.1234567Z", "traceId": "abc"
    });
    let old = json!({"exception": {
        "exceptionDetailList": [
            {"exceptionCode": 21405, "exceptionDescription": "canary-words",
             "details": ["a.b wrong", "c wrong"]},
            {"exceptionCode": 21001, "exceptionDescription": "more"}
        ],
        "serviceCode": "00-abc-00", "serviceCtx": "ctx", "serviceName": "name",
        "timestamp": "2026-01-02T03:04:05Z", "referenceNumber": null
    }});
    for body in [&new, &old] {
        let error = refused(Step::answer(400, body.to_string())).await;
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Invalid, false));
        assert_eq!(error.code(), Some(ErrorCode::new(21405)));
        let problem = error.problem().unwrap();
        assert_eq!(problem.findings.len(), 2);
        assert_eq!(problem.findings[0].details, ["a.b wrong", "c wrong"]);
        assert_eq!(problem.moment().unwrap().timestamp(), 1_767_323_045);
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    let error = refused(Step::answer(400, new.to_string())).await;
    assert_eq!(error.trace_id(), Some("abc"));
}

#[tokio::test]
async fn a_known_code_is_shown_with_what_it_means() {
    let told = |code: u32| {
        let body = json!({"errors": [{"code": code, "description": "canary"}]}).to_string();
        async { refused(Step::answer(400, body)).await.to_string() }
    };
    let known = told(21182).await;
    let meaning = ErrorCode::TOO_MANY_EXPORTS.meaning().unwrap();
    assert!(known.ends_with(&format!("(status 400, code 21182: {meaning})")), "{known}");
    let unknown = told(29999).await;
    assert!(unknown.ends_with("(status 400, code 29999)"), "{unknown}");
}

#[tokio::test]
async fn a_finding_of_another_form_does_not_cost_its_code() {
    for finding in [
        json!({"code": "21405", "description": 7, "details": "one text"}),
        json!({"exceptionCode": 21405, "exceptionDescription": null, "details": [null, {"a": 1}]}),
    ] {
        let error = refused(Step::answer(400, json!({"errors": [finding]}).to_string())).await;
        assert_eq!(error.code(), Some(ErrorCode::new(21405)));
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
    let limit = json!({"status": {"code": 429, "description": "x", "details": ["slower"]}});
    let script = Scripted::new([Step::answer(429, limit.to_string())]);
    let call = common_http::CallOptions::new().retry(common_core::retry::RetryPolicy::never());
    let error = testing::client(script).send_with(&PublicKeys, call).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::TooManyRequests, None));
    assert_eq!(error.problem().unwrap().findings[0].details, ["slower"]);
}

#[tokio::test]
async fn a_forbidden_call_says_which_permissions_it_needs() {
    let body = json!({
        "title": "Forbidden", "status": 403, "detail": "x", "reasonCode": "missing-permissions",
        "security": {"requiredAnyOfPermissions": ["InvoiceRead"], "presentPermissions": []},
        "traceId": "t"
    });
    let error = refused(Step::answer(403, body.to_string())).await;
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let problem = error.problem().unwrap();
    assert_eq!(problem.reason_code.as_deref(), Some("missing-permissions"));
    assert_eq!(problem.required_permissions(), ["InvoiceRead"]);
}

#[tokio::test]
async fn a_gateways_page_is_kept_and_not_shown() {
    let error = refused(Step::answer(403, "<html>canary</html>")).await;
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.problem().unwrap().raw.as_deref(), Some("<html>canary</html>"));
    assert!(!format!("{error:?}").contains("canary"));
    let error = refused(Step::answer(410, "")).await;
    assert_eq!((error.kind(), error.problem().unwrap().raw.as_deref()), (ErrorKind::Gone, None));
}

#[tokio::test(start_paused = true)]
async fn the_older_form_of_too_many_requests_is_read_and_obeyed() {
    let body = json!({"status": {"code": 429, "description": "x", "details": ["slower"]}});
    let script = Scripted::new([
        Step::answer(429, body.to_string()).header("retry-after", "30"),
        Step::answer(200, "[]"),
    ]);
    let client = testing::client(script.clone());
    let before = client.clock().tick();
    assert_eq!(client.send(&PublicKeys).await.unwrap(), []);
    assert!(client.clock().tick().since(before) >= Duration::from_secs(30));
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn a_login_that_may_have_begun_says_so() {
    let request = auth::StartWithSignature::new("<x/>");
    let script = Scripted::new([Step::answer(502, "")]);
    let error = testing::client(script.clone()).send(&request).await.unwrap_err();
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Server, Some(Recovery::LogInAgain)));
    assert_eq!(script.requests().len(), 1, "it is not repeated");
}
