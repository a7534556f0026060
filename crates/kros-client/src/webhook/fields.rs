//! Taking fields out of a JSON object one by one, so that what nobody asked for is left over.

use std::str::FromStr;

use serde_json::{Map, Value};

use super::NotificationError;

/// A JSON object, the place where it stood, and the fields not taken yet.
///
/// Fields that are `null` count as missing and are dropped at once.
pub(super) struct Fields {
    path: String,
    rest: Map<String, Value>,
}

impl Fields {
    /// The body as a whole.
    pub(super) fn root(value: Value) -> Result<Self, NotificationError> {
        Self::at(String::new(), value)
    }

    fn at(path: String, value: Value) -> Result<Self, NotificationError> {
        match value {
            Value::Object(mut rest) => {
                rest.retain(|_, value| !value.is_null());
                Ok(Self { path, rest })
            }
            _ => Err(wrong(path, "an object")),
        }
    }

    /// Whether the field is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.rest.contains_key(name)
    }

    /// Takes the field whatever it is.
    pub(super) fn take(&mut self, name: &str) -> Option<Value> {
        self.rest.remove(name)
    }

    /// Takes a text or a number as text; anything else stays.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.take_if(name, scalar_text)
    }

    /// Takes a whole number, also when written as a text; anything else stays.
    pub(super) fn integer(&mut self, name: &str) -> Option<i64> {
        self.take_if(name, |value| scalar_text(value)?.parse().ok())
    }

    /// Takes a truth value; anything else stays.
    pub(super) fn truth(&mut self, name: &str) -> Option<bool> {
        self.take_if(name, Value::as_bool)
    }

    fn take_if<T>(&mut self, name: &str, read: impl Fn(&Value) -> Option<T>) -> Option<T> {
        let value = self.take(name)?;
        let taken = read(&value);
        if taken.is_none() {
            self.rest.insert(name.to_owned(), value);
        }
        taken
    }

    /// Takes an identifier, written as a number or as a text; anything else is an error.
    pub(super) fn identifier<T: FromStr>(
        &mut self,
        name: &str,
        expected: &'static str,
    ) -> Result<Option<T>, NotificationError> {
        let Some(value) = self.take(name) else { return Ok(None) };
        let read = scalar_text(&value).and_then(|text| text.parse().ok());
        read.map(Some).ok_or_else(|| wrong(self.path_of(name), expected))
    }

    /// Takes an object; an empty one when it is missing.
    pub(super) fn object(&mut self, name: &str) -> Result<Self, NotificationError> {
        let value = self.take(name).unwrap_or_else(|| Value::Object(Map::new()));
        Self::at(self.path_of(name), value)
    }

    /// Takes a list of objects; an empty one when it is missing.
    pub(super) fn objects(&mut self, name: &str) -> Result<Vec<Self>, NotificationError> {
        let path = self.path_of(name);
        let items = match self.take(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(items)) => items,
            Some(_) => return Err(wrong(path, "a list")),
        };
        let numbered = items.into_iter().enumerate();
        numbered.map(|(index, item)| Self::at(format!("{path}[{index}]"), item)).collect()
    }

    /// What was not taken.
    pub(super) fn into_rest(self) -> Map<String, Value> {
        self.rest
    }

    /// Puts back what another object had left over, under `name`.
    pub(super) fn keep(&mut self, name: &str, left: Self) {
        if !left.rest.is_empty() {
            self.rest.insert(name.to_owned(), Value::Object(left.rest));
        }
    }

    fn path_of(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }
}

fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn wrong(path: String, expected: &'static str) -> NotificationError {
    let path = if path.is_empty() { "$".to_owned() } else { path };
    NotificationError::Field { path, expected }
}
