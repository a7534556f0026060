//! What parent and child share: the task in a file, and the store.

use std::{path::Path, sync::Arc};

use chrono::{DateTime, Utc};
use common_store::SqliteStore;
use ksef_client::v2::{
    inbox::Inbox,
    wire::InvoiceQuerySubjectType::{self, Subject1, Subject2},
};
use serde::{Deserialize, Serialize};
use trial::Failure;

/// The file of the task.
const TASK: &str = "task.json";

/// The file that tells the child to come to an end.
const FINISH: &str = "finish";

/// The folder of collected documents.
pub(crate) const DOCUMENTS: &str = "documents";

/// The roles that are collected.
pub(crate) const ROLES: [InvoiceQuerySubjectType; 2] = [Subject2, Subject1];

/// What the child is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    /// The address of the interface.
    pub(crate) api: String,
    /// The company that collects, and its KSeF token.
    pub(crate) nip: String,
    pub(crate) token: String,
    /// Where collecting begins.
    pub(crate) since: DateTime<Utc>,
    /// How many pages or packages a step reads.
    pub(crate) pages: usize,
    /// Whether it collects by packages, with the documents.
    pub(crate) documents: bool,
}

impl Task {
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir(folder.join(DOCUMENTS))?;
        Ok(std::fs::write(folder.join(TASK), serde_json::to_vec(self)?)?)
    }

    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&std::fs::read(folder.join(TASK))?)?)
    }
}

/// The inbox in the store of the folder.
pub(crate) fn inbox(folder: &Path) -> Result<Inbox, Failure> {
    Ok(Inbox::new(Arc::new(SqliteStore::open(folder.join("store.db"))?), "company")?)
}

/// Tells the child to come to an end when everything has arrived.
pub(crate) fn finish(folder: &Path) -> Result<(), Failure> {
    Ok(std::fs::write(folder.join(FINISH), "")?)
}

/// Whether it was told so.
pub(crate) fn is_to_finish(folder: &Path) -> bool {
    folder.join(FINISH).exists()
}
