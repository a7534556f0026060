#![doc = include_str!("../README.md")]

pub mod ident;
pub mod money;
pub mod open;
