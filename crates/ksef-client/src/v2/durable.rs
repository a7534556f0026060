//! What the parts share that keep their state in a store: their error, their names, and work under a
//! lease.

use std::time::Duration;

use common_core::store::{Lease, Leases, Store, StoreError, StoreErrorKind};
use futures_util::future::{Either, select};
use ksef_crypto::keys::SignError;
use tokio::time::{Instant, sleep};

use crate::{
    check::Report,
    v2::{
        account::is_locked_out,
        error::{Error, ErrorKind},
    },
};

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
    /// KSeF would refuse the invoice, say the findings of the check, so it was not put in.
    #[error("the check found what ksef would refuse")]
    Findings(Box<Report>),
    /// Codes are for invoices that were issued offline, and the draft does not say that it was.
    #[error("the draft was not issued offline")]
    NotOffline,
    /// The codes would name another seller, or another day of issue, than the invoice does, so they
    /// were not made and it was not put in. Correct the issuer, or the day of the draft.
    #[error("the codes would name another {0} than the invoice")]
    CodesDiffer(&'static str),
    /// The codes of an invoice that is issued offline could not be signed, so it was not put in.
    #[error("the codes of the invoice could not be signed")]
    Signature(#[source] SignError),
}

impl DurableError {
    /// Whether the next step may well succeed: after everything but a refused login, a lacking
    /// permission, a request that is wrong, and a store that holds something else.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Store(error) => {
                matches!(error.kind(), StoreErrorKind::Unavailable | StoreErrorKind::LeaseLost)
            }
            Self::Ksef(error) => !is_lasting(error),
            Self::Name
            | Self::Corrupt(_)
            | Self::Findings(_)
            | Self::NotOffline
            | Self::CodesDiffer(_)
            | Self::Signature(_) => false,
        }
    }

    /// Whether nothing can be done by the account any more: its login was refused, or it may not send.
    pub(crate) fn is_about_account(&self) -> bool {
        let Self::Ksef(error) = self else { return false };
        let is_opening = ["online.open", "batch.open"].contains(&error.endpoint());
        let reason = error.problem().and_then(|problem| problem.reason_code.as_deref());
        match error.kind() {
            ErrorKind::NoLogin => is_locked_out(error),
            // A gateway on the way knows no reasons.
            ErrorKind::Forbidden if is_opening => reason == Some("missing-permissions"),
            _ => false,
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

/// Whether waiting does not help.
fn is_lasting(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::NoLogin => is_locked_out(error),
        ErrorKind::Failed => !error.is_transient(),
        ErrorKind::Input
        | ErrorKind::LoginRefused
        | ErrorKind::Signature
        | ErrorKind::Unauthenticated
        | ErrorKind::Forbidden
        | ErrorKind::Invalid
        | ErrorKind::NotFound
        | ErrorKind::Gone => true,
        _ => false,
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
    holder: (&str, Duration),
    work: impl FnOnce(Lease) -> W,
) -> Result<Option<T>, DurableError>
where
    W: Future<Output = Result<T, DurableError>>,
{
    under_lease_kept(store, name, holder, work, |_| false).await
}

/// As [`under_lease`], and keeps the lease after work that says so: nobody else begins with it until
/// the lease ends by itself, and its holder may go on before.
pub(crate) async fn under_lease_kept<T, W>(
    store: &dyn Store,
    name: &str,
    (holder, life): (&str, Duration),
    work: impl FnOnce(Lease) -> W,
    is_kept: impl FnOnce(&T) -> bool,
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
    if done.as_ref().is_ok_and(is_kept) {
        return done.map(Some);
    }
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
