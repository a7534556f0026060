#![doc = include_str!("../README.md")]

pub mod clock;
pub mod effect;
pub mod ident;
pub mod limit;
pub mod money;
pub mod open;
pub mod poll;
pub mod retry;
pub mod secret;
pub mod store;
