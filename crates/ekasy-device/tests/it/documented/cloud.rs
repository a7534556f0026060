//! The statuses and codes of the WebApi and of the Event Hub (source document, sections 2.3.1 and
//! 2.3.2; CRK facts §5).

use std::time::Duration;

use common_core::open::{Code as _, Open};
use common_http::Body;
use ekasy_device::{
    Error, ErrorKind,
    channel::Wires,
    code::{AnswerCode, WebApiCode},
    command::web_api::{ConfirmCommand, SasToken},
    ident::CommandKind,
};
use http::{HeaderValue, header::AUTHORIZATION};
use sandbox::{
    crk::Kind,
    fault::{Fault, Rule},
};
use serde_json::Value;

use super::{
    Tally,
    scene::{Scene, Stage, map_body, replace},
};
use crate::till::{InProcess, environment, now};

/// Why the cloud refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It was told to.
    Script,
    /// The register is not fiscalised yet.
    NotFiscalised,
    /// The connection shows a certificate that the register never sent.
    ForeignCertificate,
    /// The request has more than 100 kB.
    TooLarge,
    /// The method does not exist.
    WrongAddress,
    /// The identifier is of the 13th month.
    BrokenId,
    /// No such command was ever given.
    UnknownCommand,
    /// The token is over.
    OldToken,
    /// The request carries no token.
    NoToken,
    /// The package is empty.
    Empty,
    /// The package has more than 256 kB.
    LargePackage,
    /// The address of the token is not that of a publisher.
    NoPublisher,
}

use Cause::{
    BrokenId, Empty, ForeignCertificate, LargePackage, NoPublisher, NoToken, NotFiscalised,
    OldToken, Script, TooLarge, UnknownCommand, WrongAddress,
};

type Causes = &'static [Cause];

/// Name of the endpoint in the contract and in errors, its statuses, and its codes, with causes.
type Call = (&'static str, &'static str, &'static [(u16, Causes)], &'static [(WebApiCode, Causes)]);

const FORBIDDEN: (u16, Causes) = (403, &[NotFiscalised, ForeignCertificate]);
const NOT_FOUND: (u16, Causes) = (404, &[TooLarge, WrongAddress]);
const FAILED: (u16, Causes) = (500, &[Script]);

const CODES: &[(WebApiCode, Causes)] =
    &[(WebApiCode::CommandIdForm, &[BrokenId]), (WebApiCode::UnknownCommand, &[UnknownCommand])];

#[rustfmt::skip] // One row per call, as the contract has them.
const CALLS: &[Call] = &[
    ("webapi::Ping", "web_api.ping", &[FORBIDDEN, NOT_FOUND, FAILED], &[]),
    ("webapi::FetchCommand", "web_api.fetch_command", &[FORBIDDEN, NOT_FOUND, FAILED], &[]),
    ("webapi::ConfirmCommand", "web_api.confirm_command", &[(400, &[BrokenId, UnknownCommand]), FORBIDDEN, NOT_FOUND, FAILED], CODES),
    ("webapi::FetchToken", "web_api.fetch_token", &[FORBIDDEN, NOT_FOUND, FAILED], &[]),
    ("event_hub::Send", "event_hub.publish", &[(400, &[Empty]), (401, &[OldToken, NoToken]), (404, &[NoPublisher]), (413, &[LargePackage]), FAILED, (503, &[Script])], &[]),
];

#[test]
fn every_status_and_code_of_the_contract_has_its_scene() {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/crk/contract/endpoints.json");
    let contract: Vec<Value> =
        serde_json::from_str(&std::fs::read_to_string(place).unwrap()).unwrap();
    let rows: Vec<_> = contract.iter().filter(|row| row["channel"] != "cpd").collect();
    assert_eq!(rows.len(), CALLS.len());
    for row in rows {
        let (.., statuses, codes) = CALLS.iter().find(|(name, ..)| row["name"] == *name).unwrap();
        let answers = row["answers"].as_array().unwrap().iter();
        let failures: Vec<_> =
            answers.filter(|status| status.as_u64().is_some_and(|status| status >= 400)).collect();
        let scenes: Vec<_> = statuses.iter().map(|(status, _)| status).collect();
        assert_eq!(failures, scenes, "{}", row["name"]);
        let listed = row.get("errors").cloned().unwrap_or_else(|| Value::Array(Vec::new()));
        let scenes: Vec<_> = codes.iter().map(|(code, _)| code.raw()).collect();
        assert_eq!(listed, serde_json::json!(scenes), "{}", row["name"]);
    }
    let codes: Vec<_> = CODES.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, WebApiCode::ALL);
}

#[tokio::test(start_paused = true)]
async fn every_documented_status_and_code_of_the_cloud_is_met() {
    let mut tally = Tally::default();
    let has_cause = |causes: Causes| causes.iter().any(|cause| *cause != Script);
    for (_, endpoint, statuses, codes) in CALLS {
        for (status, causes) in *statuses {
            for cause in *causes {
                let error = meet(endpoint, *status, *cause).await;
                assert_eq!(error.code().is_some(), *status == 400 && !codes.is_empty());
            }
            tally.count(has_cause(causes));
        }
        for (code, causes) in *codes {
            for cause in *causes {
                let error = meet(endpoint, code.http_status(), *cause).await;
                assert_eq!(error.code(), Some(AnswerCode::WebApi(Open::Known(*code))));
                assert_eq!(error.advice(), Some(code.advice()));
            }
            tally.count(has_cause(causes));
        }
    }
    tally.say("statuses and codes of the WebApi and the Event Hub");
    assert_eq!(tally, Tally { pairs: 21, by_cause: 15, by_script: 6 });
}

/// Lets one call fail for one cause, looks at what the error says, and makes the call once more
/// without the cause.
async fn meet(endpoint: &'static str, status: u16, cause: Cause) -> Error {
    let stage = if cause == NotFiscalised { Stage::Started } else { Stage::Fiscalised };
    let mut scene = Scene::of(Kind::Hardware, stage).await;
    let failed = match (endpoint, cause) {
        ("event_hub.publish", _) => publish(&scene, status, cause).await,
        (_, UnknownCommand) => {
            let id = scene.id(CommandKind::QrCode);
            scene.client.confirm(&ConfirmCommand::executed(id, now(&scene.till).into())).await
        }
        _ => call(&scene, endpoint, cause).await,
    };
    let what = format!("{endpoint} {status} by {cause:?}");
    let Err(error) = failed else { panic!("{what} did not fail") };
    assert_told(&error, endpoint, status, &what);
    scene.advance(Stage::Fiscalised).await;
    scene.call(endpoint).await.unwrap_or_else(|error| panic!("{what}, and then {error:?}"));
    let noted: Vec<_> =
        scene.till.sandbox.crk().unexpected().into_iter().map(|one| one.what).collect();
    let expected: &[&str] = match cause {
        TooLarge => &["a request of more than 100 kB"],
        WrongAddress | NoPublisher => &["unknown route"],
        BrokenId => &["a confirmation with a malformed `commandId`"],
        Empty => &["an empty package"],
        LargePackage => &["a package above the limit of the Event Hub"],
        _ => &[],
    };
    // What was published once more is no package; that is found behind the hub.
    let noted: Vec<_> =
        noted.iter().filter(|one| *one != "a package without `commandId`").collect();
    assert_eq!(noted, expected, "{what}");
    error
}

/// A call of the WebApi in which something is wrong.
async fn call(scene: &Scene, endpoint: &str, cause: Cause) -> Result<(), Error> {
    let client = match cause {
        Script => {
            if endpoint == "web_api.confirm_command" {
                return fail_the_confirmation(scene).await;
            }
            fail_once(scene, 500);
            scene.client.clone()
        }
        ForeignCertificate => scene.client_of(scene.till.number(), &scene.other()),
        TooLarge => scene.altered(padded),
        WrongAddress => scene.altered(|request| replace(request, "Repository", "Repozytorium")),
        BrokenId => scene.altered(|request| replace(request, "\"CQC.TSA", "\"CQC.tsa")),
        _ => scene.client.clone(),
    };
    scene.call_as(&client, endpoint).await
}

/// A request with a header that nobody needs.
fn padded(mut request: http::Request<Body>) -> http::Request<Body> {
    let large = HeaderValue::from_str(&"x".repeat(100_000)).unwrap();
    request.headers_mut().insert("x-padding", large);
    request
}

fn fail_once(scene: &Scene, status: u16) {
    let fault = Fault::Reply { status, retry_after: None };
    scene.till.sandbox.crk().faults().push(Rule::new(fault).once());
}

/// Confirming takes two requests here, of which the second one fails.
async fn fail_the_confirmation(scene: &Scene) -> Result<(), Error> {
    let fault = Fault::Reply { status: 500, retry_after: None };
    let rule = Rule::new(fault).method(&http::Method::POST).once();
    scene.till.sandbox.crk().faults().push(rule);
    scene.call("web_api.confirm_command").await
}

/// A package in which, or around which, something is wrong.
async fn publish(scene: &Scene, status: u16, cause: Cause) -> Result<(), Error> {
    let crk = scene.till.sandbox.crk();
    let mut token = scene.client.fetch_token().await?;
    let mut client = scene.client.clone();
    let mut body = "{}".to_owned();
    match cause {
        Script => fail_once(scene, status),
        OldToken => crk.expire_tokens(),
        NoToken => client = scene.altered(without_a_token),
        Empty => client = scene.altered(|request| map_body(request, |_| String::new())),
        LargePackage => body = format!("\"{}\"", "x".repeat(256_000)),
        NoPublisher => {
            let url = token.url_to_send().replace("/publishers/", "/");
            token = SasToken::new(url, token.value().clone(), token.valid_for());
        }
        _ => panic!("{cause:?} is no matter of the Event Hub"),
    }
    client.publish(&token, body.into()).await
}

fn without_a_token(mut request: http::Request<Body>) -> http::Request<Body> {
    request.headers_mut().remove(AUTHORIZATION);
    request
}

/// Everything that an error with a documented status says.
fn assert_told(error: &Error, endpoint: &str, status: u16, what: &str) {
    assert_eq!(error.endpoint(), endpoint, "{what}");
    assert_eq!(error.problem().unwrap().status, status, "{what}");
    let kind = match status {
        400 => ErrorKind::Invalid,
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::Forbidden,
        404 => ErrorKind::NotFound,
        413 => ErrorKind::TooLarge,
        _ => ErrorKind::Server,
    };
    assert_eq!(error.kind(), kind, "{what}");
    let changes = ["web_api.confirm_command", "event_hub.publish"].contains(&endpoint);
    assert_eq!(error.may_have_happened(), kind == ErrorKind::Server && changes, "{what}");
    assert_eq!(error.retryable(), kind == ErrorKind::Server, "{what}");
    let busy = (status == 503).then_some(Duration::from_secs(4));
    assert_eq!(error.retry_after(), busy, "{what}");
}

/// Without any certificate, too, the WebApi answers 403 (in process; TLS would end sooner).
#[tokio::test(start_paused = true)]
async fn whoever_shows_no_certificate_is_forbidden() {
    let scene = Scene::of(Kind::Hardware, Stage::Fiscalised).await;
    let crk = scene.till.sandbox.crk();
    let (cpd, web_api, hub) = (crk.cpd_service(), crk.webapi_service(), crk.hub_service());
    let (cpd, web_api) = (InProcess::bare(cpd), InProcess::bare(web_api));
    let wires = Wires::new(cpd, web_api, InProcess::bare(hub));
    let client = scene.till.client_over(wires, environment(&scene.till.sandbox));
    for endpoint in ["web_api.ping", "web_api.fetch_command", "web_api.fetch_token", "cpd.test"] {
        let error = scene.call_as(&client, endpoint).await.unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::Forbidden, None), "{endpoint}");
        assert!(!error.retryable(), "{endpoint}");
    }
}
