//! Journals in the database.

use common_core::store::{Entries, Entry, Journals, Lease, Position, StoreError, StoreResult};
use tokio_postgres::{Row, types::ToSql};

use super::{
    PostgresStore,
    number::{column, from_database, to_database},
};

const APPEND: &str = "SELECT append($1, $2, $3, $4, $5)";

const READ_ALL: &str = "
    SELECT place, payload, acknowledged FROM entries
    WHERE journal = (SELECT id FROM journals WHERE name = $1) AND place > $2
    ORDER BY place LIMIT $3";

const READ_OPEN: &str = "
    SELECT place, payload, acknowledged FROM entries
    WHERE journal = (SELECT id FROM journals WHERE name = $1) AND place > $2 AND NOT acknowledged
    ORDER BY place LIMIT $3";

const ACKNOWLEDGE: &str = "SELECT acknowledge($1, $2, $3, $4, $5)";

/// Passes over what another process is removing just now.
const COMPACT: &str = "
    WITH removed AS (
        DELETE FROM entries WHERE (journal, place) IN (
            SELECT journal, place FROM entries
            WHERE journal = (SELECT id FROM journals WHERE name = $1) AND acknowledged
            FOR UPDATE SKIP LOCKED
        )
        RETURNING 1
    )
    SELECT count(*) FROM removed";

impl Journals for PostgresStore {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        Box::pin(async move {
            let (lease, fence) = parts(under);
            let parameters: [&(dyn ToSql + Sync); 5] =
                [&journal, &entries, &lease, &fence, &self.now()];
            let last = self.sessions.count(APPEND, &parameters).await?;
            let before = last.saturating_sub(entries.len() as u64);
            Ok((before + 1..=last).map(Position::new).collect())
        })
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        let sql = match which {
            Entries::All => READ_ALL,
            Entries::Open => READ_OPEN,
        };
        let (after, limit) = (to_database(after.number()), to_database(limit as u64));
        Box::pin(async move {
            let rows = self.sessions.rows(sql, &[&journal, &after, &limit]).await?;
            rows.map(|row| entry(&row)).collect()
        })
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        Box::pin(async move {
            let places: Vec<_> =
                positions.iter().map(|place| to_database(place.number())).collect();
            let (lease, fence) = parts(under);
            self.sessions
                .count(ACKNOWLEDGE, &[&journal, &places, &lease, &fence, &self.now()])
                .await
        })
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        Box::pin(async move { self.sessions.count(COMPACT, &[&journal]).await })
    }
}

fn entry(row: &Row) -> Result<Entry, StoreError> {
    Ok(Entry {
        position: Position::new(from_database(column(row, 0)?)?),
        payload: column(row, 1)?,
        acknowledged: column(row, 2)?,
    })
}

/// A lease as two parameters.
pub(super) fn parts(under: Option<&Lease>) -> (Option<&str>, Option<i64>) {
    (under.map(|lease| lease.name.as_str()), under.map(|lease| to_database(lease.fence.number())))
}
