//! The object around every command: `{"commandId": …, "command": {"attributes": {…}}}` (source
//! document, section 2.2.8).
//!
//! Tables and examples of the document disagree about the depth at which some attributes stand,
//! so an attribute is looked for in `attributes`, in `command` and in the whole object; one that
//! stands in two of them with two values is an error (CRK facts §7, 6, 7 and 9). What this crate
//! writes stands in `attributes`.
//!
//! So is a name that one object repeats with two values: other readers take the first or the last
//! of them in silence. A name that nobody looks for may be repeated, and hides nothing.

mod members;

use common_http::DecodeError;
use serde::Serialize;
use serde_json::Value;

pub(crate) use members::Members;

use crate::ident::CommandId;

/// What is wrong with one field of a command or an answer; its value is never repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{field} {reason}")]
#[non_exhaustive]
pub struct FieldError {
    /// The field's name on the wire.
    pub field: &'static str,
    /// What is wrong, as the rest of a sentence.
    pub reason: &'static str,
}

impl FieldError {
    pub(crate) const fn new(field: &'static str, reason: &'static str) -> Self {
        Self { field, reason }
    }

    pub(crate) const fn missing(field: &'static str) -> Self {
        Self::new(field, "is missing")
    }
}

impl From<FieldError> for DecodeError {
    fn from(error: FieldError) -> Self {
        Self::new(error.field, error.reason)
    }
}

/// A command that is sent: without attributes it has no `command`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent<'a, A> {
    command_id: &'a CommandId,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<Plaintext<A>>,
}

impl<'a, A> Sent<'a, A> {
    pub(crate) fn new(command_id: &'a CommandId, attributes: A) -> Self {
        Self { command_id, command: Some(Plaintext { attributes }) }
    }
}

impl<'a> Sent<'a, ()> {
    pub(crate) fn bare(command_id: &'a CommandId) -> Self {
        Self { command_id, command: None }
    }
}

/// The value of `command`, which is what an encrypted command holds.
#[derive(Serialize)]
pub(crate) struct Plaintext<A> {
    pub(crate) attributes: A,
}

/// A command or an answer that is read.
pub(crate) struct Envelope {
    /// `attributes`, `command` and the whole object, as far as they are there.
    layers: Vec<Members>,
}

impl Envelope {
    /// Takes the whole object, or the value of `command` alone.
    pub(crate) fn read(json: &[u8]) -> Result<Self, FieldError> {
        match serde_json::from_slice(json) {
            Ok(Value::Object(_)) => {}
            Ok(_) => return Err(FieldError::new(".", "is not an object")),
            Err(_) => return Err(FieldError::new(".", "is not JSON")),
        }
        let whole: Members =
            serde_json::from_slice(json).map_err(|_| FieldError::new(".", "is not JSON"))?;
        let command = whole.object("command")?;
        let attributes = command.as_ref().unwrap_or(&whole).object("attributes")?;
        if command.is_none() && attributes.is_none() {
            return Err(FieldError::missing("command"));
        }
        let layers = [attributes, command, Some(whole)];
        Ok(Self { layers: layers.into_iter().flatten().collect() })
    }

    /// The identifier, if there is one.
    pub(crate) fn command_id(&self) -> Result<Option<CommandId>, FieldError> {
        self.parsed("commandId", CommandId::parse_lenient)
    }

    /// A text that is not empty, read by `parse`.
    pub(crate) fn parsed<T, E>(
        &self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, FieldError> {
        let Some(value) = self.find(name)? else { return Ok(None) };
        match value {
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) => parse(&text).map(Some).map_err(|_| wrong_form(name)),
            _ => Err(FieldError::new(name, "is not a text")),
        }
    }

    /// A whole number, or a text of its digits.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<i64>, FieldError> {
        let Some(value) = self.find(name)? else { return Ok(None) };
        if value.as_str().is_some_and(str::is_empty) {
            return Ok(None);
        }
        whole_number(&value).map(Some).ok_or(FieldError::new(name, "is not a whole number"))
    }

    /// The value under a name; `null` is none.
    pub(crate) fn find(&self, name: &'static str) -> Result<Option<Value>, FieldError> {
        members::one_of(name, self.layers.iter().flat_map(|layer| layer.values(name)))
    }

    /// The value under the only one of two names that is there; both, with two values, are an
    /// error.
    pub(crate) fn find_either(
        &self,
        name: &'static str,
        other: &'static str,
    ) -> Result<Option<Value>, FieldError> {
        let found = [self.find(name)?, self.find(other)?];
        members::one_of(name, found.into_iter().flatten().map(Ok))
    }

    /// The object under a name, wherever it stands.
    pub(crate) fn object(&self, name: &'static str) -> Result<Option<Members>, FieldError> {
        let mut found = None;
        for layer in &self.layers {
            let object = layer.object(name)?;
            if object.is_some() && found.is_some() {
                return Err(FieldError::new(name, "is there twice"));
            }
            found = found.or(object);
        }
        Ok(found)
    }
}

pub(crate) const fn wrong_form(name: &'static str) -> FieldError {
    FieldError::new(name, "does not have the form of its field")
}

/// A whole number, or a text of its digits.
pub(crate) fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Envelope {
        Envelope::read(json.as_bytes()).unwrap()
    }

    #[test]
    fn an_attribute_is_found_at_every_depth() {
        for json in [
            r#"{"commandId":"x","command":{"attributes":{"a":7}}}"#,
            r#"{"command":{"attributes":{},"a":7}}"#,
            r#"{"command":{"attributes":{"a":null}},"a":7}"#,
            r#"{"attributes":{"a":"7"}}"#,
            r#"{"command":{"attributes":{"a":7},"a":7}}"#,
        ] {
            assert_eq!(read(json).number("a"), Ok(Some(7)), "{json}");
        }
        let twice = read(r#"{"command":{"attributes":{"a":7},"a":8}}"#);
        assert_eq!(twice.number("a").unwrap_err().reason, "is there twice with two values");
    }

    #[test]
    fn a_name_that_is_repeated_with_two_values_is_read_by_nobody() {
        for json in [
            r#"{"attributes":{"a":7,"a":8}}"#,
            r#"{"attributes":{"a":8,"b":1,"a":7}}"#,
            r#"{"command":{"attributes":{},"a":7,"a":8}}"#,
            r#"{"command":{"attributes":{}},"a":7,"\u0061":8}"#,
        ] {
            let envelope = read(json);
            let error = envelope.number("a").unwrap_err();
            assert_eq!((error.field, error.reason), ("a", "is there twice with two values"));
            assert_eq!(envelope.number("c"), Ok(None), "{json}: the others can be read");
        }
        assert_eq!(read(r#"{"attributes":{"a":7,"a":7,"a":null}}"#).number("a"), Ok(Some(7)));
        assert_eq!(read(r#"{"attributes":{"a":7,"x":1,"x":2}}"#).number("a"), Ok(Some(7)));
    }

    #[test]
    fn two_objects_of_one_name_are_refused_whatever_is_in_them() {
        for (json, field) in [
            (r#"{"command":{"attributes":{"a":7}},"command":{"attributes":{"a":7}}}"#, "command"),
            (r#"{"command":{"attributes":{"a":7},"attributes":{}}}"#, "attributes"),
        ] {
            let Err(error) = Envelope::read(json.as_bytes()) else { panic!("{json} was read") };
            assert_eq!((error.field, error.reason), (field, "is there twice"));
        }
        let twice = read(r#"{"attributes":{"s":{"code":"0"},"s":{"code":"0"}}}"#);
        assert_eq!(twice.object("s").map(drop).unwrap_err().reason, "is there twice");
        let inner = read(r#"{"attributes":{"s":{"code":"4","code":"0"}}}"#);
        let inner = inner.object("s").unwrap().unwrap();
        assert_eq!(inner.find("code").unwrap_err().field, "code");
    }

    #[test]
    fn deep_objects_are_no_way_to_break_the_reader() {
        let deep = format!(
            r#"{{"attributes":{}1{}}}"#,
            r#"{"attributes":"#.repeat(100_000),
            "}".repeat(100_000)
        );
        assert!(Envelope::read(deep.as_bytes()).is_err());
    }

    #[test]
    fn what_is_no_command_is_refused() {
        for json in ["", "[]", "7", "{}", r#"{"command":7}"#, r#"{"attributes":[]}"#, "{,}"] {
            assert!(Envelope::read(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn empty_texts_are_absent_and_wrong_ones_are_not_repeated() {
        let envelope = read(r#"{"attributes":{"e":"","t":"canary","n":1.5}}"#);
        let short = |text: &str| if text.len() < 3 { Ok(()) } else { Err(()) };
        assert_eq!(envelope.parsed("e", short), Ok(None));
        assert_eq!(envelope.number("e"), Ok(None));
        assert!(!envelope.parsed("t", short).unwrap_err().to_string().contains("canary"));
        assert!(envelope.parsed("n", short).is_err());
        assert!(envelope.number("n").is_err());
    }
}
