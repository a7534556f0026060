//! The baker's own books: every invoice by its hash, and the number that a confirmation gave it.

use std::{collections::BTreeMap, path::Path};

use chrono::NaiveDate;
use ksef_client::v2::sending::Closed;
use ksef_crypto::{
    link::InvoiceHash,
    number::KsefNumber,
    xades::{Policy, Sha1, Trust},
};

use crate::{Outcome, account, bars, invoices::Invoice};

/// An invoice of the books.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: String,
    pub(crate) issued: NaiveDate,
    pub(crate) bytes: Vec<u8>,
}

/// All invoices, and the numbers of those that are confirmed.
#[derive(Debug, Default)]
pub(crate) struct Books {
    entries: BTreeMap<InvoiceHash, Entry>,
    numbers: BTreeMap<KsefNumber, InvoiceHash>,
}

/// What a confirmation came to.
#[derive(Debug)]
pub(crate) struct Confirmed {
    pub(crate) invoices: usize,
    pub(crate) pages: usize,
    pub(crate) signer: String,
}

impl Books {
    /// Enters invoices before they are sent.
    pub(crate) fn enter(&mut self, invoices: impl IntoIterator<Item = Invoice>) {
        for Invoice { name, issued, bytes } in invoices {
            self.entries.insert(InvoiceHash::of(&bytes), Entry { name, issued, bytes });
        }
    }

    /// Fetches every page of a confirmation, verifies its signature, finds every hash in the books,
    /// and keeps the pages and the numbers.
    ///
    /// Exactly so many invoices must be confirmed, and none of them before.
    pub(crate) async fn confirm(
        &mut self,
        closed: &Closed,
        expected: usize,
        folder: &Path,
    ) -> Outcome<Confirmed> {
        let (bar, mut signer) = (bars::counting("confirming", expected), String::new());
        let before = self.numbers.len();
        let documents = closed.confirmations().await?;
        // The double signs with a certificate of its own; the ministry's would be an anchor. Older
        // signatures name their certificate by SHA-1; nothing else may be digested so.
        let policy = Policy::new(Trust::AnyCertificate).sha1(Sha1::CertificateDigest);
        for (page, document) in closed.confirmation_pages().zip(&documents) {
            std::fs::write(folder.join(format!("upo/{page}.xml")), document.bytes())?;
            let (upo, verified) = document.verify_upo(&policy)?;
            signer = account::name(verified.certificate());
            for row in bar.wrap_iter(upo.documents.iter()) {
                let hash = InvoiceHash::from_base64(&row.hash);
                let hash = hash.filter(|hash| self.entries.contains_key(hash));
                let hash = hash.ok_or("an unknown hash is confirmed")?;
                if self.numbers.insert(row.ksef_number.parse()?, hash).is_some() {
                    return Err(format!("{} is confirmed twice", row.ksef_number).into());
                }
            }
        }
        bar.finish_and_clear();
        let invoices = self.numbers.len() - before;
        if invoices == expected {
            return Ok(Confirmed { invoices, pages: documents.len(), signer });
        }
        Err(format!("{invoices} invoices are confirmed in place of {expected}").into())
    }

    /// Whether the invoice of that number has these bytes.
    pub(crate) fn has(&self, number: &KsefNumber, bytes: &[u8]) -> bool {
        self.numbers
            .get(number)
            .and_then(|hash| self.entries.get(hash))
            .is_some_and(|entry| entry.bytes == bytes)
    }

    /// All numbers with their invoices, by the names of the files.
    pub(crate) fn issued(&self) -> Vec<(&KsefNumber, &Entry)> {
        let numbered = |(number, hash)| Some((number, self.entries.get(hash)?));
        let mut issued: Vec<_> = self.numbers.iter().filter_map(numbered).collect();
        issued.sort_by(|(_, one), (_, other)| one.name.cmp(&other.name));
        issued
    }
}
