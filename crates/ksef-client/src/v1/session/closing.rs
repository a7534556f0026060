//! A session, or a batch, whose confirmation is being made (specification 1.9, chapters 12.2, 12.3
//! and 13.4).

use bytes::Bytes;
use common_core::poll::PollSchedule;
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::number::ReferenceNumber;

use super::Unfinished;
use crate::v1::{
    Client,
    common::{Status, Upo},
    error::{Error, ErrorKind},
    process::{Class, Process},
    progress::Progress,
};

/// A session that was ended. Its number is all that is needed, so another process can take it up by
/// [`Client::closing`]; who knows the number can read the confirmation.
#[derive(Clone, Debug)]
#[must_use = "the confirmation has to be waited for"]
pub struct Closing {
    client: Client,
    reference: ReferenceNumber,
}

impl Client {
    /// The ended session of that number.
    pub fn closing(&self, reference: ReferenceNumber) -> Closing {
        Closing::new(self.clone(), reference)
    }
}

impl Closing {
    pub(crate) fn new(client: Client, reference: ReferenceNumber) -> Self {
        Self { client, reference }
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// Asks once how far the session has come; the pages of its confirmation when it is done.
    ///
    /// Fails with [`ErrorKind::Failed`] when the session did.
    pub async fn poll_once(&self) -> Result<Confirmation, Error> {
        let answer = self.client.send(&Status(self.reference.clone())).await?;
        let description = answer.processing_description;
        let progress = Progress::new(Process::Session, answer.processing_code, description);
        let progress = progress.check(Status::INFO.name)?;
        if progress.class() != Class::Done {
            return Ok(Confirmation::NotYet(progress));
        }
        let numbers = answer.upo_page_list.iter().map(|page| page.upo_reference_number.parse());
        let pages = numbers.collect::<Result<_, _>>().map_err(|_| {
            Error::unreadable(&Status::INFO, "the number of a page is no reference number")
        })?;
        let (client, reference) = (self.client.clone(), self.reference.clone());
        Ok(Confirmation::Made(Closed { client, reference, pages }))
    }

    /// Waits until the confirmation is made, which takes minutes and has taken half a day (KSeF 1.x
    /// facts §9): give the schedule patience.
    ///
    /// When its time is up first, the handle comes back with [`ErrorKind::NotFinished`].
    pub async fn wait(self, schedule: &PollSchedule) -> Result<Closed, Unfinished<Self>> {
        let poll = || async {
            Ok::<_, Error>(match self.poll_once().await? {
                Confirmation::Made(closed) => Polled::Ended(closed),
                Confirmation::NotYet(_) => Polled::Pending(None),
            })
        };
        match poll_until(self.client.clock(), schedule, poll).await {
            Ok(Some(closed)) => Ok(closed),
            Ok(None) => {
                let cause = "the confirmation is not made yet";
                let error = Error::local(ErrorKind::NotFinished, Status::INFO.name, cause);
                Err(Unfinished::new(self, error))
            }
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }
}

/// Whether the confirmation of a session is made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Confirmation {
    /// It is, or there is none because no invoice was accepted.
    Made(Closed),
    /// Not yet.
    NotYet(Progress),
}

/// A session that is done.
#[derive(Clone, Debug)]
pub struct Closed {
    client: Client,
    reference: ReferenceNumber,
    pages: Vec<ReferenceNumber>,
}

impl Closed {
    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// The numbers of the confirmation's pages, of up to 10,000 invoices each; none when no invoice
    /// was accepted.
    pub fn pages(&self) -> &[ReferenceNumber] {
        &self.pages
    }

    /// One page of the confirmation, the signed XML as it is.
    pub async fn confirmation(&self, page: &ReferenceNumber) -> Result<Bytes, Error> {
        self.client.send(&Upo::new(self.reference.clone(), page.clone())).await
    }

    /// All pages of the confirmation, in their order.
    ///
    /// [`ksef_crypto::upo::Upo`] reads and verifies them.
    pub async fn confirmations(&self) -> Result<Vec<Bytes>, Error> {
        let mut all = Vec::with_capacity(self.pages.len());
        for page in &self.pages {
            all.push(self.confirmation(page).await?);
        }
        Ok(all)
    }
}
