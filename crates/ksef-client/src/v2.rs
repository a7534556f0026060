//! KSeF 2.0, the live interface, at level 2.9.0 of its contract.
//!
//! A [`Client`] talks to one installation; [`Client::login`] leads to an [`Account`], which works in
//! one context and renews its tokens by itself. Every operation is a value that either of them
//! sends; what takes more than one call has a handle: [`sending`] and [`batch`] for invoices that go
//! out, [`receiving`] for those that come in, [`login`] for the way in.
//!
//! On top of them stands what has to outlive a crash: [`outbox`] and [`inbox`], kept in a store, and
//! [`offline`] with the deadlines of invoices that were issued offline.
//!
//! "KSeF 2.0 facts §N" cites the page `docs/ksef/facts-v2.md` of the repository.

mod account;
mod api;
pub mod auth;
pub mod auth_sessions;
pub mod batch;
pub mod catalogue;
pub mod certificates;
mod client;
mod code;
pub mod collective_identifiers;
#[cfg(test)]
mod contract_tests;
mod document;
mod durable;
mod endpoint;
mod environment;
mod error;
pub mod exports;
mod form;
pub mod inbox;
pub mod invoices;
pub mod latarnia;
pub mod limits;
pub mod login;
pub mod offline;
pub mod online;
pub mod operations;
pub mod outbox;
pub mod peppol;
pub mod permission_queries;
pub mod permissions;
pub mod receiving;
pub mod security;
pub mod sending;
pub mod sessions;
mod status;
mod storage;
#[cfg(test)]
mod table_tests;
pub mod test_data;
pub mod tokens;
mod warning;
pub mod wire;
#[cfg(test)]
mod wire_tests;

pub use account::{Account, AccountBuilder};
pub use api::{KsefV2, LimitGroup};
pub use client::{Answer, BuilderError, Client, ClientBuilder, ErrorFormat, Rates};
pub use code::ErrorCode;
pub use common_http::{
    BaseUrl, CallOptions, Download, HttpOptions, LimitPolicy, Proxy, ReqwestTransport, Transport,
    TrustAnchors,
};
pub use document::Document;
pub use durable::DurableError;
pub use endpoint::Feature;
pub use environment::Environment;
pub use error::{Error, ErrorKind, Finding, Problem, Recovery, Unfinished};
pub use form::FormCode;
pub use status::{Class, Status};
pub use warning::{Notice, Warning};
