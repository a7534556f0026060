//! Limits counted in this process.

use std::{
    collections::BTreeMap,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};

use super::{
    log::{Grant, LimitSnapshot, SlidingLog},
    shared::{Ask, LimitKey, LimitStore},
};
use crate::{clock::Tick, store::StoreResult};

/// The limits of one process, shared by all clones of its clients.
#[derive(Debug, Default)]
pub struct LocalLimits {
    logs: Mutex<BTreeMap<LimitKey, SlidingLog>>,
}

impl LocalLimits {
    /// Limits on which nothing has been counted yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// All limits as plain data, for another run of the program.
    pub fn snapshot(&self, now: Tick, wall: DateTime<Utc>) -> BTreeMap<String, LimitSnapshot> {
        let logs = self.lock();
        logs.iter().map(|(key, log)| (key.to_string(), log.snapshot(now, wall))).collect()
    }

    /// Limits that go on where the snapshots stopped.
    pub fn restore(
        snapshots: &BTreeMap<String, LimitSnapshot>,
        now: Tick,
        wall: DateTime<Utc>,
    ) -> Self {
        let logs = snapshots
            .iter()
            .map(|(key, snapshot)| {
                (LimitKey::new(key.as_str()), SlidingLog::restore(snapshot, now, wall))
            })
            .collect();
        Self { logs: Mutex::new(logs) }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<LimitKey, SlidingLog>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with_log<T>(&self, key: &LimitKey, act: impl FnOnce(&mut SlidingLog) -> T) -> T {
        let mut logs = self.lock();
        if let Some(log) = logs.get_mut(key) {
            return act(log);
        }
        act(logs.entry(key.clone()).or_default())
    }
}

impl LimitStore for LocalLimits {
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>> {
        let answer = self.with_log(ask.key, |log| log.reserve(ask.windows, ask.now, ask.patience));
        Box::pin(ready(Ok(answer.map_err(|refused| refused.wait))))
    }

    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool> {
        Box::pin(ready(Ok(self.with_log(key, |log| log.holds(grant)))))
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()> {
        self.with_log(key, |log| log.penalise(now, now + closed_for));
        Box::pin(ready(Ok(())))
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        self.with_log(key, |log| log.release(grant));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::{Window, Windows};

    #[test]
    fn keys_do_not_share_places_and_snapshots_keep_them_apart() {
        let limits = LocalLimits::new();
        let windows = Windows::new([Window::per_second(1)]);
        let reserve = |limits: &LocalLimits, key: &str| {
            limits.with_log(&LimitKey::new(key), |log| log.reserve(&windows, Tick::ZERO, None))
        };
        let one_second = Tick::new(Duration::from_secs(1));
        assert_eq!(reserve(&limits, "a").unwrap().at(), Tick::ZERO);
        assert_eq!(reserve(&limits, "b").unwrap().at(), Tick::ZERO);
        assert_eq!(reserve(&limits, "a").unwrap().at(), one_second);

        let wall = DateTime::UNIX_EPOCH;
        let restored = LocalLimits::restore(&limits.snapshot(Tick::ZERO, wall), Tick::ZERO, wall);
        assert_eq!(reserve(&restored, "b").unwrap().at(), one_second);
    }
}
