//! Payments with a one-time password: start, confirm, and find out what became of one (source
//! document, POST payments and PUT payments).
//!
//! A payment takes two calls. Starting it locks its orders for other users while the service's
//! countdown runs, and sends the password or waits for one of the authenticator; confirming it
//! with the password pays. What the service said at the start is held against what was asked for,
//! and a payment that differs is not confirmed.
//!
//! Nothing here is ever sent a second time by itself.

mod confirm;
mod record;
mod start;
mod started;
mod state;

pub use confirm::{Confirm, Confirmation, Otp};
pub use record::{Discrepancy, PaymentRecord, StartedOrder};
pub use start::{Start, Started};
pub use started::{ConfirmError, StartedPayment};
pub use state::{OrderPayment, OrderState, PaymentState, Verdict};
