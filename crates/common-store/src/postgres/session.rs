//! Connections: how they are set, and how one statement is carried out.

use std::{time::Duration, vec};

use common_core::store::{StoreError, StoreErrorKind};
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime,
};
use tokio::time::timeout;
use tokio_postgres::{
    Error, Row, Socket,
    error::SqlState,
    tls::{MakeTlsConnect, TlsConnect},
    types::ToSql,
};

use super::{
    number::{column, from_database},
    options::PostgresOptions,
};

/// What the server calls a lost lease; see `hold_lease` in `v1.sql`.
const LEASE_LOST: &str = "LL001";

const SILENT: &str = "the database is silent";

/// How often a statement is carried out that the server undid for the sake of others.
const TRIES: u32 = 5;

/// The connections of one process.
#[derive(Clone)]
pub(super) struct Sessions {
    pool: Pool,
    patience: Duration,
}

impl Sessions {
    /// Prepares connections; none is made yet.
    pub(super) fn open<T>(options: &PostgresOptions, tls: T) -> Result<Self, StoreError>
    where
        T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
        T::Stream: Send + Sync,
        T::TlsConnect: Send + Sync,
        <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
    {
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let patience = options.patience;
        let settings = settings(&options.schema, patience);
        let set = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let settings = settings.clone();
            Box::pin(async move {
                let done = timeout(patience, client.batch_execute(&settings)).await;
                done.map_err(|_| HookError::message(SILENT))?.map_err(HookError::Backend)
            })
        });
        let pool = Pool::builder(Manager::from_config(options.server.clone(), tls, recycling))
            .max_size(options.connections)
            .wait_timeout(Some(patience))
            .create_timeout(Some(patience))
            .runtime(Runtime::Tokio1)
            .post_create(set)
            .build();
        let pool = pool.map_err(|error| {
            StoreError::unavailable("the connections cannot be set up").because(error)
        })?;
        Ok(Self { pool, patience })
    }

    /// Work of several statements, given up when the server is silent.
    pub(super) async fn within_patience<T>(
        &self,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let done = timeout(self.patience + self.patience / 4, work).await;
        done.unwrap_or_else(|_| Err(StoreError::unavailable(SILENT)))
    }

    /// A connection, for more than one statement.
    pub(super) async fn connection(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => fault(error),
            other => {
                StoreError::unavailable("there is no connection to the database").because(other)
            }
        })
    }

    /// Carries out one statement, which is its own transaction.
    pub(super) async fn rows(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<vec::IntoIter<Row>, StoreError> {
        let client = self.connection().await?;
        let mut tries = 1;
        loop {
            let answered = async {
                let statement = client.prepare_cached(sql).await?;
                client.query(&statement, parameters).await
            };
            // The server ends what takes too long, unless it is the server that is silent.
            let error = match timeout(self.patience + self.patience / 4, answered).await {
                Ok(Ok(rows)) => return Ok(rows.into_iter()),
                Ok(Err(error)) if was_undone(&error) && tries < TRIES => {
                    tries += 1;
                    continue;
                }
                Ok(Err(error)) => Some(error),
                Err(_) => None,
            };
            if error.as_ref().is_none_or(is_broken) {
                // The pool may not have seen it yet and would lend it out again.
                drop(Object::take(client));
            }
            return Err(error.map_or_else(|| StoreError::unavailable(SILENT), fault));
        }
    }

    /// The same for a statement that answers exactly one row.
    pub(super) async fn row(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<Row, StoreError> {
        let row = self.rows(sql, parameters).await?.next();
        row.ok_or_else(|| StoreError::new(StoreErrorKind::Corrupt, "the database gave no answer"))
    }

    /// The same for a statement that answers one count.
    pub(super) async fn count(
        &self,
        sql: &str,
        parameters: &[&(dyn ToSql + Sync)],
    ) -> Result<u64, StoreError> {
        from_database(column(&self.row(sql, parameters).await?, 0)?)
    }
}

/// Settings of each connection, whatever those of the role are.
///
/// A commit must have reached the disk of the server when it is answered; a stronger setting
/// stays. The functions of the store count on each of their statements seeing what was committed
/// before it.
fn settings(schema: &str, patience: Duration) -> String {
    format!(
        "SET search_path TO {};
         SET default_transaction_isolation TO 'read committed';
         SET statement_timeout TO {};
         SELECT set_config('synchronous_commit', 'on', false)
             WHERE current_setting('synchronous_commit') IN ('off', 'local')",
        quoted(schema),
        patience.as_millis(),
    )
}

/// A name as SQL takes it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Whether the server undid everything, so that trying again cannot do it twice.
fn was_undone(error: &Error) -> bool {
    let undone = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE];
    error.code().is_some_and(|code| undone.contains(code))
}

/// Whether the connection is of no more use: the server ended it, or said nothing.
fn is_broken(error: &Error) -> bool {
    let ended =
        [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::IDLE_SESSION_TIMEOUT];
    error.code().is_none_or(|code| ended.contains(code))
}

/// The store's word for what the server or the connection said.
pub(super) fn fault(error: Error) -> StoreError {
    match error.code() {
        Some(code) if code.code() == LEASE_LOST => StoreError::lease_lost(),
        Some(code) if [SqlState::DATA_CORRUPTED, SqlState::INDEX_CORRUPTED].contains(code) => {
            StoreError::new(StoreErrorKind::Corrupt, "the database is damaged").because(error)
        }
        _ => StoreError::unavailable("the database failed").because(error),
    }
}
