//! Kinds of failures, and the statuses and codes that tell them.

use common_core::effect;

use crate::code::{AnswerCode, CpdCode};

/// Why a call failed.
///
/// Whether the call may have done its work all the same is a question of its own:
/// [`Error::may_have_happened`](crate::Error::may_have_happened).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value does not fit its field, so no request could be built. Nothing was sent.
    Input,
    /// The local limit is used up and the caller does not want to wait. Nothing was sent.
    Limited,
    /// What the call needs from this side (a token, a store, a file) could not be had. Nothing
    /// was sent.
    Local,
    /// No connection could be made, or TLS was refused. Nothing was sent; try again later.
    Connect,
    /// No complete answer came in time.
    Timeout,
    /// The connection broke before a complete answer.
    Interrupted,
    /// The call's own deadline passed before it was sent.
    Deadline,
    /// The server answered with success and the answer could not be read. What the call does
    /// **was** done, most likely.
    Unreadable,
    /// 406 with a code `B01` to `B13`: the repository understood the command and refused it.
    /// [`Error::cpd_code`](crate::Error::cpd_code) says why. Nothing happened.
    Refused,
    /// 400: the message is wrong (`E01`, `E02`, `100`, `110`; the Event Hub: a body that it does
    /// not take). The same one is refused again. Nothing happened.
    Invalid,
    /// 401 of the Event Hub: the token is missing or has expired. Fetch a new one and send the
    /// same bytes. Nothing happened.
    Unauthenticated,
    /// 403 of the WebApi: the register's certificate is not taken, or the register is not
    /// fiscalised. Trying again soon does not help. Nothing happened.
    Forbidden,
    /// 404: a wrong address, or a request above the WebApi's 100 kB (CRK facts §7, 14). Nothing
    /// happened.
    NotFound,
    /// 413: the Event Hub does not take a request of this size. Pack smaller. Nothing happened.
    TooLarge,
    /// 429: too many requests; this one was not processed.
    TooManyRequests,
    /// 408, 5xx, or the code `E03`: the server failed. The call may have happened.
    Server,
    /// A status or a code that is not documented.
    Unexpected,
}

impl ErrorKind {
    /// The kind that a known code tells, whatever the status beside it.
    pub(crate) fn of_code(code: &AnswerCode) -> Option<Self> {
        let AnswerCode::Cpd(code) = code else { return None };
        Some(match code.known()? {
            code if code.is_refusal() => Self::Refused,
            CpdCode::CommandIdOrHeader | CpdCode::InputMessage => Self::Invalid,
            _ => Self::Server,
        })
    }

    /// Whether the same call may well succeed a moment later.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::Timeout
                | Self::Interrupted
                | Self::Deadline
                | Self::Limited
                | Self::TooManyRequests
                | Self::Server
        )
    }

    /// The kind in words.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Input => "the request could not be built",
            Self::Limited => "the local rate limit would have to wait longer than allowed",
            Self::Local => "something on this side could not be had",
            Self::Connect => "no connection could be made",
            Self::Timeout => "no complete answer came in time",
            Self::Interrupted => "the connection broke before a complete answer",
            Self::Deadline => "the deadline passed",
            Self::Unreadable => "the answer could not be read",
            Self::Refused => "the repository refused the command",
            Self::Invalid => "the server found the message wrong",
            Self::Unauthenticated => "the token was refused",
            Self::Forbidden => "the register's certificate was refused",
            Self::NotFound => "not found, or the request was too large",
            Self::TooLarge => "the server refuses a request of this size",
            Self::TooManyRequests => "too many requests",
            Self::Server => "the server failed",
            Self::Unexpected => "the server answered with something undocumented",
        }
    }
}

impl From<effect::ErrorKind> for ErrorKind {
    fn from(kind: effect::ErrorKind) -> Self {
        use effect::ErrorKind as Common;

        match kind {
            Common::Input => Self::Input,
            Common::Limited | Common::Guarded => Self::Limited,
            Common::Credentials | Common::Store | Common::File => Self::Local,
            Common::Connect => Self::Connect,
            Common::Timeout => Self::Timeout,
            Common::Interrupted => Self::Interrupted,
            Common::Deadline => Self::Deadline,
            Common::Decode | Common::TooLarge => Self::Unreadable,
            Common::Invalid => Self::Invalid,
            Common::Unauthorized => Self::Unauthenticated,
            Common::Forbidden => Self::Forbidden,
            Common::NotFound => Self::NotFound,
            Common::PayloadTooLarge => Self::TooLarge,
            Common::TooManyRequests => Self::TooManyRequests,
            Common::RequestTimeout | Common::Server => Self::Server,
            _ => Self::Unexpected,
        }
    }
}
