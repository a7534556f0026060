//! Business days in Poland: neither Saturdays nor Sundays nor the days off that the law names (KSeF
//! 2.0 facts §16).

use chrono::{DateTime, Datelike as _, Days, NaiveDate, Utc, Weekday};
use chrono_tz::Europe::Warsaw;

/// The days off with a fixed date, as month and day.
const FIXED: [(u32, u32); 9] =
    [(1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 25), (12, 26)];

/// Christmas Eve is a day off since this year.
const CHRISTMAS_EVE_SINCE: i32 = 2025;

/// The days off that move with Easter, as days after Easter Sunday: Easter Monday and Corpus
/// Christi. Easter and Pentecost are Sundays anyway.
const AFTER_EASTER: [u64; 2] = [1, 60];

/// Whether a day is a business day in Poland.
pub fn is_business_day(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun) && !is_day_off(day)
}

/// The business day that follows a day after `count` business days, the day itself not counted.
///
/// With a count of 0 it is the day itself, whatever day that is.
pub fn business_day_after(day: NaiveDate, count: u32) -> NaiveDate {
    let mut left = count;
    let mut reached = day;
    // A day that the calendar cannot hold any more is far behind any deadline.
    while left > 0 && reached < NaiveDate::MAX {
        reached = reached.succ_opt().unwrap_or(NaiveDate::MAX);
        left -= u32::from(is_business_day(reached));
    }
    reached
}

/// The calendar day that a moment falls on in Poland.
pub fn polish_day(moment: DateTime<Utc>) -> NaiveDate {
    moment.with_timezone(&Warsaw).date_naive()
}

/// The moment at which a day is over in Poland.
pub(crate) fn end_of(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.succ_opt().unwrap_or(day).and_time(chrono::NaiveTime::MIN);
    // Clocks in Poland change at two or three in the morning, so that midnight is always there.
    midnight.and_local_timezone(Warsaw).earliest().map_or(midnight.and_utc(), |at| at.to_utc())
}

fn is_day_off(day: NaiveDate) -> bool {
    let date = (day.month(), day.day());
    FIXED.contains(&date)
        || (date == (12, 24) && day.year() >= CHRISTMAS_EVE_SINCE)
        || easter(day.year()).is_some_and(|easter| {
            AFTER_EASTER.iter().any(|&days| easter.checked_add_days(Days::new(days)) == Some(day))
        })
}

/// Easter Sunday of a year in the Gregorian calendar, by the rule that is known as the anonymous
/// one; the names of its steps have no meaning beyond it.
fn easter(year: i32) -> Option<NaiveDate> {
    let (a, century, rest) = (year % 19, year / 100, year % 100);
    let shift = (century - (century + 8) / 25 + 1) / 3;
    let moon = (19 * a + century - century / 4 - shift + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - moon - rest % 4) % 7;
    let late = (a + 11 * moon + 22 * weekday) / 451;
    let sum = moon + weekday - 7 * late + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(sum / 31).ok()?, u32::try_from(sum % 31 + 1).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn easter_falls_on_the_days_of_published_tables() {
        let known = [
            "2019-04-21",
            "2024-03-31",
            "2025-04-20",
            "2026-04-05",
            "2027-03-28",
            "2028-04-16",
            "2029-04-01",
            "2030-04-21",
            "2038-04-25",
        ];
        for text in known {
            assert_eq!(easter(day(text).year()), Some(day(text)));
        }
    }

    #[test]
    fn the_days_off_of_a_year_are_those_of_the_law() {
        let year = day("2026-01-01").iter_days().take(365);
        let off: Vec<_> = year
            .filter(|day| !is_business_day(*day))
            .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
            .map(|day| day.format("%m-%d").to_string())
            .collect();
        let expected = ["01-01", "01-06", "04-06", "05-01", "06-04", "11-11", "12-24", "12-25"];
        assert_eq!(off, expected);
        assert!(is_business_day(day("2024-12-24")));
    }

    #[test]
    fn days_are_those_of_poland_and_not_of_utc() {
        assert_eq!(polish_day("2026-01-31T22:59:59Z".parse().unwrap()), day("2026-01-31"));
        assert_eq!(polish_day("2026-01-31T23:00:00Z".parse().unwrap()), day("2026-02-01"));
        assert_eq!(polish_day("2026-06-30T22:00:00Z".parse().unwrap()), day("2026-07-01"));
        assert_eq!(end_of(day("2026-06-30")).to_rfc3339(), "2026-06-30T22:00:00+00:00");
        assert_eq!(end_of(day("2026-03-29")).to_rfc3339(), "2026-03-29T22:00:00+00:00");
        assert_eq!(end_of(day("2026-10-25")).to_rfc3339(), "2026-10-25T23:00:00+00:00");
    }

    #[test]
    fn days_at_the_end_of_the_calendar_do_not_overflow() {
        assert_eq!(business_day_after(NaiveDate::MAX, 7), NaiveDate::MAX);
        assert!(end_of(NaiveDate::MAX) > end_of(day("2026-01-01")));
        let _ = is_business_day(NaiveDate::MIN);
    }
}
