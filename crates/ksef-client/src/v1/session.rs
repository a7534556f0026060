//! Interactive sessions (specification 1.9, chapter 13; KSeF 1.x facts §2.3 and §10).
//!
//! The order of the protocol is in the types:
//!
//! | handle | comes from | goes on by |
//! |---|---|---|
//! | [`Opening`] | [`Client::session`](crate::v1::Client::session) | a token or a signature |
//! | [`Authorised`] | an opening, or a state that was exported | [`wait`](Authorised::wait), until the session is ready (code 315) |
//! | [`Session`] | an authorised session that is ready | any number of calls, then [`terminate`](Session::terminate) |
//! | [`Closing`] | a terminated session | [`wait`](Closing::wait), until the confirmation is made (code 200) |
//! | [`Closed`] | a closing session that is done | [`confirmations`](Closed::confirmations) |
//!
//! A step that fails gives its handle back, in [`Unfinished`]; as an error it is the cause alone.
//!
//! A session that is dropped without being terminated stays open on the service and ends by itself
//! after 120 minutes without a call. Its invoices are confirmed all the same, only later; its
//! [`Closing`] can be had by its number alone.

mod authorised;
mod closing;
mod endpoints;
mod open;
mod opening;
mod state;
#[cfg(test)]
pub(crate) mod tests;

pub use crate::v1::error::Unfinished;
pub use authorised::{Authorised, Readiness};
pub use closing::{Closed, Closing, Confirmation};
pub use endpoints::{
    Challenge, Details, GenerateInternalIdentifier, InitSigned, InitSignedV1, InitToken,
    InitTokenV1, Status, StatusOf, Terminate,
};
pub use open::Session;
pub use opening::{Challenged, Opening};
pub use state::{SessionState, StateError};

/// How long a session lasts without a call (specification 1.9, chapter 13.4).
pub const IDLE_LIMIT: std::time::Duration = std::time::Duration::from_secs(120 * 60);
