//! The seam between clients and the place where limits are counted.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use super::{log::Grant, window::Windows};
use crate::clock::Tick;

/// A boxed future, so that traits with asynchronous methods can be held as objects.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Names one limit: system, account and group of calls, never a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LimitKey(String);

impl LimitKey {
    /// A key with that text; two clients with equal keys share one limit.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The key's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for LimitKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A request for a place.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// Which limit.
    pub key: &'a LimitKey,
    /// The windows that hold for it.
    pub windows: &'a Windows,
    /// The time of this process.
    pub now: Tick,
    /// The longest acceptable wait; `None` waits as long as it takes.
    pub patience: Option<Duration>,
}

/// Where limits are counted.
///
/// [`LocalLimits`](super::LocalLimits) counts in this process. A store shared between processes
/// counts on its own clock and translates its answers to the caller's [`Tick`].
pub trait LimitStore: Send + Sync + fmt::Debug {
    /// Takes the next free place: `Ok(Ok(grant))`, or `Ok(Err(wait))` when the wait would exceed
    /// the caller's patience (no place is taken then).
    fn reserve<'a>(
        &'a self,
        ask: Ask<'a>,
    ) -> BoxFuture<'a, Result<Result<Grant, Duration>, StoreError>>;

    /// Whether a place still holds once its wait is over.
    ///
    /// A penalty may have taken it back meanwhile; its holder then reserves again.
    fn confirm<'a>(
        &'a self,
        key: &'a LimitKey,
        grant: Grant,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    /// Closes the limit for a time, as after an answer of 429.
    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    /// Gives an unused place back.
    ///
    /// Called when a waiting caller goes away, from a destructor, hence not asynchronous. A store
    /// that cannot do it at once may let the place lapse: that costs time and breaks no limit.
    fn release(&self, key: &LimitKey, grant: Grant);
}

/// A store could not do its work; what was asked did not happen or may not be relied on.
#[derive(Debug)]
pub struct StoreError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error with a message in lower case.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store failed: {}", self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
