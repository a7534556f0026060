//! The logs of shared limits in the file.

use common_core::limit::{LimitKey, SlidingLog};
use rusqlite::{Connection, OptionalExtension, params};

use super::fault::Fault;

/// The log of a limit; an empty one when nothing was counted yet.
pub(super) fn load(connection: &Connection, key: &LimitKey) -> Result<SlidingLog, Fault> {
    let mut find = connection.prepare_cached("SELECT log FROM limits WHERE key = ?1")?;
    let bytes: Option<Vec<u8>> = find.query_row([key.as_str()], |row| row.get(0)).optional()?;
    match bytes {
        None => Ok(SlidingLog::default()),
        Some(bytes) => serde_json::from_slice(&bytes)
            .map_err(|_| Fault::corrupt("the log of a limit cannot be read")),
    }
}

pub(super) fn save(connection: &Connection, key: &LimitKey, log: &SlidingLog) -> Result<(), Fault> {
    let bytes = serde_json::to_vec(log)
        .map_err(|_| Fault::corrupt("the log of a limit cannot be written"))?;
    let mut put = connection.prepare_cached("REPLACE INTO limits (key, log) VALUES (?1, ?2)")?;
    put.execute(params![key.as_str(), bytes])?;
    Ok(())
}
