//! An endpoint is a value: what to send, how to read the answer, and what the call does.
//!
//! Nothing here does I/O. A request is a plain struct; [`Endpoint::request`] and
//! [`Endpoint::response`] are pure and are tested with bytes. [`Client`](crate::Client) drives
//! them all in the same way.

use bytes::Bytes;
use common_core::effect::{Effect, ErrorKind};
use http::Method;

use crate::{
    api::{Api, ProblemContext},
    base_url::BaseUrl,
    body::Body,
    error::{BuildError, DecodeError},
};

/// Status, headers and version of an answer.
pub type Parts = http::response::Parts;

/// What is known of an endpoint before any request is made.
#[derive(Clone, Debug)]
pub struct Info {
    /// Name in logs and errors: the resource and the verb, as `invoices.list`.
    pub name: &'static str,
    /// The method.
    pub method: Method,
    /// The path below the base, with `{placeholders}`; the only form of it that is ever logged.
    pub path: &'static str,
    /// What the call does.
    pub effect: Effect,
    /// Whether it carries credentials.
    pub auth: Auth,
    /// The group of calls whose limit it counts against; groups are named by each system's crate.
    pub limit: &'static str,
    /// The section of the source that describes it.
    pub section: &'static str,
}

/// Whether a call carries credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Auth {
    /// It must not carry any.
    None,
    /// It carries those of the client's [`Authorise`](crate::Authorise).
    Required,
}

/// One call of one system.
pub trait Endpoint: Sync {
    /// The system.
    type Api: Api;
    /// What a successful answer is read into.
    type Response;

    /// The facts about it.
    const INFO: Info;

    /// Builds the request; pure, and the same each time it is called.
    fn request(&self, base: &BaseUrl) -> Result<http::Request<Body>, BuildError>;

    /// Reads a successful (2xx) answer; pure.
    fn response(parts: &Parts, body: &Bytes) -> Result<Self::Response, DecodeError>;

    /// What kind of failure an answer with that status and problem is: what its system says.
    ///
    /// An endpoint that gives a status a meaning of its own tells it here. A 401 that refuses
    /// something else than the session's credentials is one: it must not have them renewed and
    /// the request sent again.
    fn kind(status: u16, problem: &ProblemContext) -> ErrorKind {
        Self::Api::kind(status, problem)
    }
}

/// An endpoint whose answer is one page of many.
pub trait Paged: Endpoint + Sized {
    /// One element of a page.
    type Item;

    /// The elements of a page, in the order in which the server gave them.
    fn items(page: Self::Response) -> Vec<Self::Item>;

    /// The request for the page after `page`, or `None` when that was the last one; pure.
    fn next(&self, page: &Self::Response) -> Option<Self>;
}
