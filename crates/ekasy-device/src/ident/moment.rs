//! Date and time of the protocol.

use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

use super::{
    IdentError,
    text::{is_digits, read_from_text},
};

/// Date and time in UTC with milliseconds: `2017-02-14T16:50:03.342Z`, always 24 characters
/// (source document, section 2.2.3).
///
/// The zone is always UTC, written `Z`; local time never appears on the wire.
///
/// ```
/// use ekasy_device::ident::Moment;
///
/// let moment = Moment::parse("2026-03-29T01:30:00.007Z")?;
/// assert_eq!(moment.to_string(), "2026-03-29T01:30:00.007Z");
/// assert!(Moment::parse("2026-03-29T01:30:00.007+00:00").is_err());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    /// Milliseconds since 1970, within the years 0000 to 9999.
    millis: i64,
}

const ERROR: IdentError =
    IdentError::new("a date and time", "a calendar moment as 2017-02-14T16:50:03.342Z");

impl Moment {
    /// Length of the text.
    pub const LENGTH: usize = 24;
    /// The first moment that can be written: the beginning of the year 0000.
    pub const MIN: Self = Self { millis: -62_167_219_200_000 };
    /// The last moment that can be written: the end of the year 9999.
    pub const MAX: Self = Self { millis: 253_402_300_799_999 };

    /// Reads exactly the form of the protocol.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        Self::read(text).ok_or(ERROR)
    }

    /// The moment as a date and time of `chrono`.
    pub fn instant(self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.millis).unwrap_or_default()
    }

    /// Milliseconds since the beginning of 1970.
    pub const fn timestamp_millis(self) -> i64 {
        self.millis
    }

    /// The moment one millisecond later; `None` behind the end of the year 9999.
    ///
    /// ```
    /// use ekasy_device::ident::Moment;
    ///
    /// let later = Moment::parse("2016-12-31T23:59:59.999Z")?.next();
    /// assert_eq!(later, Some(Moment::parse("2017-01-01T00:00:00.000Z")?));
    /// assert_eq!(Moment::MAX.next(), None);
    /// # Ok::<(), ekasy_device::ident::IdentError>(())
    /// ```
    pub const fn next(self) -> Option<Self> {
        if self.millis < Self::MAX.millis { Some(Self { millis: self.millis + 1 }) } else { None }
    }

    /// The last digit of the milliseconds.
    pub(super) const fn last_digit(self) -> i64 {
        self.millis.rem_euclid(10)
    }

    /// The first moment from this one on whose last digit is that; `None` behind the year 9999.
    pub(super) fn ending_in(self, digit: i64) -> Option<Self> {
        let millis = self.millis + (digit - self.millis).rem_euclid(10);
        (millis <= Self::MAX.millis).then_some(Self { millis })
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() != Self::LENGTH || !text.is_ascii() {
            return None;
        }
        let marks =
            [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
        if marks.iter().any(|(at, mark)| text.as_bytes()[*at] != *mark) {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<u32> {
            let part = &text[from..to];
            is_digits(part).then(|| part.parse().ok())?
        };
        let year = i32::try_from(number(0, 4)?).ok()?;
        let date = NaiveDate::from_ymd_opt(year, number(5, 7)?, number(8, 10)?)?;
        let second = number(17, 19)?;
        let milli = number(20, 23)?;
        let moment = date.and_hms_milli_opt(number(11, 13)?, number(14, 16)?, second, milli)?;
        Some(Self { millis: moment.and_utc().timestamp_millis() })
    }
}

impl From<DateTime<Utc>> for Moment {
    /// Cuts off what is finer than a millisecond; a moment outside the years 0000 to 9999, which
    /// no clock shows, becomes the nearest one inside.
    fn from(instant: DateTime<Utc>) -> Self {
        let millis = instant.timestamp_millis().clamp(Self::MIN.millis, Self::MAX.millis);
        Self { millis }
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.instant().format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

impl std::str::FromStr for Moment {
    type Err = IdentError;

    fn from_str(text: &str) -> Result<Self, IdentError> {
        Self::parse(text)
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

read_from_text!(Moment);
