//! What the campaigns and the tests of several crates share.
//!
//! A campaign runs many seeds of trouble, holds every word of a client against the books of a
//! sandbox, and ends with one line that counts what was lost, duplicated or told untruly. This
//! crate is the frame of that: a campaign itself says what a seed does and which rows it counts.
//!
//! It is used in examples and tests only and is never published.

mod campaign;
pub mod child;
mod cost;
mod listening;
pub mod plan;
mod relay;
mod tally;
mod tries;
mod verdict;
mod wrapped;

pub use campaign::{Campaign, complain};
pub use cost::cpu;
pub use listening::Everything;
pub use relay::{Holding, Relay, Tearing};
pub use tally::{Row, Tally};
pub use tries::{Leave, Tries};
pub use verdict::Verdict;
pub use wrapped::{Around, Wrapped};

/// Why a seed could not be run at all; no verdict on what is tried.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
