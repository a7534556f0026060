#![doc = include_str!("../README.md")]

mod lenient;
pub mod operation;
pub mod v1;
pub mod v2;

pub use lenient::{SecretText, Unrecognised};
