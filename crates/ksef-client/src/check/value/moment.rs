//! Dates and times, with or without a time zone (XML Schema 1.0 part 2, sections 3.2.7 to 3.2.11).

use std::cmp::Ordering;

use chrono::NaiveDate;

/// How far a time without zone may lie from what it says in UTC, in seconds.
const FARTHEST: i64 = 14 * 3600;

/// Years with more digits than this are told apart by nobody.
const YEAR_DIGITS: usize = 6;

/// A point in time, in UTC when it has a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// Seconds since 0001-01-01T00:00:00.
    seconds: i64,
    /// Decimal places of the second, without zeros at the end.
    fraction: String,
    has_zone: bool,
}

impl Moment {
    /// `2026-02-01`, with a zone or without.
    pub(super) fn of_date(text: &str) -> Option<Self> {
        let (day, rest) = day(text)?;
        Self::new(day, 0, "", rest)
    }

    /// `2026`, with a zone or without.
    pub(super) fn of_year(text: &str) -> Option<Self> {
        let (year, rest) = year(text)?;
        Self::new(days(year, 1, 1)?, 0, "", rest)
    }

    /// `2026-02-01T12:00:00.5`, with a zone or without; `24:00:00` is the next day.
    pub(super) fn of_date_time(text: &str) -> Option<Self> {
        let (day, rest) = day(text)?;
        let (hour, rest) = two_digits(rest.strip_prefix('T')?)?;
        let (minute, rest) = two_digits(rest.strip_prefix(':')?)?;
        let (second, rest) = two_digits(rest.strip_prefix(':')?)?;
        let (fraction, rest) = match rest.strip_prefix('.') {
            None => ("", rest),
            Some(rest) => rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count()),
        };
        let is_fraction_missing = rest.len() + fraction.len() < text.len()
            && fraction.is_empty()
            && text[..text.len() - rest.len()].ends_with('.');
        let fraction = fraction.trim_end_matches('0');
        let is_in_day = hour < 24 && minute < 60 && second < 60;
        let is_end_of_day = hour == 24 && minute == 0 && second == 0 && fraction.is_empty();
        if is_fraction_missing || !(is_in_day || is_end_of_day) {
            return None;
        }
        Self::new(day, hour * 3600 + minute * 60 + second, fraction, rest)
    }

    fn new(day: i64, seconds: i64, fraction: &str, zone: &str) -> Option<Self> {
        let offset = zone_seconds(zone)?;
        let seconds = day * 86_400 + seconds - offset.unwrap_or(0);
        Some(Self { seconds, fraction: fraction.to_owned(), has_zone: offset.is_some() })
    }

    /// The order in time; `None` when only one has a zone and they are too near to tell.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let order = |shift: i64| {
            let seconds = (self.seconds + shift).cmp(&other.seconds);
            seconds.then_with(|| self.fraction.cmp(&other.fraction))
        };
        if self.has_zone == other.has_zone {
            return Some(order(0));
        }
        match (order(-FARTHEST), order(FARTHEST)) {
            (earliest, latest) if earliest == latest => Some(earliest),
            _ => None,
        }
    }
}

/// Days since 0001-01-01 and what is left of the text.
fn day(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = year(text)?;
    let (month, rest) = two_digits(rest.strip_prefix('-')?)?;
    let (day, rest) = two_digits(rest.strip_prefix('-')?)?;
    Some((days(year, month, day)?, rest))
}

fn days(year: i64, month: i64, day: i64) -> Option<i64> {
    // There is no year 0, and the one before year 1 is -1.
    let year = i32::try_from(if year < 0 { year + 1 } else { year }).ok()?;
    // Beyond what the calendar library counts, the calendar repeats itself every 400 years.
    let (cycles, year) = (i64::from(year.div_euclid(400)), year.rem_euclid(400));
    let date = NaiveDate::from_ymd_opt(year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)?;
    Some(
        date.signed_duration_since(NaiveDate::from_ymd_opt(1, 1, 1)?).num_days() + cycles * 146_097,
    )
}

/// Four digits, or more without a zero in front, and a minus sign if it is before our time.
fn year(text: &str) -> Option<(i64, &str)> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let length = unsigned.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = unsigned.split_at(length);
    let is_year = length == 4 || (4..=YEAR_DIGITS).contains(&length) && !digits.starts_with('0');
    let year: i64 = digits.parse().ok().filter(|year| is_year && *year != 0)?;
    Some((if text.starts_with('-') { -year } else { year }, rest))
}

fn two_digits(text: &str) -> Option<(i64, &str)> {
    match text.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => {
            Some((i64::from(tens - b'0') * 10 + i64::from(ones - b'0'), &text[2..]))
        }
        _ => None,
    }
}

/// What a zone adds to UTC; the inner `None` is no zone.
#[expect(clippy::option_option, reason = "a zone may be missing, and it may be none")]
fn zone_seconds(text: &str) -> Option<Option<i64>> {
    let sign = match text.as_bytes() {
        [] => return Some(None),
        b"Z" => return Some(Some(0)),
        [b'+', ..] => 1,
        [b'-', ..] => -1,
        _ => return None,
    };
    let (hours, rest) = two_digits(&text[1..])?;
    let (minutes, rest) = two_digits(rest.strip_prefix(':')?)?;
    let seconds = hours * 3600 + minutes * 60;
    (rest.is_empty() && minutes < 60 && seconds <= FARTHEST).then_some(Some(sign * seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_defined() {
        for text in [
            "2026-02-01T00:00:00Z",
            "2026-02-01T24:00:00",
            "2024-02-29T23:59:59.999+14:00",
            "-0001-01-01T00:00:00-00:30",
            "12026-01-01T00:00:00",
        ] {
            assert!(Moment::of_date_time(text).is_some(), "{text}");
        }
        for text in [
            "2026-02-01",
            "2026-02-30T00:00:00",
            "2026-13-01T00:00:00",
            "2026-02-01T24:00:01",
            "2026-02-01T12:60:00",
            "2026-02-01T12:00:60",
            "2026-02-01T12:00:00.",
            "2026-02-01T12:00:00.Z",
            "2026-02-01T12:00",
            "2026-02-01T12:00:00+14:01",
            "2026-02-01T12:00:00z",
            "0000-01-01T00:00:00",
            "02026-01-01T00:00:00",
            "26-01-01T00:00:00",
            "2026-1-01T00:00:00",
            "2026-02-01 12:00:00",
            "",
        ] {
            assert_eq!(Moment::of_date_time(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_compared_in_utc_and_without_zone_only_when_they_are_far_apart() {
        let compare = |one, other| {
            Moment::of_date_time(one).unwrap().compare(&Moment::of_date_time(other).unwrap())
        };
        let noon = "2026-02-01T12:00:00Z";
        assert_eq!(compare("2026-02-01T13:00:00+01:00", noon), Some(Ordering::Equal));
        assert_eq!(compare("2026-02-01T12:00:00.50Z", noon), Some(Ordering::Greater));
        assert_eq!(compare("2026-02-01T24:00:00Z", "2026-02-02T00:00:00Z"), Some(Ordering::Equal));
        assert_eq!(compare("2026-02-01T12:00:00", noon), None);
        assert_eq!(compare("2026-02-02T02:00:00", noon), None);
        assert_eq!(compare("2026-02-02T02:00:01", noon), Some(Ordering::Greater));
        assert_eq!(compare("2026-01-31T21:59:59", noon), Some(Ordering::Less));
        assert_eq!(compare("-0001-12-31T00:00:00Z", "0001-01-01T00:00:00Z"), Some(Ordering::Less));
    }
}
