//! Answers as the emulators make them, and the one place where they become bytes.
//!
//! JSON has no order of members, so a hostile sandbox writes them in a random one and adds members
//! that nobody knows: a client that minds either has a defect.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, header};
use serde_json::{Map, Value};

use crate::chance::Chance;

/// An answer before it is written.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    retry_after: Option<u64>,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Payload,
}

#[derive(Clone, Debug)]
enum Payload {
    Empty,
    Json(&'static str, Value),
    Raw(&'static str, Bytes),
}

impl Reply {
    /// A status without a body.
    pub(crate) fn status(status: u16) -> Self {
        Self { status, retry_after: None, headers: Vec::new(), body: Payload::Empty }
    }

    /// A status with a JSON body.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self::json_as(status, "application/json; charset=utf-8", body)
    }

    /// A status with a JSON body of a media type.
    pub(crate) fn json_as(status: u16, media: &'static str, body: Value) -> Self {
        Self { status, retry_after: None, headers: Vec::new(), body: Payload::Json(media, body) }
    }

    /// Bytes of a media type.
    pub(crate) fn raw(status: u16, media: &'static str, body: impl Into<Bytes>) -> Self {
        let body = Payload::Raw(media, body.into());
        Self { status, retry_after: None, headers: Vec::new(), body }
    }

    /// Adds the header `Retry-After` in seconds.
    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after = seconds;
        self
    }

    /// Adds a header; a value that HTTP cannot carry is left out.
    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((HeaderName::from_static(name), value));
        }
        self
    }

    /// The answer as HTTP; `disorder` shuffles and widens JSON objects.
    pub(crate) fn into_response(self, disorder: Option<&Chance>) -> Response<Bytes> {
        let (media, body) = match self.body {
            Payload::Empty => (None, Bytes::new()),
            Payload::Raw(media, body) => (Some(media), body),
            Payload::Json(media, value) => {
                let mut text = String::new();
                write_value(&value, disorder, &mut text);
                (Some(media), Bytes::from(text))
            }
        };
        let mut response = Response::new(body);
        // Scripted statuses come from outside; what HTTP cannot express becomes 500.
        *response.status_mut() = http::StatusCode::from_u16(self.status)
            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(media) = media {
            response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        }
        response.headers_mut().extend(self.headers);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// Writes `value` as compact JSON.
pub(crate) fn write_value(value: &Value, disorder: Option<&Chance>, text: &mut String) {
    match value {
        Value::Object(members) => write_object(members, disorder, text),
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_value(item, disorder, text);
            }
            text.push(']');
        }
        plain => text.push_str(&plain.to_string()),
    }
}

fn write_object(members: &Map<String, Value>, disorder: Option<&Chance>, text: &mut String) {
    let stranger = Value::from("a member that nobody documented");
    let mut entries: Vec<(&str, &Value)> =
        members.iter().map(|(name, value)| (name.as_str(), value)).collect();
    if let Some(chance) = disorder {
        if chance.hits(200) {
            entries.push(("xUndocumented", &stranger));
        }
        chance.shuffle(&mut entries);
    }
    text.push('{');
    for (index, (name, value)) in entries.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(name).to_string());
        text.push(':');
        write_value(value, disorder, text);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn disorder_keeps_every_documented_member() {
        let value = json!({"a": [1, {"b": "\"x\""}], "c": null, "d": {}});
        let chance = Chance::seeded(3);
        let mut orders = std::collections::BTreeSet::new();
        for _ in 0..50 {
            let mut text = String::new();
            write_value(&value, Some(&chance), &mut text);
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["a"][1]["b"], value["a"][1]["b"]);
            assert_eq!(read["c"], Value::Null);
            orders.insert(text);
        }
        assert!(orders.len() > 6, "members are reordered");
    }

    #[test]
    fn a_calm_answer_is_plain_json() {
        let mut text = String::new();
        write_value(&json!({"data": [1.50, "č"]}), None, &mut text);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), json!({"data": [1.50, "č"]}));
    }
}
