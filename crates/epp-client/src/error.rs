//! The error of a call, in the words of this service (source document, Autentifikacija i
//! autorizacija and API; ePP facts §1).

mod kind;

use std::{fmt, time::Duration};

use common_core::effect::Effect;
use common_http::{BuildError, Failure, Info};

pub use kind::ErrorKind;

use crate::{api::Refusal, session::SessionError};

/// Why a call failed, what the service said, and whether it may have happened.
pub struct Error(Box<Failure<ErrorKind, Problem>>);

/// What the service said about a failure, as it said it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The HTTP status; 2xx for a refusal that came inside a success.
    pub status: u16,
    /// `status.code`, one word, without a full stop at its end.
    pub code: Option<String>,
    /// `status.message`, a sentence.
    pub message: Option<String>,
}

impl Error {
    /// A refusal that came with a status of success.
    pub(crate) fn refused(info: &Info, refusal: Refusal) -> Self {
        let code = refusal.status.code.as_deref().unwrap_or_default();
        let kind = ErrorKind::of_code(code).unwrap_or(ErrorKind::Refused);
        // An undocumented word is no promise that nothing was done.
        let happened = info.effect != Effect::Read && kind == ErrorKind::Refused;
        let mut failure = Failure::new(kind, info.name);
        failure.may_have_happened = happened;
        failure.problem = Some(Problem {
            status: refusal.http,
            code: refusal.status.code,
            message: refusal.status.message,
        });
        Self(Box::new(failure))
    }

    /// A failure on this side; nothing was sent.
    pub(crate) fn local(
        kind: ErrorKind,
        endpoint: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Failure::new(kind, endpoint).because(source)))
    }

    /// The error where an earlier call may have done the work, whatever became of this one.
    pub(crate) fn or_happened_before(mut self) -> Self {
        self.0.may_have_happened = true;
        self
    }

    /// An answer that was a success and does not say what was done.
    pub(crate) fn lost(info: &Info, cause: &'static str) -> Self {
        let mut error = Self::local(ErrorKind::Unreadable, info.name, cause);
        error.0.may_have_happened = info.effect != Effect::Read;
        error
    }

    pub(crate) fn input(info: &Info, source: BuildError) -> Self {
        Self::local(ErrorKind::Input, info.name, source)
    }

    /// Why the call failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the call may have done its work although it failed; `false` is a promise.
    ///
    /// When it is `true`, run the query that [`recovery`](Self::recovery) names before doing
    /// anything again.
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// The query that tells what became of a call that may have happened; `None` when there is
    /// nothing to find out.
    pub fn recovery(&self) -> Option<Recovery> {
        if !self.may_have_happened() {
            return None;
        }
        Some(match self.endpoint() {
            "payment_orders.create" => Recovery::OrdersByTag,
            "payments.confirm" => Recovery::PaymentState,
            "payments.start" => Recovery::PaymentLapses,
            _ => Recovery::Unknown,
        })
    }

    /// What the service said, when it answered; of a login that it refused, what it said to that.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// How long to wait before another try makes sense, when that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Name of the endpoint, as `payment_orders.list`.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// The service's name of the exchange, if it gave one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

/// How to find out what became of a call whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// Orders may have been created: list them by the tag of their batch,
    /// `GET payment-orders?filter[UserTag]=…`, as [`Client::locate`](crate::Client::locate) does.
    OrdersByTag,
    /// A payment may have been confirmed: look at its orders, as
    /// [`Client::payment_state`](crate::Client::payment_state) does.
    PaymentState,
    /// A payment may have been started. Nothing is paid without a one-time password; its orders
    /// may be locked until the service's countdown has ended, and can then be started again.
    PaymentLapses,
    /// The function is not one that this crate knows: look at what it changes.
    Unknown,
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OrdersByTag => "list the orders by the tag of their batch (filter[UserTag])",
            Self::PaymentState => "look at the payment's orders (payment_state)",
            Self::PaymentLapses => "wait until the payment's countdown has ended",
            Self::Unknown => "look at what the function changes",
        })
    }
}

impl From<common_http::Error> for Error {
    fn from(error: common_http::Error) -> Self {
        let problem = error.problem().map(|problem| Problem {
            status: problem.status,
            code: problem.code.clone(),
            message: problem.message.clone(),
        });
        let told = problem.as_ref().and_then(Problem::kind);
        let refused_login = refused_login(&error);
        let kind = match refused_login {
            Some(_) => ErrorKind::LoginRefused,
            None => told.unwrap_or_else(|| error.kind().into()),
        };
        // Of a call that was not sent nothing was said: what was said of the login is.
        let problem = refused_login.and_then(Self::problem).cloned().or(problem);
        let mut failure = Failure::of_call(kind, problem, error);
        // A code that says what was wrong is a refusal, whatever the status beside it, unless that
        // is one of a service in trouble: some report an error so after they have done the work.
        let status = failure.problem.as_ref().map_or(0, |problem| problem.status);
        failure.may_have_happened &= told.is_none() || is_trouble(status);
        Self(Box::new(failure))
    }
}

/// Whether the status is one of a service in trouble, which may have done the work.
pub(crate) const fn is_trouble(status: u16) -> bool {
    status == 408 || status >= 500
}

/// The refusal of the login, when that is the cause.
fn refused_login(error: &common_http::Error) -> Option<&Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        if let Some(SessionError::Refused(refusal)) = error.downcast_ref() {
            return Some(refusal);
        }
        cause = error.source();
    }
    None
}

impl Problem {
    /// What the code means where it is more than the status: the status decides between 401 and
    /// 403, whose names the documentation mixes up.
    fn kind(&self) -> Option<ErrorKind> {
        match self.status {
            401 | 403 => ErrorKind::of_confirmation(self.code.as_deref()?),
            _ => ErrorKind::of_code(self.code.as_deref()?),
        }
    }

    /// The code if it is a word that can stand in a sentence.
    fn word(&self) -> Option<&str> {
        let short = |code: &&str| code.len() <= 64 && !code.contains(char::is_control);
        self.code.as_deref().filter(short)
    }
}

impl fmt::Debug for Problem {
    /// Without the sentence, which may repeat what the request said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem")
            .field("status", &self.status)
            .field("code", &self.word())
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "epp {}: {}", self.endpoint(), self.kind().describe())?;
        if let Some(problem) = self.problem() {
            write!(f, " (status {}", problem.status)?;
            if let Some(code) = problem.word() {
                write!(f, ", code {code}")?;
            }
            f.write_str(")")?;
        }
        match self.recovery() {
            Some(recovery) => write!(f, "; it may have taken effect: {recovery}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests;
