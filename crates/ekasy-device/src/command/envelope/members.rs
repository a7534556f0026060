//! The members of a JSON object as they were written, a repeated name with all its values.
//!
//! A map would keep the last value of a repeated name in silence, where another reader keeps the
//! first: a register and a repository would read two commands out of one.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::{FieldError, wrong_form};

/// The members of an object, in their order.
pub(crate) struct Members(Vec<(String, Box<RawValue>)>);

impl Members {
    /// Every value under a name that is not `null`.
    pub(super) fn values(
        &self,
        name: &'static str,
    ) -> impl Iterator<Item = Result<Value, FieldError>> {
        let read =
            move |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|_| wrong_form(name));
        self.named(name).map(read).filter(|value| !matches!(value, Ok(Value::Null)))
    }

    /// The only value under a name; a repeated one is an error unless it is the same.
    pub(crate) fn find(&self, name: &'static str) -> Result<Option<Value>, FieldError> {
        one_of(name, self.values(name))
    }

    /// The object under a name. Two are an error, whatever is in them.
    pub(super) fn object(&self, name: &'static str) -> Result<Option<Self>, FieldError> {
        let mut found = self.named(name).filter(|raw| raw.get().starts_with('{'));
        let first = found.next();
        if found.next().is_some() {
            return Err(FieldError::new(name, "is there twice"));
        }
        let read = |raw: &RawValue| serde_json::from_str(raw.get()).map_err(|_| wrong_form(name));
        first.map(read).transpose()
    }

    fn named(&self, name: &'static str) -> impl Iterator<Item = &RawValue> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| &**value)
    }
}

/// The one value that all places hold.
pub(super) fn one_of(
    name: &'static str,
    mut values: impl Iterator<Item = Result<Value, FieldError>>,
) -> Result<Option<Value>, FieldError> {
    let Some(first) = values.next().transpose()? else { return Ok(None) };
    for value in values {
        if value? != first {
            return Err(FieldError::new(name, "is there twice with two values"));
        }
    }
    Ok(Some(first))
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Reader)
    }
}
