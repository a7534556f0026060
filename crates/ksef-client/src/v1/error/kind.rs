//! Kinds of failures, and how a status tells them where no code does.

use common_core::effect;

/// Why a call failed.
///
/// Whether the call may have done its work all the same is a question of its own:
/// [`Error::may_have_happened`](crate::v1::Error::may_have_happened).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value does not fit its field, so no request could be built. Correct it. Nothing was sent.
    Input,
    /// The operation needs a session and there is none: open one. Nothing happened.
    NoSession,
    /// The session has ended: closed, or idle for 120 minutes (21153, 21154, 21170), or the batch
    /// is no longer open (21151, 21208). Open another one; what was sent before stays valid and is
    /// confirmed. Nothing happened.
    SessionEnded,
    /// 21304: the session is not authenticated yet. Wait until it is ready and call again; a
    /// client does that by itself a few times. Nothing happened.
    NotYet,
    /// 401 and the codes of a failed authentication. Nothing happened.
    Unauthenticated,
    /// 403, and 21301: the session has no role that allows this. Nothing happened.
    Forbidden,
    /// The challenge or the authorisation token was refused (21111, 21112, 21116, 21302, 21303).
    /// Ask for a new challenge; a token that is refused again is wrong, inactive or revoked.
    /// Nothing happened.
    LoginRefused,
    /// The signature or its certificate was refused (9101 to 9110, 21159, 21406, 21407).
    /// Nothing happened.
    Signature,
    /// What was encrypted could not be decrypted, or was declared wrongly (20005, 21410 to 21412,
    /// 21415): fetch the authority's key again. Nothing happened.
    Encryption,
    /// The service found the request or the document wrong: the code says why. Nothing happened.
    Invalid,
    /// 404, or a code that says the same: there is no such thing, or it may not be seen.
    NotFound,
    /// The same invoice or package is there already (21176, 21204, 21218). It is not issued twice:
    /// look for the first one.
    Duplicate,
    /// The thing is in the wished state already, or not in the one that is to be left (hidden,
    /// reported, granted). Nothing happened.
    Conflict,
    /// 21177: the query finds more than one query may give: ask for a shorter time.
    TooManyResults,
    /// 429 or 21121: too many requests; this one was not processed.
    TooManyRequests,
    /// A process of the service ended in a failure (a code from 400 on): the session was not
    /// opened, the invoice was refused, the query gave nothing.
    Failed,
    /// An operation was not finished in the time that the caller gave. It goes on; ask again.
    NotFinished,
    /// The local rate limit is used up and the caller does not want to wait. Nothing was sent.
    Limited,
    /// A store shared between processes failed. Nothing was sent.
    Store,
    /// A local file could not be read or written.
    File,
    /// No connection could be made. Nothing was sent.
    Connect,
    /// No complete answer came in time. An invoice may have been sent: find out first.
    Timeout,
    /// The connection broke before a complete answer. As for [`Timeout`](Self::Timeout).
    Interrupted,
    /// The call's own deadline passed. As for [`Timeout`](Self::Timeout).
    Deadline,
    /// The service answered with success and the answer could not be read. What the call does
    /// **was** done, most likely.
    Unreadable,
    /// 408, 5xx or 30012: the service failed. The call may have happened.
    Server,
    /// A status or code that says nothing usable. The call may have happened.
    Unexpected,
}

impl ErrorKind {
    /// The kind that a status or the way to the service tells.
    pub(crate) fn of(error: &common_http::Error) -> Self {
        Self::from(error.kind())
    }

    /// Whether the same call may well succeed a moment later.
    pub(crate) const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::NotYet
                | Self::TooManyRequests
                | Self::Connect
                | Self::Timeout
                | Self::Interrupted
                | Self::Server
        )
    }

    /// Whether an answer of that kind leaves open whether anything was done.
    pub(crate) const fn is_doubtful(self) -> bool {
        matches!(self, Self::Server | Self::Unexpected)
    }

    /// The kind in words.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Input => "the request could not be built",
            Self::NoSession => "the operation needs a session",
            Self::SessionEnded => "the session has ended",
            Self::NotYet => "the session is not authenticated yet",
            Self::Unauthenticated => "the authentication failed",
            Self::Forbidden => "the session does not allow this",
            Self::LoginRefused => "the challenge or token was refused",
            Self::Signature => "the signature was refused",
            Self::Encryption => "the encryption was refused",
            Self::Invalid => "the service found the request wrong",
            Self::NotFound => "not found",
            Self::Duplicate => "it has been sent already",
            Self::Conflict => "the request conflicts with the service's state",
            Self::TooManyResults => "the query finds too much",
            Self::TooManyRequests => "too many requests",
            Self::Failed => "the service's process failed",
            Self::NotFinished => "it was not finished in time",
            Self::Limited => "the local rate limit would have to wait longer than allowed",
            Self::Store => "the shared store could not be used",
            Self::File => "a local file could not be read or written",
            Self::Connect => "no connection could be made",
            Self::Timeout => "no complete answer came in time",
            Self::Interrupted => "the connection broke before a complete answer",
            Self::Deadline => "the deadline passed",
            Self::Unreadable => "the answer could not be read",
            Self::Server => "the service failed",
            Self::Unexpected => "the service answered with something undocumented",
        }
    }
}

impl From<effect::ErrorKind> for ErrorKind {
    fn from(kind: effect::ErrorKind) -> Self {
        use effect::ErrorKind as Common;

        match kind {
            Common::Input | Common::PayloadTooLarge => Self::Input,
            Common::Credentials => Self::NoSession,
            Common::Limited | Common::Guarded => Self::Limited,
            Common::Store => Self::Store,
            Common::File => Self::File,
            Common::Connect => Self::Connect,
            Common::Timeout => Self::Timeout,
            Common::Interrupted => Self::Interrupted,
            Common::Deadline => Self::Deadline,
            Common::Decode | Common::TooLarge => Self::Unreadable,
            Common::Invalid => Self::Invalid,
            Common::Unauthorized => Self::Unauthenticated,
            Common::Forbidden => Self::Forbidden,
            Common::NotFound | Common::Gone => Self::NotFound,
            Common::Conflict => Self::Conflict,
            Common::TooManyRequests => Self::TooManyRequests,
            Common::RequestTimeout | Common::Server => Self::Server,
            _ => Self::Unexpected,
        }
    }
}
