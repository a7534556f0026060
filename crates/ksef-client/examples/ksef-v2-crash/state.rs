//! What parent and children share: the task in a file, and the store that it names.

use std::{collections::BTreeMap, path::Path, sync::Arc, time::Duration};

use common_core::{
    limit::{Window, Windows},
    secret::secret_bytes,
    store::Store,
};
use common_store::{PostgresStore, SealKey, SealedRecords, SqliteStore, postgres::PostgresOptions};
use ksef_client::v2::{LimitGroup, Rates};
use serde::{Deserialize, Serialize};
use trial::Failure;

/// The file of the task.
const TASK: &str = "task.json";

/// How the keys of shared tokens begin.
pub(crate) const TOKENS: &str = "tokens/";

/// By how much longer than the service's the children keep every window: two calls of a busy machine
/// may take times that differ as much.
pub(crate) const MARGIN: Duration = Duration::from_millis(800);

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
    /// Whether another process may go on with the upload of a batch.
    pub(crate) resumes: bool,
    /// Whether documents are collected, too.
    pub(crate) documents: bool,
    /// How long a lease lasts, in milliseconds.
    pub(crate) lease: u64,
    /// How many calls of a group the service takes in a second.
    pub(crate) limits: BTreeMap<String, u16>,
    /// What seals tokens and the keys of batches.
    pub(crate) key: Vec<u8>,
}

impl Task {
    pub(crate) fn write(&self, folder: &Path) -> Result<(), Failure> {
        Ok(std::fs::write(folder.join(TASK), serde_json::to_vec(self)?)?)
    }

    pub(crate) fn read(folder: &Path) -> Result<Self, Failure> {
        Ok(serde_json::from_slice(&std::fs::read(folder.join(TASK))?)?)
    }

    /// The store of the seed.
    pub(crate) async fn store(&self, folder: &Path) -> Result<Arc<dyn Store>, Failure> {
        Ok(match &self.postgres {
            Some([url, schema]) => {
                let options = PostgresOptions::new(url)?.schema(schema).connections(3);
                Arc::new(PostgresStore::connect_with(options).await?)
            }
            None => Arc::new(SqliteStore::open(folder.join("store.db"))?),
        })
    }

    /// Its records, sealed.
    pub(crate) fn sealed(
        &self,
        store: Arc<dyn Store>,
    ) -> Result<SealedRecords<Arc<dyn Store>>, Failure> {
        Ok(SealedRecords::new(store, self.seal_key()?))
    }

    pub(crate) fn seal_key(&self) -> Result<SealKey, Failure> {
        Ok(SealKey::new(1, secret_bytes(self.key.clone()))?)
    }

    /// The limits as clients keep them.
    pub(crate) fn rates(&self) -> Rates {
        LimitGroup::ALL.into_iter().fold(Rates::unlimited(), |rates, group| {
            let Some(limit) = self.limits.get(group.name()) else { return rates };
            let windows = Windows::new([Window::per_second((*limit).into())]);
            rates.with(group, windows.margin(MARGIN))
        })
    }
}
