//! The end of a session of either kind, and its confirmation (KSeF 2.0 facts §8 and §9).

use std::fmt;

use chrono::{DateTime, Utc};
use common_core::{poll::PollSchedule, secret::SecretString};
use common_http::{Endpoint, Polled, poll_until};
use futures_util::Stream;
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    Account, Unfinished,
    document::Document,
    error::{Error, ErrorKind},
    sessions::{self, SessionType},
    status::{Class, Status},
    wire,
};

/// A session that was closed and is being processed.
#[derive(Debug)]
#[must_use = "a session that was closed has to be waited for"]
pub struct Closing {
    account: Account,
    reference: ReferenceNumber,
    kind: SessionType,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Processed (200); single invoices may have been refused.
    Processed,
    /// No invoice was correct (445): there is no confirmation, and the failed ones are listed.
    NothingCorrect,
    /// Cancelled (440): no invoice was sent, or parts came too late.
    Cancelled,
}

/// A session that is processed.
pub struct Closed {
    account: Account,
    reference: ReferenceNumber,
    outcome: Outcome,
    status: Status,
    counts: [Option<u64>; 3],
    pages: Vec<Page>,
}

/// A page of the confirmation.
struct Page {
    reference: ReferenceNumber,
    link: SecretString,
    link_until: Option<DateTime<Utc>>,
}

impl Account {
    /// Takes up a session that was closed, by its number, in another process for instance.
    pub fn closing(&self, reference: ReferenceNumber, kind: SessionType) -> Closing {
        Closing::new(self.clone(), reference, kind)
    }
}

impl Closing {
    pub(crate) fn new(account: Account, reference: ReferenceNumber, kind: SessionType) -> Self {
        Self { account, reference, kind }
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// What kind of session it is.
    pub fn kind(&self) -> SessionType {
        self.kind
    }

    /// Asks once; `None` while the session is being processed.
    ///
    /// Fails with [`ErrorKind::Failed`] when the service could not process it: parts that do not
    /// verify (405) or decrypt (415, 435), an archive that does not open (430), too many invoices
    /// (420), an unknown error (500).
    pub async fn poll_once(&self) -> Result<Option<Closed>, Error> {
        let answer = self.account.send(&sessions::Status(self.reference.clone())).await?;
        let counts =
            [answer.invoice_count, answer.successful_invoice_count, answer.failed_invoice_count];
        let status = Status::from(answer.status);
        let outcome = match (status.class(), status.code) {
            (Class::Pending, _) => return Ok(None),
            (Class::Done, _) => Outcome::Processed,
            (_, 445) => Outcome::NothingCorrect,
            (_, 440) => Outcome::Cancelled,
            _ => {
                return Err(Error::local(ErrorKind::Failed, sessions::Status::INFO.name, status));
            }
        };
        let pages = answer.upo.map(|upo| upo.pages).unwrap_or_default();
        let pages = pages.into_iter().map(page).collect::<Result<_, _>>()?;
        let (account, reference) = (self.account.clone(), self.reference.clone());
        Ok(Some(Closed { account, reference, outcome, status, counts, pages }))
    }

    /// Waits until the session is processed.
    ///
    /// When the time of the schedule is up first, the handle comes back with
    /// [`ErrorKind::NotFinished`].
    pub async fn wait(self, schedule: &PollSchedule) -> Result<Closed, Unfinished<Self>> {
        let poll = || async {
            let closed = self.poll_once().await?;
            Ok::<_, Error>(closed.map_or(Polled::Pending(None), Polled::Ended))
        };
        match poll_until(self.account.clock(), schedule, poll).await {
            Ok(Some(closed)) => Ok(closed),
            Ok(None) => {
                let cause = "the session is not processed yet";
                let name = sessions::Status::INFO.name;
                Err(Unfinished::new(self, Error::local(ErrorKind::NotFinished, name, cause)))
            }
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }

    /// The invoices of the session that were refused; the way to learn more about one that failed.
    pub fn failed_invoices(
        &self,
    ) -> impl Stream<Item = Result<wire::SessionInvoiceStatusResponse, Error>> + Send + use<> {
        self.account.items(sessions::FailedInvoices::new(self.reference.clone()))
    }
}

fn page(page: wire::UpoPageResponse) -> Result<Page, Error> {
    let reference = page.reference_number.parse().map_err(|_| {
        let cause = "the number of a confirmation is no reference number";
        Error::unreadable(&sessions::Status::INFO, cause)
    })?;
    let link_until = page.download_url_expiration_date;
    Ok(Page { reference, link: page.download_url.into_secret(), link_until })
}

impl Closed {
    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// How it ended.
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Its status.
    pub fn status(&self) -> &Status {
        &self.status
    }

    /// How many invoices were sent.
    pub fn invoices_sent(&self) -> Option<u64> {
        self.counts[0]
    }

    /// How many were issued.
    pub fn invoices_issued(&self) -> Option<u64> {
        self.counts[1]
    }

    /// How many were refused.
    pub fn invoices_refused(&self) -> Option<u64> {
        self.counts[2]
    }

    /// The invoices of the session.
    pub fn invoices(
        &self,
    ) -> impl Stream<Item = Result<wire::SessionInvoiceStatusResponse, Error>> + Send + use<> {
        self.account.items(sessions::Invoices::new(self.reference.clone()))
    }

    /// The invoices of the session that were refused.
    pub fn failed_invoices(
        &self,
    ) -> impl Stream<Item = Result<wire::SessionInvoiceStatusResponse, Error>> + Send + use<> {
        self.account.items(sessions::FailedInvoices::new(self.reference.clone()))
    }

    /// The numbers of the confirmation's pages, each of up to 10,000 invoices; none when no invoice
    /// was issued.
    pub fn confirmation_pages(&self) -> impl ExactSizeIterator<Item = &ReferenceNumber> {
        self.pages.iter().map(|page| &page.reference)
    }

    /// Fetches all pages of the confirmation, in order: by their links, which count in no limit,
    /// and by their numbers where a link has expired.
    ///
    /// [`Document::verify_upo`] verifies a page.
    pub async fn confirmations(&self) -> Result<Vec<Document>, Error> {
        let mut documents = Vec::with_capacity(self.pages.len());
        for page in &self.pages {
            documents.push(self.confirmation(page).await?);
        }
        Ok(documents)
    }

    async fn confirmation(&self, page: &Page) -> Result<Document, Error> {
        let now = self.account.clock().now();
        if page.link_until.is_none_or(|until| now < until) {
            match self.account.client().fetch(&page.link).await {
                Ok(document) => return Ok(document),
                Err(error) => tracing::debug!(%error, "a link failed; asking by the number"),
            }
        }
        let upo = sessions::Upo::new(self.reference.clone(), page.reference.clone());
        self.account.send(&upo).await
    }
}

impl fmt::Debug for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("reference", &self.reference)
            .field("outcome", &self.outcome)
            .field("counts", &self.counts)
            .field("pages", &self.pages.len())
            .finish_non_exhaustive()
    }
}
