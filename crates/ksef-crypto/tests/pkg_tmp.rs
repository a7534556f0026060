#![allow(unused, clippy::all)]
use ksef_crypto::package::*;
mod seal { pub use ksef_crypto::seal::*; }
#[path = "../src/package/tests.rs"]
mod tests;
