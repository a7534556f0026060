//! Under which names a register's things stand in the engine.

use crate::ident::{CommandId, UniqueNumber};

/// The version of everything that the journal writes; another one is refused.
pub(super) const FORMAT: &[u8] = b"1";

/// The names of one register; several registers can share an engine.
#[derive(Debug)]
pub(super) struct Names {
    /// The lease.
    pub(super) lease: String,
    /// The journal of documents and gaps.
    pub(super) documents: String,
    /// The journal of packages.
    pub(super) outbox: String,
    prefix: String,
}

impl Names {
    pub(super) fn of(number: &UniqueNumber) -> Self {
        let prefix = format!("ekasy/{number}");
        Self {
            lease: prefix.clone(),
            documents: format!("{prefix}/documents"),
            outbox: format!("{prefix}/outbox"),
            prefix,
        }
    }

    /// The record with that name.
    pub(super) fn record(&self, name: &str) -> String {
        format!("{}/{name}", self.prefix)
    }

    /// The record of a secret, whose value is sealed.
    pub(super) fn secret(&self, name: &str) -> String {
        format!("{}/secret/{name}", self.prefix)
    }

    /// What the records of commands begin with.
    pub(super) fn commands(&self) -> String {
        format!("{}/command/", self.prefix)
    }

    /// The record of a command of the repository.
    pub(super) fn command(&self, id: &CommandId) -> String {
        format!("{}{id}", self.commands())
    }
}
