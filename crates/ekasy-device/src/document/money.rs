//! Amounts and quantities in the forms of the documents.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// An amount in whole grosze, positive or negative: `1999` is 19.99 zł.
///
/// # Examples
///
/// ```
/// use ekasy_device::document::Grosze;
///
/// assert_eq!(Grosze(-1999).to_string(), "-19.99");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Grosze(pub i64);

/// Złote and grosze with a point, without the currency.
impl fmt::Display for Grosze {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", size / 100, size % 100)
    }
}

/// A quantity: a decimal number as text, with a comma, as `0,326`.
///
/// What was read is kept as it is, even when it is no number; [`value`](Self::value) tells.
///
/// # Examples
///
/// ```
/// use ekasy_device::document::Quantity;
///
/// let quantity: Quantity = "0,326".parse()?;
/// assert_eq!(quantity.value().map(|value| value.to_string()).as_deref(), Some("0.326"));
/// assert!("0.326".parse::<Quantity>().is_err());
/// # Ok::<(), ekasy_device::document::QuantityError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Quantity(String);

impl Quantity {
    /// Digits that are read at most, before and after the comma together.
    const DIGITS: usize = 18;

    /// The text as it is in the document.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The number, or `None` when the text is none: digits, then perhaps a comma and digits,
    /// with a minus sign in front perhaps.
    pub fn value(&self) -> Option<Decimal> {
        let digits = self.0.strip_prefix('-').unwrap_or(&self.0);
        let (whole, fraction) = match digits.split_once(',') {
            Some((whole, fraction)) if !fraction.is_empty() => (whole, fraction),
            Some(_) => return None,
            None => (digits, ""),
        };
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || !all_digits || whole.len() + fraction.len() > Self::DIGITS {
            return None;
        }
        self.0.replace(',', ".").parse().ok()
    }
}

impl From<u32> for Quantity {
    fn from(pieces: u32) -> Self {
        Self(pieces.to_string())
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let quantity = Self(text.to_owned());
        if quantity.value().is_some() { Ok(quantity) } else { Err(QuantityError) }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no number with at most 18 digits and a decimal comma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuantityError;

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the quantity is no number with a decimal comma")
    }
}

impl Error for QuantityError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_whole_numbers_and_nothing_else() {
        assert_eq!(serde_json::from_str::<Grosze>("-652").unwrap(), Grosze(-652));
        for json in ["1.0", "1e2", "\"1\"", "null", "9223372036854775808"] {
            assert!(serde_json::from_str::<Grosze>(json).is_err(), "{json}");
        }
        assert_eq!(Grosze(i64::MIN).to_string(), "-92233720368547758.08");
        assert_eq!(Grosze(5).to_string(), "0.05");
    }

    #[test]
    fn texts_that_are_no_quantity_are_kept_and_have_no_value() {
        for text in ["", "-", ",5", "5,", "1.5", "1,2,3", "+1", " 1", "1234567890123456789", "٣"] {
            let json = serde_json::to_string(text).unwrap();
            let read: Quantity = serde_json::from_str(&json).unwrap();
            assert_eq!((read.as_str(), read.value()), (text, None));
            assert_eq!(text.parse::<Quantity>(), Err(QuantityError));
        }
    }

    proptest! {
        #[test]
        fn a_quantity_keeps_its_text_and_its_number(text in "-?[0-9]{1,9}(,[0-9]{1,9})?") {
            let quantity: Quantity = text.parse().unwrap();
            prop_assert_eq!(quantity.to_string(), text.clone());
            let value = quantity.value().unwrap().to_string();
            prop_assert_eq!(value.parse::<Decimal>(), text.replace(',', ".").parse::<Decimal>());
        }
    }
}
