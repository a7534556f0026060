//! KSeF 1.x: the interface of the specification 1.9.

mod api;
pub mod batch;
mod client;
pub mod common;
mod context;
pub mod credentials;
pub mod documents;
mod element;
mod endpoint;
mod environment;
mod error;
mod exception;
mod form;
pub mod invoices;
pub mod operations;
pub mod payment_identifiers;
pub mod pki;
pub mod process;
mod progress;
pub mod queries;
pub mod scam;
pub mod security;
pub mod session;
pub mod tokens;
pub mod visibility;
pub mod wire;
#[cfg(test)]
mod wire_tests;

pub use api::{KsefV1, LimitGroup};
pub use client::{BuilderError, Client, ClientBuilder};
pub use common_http::{
    BaseUrl, CallOptions, Download, HttpOptions, LimitPolicy, Proxy, ReqwestTransport, Transport,
    TrustAnchors,
};
pub use context::Context;
pub use element::{Element, ElementKind, NewToken};
pub use endpoint::NumberVariant;
pub use environment::Environment;
pub use error::{Error, ErrorKind, Finding, Problem, Recovery};
pub use exception::ExceptionCode;
pub use form::FormCode;
pub use invoices::{AcceptedInvoice, InvoiceStatus, SentInvoice};
pub use progress::Progress;
pub use session::Session;
