//! The error of a call, in the words of this service.

use std::{fmt, time::Duration};

use common_core::effect;
use common_http::{Detail, Problem};

/// Why a call failed.
///
/// Whether the call may have done its work all the same is a question of its own:
/// [`Error::may_have_happened`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value does not fit its field, so no request could be built, or the service refuses a
    /// body of that size (413).
    /// Correct the field that the error names, or send less at once. Nothing was accepted.
    Input,
    /// No token is set, or it cannot be put into a header.
    /// Build the client with a token. Nothing was sent.
    Credentials,
    /// The rate limit is used up and the caller does not want to wait.
    /// Try again after [`Error::retry_after`]. Nothing was sent.
    Limited,
    /// The same request was accepted within the last 120 s, and the local guard refused it.
    /// Nothing was sent; the first request counts.
    Duplicate,
    /// A store shared between processes failed. Nothing was sent.
    Store,
    /// A download could not be written to its file. The call can be made again.
    File,
    /// No connection could be made. Nothing was sent; try again later.
    Connect,
    /// No complete answer came in time. A document may have been accepted: look it up by its
    /// external id before sending it again.
    Timeout,
    /// The connection broke before a complete answer. As for [`Timeout`](Self::Timeout).
    Interrupted,
    /// The call's own deadline passed before the call could be tried (again). The last try was
    /// not sent. Give it more time, or try again later.
    Deadline,
    /// The service answered with success and the answer could not be read.
    /// A document **was** accepted; the answer's request id is lost.
    Unreadable,
    /// 400: the service found something wrong; [`Error::rejections`] tells what and where.
    /// Nothing was accepted, none of the batch's documents (our reading of the source document,
    /// status 400).
    Invalid,
    /// 401: the token is wrong, missing or was reset (source document, status 401).
    /// Make a new one in the company's settings. Nothing happened.
    Unauthorized,
    /// 402: the company's licence is insufficient or has expired (source document, status 402).
    /// Nothing happened.
    PaymentRequired,
    /// 404: there is no such document, or not in this company (KROS facts §1).
    NotFound,
    /// 408: the service gave up, with or without having accepted the request (KROS facts §1).
    /// Look the documents up by their external ids before sending them again.
    Ambiguous,
    /// 409: the very same request was accepted within the last 120 s (source document,
    /// status 409). The first request counts; do not send it again.
    AlreadyAccepted,
    /// 429: more requests than the limit allows (source document, status 429).
    /// Not processed. Somebody else uses the token, or another limit profile is needed.
    TooManyRequests,
    /// 5xx: the service failed. A document may have been accepted.
    Server,
    /// A status that is not documented.
    Unexpected,
}

/// Why a call failed, what the service said, and whether it may have happened.
pub struct Error(common_http::Error);

/// One finding of the service about one document.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rejection {
    /// The caller's index of the document, counted from zero; `None` speaks of the request as a
    /// whole.
    pub document_index: Option<usize>,
    /// The property in the service's notation, as `items[0].amount`.
    pub property_path: Option<String>,
    /// The service's words.
    pub message: Option<String>,
}

impl Rejection {
    pub(crate) fn new(detail: &Detail) -> Self {
        Self {
            document_index: detail.index,
            property_path: detail.path.clone(),
            message: detail.message.clone(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(index) = self.document_index {
            write!(f, "document {index}: ")?;
        }
        if let Some(path) = &self.property_path {
            write!(f, "{path}: ")?;
        }
        f.write_str(self.message.as_deref().unwrap_or("no reason was given"))
    }
}

impl Error {
    /// Why the call failed.
    pub fn kind(&self) -> ErrorKind {
        use effect::ErrorKind as Common;

        match self.0.kind() {
            Common::Input | Common::PayloadTooLarge => ErrorKind::Input,
            Common::Credentials => ErrorKind::Credentials,
            Common::Limited => ErrorKind::Limited,
            Common::Guarded => ErrorKind::Duplicate,
            Common::Store => ErrorKind::Store,
            Common::File => ErrorKind::File,
            Common::Connect => ErrorKind::Connect,
            Common::Timeout => ErrorKind::Timeout,
            Common::Interrupted => ErrorKind::Interrupted,
            Common::Deadline => ErrorKind::Deadline,
            Common::Decode | Common::TooLarge => ErrorKind::Unreadable,
            Common::Invalid => ErrorKind::Invalid,
            Common::Unauthorized => ErrorKind::Unauthorized,
            Common::PaymentRequired => ErrorKind::PaymentRequired,
            Common::NotFound => ErrorKind::NotFound,
            Common::RequestTimeout => ErrorKind::Ambiguous,
            Common::Conflict => ErrorKind::AlreadyAccepted,
            Common::TooManyRequests => ErrorKind::TooManyRequests,
            Common::Server => ErrorKind::Server,
            _ => ErrorKind::Unexpected,
        }
    }

    /// Whether the call may have done its work although it failed; `false` is a promise.
    ///
    /// When it is `true` for a document, wait until its processing must be over, look for its
    /// external id with [`Client::find_invoices`](crate::Client::find_invoices), and send it again
    /// only when it is not there.
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened()
    }

    /// What the service said, when it answered.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem()
    }

    /// The findings of status 400, one by one.
    pub fn rejections(&self) -> Vec<Rejection> {
        let details = self.problem().map(|problem| problem.details.as_slice());
        details.unwrap_or_default().iter().map(Rejection::new).collect()
    }

    /// How long to wait before another try makes sense, when that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after()
    }

    /// Name of the endpoint, as `invoices.list`.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint()
    }

    /// The service's name of the exchange, if it gave one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id()
    }

    /// How many requests were tried.
    pub fn attempts(&self) -> u32 {
        self.0.attempts()
    }
}

impl From<common_http::Error> for Error {
    fn from(error: common_http::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)?;
        let rejections = self.rejections();
        if let Some(first) = rejections.first() {
            write!(f, ": {first}")?;
            if rejections.len() > 1 {
                write!(f, " (and {} more)", rejections.len() - 1)?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        std::error::Error::source(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use common_http::{
        BuildError, Endpoint,
        scripted::{Scripted, Step},
    };

    use super::*;
    use crate::{Client, Environment, auth, invoices::Create, model::NewInvoice};

    async fn answered(status: u16, body: &'static str) -> Error {
        let client = Client::builder(Environment::Production)
            .token("token".into())
            .transport(Scripted::new([Step::answer(status, body)]))
            .retry(common_core::retry::RetryPolicy::never())
            .build()
            .unwrap();
        client.send(&Create::new(&NewInvoice::default()).unwrap()).await.unwrap_err()
    }

    #[tokio::test]
    async fn each_status_has_its_kind() {
        for (status, kind) in [
            (400, ErrorKind::Invalid),
            (401, ErrorKind::Unauthorized),
            (402, ErrorKind::PaymentRequired),
            (403, ErrorKind::Unexpected),
            (404, ErrorKind::NotFound),
            (408, ErrorKind::Ambiguous),
            (409, ErrorKind::AlreadyAccepted),
            (410, ErrorKind::Unexpected),
            (413, ErrorKind::Input),
            (422, ErrorKind::Invalid),
            (429, ErrorKind::TooManyRequests),
            (502, ErrorKind::Server),
            (301, ErrorKind::Unexpected),
        ] {
            let error = answered(status, "").await;
            assert_eq!(error.kind(), kind, "{status}");
            assert_eq!(error.problem().map(|problem| problem.status), Some(status));
        }
    }

    #[tokio::test]
    async fn findings_are_shown_in_one_sentence() {
        let one = r#"{"errors":[{"documentIndex":1,"propertyPath":"items[0].amount",
            "errorMessage":"not a number"}]}"#;
        assert_eq!(
            answered(400, one).await.to_string(),
            "kros invoices.create: the server found the request wrong (status 400): \
             document 1: items[0].amount: not a number"
        );
        let more = r#"{"errors":[{"errorMessage":"too much"},{},{"documentIndex":0}]}"#;
        let error = answered(400, more).await;
        assert!(error.to_string().ends_with(": too much (and 2 more)"), "{error}");
        let shown: Vec<_> = error.rejections().iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["too much", "no reason was given", "document 0: no reason was given"]);
    }

    #[tokio::test]
    async fn the_services_sentences_stay_out_of_debug() {
        let body = r#"{"errors":[{"errorMessage":"canary"}],"message":"canary"}"#;
        let error = answered(400, body).await;
        assert!(!format!("{error:?}").contains("canary"), "{error:?}");
        assert_eq!(error.problem().unwrap().message.as_deref(), Some("canary"));
    }

    #[test]
    fn the_cause_is_the_source_and_not_part_of_the_sentence() {
        let cause = BuildError::new("Top", "must be 1 to 100, and is 0");
        let kind = effect::ErrorKind::Input;
        let error = common_http::Error::not_sent("kros", &auth::Check::INFO, kind).because(cause);
        let error = Error::from(error);
        assert!(!error.to_string().contains("Top"), "{error}");
        assert_eq!(error.source().unwrap().to_string(), "Top: must be 1 to 100, and is 0");
        assert_eq!((error.attempts(), error.request_id(), error.problem()), (1, None, None));
    }
}
