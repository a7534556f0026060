#![doc = include_str!("../README.md")]

mod builder;
mod chance;
pub mod cli;
mod control;
pub mod epp;
pub mod fault;
mod front;
pub mod kros;
mod pdf;
mod record;
mod reply;
mod server;
mod tasks;
mod time;

pub use builder::{Builder, Sandbox};
pub use front::{ConnectionLost, Entrance, Mood};
pub use record::{Exchange, System, Unexpected};
