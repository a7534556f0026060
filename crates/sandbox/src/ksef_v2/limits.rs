//! Limits on requests: sliding windows per context and address, per group of operations
//! (KSeF 2.0 facts §13.1).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The limits of one group; -1 is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Rate {
    /// Requests in a second.
    pub per_second: i32,
    /// Requests in a minute.
    pub per_minute: i32,
    /// Requests in an hour.
    pub per_hour: i32,
}

/// The limits of all groups, under the names that `GET /rate-limits` uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Limits(BTreeMap<String, Rate>);

/// The published values.
const PRODUCTION: [(&str, [i32; 3]); 17] = [
    ("onlineSession", [10, 30, 120]),
    ("onlineSessionClose", [20, 60, 240]),
    ("batchSession", [10, 20, 60]),
    ("batchSessionClose", [20, 40, 120]),
    ("invoiceSend", [10, 30, 180]),
    ("invoiceStatus", [30, 120, 1200]),
    ("sessionList", [5, 10, 60]),
    ("sessionInvoiceList", [10, 20, 200]),
    ("sessionMisc", [10, 120, 1200]),
    ("invoiceMetadata", [8, 16, 20]),
    ("invoiceExport", [8, 16, 20]),
    ("invoiceExportStatus", [10, 60, 600]),
    ("invoiceDownload", [8, 16, 64]),
    ("collectiveIdentifier", [20, 120, 240]),
    ("other", [10, 30, 120]),
    ("anonymous", [60, -1, -1]),
    ("global", [75, -1, -1]),
];

impl Rate {
    /// A limit by the second, the minute and the hour; -1 is none.
    pub const fn new(per_second: i32, per_minute: i32, per_hour: i32) -> Self {
        Self { per_second, per_minute, per_hour }
    }

    fn windows(self) -> [(TimeDelta, usize, &'static str); 3] {
        let count = |limit: i32| usize::try_from(limit).unwrap_or(usize::MAX);
        [
            (TimeDelta::seconds(1), count(self.per_second), "sekundę"),
            (TimeDelta::minutes(1), count(self.per_minute), "minutę"),
            (TimeDelta::hours(1), count(self.per_hour), "godzinę"),
        ]
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self::production()
    }
}

impl Limits {
    /// The published values.
    pub fn production() -> Self {
        let rates = PRODUCTION.iter().map(|(group, [second, minute, hour])| {
            ((*group).to_owned(), Rate::new(*second, *minute, *hour))
        });
        Self(rates.collect())
    }

    /// No limits at all.
    pub fn none() -> Self {
        let rates =
            PRODUCTION.iter().map(|(group, _)| ((*group).to_owned(), Rate::new(-1, -1, -1)));
        Self(rates.collect())
    }

    /// The same with another limit for one group.
    #[must_use]
    pub fn with(mut self, group: &str, rate: Rate) -> Self {
        self.0.insert(group.to_owned(), rate);
        self
    }

    /// The limit of a group; a group without one has none.
    pub fn of(&self, group: &str) -> Rate {
        self.0.get(group).copied().unwrap_or(Rate::new(-1, -1, -1))
    }

    /// The body of `GET /rate-limits`.
    pub(super) fn json(&self) -> Value {
        json!(self.0)
    }
}

/// What was counted.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    seen: HashMap<(String, IpAddr, String), Counter>,
}

#[derive(Debug, Default)]
struct Counter {
    at: VecDeque<DateTime<Utc>>,
    refusals: u32,
    blocked: Option<DateTime<Utc>>,
}

/// A request that is one too many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exceeded {
    /// Seconds until the next one may come.
    pub(super) seconds: u64,
    pub(super) about: String,
}

impl Limiter {
    /// Counts a request of somebody (a context, or nobody for the anonymous operations) in a group.
    pub(super) fn admit(
        &mut self,
        who: &str,
        peer: IpAddr,
        group: &str,
        rate: Rate,
        now: DateTime<Utc>,
    ) -> Result<(), Exceeded> {
        let counter = self.seen.entry((who.to_owned(), peer, group.to_owned())).or_default();
        let exceeded = counter.admit(rate, now);
        exceeded.map_or(Ok(()), |(wait, limit, window)| {
            let about = format!(
                "Przekroczono limit {limit} żądań na {window} w grupie '{group}'. Spróbuj ponownie po {} s.",
                seconds(wait)
            );
            Err(Exceeded { seconds: seconds(wait), about })
        })
    }

    /// Forgets everything.
    pub(super) fn clear(&mut self) {
        self.seen.clear();
    }
}

impl Counter {
    /// Counts a request; the answer tells how long to wait for which window.
    ///
    /// A caller that comes back before its time is kept waiting longer, at most ten times the
    /// window that it broke.
    fn admit(
        &mut self,
        rate: Rate,
        now: DateTime<Utc>,
    ) -> Option<(TimeDelta, usize, &'static str)> {
        while self.at.front().is_some_and(|at| now - *at >= TimeDelta::hours(1)) {
            self.at.pop_front();
        }
        for (window, limit, name) in rate.windows() {
            let inside = self.at.iter().rev().take_while(|at| now - **at < window).count();
            if inside < limit {
                continue;
            }
            let oldest = limit.checked_sub(1).and_then(|back| self.at.iter().rev().nth(back));
            let free = oldest.map_or(now + window, |oldest| *oldest + window);
            let early = self.blocked.is_some_and(|until| now < until);
            self.refusals = if early { (self.refusals + 1).min(10) } else { 0 };
            let wait = (free - now) + window * i32::try_from(self.refusals / 3).unwrap_or(0);
            self.blocked = Some(now + wait);
            return Some((wait, limit, name));
        }
        if let Some(until) = self.blocked
            && now < until
            && self.refusals >= 3
        {
            return Some((until - now, 0, "okres blokady"));
        }
        self.blocked = None;
        self.refusals = 0;
        self.at.push_back(now);
        None
    }
}

/// Whole seconds, rounded up, at least one.
fn seconds(wait: TimeDelta) -> u64 {
    u64::try_from(wait.num_milliseconds()).unwrap_or(0).div_ceil(1000).max(1)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(ms)
    }

    #[test]
    fn windows_slide_and_the_wait_is_told() {
        let mut limiter = Limiter::default();
        let rate = Rate::new(2, 3, -1);
        let mut ask = |ms| limiter.admit("a", Ipv4Addr::LOCALHOST.into(), "other", rate, at(ms));
        assert_eq!((ask(0), ask(10)), (Ok(()), Ok(())));
        assert_eq!(ask(20).unwrap_err().seconds, 1);
        assert_eq!(ask(1000), Ok(()));
        let exceeded = ask(3000).unwrap_err();
        assert_eq!(exceeded.seconds, 57, "{}", exceeded.about);
        assert_eq!(ask(60_001), Ok(()));
    }

    #[test]
    fn contexts_addresses_and_groups_are_counted_apart() {
        let mut limiter = Limiter::default();
        let rate = Rate::new(1, -1, -1);
        let other = Ipv4Addr::new(127, 0, 0, 2);
        let mut ask =
            |who, peer: Ipv4Addr, group| limiter.admit(who, peer.into(), group, rate, at(0));
        assert_eq!(ask("a", Ipv4Addr::LOCALHOST, "x"), Ok(()));
        assert!(ask("a", Ipv4Addr::LOCALHOST, "x").is_err());
        assert_eq!(ask("b", Ipv4Addr::LOCALHOST, "x"), Ok(()));
        assert_eq!(ask("a", other, "x"), Ok(()));
        assert_eq!(ask("a", Ipv4Addr::LOCALHOST, "y"), Ok(()));
    }

    #[test]
    fn coming_back_too_early_makes_the_wait_longer() {
        let mut limiter = Limiter::default();
        let rate = Rate::new(1, -1, -1);
        let mut ask = |ms| limiter.admit("a", Ipv4Addr::LOCALHOST.into(), "x", rate, at(ms));
        assert_eq!(ask(0), Ok(()));
        let waits: Vec<u64> = (1..=4).map(|ms| ask(ms * 10).unwrap_err().seconds).collect();
        assert_eq!(waits, [1, 1, 1, 2]);
        assert!(ask(1001).is_err(), "the longer wait is meant");
        assert_eq!(ask(4000), Ok(()));
    }

    #[test]
    fn production_values_are_those_of_the_contract() {
        let limits = Limits::production();
        assert_eq!(limits.of("invoiceSend"), Rate::new(10, 30, 180));
        assert_eq!(limits.json().as_object().unwrap().len(), 17);
    }
}
