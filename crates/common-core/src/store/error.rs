//! The one error of stores.

use std::fmt;

/// Why a store did not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// The lease under which something was to be written is lost: another holder has taken over,
    /// or it ended. Nothing was written; stop the work.
    LeaseLost,
    /// The engine could not be reached or failed. Whether a write happened is unknown: read
    /// before trying again.
    Unavailable,
    /// What is stored there is not what it should be, or cannot be opened with the given key.
    /// Nothing was changed.
    Corrupt,
}

/// A store did not do what it was asked.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl StoreError {
    /// An error of that kind with a message in lower case that names no stored value.
    pub fn new(kind: StoreErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), source: None }
    }

    /// The engine failed; see [`StoreErrorKind::Unavailable`].
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StoreErrorKind::Unavailable, message)
    }

    /// The lease is lost; see [`StoreErrorKind::LeaseLost`].
    pub fn lease_lost() -> Self {
        Self::new(StoreErrorKind::LeaseLost, "the lease is lost")
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Why.
    pub fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store did not do it: {}", self.message)
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
