//! What all functions of the service share: the envelope of their answers and the form of their
//! refusals (source document, API).
//!
//! A refusal is told by `status.code` and may come with any HTTP status, 200 included. So every
//! endpoint reads its answer into an [`Answer`]: the payload, or what the service said instead.

use bytes::Bytes;
use common_http::{
    Api, CallOptions, DecodeError, Decoded, Endpoint, Parts, ProblemContext, decode_json,
};
use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::error::Error;

/// ePP, the electronic payments of the Serbian Treasury.
#[derive(Clone, Copy, Debug)]
pub struct Epp;

/// The one group of calls: no limit is published, so ours counts per client, whatever is called.
pub(crate) const LIMIT: &str = "requests";

impl Api for Epp {
    const NAME: &'static str = "epp";

    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        let status = serde_json::from_slice::<Envelope<Option<Value>>>(body)
            .map(|envelope| envelope.status)
            .unwrap_or_default();
        ProblemContext { code: status.code, message: status.message, details: Vec::new() }
    }
}

/// What an endpoint reads out of a successful (2xx) answer: the payload, or the refusal that the
/// service wrapped into it.
pub type Answer<T> = Result<T, Refusal>;

/// An answer with status 2xx whose `status.code` is not a success.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The HTTP status.
    pub http: u16,
    /// What the service said.
    pub status: Status,
}

/// The service's word on a call: a code of one word, and a sentence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Status {
    /// `Success`, or what went wrong, without the full stop that some codes end with.
    #[serde(default, deserialize_with = "code")]
    pub code: Option<String>,
    /// The service's sentence, in Serbian or English.
    #[serde(default, deserialize_with = "text")]
    pub message: Option<String>,
}

impl Status {
    /// Whether it says that the call was done; a missing code does, since some functions are
    /// documented to answer without the envelope.
    pub fn is_success(&self) -> bool {
        self.code.as_deref().is_none_or(|code| {
            ["Success", "OK", "200"].iter().any(|good| code.eq_ignore_ascii_case(good))
        })
    }
}

/// `{"status": …, "payload": …}`, the form of every answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de> + Default"))]
#[non_exhaustive]
pub struct Envelope<T> {
    /// The service's word on the call.
    #[serde(default, deserialize_with = "status")]
    pub status: Status,
    /// What the function answers.
    #[serde(default)]
    pub payload: T,
}

/// Makes one call; a refusal inside a success becomes the error that it is.
pub(crate) async fn ask<T, E>(
    client: &common_http::Client<Epp>,
    endpoint: &E,
    options: CallOptions,
) -> Result<T, Error>
where
    E: Endpoint<Api = Epp, Response = Answer<T>>,
{
    let answer = client.send_with(endpoint, options).await?;
    answer.map_err(|refusal| Error::refused(&E::INFO, refusal))
}

/// Reads the payload of an answer, which may also come bare: the document prints one function so,
/// and says of all that they use the envelope (ePP facts §3, §4).
pub(crate) fn decode<T: DeserializeOwned>(parts: &Parts, body: &Bytes) -> Decoded<Answer<T>> {
    Ok(match payload(parts, body)? {
        Ok(payload) => Ok(decode_json(&payload).map_err(|error| below(body, &payload, &error))?),
        Err(refusal) => Err(refusal),
    })
}

/// Reads an answer of which only the success matters; any body will do.
pub(crate) fn decode_nothing(parts: &Parts, body: &Bytes) -> Answer<()> {
    match payload(parts, body) {
        Ok(Err(refusal)) => Err(refusal),
        _ => Ok(()),
    }
}

/// Whether the answer says in so many words that the call was done; a missing code does not.
pub(crate) fn says_success(body: &Bytes) -> bool {
    serde_json::from_slice::<Envelope<Option<Value>>>(body)
        .is_ok_and(|envelope| envelope.status.code.is_some() && envelope.status.is_success())
}

/// The bytes of the payload, as a part of the body: a missing one is `null`.
pub(crate) fn payload(parts: &Parts, body: &Bytes) -> Decoded<Answer<Bytes>> {
    #[derive(Deserialize)]
    struct Probe<'a> {
        #[serde(default, deserialize_with = "present_status")]
        status: Option<Status>,
        #[serde(borrow, default)]
        payload: Option<&'a RawValue>,
    }
    let object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !object {
        return Ok(Ok(body.clone()));
    }
    let probe: Probe<'_> = match serde_json::from_slice(body) {
        Ok(probe) => probe,
        // The second reading says where it fails.
        Err(_) => {
            return decode_json::<Value>(body)
                .and_then(|_| Err(DecodeError::new("status", "the value does not fit the field")));
        }
    };
    let slice = |raw: &RawValue| body.slice_ref(raw.get().as_bytes());
    Ok(match (probe.status, probe.payload) {
        (Some(status), _) if !status.is_success() => {
            Err(Refusal { http: parts.status.as_u16(), status })
        }
        (_, Some(payload)) => Ok(slice(payload)),
        (Some(_), None) => Ok(Bytes::from_static(b"null")),
        (None, None) => Ok(body.clone()),
    })
}

/// Puts the place of an error below `payload`, unless the payload came bare.
fn below(body: &Bytes, payload: &Bytes, error: &DecodeError) -> DecodeError {
    let path = match (payload.len() == body.len(), error.path()) {
        (true, path) => path.to_owned(),
        (false, ".") => "payload".to_owned(),
        (false, path) if path.starts_with('[') => format!("payload{path}"),
        (false, path) => format!("payload.{path}"),
    };
    DecodeError::new(path, error.reason())
}

/// A status only if it is an object: an order or an account that comes bare has one of its own.
fn present_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Status>, D::Error> {
    let value = Value::deserialize(deserializer)?;
    Ok(value.is_object().then(|| serde_json::from_value(value).unwrap_or_default()))
}

fn status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Status, D::Error> {
    present_status(deserializer).map(Option::unwrap_or_default)
}

/// A word: text or a number, without blanks around it and without a full stop at its end.
pub(crate) fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = text(deserializer)?;
    let word = |text: String| text.trim().trim_end_matches('.').to_owned();
    Ok(text.map(word).filter(|word| !word.is_empty()))
}

/// Text, or a number as its text; anything else is left out, so that it does not hide the rest.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
