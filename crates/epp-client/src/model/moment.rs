//! Days and moments in every form that ePP writes, with the text they were read from.
//!
//! One and the same table shows `13.6.2024T12:16:46`, `2024-06-13T13:40:35` and `2022-12-01`; sessions and links carry seven
//! digits of fraction and an offset, and statements write `24.04.2024` (source document, sections Payment Orders, login and
//! statement-url; ePP facts §2.4 and §4, trap 11).

use std::fmt;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};
use serde::{Deserialize, Deserializer, Serialize};

use super::scalar::{self, FromScalar, Scalar};

/// A day, or a day with a time, that keeps the text it was read from.
///
/// Read are `2024-06-13` and `13.6.2024` (day and month with one or two digits, a full stop after the year allowed), alone or
/// followed by `T` or a blank and a time `12:16`, `12:16:46` or `12:16:46.1234567`, with or without `Z` or an offset such as
/// `+02:00`.
/// Any other text is kept and has no day.
///
/// Made from chrono it is written as `2024-03-05T09:17:57`, the form of the create sample; a day alone gets midnight.
///
/// ```
/// use chrono::NaiveDate;
/// use epp_client::model::Moment;
///
/// let created = Moment::from("13.6.2024T12:16:46");
/// assert_eq!(created.day(), NaiveDate::from_ymd_opt(2024, 6, 13));
/// assert_eq!(created.as_str(), "13.6.2024T12:16:46");
/// assert_eq!(Moment::from("sutra").day(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Moment(String);

impl Moment {
    /// The text as it was read or given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The calendar day as written; no offset is applied.
    pub fn day(&self) -> Option<NaiveDate> {
        Parts::of(&self.0).map(|parts| parts.day)
    }

    /// The local date and time as written; no offset is applied, and a day alone has no time.
    pub fn local(&self) -> Option<NaiveDateTime> {
        let parts = Parts::of(&self.0)?;
        Some(parts.day.and_time(parts.time?))
    }

    /// The exact moment, when the text has an offset.
    pub fn instant(&self) -> Option<DateTime<FixedOffset>> {
        let parts = Parts::of(&self.0)?;
        parts.day.and_time(parts.time?).and_local_timezone(parts.offset?).single()
    }

    /// Whether the text is written as ISO 8601, the only form that requests should carry.
    pub fn is_iso(&self) -> bool {
        Parts::of(&self.0).is_some_and(|parts| parts.is_iso)
    }

    /// The same day and time in the form of the create sample; a text that is no day stays as it is.
    #[must_use]
    pub fn to_request(&self) -> Self {
        match Parts::of(&self.0) {
            Some(parts) if !parts.is_iso || parts.offset.is_some() => {
                Self::from(parts.day.and_time(parts.time.unwrap_or_default()))
            }
            _ => self.clone(),
        }
    }
}

impl From<&str> for Moment {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Moment {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<NaiveDateTime> for Moment {
    fn from(moment: NaiveDateTime) -> Self {
        Self(moment.format("%Y-%m-%dT%H:%M:%S").to_string())
    }
}

impl From<NaiveDate> for Moment {
    fn from(day: NaiveDate) -> Self {
        Self::from(day.and_time(NaiveTime::MIN))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromScalar for Moment {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        Ok(scalar.into_filled().map(Self))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::required(deserializer)
    }
}

/// What a text says.
struct Parts {
    day: NaiveDate,
    time: Option<NaiveTime>,
    offset: Option<FixedOffset>,
    is_iso: bool,
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let (date, time) = match text.split_once(['T', ' ']) {
            Some((date, time)) => (date, Some(time)),
            None => (text, None),
        };
        let is_iso_day = date.contains('-');
        let day = if is_iso_day { iso_day(date)? } else { serbian_day(date)? };
        let Some(time) = time else {
            return Some(Self { day, time: None, offset: None, is_iso: is_iso_day });
        };
        let (clock, offset) = split_offset(time)?;
        let is_iso = is_iso_day && !text.contains(' ') && clock.len() >= 8;
        Some(Self { day, time: Some(clock_time(clock)?), offset, is_iso })
    }
}

/// Reads `2024-06-13`.
fn iso_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || month.len() != 2 || day.len() != 2 {
        return None;
    }
    date(year, month, day)
}

/// Reads `13.6.2024` and `13.06.2024.`.
fn serbian_day(text: &str) -> Option<NaiveDate> {
    let mut parts = text.strip_suffix('.').unwrap_or(text).split('.');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    date(year, month, day)
}

fn date(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let year = number(year, 4..=4)?;
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(month, 1..=2)?, number(day, 1..=2)?)
}

/// Splits `12:16:46+02:00` into the clock and the offset, which may be missing.
fn split_offset(text: &str) -> Option<(&str, Option<FixedOffset>)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, FixedOffset::east_opt(0)));
    }
    let Some(place) = text.find(['+', '-']) else { return Some((text, None)) };
    let (clock, offset) = text.split_at(place);
    let (hours, minutes) = offset.get(1..)?.split_once(':')?;
    let (hours, minutes) = (number(hours, 2..=2)?, number(minutes, 2..=2)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    Some((clock, Some(FixedOffset::east_opt(sign * seconds)?)))
}

/// Reads `12:16`, `12:16:46` and `12:16:46.1234567`; digits beyond nanoseconds are left out.
fn clock_time(text: &str) -> Option<NaiveTime> {
    let (clock, fraction) = match text.split_once('.') {
        Some((clock, fraction)) => (clock, Some(fraction)),
        None => (text, None),
    };
    let mut parts = clock.split(':');
    let hour = number(parts.next()?, 1..=2)?;
    let minute = number(parts.next()?, 2..=2)?;
    let second = match parts.next() {
        Some(second) => number(second, 2..=2)?,
        None if fraction.is_none() => 0,
        None => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    NaiveTime::from_hms_nano_opt(hour, minute, second, fraction.map_or(Some(0), nanoseconds)?)
}

fn nanoseconds(fraction: &str) -> Option<u32> {
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let digits = fraction.get(..9).unwrap_or(fraction);
    format!("{digits:0<9}").parse().ok()
}

fn number(text: &str, digits: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let is_number = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day() -> Option<NaiveDate> {
        NaiveDate::from_ymd_opt(2024, 6, 3)
    }

    #[test]
    fn trap_11_created_date_is_not_iso() {
        let created: Moment = serde_json::from_str("\"13.6.2024T12:16:46\"").unwrap();
        let expected = NaiveDate::from_ymd_opt(2024, 6, 13).unwrap().and_hms_opt(12, 16, 46);
        assert_eq!(created.local(), expected);
        assert_eq!(serde_json::to_string(&created).unwrap(), "\"13.6.2024T12:16:46\"");
        assert!(!created.is_iso());
        assert_eq!(created.to_request().as_str(), "2024-06-13T12:16:46");
    }

    #[test]
    fn trap_11_seven_digits_of_fraction_and_an_offset_are_an_exact_moment() {
        let created = Moment::from("2024-04-25T12:56:38.4460154+02:00");
        let instant = created.instant().unwrap();
        assert_eq!(instant.timestamp(), 1_714_042_598);
        assert_eq!(instant.timestamp_subsec_nanos(), 446_015_400);
        let expires = Moment::from("2024-04-25T18:15:56.8571103+02:00");
        assert_eq!(expires.instant().unwrap().timestamp(), 1_714_061_756);
    }

    #[test]
    fn every_form_that_was_seen_is_the_same_day() {
        for text in [
            "2024-06-03",
            "2024-06-03T13:40:35",
            "2024-06-03T13:40:35.1",
            "2024-06-03T13:40:35Z",
            "2024-06-03 13:40",
            "3.6.2024",
            "03.06.2024",
            "03.06.2024.",
            "3.6.2024T9:05:01",
            "03.06.2024 13:40:35",
        ] {
            let moment = Moment::from(text);
            assert_eq!(moment.day(), day(), "{text}");
            assert_eq!(moment.as_str(), text);
        }
    }

    #[test]
    fn what_is_no_day_is_kept_and_has_none() {
        for text in [
            "",
            "2024-6-3",
            "2024-02-30",
            "31.6.2024",
            "3.6.24",
            "2024-06-03T",
            "2024-06-03T25:00:00",
            "2024-06-03T10:00:00+2:00",
            "2024-06-03T10:00.5",
            "2024-06-03T10:00:00.",
            "+2024-06-03",
            "3.6.2024..",
            "sutra",
        ] {
            assert_eq!(Moment::from(text).day(), None, "{text:?}");
            assert_eq!(Moment::from(text).to_request().as_str(), text);
        }
    }

    #[test]
    fn a_day_has_no_time_and_a_local_time_no_instant() {
        assert_eq!(Moment::from("2024-06-03").local(), None);
        assert_eq!(Moment::from("2024-06-03T13:40:35").instant(), None);
        assert!(Moment::from("2024-06-03").is_iso());
        assert!(!Moment::from("2024-06-03 13:40:35").is_iso());
    }

    #[test]
    fn a_day_is_sent_with_midnight_as_the_sample_sends_a_time() {
        assert_eq!(Moment::from(day().unwrap()).as_str(), "2024-06-03T00:00:00");
        assert_eq!(Moment::from("3.6.2024").to_request().as_str(), "2024-06-03T00:00:00");
        assert_eq!(Moment::from("2024-06-03").to_request().as_str(), "2024-06-03");
    }

    proptest! {
        #[test]
        fn any_moment_survives_being_written_and_read(seconds in -62_135_596_800_i64..253_402_300_800) {
            let moment = DateTime::from_timestamp(seconds, 0).unwrap().naive_utc();
            prop_assert_eq!(Moment::from(moment).local(), Some(moment));
            let serbian = moment.format("%-d.%-m.%YT%H:%M:%S").to_string();
            if moment.format("%Y").to_string().len() == 4 {
                prop_assert_eq!(Moment::from(serbian).local(), Some(moment));
            }
        }

        #[test]
        fn no_text_makes_a_moment_panic(text in "\\PC{0,40}", near in "[0-9.:TZ +-]{0,30}") {
            for text in [text, near] {
                let moment = Moment::from(text.as_str());
                prop_assert!(moment.local().is_none() || moment.day().is_some());
                prop_assert_eq!(moment.to_request().day(), moment.day());
            }
        }
    }
}
