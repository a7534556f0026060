//! JOSE headers: JSON objects in which no name occurs twice.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::{Map, Value};

use super::OpenError;

/// The parameters of an integrity-protected header, in their order.
///
/// A name that occurs twice, at any depth, makes an object unreadable: RFC 7515, section 4,
/// leaves it to the reader, and two readers that choose differently can be played against each
/// other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Header(Vec<(String, Value)>);

impl Header {
    /// Reads a JSON object.
    pub(super) fn parse(json: &[u8], what: &'static str) -> Result<Self, OpenError> {
        let mut reader = serde_json::Deserializer::from_slice(json);
        let pairs = Unique.deserialize(&mut reader).map_err(|_| OpenError::Malformed(what))?;
        reader.end().map_err(|_| OpenError::Malformed(what))?;
        match pairs {
            Value::Object(map) => Ok(Self::from_pairs(map)),
            _ => Err(OpenError::Malformed(what)),
        }
    }

    /// Takes parameters as they are.
    pub(super) fn from_pairs(pairs: impl IntoIterator<Item = (String, Value)>) -> Self {
        Self(pairs.into_iter().collect())
    }

    /// The value of a parameter.
    pub fn find(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The value of a parameter that is a text.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.find(name).and_then(Value::as_str)
    }

    /// All parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn push(&mut self, name: &str, value: impl Into<Value>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// The JSON text, in the order of the parameters and without white space.
    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Refuses what no profile may allow: critical extensions (RFC 7515, section 4.1.11) and the
    /// unencoded payload of RFC 7797.
    pub(super) fn check(&self) -> Result<(), OpenError> {
        if self.find("crit").is_some() || self.find("b64").is_some() {
            return Err(OpenError::Critical);
        }
        Ok(())
    }
}

impl Serialize for Header {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// Reads any JSON value, but refuses objects with a name twice.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a repeated name")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Unique)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            let value = members.next_value_seed(Unique)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name occurs twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_occurs_twice_is_refused_at_any_depth() {
        for json in [r#"{"a":1,"a":1}"#, r#"{"a":[{"b":1,"b":2}]}"#, r#"{"a":1,"\u0061":2}"#] {
            assert!(Header::parse(json.as_bytes(), "header").is_err(), "{json}");
        }
        for json in ["[]", "{} {}", "{", "\"a\"", "", "\u{feff}{}"] {
            assert!(Header::parse(json.as_bytes(), "header").is_err(), "{json}");
        }
    }

    #[test]
    fn what_is_written_keeps_the_order_of_the_parameters() {
        let mut header = Header::default();
        header.push("enc", "A256GCM");
        header.push("alg", "RSA-OAEP");
        assert_eq!(header.to_json(), br#"{"enc":"A256GCM","alg":"RSA-OAEP"}"#);
        assert_eq!(header.text("alg"), Some("RSA-OAEP"));
    }

    #[test]
    fn numbers_of_any_size_are_read() {
        let header =
            Header::parse(br#"{"a":1,"b":-2.5,"c":123456789012345678901234567890}"#, "header");
        assert_eq!(header.unwrap().iter().count(), 3);
    }
}
