//! Leases in the database.

use std::time::{Duration, SystemTime};

use common_core::store::{Fence, Lease, Leases, StoreResult};

use super::{
    PostgresStore,
    number::{column, from_database, micros, to_database},
};

const ACQUIRE: &str = "
    SELECT new_fence, new_until
    FROM acquire_lease($1, $2, $3::bigint * interval '1 microsecond', $4)";

const RENEW: &str = "
    UPDATE leases SET
        since = moment($4) - $3::bigint * interval '1 microsecond',
        until = moment($4) + $3::bigint * interval '1 microsecond'
    WHERE name = $1 AND fence = $2 AND lasts(since, until, moment($4))
    RETURNING until";

/// One that ended, but that nobody took over, may as well go.
const RELEASE: &str = "DELETE FROM leases WHERE name = $1 AND fence = $2";

impl Leases for PostgresStore {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        Box::pin(async move {
            let mut rows =
                self.sessions.rows(ACQUIRE, &[&name, &holder, &micros(ttl), &self.now()]).await?;
            let Some(row) = rows.next() else { return Ok(None) };
            Ok(Some(Lease {
                name: name.to_owned(),
                holder: holder.to_owned(),
                fence: Fence::new(from_database(column(&row, 0)?)?),
                until: column::<SystemTime>(&row, 1)?.into(),
            }))
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        Box::pin(async move {
            let fence = to_database(lease.fence.number());
            let mut rows = self
                .sessions
                .rows(RENEW, &[&lease.name, &fence, &micros(ttl), &self.now()])
                .await?;
            let Some(row) = rows.next() else { return Ok(None) };
            let until = column::<SystemTime>(&row, 0)?.into();
            Ok(Some(Lease { until, ..lease.clone() }))
        })
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        Box::pin(async move {
            let fence = to_database(lease.fence.number());
            self.sessions.rows(RELEASE, &[&lease.name, &fence]).await.map(drop)
        })
    }
}
