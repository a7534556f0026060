//! Amounts as JSON numbers, digit by digit.
//!
//! `serde_json` with `arbitrary_precision` keeps the text of a number and hands it over in three
//! ways, depending on whether it comes from text, from a `Value` or from a buffer (as inside
//! `#[serde(flatten)]` and untagged enums):
//! as an integer, as a map with one private key, or, from a `Value` only, as an `f64` when one of
//! two ways of printing that `f64` gives back the very text.
//! All three are read here; the last is recognised by the error type of the deserializer and taken
//! when both ways print the same value, so no digit changes: an `f64` of any other format is
//! refused, and so is a number of some 16 digits that the two print differently.
//! What serde itself cannot buffer stays an error: a whole number beyond 64 bits inside a `Value`,
//! read into a flattened struct or an untagged enum.

use std::{any::type_name, fmt};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
    ser,
};
use serde_json::Number;

use super::{Amount, AmountError, Money};

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number: Number = self.to_string().parse().map_err(ser::Error::custom)?;
        number.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

impl<const SCALE: u32> Serialize for Money<SCALE> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.amount().serialize(serializer)
    }
}

impl<'de, const SCALE: u32> Deserialize<'de> for Money<SCALE> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(Amount::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

struct AmountVisitor;

impl<'de> Visitor<'de> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number, or a string that holds one")
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Amount, E> {
        Ok(Amount::from(whole))
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Amount, E> {
        self.visit_i128(whole.into())
    }

    fn visit_i128<E: de::Error>(self, whole: i128) -> Result<Amount, E> {
        Amount::from_parts(whole, 0).ok_or_else(|| E::custom(AmountError::TooManyDigits))
    }

    fn visit_u128<E: de::Error>(self, whole: u128) -> Result<Amount, E> {
        let whole = i128::try_from(whole).map_err(|_| E::custom(AmountError::TooManyDigits))?;
        self.visit_i128(whole)
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Amount, E> {
        // The names are compared because `E` may borrow and then has no `TypeId`. Should they ever
        // differ for the same type, numbers inside a `Value` are refused, and no digit is lost.
        if type_name::<E>() != type_name::<serde_json::Error>() {
            return Err(E::custom("a binary floating-point number is not an exact amount"));
        }
        let number = Number::from_f64(float).ok_or_else(|| E::custom(AmountError::Malformed))?;
        let amount: Amount = self.visit_str(number.as_str())?;
        // Which of the two texts stood there cannot be told, so they must mean the same.
        if Amount::parse(&float.to_string()).is_ok_and(|other| other != amount) {
            return Err(E::custom("the number has too many digits to be taken out of a `Value`"));
        }
        Ok(amount)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Amount, E> {
        Amount::parse(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Amount, A::Error> {
        // The private key is known to `Number` only, which refuses any other map.
        let number = Number::deserialize(MapAccessDeserializer::new(map))?;
        self.visit_str(number.as_str())
    }
}

#[cfg(test)]
mod tests;
