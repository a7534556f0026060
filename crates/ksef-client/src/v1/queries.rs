//! Queries for invoices, permissions and payment identifiers (specification 1.9, chapter 13.10; KSeF
//! 1.x facts §2.6).
//!
//! | wanted | by |
//! |---|---|
//! | headers of invoices | [`Session::invoice_headers`](crate::v1::Session::invoice_headers), a stream over any number of them |
//! | invoices themselves | [`Session::export_invoices`](crate::v1::Session::export_invoices), a stream over any number of them |
//! | the same step by step, to go on in another process | [`Session::start_query`](crate::v1::Session::start_query), [`wait_for_query`](crate::v1::Session::wait_for_query), [`fetch_part`](crate::v1::Session::fetch_part) |
//!
//! The endpoints below are single calls.

mod archive;
mod credentials;
mod export;
mod headers;
mod invoices;
mod originals;
#[cfg(test)]
mod tests;
mod window;

pub use archive::{FetchedInvoice, PartArchive};
pub use credentials::{
    AccountingCredentials, Certificates, ContextCredentials, Credentials, PaymentIdentifiers,
};
pub use export::ExportOptions;
pub use invoices::{
    FetchInvoices, Invoices, InvoicesStatus, InvoicesV1, StartInvoices, StartInvoicesV1,
};
pub use originals::{InvoiceQuery, QueryResult, QueryStatus, ResultPart};
