//! Identifiers, each of its own type and with its leading zeros.
//!
//! The tables print them as digits, and an answer may carry them as JSON numbers, which lose leading zeros; they are put
//! back to the width of the identifier (ePP facts §2.3).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize};

use super::scalar::{self, FromScalar, Scalar};

/// A text that is no identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the identifier must be {expected}")]
#[non_exhaustive]
pub struct IdError {
    /// The form the text should have had.
    pub expected: &'static str,
}

/// The id that ePP gave a payment order: a whole number.
///
/// A freshly created order is answered with 0, which is no id (ePP facts §4, trap 17).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PaymentOrderId(pub i64);

impl fmt::Display for PaymentOrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<i64> for PaymentOrderId {
    fn from(id: i64) -> Self {
        Self(id)
    }
}

impl FromStr for PaymentOrderId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        text.parse().map(Self).map_err(|_| IdError { expected: "a whole number" })
    }
}

impl FromScalar for PaymentOrderId {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        Ok(i64::from_scalar(scalar)?.map(Self))
    }
}

impl<'de> Deserialize<'de> for PaymentOrderId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        scalar::required(deserializer)
    }
}

/// Declares an identifier of digits.
macro_rules! digits {
    ($(#[$meta:meta])* $name:ident, $width:literal, $expected:literal) => {
        $(#[$meta])*
        ///
        /// Parsing takes up to the full count of digits and puts missing zeros in front.
        /// Reading an answer keeps any text as it came; [`is_well_formed`](Self::is_well_formed) tells.
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The count of digits.
            pub const WIDTH: usize = $width;

            /// The text, with its leading zeros.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether it has the full count of digits and nothing else.
            pub fn is_well_formed(&self) -> bool {
                self.0.len() == Self::WIDTH && is_digits(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if is_digits(text) && text.len() <= Self::WIDTH {
                    Ok(Self(padded(text, Self::WIDTH)))
                } else {
                    Err(IdError { expected: $expected })
                }
            }
        }

        impl FromScalar for $name {
            fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
                Ok(scalar.into_filled().map(|text| Self(padded(&text, Self::WIDTH))))
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                scalar::required(deserializer)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

digits!(
    /// The number of a user of public funds (JBKJS, jedinstveni broj korisnika javnih sredstava): 5 digits, such as `10523`.
    Jbkjs,
    5,
    "1 to 5 digits"
);
digits!(
    /// The bank of an account: the first 3 digits, `840` for the Treasury.
    BankCode,
    3,
    "1 to 3 digits"
);
digits!(
    /// The number of an account within its bank (partija računa): 13 digits, such as `0000000001624`.
    ///
    /// It is what the paths of the service ask for; the whole account of 18 digits is
    /// [`Account`](crate::rules::Account).
    BankAccountNumber,
    13,
    "1 to 13 digits"
);
digits!(
    /// The control number of an account: the last 2 digits, such as `09`.
    ControlNumber,
    2,
    "1 or 2 digits"
);
digits!(
    /// The number of the organisational unit of the Treasury that keeps an account: 5 digits, such as `40200`.
    UnitNumber,
    5,
    "1 to 5 digits"
);
digits!(
    /// The code of the treasury of an account: 3 digits, such as `601`.
    TreasuryCode,
    3,
    "1 to 3 digits"
);

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The digits with zeros in front; anything else as it is.
fn padded(text: &str, width: usize) -> String {
    if is_digits(text) { format!("{text:0>width$}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_get_their_leading_zeros_back() {
        let number: BankAccountNumber = serde_json::from_str("1624").unwrap();
        assert_eq!(number.as_str(), "0000000001624");
        let control: ControlNumber = serde_json::from_str("9").unwrap();
        assert_eq!(serde_json::to_string(&control).unwrap(), "\"09\"");
        let jbkjs: Jbkjs = serde_json::from_str("\"10523\"").unwrap();
        assert_eq!(jbkjs.to_string(), "10523");
    }

    #[test]
    fn odd_texts_of_an_answer_are_kept_and_not_well_formed() {
        let odd: Jbkjs = serde_json::from_str("\"105-23\"").unwrap();
        assert_eq!(odd.as_str(), "105-23");
        assert!(!odd.is_well_formed());
        assert!("105-23".parse::<Jbkjs>().is_err());
        assert!("105230".parse::<Jbkjs>().is_err());
        assert!("".parse::<Jbkjs>().is_err());
    }

    /// The page prints the placeholder `<јbkjs>` with the Cyrillic letter U+0458.
    #[test]
    fn trap_19_a_copied_cyrillic_placeholder_is_no_organisation() {
        assert!("\u{458}bkjs".parse::<Jbkjs>().is_err());
        assert!("1052\u{458}".parse::<Jbkjs>().is_err());
    }

    #[test]
    fn an_order_id_is_a_whole_number_from_number_or_text() {
        assert_eq!(serde_json::from_str::<PaymentOrderId>("319877").unwrap().0, 319_877);
        assert_eq!(serde_json::from_str::<PaymentOrderId>("\"319877\"").unwrap().0, 319_877);
        assert_eq!("319877".parse(), Ok(PaymentOrderId(319_877)));
        assert!(serde_json::from_str::<PaymentOrderId>("null").is_err());
    }

    proptest! {
        #[test]
        fn a_number_and_its_padded_text_are_the_same(number in 0_u64..10_000_000_000_000) {
            let parsed: BankAccountNumber = number.to_string().parse().unwrap();
            prop_assert!(parsed.is_well_formed());
            prop_assert_eq!(parsed.as_str().parse::<u64>().unwrap(), number);
            prop_assert_eq!(parsed.as_str().parse::<BankAccountNumber>().unwrap(), parsed);
        }
    }
}
