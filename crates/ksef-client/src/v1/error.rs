//! The error of a call, in the words of this service (specification 1.9, chapter 14; KSeF 1.x facts
//! §11).

mod kind;
mod problem;

use std::{fmt, time::Duration};

use common_core::effect::Effect;
use common_http::{BuildError, Failure, Info};

pub use kind::ErrorKind;
pub use problem::{Finding, Problem};

use crate::v1::{endpoint::is_short, exception::ExceptionCode, progress::Progress};

/// Why a call failed, what the service said, and whether it may have happened.
pub struct Error(Box<Failure<ErrorKind, Problem>>);

impl Error {
    /// A failure on this side, or one told by an answer that was a success; nothing happened.
    pub(crate) fn local(
        kind: ErrorKind,
        endpoint: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self(Box::new(Failure::new(kind, endpoint).because(source)))
    }

    pub(crate) fn input(endpoint: &'static str, source: BuildError) -> Self {
        Self::local(ErrorKind::Input, endpoint, source)
    }

    /// A success whose answer lacks what the next step needs.
    pub(crate) fn unreadable(info: &Info, cause: &'static str) -> Self {
        let mut error = Self::local(ErrorKind::Unreadable, info.name, cause);
        error.0.may_have_happened = info.effect != Effect::Read;
        error
    }

    /// Why the call failed.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the call may have done its work although it failed; `false` is a promise.
    ///
    /// When it is `true`, do what [`recovery`](Self::recovery) says before doing anything again.
    pub fn may_have_happened(&self) -> bool {
        self.0.may_have_happened
    }

    /// How to find out what became of a call that may have happened; `None` when there is nothing
    /// to find out.
    pub fn recovery(&self) -> Option<Recovery> {
        if !self.may_have_happened() {
            return None;
        }
        Some(match self.endpoint() {
            "invoices.send" => Recovery::SessionStatus,
            "session.init_token"
            | "session.init_token_v1"
            | "session.init_signed"
            | "session.init_signed_v1" => Recovery::SessionExpires,
            "session.terminate" | "batch.upload" | "batch.finish" => Recovery::CommonStatus,
            "batch.init" => Recovery::BatchExpires,
            "tokens.generate"
            | "tokens.revoke"
            | "tokens.revoke_v1"
            | "credentials.grant"
            | "credentials.revoke"
            | "credentials.context_grant"
            | "credentials.context_revoke"
            | "credentials.accounting_grant"
            | "credentials.accounting_revoke" => Recovery::QueryCredentials,
            "queries.start_invoices" | "queries.start_invoices_v1" => Recovery::QueryExpires,
            "visibility.hide" | "visibility.show" => Recovery::InvoiceVisibility,
            "scam.report" | "scam.cancel" => Recovery::InvoiceScam,
            "payment_identifiers.request" => Recovery::QueryPaymentIdentifiers,
            _ => Recovery::Unknown,
        })
    }

    /// Whether the same call may well succeed a moment later: 429 and 5xx, codes 21121, 21304 and
    /// 30012, and what went wrong on the way (KSeF 1.x facts §11).
    ///
    /// It says nothing about whether the call has happened.
    pub fn is_transient(&self) -> bool {
        self.kind().is_transient() || self.code().is_some_and(ExceptionCode::is_transient)
    }

    /// The code of the first finding, if the service named one.
    pub fn code(&self) -> Option<ExceptionCode> {
        self.problem().and_then(Problem::code)
    }

    /// How far a process had come that failed, for kinds [`Failed`](ErrorKind::Failed) and
    /// [`SessionEnded`](ErrorKind::SessionEnded): its code, the step, and the exception.
    pub fn progress(&self) -> Option<&Progress> {
        self.0.source()?.downcast_ref()
    }

    /// What the service said, when it answered with a failure.
    pub fn problem(&self) -> Option<&Problem> {
        self.0.problem.as_ref()
    }

    /// How long to wait before another try makes sense, when that is known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Name of the endpoint, as `invoices.send`.
    pub fn endpoint(&self) -> &'static str {
        self.0.endpoint
    }

    /// The name of the exchange in a header of the answer, if it had one;
    /// [`Problem::service_code`] is what the authority asks for in reports.
    pub fn request_id(&self) -> Option<&str> {
        self.0.request_id.as_deref()
    }
}

/// How to find out what became of a call whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// An invoice may have been sent: list the session's invoices, as
    /// [`Session::find_sent`](crate::v1::session::Session::find_sent) does. An invoice that is
    /// sent twice is refused as a duplicate (21176), so it is not issued twice.
    SessionStatus,
    /// A session may have been opened whose token is lost: it ends by itself after 120 minutes.
    /// Open another one with a new challenge.
    SessionExpires,
    /// Ask for the status by the reference number, `GET common/Status/{ReferenceNumber}`.
    CommonStatus,
    /// A batch may have been announced whose number is lost: without its parts it comes to nothing
    /// (21208). Announce it again.
    BatchExpires,
    /// List the credentials, `POST online/Query/Credential/Sync`. A token that was generated and
    /// lost should be revoked by its number.
    QueryCredentials,
    /// A query may have been started whose number is lost: its results are dropped after a while.
    /// Start it again.
    QueryExpires,
    /// Ask whether the invoice is hidden, `GET online/Invoice/Visibility/{KSeFReferenceNumber}`.
    InvoiceVisibility,
    /// Ask for the report of abuse, `GET online/Invoice/Scam/{KSeFReferenceNumber}`.
    InvoiceScam,
    /// List the payment identifiers, `POST online/Query/PaymentIdentifier/Sync`.
    QueryPaymentIdentifiers,
    /// The operation is not one that this version knows: look at what it changes.
    Unknown,
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SessionStatus => "look for the invoice in the session's status",
            Self::SessionExpires => "open another session; a lost one ends by itself",
            Self::CommonStatus => "ask for the status by the reference number",
            Self::BatchExpires => "announce the batch again; a lost one comes to nothing",
            Self::QueryCredentials => "list the credentials",
            Self::QueryExpires => "start the query again; the results of a lost one are dropped",
            Self::InvoiceVisibility => "ask whether the invoice is hidden",
            Self::InvoiceScam => "ask for the invoice's report of abuse",
            Self::QueryPaymentIdentifiers => "list the payment identifiers",
            Self::Unknown => "look at what the operation changes",
        })
    }
}

impl From<common_http::Error> for Error {
    fn from(error: common_http::Error) -> Self {
        let problem = error.problem().map(Problem::from);
        let told = problem.as_ref().and_then(Problem::code).and_then(ExceptionCode::kind);
        let kind = told.unwrap_or_else(|| match cause::<BuildError>(&error) {
            Some(cause) if is_short(cause) => ErrorKind::Unreadable,
            _ => ErrorKind::of(&error),
        });
        // A business code says that nothing was done, whatever the status beside it; codes of a
        // failing server and unknown ones say nothing.
        let refused = told.is_some_and(|kind| !kind.is_doubtful());
        let surely_not = refused && error.attempts() == 1;
        let mut failure = Failure::of_call(kind, problem, error);
        failure.may_have_happened &= !surely_not;
        Self(Box::new(failure))
    }
}

fn cause<E: std::error::Error + 'static>(error: &common_http::Error) -> Option<&E> {
    std::error::Error::source(error)?.downcast_ref()
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ksef {}: {}", self.endpoint(), self.kind().describe())?;
        match (self.problem(), self.code()) {
            (Some(problem), Some(code)) => {
                write!(f, " (status {}, code {code}", problem.status)?;
                match code.meaning() {
                    Some(meaning) => write!(f, ": {meaning})")?,
                    None => f.write_str(")")?,
                }
            }
            (Some(problem), None) => write!(f, " (status {})", problem.status)?,
            (None, _) => {}
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

/// A step that failed and gives its handle back.
pub type Unfinished<H> = crate::Unfinished<H, Error>;

impl<H> From<Unfinished<H>> for Error {
    fn from(unfinished: Unfinished<H>) -> Self {
        unfinished.into_parts().1
    }
}

#[cfg(test)]
mod tests;
