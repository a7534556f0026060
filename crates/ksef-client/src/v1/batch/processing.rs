//! A batch that the service works on, and what came of it (specification 1.9, chapters 11.6, 12.2
//! and 15.3).

use common_core::poll::PollSchedule;
use futures_util::Stream;
use ksef_crypto::number::ReferenceNumber;

use super::{BatchState, Package, state::Stage};
use crate::v1::{
    Client,
    error::{Error, ErrorKind},
    progress::Progress,
    session::{Closed, Closing, Confirmation, Session, StatusOf, Unfinished},
    wire,
};

/// A batch whose end of upload was said. Its number is all that is needed:
/// [`Client::processing_batch`].
#[derive(Clone, Debug)]
#[must_use = "a batch may be rejected, and has to be waited for"]
pub struct Processing {
    closing: Closing,
    package: Option<Package>,
}

impl Client {
    /// The batch of that number.
    pub fn processing_batch(&self, reference: ReferenceNumber) -> Processing {
        Processing::new(self, None, reference)
    }
}

/// How far a batch has come.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BatchStatus {
    /// The service is at this step.
    Pending(Progress),
    /// It has ended.
    Ended(BatchOutcome),
}

/// What came of a batch.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum BatchOutcome {
    /// All invoices are issued; here are the pages of the confirmation.
    Accepted(Closed),
    /// No invoice is issued. The step and the exception say why, and
    /// [`Processing::invoices`] which invoices were wrong.
    Rejected(Progress),
}

impl Processing {
    pub(super) fn new(
        client: &Client,
        package: Option<Package>,
        reference: ReferenceNumber,
    ) -> Self {
        Self { closing: client.closing_batch(reference), package }
    }

    /// The batch's number.
    pub fn reference(&self) -> &ReferenceNumber {
        self.closing.reference()
    }

    /// What was packed; `None` for a batch that is known by its number only.
    pub fn package(&self) -> Option<&Package> {
        self.package.as_ref()
    }

    /// Everything that another process needs to go on; the number alone would do, too.
    pub fn export(&self) -> BatchState {
        let (package, reference) = (self.package.clone(), self.reference().clone());
        BatchState::new(Stage::Processing { package, reference })
    }

    /// Asks once how far the batch has come.
    pub async fn poll_once(&self) -> Result<BatchStatus, Error> {
        Ok(match self.closing.poll_once().await {
            Ok(Confirmation::Made(closed)) => BatchStatus::Ended(BatchOutcome::Accepted(closed)),
            Ok(Confirmation::NotYet(progress)) => BatchStatus::Pending(progress),
            Err(error) => BatchStatus::Ended(BatchOutcome::Rejected(rejection(error)?)),
        })
    }

    /// Waits until the batch is accepted with its confirmation made, or rejected.
    ///
    /// When the schedule's time is up first, the handle comes back with
    /// [`ErrorKind::NotFinished`]. A batch whose end was said too late may stay registered for
    /// ever.
    pub async fn wait(self, schedule: &PollSchedule) -> Result<BatchOutcome, Unfinished<Self>> {
        let Self { closing, package } = self;
        let unfinished = match closing.wait(schedule).await {
            Ok(closed) => return Ok(BatchOutcome::Accepted(closed)),
            Err(unfinished) => unfinished,
        };
        let (closing, error) = unfinished.into_parts();
        match rejection(error) {
            Ok(progress) => Ok(BatchOutcome::Rejected(progress)),
            Err(error) => Err(Unfinished::new(Self { closing, package }, error)),
        }
    }

    /// The invoices of the batch with how far each has come, asked in an interactive session of
    /// the same context: of a rejected batch, the ones that failed tell the reasons.
    ///
    /// A row has the seller's own number of the invoice as soon as it was read; none if the batch
    /// failed before its package was opened.
    pub fn invoices(
        &self,
        session: &Session,
    ) -> impl Stream<Item = Result<wire::SessionInvoiceStatus, Error>> + Send + use<> {
        session.items(StatusOf::new(self.reference().clone()))
    }
}

/// How a batch failed, if that is what the error says.
fn rejection(error: Error) -> Result<Progress, Error> {
    match error.progress() {
        Some(progress) if error.kind() == ErrorKind::Failed => Ok(progress.clone()),
        _ => Err(error),
    }
}
