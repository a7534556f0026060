//! The JPK structure around the documents of a package.

use serde_json::value::RawValue;

/// What stands around `content` in every package of a shipment:
/// `{"JPK":{"naglowek":…,"podmiot1":…,"content":[…]}}` (CRK facts §2.1).
///
/// Header and subject are put in as they are given, so the caller decides about their fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    before: Vec<u8>,
}

/// What stands behind `content`.
const BEHIND: &[u8] = b"]}}";

/// A header or a subject is not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("`{field}` is not one JSON object")]
pub struct FrameError {
    field: &'static str,
    source: Option<serde_json::Error>,
}

impl Frame {
    /// A structure with this `naglowek` and this `podmiot1`, each one JSON object.
    pub fn new(header: &str, subject: &str) -> Result<Self, FrameError> {
        let header = object("naglowek", header)?;
        let subject = object("podmiot1", subject)?;
        let before = format!(r#"{{"JPK":{{"naglowek":{header},"podmiot1":{subject},"content":["#);
        Ok(Self { before: before.into_bytes() })
    }

    /// The structure with these elements, which are separated by commas already.
    pub(super) fn around(&self, elements: &[u8]) -> Vec<u8> {
        [&self.before, elements, BEHIND].concat()
    }

    /// How many bytes it adds to its elements.
    pub(super) fn overhead(&self) -> usize {
        self.before.len() + BEHIND.len()
    }
}

fn object<'a>(field: &'static str, json: &'a str) -> Result<&'a str, FrameError> {
    let raw: &RawValue =
        serde_json::from_str(json).map_err(|source| FrameError { field, source: Some(source) })?;
    if raw.get().starts_with('{') { Ok(raw.get()) } else { Err(FrameError { field, source: None }) }
}
