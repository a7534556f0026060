//! What the tests of this module share: a whole request as text, answers as bytes, the contract's own
//! examples where they are at hand, and clients and accounts on a script.

use std::path::Path;

use bytes::Bytes;
use common_http::{
    BaseUrl, Body, DecodeError, Endpoint, Transport,
    scripted::{Scripted, Step},
};
use ksef_crypto::number::{ContextIdentifier, ReferenceNumber};
use serde_json::{Value, json};

use crate::v2::{Account, Client, Environment, login::Tokens};

/// Numbers of the right form that nobody has.
pub(crate) const LOGIN: &str = "20260401-AU-0123456789-ABCDEF0123-45";
pub(crate) const SESSION: &str = "20260401-SO-0123456789-ABCDEF0123-46";
pub(crate) const BATCH: &str = "20260401-SB-0123456789-ABCDEF0123-47";
pub(crate) const INVOICE: &str = "20260401-EE-0123456789-ABCDEF0123-48";
pub(crate) const UPO: &str = "20260401-EU-0123456789-ABCDEF0123-49";
pub(crate) const EXPORT: &str = "20260401-EH-0123456789-ABCDEF0123-4A";
pub(crate) const KSEF_NUMBER: &str = "1111111111-20260401-0123456789AB-CD";

/// A reference number.
pub(crate) fn reference(text: &str) -> ReferenceNumber {
    text.parse().unwrap()
}

/// An address that nobody has.
pub(crate) fn base() -> BaseUrl {
    "https://ksef.example.test/v2".parse().unwrap()
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
        Body::Bytes(body) => lines.push(String::from_utf8_lossy(body).into_owned()),
        Body::File(part) => lines.push(format!("{part:?}")),
    }
    lines.join("\n")
}

/// What [`shown`] gives for a call of that method without a body.
pub(crate) fn bare(method: &str, path: &str) -> String {
    format!("{method} {}{path}\naccept: application/json", base())
}

/// What [`shown`] gives for a `POST` of that JSON to that path.
pub(crate) fn post(path: &str, body: &str) -> String {
    let json = "accept: application/json\ncontent-type: application/json; charset=utf-8";
    format!("POST {}{path}\n{json}\n{body}", base())
}

/// The JSON that a request would carry.
pub(crate) fn body_of(endpoint: &impl Endpoint) -> Value {
    match endpoint.request(&base()).unwrap().body() {
        Body::Bytes(body) => serde_json::from_slice(body).unwrap(),
        Body::File(_) => panic!("this call sends no file"),
    }
}

/// The field that keeps the request from being built.
pub(crate) fn refused(endpoint: &impl Endpoint) -> &'static str {
    endpoint.request(&base()).unwrap_err().field()
}

/// Reads a successful answer with that text.
pub(crate) fn read<E: Endpoint>(body: impl Into<Bytes>) -> Result<E::Response, DecodeError> {
    let (parts, ()) = http::Response::new(()).into_parts();
    E::response(&parts, &body.into())
}

/// The contract's example for an answer of that operation, as `GET /sessions` and `200`; `None`,
/// said aloud, where the contract is not beside the repository.
pub(crate) fn example(operation: &str, kind: &str) -> Option<Value> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/reference/ksef-v2/openapi/examples.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: the contract's examples are not beside the repository");
        return None;
    };
    let all: Value = serde_json::from_str(&text).unwrap();
    let examples = all[operation].as_object().unwrap_or_else(|| panic!("{operation}"));
    let found = examples.iter().find(|(key, _)| key.starts_with(kind));
    Some(found.unwrap_or_else(|| panic!("{operation} has no {kind}")).1.clone())
}

/// Reads the contract's example of an answer, if it is at hand.
pub(crate) fn read_example<E: Endpoint>(kind: &str) -> Option<E::Response> {
    let info = E::INFO;
    let value = example(&format!("{} {}", info.method, info.path), kind)?;
    Some(read::<E>(value.to_string()).unwrap())
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

/// The context that accounts of tests work in.
pub(crate) fn context() -> ContextIdentifier {
    ContextIdentifier::parse("Nip", "1111111111").unwrap()
}

/// Tokens that last for an hour and a week.
pub(crate) fn tokens(client: &Client) -> Tokens {
    let now = client.clock().now();
    let until = |hours| Some(now + chrono::TimeDelta::hours(hours));
    Tokens::new(
        ("canary-access".into(), until(1)),
        ("canary-refresh".into(), until(168)),
        Some(reference(LOGIN)),
    )
}

/// An account that has logged in, on a script.
pub(crate) async fn account(steps: impl IntoIterator<Item = Step>) -> (Account, Scripted) {
    let (client, script) = scripted(steps);
    let account = client.account(context()).build();
    account.import(tokens(&client)).await.unwrap();
    (account, script)
}

/// A list of public keys with one key that may be used for everything, and the key's other half.
pub(crate) fn public_keys() -> (Value, ksef_crypto::seal::ReceiverKey) {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let key = ksef_crypto::keys::PrivateKey::generate_rsa_2048().unwrap();
    let list = json!([{
        "certificate": STANDARD.encode(key.public_key().as_spki_der()),
        "certificateId": "x",
        "publicKeyId": key.public_key().id(),
        "validFrom": "2026-01-01T00:00:00Z",
        "validTo": "2036-01-01T00:00:00Z",
        "usage": ["KsefTokenEncryption", "SymmetricKeyEncryption", "Future"]
    }]);
    (list, ksef_crypto::seal::ReceiverKey::new(&key).unwrap())
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

/// The bearer token that a request carried.
pub(crate) fn bearer(script: &Scripted, request: usize) -> Option<String> {
    let requests = script.requests();
    let header = requests[request].headers().get(http::header::AUTHORIZATION)?;
    Some(header.to_str().unwrap().trim_start_matches("Bearer ").to_owned())
}
