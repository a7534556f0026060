//! Kinds of failures, and how a status tells them where no code does.

use common_core::effect;

/// Why a call failed.
///
/// Whether the call may have done its work all the same is a question of its own:
/// [`Error::may_have_happened`](crate::v2::Error::may_have_happened).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A value does not fit its field, so no request could be built. Correct it. Nothing was sent.
    Input,
    /// The operation needs a login and there is none, or none could be had: the cause says why.
    /// Nothing was sent.
    NoLogin,
    /// The challenge, the context, the login's token or the KSeF token was refused (21111, 21117,
    /// 21301, 21304, 21308). Begin a new login. Nothing happened.
    LoginRefused,
    /// The signature, its certificate or its document was refused (9101 to 9105, 21115, 21217,
    /// 21401, 21406). Nothing happened.
    Signature,
    /// Something could not be encrypted or decrypted here. Nothing happened.
    Encryption,
    /// 21470: the authority's public key was withdrawn. The client fetches the keys again and
    /// repeats once by itself; this is what remains. Nothing happened.
    KeyWithdrawn,
    /// 401: the access token was refused and could not be renewed. Nothing happened.
    Unauthenticated,
    /// 403 and codes that say the same (25001, 25002, 26001, 26002):
    /// [`Problem::reason_code`](crate::v2::Problem::reason_code) says why. Nothing happened.
    Forbidden,
    /// 400: the service found the request or its content wrong; the findings say what. Nothing
    /// happened.
    Invalid,
    /// 404, or a code that says the same: there is no such thing, or it may not be seen. So does 21405
    /// for the status and the confirmation of one invoice, which have no other code for it.
    NotFound,
    /// 410: there was such a thing, and it is kept no longer (7 days for logins and exports, 30 for
    /// permissions and certificates).
    Gone,
    /// 21165: the invoice is accepted and cannot be fetched yet. Ask again later.
    NotYet,
    /// The session is closed, cancelled or not far enough (21180, 21208). Nothing happened.
    SessionState,
    /// 21184: the session is under maintenance. Open another one. Nothing happened.
    SessionUnavailable,
    /// As many as may be are there already: invoices of a session (21155), parts (21161), running
    /// exports (21182), certificates (25006, 25007), identifiers of an invoice (71002).
    LimitReached,
    /// The thing is in the wished state already, or in none that allows it (21166, 21167, 25009,
    /// 30001, 409). Nothing happened.
    Conflict,
    /// 429: too many requests; this one was not processed.
    TooManyRequests,
    /// An operation ended in a failure: [`Error::status`](crate::v2::Error::status) has its code.
    Failed,
    /// An operation was not finished in the time that the caller gave. It goes on; ask again.
    NotFinished,
    /// What was fetched is not what was announced: size or hash differ. Fetch it again.
    Corrupt,
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
    /// 408 or 5xx: the service failed. The call may have happened.
    Server,
    /// A status that says nothing usable. The call may have happened.
    Unexpected,
}

impl ErrorKind {
    /// Whether the same call may well succeed a moment later.
    pub(crate) const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::NotYet
                | Self::Corrupt
                | Self::TooManyRequests
                | Self::Connect
                | Self::Timeout
                | Self::Interrupted
                | Self::Server
        )
    }

    /// The kind in words.
    pub(crate) const fn describe(self) -> &'static str {
        match self {
            Self::Input => "the request could not be built",
            Self::NoLogin => "the operation needs a login",
            Self::LoginRefused => "the login was refused",
            Self::Signature => "the signature was refused",
            Self::Encryption => "the encryption failed",
            Self::KeyWithdrawn => "the authority's public key was withdrawn",
            Self::Unauthenticated => "the access token was refused",
            Self::Forbidden => "the login does not allow this",
            Self::Invalid => "the service found the request wrong",
            Self::NotFound => "not found",
            Self::Gone => "no longer kept",
            Self::NotYet => "not available yet",
            Self::SessionState => "the state of the session does not allow this",
            Self::SessionUnavailable => "the session is under maintenance",
            Self::LimitReached => "as many as may be are there already",
            Self::Conflict => "the request conflicts with the service's state",
            Self::TooManyRequests => "too many requests",
            Self::Failed => "the service's operation failed",
            Self::NotFinished => "it was not finished in time",
            Self::Corrupt => "what was fetched is not what was announced",
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
            Common::Credentials => Self::NoLogin,
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
            Common::Gone => Self::Gone,
            Common::Conflict => Self::Conflict,
            Common::TooManyRequests => Self::TooManyRequests,
            Common::RequestTimeout | Common::Server => Self::Server,
            _ => Self::Unexpected,
        }
    }
}
