//! A grant or a revocation that is under way.

use common_core::poll::PollSchedule;
use common_http::{Endpoint, Polled, poll_until};
use ksef_crypto::number::ReferenceNumber;

use crate::v2::{
    Account, KsefV2,
    error::{Error, ErrorKind},
    permissions::OperationStatus,
    status::Status,
    wire,
};

/// A change of permissions that the service is working on.
///
/// The service keeps its state for 30 days; its number is all that another process needs.
#[derive(Clone, Debug)]
#[must_use = "a change that was asked for may still fail"]
pub struct PermissionChange {
    account: Account,
    reference: ReferenceNumber,
}

impl Account {
    /// Asks for a change: any of the requests of [`permissions`](crate::v2::permissions) that grants
    /// or revokes.
    ///
    /// When the answer is lost, the permissions must be queried before the change is asked for
    /// again.
    pub async fn change_permissions<E>(&self, change: &E) -> Result<PermissionChange, Error>
    where
        E: Endpoint<Api = KsefV2, Response = wire::PermissionsOperationResponse>,
    {
        let answer = self.send(change).await?;
        let reference = answer
            .reference_number
            .parse()
            .map_err(|_| Error::unreadable(&E::INFO, "the answer names no operation to ask for"))?;
        Ok(self.permission_change(reference))
    }

    /// Takes up a change that was asked for earlier or elsewhere, by its number.
    pub fn permission_change(&self, reference: ReferenceNumber) -> PermissionChange {
        PermissionChange { account: self.clone(), reference }
    }
}

impl PermissionChange {
    /// The number of the change.
    pub fn reference(&self) -> &ReferenceNumber {
        &self.reference
    }

    /// Asks once how far the change has come; one that failed is an error of kind
    /// [`Failed`](ErrorKind::Failed), whose [`status`](Error::status) says why, in the process
    /// [`PermissionOperation`](crate::v2::catalogue::Process::PermissionOperation).
    pub async fn poll_once(&self) -> Result<Status, Error> {
        let answer = self.account.send(&OperationStatus(self.reference.clone())).await?;
        let status = Status::from(answer.status);
        status.clone().check(OperationStatus::INFO.name)?;
        Ok(status)
    }

    /// Waits until the change was made.
    ///
    /// Fails with [`ErrorKind::NotFinished`] when the time of the schedule is up first; waiting
    /// again goes on.
    pub async fn wait(&self, schedule: &PollSchedule) -> Result<(), Error> {
        let poll = || async {
            let status = self.poll_once().await?;
            Ok::<_, Error>(if status.is_final() {
                Polled::Ended(())
            } else {
                Polled::Pending(None)
            })
        };
        poll_until(self.account.clock(), schedule, poll).await?.ok_or_else(|| {
            let cause = "the service is still working on the change";
            Error::local(ErrorKind::NotFinished, OperationStatus::INFO.name, cause)
        })
    }
}
