//! What the error of a client crate holds, whatever its service.

use std::{error::Error as StdError, fmt, time::Duration};

use crate::Error;

type Source = Box<dyn StdError + Send + Sync>;

/// What is known of a call that failed.
///
/// A client crate wraps it in an error of its own, whose kinds (`K`) and problems (`P`) speak of one
/// service.
pub struct Failure<K, P> {
    /// Why the call failed.
    pub kind: K,
    /// Name of the endpoint.
    pub endpoint: &'static str,
    /// Whether the call may have done its work all the same; `false` is a promise.
    pub may_have_happened: bool,
    /// What the service said.
    pub problem: Option<P>,
    /// How long to wait before another try makes sense, when that is known.
    pub retry_after: Option<Duration>,
    /// The service's name of the exchange, if it gave one in a header.
    pub request_id: Option<String>,
    /// The cause.
    pub cause: Option<Source>,
}

impl<K, P> Failure<K, P> {
    /// A failure that nothing else is known of; nothing happened.
    pub fn new(kind: K, endpoint: &'static str) -> Self {
        Self {
            kind,
            endpoint,
            may_have_happened: false,
            problem: None,
            retry_after: None,
            request_id: None,
            cause: None,
        }
    }

    /// A call that failed, with all that its error tells; the error becomes the cause.
    pub fn of_call(kind: K, problem: Option<P>, error: Error) -> Self {
        Self {
            kind,
            endpoint: error.endpoint(),
            may_have_happened: error.may_have_happened(),
            problem,
            retry_after: error.retry_after(),
            request_id: error.request_id().map(str::to_owned),
            cause: Some(Box::new(error)),
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Source>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The cause, as [`std::error::Error::source`] gives it.
    pub fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}

/// Under the name of the error that wraps it.
impl<K: fmt::Debug, P: fmt::Debug> fmt::Debug for Failure<K, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.kind)
            .field("endpoint", &self.endpoint)
            .field("may_have_happened", &self.may_have_happened)
            .field("problem", &self.problem)
            .field("retry_after", &self.retry_after)
            .field("request_id", &self.request_id)
            .field("source", &self.cause)
            .finish()
    }
}
