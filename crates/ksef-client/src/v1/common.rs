//! What needs no session: the status of any session or batch, confirmations, invoices by their
//! data, verification, and the providers of Peppol (specification 1.9, chapter 12; KSeF 1.x facts
//! §2.2).
//!
//! A reference number is all that status and confirmation need, so keep reference numbers to
//! yourself.

mod invoices;
mod providers;
mod status;

pub use invoices::{DownloadInvoice, FetchInvoice, VerifyInvoice};
pub use providers::{ListAccessPoints, RegisterAccessPoint};
pub use status::{Status, StatusV1, StatusV3, Upo, UpoOnDemand};

#[cfg(test)]
mod tests;
