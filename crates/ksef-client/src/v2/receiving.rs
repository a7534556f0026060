//! Receiving invoices: one by its number, metadata as a stream, and packages (KSeF 2.0 facts §10).
//!
//! Single invoices are limited to 64 an hour; for volume have a package made:
//!
//! | handle | comes from | goes on by |
//! |---|---|---|
//! | [`ExportOpening`] | [`Account::export`](crate::v2::Account::export) | [`start`](ExportOpening::start) |
//! | [`Export`] | a start, or a state that was exported | [`wait`](Export::wait), until the package is made |
//! | [`Package`] | an export that is ready | [`fetch`](Package::fetch): its parts, checked, in files |
//! | [`FetchedPackage`] | a fetch | [`read`](FetchedPackage::read): every invoice, checked |
//!
//! # Without gaps
//!
//! Only what was stored up to the **high water mark** is complete; queries by
//! `PermanentStorage` in ascending order that are restricted to it can be continued later. The next
//! one begins where this one ended ([`Metadata::checkpoint`], [`Package::checkpoint`]); the edges
//! overlap, so invoices are told apart by their KSeF numbers.

mod export;
mod metadata;
mod package;
#[cfg(test)]
mod tests;

use ksef_crypto::number::KsefNumber;

pub use export::{Export, ExportOpening, ExportState};
pub(crate) use metadata::OVERLAP;
pub use metadata::{Metadata, MetadataPage};
pub use package::{FetchedPackage, Package, read_metadata};

use crate::v2::{Account, document::Document, error::Error, invoices};

impl Account {
    /// Fetches an invoice by its number, byte for byte, with its hash checked.
    ///
    /// [`NotYet`](crate::v2::ErrorKind::NotYet) says that it is accepted and not there yet: ask
    /// again later.
    pub async fn invoice(&self, number: &KsefNumber) -> Result<Document, Error> {
        self.send(&invoices::Fetch(number.clone())).await
    }
}
