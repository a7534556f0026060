#![doc = include_str!("../README.md")]

pub mod check;
mod lenient;
pub mod operation;
mod private;
mod unfinished;
pub mod v1;
pub mod v2;

pub use lenient::{SecretText, Unrecognised};
pub use unfinished::Unfinished;
