//! Shared limits in the database.
//!
//! The log of a limit is read, changed here and put back if it is still the one that was read.
//! Whoever comes too late reads again: somebody else has got on then, so that all get their turn,
//! and nobody holds a lock while it computes.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use common_core::{
    clock::Tick,
    limit::{Ask, Grant, LimitKey, LimitStore, SlidingLog},
    store::{StoreError, StoreResult},
};
use tokio::runtime::Handle;

use super::{
    PostgresStore,
    number::{column, corrupt},
};
use crate::limits;

const READ: &str = "SELECT moment($2), (SELECT log FROM limits WHERE key = $1)";

const SWAP: &str = "
    WITH changed AS (
        INSERT INTO limits AS l (key, log) VALUES ($1, $3)
        ON CONFLICT (key) DO UPDATE SET log = excluded.log WHERE l.log = $2
        RETURNING 1
    )
    SELECT count(*) FROM changed";

impl PostgresStore {
    /// Changes the log of a limit; `act` is called anew with each log that is tried.
    async fn change_log<T>(
        &self,
        key: &LimitKey,
        mut act: impl FnMut(&mut SlidingLog, DateTime<Utc>) -> T,
    ) -> Result<T, StoreError> {
        loop {
            let (now, before) = self.log(key).await?;
            let mut log = parsed(before.as_deref())?;
            let answer = act(&mut log, now);
            let after = serde_json::to_string(&log)
                .map_err(|_| corrupt("the log of a limit cannot be written"))?;
            let unchanged = before.as_ref() == Some(&after);
            if unchanged || self.swap_log(key, before.as_deref(), &after).await? {
                return Ok(answer);
            }
        }
    }

    /// The present, and the log of a limit as it is stored.
    async fn log(&self, key: &LimitKey) -> Result<(DateTime<Utc>, Option<String>), StoreError> {
        let row = self.sessions.row(READ, &[&key.as_str(), &self.now()]).await?;
        Ok((column::<SystemTime>(&row, 0)?.into(), column(&row, 1)?))
    }

    async fn swap_log(
        &self,
        key: &LimitKey,
        before: Option<&str>,
        after: &str,
    ) -> Result<bool, StoreError> {
        Ok(self.sessions.count(SWAP, &[&key.as_str(), &before, &after]).await? == 1)
    }
}

fn parsed(log: Option<&str>) -> Result<SlidingLog, StoreError> {
    let Some(text) = log else { return Ok(SlidingLog::default()) };
    serde_json::from_str(text).map_err(|_| corrupt("the log of a limit cannot be read"))
}

impl LimitStore for PostgresStore {
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>> {
        Box::pin(async move {
            let start = self.tick();
            self.change_log(ask.key, |log, now| {
                // The wait counts from here, not from the question: that may have waited, too.
                let asked = ask.now + self.tick().since(start);
                limits::reserve(log, Ask { now: asked, ..ask }, now)
            })
            .await
        })
    }

    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool> {
        Box::pin(async move {
            let (_, log) = self.log(key).await?;
            Ok(parsed(log.as_deref())?.holds_number(grant.number()))
        })
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        _now: Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()> {
        Box::pin(async move {
            self.change_log(key, |log, now| limits::penalise(log, now, closed_for)).await
        })
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        // Without a runtime, or when the database fails, the place lapses.
        let Ok(runtime) = Handle::try_current() else { return };
        let (store, key) = (self.clone(), key.clone());
        runtime.spawn(async move {
            store.change_log(&key, |log, _| log.release_number(grant.number())).await
        });
    }
}
