#![doc = include_str!("../README.md")]

mod algorithm;
mod canonical;
mod escape;
mod output;
mod render;
mod scope;
mod source;

pub use algorithm::{Canonicalizer, Comments, UnknownAlgorithm};
pub use canonical::Canonical;
