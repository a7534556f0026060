//! A caller that knows nothing of the clients of this workspace.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt;
use sandbox::kros::{Kros, Profile};
use sandbox::{ConnectionLost, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An answer that arrived whole.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The entries of a list.
    pub(crate) fn data(&self) -> Vec<Value> {
        assert_eq!(self.status, 200);
        self.json()["data"].as_array().unwrap().clone()
    }

    /// Document index and property path of each error of an answer 400.
    pub(crate) fn errors(&self) -> Vec<(Option<u64>, String)> {
        assert_eq!(self.status, 400);
        let body = self.json();
        assert_eq!(body["isValid"], false);
        let errors = body["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|error| {
                assert!(!error["errorMessage"].as_str().unwrap().is_empty());
                let path = error["propertyPath"].as_str().unwrap().to_owned();
                (error["documentIndex"].as_u64(), path)
            })
            .collect()
    }
}

/// A calm sandbox without sockets and without limits.
pub(crate) async fn calm() -> Sandbox {
    let sandbox = Sandbox::builder().seed(7).calm().without_sockets().start().await.unwrap();
    sandbox.kros().set_limits(Profile::Unlimited);
    sandbox
}

/// A request in process; `path` lies below the base address.
pub(crate) async fn ask(
    kros: &Kros,
    token: &str,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Answer, ConnectionLost> {
    let text = body.map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder().method(method).uri(format!("{}{path}", kros.base_url()));
    if !token.is_empty() {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let response = kros.service().send(request.body(Body::from(text)).unwrap()).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionLost)?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// A `GET` with the token of the first company.
pub(crate) async fn get(kros: &Kros, path: &str) -> Answer {
    ask(kros, &kros.token("Alfa").unwrap(), Method::GET, path, None).await.unwrap()
}

/// A `POST` with the token of the first company.
pub(crate) async fn post(kros: &Kros, path: &str, body: &Value) -> Answer {
    ask(kros, &kros.token("Alfa").unwrap(), Method::POST, path, Some(body)).await.unwrap()
}

/// An invoice with an external identifier and a total.
pub(crate) fn invoice(external_id: &str, total: &str) -> Value {
    let total: Value = serde_json::from_str(total).unwrap();
    json!({
        "externalId": external_id,
        "issueDate": "2026-01-31",
        "dueDate": "2026-02-14",
        "currency": "EUR",
        "partner": {"address": {"businessName": "Neskutočný Odberateľ s.r.o."}},
        "items": [{"name": "Tovar", "amount": 1, "vatRate": 23, "totalPriceInclVat": total}],
    })
}

/// Everything that a socket delivers for one request, until it closes or `Connection: close`.
pub(crate) async fn raw(address: &str, request: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    // A connection that is cut may end with a reset; what came before it counts.
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

/// Host and port of an address.
pub(crate) fn authority(url: &str) -> &str {
    url.trim_start_matches("http://").split('/').next().unwrap()
}
