//! The double of CRK.

mod archive;
mod client;
mod contract;
mod control;
mod cpd;
mod faults;
mod fiscalisation;
mod hostile;
mod hub;
mod jose;
mod tls;
mod webapi;
