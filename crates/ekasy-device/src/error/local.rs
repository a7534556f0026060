//! Errors that come from this side, or from an answer that fits nothing that was asked.

use common_http::Failure;

use super::{Error, ErrorKind};

impl Error {
    /// Nothing was sent: something on this side is missing or does not fit.
    pub(crate) fn not_sent(
        endpoint: &'static str,
        kind: ErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Failure::new(kind, endpoint).because(source)))
    }

    /// A success whose answer belongs to another command.
    pub(crate) fn other_answer(endpoint: &'static str) -> Self {
        let reason = "the answer repeats the identifier of another command";
        let mut failure = Failure::new(ErrorKind::Unreadable, endpoint).because(reason);
        failure.may_have_happened = true;
        Self(Box::new(failure))
    }
}
