//! A session that has a token and is perhaps not authenticated yet.

use std::fmt;

use common_core::poll::PollSchedule;
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::number::ReferenceNumber;

use super::{Details, Session, SessionState, Status, Unfinished, open::Core};
use crate::v1::{
    Context, common,
    error::{Error, ErrorKind},
    process::{Class, Process, ProcessingCode},
    progress::Progress,
    wire,
};

/// A session that was opened: the service knows who asks, and may still be checking certificates
/// (specification 1.9, chapter 4.3.1).
#[must_use = "a session that was opened has to be waited for"]
pub struct Authorised {
    core: Core,
    roles: Vec<wire::SessionRoleV2>,
    identifiers: Vec<wire::AuthenticationIdentifier>,
}

/// Whether a session can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Readiness {
    /// It can.
    Ready,
    /// Not yet.
    NotYet(Progress),
}

impl Authorised {
    pub(super) fn new(
        core: Core,
        roles: Vec<wire::SessionRoleV2>,
        identifiers: Vec<wire::AuthenticationIdentifier>,
    ) -> Self {
        Self { core, roles, identifiers }
    }

    /// The session's number.
    pub fn reference(&self) -> &ReferenceNumber {
        self.core.reference()
    }

    /// In whose name it works.
    pub fn context(&self) -> &Context {
        self.core.context()
    }

    /// The roles that the session has; none for one that was resumed.
    pub fn roles(&self) -> &[wire::SessionRoleV2] {
        &self.roles
    }

    /// The identifiers of who opened it; none for one that was resumed.
    pub fn authentication_identifiers(&self) -> &[wire::AuthenticationIdentifier] {
        &self.identifiers
    }

    /// Everything that another process needs to go on with the session, secrets included.
    pub fn export(&self) -> SessionState {
        self.core.export()
    }

    /// Asks once whether the session can be used.
    ///
    /// Fails with [`ErrorKind::Failed`] when the authentication did, and with
    /// [`ErrorKind::SessionEnded`] when the session was closed or has expired.
    pub async fn poll_once(&self) -> Result<Readiness, Error> {
        let answer = match self.core.send(&Status::new().details(Details::Omit)).await {
            Ok(answer) => answer,
            // "Not authenticated" means "not yet" here (KSeF 1.x facts §11).
            Err(error) if error.kind() == ErrorKind::NotYet => {
                let code = ProcessingCode::REGISTERED.number();
                return Ok(Readiness::NotYet(Progress::new(Process::Session, code, None)));
            }
            Err(error) if error.kind() == ErrorKind::SessionEnded => {
                return Err(self.why_it_ended(error).await);
            }
            Err(error) => return Err(error),
        };
        let description = answer.processing_description;
        let progress = Progress::new(Process::Session, answer.processing_code, description);
        let progress = progress.check(Status::INFO.name)?;
        let ending = progress.code >= ProcessingCode::SESSION_ENDING;
        match progress.class() {
            Class::Done => Err(Error::local(ErrorKind::SessionEnded, Status::INFO.name, progress)),
            Class::Running if ending => {
                Err(Error::local(ErrorKind::SessionEnded, Status::INFO.name, progress))
            }
            Class::Running if progress.code >= ProcessingCode::SESSION_READY => {
                Ok(Readiness::Ready)
            }
            _ => Ok(Readiness::NotYet(progress)),
        }
    }

    /// A session whose authentication failed may be refused as one that is not active; the status
    /// that needs no session tells the step.
    async fn why_it_ended(&self, error: Error) -> Error {
        let status = common::Status(self.reference().clone());
        let Ok(answer) = self.core.client().send(&status).await else { return error };
        let description = answer.processing_description;
        let progress = Progress::new(Process::Session, answer.processing_code, description);
        progress.check(common::Status::INFO.name).err().unwrap_or(error)
    }

    /// Waits until the session can be used.
    ///
    /// When the time of the schedule is up first, the handle comes back with
    /// [`ErrorKind::NotFinished`].
    pub async fn wait(self, schedule: &PollSchedule) -> Result<Session, Unfinished<Self>> {
        let poll = || async {
            Ok::<_, Error>(match self.poll_once().await? {
                Readiness::Ready => Polled::Ended(()),
                Readiness::NotYet(_) => Polled::Pending(None),
            })
        };
        match poll_until(self.core.clock(), schedule, poll).await {
            Ok(Some(())) => Ok(Session::new(self.core)),
            Ok(None) => {
                let cause = "the session is not ready yet";
                let error = Error::local(ErrorKind::NotFinished, Status::INFO.name, cause);
                Err(Unfinished::new(self, error))
            }
            Err(error) => Err(Unfinished::new(self, error)),
        }
    }

    /// Uses the session without waiting.
    ///
    /// Invoices that are sent before the authentication is done are queued, and are lost if it
    /// fails; queries are refused with [`ErrorKind::NotYet`] (KSeF 1.x facts §10).
    pub fn without_waiting(self) -> Session {
        Session::new(self.core)
    }
}

impl fmt::Debug for Authorised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorised").field("core", &self.core).finish_non_exhaustive()
    }
}
