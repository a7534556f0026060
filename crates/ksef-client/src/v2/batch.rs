//! Sending up to 10,000 invoices as one package (KSeF 2.0 facts §7).
//!
//! | handle | comes from | goes on by |
//! |---|---|---|
//! | [`PackedBatch`] | [`pack`]: invoices as an archive, cut into encrypted files | [`BatchOpening::open`] |
//! | [`BatchUpload`] | an opening, or a state that was exported | [`upload`](BatchUpload::upload), then [`close`](BatchUpload::close) |
//! | [`Closing`](crate::v2::sending::Closing) | an upload that was closed | as for an interactive session |
//!
//! Memory use does not depend on the size of a package: parts are files, and files are what is
//! uploaded, by links that take no token. Links live for twenty minutes for each part; a part may be
//! uploaded again, so a program that died goes on with [`BatchUpload::export`]'s state.

mod endpoints;
mod opening;
mod packing;
mod state;
#[cfg(test)]
mod tests;
mod upload;

pub use endpoints::{Close, Open};
pub use opening::BatchOpening;
pub use packing::{BatchPart, PackedBatch, Packing, pack};
pub use state::BatchState;
pub use upload::BatchUpload;
pub(crate) use upload::is_incomplete;
