//! The date forms of ePP: four of them, all in the time of Belgrade (ePP facts §4, trap 11).

use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc};
use chrono_tz::Europe::Belgrade;

/// The local day of a moment.
pub(super) fn day(at: DateTime<Utc>) -> NaiveDate {
    local(at).date()
}

/// The local time of a moment.
pub(super) fn local(at: DateTime<Utc>) -> NaiveDateTime {
    at.with_timezone(&Belgrade).naive_local()
}

/// The moment of a local time; a time that the change of clocks skips counts as the one before.
pub(super) fn utc(local: NaiveDateTime) -> DateTime<Utc> {
    let found = local.and_local_timezone(Belgrade).earliest();
    found.map_or_else(|| local.and_utc(), |found| found.with_timezone(&Utc))
}

/// `2024-06-13T13:40:35`: to the second, without an offset.
pub(super) fn plain(at: DateTime<Utc>) -> String {
    local(at).format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// `13.6.2024T12:16:46`: the form of `createdDate`, day and month without zeros.
pub(super) fn dotted(at: DateTime<Utc>) -> String {
    local(at).format("%-d.%-m.%YT%H:%M:%S").to_string()
}

/// `2024-04-25T12:56:38.4460154+02:00`: seven digits of a second and the offset.
pub(super) fn precise(at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&Belgrade);
    let digits = local.nanosecond() / 100;
    format!("{}.{digits:07}{}", local.format("%Y-%m-%dT%H:%M:%S"), local.format("%:z"))
}

/// Reads a filter value: a day, or a local time to the second.
pub(super) fn bound(text: &str) -> Option<Bound> {
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(Bound::Day);
    let time = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok().map(Bound::Time);
    day().or_else(time)
}

/// A lower or upper bound; both include what they name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bound {
    Day(NaiveDate),
    Time(NaiveDateTime),
}

impl Bound {
    /// Whether the moment is this one or later.
    pub(super) fn is_reached(self, at: DateTime<Utc>) -> bool {
        match self {
            Self::Day(day) => local(at).date() >= day,
            Self::Time(time) => local(at) >= time,
        }
    }

    /// Whether the moment is this one or earlier.
    pub(super) fn is_not_passed(self, at: DateTime<Utc>) -> bool {
        match self {
            Self::Day(day) => local(at).date() <= day,
            Self::Time(time) => local(at) <= time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_those_of_belgrade_in_summer_and_winter() {
        assert_eq!(plain(at("2026-06-30T22:30:00Z")), "2026-07-01T00:30:00");
        assert_eq!(plain(at("2026-12-31T22:30:00Z")), "2026-12-31T23:30:00");
        assert_eq!(dotted(at("2026-06-03T10:16:46Z")), "3.6.2026T12:16:46");
        let precise = precise(at("2024-04-25T10:56:38.4460154Z"));
        assert_eq!(precise, "2024-04-25T12:56:38.4460154+02:00");
    }

    #[test]
    fn a_skipped_local_time_is_no_obstacle() {
        let skipped = "2026-03-29T02:30:00".parse().unwrap();
        assert_eq!(utc(skipped), at("2026-03-29T02:30:00Z"));
        assert_eq!(utc("2026-07-01T00:30:00".parse().unwrap()), at("2026-06-30T22:30:00Z"));
    }

    #[test]
    fn bounds_include_what_they_name() {
        let evening = at("2026-01-31T20:00:00Z");
        for (text, from, to) in [
            ("2026-01-31", true, true),
            ("2026-02-01", false, true),
            ("2026-01-31T21:00:00", true, true),
            ("2026-01-31T20:59:59", true, false),
        ] {
            let bound = bound(text).unwrap();
            assert_eq!((bound.is_reached(evening), bound.is_not_passed(evening)), (from, to));
        }
        assert_eq!(bound("31.1.2026"), None);
    }
}
