//! What the pure tests of endpoints share: a whole request as text, and answers as bytes.

use bytes::Bytes;
use common_http::{BaseUrl, Body, DecodeError, Endpoint};

use crate::api::Kros;

/// An address that nobody has.
pub(crate) fn base() -> BaseUrl {
    "https://kros.example.test/api".parse().unwrap()
}

/// The request as text: method and address, the headers by name, and the body if it has one.
pub(crate) fn shown(endpoint: &impl Endpoint<Api = Kros>) -> String {
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
    let json = "accept: application/json\ncontent-type: application/json; charset=utf-8";
    format!("POST {}{path}\n{json}\n{body}", base())
}

/// The field that keeps the request from being built.
pub(crate) fn refused(endpoint: &impl Endpoint<Api = Kros>) -> &'static str {
    endpoint.request(&base()).unwrap_err().field()
}

/// Reads a successful answer with that body.
pub(crate) fn read<E: Endpoint<Api = Kros>>(
    body: &'static (impl AsRef<[u8]> + ?Sized),
) -> Result<E::Response, DecodeError> {
    let (parts, ()) = http::Response::new(()).into_parts();
    E::response(&parts, &Bytes::from_static(body.as_ref()))
}
