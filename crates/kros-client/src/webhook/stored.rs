//! A replay guard over a store: it outlives the process, and several processes share it.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use common_core::store::{
    Change, Expect, Record, Records, StoreError, StoreErrorKind, StoreResult, Swap,
};

use super::{
    Arrival, Claim, ReplayGuard, ReplayKey, RequestId, Seen, Settled,
    mark::{Lifetimes, Mark, State, after},
};

/// Remembers notifications in the records of a store, for a limited time.
///
/// Receivers with guards of the same name over the same store act as one: of two that get the same
/// notification, one handles it. When the handler dies, its claim lapses, and the sender's
/// repetition goes to whichever receiver gets it.
///
/// A notification is one record under `{name}/{request}/{digest}`: the request's identifier or
/// `-`, and the SHA-256 of the body in hexadecimal digits. Nothing of its content is stored. How
/// many there are is bounded by time alone; call [`Records::sweep`] now and then, to have those
/// that were forgotten removed.
///
/// The clocks of the receivers decide when a claim lapses, and the store's own clock when a
/// notification is forgotten, so keep them within a few seconds of each other.
///
/// # Errors
///
/// Those of the store. Where it is unknown whether a change was made, the notification's claim
/// lapses and its repetition is [`Arrival::Retried`]. A record under the guard's name that is not
/// its own is [`Corrupt`](StoreErrorKind::Corrupt).
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// use chrono::{DateTime, Utc};
/// use common_core::clock::ManualClock;
/// use common_store::MemoryStore;
/// use kros_client::webhook::{ReplayGuard, ReplayKey, Seen, StoredReplayGuard};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now: DateTime<Utc> = "2026-02-01T08:00:00Z".parse()?;
/// // In a program, a store that is a file or a database.
/// let store = MemoryStore::new(Arc::new(ManualClock::at(now)));
/// let (one, other) = (
///     StoredReplayGuard::new(store.clone(), "kros-webhook"),
///     StoredReplayGuard::new(store, "kros-webhook"),
/// );
/// let key = ReplayKey::of_body(None, b"{}");
///
/// let Seen::Claimed(claim) = one.begin(&key, now).await? else { panic!("a new one") };
/// assert!(matches!(other.begin(&key, now).await?, Seen::InProgress { .. }));
/// let settled = one.complete(claim, now).await?;
/// assert!(matches!(other.begin(&key, now).await?, Seen::Handled { .. }));
/// # assert_eq!(settled, kros_client::webhook::Settled::Recorded);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct StoredReplayGuard<R> {
    records: R,
    name: String,
    lifetimes: Lifetimes,
    claim_time: TimeDelta,
}

/// The answer when what stands there has been changed by somebody else: look at it again.
enum Written {
    Done,
    Changed(Option<Record>),
}

impl<R: Records> StoredReplayGuard<R> {
    /// Remembers under that name, of at most 150 bytes: seven days or, handled and without a
    /// request's id, one hour; with a claim of one minute.
    pub fn new(records: R, name: impl Into<String>) -> Self {
        Self {
            records,
            name: name.into(),
            lifetimes: Lifetimes::default(),
            claim_time: TimeDelta::minutes(1),
        }
    }

    /// Sets how long a notification is remembered after its last change.
    #[must_use]
    pub fn time_to_live(mut self, time_to_live: TimeDelta) -> Self {
        self.lifetimes.usual = time_to_live;
        self
    }

    /// Sets how long a handled notification is remembered that names no request; an hour at first,
    /// and never longer than [`time_to_live`](Self::time_to_live).
    ///
    /// Such a notification is told from others by its body alone, so news that say the same again
    /// are taken for its repetition meanwhile. Long enough for the sender's repetitions will do;
    /// how long those go on is not published.
    #[must_use]
    pub fn nameless_time_to_live(mut self, time_to_live: TimeDelta) -> Self {
        self.lifetimes.nameless = time_to_live;
        self
    }

    /// Sets how long a claim lasts; longer than the slowest handling takes.
    #[must_use]
    pub fn claim_time(mut self, claim_time: TimeDelta) -> Self {
        self.claim_time = claim_time;
        self
    }

    async fn claim(&self, key: &ReplayKey, now: DateTime<Utc>) -> Result<Seen, StoreError> {
        let place = self.place(key);
        let mut record = self.records.get(&place).await?;
        loop {
            let known = record.as_ref().map(read).transpose()?;
            let attempts = match Mark::attempts(known, now) {
                Ok(attempts) => attempts,
                Err(seen) => return Ok(seen),
            };
            let (attempt, until) = (attempts.saturating_add(1), after(now, self.claim_time));
            let mark = Mark { attempt, state: State::Claimed { until } };
            match self.write((key, &place), record.as_ref(), mark, now).await? {
                Written::Changed(found) => record = found,
                Written::Done => {
                    let arrival = match attempts {
                        0 => self.first_or_follows(key.request_id(), &place).await?,
                        attempts => Arrival::Retried { attempts },
                    };
                    return Ok(Seen::Claimed(Claim::new(*key, attempt, arrival, until)));
                }
            }
        }
    }

    async fn settle(
        &self,
        claim: Claim,
        state: State,
        now: DateTime<Utc>,
    ) -> Result<Settled, StoreError> {
        let place = self.place(claim.key());
        let mut record = self.records.get(&place).await?;
        loop {
            let known = record.as_ref().map(read).transpose()?;
            if known.is_some_and(|mark| mark != Mark::of(&claim)) {
                return Ok(Settled::TakenOver);
            }
            let mark = Mark { attempt: claim.attempt(), state };
            match self.write((claim.key(), &place), record.as_ref(), mark, now).await? {
                Written::Done => return Ok(Settled::Recorded),
                Written::Changed(found) => record = found,
            }
        }
    }

    /// Whether another notification about the same request is remembered.
    ///
    /// Asked after the claim is written: of two that come at the same moment, at least one is
    /// told of the other.
    async fn first_or_follows(
        &self,
        request: Option<RequestId>,
        place: &str,
    ) -> Result<Arrival, StoreError> {
        let Some(request) = request else { return Ok(Arrival::First) };
        let about = format!("{}/{request}/", self.name);
        let known = self.records.list(&about, None, 2).await?;
        let other = known.iter().any(|(key, _)| key != place);
        Ok(if other { Arrival::Follows } else { Arrival::First })
    }

    async fn write(
        &self,
        (key, place): (&ReplayKey, &str),
        over: Option<&Record>,
        mark: Mark,
        now: DateTime<Utc>,
    ) -> Result<Written, StoreError> {
        let value = serde_json::to_vec(&mark)
            .map_err(|error| StoreError::unavailable("a mark cannot be written").because(error))?;
        let forget_at = self.lifetimes.forget_at(key, &mark, now);
        let expires_at = (forget_at < DateTime::<Utc>::MAX_UTC).then_some(forget_at);
        let expect = over.map_or(Expect::Absent, |record| Expect::Version(record.version));
        let change = Change::Put { value, expires_at };
        Ok(match self.records.swap(place, expect, change, None).await? {
            Swap::Done(_) => Written::Done,
            Swap::Conflict(found) => Written::Changed(found),
        })
    }

    fn place(&self, key: &ReplayKey) -> String {
        let request = key.request_id().map_or_else(|| "-".to_owned(), |id| id.to_string());
        key.digest().iter().fold(format!("{}/{request}/", self.name), |mut place, byte| {
            let _ = write!(place, "{byte:02x}");
            place
        })
    }
}

fn read(record: &Record) -> Result<Mark, StoreError> {
    serde_json::from_slice(&record.value).map_err(|error| {
        StoreError::new(StoreErrorKind::Corrupt, "a record is no mark of a notification")
            .because(error)
    })
}

impl<R: Records> ReplayGuard for StoredReplayGuard<R> {
    fn begin<'a>(&'a self, key: &'a ReplayKey, now: DateTime<Utc>) -> StoreResult<'a, Seen> {
        Box::pin(self.claim(key, now))
    }

    fn complete(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled> {
        Box::pin(self.settle(claim, State::Handled { at: now }, now))
    }

    fn abandon(&self, claim: Claim, now: DateTime<Utc>) -> StoreResult<'_, Settled> {
        Box::pin(self.settle(claim, State::Open, now))
    }
}

#[cfg(test)]
mod tests;
