//! The exception envelope, and what is kept of a body that is none.

use std::fmt;

use chrono::{DateTime, Utc};
use common_http::Detail;

use crate::v1::{
    api::{FIELDS, RAW_FIELD},
    exception::ExceptionCode,
};

/// What the service said about a failure, as it said it (specification 1.9, chapter 14.1).
///
/// Whoever reports an error to the authority is to name at least
/// [`service_code`](Self::service_code) and [`timestamp`](Self::timestamp).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The findings, in the service's order; none when the body was no envelope.
    pub findings: Vec<Finding>,
    /// The part of the system that speaks, as `srvDVAKA`.
    pub service_context: Option<String>,
    /// The unique name of this error, a reference number of kind EX or a GUID.
    pub service_code: Option<String>,
    /// The operation, as `online.session.session.token.init`, or `exception.handler`.
    pub service_name: Option<String>,
    /// When it happened, as the service wrote it.
    pub timestamp: Option<String>,
    /// The reference number of the session or batch, if the service named one.
    pub reference_number: Option<String>,
    /// The beginning of a body that is no envelope, up to 2 KiB; `None` when it was empty.
    pub raw: Option<String>,
}

/// One finding of the service.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// What is wrong.
    pub code: Option<ExceptionCode>,
    /// The service's sentence, in Polish; may repeat what was sent.
    pub description: Option<String>,
}

impl Problem {
    /// The code of the first finding.
    pub fn code(&self) -> Option<ExceptionCode> {
        self.findings.first().and_then(|finding| finding.code)
    }

    /// When it happened, if the service wrote a time that can be read.
    pub fn moment(&self) -> Option<DateTime<Utc>> {
        let text = self.timestamp.as_deref()?;
        DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.with_timezone(&Utc))
    }
}

impl From<&common_http::Problem> for Problem {
    fn from(problem: &common_http::Problem) -> Self {
        let value = |name: &str| {
            let detail = problem.details.iter().find(|detail| detail.path.as_deref() == Some(name));
            detail.and_then(|detail| detail.message.clone())
        };
        let [service_context, service_code, service_name, timestamp, reference_number] =
            FIELDS.map(value);
        let findings = problem.details.iter().filter(|detail| detail.path.is_none());
        Self {
            status: problem.status,
            findings: findings.map(Finding::from).collect(),
            service_context,
            service_code,
            service_name,
            timestamp,
            reference_number,
            raw: value(RAW_FIELD),
        }
    }
}

impl From<&Detail> for Finding {
    fn from(detail: &Detail) -> Self {
        let code = detail.code.as_deref().and_then(|code| code.parse().ok());
        Self { code: code.map(ExceptionCode::new), description: detail.message.clone() }
    }
}

/// Without the service's words, which may repeat what was sent.
impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.status)
            .field("findings", &self.findings)
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
