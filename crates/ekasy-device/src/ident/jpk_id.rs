//! Numbers of documents.

use std::{fmt, ops::RangeInclusive, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, de::Error};

use super::{
    IdentError,
    text::{is_digits, read_from_text},
};

/// Number of a document in a register's protected memory (JPKID): 1 to 999,999,999,999,999
/// (source document, sections 2.4.6 and 2.4.8).
///
/// The repository judges by these numbers whether it has everything (section 2.3.2.2).
///
/// ```
/// use ekasy_device::ident::JpkId;
///
/// let id = JpkId::new(41_324)?;
/// assert_eq!(id.next().map(JpkId::get), Some(41_325));
/// assert!(JpkId::new(0).is_err());
/// assert_eq!(JpkId::MAX.next(), None);
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct JpkId(u64);

const ERROR: IdentError = IdentError::new("a document number", "1 to 999999999999999");

impl JpkId {
    /// The first number.
    pub const MIN: Self = Self(1);
    /// The last number.
    pub const MAX: Self = Self(999_999_999_999_999);

    /// The number, if it is one of a document.
    pub const fn new(number: u64) -> Result<Self, IdentError> {
        if number >= Self::MIN.0 && number <= Self::MAX.0 { Ok(Self(number)) } else { Err(ERROR) }
    }

    /// The number.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The number behind this one; `None` behind the last.
    pub const fn next(self) -> Option<Self> {
        if self.0 < Self::MAX.0 { Some(Self(self.0 + 1)) } else { None }
    }

    /// The number before this one; `None` before the first.
    pub const fn previous(self) -> Option<Self> {
        if self.0 > Self::MIN.0 { Some(Self(self.0 - 1)) } else { None }
    }

    /// Reads digits without a sign and without leading zeros.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        if !is_digits(text) || text.starts_with('0') {
            return Err(ERROR);
        }
        text.parse().map_err(|_| ERROR).and_then(Self::new)
    }
}

impl fmt::Display for JpkId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for JpkId {
    type Err = IdentError;

    fn from_str(text: &str) -> Result<Self, IdentError> {
        Self::parse(text)
    }
}

impl<'de> Deserialize<'de> for JpkId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        u64::deserialize(deserializer).and_then(|number| Self::new(number).map_err(Error::custom))
    }
}

/// A range of document numbers, both ends included: `41324-41333` (source document, section
/// 2.3.1.4.1.4, `scope`).
///
/// ```
/// use ekasy_device::ident::{JpkId, JpkRange};
///
/// let range = JpkRange::parse("41324-41333")?;
/// assert_eq!(range.count(), 10);
/// assert!(range.contains(JpkId::new(41_333)?));
/// assert!(JpkRange::parse("41333-41324").is_err());
/// # Ok::<(), ekasy_device::ident::IdentError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct JpkRange {
    first: JpkId,
    last: JpkId,
}

const RANGE_ERROR: IdentError =
    IdentError::new("a range of document numbers", "two numbers with a hyphen, the smaller first");

impl JpkRange {
    /// The range from `first` to `last`, which must not be before it.
    pub fn new(first: JpkId, last: JpkId) -> Result<Self, IdentError> {
        if first <= last { Ok(Self { first, last }) } else { Err(RANGE_ERROR) }
    }

    /// Reads two numbers with a hyphen.
    pub fn parse(text: &str) -> Result<Self, IdentError> {
        let (first, last) = text.split_once('-').ok_or(RANGE_ERROR)?;
        let number = |text| JpkId::parse(text).map_err(|_| RANGE_ERROR);
        Self::new(number(first)?, number(last)?)
    }

    /// The smallest number.
    pub const fn first(self) -> JpkId {
        self.first
    }

    /// The largest number.
    pub const fn last(self) -> JpkId {
        self.last
    }

    /// How many numbers it holds.
    pub const fn count(self) -> u64 {
        self.last.0 - self.first.0 + 1
    }

    /// Whether a number lies in it.
    pub fn contains(self, id: JpkId) -> bool {
        RangeInclusive::new(self.first, self.last).contains(&id)
    }
}

impl fmt::Display for JpkRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

impl FromStr for JpkRange {
    type Err = IdentError;

    fn from_str(text: &str) -> Result<Self, IdentError> {
        Self::parse(text)
    }
}

impl Serialize for JpkRange {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

read_from_text!(JpkRange);
