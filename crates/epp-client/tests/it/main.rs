//! The client against the sandbox: over real sockets where the socket matters, in process and on
//! paused time where waiting matters.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own preparations stop the test when they fail"
)]

mod cancellation;
mod endpoints;
mod recovery;
mod refusals;
mod secrecy;
mod sharing;
mod support;
