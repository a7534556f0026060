//! Leases in the file.
//!
//! A lease holds from one length before it was given to one after it. So it ends, too, when the clock
//! is set back: otherwise one that was given while the clock was ahead would outlive its holder for
//! as long as the clock was ahead.

use std::time::Duration;

use chrono::{DateTime, Utc};
use common_core::store::{Fence, Lease, StoreError};
use rusqlite::{Connection, params};

use super::{
    fault::Fault,
    number::{from_file, span, time, to_file},
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
        "SELECT 1 FROM leases
         WHERE name = ?1 AND holder <> ?2 AND since_ms <= ?3 AND ?3 < until_ms",
    )?;
    if find.exists(params![name, holder, now.timestamp_millis()])? {
        return Ok(None);
    }
    let fence = count(connection, "fence")?;
    let (since, until) = span(now, ttl);
    let mut put = connection.prepare_cached(
        "REPLACE INTO leases (name, holder, fence, since_ms, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    put.execute(params![name, holder, fence, since, until])?;
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
    let mut find = connection.prepare_cached(
        "SELECT 1 FROM leases
         WHERE name = ?1 AND fence = ?2 AND since_ms <= ?3 AND ?3 < until_ms",
    )?;
    let fence = to_file(lease.fence.number());
    Ok(find.exists(params![lease.name, fence, now.timestamp_millis()])?)
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
    let (since, until) = span(now, ttl);
    let mut prolong = connection
        .prepare_cached("UPDATE leases SET since_ms = ?2, until_ms = ?3 WHERE name = ?1")?;
    prolong.execute(params![lease.name, since, until])?;
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
