//! Records in the database.

use std::time::SystemTime;

use chrono::{DateTime, Utc};
use common_core::store::{
    Change, Expect, Lease, Record, Records, StoreError, StoreResult, Swap, Version,
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    journals::parts,
    number::{column, from_database, to_database},
};

const READ: &str = "
    SELECT value, version, expires_at FROM records
    WHERE key = $1 AND (expires_at IS NULL OR expires_at > moment($2))";

const SWAP: &str = "
    SELECT standing_value, standing_version, standing_until, done
    FROM swap_record($1, $2, $3, $4, $5, $6, $7, $8)";

/// Keys are compared byte by byte, so that those with one beginning stand together.
const LIST: &str = "
    SELECT value, version, expires_at, key FROM records
    WHERE key >= $1 AND ($2::text IS NULL OR key < $2) AND ($3::text IS NULL OR key > $3)
        AND (expires_at IS NULL OR expires_at > moment($4))
    ORDER BY key LIMIT $5";

const SWEEP: &str = "
    WITH removed AS (DELETE FROM records WHERE expires_at <= moment($1) RETURNING 1)
    SELECT count(*) FROM removed";

impl Records for PostgresStore {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        Box::pin(async move {
            let row = self.sessions.rows(READ, &[&key, &self.now()]).await?.next();
            row.map(|row| record(&row)).transpose()
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        Box::pin(async move {
            let (lease, fence) = parts(under);
            let (absent, version) = match expect {
                Expect::Anything => (false, None),
                Expect::Absent => (true, None),
                Expect::Version(version) => (false, Some(to_database(version.number()))),
            };
            let (value, end) = match change {
                Change::Put { value, expires_at } => (Some(value), expires_at.map(kept)),
                Change::Remove => (None, None),
            };
            let row = self
                .sessions
                .row(SWAP, &[&key, &absent, &version, &value, &end, &lease, &fence, &self.now()])
                .await?;
            outcome(&row)
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        let (end, limit) = (behind(prefix), to_database(limit as u64));
        Box::pin(async move {
            let rows =
                self.sessions.rows(LIST, &[&prefix, &end, &after, &self.now(), &limit]).await?;
            rows.map(|row| Ok((column(&row, 3)?, record(&row)?))).collect()
        })
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        Box::pin(async move { self.sessions.count(SWEEP, &[&self.now()]).await })
    }
}

fn record(row: &Row) -> Result<Record, StoreError> {
    Ok(Record {
        value: column(row, 0)?,
        version: Version::new(from_database(column(row, 1)?)?),
        expires_at: column::<Option<SystemTime>>(row, 2)?.map(Into::into),
    })
}

fn outcome(row: &Row) -> Result<Swap, StoreError> {
    if let Some(done) = column(row, 3)? {
        return Ok(Swap::Done(Version::new(from_database(done)?)));
    }
    let standing: Option<i64> = column(row, 1)?;
    Ok(Swap::Conflict(standing.map(|_| record(row)).transpose()?))
}

/// An end as the database can keep it: its time begins later than that of chrono, and whatever
/// ended before 1970 has ended all the same.
fn kept(end: DateTime<Utc>) -> SystemTime {
    end.max(DateTime::UNIX_EPOCH).into()
}

/// The smallest text behind all that begin with `prefix`; `None` when there is none.
fn behind(prefix: &str) -> Option<String> {
    let mut text = prefix.to_owned();
    while let Some(last) = text.pop() {
        // A range of characters passes over the numbers that are none.
        if let Some(next) = (last..=char::MAX).nth(1) {
            text.push(next);
            return Some(text);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next_text_of_its_length() {
        for (prefix, end) in [
            ("a/", Some("a0")),
            ("ž", Some("ſ")),
            ("\u{d7ff}", Some("\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
            ("", None),
        ] {
            assert_eq!(behind(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}
