//! From a session in which a parcel was sent to what it says.

use ksef_crypto::number::ReferenceNumber;

use super::{Carrier, DurableError, Journey, Refusal, Stage, Way};
use crate::v2::{
    batch,
    error::{Error, ErrorKind},
    online, sessions,
    status::{Class, Status},
};

/// How far a session is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Course {
    /// It goes on.
    Going,
    /// It has ended, and its list says what is in it, and so what is not.
    Ended,
    /// It ended because KSeF could not work with it, whatever was sent.
    Failed(Refusal),
}

impl Course {
    fn of(status: &Status, way: Way) -> Self {
        match (status.class(), status.code, way) {
            (Class::Pending, _, _) => Self::Going,
            // Processed; without a correct invoice; closed before the first one was sent.
            (Class::Done | Class::Over, _, _) | (_, 445, _) | (_, 440, Way::Online) => Self::Ended,
            _ => Self::Failed(Refusal::of_status(status)),
        }
    }
}

impl Carrier {
    /// Closes the session of a parcel unless it is closed, looks how far it is, and takes over what it
    /// says. Waits for nothing.
    pub(super) async fn follow(&self, journey: &mut Journey<'_>) -> Result<(), DurableError> {
        let Some(session) = journey.parcel.session.clone() else { return Ok(()) };
        if (journey.parcel.way, journey.parcel.stage) == (Way::Batch, Stage::Open) {
            // Its upload is not done, or it is about to be left.
            return Ok(());
        }
        let followed = self.follow_to(journey, &session).await;
        match followed {
            Err(DurableError::Ksef(error)) if is_hidden(&error) && self.is_late(journey) => {
                // Nothing can arrive in it any more, and nobody can say what did. Had an invoice been
                // issued by it, KSeF would say so when it comes again (440).
                journey.parcel.leave_session();
                self.count_tries(journey, None, &Refusal::of_error(&error)).await
            }
            followed => followed,
        }
    }

    async fn follow_to(
        &self,
        journey: &mut Journey<'_>,
        session: &ReferenceNumber,
    ) -> Result<(), DurableError> {
        if journey.parcel.stage != Stage::Closed {
            self.close(journey, session).await?;
        }
        if journey.parcel.session.is_none() || journey.is_over {
            return Ok(());
        }
        let answer = self.account.send(&sessions::Status(session.clone())).await?;
        let counts = [answer.successful_invoice_count, answer.failed_invoice_count];
        let seen: u64 = counts.into_iter().flatten().sum();
        let has_news = seen > journey.seen;
        let status = Status::from(answer);
        if status.code == 100 {
            // One that is open and cannot be closed ends by itself.
            journey.waits = true;
            return Ok(());
        }
        if journey.parcel.stage != Stage::Closed {
            journey.parcel.stage = Stage::Closed;
            self.store(journey).await?;
        }
        match Course::of(&status, journey.parcel.way) {
            // A batch is decided about all at once. Lists may be read seldom, so one is read only after
            // the service has counted more.
            Course::Going if journey.parcel.way == Way::Batch || !has_news => Ok(()),
            course => {
                self.look_through(journey, session, &course).await?;
                journey.seen = seen;
                if journey.parcel.session.is_none() || journey.parcel.letters.is_empty() {
                    self.forget_upload(journey).await;
                }
                Ok(())
            }
        }
    }

    /// Closes a session. One that refuses to be closed has its status asked for.
    async fn close(
        &self,
        journey: &mut Journey<'_>,
        session: &ReferenceNumber,
    ) -> Result<(), DurableError> {
        let closed = match journey.parcel.way {
            Way::Online => self.account.send(&online::Close(session.clone())).await,
            Way::Batch => self.account.send(&batch::Close(session.clone())).await,
        };
        let by_state = [ErrorKind::SessionState, ErrorKind::Invalid, ErrorKind::SessionUnavailable];
        match closed {
            Ok(()) => {
                journey.parcel.stage = Stage::Closed;
                self.store(journey).await
            }
            Err(error) if batch::is_incomplete(&error) => {
                // It is never processed as it is, and nobody else has its links.
                self.leave_package(journey).await;
                self.count_tries(journey, None, &Refusal::of_error(&error)).await
            }
            Err(error) if error.may_have_happened() || by_state.contains(&error.kind()) => {
                tracing::debug!(%error, "the session was not closed; its status decides");
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Whether nothing can arrive in the session of a parcel any more.
    fn is_late(&self, journey: &Journey<'_>) -> bool {
        journey.parcel.until.is_none_or(|until| until < self.account.clock().now())
    }
}

pub(super) fn is_hidden(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Forbidden | ErrorKind::Gone)
}
