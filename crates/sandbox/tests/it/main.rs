//! The sandbox as its callers see it: raw HTTP, in process and over sockets.
//!
//! `cfg(test)` tells clippy that these modules are tests, where helpers too may unwrap.

#[cfg(test)]
mod client;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod control;
#[cfg(test)]
mod crk;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod epp;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod ksef_v1;
#[cfg(test)]
mod ksef_v2;
#[cfg(test)]
mod ksef_v2_certificates;
#[cfg(test)]
mod ksef_v2_latarnia;
#[cfg(test)]
mod ksef_v2_permissions;
#[cfg(test)]
mod ksef_v2_test_data;
#[cfg(test)]
mod ksef_v2_tokens;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod notifications;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod refusals;
