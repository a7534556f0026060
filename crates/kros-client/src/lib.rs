//! kros-client

pub mod check;
pub mod model;
pub mod webhook;
