#![doc = include_str!("../README.md")]

mod api;
pub mod auth;
pub mod batch;
pub mod catalog_items;
pub mod check;
mod client;
pub mod consent;
mod environment;
mod error;
pub mod expenses;
mod find;
mod guard;
pub mod invoices;
mod limits;
mod list_request;
pub mod model;
pub mod numbering_sequences;
pub mod payments;
pub mod proforma_invoices;
pub mod raw;
mod submission;
pub mod tags;
pub mod webhook;

pub use api::Kros;
pub use client::{BuilderError, Client, ClientBuilder};
pub use common_http::{
    BaseUrl, CallOptions, HttpOptions, LimitPolicy, Problem, Proxy, ReqwestTransport, Transport,
    TrustAnchors,
};
pub use environment::Environment;
pub use error::{Error, ErrorKind, Rejection};
pub use guard::Duplicates;
pub use limits::Limits;
pub use submission::{Document, MAX_DOCUMENTS, PendingRequest};
