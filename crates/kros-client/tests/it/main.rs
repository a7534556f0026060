//! The client against the sandbox: over real sockets where the socket matters, in process and on
//! paused time where waiting matters.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own preparations stop the test when they fail"
)]

mod batches;
mod cancellation;
mod consents;
mod endpoints;
mod failures;
mod filters;
mod guarding;
#[cfg(feature = "webhook-layer")]
mod layer;
mod notifications;
mod pace;
mod recovery;
mod secrecy;
mod support;
