//! Numbers and times as SQLite keeps them: signed, of 64 bits, times in milliseconds since 1970.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::fault::Fault;

/// A number for the file. What does not fit is larger than anything that stands there.
pub(super) fn to_file(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from the file.
pub(super) fn from_file(number: i64) -> Result<u64, Fault> {
    u64::try_from(number).map_err(|_| Fault::corrupt("a number in the file is below zero"))
}

/// A moment from the file.
pub(super) fn time(milliseconds: i64) -> Result<DateTime<Utc>, Fault> {
    DateTime::from_timestamp_millis(milliseconds)
        .ok_or_else(|| Fault::corrupt("a time in the file is none"))
}

/// The time of a lease: from `ttl` before `now` to `ttl` after it, in milliseconds since 1970.
pub(super) fn span(now: DateTime<Utc>, ttl: Duration) -> (i64, i64) {
    let now = now.timestamp_millis();
    let ttl = i64::try_from(ttl.as_millis()).unwrap_or(i64::MAX);
    let latest = DateTime::<Utc>::MAX_UTC.timestamp_millis();
    (now.saturating_sub(ttl), now.saturating_add(ttl).min(latest))
}
