//! What the service said about a failure, in whichever of its forms.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use common_http::Detail;
use serde_json::Value;

use crate::v2::{
    api::{FIELDS, RAW_FIELD, SECURITY_FIELD},
    code::ErrorCode,
};

/// What the service said about a failure, as it said it (KSeF 2.0 facts §14).
///
/// Problem details and the older envelope are read into the same fields.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The findings, in the service's order.
    pub findings: Vec<Finding>,
    /// What kind of problem it is, in words.
    pub title: Option<String>,
    /// What the problem is, in words; may repeat what was sent.
    pub detail: Option<String>,
    /// The path of the call.
    pub instance: Option<String>,
    /// The unique name of the exchange.
    pub trace_id: Option<String>,
    /// When it happened, as the service wrote it.
    pub timestamp: Option<String>,
    /// Why a call was forbidden (403), as `missing-permissions` or `ip-not-allowed`.
    pub reason_code: Option<String>,
    /// What belongs to the reason, as `requiredAnyOfPermissions` or `clientIp`.
    pub security: BTreeMap<String, Value>,
    /// The part of the system that speaks (older envelope).
    pub service_context: Option<String>,
    /// The unique name of the error (older envelope).
    pub service_code: Option<String>,
    /// The operation (older envelope).
    pub service_name: Option<String>,
    /// The reference number of what failed (older envelope).
    pub reference_number: Option<String>,
    /// The beginning of a body in neither form, up to 2 KiB; `None` when it was empty.
    pub raw: Option<String>,
}

/// One finding of the service.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub code: Option<ErrorCode>,
    /// The service's sentence, in Polish.
    pub description: Option<String>,
    /// What there is to say besides, with the paths of fields; may repeat what was sent.
    pub details: Vec<String>,
}

impl Problem {
    /// The code of the first finding.
    pub fn code(&self) -> Option<ErrorCode> {
        self.findings.first().and_then(|finding| finding.code)
    }

    /// When it happened, if the service wrote a time that can be read.
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        let text = self.timestamp.as_deref()?;
        DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.with_timezone(&Utc))
    }

    /// The permissions of which one would have been enough, for `missing-permissions`.
    pub fn required_permissions(&self) -> Vec<&str> {
        let list = self.security.get("requiredAnyOfPermissions").and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

impl From<&common_http::Problem> for Problem {
    fn from(problem: &common_http::Problem) -> Self {
        let value = |name: &str| {
            let detail = problem.details.iter().find(|detail| detail.path.as_deref() == Some(name));
            detail.and_then(|detail| detail.message.clone())
        };
        let [
            title,
            detail,
            instance,
            trace_id,
            timestamp,
            reason_code,
            service_context,
            service_code,
            service_name,
            reference_number,
        ] = FIELDS.map(value);
        let security = value(SECURITY_FIELD).and_then(|text| serde_json::from_str(&text).ok());
        Self {
            status: problem.status,
            findings: findings(&problem.details),
            title,
            detail,
            instance,
            trace_id,
            timestamp,
            reason_code,
            security: security.unwrap_or_default(),
            service_context,
            service_code,
            service_name,
            reference_number,
            raw: value(RAW_FIELD),
        }
    }
}

/// Findings come without a path; their details follow them with an index.
fn findings(details: &[Detail]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for detail in details.iter().filter(|detail| detail.path.is_none()) {
        match (detail.index, findings.last_mut()) {
            (Some(_), Some(finding)) => finding.details.extend(detail.message.clone()),
            _ => findings.push(Finding {
                code: detail.code.as_deref().and_then(|code| code.parse().ok()).map(ErrorCode::new),
                description: detail.message.clone(),
                details: Vec::new(),
            }),
        }
    }
    findings
}

/// Without the service's words, which may repeat what was sent.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.status)
            .field("findings", &self.findings)
            .field("reason_code", &self.reason_code)
            .field("trace_id", &self.trace_id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            Some(code) => write!(f, "Finding({code})"),
            None => f.write_str("Finding(without a code)"),
        }
    }
}
