//! What all endpoints of the service share: the form of its errors and of its answers.

use bytes::Bytes;
use common_http::{Api, DecodeError, Decoded, Detail, Parts, ProblemContext, decode_json};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// KROS Fakturácia.
#[derive(Clone, Copy, Debug)]
pub struct Kros;

/// The one group of calls: limits count per token, whatever is called.
pub(crate) const LIMIT: &str = "requests";

impl Api for Kros {
    const NAME: &'static str = "kros";

    /// Reads `{isValid, errors}` of status 400 (source document, "Príklad `BadRequest` odpovede").
    ///
    /// The bodies of the other statuses are not documented; a `message`, `title` or `detail` is
    /// kept when there is one.
    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        let Ok(body) = serde_json::from_slice::<ErrorBody>(body) else {
            return ProblemContext::default();
        };
        ProblemContext {
            code: None,
            message: body.message.or(body.detail).or(body.title),
            details: body.errors.into_iter().map(Detail::from).collect(),
        }
    }
}

#[derive(Deserialize)]
struct ErrorBody {
    #[serde(default, deserialize_with = "lenient")]
    errors: Vec<ErrorEntry>,
    #[serde(default, deserialize_with = "lenient")]
    message: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    detail: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    title: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorEntry {
    #[serde(default, deserialize_with = "lenient")]
    document_index: Option<u32>,
    #[serde(default, deserialize_with = "lenient")]
    property_path: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    error_message: Option<String>,
}

impl From<ErrorEntry> for Detail {
    fn from(entry: ErrorEntry) -> Self {
        Self {
            index: entry.document_index.map(|index| index as usize),
            path: entry.property_path.filter(|path| !path.is_empty()),
            code: None,
            message: entry.error_message.filter(|message| !message.is_empty()),
        }
    }
}

/// A part of an error's body that is not of the expected form is left out, so that it does not
/// hide the other parts.
fn lenient<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned + Default,
{
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).unwrap_or_default())
}

/// `{"data": …}` around what is sent.
#[derive(Serialize)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// Reads one object, in the envelope `{"data": …}` or without it: both were seen (KROS facts §1).
pub(crate) fn decode_one<T: DeserializeOwned>(body: &Bytes) -> Decoded<T> {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(borrow, default)]
        data: Option<&'a RawValue>,
    }
    let probe: Result<Probe<'_>, _> = serde_json::from_slice(body);
    match probe {
        Ok(Probe { data: Some(data) }) if data.get().starts_with('{') => {
            decode_json(&body.slice_ref(data.get().as_bytes())).map_err(|error| below_data(&error))
        }
        _ => decode_json(body),
    }
}

/// Reads a list, in the envelope `{"data": […]}` or bare; `{"data": null}` is an empty list.
///
/// An object without `data` is none: taken for an empty list it would say that a document that was
/// sent is not there.
pub(crate) fn decode_list<T: DeserializeOwned>(body: &Bytes) -> Decoded<Vec<T>> {
    #[derive(Deserialize)]
    #[serde(bound = "T: DeserializeOwned")]
    struct Enveloped<T> {
        // With a function of its own a missing member is an error, and not `None`.
        #[serde(deserialize_with = "Option::deserialize")]
        data: Option<Vec<T>>,
    }
    let bare = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    if bare {
        return decode_json(body);
    }
    decode_json::<Enveloped<T>>(body).map(|list| list.data.unwrap_or_default())
}

fn below_data(error: &DecodeError) -> DecodeError {
    let path = match error.path() {
        "." => "data".to_owned(),
        below => format!("data.{below}"),
    };
    DecodeError::new(path, error.reason())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &'static str) -> ProblemContext {
        let (parts, ()) = http::Response::new(()).into_parts();
        Kros::problem(&parts, &Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn every_finding_of_a_refusal_is_read() {
        let problem = problem(
            r#"{"isValid":false,"errors":[
                {"documentIndex":0,"propertyPath":"items[0].amount","errorMessage":"not a number"},
                {"documentIndex":null,"propertyPath":"","errorMessage":"the body is not JSON"},
                {"documentIndex":"7","propertyPath":3}]}"#,
        );
        let rows: Vec<_> = problem
            .details
            .iter()
            .map(|row| (row.index, row.path.as_deref(), row.message.as_deref()))
            .collect();
        assert_eq!(
            rows,
            [
                (Some(0), Some("items[0].amount"), Some("not a number")),
                (None, None, Some("the body is not JSON")),
                (None, None, None),
            ]
        );
    }

    #[test]
    fn a_body_of_another_form_is_no_reason_to_fail() {
        assert_eq!(problem(""), ProblemContext::default());
        assert_eq!(problem("<html>"), ProblemContext::default());
        assert_eq!(problem(r#"{"errors":"all","title":"No"}"#).message.as_deref(), Some("No"));
    }

    #[test]
    fn lists_and_objects_are_read_with_and_without_envelope() {
        #[derive(Debug, Deserialize, PartialEq)]
        struct Row {
            id: u32,
        }
        let list = |text: &'static str| decode_list::<u32>(&Bytes::from_static(text.as_bytes()));
        assert_eq!(list(r#"{"data":[1,2]}"#).unwrap(), [1, 2]);
        assert_eq!(list(" [1]").unwrap(), [1]);
        assert_eq!(list(r#"{"data":null}"#).unwrap(), [0; 0]);
        for no_list in ["{}", r#"{"error":"x"}"#, r#"{"Data":[1]}"#, "null"] {
            assert!(list(no_list).is_err(), "{no_list}");
        }
        let one = |text: &'static str| decode_one::<Row>(&Bytes::from_static(text.as_bytes()));
        assert_eq!(one(r#"{"data":{"id":1}}"#).unwrap(), Row { id: 1 });
        assert_eq!(one(r#"{"id":2}"#).unwrap(), Row { id: 2 });
        assert_eq!(one(r#"{"data":{"id":"x"}}"#).unwrap_err().path(), "data.id");
    }
}
