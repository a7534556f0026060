//! What a test sees of the state.

use chrono::{DateTime, Utc};
use serde::Serialize;

/// An accepted invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AcceptedInvoice {
    /// Its number in KSeF, 35 characters.
    pub ksef_number: String,
    /// Its number on paper.
    pub invoice_number: String,
    /// The seller's NIP.
    pub seller: String,
    /// The buyer's number, if there is one.
    pub buyer: Option<String>,
    /// SHA-256 of the document, Base64.
    pub hash: String,
    /// The session that brought it; empty for one that a test put in.
    pub session: String,
    /// When the number was given.
    pub accepted: DateTime<Utc>,
    /// When it was stored for good.
    pub stored: DateTime<Utc>,
    /// Whether it counts as issued offline.
    pub offline: bool,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct SessionView {
    /// Its reference number.
    pub reference: String,
    /// `Online` or `Batch`.
    pub kind: &'static str,
    /// The value of the context.
    pub context: String,
    /// The code of its status.
    pub status: u16,
    /// Invoices that arrived.
    pub received: usize,
    /// Invoices that were accepted.
    pub accepted: usize,
    /// Invoices that were refused.
    pub refused: usize,
}
