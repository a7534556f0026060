//! What the tests of the endpoints share: a whole request as text, and answers as bytes.

use bytes::Bytes;
use common_http::{BaseUrl, Body, DecodeError, Endpoint};

use crate::ident::CommandId;

/// An address that nobody has.
pub(crate) fn base() -> BaseUrl {
    "https://crk.example.test:5062".parse().unwrap()
}

/// An identifier of that kind of an invented register.
pub(crate) fn id(kind: &str) -> CommandId {
    CommandId::parse(&format!("{kind}.WTE2001000009.2026-02-01T08:00:00.123Z")).unwrap()
}

/// The request as text: method and address, the headers by name, and the body if it has one.
pub(crate) fn shown(endpoint: &impl Endpoint) -> String {
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

const HEADERS: &str = "accept: application/json\ncontent-type: application/json";

/// What [`shown`] gives for a `GET` of that path and query.
pub(crate) fn get(path: &str) -> String {
    format!("GET {}{path}\n{HEADERS}", base())
}

/// What [`shown`] gives for a `POST` of that JSON to that path.
pub(crate) fn post(path: &str, body: &str) -> String {
    format!("POST {}{path}\n{HEADERS}\n{body}", base())
}

/// The field that keeps the request from being built.
pub(crate) fn refused(endpoint: &impl Endpoint) -> &'static str {
    endpoint.request(&base()).unwrap_err().field()
}

/// Reads an answer of that status with that body.
pub(crate) fn read<E: Endpoint>(status: u16, body: &str) -> Result<E::Response, DecodeError> {
    let answer = http::Response::builder().status(status).body(()).unwrap();
    E::response(&answer.into_parts().0, &Bytes::copy_from_slice(body.as_bytes()))
}
