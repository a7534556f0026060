#![doc = include_str!("../README.md")]

pub mod accounts;
mod api;
pub mod batch;
mod client;
mod environment;
mod error;
mod list_request;
mod matching;
pub mod model;
mod page;
pub mod payment_orders;
pub mod payments;
pub mod raw;
pub mod rules;
pub mod session;
pub mod statement;
pub mod totp;

pub use api::{Answer, Envelope, Epp, Refusal, Status};
pub use client::{BuilderError, Client, ClientBuilder};
pub use common_http::{
    BaseUrl, CallOptions, Download, HttpOptions, LimitPolicy, Proxy, ReqwestTransport, SharedToken,
    Transport, TrustAnchors,
};
pub use environment::Environment;
pub use error::{Error, ErrorKind, Problem, Recovery};
pub use page::{Listing, Page, SortDirection};
