//! A token that several processes share: it lies in a store, and a lease says who renews it.
//!
//! Every process looks into the store before it renews, so that one renewal serves all.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::{
    secret::Zeroizing,
    store::{Change, Expect, Lease, Leases, Records, StoreError, StoreErrorKind, Swap, Version},
};

use super::{Asked, Expiring, Renewed, TokenError};

/// How often a renewed token is offered to a store that fails.
const WRITES: usize = 3;

/// A token that can lie in a store.
pub trait StoredToken: Expiring {
    /// The token as bytes, its secrets included, for [`from_store`](Self::from_store) alone.
    fn expose_to_store(&self) -> Vec<u8>;

    /// The token that these bytes are; `None` when they are none, as after a change of their form.
    fn from_store(bytes: &[u8]) -> Option<Self>;
}

/// The place of one token in a store, for all caches that share it.
///
/// What lies there is what [`StoredToken`] makes of the token: give records that seal their values,
/// as those of `common-store` can, unless the store itself may know it. The record has no end,
/// because an ended token may still be needed for its renewal. A record that cannot be read is
/// renewed as if there were none, and overwritten.
///
/// # When a process dies
///
/// A process that dies while it renews leaves its lease behind, which ends by itself; then another
/// process renews, with the same old token. Where the server takes the secret of a renewal only
/// once (rotation), that secret may be spent by then and what the server answered is lost: the
/// renewal fails, and only a new login helps. The same may happen when a renewal outlasts its lease.
///
/// # When the store fails
///
/// A token that works is used on. A token that has just been renewed is offered to the store three
/// times and then used by its own process alone.
///
/// # Examples
///
/// ```
/// # use std::sync::Arc;
/// use chrono::{DateTime, TimeDelta, Utc};
/// use common_core::clock::SystemClock;
/// use common_http::{Expiring, SharedToken, StoredToken, TokenCache};
/// use common_store::MemoryStore;
///
/// #[derive(Clone)]
/// struct Token(DateTime<Utc>);
/// impl Expiring for Token {
///     fn expires_at(&self) -> Option<DateTime<Utc>> { Some(self.0) }
/// }
/// impl StoredToken for Token {
///     fn expose_to_store(&self) -> Vec<u8> { self.0.to_rfc3339().into() }
///     fn from_store(bytes: &[u8]) -> Option<Self> {
///         std::str::from_utf8(bytes).ok()?.parse().ok().map(Self)
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
/// let cache = |holder| {
///     let place = SharedToken::new(store.clone(), store.clone(), "token/company-1", holder);
///     TokenCache::new().shared(place)
/// };
/// let now: DateTime<Utc> = "2026-02-01T08:00:00Z".parse()?;
/// let log_in = move |_old: Option<Token>| async move {
///     Ok::<_, std::io::Error>(Token(now + TimeDelta::minutes(20)))
/// };
/// let never = |_old: Option<Token>| std::future::ready(Err(std::io::Error::other("no need")));
/// cache("host-a/4711").get(now, log_in).await?;
/// cache("host-b/1174").get(now, never).await?;
/// # Ok(()) }
/// ```
pub struct SharedToken<T> {
    records: Arc<dyn Records>,
    leases: Arc<dyn Leases>,
    key: String,
    holder: String,
    lease_time: Duration,
    look_every: Duration,
    encode: fn(&T) -> Vec<u8>,
    decode: fn(&[u8]) -> Option<T>,
}

impl<T: StoredToken> SharedToken<T> {
    /// The token under `key`, which names both the record and the lease: at most 255 bytes, no
    /// secret.
    ///
    /// `holder` names this cache and no other one, not even in the same process, because a lease
    /// is given at once to the holder that has it: a host's name with a process number, or a
    /// random text. A lease lasts a minute, and those who wait for it look every quarter of a
    /// second.
    pub fn new(
        records: Arc<dyn Records>,
        leases: Arc<dyn Leases>,
        key: impl Into<String>,
        holder: impl Into<String>,
    ) -> Self {
        Self {
            records,
            leases,
            key: key.into(),
            holder: holder.into(),
            lease_time: Duration::from_secs(60),
            look_every: Duration::from_millis(250),
            encode: T::expose_to_store,
            decode: T::from_store,
        }
    }
}

impl<T> SharedToken<T> {
    /// Sets how long a process may take to renew before another one takes over; longer than the
    /// slowest login takes.
    #[must_use]
    pub fn lease_time(mut self, lease_time: Duration) -> Self {
        self.lease_time = lease_time;
        self
    }

    /// As [`lease_time`](Self::lease_time), unless the lease lasts longer already.
    #[must_use]
    pub fn lease_time_at_least(self, least: Duration) -> Self {
        let lease_time = self.lease_time.max(least);
        self.lease_time(lease_time)
    }

    /// Sets how long a process without a working token waits between two looks at whether another
    /// one has renewed it.
    #[must_use]
    pub fn look_every(mut self, look_every: Duration) -> Self {
        self.look_every = look_every;
        self
    }
}

/// The token that a cache holds.
#[derive(Clone)]
pub(super) struct Held<T> {
    pub(super) token: Option<T>,
    /// What it has in the store, or what was there when it could not be stored.
    pub(super) version: Option<Version>,
    /// The server refused it; it is kept only for the renewal, which may need it.
    pub(super) refused: bool,
}

impl<T: Expiring> Held<T> {
    /// Whether the token can still be used: not refused, and not past its end unless the end is
    /// to be learnt from a refusal only.
    pub(super) fn works(&self, early: Option<Duration>, now: DateTime<Utc>) -> bool {
        let Some(token) = &self.token else { return false };
        let ended = early.is_some() && token.expires_at().is_some_and(|end| now >= end);
        !self.refused && !ended
    }
}

/// One renewal: what this process holds, and by what the token is judged.
struct Renewal<T> {
    shared: Arc<SharedToken<T>>,
    held: Held<T>,
    /// Whether that was taken from the store just now.
    news: bool,
    early: Option<Duration>,
    asked: Asked,
}

impl<T: Expiring> SharedToken<T> {
    /// Looks for a newer token, and renews the one there is under the lease.
    pub(super) fn renewal<F, R>(
        self: &Arc<Self>,
        held: Held<T>,
        early: Option<Duration>,
        asked: Asked,
        renew: F,
    ) -> impl Future<Output = Result<Renewed<T>, TokenError>> + Send + use<T, F, R>
    where
        F: FnOnce(Option<T>) -> R + Send + 'static,
        R: Future<Output = Result<T, TokenError>> + Send + 'static,
    {
        Renewal { shared: Arc::clone(self), held, news: false, early, asked }.run(renew)
    }

    /// Puts a token there whatever else there is.
    pub(super) async fn put(&self, token: &T) -> Result<Version, StoreError> {
        match self.write(token, Expect::Anything, None).await? {
            Swap::Done(version) => Ok(version),
            Swap::Conflict(_) => Err(StoreError::unavailable("the token was not put there")),
        }
    }

    async fn write(
        &self,
        token: &T,
        expect: Expect,
        under: Option<&Lease>,
    ) -> Result<Swap, StoreError> {
        let change = Change::Put { value: (self.encode)(token), expires_at: None };
        self.records.swap(&self.key, expect, change, under).await
    }
}

impl<T: Expiring> Renewal<T> {
    async fn run<F, R>(mut self, renew: F) -> Result<Renewed<T>, TokenError>
    where
        F: FnOnce(Option<T>) -> R,
        R: Future<Output = Result<T, TokenError>>,
    {
        let shared = Arc::clone(&self.shared);
        let lease = loop {
            if let Some(found) = self.newer().await? {
                return Ok(found);
            }
            let lease = shared.leases.acquire(&shared.key, &shared.holder, shared.lease_time).await;
            if let Some(lease) = lease.map_err(TokenError::new)? {
                break lease;
            }
            if let (Some(token), true) = (&self.held.token, self.works()) {
                return Ok(Renewed::Elsewhere(token.clone()));
            }
            tokio::time::sleep(shared.look_every).await;
        };
        let renewed = self.renew(renew, &lease).await;
        if let Err(error) = shared.leases.release(&lease).await {
            tracing::debug!(key = shared.key, %error, "a lease is left to end by itself");
        }
        renewed
    }

    /// Renews under the lease, unless another process has done it by now.
    async fn renew<F, R>(&mut self, renew: F, lease: &Lease) -> Result<Renewed<T>, TokenError>
    where
        F: FnOnce(Option<T>) -> R,
        R: Future<Output = Result<T, TokenError>>,
    {
        let expect = self.look().await?;
        if let Some(found) = self.found() {
            return Ok(found);
        }
        match renew(self.held.token.clone()).await {
            Ok(token) => Ok(self.keep(token, expect, lease).await),
            // It fails, too, when this process was thought dead and another one took over.
            Err(error) => self.newer().await.ok().flatten().ok_or(error),
        }
    }

    async fn newer(&mut self) -> Result<Option<Renewed<T>>, TokenError> {
        self.look().await?;
        Ok(self.found())
    }

    /// Takes the token in the store if it is newer; answers what a change of it has to expect.
    async fn look(&mut self) -> Result<Expect, TokenError> {
        let record = match self.shared.records.get(&self.shared.key).await {
            Ok(Some(record)) => record,
            Ok(None) => return Ok(Expect::Absent),
            Err(error) if error.kind() == StoreErrorKind::Corrupt => return Ok(Expect::Anything),
            Err(error) => return Err(TokenError::new(error)),
        };
        let version = Some(record.version);
        let token = (self.shared.decode)(&Zeroizing::new(record.value));
        if token.is_some() && version > self.held.version {
            self.held = Held { token, version, refused: false };
            self.news = true;
        }
        Ok(Expect::Version(record.version))
    }

    /// The token that was taken from the store, if it works.
    fn found(&self) -> Option<Renewed<T>> {
        let token = self.held.token.clone().filter(|_| self.news && self.works())?;
        Some(Renewed::Token(token, self.held.version))
    }

    fn works(&self) -> bool {
        self.held.works(self.early, self.asked.now())
    }

    /// Stores a renewed token for all, or takes the one that was stored meanwhile.
    ///
    /// The lease may have ended by now. The token is stored all the same, since the server may
    /// not give it again, unless another one is there already. Only where it is unknown what is
    /// there, the lease has to hold.
    async fn keep(&mut self, token: T, mut expect: Expect, lease: &Lease) -> Renewed<T> {
        let shared = Arc::clone(&self.shared);
        for write in 0..WRITES {
            if write > 0 {
                tokio::time::sleep(shared.look_every).await;
                expect = self.look().await.unwrap_or(expect);
                if let Some(found) = self.found() {
                    return found;
                }
            }
            let under = (expect == Expect::Anything).then_some(lease);
            match shared.write(&token, expect, under).await {
                Ok(Swap::Done(version)) => return Renewed::Token(token, Some(version)),
                Ok(Swap::Conflict(_)) => {}
                Err(error) => {
                    tracing::warn!(key = shared.key, %error, "a renewed token was not stored");
                }
            }
        }
        Renewed::Token(token, self.held.version)
    }
}

impl<T> fmt::Debug for SharedToken<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedToken")
            .field("key", &self.key)
            .field("holder", &self.holder)
            .field("lease_time", &self.lease_time)
            .field("look_every", &self.look_every)
            .finish_non_exhaustive()
    }
}
