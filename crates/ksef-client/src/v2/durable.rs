//! What the parts share that keep their state in a store: their error, their names, and work under a
//! lease.

use std::time::Duration;

use common_core::store::{Lease, Leases, Store, StoreError, StoreErrorKind};
use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep};

use crate::v2::error::Error;

/// The longest name of something that is kept in a store.
pub(crate) const LONGEST_NAME: usize = 64;

/// Something that keeps its state in a store could not go on. Nothing is lost by it: whatever was
/// begun is in the store, and is found again by the next step.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DurableError {
    /// The name is empty, longer than 64 characters or has others than letters, digits, hyphens,
    /// dots and underscores.
    #[error("a name is up to 64 letters, digits, hyphens, dots and underscores")]
    Name,
    /// The store failed; see its kind.
    #[error("the store failed")]
    Store(#[source] StoreError),
    /// What is stored cannot be read: another program wrote there, or a newer version of this one.
    #[error("what is stored cannot be read: {0}")]
    Corrupt(&'static str),
    /// KSeF, or the way to it, failed.
    #[error("ksef could not be worked with")]
    Ksef(#[source] Error),
}

impl DurableError {
    /// Whether the next step may well succeed.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Name | Self::Corrupt(_) => false,
            Self::Store(error) => {
                matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::LeaseLost)
            }
            Self::Ksef(error) => error.is_transient(),
        }
    }

    /// How long to rest before the next step: what the service asks for, and at least `pause`.
    pub(crate) fn rest(&self, pause: Duration) -> Duration {
        match self {
            Self::Ksef(error) => error.retry_after().unwrap_or_default().max(pause),
            _ => pause,
        }
    }
}

impl From<StoreError> for DurableError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<Error> for DurableError {
    fn from(error: Error) -> Self {
        Self::Ksef(error)
    }
}

/// Fails unless the name is short and plain enough for keys of every engine.
pub(crate) fn check_name(name: &str) -> Result<(), DurableError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(is_plain) {
        return Err(DurableError::Name);
    }
    Ok(())
}

/// Takes a lease, does the work that it makes, and gives the lease back; `None` while another holder
/// has it. The lease is renewed meanwhile, and the work is dropped when it is lost.
pub(crate) async fn under_lease<T, W>(
    store: &dyn Store,
    name: &str,
    (holder, life): (&str, Duration),
    work: impl FnOnce(Lease) -> W,
) -> Result<Option<T>, DurableError>
where
    W: Future<Output = Result<T, DurableError>>,
{
    let Some(lease) = store.acquire(name, holder, life).await? else { return Ok(None) };
    let work = std::pin::pin!(work(lease.clone()));
    let keep = std::pin::pin!(keep(store, &lease, life));
    let done = match select(keep, work).await {
        Either::Left((lost, _)) => Err(lost.into()),
        Either::Right((done, _)) => done,
    };
    // One that cannot be given back ends by itself.
    let released = Leases::release(store, &lease).await;
    let done = done?;
    released?;
    Ok(Some(done))
}

/// Renews a lease until that fails.
async fn keep(store: &dyn Store, lease: &Lease, life: Duration) -> StoreError {
    let mut renewed = Instant::now();
    loop {
        sleep(life / 4).await;
        match store.renew(lease, life).await {
            Ok(Some(_)) => renewed = Instant::now(),
            Ok(None) => return StoreError::lease_lost(),
            Err(error) if renewed.elapsed() > life / 2 => return error,
            Err(_) => {}
        }
    }
}
