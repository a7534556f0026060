//! What goes wrong inside a job, on its way to a `StoreError`.

use common_core::store::{StoreError, StoreErrorKind};
use rusqlite::ErrorCode;

/// A `StoreError` that `?` also makes from SQLite's own errors.
pub(super) struct Fault(StoreError);

impl Fault {
    /// The stored bytes mean nothing to this engine.
    pub(super) fn corrupt(message: &str) -> Self {
        StoreError::new(StoreErrorKind::Corrupt, message).into()
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self(error)
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        fault.0
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        let is_corrupt = matches!(
            error.sqlite_error_code(),
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
        );
        let (kind, message) = if is_corrupt {
            (StoreErrorKind::Corrupt, "the file is damaged or no store")
        } else {
            (StoreErrorKind::Unavailable, "SQLite failed")
        };
        Self(StoreError::new(kind, message).because(error))
    }
}
