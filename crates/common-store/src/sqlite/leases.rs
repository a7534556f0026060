//! Leases in the file.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common_core::store::{Fence, Lease, StoreError};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    fault::Fault,
    number::{end, from_file, time, to_file},
    records::count,
};

pub(super) fn acquire(
    connection: &Connection,
    name: &str,
    holder: &str,
    ttl: Duration,
    now: DateTime<Utc>,
) -> Result<Option<Lease>, Fault> {
    let mut find = connection.prepare_cached(
        "SELECT 1 FROM leases WHERE name = ?1 AND holder <> ?2 AND until_ms > ?3",
    )?;
    if find.exists(params![name, holder, now.timestamp_millis()])? {
        return Ok(None);
    }
    let fence = count(connection, "fence")?;
    let until = end(now, ttl);
    let mut put = connection.prepare_cached(
        "REPLACE INTO leases (name, holder, fence, until_ms) VALUES (?1, ?2, ?3, ?4)",
    )?;
    put.execute(params![name, holder, fence, until])?;
    Ok(Some(Lease {
        name: name.to_owned(),
        holder: holder.to_owned(),
        fence: Fence::new(from_file(fence)?),
        until: time(until)?,
    }))
}

/// Fails unless the lease, if there is one, still holds.
pub(super) fn check(
    connection: &Connection,
    under: Option<&Lease>,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    match under {
        Some(lease) if !holds(connection, lease, now)? => Err(StoreError::lease_lost().into()),
        _ => Ok(()),
    }
}

fn holds(connection: &Connection, lease: &Lease, now: DateTime<Utc>) -> Result<bool, Fault> {
    let mut find =
        connection.prepare_cached("SELECT fence, until_ms FROM leases WHERE name = ?1")?;
    let current = find.query_row([&lease.name], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    Ok(current.is_some_and(|(fence, until): (i64, i64)| {
        fence == to_file(lease.fence.number()) && until > now.timestamp_millis()
    }))
}

pub(super) fn renew(
    connection: &Connection,
    lease: &Lease,
    ttl: Duration,
    now: DateTime<Utc>,
) -> Result<Option<Lease>, Fault> {
    if !holds(connection, lease, now)? {
        return Ok(None);
    }
    let until = end(now, ttl);
    let mut prolong =
        connection.prepare_cached("UPDATE leases SET until_ms = ?2 WHERE name = ?1")?;
    prolong.execute(params![lease.name, until])?;
    Ok(Some(Lease { until: time(until)?, ..lease.clone() }))
}

pub(super) fn release(
    connection: &Connection,
    lease: &Lease,
    now: DateTime<Utc>,
) -> Result<(), Fault> {
    if holds(connection, lease, now)? {
        let mut remove = connection.prepare_cached("DELETE FROM leases WHERE name = ?1")?;
        remove.execute([&lease.name])?;
    }
    Ok(())
}
