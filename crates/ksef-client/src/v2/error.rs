//! The error of a call, in the words of this service (KSeF 2.0 facts §14).

mod kind;
mod problem;
mod recovery;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use common_core::effect::Effect;
use common_http::{BuildError, Failure, Info};

pub use kind::ErrorKind;
pub use problem::{Finding, Problem};
pub use recovery::Recovery;

use crate::v2::{code::ErrorCode, status::Status};

/// What is looked up by numbers alone, whose form is checked before, and has no other code than 21405
/// for a session or an invoice that is not there.
const LOOKUPS: [&str; 3] =
    ["sessions.invoice_status", "sessions.upo_by_ksef_number", "sessions.upo_of_invoice"];

/// Why a call failed, what the service said, and whether it may have happened.
pub struct Error(Box<Failure<ErrorKind, Problem>>);

impl Error {
    /// A failure on this side, or one told by an answer that was a success; nothing happened.
    pub(crate) fn local(
        kind: ErrorKind,
        endpoint: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Failure::new(kind, endpoint).because(source)))
    }

    pub(crate) fn input(endpoint: &'static str, source: BuildError) -> Self {
        Self::local(ErrorKind::Input, endpoint, source)
    }

    /// A success whose answer lacks what the next step needs.
    pub(crate) fn unreadable(info: &Info, cause: &'static str) -> Self {
        let mut error = Self::local(ErrorKind::Unreadable, info.name, cause);
        error.0.may_have_happened = info.effect != Effect::Read;
        error
    }

    /// Why the call failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the call may have done its work although it failed; `false` is a promise.
    ///
    /// When it is `true`, do what [`recovery`](Self::recovery) says before doing anything again.
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// How to find out what became of a call that may have happened; `None` when there is nothing
    /// to find out.
    pub fn recovery(&self) -> Option<Recovery> {
        self.may_have_happened().then(|| Recovery::of(self.endpoint()))
    }

    /// Whether the same call may well succeed a moment later: 429 and 5xx, an invoice that cannot
    /// be fetched yet (21165), an operation that the service broke off (550), and what went wrong
    /// on the way.
    ///
    /// It says nothing about whether the call has happened.
    pub fn is_transient(&self) -> bool {
        self.kind().is_transient()
            || self.status().is_some_and(|status| status.code == 550)
            || self.login_failure().is_some_and(Self::is_transient)
    }

    /// Why an account could not log in or renew its tokens on the way to a call, for the kind
    /// [`NoLogin`](ErrorKind::NoLogin).
    pub fn login_failure(&self) -> Option<&Self> {
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            if let Some(failure) = error.downcast_ref::<Arc<Self>>() {
                return Some(failure.as_ref());
            }
            cause = error.source();
        }
        None
    }

    /// The code of the first finding, if the service named one.
    pub fn code(&self) -> Option<ErrorCode> {
        self.problem().and_then(Problem::code)
    }

    /// The status of an operation that failed, for the kind [`Failed`](ErrorKind::Failed).
    pub fn status(&self) -> Option<&Status> {
        self.0.source()?.downcast_ref()
    }

    /// What the service said, when it answered with a failure.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// How long to wait before another try makes sense, when that is known; for the kind
    /// [`NoLogin`](ErrorKind::NoLogin), before another try of the login.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after.or_else(|| self.login_failure()?.retry_after())
    }

    /// Name of the endpoint, as `online.send`.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// The service's name of the exchange, for reports to the authority: the problem's `traceId`,
    /// or what a header of the answer said.
    pub fn trace_id(&self) -> Option<&str> {
        let told = self.problem().and_then(|problem| problem.trace_id.as_deref());
        told.or(self.0.request_id.as_deref())
    }
}

impl From<common_http::Error> for Error {
    fn from(error: common_http::Error) -> Self {
        let problem = error.problem().map(Problem::from);
        let status = problem.as_ref().map_or(0, |problem| problem.status);
        // Codes belong to answers of 400; other statuses say what they mean by themselves.
        let code = problem.as_ref().filter(|_| status == 400).and_then(Problem::code);
        let told = match code {
            Some(ErrorCode::INPUT) if LOOKUPS.contains(&error.endpoint()) => {
                Some(ErrorKind::NotFound)
            }
            code => code.and_then(ErrorCode::kind),
        };
        let kind = told.unwrap_or_else(|| ErrorKind::from(error.kind()));
        Self(Box::new(Failure::of_call(kind, problem, error)))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ksef {}: {}", self.endpoint(), self.kind().describe())?;
        match (self.problem(), self.code()) {
            (Some(problem), Some(code)) => {
                write!(f, " (status {}, code {code}", problem.status)?;
                match code.meaning() {
                    Some(meaning) => write!(f, ": {meaning})")?,
                    None => f.write_str(")")?,
                }
            }
            (Some(problem), None) => write!(f, " (status {})", problem.status)?,
            (None, _) => {}
        }
        match self.recovery() {
            Some(recovery) => write!(f, "; it may have taken effect: {recovery}"),
            None => Ok(()),
        }
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

/// A step that failed and gives its handle back.
pub type Unfinished<H> = crate::Unfinished<H, Error>;

impl<H> From<Unfinished<H>> for Error {
    fn from(unfinished: Unfinished<H>) -> Self {
        unfinished.into_parts().1
    }
}
