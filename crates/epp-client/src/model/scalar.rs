//! How a single JSON value becomes an attribute, whatever kind of value the service chose.
//!
//! The tables of the source document print values without their JSON type, so a number may come as a text and a text as a
//! number (ePP facts §2.3 and §4, traps 13 and 14).
//! Everything is first taken as the text it was written with; no number passes through binary floating point.

use std::fmt;

use common_core::{
    money::Amount,
    open::{Code, Open},
};
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Number;

/// A JSON value without parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Scalar {
    Null,
    Flag(bool),
    /// The digits as they were written.
    Number(String),
    Text(String),
}

impl Scalar {
    /// The value as text: nothing for `null`, the digits of a number.
    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Flag(flag) => Some(flag.to_string()),
            Self::Number(text) | Self::Text(text) => Some(text),
        }
    }

    /// The value as text without blanks around it, or nothing when nothing is left.
    pub(crate) fn into_filled(self) -> Option<String> {
        let text = self.into_text()?;
        let trimmed = text.trim();
        if trimmed.is_empty() {
            return None;
        }
        Some(if trimmed.len() == text.len() { text } else { trimmed.to_owned() })
    }
}

/// What can be read from a [`Scalar`]; `None` when the value stands for nothing.
pub(crate) trait FromScalar: Sized {
    /// Reads the value, or says what was expected; the value itself is never repeated.
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str>;
}

/// What can be an attribute: every [`FromScalar`], and the few types that are more than one value.
pub(crate) trait Attribute: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

impl<T: FromScalar> Attribute for T {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let scalar = Scalar::deserialize(deserializer)?;
        T::from_scalar(scalar).map_err(|expected| D::Error::custom(format!("expected {expected}")))
    }
}

/// Reads an attribute; the function that `record!` names.
pub(crate) fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Attribute,
{
    T::read(deserializer)
}

/// Reads a value that has to be there; for `Deserialize` of a type alone.
pub(crate) fn required<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Attribute,
{
    T::read(deserializer)?.ok_or_else(|| D::Error::custom("expected a value, found none"))
}

impl FromScalar for String {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        Ok(scalar.into_text())
    }
}

impl FromScalar for bool {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        let Some(text) = scalar.into_filled() else { return Ok(None) };
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" => Ok(Some(true)),
            "false" | "0" => Ok(Some(false)),
            _ => Err("true or false"),
        }
    }
}

impl FromScalar for i64 {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        match scalar {
            Scalar::Flag(_) => Err("a whole number"),
            other => other
                .into_filled()
                .map(|text| text.parse().map_err(|_| "a whole number"))
                .transpose(),
        }
    }
}

impl FromScalar for Amount {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        scalar
            .into_filled()
            .map(|text| Amount::parse(&text).map_err(|_| "a decimal number"))
            .transpose()
    }
}

impl<E: Code<Raw = i64>> FromScalar for Open<E> {
    fn from_scalar(scalar: Scalar) -> Result<Option<Self>, &'static str> {
        Ok(i64::from_scalar(scalar)?.map(Self::from_raw))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text, a number, true, false or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<Scalar, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_i128<E: Error>(self, number: i128) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_u128<E: Error>(self, number: u128) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        // `serde_json` hands a number of a `Value` over like this only when printing it gives back the very digits.
        let number = Number::from_f64(number).ok_or_else(|| E::custom("expected a number"))?;
        Ok(Scalar::Number(number.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        // A number with its digits kept travels as a map with one private key that only `Number` knows.
        let number = Number::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Scalar::Number(number.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(json: &str) -> Result<Scalar, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn every_kind_of_value_keeps_its_text() {
        for (json, text) in [
            ("\"0009\"", Some("0009")),
            ("17139.660", Some("17139.660")),
            ("9007199254740993", Some("9007199254740993")),
            ("true", Some("true")),
            ("null", None),
        ] {
            assert_eq!(read(json).unwrap().into_text().as_deref(), text, "{json}");
        }
        assert!(read("{}").is_err());
        assert!(read("[1]").is_err());
    }

    #[test]
    fn a_number_inside_a_value_keeps_its_digits_too() {
        for json in ["0.1", "17139.660", "123456789012345678901234567890", "-5"] {
            let value: serde_json::Value = serde_json::from_str(json).unwrap();
            let scalar: Scalar = serde_json::from_value(value).unwrap();
            assert_eq!(scalar.into_text().as_deref(), Some(json));
        }
    }

    #[test]
    fn typed_values_come_from_texts_and_blanks_are_nothing() {
        assert_eq!(i64::from_scalar(Scalar::Text(" 97 ".into())), Ok(Some(97)));
        assert_eq!(i64::from_scalar(Scalar::Text("  ".into())), Ok(None));
        assert_eq!(i64::from_scalar(Scalar::Flag(true)), Err("a whole number"));
        assert_eq!(bool::from_scalar(Scalar::Text("False".into())), Ok(Some(false)));
        assert_eq!(bool::from_scalar(Scalar::Text("maybe".into())), Err("true or false"));
        assert_eq!(String::from_scalar(Scalar::Text(String::new())), Ok(Some(String::new())));
    }

    #[test]
    fn a_refusal_does_not_repeat_the_value() {
        #[derive(Debug, Deserialize)]
        struct Probe {
            #[serde(deserialize_with = "optional")]
            amount: Option<Amount>,
        }
        let error = serde_json::from_value::<Probe>(json!({"amount": "tajno"})).unwrap_err();
        assert_eq!(error.to_string(), "expected a decimal number");
        let read: Probe = serde_json::from_value(json!({"amount": "3.21"})).unwrap();
        assert_eq!(read.amount.map(|amount| amount.to_string()).as_deref(), Some("3.21"));
    }
}
