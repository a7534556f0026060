//! Errors that come from this side, or from an answer that fits nothing that was asked.

use super::{Error, ErrorKind, Inner};

impl Error {
    /// Nothing was sent: something on this side is missing or does not fit.
    pub(crate) fn not_sent(
        endpoint: &'static str,
        kind: ErrorKind,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::made(endpoint, kind, false, source.into())
    }

    /// A success whose answer belongs to another command.
    pub(crate) fn other_answer(endpoint: &'static str) -> Self {
        let reason = "the answer repeats the identifier of another command";
        Self::made(endpoint, ErrorKind::Unreadable, true, reason.into())
    }

    fn made(
        endpoint: &'static str,
        kind: ErrorKind,
        happened: bool,
        source: Box<dyn std::error::Error + Send + Sync>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            endpoint,
            happened,
            problem: None,
            retry_after: None,
            request_id: None,
            source: Some(source),
        }))
    }
}
