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

/// A login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LoginView {
    /// Its reference number.
    pub reference: String,
    /// The code of its status.
    pub status: u16,
    /// Whether its tokens were given out.
    pub redeemed: bool,
    /// Whether it was ended.
    pub revoked: bool,
}

/// An invoice that arrived in a session, whatever became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ReceivedInvoice {
    /// The session.
    pub session: String,
    /// Its number in the session.
    pub reference: String,
    /// SHA-256 of the document as its sender declared it, Base64.
    pub hash: String,
    /// When it arrived; for a batch, when that was opened.
    pub at: DateTime<Utc>,
    /// The code of its status.
    pub status: u16,
    /// Its number in KSeF, once it has one.
    pub ksef_number: Option<String>,
}

/// A part of a package that was put to its link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct UploadedPart {
    /// Its number, from 1.
    pub ordinal: u64,
    /// SHA-256 of the bytes that arrived, Base64.
    pub hash: String,
}
