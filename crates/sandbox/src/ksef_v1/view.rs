//! What tests see of the double.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// An accepted invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AcceptedInvoice {
    /// Its number in the 35-character form.
    pub ksef_number: String,
    /// The session or batch that it came in.
    pub session: String,
    /// Its element number.
    pub element: String,
    /// The NIP of the context that issued it.
    pub issuer: String,
    /// The NIP of the seller.
    pub seller: String,
    /// The issuer's own number of it.
    pub number: String,
    /// Base64 of the SHA-256 of its bytes.
    pub hash: String,
    /// Its size in bytes.
    pub size: usize,
    /// When it was accepted.
    pub at: DateTime<Utc>,
}

/// An invoice that was taken in, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TakenInvoice {
    /// Its element number.
    pub element: String,
    /// The session or batch that it came in.
    pub session: String,
    /// Base64 of the SHA-256 of its bytes, as its sender declared it.
    pub hash: String,
    /// When it was taken in.
    pub at: DateTime<Utc>,
}

/// A session or a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionView {
    /// Its reference number.
    pub reference: String,
    /// Whose it is.
    pub context: String,
    /// Whether it is a batch.
    pub batch: bool,
    /// Its code.
    pub code: u16,
    /// What it is told with.
    pub description: String,
    /// How many invoices were sent in it.
    pub invoices: usize,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Challenges given.
    pub challenges: u64,
    /// Interactive sessions opened.
    pub sessions: u64,
    /// Batches initialised.
    pub batches: u64,
    /// Parts uploaded.
    pub parts: u64,
    /// Invoices taken in by `Send`.
    pub sent: u64,
    /// Invoices accepted.
    pub accepted: u64,
    /// Invoices refused after they had been taken in.
    pub refused: u64,
    /// Calls refused for their limit.
    pub limited: u64,
    /// Receipts made.
    pub receipts: u64,
}
