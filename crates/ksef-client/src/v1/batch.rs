//! Batches: packages of invoices that are taken whole or refused whole (specification 1.9, chapter
//! 11; KSeF 1.x facts §2.1).

mod endpoints;
#[cfg(test)]
mod tests;

pub use endpoints::{Finish, Init, Upload};
