//! Values that remember the text they were read from.

use std::fmt;
use std::ops::Deref;

use serde::de::{DeserializeOwned, Deserializer, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::DocumentError;

/// A typed view of a JSON value together with its text, which is written again unchanged.
#[derive(Clone)]
pub struct Kept<T> {
    value: T,
    raw: Box<RawValue>,
}

impl<T> Kept<T> {
    /// The text.
    pub fn json(&self) -> &str {
        self.raw.get()
    }

    /// The typed value, taken out; what it does not know is gone then.
    pub fn into_value(self) -> T {
        self.value
    }
}

impl<T: Serialize> Kept<T> {
    /// Writes a value.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] when it cannot be written as JSON, which no type of this crate causes.
    pub fn new(value: T) -> Result<Self, DocumentError> {
        let raw = serde_json::value::to_raw_value(&value)
            .map_err(|cause| DocumentError::from_json("", &cause))?;
        Ok(Self { value, raw })
    }
}

impl<T: DeserializeOwned> Kept<T> {
    /// Reads a text and keeps it.
    ///
    /// # Errors
    ///
    /// [`DocumentError`] with the place where it is not what the type wants.
    pub fn parse(json: &str) -> Result<Self, DocumentError> {
        let value = super::error::read(json)?;
        let raw = RawValue::from_string(json.to_owned())
            .map_err(|cause| DocumentError::from_json("", &cause))?;
        Ok(Self { value, raw })
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Two are equal when their texts are.
impl<T> PartialEq for Kept<T> {
    fn eq(&self, other: &Self) -> bool {
        self.raw.get() == other.raw.get()
    }
}

impl<T: fmt::Debug> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> Serialize for Kept<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.raw.get().is_empty() {
            return Err(S::Error::custom("there is no text"));
        }
        self.raw.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Kept<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let value = super::error::read(raw.get()).map_err(D::Error::custom)?;
        Ok(Self { value, raw })
    }
}
