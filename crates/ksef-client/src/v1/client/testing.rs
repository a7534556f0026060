//! What the tests of this module share: a whole request as text, answers as bytes, and clients on a
//! script.

use bytes::Bytes;
use common_http::{
    BaseUrl, Body, DecodeError, Endpoint, Transport,
    scripted::{Scripted, Step},
};
use serde_json::{Value, json};

use crate::v1::{Client, Environment, api::KsefV1};

/// Numbers of the right form that nobody has.
pub(crate) const SESSION: &str = "20240401-SE-0123456789-ABCDEF0123-45";
pub(crate) const ELEMENT: &str = "20240401-EE-0123456789-ABCDEF0123-46";
pub(crate) const INVOICE: &str = "1111111111-20240401-0123456789AB-CD";
pub(crate) const INVOICE_36: &str = "1111111111-20240401-012345-6789AB-CD";

/// An address that nobody has.
pub(crate) fn base() -> BaseUrl {
    "https://ksef.example.test/api".parse().unwrap()
}

/// The request as text: method and address, the headers by name, and the body if it has one.
pub(crate) fn shown(endpoint: &impl Endpoint<Api = KsefV1>) -> String {
    let request = endpoint.request(&base()).unwrap();
    let mut lines = vec![format!("{} {}", request.method(), request.uri())];
    let headers = request.headers().iter();
    let mut headers: Vec<_> =
        headers.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    headers.sort();
    lines.extend(headers);
    match request.body() {
        Body::Bytes(body) if body.is_empty() => {}
        Body::Bytes(body) => lines.push(String::from_utf8_lossy(body).into_owned()),
        Body::File(part) => lines.push(format!("{part:?}")),
    }
    lines.join("\n")
}

/// What [`shown`] gives for a `GET` of that path, which asks for JSON.
pub(crate) fn get(path: &str) -> String {
    accepting("application/json", "GET", path)
}

/// What [`shown`] gives for a call without a body that asks for that type.
pub(crate) fn accepting(accept: &str, method: &str, path: &str) -> String {
    format!("{method} {}{path}\naccept: {accept}", base())
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
pub(crate) fn refused(endpoint: &impl Endpoint<Api = KsefV1>) -> &'static str {
    endpoint.request(&base()).unwrap_err().field()
}

/// Reads a successful answer with that body.
pub(crate) fn answer<E: Endpoint<Api = KsefV1>>(body: &[u8]) -> Result<E::Response, DecodeError> {
    let (parts, ()) = http::Response::new(()).into_parts();
    E::response(&parts, &Bytes::copy_from_slice(body))
}

/// Reads a successful answer with that text.
pub(crate) fn read<E: Endpoint<Api = KsefV1>>(body: &str) -> Result<E::Response, DecodeError> {
    answer::<E>(body.as_bytes())
}

/// An envelope with one finding, whose words must not show.
pub(crate) fn exception(code: u32) -> Value {
    json!({"exception": {
        "serviceCtx": "srvTEST",
        "serviceCode": "20240401-EX-0123456789-ABCDEF0123-47",
        "serviceName": "online.test",
        "timestamp": "2024-04-01T10:00:00.123Z",
        "exceptionDetailList": [
            {"exceptionCode": code, "exceptionDescription": "canary-description"}
        ]
    }})
}

/// An answer with that status and code.
pub(crate) fn refusal(status: u16, code: u32) -> Step {
    Step::answer(status, exception(code).to_string())
}

/// A client over a transport.
pub(crate) fn client(transport: impl Transport) -> Client {
    let environment = Environment::at(base().as_str()).unwrap();
    Client::builder(environment).transport(transport).seed(7).build().unwrap()
}

/// A client on a script.
pub(crate) fn scripted(steps: impl IntoIterator<Item = Step>) -> (Client, Scripted) {
    let script = Scripted::new(steps);
    (client(script.clone()), script)
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
        Body::File(_) => panic!("this call sends no file"),
    }
}
