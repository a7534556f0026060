//! Journals in the file.

use common_core::store::{Entries, Entry, Position};
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    fault::Fault,
    number::{from_file, to_file},
};

pub(super) fn append(
    connection: &Connection,
    journal: &str,
    entries: &[Vec<u8>],
) -> Result<Vec<Position>, Fault> {
    let (id, last) = tail(connection, journal)?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO entries (journal, position, acknowledged, payload) VALUES (?1, ?2, 0, ?3)",
    )?;
    let mut positions = Vec::with_capacity(entries.len());
    for (payload, place) in entries.iter().zip(last + 1..) {
        insert.execute(params![id, place, payload])?;
        positions.push(Position::new(from_file(place)?));
    }
    Ok(positions)
}

/// The journal's number, and the highest place that was ever given in it.
fn tail(connection: &Connection, journal: &str) -> Result<(i64, i64), Fault> {
    let mut find = connection.prepare_cached(
        "SELECT id, max(floor, ifnull((SELECT max(position) FROM entries WHERE journal = id), 0))
         FROM journals WHERE name = ?1",
    )?;
    let found = find.query_row([journal], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    if let Some(tail) = found {
        return Ok(tail);
    }
    let mut insert =
        connection.prepare_cached("INSERT INTO journals (name, floor) VALUES (?1, 0)")?;
    Ok((insert.insert([journal])?, 0))
}

pub(super) fn read(
    connection: &Connection,
    journal: &str,
    which: Entries,
    after: Position,
    limit: usize,
) -> Result<Vec<Entry>, Fault> {
    let mut find = connection.prepare_cached(
        "SELECT position, payload, acknowledged FROM entries
         WHERE journal = (SELECT id FROM journals WHERE name = ?1) AND position > ?2
         AND acknowledged <= ?3
         ORDER BY position LIMIT ?4",
    )?;
    let highest = i64::from(which == Entries::All);
    let limit = to_file(limit as u64);
    let mut rows = find.query(params![journal, to_file(after.number()), highest, limit])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        entries.push(Entry {
            position: Position::new(from_file(row.get(0)?)?),
            payload: row.get(1)?,
            acknowledged: row.get(2)?,
        });
    }
    Ok(entries)
}

pub(super) fn acknowledge(
    connection: &Connection,
    journal: &str,
    positions: &[Position],
) -> Result<u64, Fault> {
    let mut mark = connection.prepare_cached(
        "UPDATE entries SET acknowledged = 1
         WHERE journal = (SELECT id FROM journals WHERE name = ?1) AND position = ?2
         AND acknowledged = 0",
    )?;
    let mut marked = 0;
    for position in positions {
        marked += mark.execute(params![journal, to_file(position.number())])?;
    }
    Ok(marked as u64)
}

/// Raises the floor before it removes, so that the places removed are not given again.
pub(super) fn compact(connection: &Connection, journal: &str) -> Result<u64, Fault> {
    let (id, last) = tail(connection, journal)?;
    let mut remove =
        connection.prepare_cached("DELETE FROM entries WHERE journal = ?1 AND acknowledged = 1")?;
    let removed = remove.execute([id])?;
    if removed > 0 {
        let mut raise =
            connection.prepare_cached("UPDATE journals SET floor = ?2 WHERE id = ?1")?;
        raise.execute([id, last])?;
    }
    Ok(removed as u64)
}
