//! Kinds of failures, and the codes and statuses that tell them.

use common_core::effect;

/// Why a call failed.
///
/// Whether the call may have done its work all the same is a question of its own:
/// [`Error::may_have_happened`](crate::Error::may_have_happened).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value does not fit its field, so no request could be built, or the service refuses a
    /// body of that size (413). Correct it or send less at once. Nothing happened.
    Input,
    /// There was no token and none could be had: no login is set, or the login or refresh was not
    /// answered. Nothing of the call was sent.
    Credentials,
    /// The service refused the login, now or earlier, and it is not tried again: three refusals
    /// lock the user for a minute. Set the right one with
    /// [`Session::log_in_as`](crate::session::Session::log_in_as). Nothing of the call was sent.
    LoginRefused,
    /// The local rate limit is used up and the caller does not want to wait. Nothing was sent.
    Limited,
    /// A store shared between processes failed. Nothing was sent.
    Store,
    /// A download could not be written to its file. It can be made again.
    File,
    /// No connection could be made. Nothing was sent; try again later.
    Connect,
    /// No complete answer came in time. Orders may have been created, a payment may have been
    /// made: find out before doing anything again.
    Timeout,
    /// The connection broke before a complete answer. As for [`Timeout`](Self::Timeout).
    Interrupted,
    /// The call's own deadline passed before it could be sent; nothing was changed.
    Deadline,
    /// The service answered with success and the answer could not be read. What the call does
    /// **was** done, most likely: find out.
    Unreadable,
    /// 400, 422 or the code `ValidationError`: the service found the request wrong. Nothing
    /// happened.
    Invalid,
    /// 401: the token is not taken, and no other one could be had (source document: "Unauthenticated"
    /// in the table, "Unauthorized" in the note). Nothing happened.
    Unauthenticated,
    /// 403: the user may not do this (source document: "Unauthorized"). Nothing happened.
    Forbidden,
    /// 404: there is no such account or order, or not in this organisation. Nothing happened.
    NotFound,
    /// 409: the request contradicts the service's state, as locked orders would. Nothing happened.
    Conflict,
    /// 410: the statement's link is older than its 60 seconds. Ask for a new one.
    Gone,
    /// 429: too many requests; this one was not processed.
    TooManyRequests,
    /// `InvalidToken`: the one-time password is not right. Nothing was paid by **this** call; the
    /// payment is still started and takes another one.
    InvalidToken,
    /// `UsedToken`: the authenticator's password was used before. Nothing was paid by **this**
    /// call, unless it came with 408 or 5xx; wait for the next one (30 seconds). After a
    /// confirmation whose answer was lost, find out first whether that one has paid.
    UsedToken,
    /// A confirmation was not sent, because the payment differs from what was to be paid
    /// ([`StartedPayment::discrepancies`](crate::payments::StartedPayment::discrepancies)).
    Discrepancy,
    /// A confirmation was not sent, because the deadline of its one-time password has passed
    /// ([`Start::otp_deadline`](crate::payments::Start::otp_deadline)). Start the payment again,
    /// unless it was taken up from a record: then find out first whether it was paid before.
    Lapsed,
    /// 408 or 5xx without a documented code: the service failed. The call may have happened, also
    /// where a code beside such a status gives the error another kind.
    Server,
    /// A refusal with a code that is not documented. The call may have happened.
    Refused,
    /// A status that is not documented, or an answer that cannot be right.
    Unexpected,
}

impl ErrorKind {
    /// The kind that a documented code tells, in an answer of any status.
    ///
    /// In a success the words "401" and "Unauthenticated" ask for a new token, and "Unauthorized"
    /// means 403, as the table of the source document has it.
    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Some(match code {
            "401" | "Unauthenticated" => Self::Unauthenticated,
            "403" | "Unauthorized" | "Forbidden" => Self::Forbidden,
            "400" | "ValidationError" => Self::Invalid,
            "404" | "NotFound" => Self::NotFound,
            "429" => Self::TooManyRequests,
            _ => return Self::of_confirmation(code),
        })
    }

    /// The kind that an error code of the confirmation tells (source document, PUT payments).
    pub(crate) fn of_confirmation(code: &str) -> Option<Self> {
        Some(match code {
            "InvalidToken" => Self::InvalidToken,
            "UsedToken" => Self::UsedToken,
            _ => return None,
        })
    }

    /// The kind in words.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Input => "the request could not be built",
            Self::Credentials => "no token could be had",
            Self::LoginRefused => "the login was refused and is not tried again",
            Self::Limited => "the local rate limit would have to wait longer than allowed",
            Self::Store => "the shared store could not be used",
            Self::File => "a local file could not be written",
            Self::Connect => "no connection could be made",
            Self::Timeout => "no complete answer came in time",
            Self::Interrupted => "the connection broke before a complete answer",
            Self::Deadline => "the deadline passed",
            Self::Unreadable => "the answer could not be read",
            Self::Invalid => "the service found the request wrong",
            Self::Unauthenticated => "the token was refused",
            Self::Forbidden => "the user may not do this",
            Self::NotFound => "not found",
            Self::Conflict => "the request conflicts with the service's state",
            Self::Gone => "no longer there",
            Self::TooManyRequests => "too many requests",
            Self::InvalidToken => "the one-time password is not right",
            Self::UsedToken => "the one-time password was used before",
            Self::Discrepancy => "the payment differs from what was to be paid",
            Self::Lapsed => "the one-time password's deadline has passed",
            Self::Server => "the service failed",
            Self::Refused => "the service refused",
            Self::Unexpected => "the service answered with something undocumented",
        }
    }
}

impl From<effect::ErrorKind> for ErrorKind {
    fn from(kind: effect::ErrorKind) -> Self {
        use effect::ErrorKind as Common;

        match kind {
            Common::Input | Common::PayloadTooLarge => Self::Input,
            Common::Credentials => Self::Credentials,
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
            Common::NotFound => Self::NotFound,
            Common::Conflict => Self::Conflict,
            Common::Gone => Self::Gone,
            Common::TooManyRequests => Self::TooManyRequests,
            Common::RequestTimeout | Common::Server => Self::Server,
            _ => Self::Unexpected,
        }
    }
}
