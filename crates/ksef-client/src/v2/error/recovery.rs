//! What to do about a call whose outcome is unknown.

use std::fmt;

/// How to find out what became of a call whose outcome is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Recovery {
    /// A login may have begun whose token is lost: it ends by itself. Begin another one with a new
    /// challenge.
    LogInAgain,
    /// The tokens of a login may have been given out and lost. They are not given twice (21301):
    /// begin another login, and end the lost one by its number,
    /// [`auth_sessions::Revoke`](crate::v2::auth_sessions::Revoke).
    RevokeAndLogInAgain,
    /// A session may have been opened whose number is lost. List the sessions of that kind by time,
    /// [`sessions::List`](crate::v2::sessions::List); one without invoices ends by itself.
    ListSessions,
    /// An invoice may have been sent: look for its hash in the invoices of the session, as
    /// [`OnlineSession::find`](crate::v2::sending::OnlineSession::find) does. A second one is
    /// refused as a duplicate (status 440, which names the first one).
    SessionInvoices,
    /// A session may have been closed: ask for its status.
    SessionStatus,
    /// An export may have been started whose number is lost: its package expires. Start it again;
    /// it counts as running for a while.
    ExportExpires,
    /// A token may have been made whose text is lost: list the tokens and revoke it.
    ListTokens,
    /// A permission may have been granted or taken: query the permissions.
    QueryPermissions,
    /// A certificate may have been requested whose number is lost: query the certificates.
    QueryCertificates,
    /// A collective identifier may have been made whose number is lost: query them.
    QueryCollectiveIdentifiers,
    /// Repeating the call does no harm.
    Repeat,
}

impl Recovery {
    /// What is to be done after that endpoint.
    pub(super) fn of(endpoint: &str) -> Self {
        match endpoint.split_once('.') {
            Some(("auth", "redeem")) => Self::RevokeAndLogInAgain,
            Some(("auth", _)) => Self::LogInAgain,
            Some(("online", "send")) => Self::SessionInvoices,
            Some(("online" | "batch", "open")) => Self::ListSessions,
            Some(("online" | "batch", "close")) => Self::SessionStatus,
            Some(("exports", _)) => Self::ExportExpires,
            Some(("tokens", "generate")) => Self::ListTokens,
            Some(("permissions", _)) => Self::QueryPermissions,
            Some(("certificates", "enroll")) => Self::QueryCertificates,
            Some(("collective_identifiers", _)) => Self::QueryCollectiveIdentifiers,
            _ => Self::Repeat,
        }
    }
}

impl fmt::Display for Recovery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LogInAgain => "begin another login; a lost one ends by itself",
            Self::RevokeAndLogInAgain => "begin another login and revoke the lost one",
            Self::ListSessions => "list the sessions; one without invoices ends by itself",
            Self::SessionInvoices => "look for the invoice's hash in the session",
            Self::SessionStatus => "ask for the status of the session",
            Self::ExportExpires => "start the export again; a lost one expires",
            Self::ListTokens => "list the tokens and revoke a lost one",
            Self::QueryPermissions => "query the permissions",
            Self::QueryCertificates => "query the certificates",
            Self::QueryCollectiveIdentifiers => "query the collective identifiers",
            Self::Repeat => "repeat the call",
        })
    }
}
