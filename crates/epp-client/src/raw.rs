//! The way to the hundreds of functions that are not documented publicly (source document,
//! Integracija sa ePP; ePP facts §3).
//!
//! Session, limits, errors and the rule that nothing is done twice are those of every other call;
//! the caller knows the function.

use std::fmt;

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, CallOptions, DecodeError, Endpoint, Info, Parts,
    RequestBuilder,
};
use http::Method;
use serde::Serialize;
use serde_json::Value;

use crate::{
    api::{Answer, Envelope, Epp, LIMIT, payload},
    client::Client,
    error::Error,
};

/// A call of any function.
///
/// `GET` changes nothing and may be repeated; every other method is sent once.
///
/// # Examples
///
/// ```
/// use epp_client::raw::Request;
/// use serde_json::json;
///
/// let request = Request::get("user-groups").query("PerPage", 10);
/// let other = Request::new(http::Method::POST, "user-groups")
///     .json(&json!([{"Name": "Fakture"}]))?;
/// # let _ = (request, other);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use = "a request does nothing until a client sends it"]
pub struct Request {
    method: Method,
    path: String,
    query: Vec<(String, String)>,
    body: Option<Bytes>,
}

impl Request {
    /// A call of that method (`GET`, `POST`, `PUT`, `PATCH`, `DELETE`) at that path below `/api`,
    /// as `bank-accounts/0000000001624`.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), query: Vec::new(), body: None }
    }

    /// A `GET` of that path.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Adds a parameter under the service's own name.
    pub fn query(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.query.push((name.into(), value.to_string()));
        self
    }

    /// Sets the body.
    pub fn json(mut self, body: &impl Serialize) -> Result<Self, BuildError> {
        let body = serde_json::to_vec(body);
        self.body = Some(body.map_err(|error| BuildError::new("body", error.to_string()))?.into());
        Ok(self)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Calls any function and gives its answer in the envelope; an answer without one is the
    /// payload.
    ///
    /// A `status.code` other than success is an error, as everywhere.
    pub async fn request(&self, request: &Request) -> Result<Envelope<Value>, Error> {
        self.request_with(request, CallOptions::new()).await
    }

    /// The same with settings of its own.
    pub async fn request_with(
        &self,
        request: &Request,
        options: CallOptions,
    ) -> Result<Envelope<Value>, Error> {
        match request.method {
            Method::GET => self.send_with(&Get(request), options).await,
            Method::POST => self.send_with(&Post(request), options).await,
            Method::PUT => self.send_with(&Put(request), options).await,
            Method::PATCH => self.send_with(&Patch(request), options).await,
            Method::DELETE => self.send_with(&Delete(request), options).await,
            _ => {
                let cause = BuildError::new("method", "must be GET, POST, PUT, PATCH or DELETE");
                Err(Error::input(&Get::INFO, cause))
            }
        }
    }
}

/// Declares the endpoint of one method.
macro_rules! method {
    ($name:ident, $endpoint:literal, $method:ident, $effect:ident) => {
        struct $name<'a>(&'a Request);

        impl Endpoint for $name<'_> {
            type Api = Epp;
            type Response = Answer<Envelope<Value>>;

            const INFO: Info = Info {
                name: $endpoint,
                method: Method::$method,
                path: "/{path}",
                effect: Effect::$effect,
                auth: Auth::Required,
                limit: LIMIT,
                section: "ePP facts §3",
            };

            fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
                build(&Self::INFO, base, self.0)
            }

            fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError> {
                read(parts, body)
            }
        }
    };
}

method!(Get, "raw.get", GET, Read);
method!(Post, "raw.post", POST, Once);
method!(Put, "raw.put", PUT, Once);
method!(Patch, "raw.patch", PATCH, Once);
method!(Delete, "raw.delete", DELETE, Once);

fn build(info: &Info, base: &BaseUrl, raw: &Request) -> Result<http::Request<Body>, BuildError> {
    let mut request = RequestBuilder::new(info, base).segments("path", &raw.path)?;
    for (name, value) in &raw.query {
        request = request.query(name, value);
    }
    match &raw.body {
        Some(body) => request.body(crate::payment_orders::JSON, body.clone()).finish(),
        None => request.finish(),
    }
}

fn read(parts: &Parts, body: &Bytes) -> Result<Answer<Envelope<Value>>, DecodeError> {
    let payload = match payload(parts, body)? {
        Ok(payload) => payload,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let bare = || Envelope { status: crate::api::Status::default(), payload: Value::Null };
    if payload.iter().all(u8::is_ascii_whitespace) {
        return Ok(Ok(bare()));
    }
    let payload: Value = common_http::decode_json(&payload)?;
    // The status of a success is kept for what its message may say.
    let status = serde_json::from_slice::<Envelope<Value>>(body).map(|told| told.status);
    Ok(Ok(Envelope { status: status.unwrap_or_default(), payload }))
}

#[cfg(test)]
mod tests {
    use common_http::scripted::Step;
    use serde_json::json;

    use super::*;
    use crate::{
        ErrorKind, Recovery,
        client::testing::{get, lines, refusal, refused, scripted, sent, shown, success, tokens},
    };

    #[test]
    fn a_function_is_called_with_its_own_path_and_query() {
        let request = Request::get("user-groups/7/members").query("filter[Name]", "a b");
        let path = "/user-groups/7/members?filter%5BName%5D=a%20b";
        assert_eq!(shown(&Get(&request)), get(path));
        for path in ["", "/x", "a//b", "../admin"] {
            assert_eq!(refused(&Get(&Request::get(path))), "path", "{path}");
        }
    }

    #[test]
    fn an_answer_is_given_in_its_envelope_and_bare() {
        let read = |body: &'static str| {
            let (parts, ()) = http::Response::new(()).into_parts();
            read(&parts, &Bytes::from_static(body.as_bytes())).unwrap()
        };
        let told = read(r#"{"status":{"code":"Success","message":"U redu"},"payload":{"a":1.10}}"#);
        let told = told.unwrap();
        assert_eq!(told.status.message.as_deref(), Some("U redu"));
        assert_eq!(told.payload["a"].to_string(), "1.10");
        assert_eq!(read("[1]").unwrap().payload, json!([1]));
        assert_eq!(read("").unwrap().payload, Value::Null);
        assert!(read(r#"{"status":{"code":"Whatever"}}"#).is_err());
    }

    #[tokio::test]
    async fn a_function_shares_session_and_errors() {
        let steps = [Step::answer(401, ""), tokens(1), success(&json!([1]))];
        let (client, script) = scripted(steps).await;
        let body = Request::new(Method::POST, "things").json(&json!({"A": 1})).unwrap();
        assert_eq!(client.request(&body).await.unwrap().payload, json!([1]));
        let line = "POST /api/things";
        assert_eq!(lines(&script), [line, "GET /api/login/refresh", line]);
        assert_eq!(sent(&script, 2), json!({"A": 1}));
    }

    #[tokio::test]
    async fn an_unknown_code_of_a_change_is_no_promise() {
        for (method, happened) in [
            (Method::GET, false),
            (Method::PUT, true),
            (Method::PATCH, true),
            (Method::DELETE, true),
        ] {
            let (client, _) = scripted([refusal(200, "SomethingNew")]).await;
            let error = client.request(&Request::new(method, "things/7")).await.unwrap_err();
            assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Refused, happened));
            assert_eq!(error.recovery(), happened.then_some(Recovery::Unknown));
        }
        let (client, script) = scripted([]).await;
        let error = client.request(&Request::new(Method::HEAD, "things")).await.unwrap_err();
        assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Input, 0));
    }

    #[test]
    fn parameters_and_bodies_do_not_show_in_debug() {
        let request = Request::get("things").query("q", "canary").json(&"canary").unwrap();
        assert!(!format!("{request:?}").contains("canary"));
    }
}
