#![doc = include_str!("../README.md")]

pub mod api;
pub mod code;
pub mod command;
pub mod continuity;
pub mod document;
mod environment;
mod error;
pub mod ident;
#[cfg(test)]
mod inconsistencies;
pub mod jose;
pub mod journal;
pub mod packing;
pub mod receipt;

pub use environment::Environment;
pub use error::{Error, ErrorKind, Problem};
