//! What a call does to the world, how far it got, and how it failed.
//!
//! These three small enums are the input of the [retry decision](crate::retry) and of every
//! error's `may_have_happened()`.

/// What repeating a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Changes nothing; may be repeated at will.
    Read,
    /// Changes something, and a repetition changes nothing more.
    Idempotent,
    /// Issues, pays or creates; a repetition may do it again.
    Once,
}

/// How far a request got before it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// No byte of it left this process.
    NotSent,
    /// Some of it may have reached the server, and no complete answer came back.
    MaybeSent,
    /// The server answered.
    Answered,
}

/// Why a call failed, in the terms that all systems share.
///
/// Each client crate maps these to a kind of its own, whose documentation speaks of that system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The caller's input cannot be turned into a request. Nothing was sent.
    Input,
    /// The local limiter would have had to wait longer than the caller allows. Nothing was sent.
    Limited,
    /// The same request was accepted a moment ago and the local guard refused it. Nothing was sent.
    Guarded,
    /// Credentials could not be had. Nothing was sent.
    Credentials,
    /// A store shared between processes could not be reached. Nothing was sent.
    Store,
    /// A local file could not be read or written.
    File,
    /// No connection could be made. Nothing was sent.
    Connect,
    /// No complete answer came in time.
    Timeout,
    /// The connection broke after bytes may have left.
    Interrupted,
    /// The deadline of the whole call passed before the call could be tried (again).
    Deadline,
    /// The answer is larger than the limit set for it.
    TooLarge,
    /// The answer was understood as a success and its content was not.
    Decode,
    /// 400 or 422: the server found the request wrong.
    Invalid,
    /// 401: the credentials are wrong, missing or expired.
    Unauthorized,
    /// 402: the licence does not cover the call.
    PaymentRequired,
    /// 403: the credentials are good and do not allow the call.
    Forbidden,
    /// 404: there is no such thing.
    NotFound,
    /// 408: the server gave up waiting or working; whether it did anything is unknown.
    RequestTimeout,
    /// 409: the request contradicts the server's state.
    Conflict,
    /// 410: the thing existed and is gone.
    Gone,
    /// 413: the server refuses a body of that size.
    PayloadTooLarge,
    /// 429: too many requests; this one was not processed.
    TooManyRequests,
    /// Any 5xx.
    Server,
    /// A status that the system does not document.
    Unexpected,
}

impl ErrorKind {
    /// The kind that belongs to an HTTP status; `None` for 2xx.
    ///
    /// # Examples
    ///
    /// ```
    /// use common_core::effect::ErrorKind;
    ///
    /// assert_eq!(ErrorKind::of_status(202), None);
    /// assert_eq!(ErrorKind::of_status(429), Some(ErrorKind::TooManyRequests));
    /// assert_eq!(ErrorKind::of_status(302), Some(ErrorKind::Unexpected));
    /// ```
    pub const fn of_status(status: u16) -> Option<Self> {
        Some(match status {
            200..=299 => return None,
            400 | 422 => Self::Invalid,
            401 => Self::Unauthorized,
            402 => Self::PaymentRequired,
            403 => Self::Forbidden,
            404 => Self::NotFound,
            408 => Self::RequestTimeout,
            409 => Self::Conflict,
            410 => Self::Gone,
            413 => Self::PayloadTooLarge,
            429 => Self::TooManyRequests,
            500..=599 => Self::Server,
            _ => Self::Unexpected,
        })
    }

    /// Whether the same call may well succeed a moment later.
    pub const fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Connect
                | Self::Timeout
                | Self::Interrupted
                | Self::RequestTimeout
                | Self::TooManyRequests
                | Self::Server
        )
    }

    /// Whether a failed call of that effect may have done its work all the same.
    ///
    /// A read never does work. Otherwise: a request that did not leave did nothing; one without a
    /// complete answer may have; an answer is believed where it says that nothing was done (the
    /// 4xx that have a kind of their own, except 408), and not believed where the server itself was
    /// in trouble (408, 5xx), where its status is unexpected or where a success could not be read.
    pub const fn may_have_happened(self, effect: Effect, phase: Phase) -> bool {
        if matches!(effect, Effect::Read) {
            return false;
        }
        match phase {
            Phase::NotSent => false,
            Phase::MaybeSent => true,
            Phase::Answered => matches!(
                self,
                Self::RequestTimeout
                    | Self::Server
                    | Self::Unexpected
                    | Self::Decode
                    | Self::TooLarge
                    | Self::Timeout
                    | Self::Interrupted
            ),
        }
    }

    /// The kind in words, for the first half of an error message.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Input => "the request could not be built",
            Self::Limited => "the local rate limit would have to wait longer than allowed",
            Self::Guarded => "the same request was accepted a moment ago",
            Self::Credentials => "no credentials could be had",
            Self::Store => "the shared store could not be used",
            Self::File => "a local file could not be read or written",
            Self::Connect => "no connection could be made",
            Self::Timeout => "no complete answer came in time",
            Self::Interrupted => "the connection broke before a complete answer",
            Self::Deadline => "the deadline passed",
            Self::TooLarge => "the answer is larger than allowed",
            Self::Decode => "the answer could not be read",
            Self::Invalid => "the server found the request wrong",
            Self::Unauthorized => "the credentials were refused",
            Self::PaymentRequired => "the licence does not cover this call",
            Self::Forbidden => "the credentials do not allow this call",
            Self::NotFound => "not found",
            Self::RequestTimeout => "the server gave up on the request",
            Self::Conflict => "the request conflicts with the server's state",
            Self::Gone => "no longer there",
            Self::PayloadTooLarge => "the server refuses a body of this size",
            Self::TooManyRequests => "too many requests",
            Self::Server => "the server failed",
            Self::Unexpected => "the server answered with an undocumented status",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_but_success_has_a_kind() {
        for status in 100..600 {
            assert_eq!(ErrorKind::of_status(status).is_none(), (200..300).contains(&status));
        }
    }

    #[test]
    fn reads_never_happen_and_unsent_requests_never_happen() {
        for kind in [ErrorKind::Timeout, ErrorKind::Server, ErrorKind::Connect] {
            assert!(!kind.may_have_happened(Effect::Read, Phase::MaybeSent));
            assert!(!kind.may_have_happened(Effect::Once, Phase::NotSent));
        }
    }

    #[test]
    fn a_refusal_is_believed_and_a_failure_is_not() {
        assert!(!ErrorKind::Invalid.may_have_happened(Effect::Once, Phase::Answered));
        assert!(!ErrorKind::TooManyRequests.may_have_happened(Effect::Once, Phase::Answered));
        assert!(ErrorKind::RequestTimeout.may_have_happened(Effect::Once, Phase::Answered));
        assert!(ErrorKind::Server.may_have_happened(Effect::Once, Phase::Answered));
        assert!(ErrorKind::Decode.may_have_happened(Effect::Once, Phase::Answered));
        assert!(ErrorKind::Timeout.may_have_happened(Effect::Idempotent, Phase::MaybeSent));
    }
}
