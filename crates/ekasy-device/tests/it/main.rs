//! The register's side of the protocol, from outside.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own preparations stop the test when they fail"
)]

mod channels;
mod continuity;
mod document;
mod documented;
mod fiscalisation;
mod jose;
mod jose_refused;
mod jose_support;
mod jose_vectors;
mod journal;
mod oracle;
mod packing;
mod receipt;
mod schema;
mod secrecy;
mod till;
mod verification;
mod worker;
