//! The client against the sandbox, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test's own preparations stop the test when they fail")]

mod accounts;
mod faults;
mod orders;
mod payments;
mod sessions;
mod support;
