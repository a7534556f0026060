//! Days and moments that keep the text they were read from.
//!
//! The documentation page asks for ISO 8601 with time and zone (KROS OpenAPI documentation, section Podporované endpointy),
//! integrations send plain days, and answers carry days with a midnight (KROS facts §1).
//! Keeping the text makes all of them round-trip and lets a timestamp be given back to a filter exactly as it was answered.

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

/// A calendar day of a document.
///
/// Written as `YYYY-MM-DD` when made from a [`NaiveDate`]; an answer may also carry a time, fractions and a zone.
/// [`day`](Self::day) is the day as written: no zone is applied, so `2024-04-30T22:00:00Z` is the 30th.
///
/// ```
/// use chrono::NaiveDate;
/// use kros_client::model::Date;
///
/// let may_day = NaiveDate::from_ymd_opt(2024, 5, 1).unwrap();
/// assert_eq!(Date::from(may_day).as_str(), "2024-05-01");
/// assert_eq!(Date::from("2024-05-01T00:00:00").day(), Some(may_day));
/// assert_eq!(Date::from("1.5.2024").day(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Date(String);

impl Date {
    /// The text as it was read or given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The calendar day, or `None` when the text is no ISO 8601 day or day with time.
    pub fn day(&self) -> Option<NaiveDate> {
        plain_day(&self.0).or_else(|| moment(&self.0).map(|m| m.date()))
    }

    /// The same day as `YYYY-MM-DD`, the form requests carry; a text that is no day stays as it is.
    #[must_use]
    pub fn to_plain(&self) -> Self {
        self.day().map_or_else(|| self.clone(), Self::from)
    }
}

impl From<NaiveDate> for Date {
    fn from(day: NaiveDate) -> Self {
        Self(day.format("%Y-%m-%d").to_string())
    }
}

impl From<&str> for Date {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The moment the service last changed a record, in its own words.
///
/// Give it back to a list's `LastModifiedTimestamp` unchanged: how the service rounds and in which zone it counts is not
/// documented, and its own text is the only value that cannot be misread.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(String);

impl Timestamp {
    /// The text exactly as the service wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The moment as written, for comparing the service's timestamps with each other.
    ///
    /// A zone is taken off (`10:00+02:00` is 08:00); a text without a zone is read as if it were UTC, which is an assumption.
    /// `None` when the text is no ISO 8601 moment.
    pub fn moment(&self) -> Option<NaiveDateTime> {
        DateTime::parse_from_rfc3339(&self.0)
            .map(|m| m.naive_utc())
            .ok()
            .or_else(|| moment(&self.0))
    }
}

impl From<&str> for Timestamp {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl From<String> for Timestamp {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads `YYYY-MM-DD` and nothing shorter or longer, which chrono alone would let pass.
fn plain_day(text: &str) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (Date::from(day).0 == text).then_some(day)
}

/// Reads a day with a time, with or without fractions and zone, as the local time it is written in.
fn moment(text: &str) -> Option<NaiveDateTime> {
    DateTime::parse_from_rfc3339(text)
        .map(|m| m.naive_local())
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f"))
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_form_the_service_writes_is_the_same_day_and_keeps_its_text() {
        for text in [
            "2024-05-01",
            "2024-05-01T00:00:00",
            "2024-05-01T00:00:00.0000000",
            "2024-05-01T08:56:08.693Z",
            "2024-05-01T00:30:00+02:00",
        ] {
            let json = format!("\"{text}\"");
            let date: Date = serde_json::from_str(&json).expect("a text");
            assert_eq!(date.day(), NaiveDate::from_ymd_opt(2024, 5, 1), "{text}");
            assert_eq!(serde_json::to_string(&date).expect("a text"), json);
            assert_eq!(date.to_plain().as_str(), "2024-05-01");
        }
    }

    #[test]
    fn what_is_no_day_is_kept_and_has_none() {
        for text in
            ["", "2024-5-1", "2024-02-30", "1.5.2024", "2024-05-01T", "+2024-05-01", "súčasnosť"]
        {
            assert_eq!(Date::from(text).day(), None, "{text:?}");
            assert_eq!(Date::from(text).to_plain().as_str(), text);
        }
    }

    #[test]
    fn timestamps_compare_by_moment_and_keep_their_text() {
        let plain = Timestamp::from("2024-05-01T08:00:00");
        let zoned = Timestamp::from("2024-05-01T10:00:00.0000000+02:00");
        assert_eq!(plain.moment(), zoned.moment());
        assert!(Timestamp::from("2024-05-01T08:00:00.001Z").moment() > plain.moment());
        assert_eq!(zoned.to_string(), "2024-05-01T10:00:00.0000000+02:00");
        assert_eq!(Timestamp::from("včera").moment(), None);
    }

    proptest! {
        #[test]
        fn any_day_survives_being_written_and_read(days in 0..=2_000_000_i32) {
            let day = NaiveDate::from_num_days_from_ce_opt(days).unwrap_or_default();
            prop_assert_eq!(Date::from(day).day(), Some(day));
        }

        #[test]
        fn no_text_makes_a_date_panic(text in "\\PC{0,40}") {
            let date = Date::from(text.as_str());
            prop_assert_eq!(date.day().is_some(), date.to_plain().day().is_some());
        }
    }
}
