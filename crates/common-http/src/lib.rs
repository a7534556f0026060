#![doc = include_str!("../README.md")]

mod api;
mod authorise;
mod base_url;
mod body;
mod client;
mod clock;
mod download;
mod endpoint;
mod error;
mod failure;
mod header;
mod paging;
mod polling;
mod request;
mod reqwest_transport;
pub mod scripted;
mod send;
mod token;
mod transport;

pub use api::{Api, Detail, Problem, ProblemContext};
pub use authorise::{Anonymous, Authorise, CredentialsError, StaticBearer, UsedToken};
pub use base_url::{BaseUrl, BaseUrlError};
pub use body::{Body, BodyStream, FilePart};
pub use client::{CallOptions, Client, ClientBuilder, LimitPolicy};
pub use clock::{RuntimeClock, VirtualClock};
pub use download::Download;
pub use endpoint::{Auth, Endpoint, Info, Paged, Parts};
pub use error::{BuildError, DecodeError, Error};
pub use failure::Failure;
pub use header::retry_after;
pub use polling::{Polled, poll_until};
pub use request::{Decoded, RequestBuilder, decode_json};
pub use reqwest_transport::{
    ClientIdentity, HttpOptions, HttpVersion, OptionsError, Proxy, ReqwestTransport, TrustAnchors,
};
pub use token::{Expiring, SharedToken, StoredToken, TokenCache, TokenError};
pub use transport::{Transport, TransportError, TransportErrorKind};
