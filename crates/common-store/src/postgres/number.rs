//! Numbers as PostgreSQL keeps them: signed, of 64 bits.

use std::time::Duration;

use common_core::store::{StoreError, StoreErrorKind};
use tokio_postgres::{Row, types::FromSql};

/// The longest time that a lease is given for: a hundred years.
const LONGEST: Duration = Duration::from_secs(100 * 366 * 86_400);

/// A number for the database. What does not fit is larger than anything that stands there.
pub(super) fn to_database(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from the database.
pub(super) fn from_database(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| corrupt("a number in the database is below zero"))
}

/// A time to live in microseconds.
pub(super) fn micros(ttl: Duration) -> i64 {
    i64::try_from(ttl.min(LONGEST).as_micros()).unwrap_or(i64::MAX)
}

/// What stands in a column.
pub(super) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize) -> Result<T, StoreError> {
    let unreadable = |error| corrupt("an answer of the database cannot be read").because(error);
    row.try_get(index).map_err(|error: tokio_postgres::Error| unreadable(error))
}

pub(super) fn corrupt(message: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Corrupt, message)
}
