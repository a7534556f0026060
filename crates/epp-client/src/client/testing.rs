//! What the tests of this crate share: a whole request as text, answers as bytes, and clients on
//! a script.

use std::sync::Arc;

use bytes::Bytes;
use chrono::DateTime;
use common_core::limit::Windows;
use common_http::{
    BaseUrl, Body, DecodeError, Endpoint, Transport, VirtualClock,
    scripted::{Scripted, Step},
};
use serde_json::{Value, json};

use crate::{Client, Environment, api::Epp, session::Credentials};

/// An address that nobody has.
pub(crate) fn base() -> BaseUrl {
    "https://epp-api.example.test/api".parse().unwrap()
}

/// The request as text: method and address, the headers by name, and the body if it has one.
pub(crate) fn shown(endpoint: &impl Endpoint<Api = Epp>) -> String {
    let request = endpoint.request(&base()).unwrap();
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    let headers = request.headers().iter();
    let mut headers: Vec<_> =
        headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    lines.extend(headers);
    match request.body() {
        Body::Bytes(body) if body.is_empty() => {}
        Body::Bytes(body) => lines.push(String::from_utf8(body.to_vec()).unwrap()),
        Body::File(_) => panic!("no endpoint sends a file"),
    }
    lines.join("\n")
}

/// What [`shown`] gives for a `GET` of that path, which asks for JSON.
pub(crate) fn get(path: &str) -> String {
    format!("GET {}{path}\naccept: application/json", base())
}

/// What [`shown`] gives for a `POST` of that JSON to that path.
pub(crate) fn post(path: &str, body: &str) -> String {
    with_body("POST", path, body)
}

/// What [`shown`] gives for a call of that method with that JSON.
pub(crate) fn with_body(method: &str, path: &str, body: &str) -> String {
    let json = "accept: application/json\ncontent-type: application/json; charset=utf-8";
    format!("{method} {}{path}\n{json}\n{body}", base())
}

/// The field that keeps the request from being built.
pub(crate) fn refused(endpoint: &impl Endpoint<Api = Epp>) -> &'static str {
    endpoint.request(&base()).unwrap_err().field()
}

/// Reads a successful answer with that body.
pub(crate) fn read<E: Endpoint<Api = Epp>>(body: &str) -> Result<E::Response, DecodeError> {
    let (parts, ()) = http::Response::new(()).into_parts();
    E::response(&parts, &Bytes::copy_from_slice(body.as_bytes()))
}

/// An answer in the envelope of success.
pub(crate) fn success(payload: &Value) -> Step {
    let status = json!({"code": "Success", "message": "Success"});
    Step::answer(200, json!({"status": status, "payload": payload}).to_string())
}

/// An answer with that status and code.
pub(crate) fn refusal(status: u16, code: &str) -> Step {
    let body = json!({"status": {"code": code, "message": "canary-message"}, "payload": null});
    Step::answer(status, body.to_string())
}

/// The answer of a login or a refresh: the pair of that number.
pub(crate) fn tokens(number: u32) -> Step {
    success(&json!({
        "creationTime": "2026-02-01T08:00:00.1234567+01:00",
        "accessToken": format!("canary-access-{number}"),
        "refreshToken": format!("canary-refresh-{number}"),
    }))
}

/// A client with a login, without limits, over a transport; its clock goes with the runtime's.
pub(crate) fn client(transport: impl Transport) -> Client {
    let environment = Environment::at(base().as_str(), "https://epp-web.example.test").unwrap();
    Client::builder(environment)
        .credentials(Credentials::new("korisnik", "canary-password".into()))
        .transport(transport)
        .limits(Windows::unlimited())
        .clock(Arc::new(VirtualClock::starting_at(DateTime::UNIX_EPOCH)))
        .seed(7)
        .build()
        .unwrap()
}

/// A client that is logged in already, and its script.
pub(crate) async fn scripted(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    let script = Scripted::new(steps);
    let client = client(script.clone());
    let pair = crate::session::TokenPair::new("canary-access-0".into(), "canary-refresh-0".into());
    client.session().import(pair).await.unwrap();
    (client, script)
}

/// Method, path and query of the requests that were made.
pub(crate) fn lines(script: &Scripted) -> Vec<String> {
    let line = |request: &http::Request<Body>| {
        let target = request.uri().path_and_query().map_or("", |target| target.as_str());
        format!("{} {target}", request.method())
    };
    script.requests().iter().map(line).collect()
}

/// The JSON that a request carried.
pub(crate) fn sent(script: &Scripted, request: usize) -> Value {
    match script.requests()[request].body() {
        Body::Bytes(body) => serde_json::from_slice(body).unwrap(),
        Body::File(_) => panic!("no endpoint sends a file"),
    }
}
