//! Exact money: decimal numbers that keep the digits they were written with, from JSON to JSON.
//!
//! [`Amount`] is what a system sent or wants: any decimal number, with its own count of decimal
//! places.
//! [`Money`] is an amount with a fixed count of decimal places, for sums that a document states in
//! cents.
//! Neither ever passes through a binary floating-point number, and nothing rounds unless it is
//! asked to ([`Money::round_from`]): an operation whose exact result does not fit gives `None`.
//!
//! ```
//! use common_core::money::{Amount, Money, Rounding};
//!
//! let unit_price: Amount = serde_json::from_str("0.3335")?;
//! let line = unit_price.checked_mul(Amount::from(3)).ok_or("out of range")?;
//! assert_eq!(line.to_string(), "1.0005");
//!
//! let total: Money<2> = Money::round_from(line, Rounding::HalfAwayFromZero)?;
//! assert_eq!(serde_json::to_string(&total)?, "1.00");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod amount;
mod error;
mod fixed;
mod json;
mod text;

pub use amount::Amount;
pub use error::{AmountError, ScaleError};
pub use fixed::{Money, Rounding};
