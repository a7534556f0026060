//! What the endpoints of one system have in common: above all how it words its errors.

use bytes::Bytes;
use common_core::effect::ErrorKind;

use crate::endpoint::Parts;

/// One system.
pub trait Api: Send + Sync + 'static {
    /// Short name in errors and logs.
    const NAME: &'static str;

    /// Reads the body of an answer that is not a success.
    ///
    /// Must not fail: what cannot be read is left out. The status is filled in by the caller.
    fn problem(parts: &Parts, body: &Bytes) -> ProblemContext;

    /// What kind of failure an answer with that status and problem is: that of its status.
    ///
    /// A system whose codes say more than its statuses may tell otherwise. The kind decides about
    /// retries, so [`ErrorKind::TooManyRequests`] may be told only where nothing was done.
    fn kind(status: u16, _problem: &ProblemContext) -> ErrorKind {
        ErrorKind::of_status(status).unwrap_or(ErrorKind::Unexpected)
    }
}

/// What the server said about a failure, exactly as it said it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The system's own code, if it has any.
    pub code: Option<String>,
    /// The system's sentence, if it gave one.
    pub message: Option<String>,
    /// Every single finding, in the server's order.
    pub details: Vec<Detail>,
}

/// What an [`Api`] reads out of an error's body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProblemContext {
    /// The system's own code.
    pub code: Option<String>,
    /// The system's sentence.
    pub message: Option<String>,
    /// Every single finding.
    pub details: Vec<Detail>,
}

impl ProblemContext {
    pub(crate) fn with_status(self, status: u16) -> Problem {
        Problem { status, code: self.code, message: self.message, details: self.details }
    }
}

/// One finding of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Detail {
    /// The element of a batch that it speaks of, counted from zero.
    pub index: Option<usize>,
    /// The field, in the server's notation.
    pub path: Option<String>,
    /// The system's code of this finding.
    pub code: Option<String>,
    /// The server's words.
    pub message: Option<String>,
}
