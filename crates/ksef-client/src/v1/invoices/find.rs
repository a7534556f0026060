//! What became of an invoice whose sending was not answered (KSeF 1.x facts §2.4, §10 and §11).
//!
//! The service lists the elements of a session, without hashes: which of them is the invoice can
//! be told once it is accepted, by fetching it. Sending the same invoice again does not issue it
//! twice, because the second one is refused as a duplicate (21176, or a status of 430 or 440); but
//! only the first one's element tells the KSeF number.

use std::{collections::BTreeSet, pin::pin};

use common_http::Endpoint;
use futures_util::TryStreamExt;
use ksef_crypto::{
    link::InvoiceHash,
    number::{KsefNumber, ReferenceNumber},
};

use crate::v1::{
    error::{Error, ErrorKind},
    process::{Class, Process, ProcessingCode},
    progress::Progress,
    session::{Session, Status},
    wire,
};

/// What the session says about an invoice whose sending was not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// It was sent and accepted: an element that nobody knew holds the very bytes.
    Accepted(FoundInvoice),
    /// These elements, which nobody knew, may be the invoice: they are still being looked at, were
    /// rejected, or may not be fetched by this session. Ask again later.
    Perhaps(Vec<FoundInvoice>),
    /// It was not sent: the session has no element that may be the invoice.
    Absent,
}

/// An element of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundInvoice {
    /// The number of the element.
    pub element: ReferenceNumber,
    /// The KSeF number, if the invoice has one.
    pub number: Option<KsefNumber>,
    /// How far it has come.
    pub progress: Progress,
}

impl Session {
    /// Finds out whether an invoice was sent, after an error that says that it may have been.
    ///
    /// `known` are the elements that other sendings named: pass all of this session's. One call
    /// for each page of the session's list, and one for each accepted element that is not known.
    /// It may be asked about a session that is still open; sendings that are under way at the same
    /// time are elements that nobody knows, too.
    pub async fn find_sent(
        &self,
        invoice: &[u8],
        known: &BTreeSet<ReferenceNumber>,
    ) -> Result<Found, Error> {
        let hash = InvoiceHash::of(invoice);
        let mut listed = pin!(self.invoices());
        let mut perhaps = Vec::new();
        while let Some(row) = listed.try_next().await? {
            let candidate = FoundInvoice::read(row)?;
            if known.contains(&candidate.element) {
                continue;
            }
            match self.hash_of(&candidate).await? {
                Some(held) if held == hash => return Ok(Found::Accepted(candidate)),
                Some(_) => {}
                None => perhaps.push(candidate),
            }
        }
        Ok(if perhaps.is_empty() { Found::Absent } else { Found::Perhaps(perhaps) })
    }

    /// The hash of the bytes that an element holds; `None` when that cannot be told.
    pub(in crate::v1) async fn hash_of(
        &self,
        candidate: &FoundInvoice,
    ) -> Result<Option<InvoiceHash>, Error> {
        let is_accepted = candidate.progress.class() == Class::Done;
        let Some(number) = candidate.number.as_ref().filter(|_| is_accepted) else {
            return Ok(None);
        };
        match self.fetch(number).await {
            Ok(bytes) => Ok(Some(InvoiceHash::of(&bytes))),
            Err(error) if may_not_be_fetched(error.kind()) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn may_not_be_fetched(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Forbidden | ErrorKind::NotFound | ErrorKind::Encryption)
}

impl FoundInvoice {
    /// A row that names no element is an error: it may be the very invoice that is looked for.
    pub(in crate::v1) fn read(row: wire::SessionInvoiceStatus) -> Result<Self, Error> {
        let code = row.processing_code.unwrap_or(ProcessingCode::REGISTERED.number());
        let element = row.element_reference_number.and_then(|element| element.parse().ok());
        Ok(Self {
            element: element.ok_or_else(|| {
                Error::unreadable(&Status::INFO, "a row of the session's list names no element")
            })?,
            number: row.ksef_reference_number.and_then(|number| number.parse().ok()),
            progress: Progress::new(Process::Invoice, code, row.processing_description),
        })
    }
}
