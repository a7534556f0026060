//! What the engines promise, shown from outside.

mod conformance;
mod engines;
mod sealed;
#[cfg(feature = "sqlite")]
mod sqlite;
