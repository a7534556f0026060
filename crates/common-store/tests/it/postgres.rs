//! What the database promises beyond the suite, shown on a server of the tests' own.

mod fleet;
mod server;
mod trouble;

use std::sync::{
    OnceLock,
    atomic::{AtomicU32, Ordering},
};

use common_store::{PostgresStore, postgres::PostgresOptions};
use tokio_postgres::{Client, NoTls};

use self::server::{Disk, Server};
use crate::conformance;

/// A schema for one test, and a plain connection to look into it.
struct Place {
    url: String,
    schema: String,
    client: Client,
}

impl Place {
    /// A fresh schema's name; `None`, with a message, without PostgreSQL.
    async fn new() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);

        let schema = format!("test {}", COUNT.fetch_add(1, Ordering::Relaxed));
        let url = format!("{} application_name='{schema}'", server()?.url());
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client.batch_execute(&format!("SET search_path TO \"{schema}\"")).await.unwrap();
        Some(Self { url, schema, client })
    }

    fn options(&self) -> PostgresOptions {
        PostgresOptions::new(&self.url).unwrap().schema(&self.schema)
    }

    async fn store(&self) -> PostgresStore {
        PostgresStore::connect_with(self.options()).await.unwrap()
    }

    async fn run(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }

    async fn number(&self, sql: &str) -> i64 {
        self.client.query_one(sql, &[]).await.unwrap().get(0)
    }
}

/// The server of all tests; it ends with the process. Without PostgreSQL tests skip, unless the
/// environment forbids it.
#[expect(clippy::disallowed_methods, reason = "the machine decides whether a skip is allowed")]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn server() -> Option<&'static Server> {
    static SERVER: OnceLock<Option<Server>> = OnceLock::new();

    let server = SERVER.get_or_init(|| Server::start(Disk::Lazy).unwrap()).as_ref();
    if server.is_none() {
        assert!(
            std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(),
            "FISKUS_REQUIRE_ORACLES is set and there is no PostgreSQL"
        );
        eprintln!("SKIPPED: there is no PostgreSQL here");
    }
    server
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_keeps_every_promise() {
    if server().is_none() {
        return;
    }
    conformance::all(async |clock| {
        let options = Place::new().await.unwrap().options().clock(clock);
        PostgresStore::connect_with(options).await.unwrap()
    })
    .await;
}
