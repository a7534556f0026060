//! What the sandbox saw: every request, and everything that a correct client would not have sent.
//!
//! Paths are kept without their query and headers are not kept at all, because both may carry
//! secrets.

use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// The emulated systems.
///
/// In JSON they have their names of the command line; the names of the ready line, such as
/// `ksef_v2`, are read as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum System {
    /// KROS Fakturácia, Slovakia.
    Kros,
    /// ePP of the Treasury, Serbia; its API and its web host.
    Epp,
    /// KSeF 1.x, Poland.
    #[serde(alias = "ksef_v1")]
    KsefV1,
    /// KSeF 2.0, Poland; its API, its storage and its status service.
    #[serde(alias = "ksef_v2")]
    KsefV2,
    /// The Central Cash Register Repository, Poland; its three channels.
    Crk,
}

impl System {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Kros, Self::Epp, Self::KsefV1, Self::KsefV2, Self::Crk];
}

/// One request and how it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Exchange {
    /// Counts the requests of this sandbox from 1.
    pub id: u64,
    /// Which system was asked.
    pub system: System,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
    /// When the request had been read.
    pub at: DateTime<Utc>,
    /// The status that was sent; `None` while it is being answered or when the connection was
    /// closed by a fault.
    pub status: Option<u16>,
}

/// Something that a correct client does not send.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Unexpected {
    /// Which system was asked.
    pub system: System,
    /// What was wrong, without any value that was sent.
    pub what: String,
    /// The HTTP method.
    pub method: String,
    /// The path without its query.
    pub path: String,
}

/// The memory of one sandbox.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Pages>);

#[derive(Debug, Default)]
struct Pages {
    exchanges: Vec<Exchange>,
    unexpected: Vec<Unexpected>,
}

impl Journal {
    /// Notes a request that has been read and gives its number.
    pub(crate) fn begin(&self, system: System, method: &str, path: &str, at: DateTime<Utc>) -> u64 {
        let mut pages = self.pages();
        let id = pages.exchanges.len() as u64 + 1;
        let (method, path) = (method.to_owned(), path.to_owned());
        pages.exchanges.push(Exchange { id, system, method, path, at, status: None });
        id
    }

    /// Notes the status that request `id` is answered with.
    pub(crate) fn answered(&self, id: u64, status: u16) {
        let index = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
        let mut pages = self.pages();
        if let Some(exchange) = index.and_then(|index| pages.exchanges.get_mut(index)) {
            exchange.status = Some(status);
        }
    }

    /// Notes something that should not have been sent.
    pub(crate) fn unexpected(&self, unexpected: Unexpected) {
        tracing::warn!(what = unexpected.what, path = unexpected.path, "unexpected request");
        self.pages().unexpected.push(unexpected);
    }

    /// The requests to one system so far.
    pub(crate) fn exchanges_with(&self, system: System) -> Vec<Exchange> {
        let pages = self.pages();
        pages.exchanges.iter().filter(|exchange| exchange.system == system).cloned().collect()
    }

    /// The unexpected ones to one system so far.
    pub(crate) fn unexpected_at(&self, system: System) -> Vec<Unexpected> {
        let pages = self.pages();
        pages.unexpected.iter().filter(|one| one.system == system).cloned().collect()
    }

    /// All requests so far.
    pub(crate) fn exchanges(&self) -> Vec<Exchange> {
        self.pages().exchanges.clone()
    }

    /// All unexpected ones so far.
    pub(crate) fn unexpected_ones(&self) -> Vec<Unexpected> {
        self.pages().unexpected.clone()
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_without_an_answer_has_no_status() {
        let journal = Journal::default();
        let at = DateTime::<Utc>::UNIX_EPOCH;
        let first = journal.begin(System::Kros, "GET", "/a", at);
        let second = journal.begin(System::Kros, "GET", "/b", at);
        journal.answered(second, 200);
        let statuses: Vec<_> = journal.exchanges().iter().map(|one| one.status).collect();
        assert_eq!((first, second), (1, 2));
        assert_eq!(statuses, [None, Some(200)]);
    }
}
