//! Error bodies in both forms: problem details, and the older envelope (KSeF 2.0 facts §14).

use bytes::Bytes;
use common_http::{Detail, ProblemContext};
use serde_json::Value;

/// How much of a body that is in neither form is kept, in bytes.
const RAW: usize = 2048;

/// Under these names fields travel beside the findings, whose path is empty.
pub(crate) const FIELDS: [&str; 10] = [
    "title",
    "detail",
    "instance",
    "traceId",
    "timestamp",
    "reasonCode",
    "serviceCtx",
    "serviceCode",
    "serviceName",
    "referenceNumber",
];
pub(crate) const SECURITY_FIELD: &str = "security";
pub(crate) const RAW_FIELD: &str = "body";

/// Reads what there is; a gateway before the service may answer with anything.
pub(super) fn read(body: &Bytes) -> ProblemContext {
    let Ok(Value::Object(document)) = serde_json::from_slice(body) else { return raw(body) };
    let mut context = ProblemContext::default();
    if let Some(exception) = document.get("exception").filter(|value| value.is_object()) {
        findings(&mut context, exception.get("exceptionDetailList"));
        fields(&mut context, exception);
    } else if let Some(status) = document.get("status").filter(|value| value.is_object()) {
        // The older form of 429, whose code is the status once more and no error code.
        let mut status = status.clone();
        status["code"].take();
        findings(&mut context, Some(&Value::Array(vec![status])));
    } else {
        findings(&mut context, document.get("errors"));
        fields(&mut context, &Value::Object(document));
    }
    if context == ProblemContext::default() {
        return raw(body);
    }
    let text = |name: &str| {
        let field = context.details.iter().find(|field| field.path.as_deref() == Some(name));
        field.and_then(|field| field.message.clone())
    };
    context.message = context.message.clone().or_else(|| text("detail")).or_else(|| text("title"));
    context
}

/// A finding is one entry, and each of its details another one with its index.
fn findings(context: &mut ProblemContext, list: Option<&Value>) {
    let Some(Value::Array(list)) = list else { return };
    for (index, finding) in list.iter().enumerate() {
        if !finding.is_object() {
            continue;
        }
        // Every field may be missing or of another type without costing the others.
        let field = |names: [&str; 2]| names.iter().find_map(|name| finding.get(name));
        let code = field(["code", "exceptionCode"]).and_then(|code| match code {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        let message = field(["description", "exceptionDescription"]);
        let message = message.and_then(Value::as_str).map(str::to_owned);
        if context.code.is_none() {
            context.code.clone_from(&code);
            context.message.clone_from(&message);
        }
        context.details.push(Detail { code, message, ..Detail::default() });
        let details = finding.get("details").and_then(Value::as_array).into_iter().flatten();
        context.details.extend(details.filter_map(Value::as_str).map(|text| Detail {
            index: Some(index),
            message: Some(text.to_owned()),
            ..Detail::default()
        }));
    }
}

fn fields(context: &mut ProblemContext, document: &Value) {
    for name in FIELDS {
        if let Some(text) = document.get(name).and_then(Value::as_str) {
            context.details.push(field(name, text.to_owned()));
        }
    }
    if let Some(security) = document.get(SECURITY_FIELD).filter(|value| value.is_object()) {
        context.details.push(field(SECURITY_FIELD, security.to_string()));
    }
}

fn field(name: &str, value: String) -> Detail {
    Detail { path: Some(name.to_owned()), message: Some(value), ..Detail::default() }
}

fn raw(body: &Bytes) -> ProblemContext {
    let start = &body[..body.len().min(RAW)];
    let text = String::from_utf8_lossy(start).trim().to_owned();
    let details = if text.is_empty() { Vec::new() } else { vec![field(RAW_FIELD, text)] };
    ProblemContext { details, ..ProblemContext::default() }
}
