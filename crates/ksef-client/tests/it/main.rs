//! The client against the sandbox: sessions by every kind of login, invoices, changes, queries,
//! refusals and lost answers.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own preparations stop the test when they fail"
)]

mod batches;
mod cancellation;
mod changes;
mod exports;
mod invoices;
mod lists;
mod logins;
mod many;
mod refusals;
mod secrecy;
mod sessions;
mod support;
