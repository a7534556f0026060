//! The sandbox as its callers see it: raw HTTP, in process and over sockets.

mod client;
mod consent;
mod contract;
mod control;
mod endpoints;
mod faults;
mod hostile;
mod limits;
mod notifications;
mod refusals;
