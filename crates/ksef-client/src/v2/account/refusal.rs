//! Whose fault it is that a login failed, and for how long that is remembered (KSeF 2.0 facts §8 and
//! §14).
//!
//! What speaks of the credential lasts until another one is set: each further try would fail alike,
//! and look like an attack. Everything else may have been an accident: a challenge that became too
//! old on the way, a gate in front of the service, a permission that is granted later. It is tried
//! again after a pause that grows.

use std::{sync::Arc, time::Duration};

use common_core::clock::Tick;
use common_http::Endpoint;

use super::renewal::NoAccess;
use crate::v2::{
    auth,
    error::{Error, ErrorKind},
    status::Status,
};

/// The codes that refuse a credential: its signature does not hold, its certificate is not taken, it
/// does not fit the kind of context, it is a deceased person's, its kind of signature is not that of
/// this login.
const OF_CREDENTIAL: [u32; 5] = [9105, 21115, 21117, 21308, 21406];

/// What the service says besides 450 and 460 when challenge, time, encryption or encoding of the
/// token were wrong, when a token is not active, as a fresh one is not yet, or when a chain could
/// not be verified: parts of its words, in Polish.
const ACCIDENTS: [&str; 6] =
    ["wyzwani", "czas", "szyfrowani", "kodowani", "nieaktywn", "weryfikacji"];

/// The first pause before a login is tried again, and how often it may double.
const PAUSE: Duration = Duration::from_secs(15);
const DOUBLINGS: u32 = 6;

/// A refused login, as it is remembered.
pub(super) struct Refusal {
    error: Arc<Error>,
    /// When to try again; none when that is of no use.
    again: Option<Tick>,
    count: u32,
}

impl Refusal {
    /// The refusal that comes after another one.
    pub(super) fn after(earlier: Option<&Self>, error: Arc<Error>, now: Tick) -> Self {
        let count = earlier.map_or(0, |earlier| earlier.count + 1);
        let pause = PAUSE * 2_u32.pow(count.min(DOUBLINGS));
        let pause = pause.max(error.retry_after().unwrap_or_default());
        let again = (!is_of_credential(&error)).then(|| now + pause);
        Self { error, again, count }
    }

    /// The refusal as long as it holds.
    pub(super) fn holding(&self, now: Tick) -> Option<Arc<Error>> {
        let holds = self.again.is_none_or(|again| now < again);
        holds.then(|| Arc::clone(&self.error))
    }
}

/// Whether the service looked at a login and did not take it. A failure on the way is none, nor is a
/// refusal of the calls before, which do not show the credential.
pub(super) fn is_refusal(error: &Error) -> bool {
    if error.endpoint() == auth::Challenge::INFO.name || !error.endpoint().starts_with("auth.") {
        return false;
    }
    match error.kind() {
        ErrorKind::Failed => !error.is_transient(),
        kind => matches!(
            kind,
            ErrorKind::Unauthenticated
                | ErrorKind::LoginRefused
                | ErrorKind::Signature
                | ErrorKind::Forbidden
                | ErrorKind::Invalid
        ),
    }
}

/// Whether that account has no login, and gets none before another credential is set.
pub(crate) fn is_locked_out(error: &Error) -> bool {
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        match error.downcast_ref::<NoAccess>() {
            Some(NoAccess::NoCredential) => return true,
            Some(NoAccess::NotLoggedIn(error)) => return is_of_credential(error),
            // There was no credential, or it would have been tried.
            Some(NoAccess::NotRenewed(error)) => return is_refresh_refused(error),
            None => cause = error.source(),
        }
    }
    false
}

fn is_of_credential(error: &Error) -> bool {
    match error.status() {
        Some(Status { code: 450 | 460, details, .. }) => !details.iter().any(|told| {
            let told = told.to_lowercase();
            ACCIDENTS.iter().any(|accident| told.contains(accident))
        }),
        Some(status) => status.code == 470,
        None => error.code().is_some_and(|code| OF_CREDENTIAL.contains(&code.number())),
    }
}

fn is_refresh_refused(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Unauthenticated | ErrorKind::LoginRefused)
}
