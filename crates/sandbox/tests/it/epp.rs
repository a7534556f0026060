//! The double of ePP.

mod client;
mod contract;
mod control;
mod faults;
mod hostile;
mod lists;
mod orders;
mod payments;
mod session;
mod statements;
