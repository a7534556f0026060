//! Records in the file.

use chrono::{DateTime, Utc};
use common_core::store::{Change, Expect, Record, Swap, Version};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    fault::Fault,
    number::{from_file, time},
};
use crate::memory::{fits, is_live};

pub(super) fn get(
    connection: &Connection,
    key: &str,
    now: DateTime<Utc>,
) -> Result<Option<Record>, Fault> {
    let mut find = connection
        .prepare_cached("SELECT key, value, version, expires_ms FROM records WHERE key = ?1")?;
    let mut rows = find.query([key])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let (_, record) = read(row)?;
    Ok(Some(record).filter(|record| is_live(record, now)))
}

fn read(row: &Row<'_>) -> Result<(String, Record), Fault> {
    let record = Record {
        value: row.get(1)?,
        version: Version::new(from_file(row.get(2)?)?),
        expires_at: row.get::<_, Option<i64>>(3)?.map(time).transpose()?,
    };
    Ok((row.get(0)?, record))
}

pub(super) fn swap(
    connection: &Connection,
    key: &str,
    expect: Expect,
    change: &Change,
    now: DateTime<Utc>,
) -> Result<Swap, Fault> {
    let current = get(connection, key, now)?;
    if !fits(expect, current.as_ref()) {
        return Ok(Swap::Conflict(current));
    }
    let version = count(connection, "version")?;
    match change {
        Change::Put { value, expires_at } => {
            let mut put = connection.prepare_cached(
                "REPLACE INTO records (key, value, version, expires_ms) VALUES (?1, ?2, ?3, ?4)",
            )?;
            let end = expires_at.map(|end| end.timestamp_millis());
            put.execute(params![key, value, version, end])?;
        }
        Change::Remove => {
            let mut remove = connection.prepare_cached("DELETE FROM records WHERE key = ?1")?;
            remove.execute([key])?;
        }
    }
    Ok(Swap::Done(Version::new(from_file(version)?)))
}

/// The next number of a counter of the whole file.
pub(super) fn count(connection: &Connection, counter: &str) -> Result<i64, Fault> {
    let mut raise = connection
        .prepare_cached("UPDATE counters SET value = value + 1 WHERE name = ?1 RETURNING value")?;
    let next = raise.query_row([counter], |row| row.get(0)).optional()?;
    next.ok_or_else(|| Fault::corrupt("a counter of the file is missing"))
}

pub(super) fn list(
    connection: &Connection,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
    now: DateTime<Utc>,
) -> Result<Vec<(String, Record)>, Fault> {
    let mut find = connection.prepare_cached(
        "SELECT key, value, version, expires_ms FROM records WHERE key >= ?1 ORDER BY key",
    )?;
    let mut rows = find.query([after.map_or(prefix, |after| after.max(prefix))])?;
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(row) = rows.next()? else { break };
        let (key, record) = read(row)?;
        if !key.starts_with(prefix) {
            break;
        }
        if after.is_none_or(|after| key.as_str() > after) && is_live(&record, now) {
            found.push((key, record));
        }
    }
    Ok(found)
}

pub(super) fn sweep(connection: &Connection, now: DateTime<Utc>) -> Result<u64, Fault> {
    let mut remove = connection.prepare_cached("DELETE FROM records WHERE expires_ms <= ?1")?;
    Ok(remove.execute([now.timestamp_millis()])? as u64)
}
