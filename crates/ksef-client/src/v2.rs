//! KSeF 2.0, the live interface: what its contract says of operations and bodies.

pub mod operations;
pub mod wire;
#[cfg(test)]
mod wire_tests;
