//! Queries for invoices, permissions and payment identifiers (specification 1.9, chapter 13.10; KSeF
//! 1.x facts §2.6).

mod credentials;
mod invoices;

pub use credentials::{
    AccountingCredentials, Certificates, ContextCredentials, Credentials, PaymentIdentifiers,
};
pub use invoices::{
    FetchInvoices, Invoices, InvoicesStatus, InvoicesV1, StartInvoices, StartInvoicesV1,
};

#[cfg(test)]
mod tests;
