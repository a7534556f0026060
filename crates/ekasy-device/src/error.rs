//! The error of a call, in the words of this system (source document, sections 2.3.1.2 and
//! 2.4.10).

mod kind;
mod local;

use std::{fmt, time::Duration};

use common_core::open::Open;
use common_http::Failure;

pub use kind::ErrorKind;

use crate::{
    api::{BODY, REQUEST_ID},
    code::{AnswerCode, CpdCode, WebApiCode},
};

/// Why a call failed, what the server said, and whether it may have happened.
pub struct Error(Box<Failure<ErrorKind, Problem>>);

/// What the server said about a failure, as it said it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The server's code, as it wrote it; [`Error::code`] reads it.
    pub code: Option<String>,
    /// The server's sentence, in Polish, with text of its own for failures.
    pub message: Option<String>,
    /// The server's name of the failed request, if the body gave one.
    pub request_id: Option<String>,
    /// The first 4 KiB of the body as it came, since its form is not documented.
    pub body: Option<String>,
}

/// How long the Event Hub wants to be left alone when it is busy (CRK facts §5).
const BUSY: Duration = Duration::from_secs(4);

impl Error {
    /// Why the call failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The code that came with the error, if it is one of the channel's; a code that this version
    /// does not know is kept.
    ///
    /// [`documented`](crate::code::documented) tells which codes the document lists for the
    /// [`endpoint`](Self::endpoint).
    pub fn code(&self) -> Option<AnswerCode> {
        self.0.problem.as_ref()?.read_code(self.endpoint())
    }

    /// The code, if it is a known one of the CPD server.
    pub fn cpd_code(&self) -> Option<CpdCode> {
        match self.code()? {
            AnswerCode::Cpd(code) => code.known(),
            AnswerCode::WebApi(_) => None,
        }
    }

    /// Whether the call may have done its work although it failed; `false` is a promise.
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// Whether the same request may be accepted a while later without anything being corrected.
    ///
    /// A call that may have happened and must not happen twice (only
    /// [`Fiscalise`](crate::command::cpd::Fiscalise) is one) is a matter of its own.
    pub fn retryable(&self) -> bool {
        match self.code() {
            Some(AnswerCode::Cpd(Open::Known(code))) => code.retryable(),
            Some(AnswerCode::WebApi(Open::Known(code))) => code.retryable(),
            _ => self.kind().is_transient(),
        }
    }

    /// What to do, when the code tells it.
    pub fn advice(&self) -> Option<&'static str> {
        match self.code()? {
            AnswerCode::Cpd(code) => code.known().map(CpdCode::advice),
            AnswerCode::WebApi(code) => code.known().map(WebApiCode::advice),
        }
    }

    /// What the server said, when it answered.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// How long to wait before another try makes sense, when that is known; four seconds at
    /// least when the Event Hub is busy.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Name of the endpoint, as `cpd.fiscalise`.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// The server's name of the exchange, if it gave one in a header or in the body.
    pub fn request_id(&self) -> Option<&str> {
        let told = self.0.problem.as_ref().and_then(|problem| problem.request_id.as_deref());
        self.0.request_id.as_deref().or(told)
    }
}

impl From<common_http::Error> for Error {
    fn from(error: common_http::Error) -> Self {
        let endpoint = error.endpoint();
        let problem = error.problem().map(Problem::from);
        let code = problem.as_ref().and_then(|problem| problem.read_code(endpoint));
        let kind = code.as_ref().and_then(ErrorKind::of_code);
        let kind = kind.unwrap_or_else(|| error.kind().into());
        let busy = problem.as_ref().is_some_and(|problem| problem.is_busy_hub(endpoint));
        // Whether it may have happened is right already: the channel told the client the kind that
        // follows from the code.
        let mut failure = Failure::of_call(kind, problem, error);
        failure.retry_after = failure.retry_after.max(busy.then_some(BUSY));
        Self(Box::new(failure))
    }
}

impl Problem {
    /// The code by the channel that the endpoint's name begins with.
    fn read_code(&self, endpoint: &str) -> Option<AnswerCode> {
        let code = self.code.as_deref()?.trim().to_ascii_uppercase();
        match endpoint.split_once('.')?.0 {
            "cpd" => Some(AnswerCode::Cpd(Open::from_raw(code))),
            "web_api" => Some(AnswerCode::WebApi(Open::from_raw(code))),
            _ => None,
        }
    }

    /// Whether this is the Event Hub's "server busy", 503 or its own number 50002.
    fn is_busy_hub(&self, endpoint: &str) -> bool {
        let says = self.body.as_deref().is_some_and(|body| body.contains("50002"));
        endpoint.starts_with("event_hub.") && (self.status == 503 || says)
    }

    /// The code if it is a word that can stand in a sentence.
    fn word(&self) -> Option<&str> {
        let short = |code: &&str| code.len() <= 16 && !code.contains(char::is_control);
        self.code.as_deref().filter(short)
    }
}

impl From<&common_http::Problem> for Problem {
    fn from(problem: &common_http::Problem) -> Self {
        let detail = |path: &str| {
            let found = problem.details.iter().find(|detail| detail.path.as_deref() == Some(path));
            found.and_then(|detail| detail.message.clone())
        };
        Self {
            status: problem.status,
            code: problem.code.clone(),
            message: problem.message.clone(),
            request_id: detail(REQUEST_ID),
            body: detail(BODY),
        }
    }
}

impl fmt::Debug for Problem {
    /// Without the sentence and the body, which may repeat what the request said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.status)
            .field("code", &self.word())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crk {}: {}", self.endpoint(), self.kind().describe())?;
        if let Some(problem) = self.problem() {
            write!(f, " (status {}", problem.status)?;
            if let Some(code) = problem.word() {
                write!(f, ", code {code}")?;
            }
            f.write_str(")")?;
        }
        if self.may_have_happened() {
            f.write_str("; it may have taken effect")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests;
