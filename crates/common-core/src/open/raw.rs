//! The two kinds of raw value that codes have: whole numbers and strings.

use std::{
    fmt::{self, Debug, Display},
    hash::Hash,
};

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, Unexpected, Visitor},
};

mod sealed {
    pub trait Sealed {}
    impl Sealed for i64 {}
    impl Sealed for String {}
}

/// What carries a code on the wire: `i64` or `String`, and no other type.
///
/// ```
/// use common_core::open::Raw;
///
/// assert_eq!(7_i64.view(), 7);
/// assert_eq!(String::from("Paid").view(), "Paid");
/// ```
pub trait Raw: sealed::Sealed + Clone + Debug + 'static {
    /// The value as it is passed around: `i64` itself, `&str` for `String`.
    type Ref<'a>: Copy + Debug + Display + Eq + Hash + Serialize
    where
        Self: 'a;

    /// Lends the value.
    fn view(&self) -> Self::Ref<'_>;

    /// Lends a value of the program text for a shorter time.
    #[doc(hidden)]
    fn shorten<'a>(raw: Self::Ref<'static>) -> Self::Ref<'a>;

    /// Reads the value; a number also from a string of its digits.
    #[doc(hidden)]
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl Raw for i64 {
    type Ref<'a> = i64;

    fn view(&self) -> i64 {
        *self
    }

    fn shorten<'a>(raw: Self::Ref<'static>) -> Self::Ref<'a> {
        raw
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

impl Raw for String {
    type Ref<'a> = &'a str;

    fn view(&self) -> &str {
        self
    }

    fn shorten<'a>(raw: &'static str) -> &'a str {
        raw
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::deserialize(deserializer)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a whole number of 64 bits")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<i64, E> {
        Ok(number)
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<i64, E> {
        i64::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<i64, E> {
        text.parse().map_err(|_| E::invalid_value(Unexpected::Other("a string"), &self))
    }
}
