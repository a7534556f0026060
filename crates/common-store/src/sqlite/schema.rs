//! Opening the file: its settings, and its tables in the version that this crate knows.

use std::{path::Path, time::Duration};

use common_core::store::StoreError;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::{fault::Fault, number::to_file};

/// Stands in the header of every file of this engine, so that no other file is taken for one.
const APPLICATION: i64 = 0x6669_736b;

/// How long another process may hold the file before a job fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Openings of one fresh file may collide while it changes to the write-ahead log.
const WAL_TRIES: usize = 20;

/// Statements kept prepared; the engine has about thirty.
const STATEMENTS: usize = 64;

/// The step from each version of the tables to the next; a step that was released never changes.
///
/// `journals.floor` is the highest place that compaction may have removed. `counters` holds the
/// last version and the last fence that were given. `leases.since_ms` is the earliest moment at which
/// a lease holds.
const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE journals (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        floor INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE entries (
        journal INTEGER NOT NULL,
        position INTEGER NOT NULL,
        acknowledged INTEGER NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (journal, position)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE records (
        key TEXT NOT NULL PRIMARY KEY,
        version INTEGER NOT NULL,
        expires_ms INTEGER,
        value BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX records_by_end ON records (expires_ms) WHERE expires_ms IS NOT NULL;
    CREATE TABLE leases (
        name TEXT NOT NULL PRIMARY KEY,
        holder TEXT NOT NULL,
        fence INTEGER NOT NULL,
        until_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE limits (
        key TEXT NOT NULL PRIMARY KEY,
        log BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE counters (
        name TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    INSERT INTO counters VALUES ('version', 0), ('fence', 0);
",
    "
    ALTER TABLE leases ADD COLUMN since_ms INTEGER NOT NULL DEFAULT 0;
",
];

/// Opens the file, and makes it when there is none.
pub(super) fn open(path: &Path) -> Result<Connection, Fault> {
    create_private(path)?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    // A file that is not ours is refused before anything in it changes.
    known_version(&connection)?;
    write_ahead(&connection)?;
    // Each commit reaches the disk before it is answered, on macOS through the drive's cache, too.
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    migrate(&mut connection)?;
    Ok(connection)
}

/// Makes an empty file that only its owner may read; SQLite gives its side files the same rights.
fn create_private(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) => Err(StoreError::unavailable("the file cannot be opened").because(error)),
    }
}

/// The version of the tables in the file: zero for an empty one.
fn known_version(connection: &Connection) -> Result<usize, Fault> {
    let sql = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema)
               FROM pragma_application_id, pragma_user_version";
    let (application, version, objects): (i64, i64, i64) =
        connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    if application != APPLICATION {
        let is_empty = (application, version, objects) == (0, 0, 0);
        return if is_empty { Ok(0) } else { Err(Fault::corrupt("the file is no store")) };
    }
    match usize::try_from(version) {
        Ok(version) if version <= MIGRATIONS.len() => Ok(version),
        _ => Err(Fault::corrupt("the file was written by a newer version of this crate")),
    }
}

/// Changes the file to the write-ahead log, where it then stays.
///
/// Two processes that change a fresh file at once get in each other's way without SQLite waiting
/// for either: it would be a deadlock. An empty transaction waits for the other one instead.
fn write_ahead(connection: &Connection) -> Result<(), Fault> {
    for _ in 0..WAL_TRIES {
        let changed =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        match changed {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => break,
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) => {
                connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::unavailable("the file cannot be given a write-ahead log").into())
}

/// Brings the tables to the newest version, in one transaction.
fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    if known_version(connection)? == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another process may have been first.
    for step in MIGRATIONS.iter().skip(known_version(&transaction)?) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", to_file(MIGRATIONS.len() as u64))?;
    Ok(transaction.commit()?)
}
