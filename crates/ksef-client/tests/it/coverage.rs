//! Every operation of the contract, in every version of its request and of its answer, is called
//! by a story here and succeeds.
//!
//! The list is the contract itself, so an operation that joins it fails this test until somebody
//! tells its story; what was called is heard on the way to the double, so that naming an operation
//! is not enough.

mod opening;
mod work;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use common_core::{retry::RetryPolicy, store::BoxFuture};
use common_http::{Body, BodyStream, TransportError};
use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName};
use ksef_client::v1::{Client, Transport};
use sandbox::Sandbox;
use serde::Deserialize;

use crate::support::{InProcess, assert_expected, in_process, over_socket};

const CONTRACT: &str = include_str!("../../../../fixtures/ksef-v1/contract/endpoints.json");

/// An operation of the contract; a version of a body is written as its media type and its name.
#[derive(Deserialize)]
struct Operation {
    name: String,
    method: String,
    path: String,
    request: Vec<String>,
    response: Vec<String>,
}

/// A call that succeeded, with the media types of its request and of its answer.
#[derive(Clone, Debug)]
struct Call {
    method: String,
    path: String,
    sent: String,
    answered: String,
}

/// The way into the sandbox, heard.
#[derive(Clone)]
struct Heard {
    way: InProcess,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heard")
    }
}

impl Transport for Heard {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        Box::pin(async move {
            let (method, path) = (request.method().to_string(), request.uri().path().to_owned());
            let sent = media_type(request.headers(), &CONTENT_TYPE);
            let version = media_type(request.headers(), &ACCEPT);
            let answer = self.way.send(request).await?;
            if answer.status().is_success() {
                let answered = media_type(answer.headers(), &CONTENT_TYPE);
                assert!(version.contains(&answered) || version.contains("*/*"), "{path}");
                self.calls.lock().unwrap().push(Call { method, path, sent, answered });
            }
            Ok(answer)
        })
    }
}

/// A media type without its parameters.
fn media_type(headers: &HeaderMap, name: &HeaderName) -> String {
    let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_owned()
}

/// A sandbox with a client whose calls are heard.
struct Stage {
    sandbox: Sandbox,
    client: Client,
    calls: Arc<Mutex<Vec<Call>>>,
}

impl Stage {
    async fn new() -> Self {
        let sandbox = in_process().await;
        let calls = Arc::default();
        let way = InProcess(sandbox.ksef_v1().service());
        let heard = Heard { way, calls: Arc::clone(&calls) };
        let client = over_socket(&sandbox).transport(heard).retry(RetryPolicy::never());
        let client = client.build().unwrap();
        Self { sandbox, client, calls }
    }

    /// What was called; a story sends nothing that a correct client would not send.
    fn heard(&self) -> Vec<Call> {
        assert_expected(&self.sandbox);
        self.calls.lock().unwrap().clone()
    }
}

impl Operation {
    fn is(&self, call: &Call) -> bool {
        let path = call.path.strip_prefix("/api").unwrap_or(&call.path);
        let (mut wanted, mut given) = (self.path.split('/'), path.split('/'));
        let fits = |(wanted, given): (&str, &str)| wanted.starts_with('{') || wanted == given;
        self.method == call.method
            && self.path.split('/').count() == path.split('/').count()
            && wanted.by_ref().zip(given.by_ref()).all(fits)
    }
}

/// What of the contract nobody called with success: operations, and versions of their bodies.
fn missing(contract: &[Operation], calls: &[Call]) -> Vec<String> {
    let mut missing = Vec::new();
    for call in calls {
        // The names in a path differ from the literal parts of its neighbours: only the operation
        // with the fewest parameters was called.
        let fitting = contract.iter().filter(|operation| operation.is(call));
        assert!(fitting.count() > 0 || call.path.contains("/security/"), "{call:?}");
    }
    let called = |operation: &Operation| -> Vec<&Call> {
        let literal = |other: &&Operation| {
            other.path.matches('{').count() < operation.path.matches('{').count()
        };
        let taken = |call: &&Call| contract.iter().filter(literal).any(|other| other.is(call));
        calls.iter().filter(|call| operation.is(call) && !taken(call)).collect()
    };
    for operation in contract {
        let calls = called(operation);
        if calls.is_empty() {
            missing.push(operation.name.clone());
            continue;
        }
        let lacks = |versions: &[String], media: &dyn Fn(&Call) -> String| -> Vec<String> {
            let media: Vec<String> = calls.iter().map(|call| media(call)).collect();
            let versions = versions.iter().filter(|version| {
                let wanted = version.split(' ').next().unwrap_or_default();
                wanted != "*/*" && !media.iter().any(|media| media == wanted)
            });
            versions.map(|version| format!("{}: {version}", operation.name)).collect()
        };
        missing.extend(lacks(&operation.request, &|call| call.sent.clone()));
        missing.extend(lacks(&operation.response, &|call| call.answered.clone()));
    }
    missing
}

fn contract() -> Vec<Operation> {
    serde_json::from_str(CONTRACT).unwrap()
}

#[tokio::test]
async fn every_operation_succeeds_in_every_version() {
    let mut calls = opening::tell().await;
    calls.extend(work::tell().await);
    let contract = contract();
    assert_eq!(contract.len(), 58);
    assert_eq!(missing(&contract, &calls), [""; 0]);
}

#[test]
fn an_operation_or_version_that_nobody_calls_is_named() {
    let call = |path: &str, answered: &str| Call {
        method: "GET".to_owned(),
        path: format!("/api{path}"),
        sent: String::new(),
        answered: answered.to_owned(),
    };
    let contract: Vec<_> =
        contract().into_iter().filter(|it| it.path.starts_with("/common/Upo")).collect();
    assert_eq!(contract.len(), 2);
    let single = call("/common/Upo/ondemand/a/b", "application/json");
    // The other one has the same number of parts and is not taken for it.
    let missing = missing(&contract, std::slice::from_ref(&single));
    assert_eq!(missing, ["common.upo"]);
    let other = call("/common/Upo/a/b", "application/json");
    let missing = self::missing(&contract, &[single, other]);
    assert_eq!(missing, ["common.upo: application/vnd.v3+octet-stream"]);
}
