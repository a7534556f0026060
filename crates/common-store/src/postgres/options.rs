//! Where the database is and how it is used.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use common_core::{clock::Clock, store::StoreError};
use tokio_postgres::{Config, config::Host};

const PATIENCE: Duration = Duration::from_secs(30);

/// How to reach a [`PostgresStore`](super::PostgresStore).
///
/// The address may hold a password: it is never shown.
#[derive(Clone)]
pub struct PostgresOptions {
    pub(super) server: Config,
    pub(super) schema: String,
    pub(super) connections: usize,
    pub(super) patience: Duration,
    pub(super) clock: Option<Arc<dyn Clock>>,
}

impl PostgresOptions {
    /// The database at that address, a URL or `key=value` pairs as libpq takes them.
    ///
    /// # Errors
    ///
    /// `Unavailable` when the address cannot be read. The error does not repeat it.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        let unreadable = |_| StoreError::unavailable("the address of the database cannot be read");
        let server = url.parse().map_err(unreadable)?;
        let schema = "common_store".to_owned();
        Ok(Self { server, schema, connections: 8, patience: PATIENCE, clock: None })
    }

    /// Sets the schema that holds the tables, `common_store` unless set.
    ///
    /// Stores in different schemas share nothing. The schema should hold nothing else.
    #[must_use]
    pub fn schema(mut self, name: impl Into<String>) -> Self {
        self.schema = name.into();
        self
    }

    /// Sets how many connections this process keeps at most, 8 unless set and at least one.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.max(1);
        self
    }

    /// Sets how long a call waits for a connection to be free, for a new one to be made, and for a
    /// statement, 30 seconds unless set; between a second and a day.
    ///
    /// The server breaks a longer statement off. One that falls silent, as after a loss of power, is
    /// given up a quarter later: the call fails as `Unavailable`, and the next one makes another
    /// connection. What was written then may have been, as after any failure of the store.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience.clamp(Duration::from_secs(1), Duration::from_secs(86_400));
        self
    }

    /// Sets a clock that takes the place of the server's: for tests and simulations.
    ///
    /// Processes that share a schema must then have the same time.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Fails unless the database is on this machine: no other may be reached without TLS.
    pub(super) fn require_local(&self) -> Result<(), StoreError> {
        let hosts = self.server.get_hosts().iter().all(is_local);
        let addresses = self.server.get_hostaddrs().iter().all(IpAddr::is_loopback);
        if hosts && addresses {
            return Ok(());
        }
        Err(StoreError::unavailable("a database on another machine needs a connector for TLS"))
    }
}

fn is_local(host: &Host) -> bool {
    match host {
        Host::Tcp(name) if name == "localhost" => true,
        Host::Tcp(name) => name.parse().is_ok_and(|address: IpAddr| address.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("schema", &self.schema)
            .field("connections", &self.connections)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_reached_without_tls() {
        for local in [
            "postgres://a@localhost/d",
            "postgres://a@127.0.0.1:5433/d",
            "postgres://a@[::1]/d",
            "host=/run/postgresql user=a",
            "host=localhost hostaddr=127.0.0.1 user=a",
        ] {
            PostgresOptions::new(local).unwrap().require_local().unwrap();
        }
        for remote in [
            "postgres://a@db.example/d",
            "postgres://a@192.0.2.1/d",
            "postgres://a@localhost,db.example/d",
            "host=localhost hostaddr=192.0.2.1 user=a",
        ] {
            let refused = PostgresOptions::new(remote).unwrap().require_local().unwrap_err();
            assert!(refused.to_string().contains("TLS"), "{remote}");
        }
    }

    #[test]
    fn a_password_is_never_shown() {
        let options = PostgresOptions::new("postgres://a:canary@localhost/d").unwrap();
        assert!(!format!("{options:?}").contains("canary"));
        let error = PostgresOptions::new("postgres://a:canary@localhost:canary/d").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
}
