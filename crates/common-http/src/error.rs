//! The one error of a call, and the small errors of building and reading.

use std::{fmt, time::Duration};

use common_core::effect::{ErrorKind, Phase};
use http::Method;

use crate::{api::Problem, endpoint::Info};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a call failed, how far it got, and what the server said.
///
/// Client crates wrap it in an error of their own whose kinds speak of one system.
pub struct Error(Box<Inner>);

struct Inner {
    api: &'static str,
    endpoint: &'static str,
    method: Method,
    path: &'static str,
    kind: ErrorKind,
    phase: Phase,
    happened: bool,
    attempts: u32,
    problem: Option<Problem>,
    retry_after: Option<Duration>,
    request_id: Option<String>,
    source: Option<Source>,
}

impl Error {
    /// An error of a call that has not sent anything.
    pub fn not_sent(api: &'static str, info: &Info, kind: ErrorKind) -> Self {
        Self::new(api, info, kind, Phase::NotSent)
    }

    pub(crate) fn new(api: &'static str, info: &Info, kind: ErrorKind, phase: Phase) -> Self {
        Self(Box::new(Inner {
            api,
            endpoint: info.name,
            method: info.method.clone(),
            path: info.path,
            kind,
            phase,
            happened: kind.may_have_happened(info.effect, phase),
            attempts: 1,
            problem: None,
            retry_after: None,
            request_id: None,
            source: None,
        }))
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn maybe_because(mut self, source: Option<Source>) -> Self {
        self.0.source = source;
        self
    }

    pub(crate) fn with_problem(mut self, problem: Problem) -> Self {
        self.0.problem = Some(problem);
        self
    }

    /// Sets how long to wait before another try makes sense.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Option<Duration>) -> Self {
        self.0.retry_after = wait;
        self
    }

    pub(crate) fn with_request_id(mut self, id: Option<String>) -> Self {
        self.0.request_id = id;
        self
    }

    pub(crate) fn after(mut self, attempts: u32, earlier_may_have_happened: bool) -> Self {
        self.0.attempts = attempts;
        self.0.happened |= earlier_may_have_happened;
        self
    }

    /// Why it failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// How far the last try got.
    pub fn phase(&self) -> Phase {
        self.0.phase
    }

    /// Whether the call may have done its work although it failed; always `false` for reads.
    ///
    /// `false` is a promise: no try of this call did anything.
    pub fn may_have_happened(&self) -> bool {
        self.0.happened
    }

    /// What the server said, when it answered with something else than success.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// How long the server, or the local limiter, asks to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Name of the endpoint, as `invoices.list`.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// How many requests were tried, the first one included.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// The server's name of the exchange, if it gave one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        write!(f, "{} {}: {}", inner.api, inner.endpoint, inner.kind.describe())?;
        if let Some(problem) = &inner.problem {
            write!(f, " (status {})", problem.status)?;
        }
        if inner.happened {
            f.write_str("; the call may have taken effect")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.debug_struct("Error")
            .field("kind", &inner.kind)
            .field("endpoint", &format_args!("{} {} {}", inner.api, inner.method, inner.path))
            .field("phase", &inner.phase)
            .field("may_have_happened", &inner.happened)
            .field("attempts", &inner.attempts)
            .field("problem", &inner.problem.as_ref().map(Summary))
            .field("retry_after", &inner.retry_after)
            .field("request_id", &inner.request_id)
            .field("source", &inner.source)
            .finish()
    }
}

/// A problem without its sentences, which may repeat what the request said.
struct Summary<'a>(&'a Problem);

impl fmt::Debug for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.0.status)
            .field("code", &self.0.code)
            .field("details", &self.0.details.len())
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

/// Why a request could not be built: the caller's value does not fit the field.
#[derive(Debug)]
pub struct BuildError {
    field: &'static str,
    reason: String,
}

impl BuildError {
    /// The field and what is wrong with its value, in lower case; never the value of a secret.
    pub fn new(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field, reason: reason.into() }
    }

    /// The field.
    pub fn field(&self) -> &'static str {
        self.field
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.reason)
    }
}

impl std::error::Error for BuildError {}

/// Why a successful answer could not be read: where in it, and what is wrong; never its content.
#[derive(Debug)]
pub struct DecodeError {
    path: String,
    reason: String,
}

impl DecodeError {
    /// A path as `data[3].id` (`.` for the whole body) and what is wrong there, in lower case.
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: reason.into() }
    }

    /// Where in the answer.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What is wrong there.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.path, self.reason)
    }
}

impl std::error::Error for DecodeError {}
