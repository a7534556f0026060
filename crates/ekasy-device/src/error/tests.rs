//! What errors tell, over a scripted transport.

use std::time::Duration;

use common_core::{open::Code as _, retry::RetryPolicy};
use common_http::{
    Api, CallOptions, Client, Endpoint,
    scripted::{Scripted, Step},
};

use super::*;
use crate::{
    code::{CpdCode, WebApiCode},
    command::{
        cpd::{FetchState, FinishFiscalisation, Fiscalise},
        event_hub::Publish,
        testing::{base, id},
        web_api::{ConfirmCommand, FetchCommand, SasToken},
    },
    ident::{Moment, SerialNumber, TaxpayerId, TechnicianId},
};

async fn failure<E: Endpoint>(endpoint: &E, steps: Vec<Step>) -> Error
where
    E::Response: fmt::Debug,
{
    let client = Client::<E::Api>::builder(base(), Scripted::new(steps)).seed(7).build();
    assert!(E::Api::NAME.starts_with("crk-"));
    client.send(endpoint).await.unwrap_err().into()
}

fn fiscalise() -> Fiscalise {
    Fiscalise::new(
        id("MFP"),
        SerialNumber::parse("KASA-7").unwrap(),
        TaxpayerId::parse("1234563218").unwrap(),
        TechnicianId::of_software_register(),
    )
}

fn coded(status: u16, code: &str) -> Step {
    Step::answer(
        status,
        format!(r#"{{"Message":"canary-words","Code":"{code}","requestId":"q-1"}}"#),
    )
}

#[tokio::test(start_paused = true)]
async fn every_code_of_the_cpd_server_is_told_with_its_truth() {
    for code in CpdCode::ALL {
        let steps = vec![coded(code.http_status(), code.raw())];
        let error = failure(&fiscalise(), steps).await;
        let kind = match code.raw() {
            "E01" | "E02" => ErrorKind::Invalid,
            "E03" | "E04" | "E05" | "E06" | "E07" => ErrorKind::Server,
            _ => ErrorKind::Refused,
        };
        assert_eq!((error.kind(), error.cpd_code()), (kind, Some(*code)));
        assert_eq!(error.may_have_happened(), !code.says_nothing_was_done(), "{code}");
        assert_eq!((error.retryable(), error.advice()), (code.retryable(), Some(code.advice())));
        assert_eq!((error.endpoint(), error.request_id()), ("cpd.fiscalise", Some("q-1")));
        let problem = error.problem().unwrap();
        assert_eq!(
            (problem.code.as_deref(), problem.status),
            (Some(code.raw()), code.http_status())
        );
        assert!(problem.body.as_deref().unwrap().contains("canary-words"));
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(code.raw()) && !shown.contains("canary"), "{shown}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_known_code_is_no_promise() {
    for body in [r#"{"Code":"B99"}"#, "", "<html>"] {
        let step = || Step::answer(406, body);
        let error = failure(&fiscalise(), vec![step()]).await;
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Unexpected, true));
        assert_eq!(error.cpd_code(), None);
        let read = failure(&FetchState::new(id("GIS")), vec![step()]).await;
        assert!(!read.may_have_happened());
    }
}

#[tokio::test(start_paused = true)]
async fn a_fiscalisation_is_sent_once_and_its_end_again() {
    let error = failure(&fiscalise(), vec![coded(500, "E05"), Step::answer(200, "{}")]).await;
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Server, true));
    let script = Scripted::new([coded(500, "E05"), Step::answer(204, "")]);
    let client = Client::builder(base(), script.clone()).seed(7).build();
    client.send(&FinishFiscalisation::new(id("FPD"))).await.unwrap();
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_last_refusal_does_not_hide_what_an_earlier_try_may_have_done() {
    let steps = vec![coded(500, "E05"), coded(406, "B07")];
    let error = failure(&FinishFiscalisation::new(id("FPD")), steps).await;
    assert_eq!(error.cpd_code(), Some(CpdCode::NotStarted));
    assert!(error.may_have_happened());
}

#[tokio::test(start_paused = true)]
async fn the_web_api_has_codes_of_its_own() {
    let at = Moment::parse("2026-02-01T08:05:00.007Z").unwrap();
    let confirm = ConfirmCommand::executed(id("CQC"), at);
    let error = failure(&confirm, vec![Step::answer(400, r#"{"code":110,"message":"x"}"#)]).await;
    assert_eq!(error.code(), Some(AnswerCode::WebApi(WebApiCode::UnknownCommand.into())));
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Invalid, false));
    assert_eq!((error.cpd_code(), error.retryable()), (None, false));
    for (status, kind) in [(403, ErrorKind::Forbidden), (404, ErrorKind::NotFound)] {
        let error = failure(&FetchCommand, vec![Step::answer(status, "")]).await;
        assert_eq!((error.kind(), error.code(), error.retryable()), (kind, None, false));
    }
}

#[tokio::test(start_paused = true)]
async fn a_busy_hub_is_left_alone_for_four_seconds() {
    let url = "https://crk.example.test:5062/h".to_owned();
    let token = SasToken::new(url, "SharedAccessSignature x".into(), Duration::ZERO);
    let publish = Publish::new(&token, "{}".into());
    let no_retry = || CallOptions::new().retry(RetryPolicy::never());
    for (step, kind, wait) in [
        (Step::answer(503, ""), ErrorKind::Server, Some(4)),
        (Step::answer(500, "<Detail>busy, 50002.</Detail>"), ErrorKind::Server, Some(4)),
        (Step::answer(503, "").header("retry-after", "9"), ErrorKind::Server, Some(9)),
        (Step::answer(500, ""), ErrorKind::Server, None),
        (Step::answer(401, ""), ErrorKind::Unauthenticated, None),
        (Step::answer(413, ""), ErrorKind::TooLarge, None),
    ] {
        let client = Client::builder(base(), Scripted::new([step])).seed(7).build();
        let error: Error = client.send_with(&publish, no_retry()).await.unwrap_err().into();
        assert_eq!((error.kind(), error.retry_after()), (kind, wait.map(Duration::from_secs)));
        assert_eq!(error.may_have_happened(), kind == ErrorKind::Server);
    }
}
