//! The three channels, and how each of them words its errors (source document, sections 2.3.1.2
//! and 2.4.10).
//!
//! The document names the fields of an error in mixed case and shows the object nowhere for the
//! CPD server, so names are compared without case and the body is kept as it came (CRK facts §7,
//! 12).

use bytes::Bytes;
use common_core::{effect::ErrorKind, open::Code as _};
use common_http::{Api, Detail, Parts, ProblemContext};
use serde_json::{Map, Value};

use crate::code::CpdCode;

/// The CPD server: fiscalisation and everything else that a register asks directly. TLS with the
/// register's certificate.
#[derive(Clone, Copy, Debug)]
pub struct Cpd;

/// The WebApi: commands for the register, and tokens for the Event Hub. TLS with the register's
/// certificate; the register must be fiscalised.
#[derive(Clone, Copy, Debug)]
pub struct WebApi;

/// The Event Hub: documents. TLS without the register's certificate, which must not be offered.
#[derive(Clone, Copy, Debug)]
pub struct EventHub;

/// The one group of calls per channel: no limit is published.
pub(crate) const LIMIT: &str = "requests";

/// Where [`ProblemContext::details`] holds the body as it came.
pub(crate) const BODY: &str = "body";

/// Where [`ProblemContext::details`] holds the server's name of the failed request.
pub(crate) const REQUEST_ID: &str = "requestId";

/// The part of an error's body that is kept.
const KEPT: usize = 4096;

impl Api for Cpd {
    const NAME: &'static str = "crk-cpd";

    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        read(body)
    }

    /// A known code decides: a business error comes with status 406, which by itself says nothing
    /// (CRK facts §7, 13).
    fn kind(status: u16, problem: &ProblemContext) -> ErrorKind {
        let code = problem.code.as_deref().map(str::to_ascii_uppercase);
        match code.as_deref().and_then(CpdCode::from_raw) {
            Some(code) if code.is_refusal() => ErrorKind::Conflict,
            Some(code) if code.says_nothing_was_done() => ErrorKind::Invalid,
            Some(_) => ErrorKind::Server,
            None => ErrorKind::of_status(status).unwrap_or(ErrorKind::Unexpected),
        }
    }
}

impl Api for WebApi {
    const NAME: &'static str = "crk-web-api";

    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        read(body)
    }
}

impl Api for EventHub {
    const NAME: &'static str = "crk-event-hub";

    fn problem(_: &Parts, body: &Bytes) -> ProblemContext {
        read(body)
    }
}

/// Reads `Message`, `Code` and `requestId` in any case, from the object itself or from an object
/// one level below it, and keeps the body.
fn read(body: &Bytes) -> ProblemContext {
    let mut context = ProblemContext::default();
    if body.is_empty() {
        return context;
    }
    if let Ok(Value::Object(object)) = serde_json::from_slice(body) {
        let below = object.values().filter_map(Value::as_object);
        let found = std::iter::once(&object).chain(below).find(|object| is_error(object));
        let object = found.unwrap_or(&object);
        context.code = text(object, "code");
        context.message = text(object, "message");
        let id = text(object, REQUEST_ID);
        context.details.extend(id.map(|id| detail(REQUEST_ID, id)));
    }
    let kept = &body[..body.len().min(KEPT)];
    context.details.push(detail(BODY, String::from_utf8_lossy(kept).into_owned()));
    context
}

fn is_error(object: &Map<String, Value>) -> bool {
    text(object, "code").is_some() || text(object, "message").is_some()
}

/// A member by its name without case: text that is not blank, or the digits of a number.
fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    let (_, value) = object.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn detail(path: &str, message: String) -> Detail {
    Detail { path: Some(path.to_owned()), message: Some(message), ..Detail::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &str) -> ProblemContext {
        read(&Bytes::copy_from_slice(body.as_bytes()))
    }

    fn kept<'a>(context: &'a ProblemContext, path: &str) -> Option<&'a str> {
        let found = context.details.iter().find(|detail| detail.path.as_deref() == Some(path));
        found.and_then(|detail| detail.message.as_deref())
    }

    #[test]
    fn an_error_is_read_in_any_case_and_with_a_code_of_digits() {
        for body in [
            r#"{"Message":"Zle","Code":"110","requestId":"r-1"}"#,
            r#"{"message":"Zle","code":110,"RequestId":"r-1"}"#,
            r#"{"error":{"MESSAGE":"Zle","CODE":" 110 ","REQUESTID":"r-1"},"other":[1]}"#,
        ] {
            let context = problem(body);
            assert_eq!(context.code.as_deref(), Some("110"), "{body}");
            assert_eq!(context.message.as_deref(), Some("Zle"), "{body}");
            assert_eq!(kept(&context, REQUEST_ID), Some("r-1"), "{body}");
            assert_eq!(kept(&context, BODY), Some(body));
        }
    }

    #[test]
    fn what_is_no_error_object_is_kept_as_it_came() {
        for body in ["<Error><Code>401</Code></Error>", "[]", "{}", r#"{"Code":null}"#] {
            let context = problem(body);
            assert_eq!((&context.code, &context.message), (&None, &None), "{body}");
            assert_eq!(kept(&context, BODY), Some(body));
        }
        assert_eq!(problem(""), ProblemContext::default());
        let long = problem(&"ł".repeat(KEPT));
        assert!(kept(&long, BODY).is_some_and(|text| text.len() <= KEPT + 2));
    }
}
