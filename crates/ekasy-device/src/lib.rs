#![doc = include_str!("../README.md")]

pub mod api;
pub mod channel;
pub mod client;
pub mod code;
pub mod command;
pub mod continuity;
pub mod device;
pub mod document;
mod environment;
mod error;
pub mod fiscalisation;
pub mod ident;
#[cfg(test)]
mod inconsistencies;
pub mod jose;
pub mod journal;
pub mod packing;
pub mod receipt;
pub mod verification;
pub mod worker;

pub use client::Client;
pub use environment::Environment;
pub use error::{Error, ErrorKind, Problem};
