//! What parent and children share: the task in a file, and the store that it names.

use std::{path::Path, sync::Arc};

use common_core::store::Store;
use common_store::{PostgresStore, SqliteStore, postgres::PostgresOptions};
use ksef_client::v2::{inbox::Inbox, outbox::Outbox};
use serde::{Deserialize, Serialize};
use trial::Failure;

/// The file of the task.
const TASK: &str = "task.json";

/// What the children of a seed are told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) seed: u64,
    /// The address of the interface.
    pub(crate) api: String,
    /// The address of Latarnia.
    pub(crate) latarnia: String,
    /// The KSeF tokens of seller and buyer.
    pub(crate) tokens: [String; 2],
    /// The address and the schema of a PostgreSQL; none for an SQLite file.
    pub(crate) postgres: Option<[String; 2]>,
    /// Whether many invoices go as batches.
    pub(crate) batches: bool,
    /// Whether documents are collected, too.
    pub(crate) documents: bool,
    /// How long a lease lasts, in milliseconds.
    pub(crate) lease: u64,
}

impl Task {
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        Ok(std::fs::write(folder.join(TASK), serde_json::to_vec(self)?)?)
    }

    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&std::fs::read(folder.join(TASK))?)?)
    }

    /// Outbox and inbox in the store of the seed.
    pub(crate) async fn boxes(&self, folder: &Path) -> Result<(Outbox, Inbox), Failure> {
        let store: Arc<dyn Store> = match &self.postgres {
            Some([url, schema]) => {
                let options = PostgresOptions::new(url)?.schema(schema).connections(3);
                Arc::new(PostgresStore::connect_with(options).await?)
            }
            None => Arc::new(SqliteStore::open(folder.join("store.db"))?),
        };
        Ok((Outbox::new(Arc::clone(&store), "seller")?, Inbox::new(store, "buyer")?))
    }
}
