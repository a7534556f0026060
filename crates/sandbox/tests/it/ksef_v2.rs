//! The double of KSeF 2.0: the core. The resources have modules of their own beside this one.

mod auth;
mod batch;
pub(crate) mod client;
mod contract;
mod export;
pub(crate) mod hostile;
mod limits;
mod online;
mod query;
pub(crate) mod schema;
mod upo;
