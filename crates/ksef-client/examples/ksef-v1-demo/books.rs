//! The seller's own books: what was sent, and what was confirmed of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use ksef_client::v1::{queries::FetchedInvoice, receipts::Reconciliation, session::Closed};
use ksef_crypto::{link::InvoiceHash, number::KsefNumber, xades::Trust};

use crate::{Outcome, account};

/// An invoice of the books.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
}

/// All invoices by their hash, and the numbers that confirmations gave them.
#[derive(Debug, Default)]
pub(crate) struct Books {
    entries: BTreeMap<InvoiceHash, Entry>,
    numbers: BTreeMap<KsefNumber, InvoiceHash>,
    waiting: BTreeSet<KsefNumber>,
}

/// What a confirmation came to.
#[derive(Debug)]
pub(crate) struct Confirmed {
    pub(crate) invoices: usize,
    pub(crate) pages: usize,
    pub(crate) signer: String,
}

impl Books {
    /// Enters the invoices of a folder.
    pub(crate) fn read(&mut self, folder: &Path) -> Outcome {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "xml") {
                let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let bytes = std::fs::read(&path)?;
                self.entries.insert(InvoiceHash::of(&bytes), Entry { name, bytes });
            }
        }
        Ok(())
    }

    /// Fetches every page, verifies its signature, and holds it against what was accepted; keeps
    /// the pages and the numbers.
    pub(crate) async fn confirm(
        &mut self,
        closed: &Closed,
        accepted: impl IntoIterator<Item = InvoiceHash>,
        folder: &Path,
    ) -> Outcome<Confirmed> {
        let mut held = Reconciliation::expecting(accepted);
        let mut signer = String::new();
        for page in closed.pages() {
            // The double signs with a certificate of its own; the ministry's would be an anchor.
            let receipt = closed.receipt(page, Trust::AnyCertificate).await?;
            signer = account::name(&receipt.certificate);
            std::fs::write(folder.join(format!("upo/{page}.xml")), &receipt.document)?;
            for document in &receipt.upo.documents {
                let hash = InvoiceHash::from_base64(&document.hash);
                let hash = hash.filter(|hash| self.entries.contains_key(hash));
                let number: KsefNumber = document.ksef_number.parse()?;
                self.waiting.insert(number.clone());
                self.numbers.insert(number, hash.ok_or("an unknown hash is confirmed")?);
            }
            held.confirm(receipt);
        }
        if held.is_complete() {
            let (invoices, pages) = (held.confirmed(), closed.pages().len());
            return Ok(Confirmed { invoices, pages, signer });
        }
        let missing = held.missing().count();
        Err(format!("{missing} invoices not confirmed, {} others", held.foreign().len()).into())
    }

    /// Takes an invoice that came back, which must be the very bytes that were sent.
    pub(crate) fn compare(&mut self, invoice: &FetchedInvoice) -> Outcome {
        let number = invoice.number.as_ref().ok_or("an invoice came back without its number")?;
        if !self.waiting.remove(number) {
            return Err(format!("{number} came back twice or was never confirmed").into());
        }
        if self.entry(number).is_some_and(|entry| entry.bytes == invoice.bytes) {
            return Ok(());
        }
        Err(format!("{number} came back with other bytes than were sent").into())
    }

    /// Whether everything that was confirmed came back.
    pub(crate) fn is_settled(&self) -> bool {
        self.waiting.is_empty() && !self.numbers.is_empty()
    }

    /// All numbers with their invoices, by the names of the files.
    pub(crate) fn issued(&self) -> Vec<(&KsefNumber, &Entry)> {
        let numbers = self.numbers.keys();
        let mut issued: Vec<_> =
            numbers.filter_map(|number| Some((number, self.entry(number)?))).collect();
        issued.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        issued
    }

    fn entry(&self, number: &KsefNumber) -> Option<&Entry> {
        self.entries.get(self.numbers.get(number)?)
    }
}
