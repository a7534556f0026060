//! Invoices of a session: sending, status, fetching (specification 1.9, chapters 13.7, 13.8 and
//! 15.5; KSeF 1.x facts §2.4).
//!
//! Sending is asynchronous: [`Session::send_invoice`](crate::v1::session::Session::send_invoice)
//! answers a [`SentInvoice`], whose [`InvoiceStatus`] tells whether the invoice was accepted.
//!
//! When the answer to a sending is lost, the invoice may have been taken:
//! [`Session::find_sent`](crate::v1::session::Session::find_sent) finds out.

mod endpoints;
mod fetch;
mod find;
mod sent;
#[cfg(test)]
mod tests;

pub use endpoints::{Fetch, Send, Status};
pub use find::{Found, FoundInvoice};
pub use sent::{AcceptedInvoice, InvoiceStatus, SentInvoice};
