//! Envelopes, what stands in their place, and what each failure says about having happened.

use bytes::Bytes;
use common_core::{effect::ErrorKind as Common, retry::RetryPolicy};
use common_http::{
    Api, Auth, BaseUrl, Body, BuildError, CallOptions, DecodeError, Endpoint, Parts,
    RequestBuilder, TransportErrorKind, scripted::Step,
};
use http::Method;

use super::*;
use crate::v1::{
    api::KsefV1,
    client::testing::{refusal, scripted},
    security,
};

/// A call that must not be made twice; the tests of endpoints look at the real ones.
struct Once;

impl Endpoint for Once {
    type Api = KsefV1;
    type Response = ();

    const INFO: Info = Info {
        name: "invoices.send",
        method: Method::PUT,
        path: "/once",
        effect: Effect::Once,
        auth: Auth::None,
        limit: "",
        section: "none",
    };

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(_: &Parts, _: &Bytes) -> Result<(), DecodeError> {
        Ok(())
    }
}

async fn error_of(step: Step) -> Error {
    let (client, _) = scripted([step]);
    let options = CallOptions::new().retry(RetryPolicy::never());
    client.send_with(&Once, options).await.unwrap_err()
}

#[tokio::test]
async fn an_envelope_is_read_whole() {
    let error = error_of(refusal(400, 21304)).await;
    let problem = error.problem().unwrap();
    assert_eq!(problem.status, 400);
    assert_eq!(problem.findings.len(), 1);
    assert_eq!(problem.code(), Some(ExceptionCode::NOT_AUTHENTICATED));
    assert_eq!(problem.findings[0].description.as_deref(), Some("canary-description"));
    assert_eq!(problem.service_context.as_deref(), Some("srvTEST"));
    assert_eq!(problem.service_code.as_deref(), Some("20240401-EX-0123456789-ABCDEF0123-47"));
    assert_eq!(problem.service_name.as_deref(), Some("online.test"));
    assert_eq!(problem.moment().unwrap().timestamp_subsec_millis(), 123);
    assert_eq!((&problem.reference_number, &problem.raw), (&None, &None));
}

#[tokio::test]
async fn findings_keep_their_order_and_nothing_is_required_of_them() {
    let body = r#"{"exception":{"serviceCode":"A GUID","exceptionDetailList":[
        {"exceptionCode":29999,"exceptionDescription":null},{"exceptionDescription":"x"},{}]}}"#;
    let error = error_of(Step::answer(400, body)).await;
    let problem = error.problem().unwrap();
    let codes: Vec<_> = problem.findings.iter().map(|finding| finding.code).collect();
    assert_eq!(codes, [Some(ExceptionCode::new(29999)), None, None]);
    assert_eq!(error.kind(), ErrorKind::Invalid);
    for body in [r#"{"exception":{}}"#, r#"{"exception":{"exceptionDetailList":null}}"#] {
        let error = error_of(Step::answer(400, body)).await;
        assert_eq!((error.code(), error.kind()), (None, ErrorKind::Invalid), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_envelope_is_kept_raw() {
    let page = "<html>bad gateway</html>";
    let error = error_of(Step::answer(502, page)).await;
    assert_eq!(error.problem().unwrap().raw.as_deref(), Some(page));
    assert_eq!(error.kind(), ErrorKind::Server);
    let error = error_of(Step::answer(404, "")).await;
    assert_eq!(error.problem().unwrap().raw, None);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let long = "é".repeat(4000);
    let error = error_of(Step::answer(500, long)).await;
    assert!(error.problem().unwrap().raw.as_deref().unwrap().len() <= 2048 + 3);
}

#[tokio::test]
async fn a_code_says_more_than_its_status() {
    for (status, code, kind) in [
        (400, 9102, ErrorKind::Signature),
        (400, 20005, ErrorKind::Encryption),
        (400, 21116, ErrorKind::LoginRefused),
        (400, 21121, ErrorKind::TooManyRequests),
        (400, 21154, ErrorKind::SessionEnded),
        (400, 21164, ErrorKind::NotFound),
        (401, 21170, ErrorKind::SessionEnded),
        (400, 21171, ErrorKind::NoSession),
        (400, 21176, ErrorKind::Duplicate),
        (400, 21177, ErrorKind::TooManyResults),
        (400, 21187, ErrorKind::Conflict),
        (400, 21301, ErrorKind::Forbidden),
        (401, 21304, ErrorKind::NotYet),
        (400, 21307, ErrorKind::Unauthenticated),
        (400, 30012, ErrorKind::Server),
        (400, 31000, ErrorKind::Unexpected),
        (500, 21405, ErrorKind::Invalid),
        (401, 29999, ErrorKind::Unauthenticated),
    ] {
        let error = error_of(refusal(status, code)).await;
        assert_eq!((error.kind(), error.code().unwrap().number()), (kind, code), "{status} {code}");
    }
}

#[tokio::test]
async fn every_known_code_has_a_kind_and_only_doubtful_ones_leave_the_outcome_open() {
    for code in ExceptionCode::known() {
        let error = error_of(refusal(400, code.number())).await;
        assert_eq!(Some(error.kind()), code.kind(), "{code}");
        let open = matches!(error.kind(), ErrorKind::Server | ErrorKind::Unexpected);
        assert_eq!(error.may_have_happened(), open, "{code}");
        assert_eq!(error.recovery().is_some(), open, "{code}");
    }
}

#[tokio::test]
async fn what_may_have_happened_names_the_way_to_find_out() {
    let lost = [TransportErrorKind::Timeout, TransportErrorKind::Interrupted].map(Step::fail);
    for step in lost.into_iter().chain([Step::answer(500, ""), Step::answer(302, "")]) {
        let error = error_of(step).await;
        assert!(error.may_have_happened(), "{error}");
        assert_eq!(error.recovery(), Some(Recovery::SessionStatus));
        assert!(error.to_string().contains("look for the invoice"), "{error}");
    }
    let error = error_of(Step::fail(TransportErrorKind::Connect)).await;
    assert_eq!((error.kind(), error.recovery()), (ErrorKind::Connect, None));
    // A business code beside a 5xx is a refusal all the same.
    assert!(!error_of(refusal(500, 21176)).await.may_have_happened());
}

#[tokio::test(start_paused = true)]
async fn not_yet_and_too_many_are_repeated_for_every_effect() {
    for code in [21304, 21121] {
        let (client, script) = scripted([refusal(400, code), Step::answer(202, "")]);
        client.send(&Once).await.unwrap();
        assert_eq!(script.requests().len(), 2);
    }
    let (client, script) = scripted([refusal(400, 30012), Step::answer(202, "")]);
    assert!(client.send(&Once).await.unwrap_err().may_have_happened());
    assert_eq!(script.requests().len(), 1);
}

#[tokio::test]
async fn transient_is_what_the_facts_list() {
    for (step, transient) in [
        (refusal(400, 21304), true),
        (refusal(400, 21121), true),
        (refusal(400, 30012), true),
        (Step::answer(429, ""), true),
        (Step::answer(503, ""), true),
        (refusal(400, 21176), false),
        (refusal(400, 31000), false),
        (Step::answer(404, ""), false),
    ] {
        let error = error_of(step).await;
        assert_eq!(error.is_transient(), transient, "{error}");
    }
}

#[test]
fn the_kind_that_decides_about_retries_comes_from_the_code() {
    let kind = |status, code: &str| {
        let problem = common_http::ProblemContext { code: Some(code.into()), ..Default::default() };
        KsefV1::kind(status, &problem)
    };
    assert_eq!(kind(400, "21304"), Common::TooManyRequests);
    assert_eq!(kind(400, "30012"), Common::Server);
    assert_eq!(kind(400, "21176"), Common::Invalid);
    assert_eq!(kind(503, ""), Common::Server);
}

#[tokio::test]
async fn the_cause_is_the_source_and_words_of_the_service_show_only_when_asked_for() {
    let error = error_of(refusal(400, 21176)).await;
    let shown = "ksef invoices.send: it has been sent already \
        (status 400, code 21176: the session holds the same invoice already)";
    assert_eq!(error.to_string(), shown);
    let mut all = format!("{error:?} {error}");
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(error) = cause {
        all = format!("{all} {error} {error:?}");
        cause = error.source();
    }
    assert!(!all.contains("canary"), "{all}");
    let page = error_of(Step::answer(502, "canary-page")).await;
    assert!(!format!("{page:?} {page}").contains("canary"));
}

#[tokio::test]
async fn a_read_never_happened() {
    let (client, _) = scripted([Step::answer(200, "no key")]);
    let error = client.send(&security::PublicKey).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Unreadable, false));
}
