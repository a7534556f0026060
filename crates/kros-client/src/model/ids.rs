//! Identifiers, each of its own type, so that an account can never be asked for as an invoice.
//!
//! Invoices have integer ids and expenses have UUIDs (KROS facts §1).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Declares an identifier that the service gives.
macro_rules! assigned_id {
    ($(#[$meta:meta])* $name:ident($inner:ty), $expected:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<$inner> for $name {
            fn from(id: $inner) -> Self {
                Self(id)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                text.parse().map(Self).map_err(|_| IdError { expected: $expected })
            }
        }
    };
}

assigned_id!(
    /// The id of an issued invoice: an integer.
    InvoiceId(i64),
    "an integer"
);
assigned_id!(
    /// The id of an issued proforma invoice: an integer.
    ProformaId(i64),
    "an integer"
);
assigned_id!(
    /// The id of a received document: a UUID, written in lower case with hyphens.
    ExpenseId(Uuid),
    "a UUID"
);
assigned_id!(
    /// The id of a bank account or cash register that payments belong to: an integer.
    AccountId(i64),
    "an integer"
);

/// The caller's own name of a document, 1 to 64 characters; the only thing by which a sent document can be found again
/// when its answer was lost (KROS facts §2 and §5).
///
/// ```
/// use kros_client::model::ExternalId;
///
/// let id: ExternalId = "order-101".parse()?;
/// assert_eq!(id.as_str(), "order-101");
/// assert!("".parse::<ExternalId>().is_err());
/// # Ok::<(), kros_client::model::IdError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct ExternalId(String);

impl ExternalId {
    /// The longest an external id may be, in characters.
    pub const MAX_CHARS: usize = 64;
}

/// The symbol by which a payment finds its invoice (variabilný symbol), 1 to 10 digits.
///
/// It is text: leading zeros count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct VariableSymbol(String);

impl VariableSymbol {
    /// The most digits a variable symbol may have.
    pub const MAX_DIGITS: usize = 10;
}

/// Gives a checked text its ways in and out.
macro_rules! checked_text {
    ($name:ident, $expected:literal, $is_valid:expr) => {
        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let is_valid: fn(&str) -> bool = $is_valid;
                if is_valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(IdError { expected: $expected })
                }
            }
        }

        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }
    };
}

checked_text!(ExternalId, "1 to 64 characters", |text| {
    (1..=ExternalId::MAX_CHARS).contains(&text.chars().count())
});
checked_text!(VariableSymbol, "1 to 10 digits", |text| {
    (1..=VariableSymbol::MAX_DIGITS).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
});

/// A text that is no identifier of the kind asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the identifier must be {expected}")]
#[non_exhaustive]
pub struct IdError {
    /// The form the text should have had.
    pub expected: &'static str,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_external_id_counts_characters_not_bytes() {
        assert!("ž".repeat(64).parse::<ExternalId>().is_ok());
        assert!("ž".repeat(65).parse::<ExternalId>().is_err());
        assert!("".parse::<ExternalId>().is_err());
    }

    #[test]
    fn a_variable_symbol_keeps_its_leading_zeros() {
        let symbol: VariableSymbol = "0000000042".parse().expect("ten digits");
        assert_eq!(symbol.to_string(), "0000000042");
        for wrong in ["", "12345678901", "12a", "１２"] {
            assert!(wrong.parse::<VariableSymbol>().is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_expense_id_is_a_uuid_and_an_invoice_id_an_integer() {
        let text = "3f2504e0-4f89-11d3-9a0c-0305e82c3301";
        let expense: ExpenseId = text.parse().expect("a UUID");
        assert_eq!(expense.to_string(), text);
        assert_eq!(
            "12".parse::<ExpenseId>().map_err(|e| e.to_string()),
            Err("the identifier must be a UUID".into())
        );
        assert_eq!("12".parse(), Ok(InvoiceId(12)));
        assert_eq!(serde_json::to_string(&AccountId(-3)).expect("an integer"), "-3");
    }

    proptest! {
        #[test]
        fn a_variable_symbol_is_one_to_ten_digits_and_nothing_else(text in "\\PC{0,12}") {
            let digits = !text.is_empty() && text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(text.parse::<VariableSymbol>().is_ok(), digits);
        }
    }
}
