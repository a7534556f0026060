#![doc = include_str!("../README.md")]

pub mod certificate;
#[cfg(any(test, feature = "csr"))]
pub mod csr;
pub mod keys;
pub mod link;
pub mod number;
pub mod package;
pub mod qr;
pub mod seal;
#[cfg(any(test, feature = "csr"))]
pub mod test_certificates;
pub mod upo;
pub mod xades;
