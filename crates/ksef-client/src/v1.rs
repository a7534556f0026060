//! KSeF 1.x: the interface of the specification 1.9 of March 2024, complete.
//!
//! **The authority switched it off around the beginning of February 2026**, the test environment
//! before that; its invoices moved to KSeF 2.0, its tokens and most of its permissions did not. This
//! module is for archives and migrations, for systems that still speak 1.x, for tests of programs
//! that were written for it, and for the specification itself. Live use belongs to KSeF 2.0.
//!
//! A [`Client`] talks to one installation; [`Client::session`] opens a [`Session`]. Every operation
//! is a value that either of them sends; what takes more than one call has a handle. "Specification
//! 1.9, chapter N" cites the authority's document, "KSeF 1.x facts §N" the page `docs/ksef/facts-v1.md`
//! of the repository.

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
pub mod outgoing;
pub mod payment_identifiers;
pub mod pki;
pub mod process;
mod progress;
pub mod queries;
pub mod receipts;
pub mod scam;
pub mod security;
pub mod send_many;
pub mod session;
#[cfg(test)]
mod table_tests;
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
pub use outgoing::Outgoing;
pub use progress::Progress;
pub use session::Session;
