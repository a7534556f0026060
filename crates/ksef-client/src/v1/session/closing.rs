//! A session, or a batch, whose confirmation is being made (specification 1.9, chapters 12.2, 12.3
//! and 13.4).

use bytes::Bytes;
use common_core::poll::PollSchedule;
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::number::ReferenceNumber;

use super::Unfinished;
use crate::v1::{
    Client,
    common::{Status, StatusV3, Upo},
    error::{Error, ErrorKind},
    exception::ExceptionCode,
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
    process: Process,
}

impl Client {
    /// The ended session of that number.
    pub fn closing(&self, reference: ReferenceNumber) -> Closing {
        Closing::new(self.clone(), reference, Process::Session)
    }

    /// The batch of that number, all of whose parts were uploaded.
    pub fn closing_batch(&self, reference: ReferenceNumber) -> Closing {
        Closing::new(self.clone(), reference, Process::Batch)
    }
}

impl Closing {
    pub(crate) fn new(client: Client, reference: ReferenceNumber, process: Process) -> Self {
        Self { client, reference, process }
    }

    /// The number of the session or batch.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// Asks once how far the session has come; the pages of its confirmation when it is done.
    ///
    /// Fails with [`ErrorKind::Failed`] when the session did.
    pub async fn poll_once(&self) -> Result<Confirmation, Error> {
        let (progress, pages) = match self.client.send(&Status(self.reference.clone())).await {
            Ok(answer) => {
                let pages = answer.upo_page_list.into_iter().map(|page| page.upo_reference_number);
                (
                    self.progress(answer.processing_code, answer.processing_description),
                    pages.collect(),
                )
            }
            Err(error) if is_of_an_older_interface(&error) => self.older_status().await?,
            Err(error) => return Err(error),
        };
        let progress = progress.check(Status::INFO.name)?;
        if progress.class() != Class::Done {
            return Ok(Confirmation::NotYet(progress));
        }
        let pages = pages.iter().map(|page| page.parse()).collect::<Result<_, _>>();
        let pages = pages.map_err(|_| {
            Error::unreadable(&Status::INFO, "the number of a page is no reference number")
        })?;
        let (client, reference) = (self.client.clone(), self.reference.clone());
        Ok(Confirmation::Made(Closed { client, reference, pages }))
    }

    fn progress(&self, code: u32, description: Option<String>) -> Progress {
        Progress::new(self.process, code, description)
    }

    /// The status of version 3, with one confirmation for all invoices.
    async fn older_status(&self) -> Result<(Progress, Vec<String>), Error> {
        let answer = self.client.send(&StatusV3(self.reference.clone())).await?;
        let progress = self.progress(answer.processing_code, answer.processing_description);
        Ok((progress, answer.upo_reference_number.into_iter().collect()))
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

/// The fourth version of the status came with 2.6.0 of the published interface only (KSeF 1.x facts
/// §1).
fn is_of_an_older_interface(error: &Error) -> bool {
    let codes = [ExceptionCode::VERSION_CONFLICT, ExceptionCode::UNSUPPORTED_VERSION];
    error.problem().is_some_and(|problem| problem.status == 406)
        || error.code().is_some_and(|code| codes.contains(&code))
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
