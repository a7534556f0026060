//! Confirmations held against what was sent (specification 1.9, chapters 11.6 and 12.3; KSeF 1.x
//! facts §9).
//!
//! A confirmation counts when its signature holds, when it is about the right session, and when
//! its hashes are those of the very bytes that were sent.

use std::collections::BTreeMap;

use bytes::Bytes;
use ksef_crypto::{
    certificate::Certificate,
    link::InvoiceHash,
    number::ReferenceNumber,
    upo::{Upo, UpoDocument, UpoError},
    xades::{Policy, Sha1, Trust},
};

use crate::v1::{error::Error, session::Closed};

/// A page of a confirmation whose signature holds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Receipt {
    /// The signed XML as it came; keep these bytes.
    pub document: Bytes,
    /// What it says.
    pub upo: Upo,
    /// Who signed it. That it was the ministry is told by this certificate alone, where the trust
    /// does not name the ministry's own.
    pub certificate: Certificate,
}

/// Why a confirmation is not one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// It could not be fetched; calling again is harmless.
    #[error("the confirmation could not be fetched")]
    Call(#[from] Error),
    /// It cannot be read or its signature does not hold.
    #[error("the confirmation was refused")]
    Refused(#[source] UpoError),
    /// It names another session.
    #[error("the confirmation is one of another session")]
    OtherSession,
}

impl Closed {
    /// One page of the confirmation, with its signature verified.
    pub async fn receipt(
        &self,
        page: &ReferenceNumber,
        trust: Trust<'_>,
    ) -> Result<Receipt, ReceiptError> {
        let document = self.confirmation(page).await?;
        Receipt::read(document, self.reference(), trust)
    }

    /// Fetches and verifies all pages, and holds them against the invoices that should have been
    /// taken: the hashes of the very bytes that were sent.
    pub async fn reconcile(
        &self,
        accepted: impl IntoIterator<Item = InvoiceHash>,
        trust: Trust<'_>,
    ) -> Result<Reconciliation, ReceiptError> {
        let mut books = Reconciliation::expecting(accepted);
        for page in self.pages() {
            books.confirm(self.receipt(page, trust).await?);
        }
        Ok(books)
    }
}

impl Receipt {
    /// Reads and verifies one page that is there already, from an archive for instance.
    ///
    /// Confirmations of 1.x digest their certificate by SHA-1, which is taken there and nowhere
    /// else.
    pub fn read(
        document: Bytes,
        session: &ReferenceNumber,
        trust: Trust<'_>,
    ) -> Result<Self, ReceiptError> {
        let policy = Policy::new(trust).sha1(Sha1::CertificateDigest);
        let (upo, verified) = Upo::verify(&document, &policy).map_err(ReceiptError::Refused)?;
        if upo.session != session.as_str() {
            return Err(ReceiptError::OtherSession);
        }
        let certificate = verified.certificate().clone();
        Ok(Self { document, upo, certificate })
    }
}

/// What was sent beside what was confirmed. Keeps 33 bytes for every invoice, and the pages as they
/// came.
#[derive(Clone, Debug, Default)]
pub struct Reconciliation {
    expected: BTreeMap<InvoiceHash, bool>,
    foreign: Vec<UpoDocument>,
    receipts: Vec<Bytes>,
}

impl Reconciliation {
    /// Waits for the confirmation of these.
    pub fn expecting(accepted: impl IntoIterator<Item = InvoiceHash>) -> Self {
        let expected = accepted.into_iter().map(|hash| (hash, false)).collect();
        Self { expected, ..Self::default() }
    }

    /// Takes one page into account; each page once, since bytes that are confirmed a second time
    /// count as [`foreign`](Self::foreign).
    pub fn confirm(&mut self, receipt: Receipt) {
        for document in receipt.upo.documents {
            let hash = InvoiceHash::from_base64(&document.hash);
            match hash.and_then(|hash| self.expected.get_mut(&hash)) {
                Some(confirmed) if !*confirmed => *confirmed = true,
                _ => self.foreign.push(document),
            }
        }
        self.receipts.push(receipt.document);
    }

    /// How many invoices are confirmed.
    pub fn confirmed(&self) -> usize {
        self.expected.values().filter(|confirmed| **confirmed).count()
    }

    /// What was sent and is not confirmed.
    pub fn missing(&self) -> impl Iterator<Item = &InvoiceHash> {
        self.expected.iter().filter(|(_, confirmed)| !**confirmed).map(|(hash, _)| hash)
    }

    /// What is confirmed and was not expected: sent by another program in the same session, or
    /// other bytes than were sent, or the same bytes a second time.
    pub fn foreign(&self) -> &[UpoDocument] {
        &self.foreign
    }

    /// The pages as they came, signatures included: the documents to keep.
    pub fn receipts(&self) -> &[Bytes] {
        &self.receipts
    }

    /// Whether everything that was sent is confirmed, and nothing else.
    pub fn is_complete(&self) -> bool {
        self.foreign.is_empty() && self.missing().next().is_none()
    }
}
