//! The tables, in the version that this crate knows.

use common_core::store::{StoreError, StoreErrorKind};
use tokio_postgres::{Client, Transaction};

use super::session::{Sessions, fault, quoted};

/// The step from each version of the tables to the next; a step that was released never changes.
const MIGRATIONS: &[&str] = &[include_str!("v1.sql"), include_str!("v2.sql")];

const EXISTS: &str = "
    SELECT EXISTS (
        SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname = 'store_version'
    )";

/// Brings the tables to the newest version, in one transaction and by one process at a time.
pub(super) async fn migrate(sessions: &Sessions, schema: &str) -> Result<(), StoreError> {
    let mut client = sessions.connection().await?;
    if known_version(&client, schema).await? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = client.transaction().await.map_err(fault)?;
    let work = "common-store migration of ".to_owned() + schema;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    transaction.execute(lock, &[&work]).await.map_err(fault)?;
    // Another process may have been first.
    let version = known_version(transaction.client(), schema).await?;
    if version < MIGRATIONS.len() {
        take_steps(&transaction, schema, version).await.map_err(fault)?;
    }
    transaction.commit().await.map_err(fault)
}

/// The version of the tables in the schema: zero when there are none.
async fn known_version(client: &Client, schema: &str) -> Result<usize, StoreError> {
    // A look-up by name may answer from a cache that is older than the lock; the catalogue does not.
    let exists = client.query_one(EXISTS, &[&schema]).await;
    if !exists.and_then(|row| row.try_get(0)).map_err(fault)? {
        return Ok(0);
    }
    let select = format!("SELECT number FROM {}.store_version", quoted(schema));
    let row = client.query_one(&select, &[]).await.map_err(fault)?;
    let number: i32 = row.try_get(0).map_err(fault)?;
    match usize::try_from(number) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => {
            let message = "the tables were written by a newer version of this crate";
            Err(StoreError::new(StoreErrorKind::Corrupt, message))
        }
    }
}

async fn take_steps(
    transaction: &Transaction<'_>,
    schema: &str,
    version: usize,
) -> Result<(), tokio_postgres::Error> {
    if version == 0 {
        let schema = quoted(schema);
        let begin = format!(
            "CREATE SCHEMA IF NOT EXISTS {schema};
             CREATE TABLE {schema}.store_version (number integer NOT NULL);
             INSERT INTO {schema}.store_version VALUES (0)"
        );
        transaction.batch_execute(&begin).await?;
    }
    for step in &MIGRATIONS[version..] {
        transaction.batch_execute(step).await?;
        transaction.batch_execute("UPDATE store_version SET number = number + 1").await?;
    }
    Ok(())
}
