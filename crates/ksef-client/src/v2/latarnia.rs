//! Latarnia, the service that says whether KSeF works: announced maintenance and failures (KSeF 2.0
//! facts §16).
//!
//! It lives at an address of its own, takes no login and counts no calls. What it says decides on
//! deadlines: an invoice that is issued offline during an announced failure may be sent later than
//! others.
//!
//! The authority's description of it was not at hand: the shape is that of clients which use it, so
//! every field may be missing and every code be an unknown one.

mod client;
mod message;
mod news;

use std::time::Duration;

use bytes::Bytes;
use common_core::effect::Effect;
use common_http::{
    Api, Auth, BaseUrl, BaseUrlError, Body, BuildError, DecodeError, Endpoint, Info, Parts,
    ProblemContext, RequestBuilder, decode_json,
};
use http::{Method, Request};
use serde::Deserialize;

use crate::v2::environment::Environment;

pub use client::{Latarnia, LatarniaBuilder};
pub use message::{Category, Event, Message, State, SystemStatus};
pub use news::News;

/// The answers are small, and who asks waits for them before doing anything else.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Which Latarnia is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// `https://api-latarnia-test.ksef.mf.gov.pl`, for the test environment and pre-production.
    Test,
    /// `https://api-latarnia.ksef.mf.gov.pl`.
    Production,
    /// Any other address, for the sandbox or a system of your own.
    Custom(BaseUrl),
}

impl Site {
    /// The one that speaks of an environment; `None` for an environment at an address of its own.
    pub fn of(environment: &Environment) -> Option<Self> {
        match environment {
            Environment::Test | Environment::Demo => Some(Self::Test),
            Environment::Production => Some(Self::Production),
            Environment::Custom(_) => None,
        }
    }

    /// The one at that address; `https` unless the host is a loopback address.
    pub fn at(address: &str) -> Result<Self, BaseUrlError> {
        address.parse().map(Self::Custom)
    }

    fn base(&self) -> Result<BaseUrl, BaseUrlError> {
        match self {
            Self::Test => "https://api-latarnia-test.ksef.mf.gov.pl".parse(),
            Self::Production => "https://api-latarnia.ksef.mf.gov.pl".parse(),
            Self::Custom(base) => Ok(base.clone()),
        }
    }
}

/// The system behind the endpoints.
#[derive(Clone, Copy, Debug)]
pub struct LatarniaApi;

impl Api for LatarniaApi {
    const NAME: &'static str = "ksef-latarnia";

    /// How it words failures is not known.
    fn problem(_: &Parts, _: &Bytes) -> ProblemContext {
        ProblemContext::default()
    }
}

/// `GET /status`: how the system stands, with the messages about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status;

impl Endpoint for Status {
    type Api = LatarniaApi;
    type Response = SystemStatus;

    const INFO: Info = Info {
        name: "latarnia.status",
        method: Method::GET,
        path: "/status",
        effect: Effect::Read,
        auth: Auth::None,
        limit: "",
        section: "KSeF 2.0 facts §16",
    };

    fn request(&self, base: &BaseUrl) -> Result<Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<SystemStatus, DecodeError> {
        decode_json(body)
    }
}

/// `GET /messages`: all messages, those of the past included. One that cannot be read is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Messages;

impl Endpoint for Messages {
    type Api = LatarniaApi;
    type Response = Vec<Message>;

    const INFO: Info = Info {
        name: "latarnia.messages",
        method: Method::GET,
        path: "/messages",
        effect: Effect::Read,
        auth: Auth::None,
        limit: "",
        section: "KSeF 2.0 facts §16",
    };

    fn request(&self, base: &BaseUrl) -> Result<Request<Body>, BuildError> {
        RequestBuilder::new(&Self::INFO, base).finish()
    }

    fn response(_: &Parts, body: &Bytes) -> Result<Vec<Message>, DecodeError> {
        #[derive(Deserialize)]
        struct Told(#[serde(deserialize_with = "message::readable")] Vec<Message>);

        decode_json(body).map(|Told(messages)| messages)
    }
}

#[cfg(test)]
mod tests;
