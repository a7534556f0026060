//! The way to every resource that has no types of its own here: delivery notes, received orders,
//! warehouses, stock movements, attachments and whatever the service adds (KROS facts §1, §5).
//!
//! Limits, credentials, retries, the guard against duplicates and errors are those of every other
//! call; the caller brings the types.
//!
//! # Examples
//!
//! ```
//! use kros_client::{Client, Environment, raw};
//! use serde_json::Value;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let sandbox = sandbox::Sandbox::builder().calm().start().await?;
//! # let (address, token) = (sandbox.kros().base_url(), sandbox.kros().token("0").ok_or("no token")?);
//! # let client = Client::builder(Environment::at(address)?).token(token.into()).build()?;
//! let notes = raw::List::<Value>::new("delivery-notes").filter("IssueDateFrom", "2026-01-01");
//! let page = client.send(&notes).await?;
//! # let _ = page;
//! # Ok(()) }
//! ```

use std::{fmt, marker::PhantomData};

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Auth, BaseUrl, Body, BuildError, DecodeError, Endpoint, Info, Paged, Parts, RequestBuilder,
};
use http::Method;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    api::{Kros, LIMIT, decode_list, decode_one},
    list_request::{check_top, next_skip},
    submission::{self, JSON, PendingRequest},
};

/// `GET` of any resource that answers a list.
#[must_use = "a request does nothing until a client sends it"]
pub struct List<T> {
    path: String,
    filters: Vec<(String, String)>,
    top: Option<u32>,
    skip: u64,
    item: PhantomData<fn() -> T>,
}

impl<T> List<T> {
    /// The list at that path below the base, as `delivery-notes`.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), filters: Vec::new(), top: None, skip: 0, item: PhantomData }
    }

    /// Adds a filter under the service's own name.
    pub fn filter(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        self.filters.push((name.into(), value.to_string()));
        self
    }

    /// Sets how many items a page holds, 1 to 100 (`Top`).
    pub fn top(mut self, items: u32) -> Self {
        self.top = Some(items);
        self
    }

    /// Sets how many items are left out before the first page (`Skip`).
    pub fn skip(mut self, items: u64) -> Self {
        self.skip = items;
        self
    }
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        Self {
            path: self.path.clone(),
            filters: self.filters.clone(),
            top: self.top,
            skip: self.skip,
            item: PhantomData,
        }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> Endpoint for List<T> {
    type Api = Kros;
    type Response = Vec<T>;

    const INFO: Info = info("raw.list", Method::GET, Effect::Read);

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        check_top(self.top)?;
        let info = Self::INFO;
        let mut request = RequestBuilder::new(&info, base).segments("path", &self.path)?;
        for (name, value) in &self.filters {
            request = request.query(name, value);
        }
        request
            .query_opt("Top", self.top)
            .query_opt("Skip", (self.skip > 0).then_some(self.skip))
            .finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Vec<T>, DecodeError> {
        decode_list(body)
    }
}

impl<T: DeserializeOwned> Paged for List<T> {
    type Item = T;

    fn items(page: Vec<T>) -> Vec<T> {
        page
    }

    fn next(&self, page: &Vec<T>) -> Option<Self> {
        let skip = next_skip(self.top, self.skip, page.len())?;
        Some(Self { skip, ..self.clone() })
    }
}

/// `GET` of any resource that answers one object.
pub struct Get<T> {
    path: String,
    item: PhantomData<fn() -> T>,
}

impl<T> Get<T> {
    /// The object at that path below the base, as `delivery-notes/7`.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into(), item: PhantomData }
    }
}

impl<T> fmt::Debug for Get<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<T: DeserializeOwned> Endpoint for Get<T> {
    type Api = Kros;
    type Response = T;

    const INFO: Info = info("raw.get", Method::GET, Effect::Read);

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).segments("path", &self.path)?.finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<T, DecodeError> {
        decode_one(body)
    }
}

/// `GET` of any resource as bytes, whatever they are; for attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GetBytes {
    path: String,
}

impl GetBytes {
    /// The content at that path below the base.
    pub fn new(path: impl Into<String>) -> Self {
        Self { path: path.into() }
    }
}

impl Endpoint for GetBytes {
    type Api = Kros;
    type Response = Bytes;

    const INFO: Info = info("raw.get_bytes", Method::GET, Effect::Read);

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base)
            .segments("path", &self.path)?
            .header(http::header::ACCEPT, http::HeaderValue::from_static("*/*"))
            .finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Bytes, DecodeError> {
        Ok(body.clone())
    }
}

/// `POST` of one document or of a batch, in the envelope `{"data": …}`, to any resource that
/// answers 202 with a request id. May be done only once, like every creation.
#[derive(Clone)]
pub struct Post {
    path: String,
    body: Bytes,
}

impl Post {
    /// One document for that path below the base, as `movements/in/single`.
    pub fn one(path: impl Into<String>, document: &impl Serialize) -> Result<Self, BuildError> {
        Ok(Self { path: path.into(), body: submission::one(document)? })
    }

    /// 1 to 100 documents for that path below the base.
    pub fn batch<T: Serialize>(
        path: impl Into<String>,
        documents: &[T],
    ) -> Result<Self, BuildError> {
        Ok(Self { path: path.into(), body: submission::many(documents.iter())? })
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Endpoint for Post {
    type Api = Kros;
    type Response = PendingRequest;

    const INFO: Info = info("raw.post", Method::POST, Effect::Once);

    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base)
            .segments("path", &self.path)?
            .body(JSON, self.body.clone())
            .finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<PendingRequest, DecodeError> {
        PendingRequest::decode(body)
    }
}

const fn info(name: &'static str, method: Method, effect: Effect) -> Info {
    Info {
        name,
        method,
        path: "/{path}",
        effect,
        auth: Auth::Required,
        limit: LIMIT,
        section: "KROS facts §1, §5",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::client::testing::{base, get, post, read, refused, shown};

    #[test]
    fn a_list_takes_any_filter_under_the_callers_name() {
        let list = List::<Value>::new("stock/movements")
            .filter("IssueDateFrom", "2026-01-01")
            .filter("a b", 7)
            .top(100)
            .skip(3);
        let query = "IssueDateFrom=2026-01-01&a%20b=7&Top=100&Skip=3";
        assert_eq!(shown(&list), get(&format!("/stock/movements?{query}")));
        assert_eq!(refused(&List::<Value>::new("warehouses").top(0)), "Top");
        let page = vec![Value::Null; 100];
        assert!(shown(&list.next(&page).unwrap()).contains("&Skip=103\n"));
        assert!(list.next(&page[..99].to_vec()).is_none());
    }

    #[test]
    fn a_path_cannot_leave_the_base() {
        for path in ["", "/x", "x/", "a//b", "../admin", "a/./b"] {
            assert_eq!(refused(&List::<Value>::new(path)), "path", "{path}");
            assert_eq!(refused(&Get::<Value>::new(path)), "path", "{path}");
            assert_eq!(refused(&GetBytes::new(path)), "path", "{path}");
            assert_eq!(refused(&Post::one(path, &json!({})).unwrap()), "path", "{path}");
        }
        assert_eq!(shown(&Get::<Value>::new("a?b#c")), get("/a%3Fb%23c"));
    }

    #[test]
    fn lists_and_objects_are_read_in_the_envelope_and_bare() {
        for body in [r#"{"data":[1.10,null]}"#, "[1.10,null]"] {
            let values = read::<List<Value>>(body).unwrap();
            assert_eq!((values[0].to_string(), values[1].is_null()), ("1.10".to_owned(), true));
        }
        for body in [r#"{"data":{"id":7}}"#, r#"{"id":7}"#] {
            assert_eq!(read::<Get<Value>>(body).unwrap()["id"], 7);
        }
        assert!(read::<Get<Value>>("no JSON").is_err());
    }

    #[test]
    fn one_object_is_asked_for_by_its_path() {
        assert_eq!(shown(&Get::<Value>::new("delivery-notes/701")), get("/delivery-notes/701"));
    }

    #[test]
    fn bytes_are_asked_for_and_given_as_they_are() {
        let request = shown(&GetBytes::new("attachments/7"));
        assert_eq!(request, format!("GET {}/attachments/7\naccept: */*", base()));
        assert_eq!(read::<GetBytes>(b"\x00\xff").unwrap(), &b"\x00\xff"[..]);
    }

    #[test]
    fn documents_are_sent_in_the_envelope() {
        let one = Post::one("movements/in/single", &json!({"a": 1})).unwrap();
        assert_eq!(shown(&one), post("/movements/in/single", r#"{"data":{"a":1}}"#));
        let many = Post::batch("movements/in", &[json!(1), json!(2)]).unwrap();
        assert_eq!(shown(&many), post("/movements/in", r#"{"data":[1,2]}"#));
        assert_eq!(Post::batch("movements/in", &[(); 0]).unwrap_err().field(), "data");
        assert_eq!(Post::batch("movements/in", &[(); 101]).unwrap_err().field(), "data");
        let body = r#"{"requestId":"0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11"}"#;
        let id = read::<Post>(body).unwrap().request_id;
        assert_eq!(id.to_string(), "0b6f7c1e-5d1a-4c0e-9a53-2f1f6a1f0c11");
    }

    #[test]
    fn filters_and_bodies_do_not_show_in_debug() {
        let list = List::<Value>::new("warehouses").filter("Name", "canary");
        assert!(!format!("{list:?}").contains("canary"));
        let post = Post::one("warehouses", &json!("canary")).unwrap();
        assert!(!format!("{post:?}").contains("canary"));
    }
}
