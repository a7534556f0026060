#![doc = include_str!("../README.md")]

mod builder;
mod chance;
pub mod cli;
mod control;
pub mod crk;
pub mod epp;
pub mod fault;
mod front;
pub mod kros;
mod ksef;
pub mod ksef_v1;
pub mod ksef_v2;
mod pdf;
mod record;
mod reply;
mod route;
mod server;
mod tasks;
mod time;
mod tls;

pub use builder::{Builder, Sandbox};
pub use front::{ConnectionLost, Entrance, Mood};
pub use record::{Exchange, System, Unexpected};
pub use tls::ClientCertificate;
