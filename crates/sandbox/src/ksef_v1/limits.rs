//! Limits on requests. The table of the authority is not public (KSeF 1.x facts §12), so only two
//! limits have known values; the rest is for tests to set.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// How many requests are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[non_exhaustive]
pub struct Limits {
    /// Requests of one operation and one session token, or caller without one, in a second; `None` is
    /// no limit.
    pub per_second: Option<usize>,
    /// The same in a minute.
    pub per_minute: Option<usize>,
    /// The same in an hour.
    pub per_hour: Option<usize>,
    /// Receipts on demand of one context in an hour (specification 1.9, chapter 12.3.2).
    pub receipts_per_hour: Option<usize>,
    /// Calls of `common/Invoice/KSeF` of one caller in an hour (KSeF 1.x facts §12).
    pub anonymous_per_hour: Option<usize>,
}

impl Default for Limits {
    fn default() -> Self {
        let (receipts_per_hour, anonymous_per_hour) = (Some(50), Some(2));
        Self { receipts_per_hour, anonymous_per_hour, ..Self::none() }
    }
}

impl Limits {
    /// No limits at all.
    pub fn none() -> Self {
        Self {
            per_second: None,
            per_minute: None,
            per_hour: None,
            receipts_per_hour: None,
            anonymous_per_hour: None,
        }
    }

    /// A limit of every operation by the second, the minute and the hour.
    #[must_use]
    pub fn of_operations(mut self, second: usize, minute: usize, hour: usize) -> Self {
        (self.per_second, self.per_minute) = (Some(second), Some(minute));
        self.per_hour = Some(hour);
        self
    }

    /// Whether requests of operations need counting at all.
    pub(super) fn counts(self) -> bool {
        self.windows().iter().any(|(_, limit)| limit.is_some())
    }

    fn windows(self) -> [(TimeDelta, Option<usize>); 3] {
        [
            (TimeDelta::seconds(1), self.per_second),
            (TimeDelta::minutes(1), self.per_minute),
            (TimeDelta::hours(1), self.per_hour),
        ]
    }

    /// Counts one request of an operation; false when it is one too many.
    pub(super) fn admit(self, seen: &mut VecDeque<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        let windows = self.windows();
        let fits = windows
            .iter()
            .all(|(window, limit)| limit.is_none_or(|limit| within(seen, now, *window) < limit));
        if fits {
            keep(seen, now);
        }
        fits
    }
}

/// Counts one call of an hour; false when it is one too many.
pub(super) fn hourly(
    seen: &mut VecDeque<DateTime<Utc>>,
    now: DateTime<Utc>,
    limit: Option<usize>,
) -> bool {
    let fits = limit.is_none_or(|limit| within(seen, now, TimeDelta::hours(1)) < limit);
    if fits {
        keep(seen, now);
    }
    fits
}

fn within(seen: &VecDeque<DateTime<Utc>>, now: DateTime<Utc>, window: TimeDelta) -> usize {
    seen.iter().rev().take_while(|at| now - **at < window).count()
}

/// Forgets what is older than an hour and remembers now.
fn keep(seen: &mut VecDeque<DateTime<Utc>>, now: DateTime<Utc>) {
    while seen.front().is_some_and(|at| now - *at >= TimeDelta::hours(1)) {
        seen.pop_front();
    }
    seen.push_back(now);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_requests_are_not_counted() {
        let limits = Limits::none().of_operations(2, 3, 100);
        let mut seen = VecDeque::new();
        let at = |ms| DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms);
        let admitted: Vec<bool> = [0, 10, 20, 1000, 1500, 60_001]
            .into_iter()
            .map(|ms| limits.admit(&mut seen, at(ms)))
            .collect();
        assert_eq!(admitted, [true, true, false, true, false, true]);
    }
}
