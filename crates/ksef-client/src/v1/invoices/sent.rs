//! An invoice that was sent, and what became of it.

use std::fmt;

use chrono::{DateTime, Utc};
use common_core::poll::PollSchedule;
use common_http::{CallOptions, Endpoint, Polled, poll_until};
use ksef_crypto::{
    link::InvoiceHash,
    number::{KsefNumber, ReferenceNumber},
    seal::Measure,
};
use serde::{Deserialize, Serialize};

use super::{Send, Status};
use crate::v1::{
    error::{Error, ErrorKind},
    process::{Class, Process},
    progress::Progress,
    session::Session,
    wire,
};

/// An invoice that the service has taken to look at. Plain data: store it to ask again later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SentInvoice {
    /// The number of the session.
    pub session: ReferenceNumber,
    /// The number of the element, by which the status is asked for.
    pub element: ReferenceNumber,
    /// The SHA-256 of the very bytes that were sent, in Base64.
    pub hash: String,
}

impl SentInvoice {
    /// The invoice of an element that is known from elsewhere, such as a session's list.
    pub fn new(session: ReferenceNumber, element: ReferenceNumber, hash: &InvoiceHash) -> Self {
        Self { session, element, hash: hash.base64() }
    }
}

/// What is known of an invoice that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvoiceStatus {
    /// It is issued and has a KSeF number.
    Accepted(AcceptedInvoice),
    /// It was refused; step, code and exception say why.
    Rejected(Progress),
    /// It is being looked at.
    Pending(Progress),
}

/// An invoice that is issued.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AcceptedInvoice {
    /// Its KSeF number.
    pub number: KsefNumber,
    /// When it was accepted.
    pub acquired: Option<DateTime<Utc>>,
    /// The number that its seller gave it.
    pub invoice_number: Option<String>,
}

impl InvoiceStatus {
    fn read(answer: wire::StatusInvoiceResponse) -> Result<Self, Error> {
        let (code, description) = (answer.processing_code, answer.processing_description);
        let progress = Progress::new(Process::Invoice, code, description);
        match progress.class() {
            Class::Failed => return Ok(Self::Rejected(progress)),
            Class::Done => {}
            // The number may be there before the archive has taken the invoice.
            _ => return Ok(Self::Pending(progress)),
        }
        let unreadable = || Error::unreadable(&Status::INFO, "an accepted invoice has no number");
        let status = answer.invoice_status.ok_or_else(unreadable)?;
        let number = status.ksef_reference_number.as_deref().ok_or_else(unreadable)?;
        Ok(Self::Accepted(AcceptedInvoice {
            number: number.parse().map_err(|_| unreadable())?,
            acquired: status.acquisition_timestamp,
            invoice_number: status.invoice_number,
        }))
    }
}

impl Session {
    /// Sends one invoice, the very bytes, plain or encrypted as the session declared.
    ///
    /// The XML has 1 to 1,048,576 bytes, is UTF-8 without a byte order mark, and holds neither a DTD
    /// nor CDATA (20001 to 20003). The session must have the role `invoice_write`, or be the
    /// owner's.
    ///
    /// It is not repeated when its outcome is unknown; see
    /// [`find_sent`](Self::find_sent).
    pub async fn send_invoice(&self, invoice: &[u8]) -> Result<SentInvoice, Error> {
        self.send_invoice_with(invoice, CallOptions::new()).await
    }

    /// The same with settings of its own.
    pub async fn send_invoice_with(
        &self,
        invoice: &[u8],
        options: CallOptions,
    ) -> Result<SentInvoice, Error> {
        self.send_measured(invoice, Measure::of(invoice), options).await
    }

    /// The same with an invoice whose size and hash are known, so that it is not hashed again.
    pub(in crate::v1) async fn send_measured(
        &self,
        invoice: &[u8],
        measure: Measure,
        options: CallOptions,
    ) -> Result<SentInvoice, Error> {
        let send = Send::measured(invoice, measure, self.encryption_key());
        let send = send.map_err(|error| Error::input(Send::INFO.name, error))?;
        let answer = self.send_with(&send, options).await?;
        let element = answer.element_reference_number.parse();
        Ok(SentInvoice {
            session: self.reference().clone(),
            element: element.map_err(|_| {
                Error::unreadable(&Send::INFO, "the element's number is no reference number")
            })?,
            hash: send.invoice().sha256_base64(),
        })
    }

    /// Asks once what became of an invoice.
    pub async fn invoice_status(&self, invoice: &SentInvoice) -> Result<InvoiceStatus, Error> {
        InvoiceStatus::read(self.send(&Status::new(invoice.element.clone())).await?)
    }

    /// Waits until an invoice was accepted or rejected.
    ///
    /// Fails with [`ErrorKind::NotFinished`] when the schedule's time is up first; asking again
    /// later goes on.
    pub async fn wait_for_invoice(
        &self,
        invoice: &SentInvoice,
        schedule: &PollSchedule,
    ) -> Result<InvoiceStatus, Error> {
        let poll = || async {
            Ok::<_, Error>(match self.invoice_status(invoice).await? {
                InvoiceStatus::Pending(_) => Polled::Pending(None),
                ended => Polled::Ended(ended),
            })
        };
        let ended = poll_until(self.clock(), schedule, poll).await?;
        ended.ok_or_else(|| {
            let cause = "the invoice is still being looked at";
            Error::local(ErrorKind::NotFinished, Status::INFO.name, cause)
        })
    }
}

/// Without the seller's own number.
impl fmt::Debug for AcceptedInvoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcceptedInvoice")
            .field("number", &self.number)
            .field("acquired", &self.acquired)
            .finish_non_exhaustive()
    }
}
