//! Waiting for a place inside the rate limit.

use std::time::Duration;

use common_core::{
    effect::{ErrorKind, Phase},
    limit::{Ask, Grant, LimitStore},
    retry::Failure,
};

use super::Call;
use crate::{client::LimitGroup, error::Error};

impl Call<'_> {
    pub(super) fn group(&self) -> Option<&LimitGroup> {
        self.inner.groups.iter().find(|group| group.name == self.info.limit)
    }

    /// Takes a place in the call's own group and among all calls.
    pub(super) async fn admission(&self) -> Result<(), Error> {
        for group in self.group().into_iter().chain(self.overall()) {
            self.admit(group).await?;
        }
        Ok(())
    }

    /// Calls that count in no group count nowhere.
    fn overall(&self) -> Option<&LimitGroup> {
        self.inner.overall.as_ref().filter(|_| !self.info.limit.is_empty())
    }

    /// Takes a place and waits for its moment; a place that a penalty took back is taken anew.
    async fn admit(&self, group: &LimitGroup) -> Result<(), Error> {
        let store = self.inner.limits.as_ref();
        loop {
            let place = self.reserve(group).await?;
            let wait = place.grant.at().since(self.inner.clock.tick());
            if !wait.is_zero() {
                tokio::time::sleep(wait).await;
            }
            let holds = store.confirm(&group.key, place.grant).await;
            if holds.map_err(|error| self.store_error(error))? {
                place.used();
                return Ok(());
            }
        }
    }

    async fn reserve<'a>(&'a self, group: &'a LimitGroup) -> Result<Place<'a>, Error> {
        let (patience, remaining) = (self.patience(), self.remaining());
        let shorter = match (patience, remaining) {
            (Some(patience), Some(remaining)) => Some(patience.min(remaining)),
            (patience, remaining) => patience.or(remaining),
        };
        let now = self.inner.clock.tick();
        let ask = Ask { key: &group.key, windows: &group.windows, now, patience: shorter };
        let store = self.inner.limits.as_ref();
        match store.reserve(ask).await.map_err(|error| self.store_error(error))? {
            Ok(grant) => Ok(Place { store, group, grant, used: false }),
            Err(wait) => {
                let too_late = patience.is_none_or(|patience| wait <= patience);
                let kind = if too_late { ErrorKind::Deadline } else { ErrorKind::Limited };
                Err(self.error(kind, Phase::NotSent).with_retry_after(Some(wait)))
            }
        }
    }

    /// Whether the caller waits that long after a failure; its patience with the limit holds also
    /// when the server says that the limit is used up (429), or asks to wait for another reason.
    pub(super) fn waits_out(&self, failure: &Failure, wait: Duration) -> bool {
        let asked = match failure.kind {
            ErrorKind::TooManyRequests => Some(wait),
            _ => failure.retry_after,
        };
        let waits = |asked| self.patience().is_none_or(|patience| asked <= patience);
        asked.is_none_or(waits)
    }

    /// The longest wait for the limit that the caller accepts; `None` for any.
    fn patience(&self) -> Option<Duration> {
        self.options.limit_policy.unwrap_or(self.inner.limit_policy).patience()
    }

    fn store_error(&self, error: common_core::store::StoreError) -> Error {
        self.error(ErrorKind::Store, Phase::NotSent).because(error)
    }
}

/// A place that goes back to the store unless it is used: a caller may go away while it waits.
struct Place<'a> {
    store: &'a dyn LimitStore,
    group: &'a LimitGroup,
    grant: Grant,
    used: bool,
}

impl Place<'_> {
    fn used(mut self) {
        self.used = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if !self.used {
            self.store.release(&self.group.key, self.grant);
        }
    }
}
