//! The double of KSeF 1.x.

mod batch;
mod causes;
mod client;
mod common;
mod contract;
mod control;
mod credentials;
mod exceptions;
mod hostile;
mod invoices;
mod marks;
mod oracle;
mod payments;
mod pki;
mod queries;
mod roles;
mod session;
pub(crate) mod sign;
mod steps;
