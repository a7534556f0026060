//! Several processes that share a token: each is a cache of its own over the one store, and
//! nothing else connects them.

use std::{
    io,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::{
    clock::Clock,
    secret::{ExposeSecret, SecretString},
    store::{
        BoxFuture, Change, Expect, Lease, Leases, Record, Records, StoreError, StoreResult, Swap,
    },
};
use common_store::MemoryStore;
use tokio::task::yield_now;

use crate::{Expiring, SharedToken, StoredToken, TokenCache, VirtualClock};

pub(crate) const KEY: &str = "token/company-1";

/// Shows its number in every form it has, so that a leak is seen.
#[derive(Clone)]
pub(crate) struct Token {
    text: SecretString,
    end: DateTime<Utc>,
}

impl Token {
    pub(crate) fn number(number: u32, end: DateTime<Utc>) -> Self {
        Self { text: format!("canary-{number}").into(), end }
    }

    pub(crate) fn text(&self) -> &str {
        self.text.expose_secret()
    }
}

impl Expiring for Token {
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        Some(self.end)
    }
}

impl StoredToken for Token {
    fn expose_to_store(&self) -> Vec<u8> {
        format!("{} {}", self.end.to_rfc3339(), self.text()).into_bytes()
    }

    fn from_store(bytes: &[u8]) -> Option<Self> {
        let (end, text) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
        Some(Self { text: text.into(), end: end.parse().ok()? })
    }
}

/// The store as it is reached over a network: every call takes two polls, and may fail.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) store: MemoryStore,
    /// How many calls work before the next `failing` ones fail.
    working: Arc<AtomicUsize>,
    failing: Arc<AtomicUsize>,
}

impl Remote {
    pub(crate) fn fails(&self, after: usize, calls: usize) {
        self.working.store(after, Ordering::SeqCst);
        self.failing.store(calls, Ordering::SeqCst);
    }

    async fn reach(&self) -> Result<(), StoreError> {
        yield_now().await;
        let less = |count: &AtomicUsize| {
            count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1))
        };
        if less(&self.working).is_err() && less(&self.failing).is_ok() {
            return Err(StoreError::unavailable("out of reach"));
        }
        Ok(())
    }
}

impl Records for Remote {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        Box::pin(async move {
            self.reach().await?;
            self.store.get(key).await
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
            self.reach().await?;
            self.store.swap(key, expect, change, under).await
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        self.store.list(prefix, after, limit)
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.store.sweep()
    }
}

impl Leases for Remote {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        Box::pin(async move {
            self.reach().await?;
            self.store.acquire(name, holder, ttl).await
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        self.store.renew(lease, ttl)
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        Box::pin(async move {
            self.reach().await?;
            self.store.release(lease).await
        })
    }
}

/// One store, one server that gives tokens for twenty minutes, one clock.
#[derive(Clone)]
pub(crate) struct Scene {
    clock: VirtualClock,
    pub(crate) remote: Remote,
    logins: Arc<AtomicU32>,
    /// The old tokens that came with the logins.
    old: Arc<Mutex<Vec<Option<String>>>>,
}

pub(crate) type Login = BoxFuture<'static, Result<Token, io::Error>>;

impl Scene {
    pub(crate) fn new() -> Self {
        let clock = VirtualClock::starting_at(DateTime::UNIX_EPOCH);
        let store = MemoryStore::new(Arc::new(clock));
        let remote = Remote { store, working: Arc::default(), failing: Arc::default() };
        Self { clock, remote, logins: Arc::default(), old: Arc::default() }
    }

    pub(crate) fn place(&self, holder: &str) -> SharedToken<Token> {
        let remote = Arc::new(self.remote.clone());
        SharedToken::new(remote.clone(), remote, KEY, holder)
    }

    pub(crate) fn process(&self, holder: &str) -> TokenCache<Token> {
        TokenCache::new().shared(self.place(holder))
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// A login that takes so many seconds.
    pub(crate) fn login(&self, seconds: u64) -> impl FnOnce(Option<Token>) -> Login + Send + use<> {
        let scene = self.clone();
        move |old: Option<Token>| {
            let old = old.map(|token| token.text().to_owned());
            scene.old.lock().unwrap_or_else(PoisonError::into_inner).push(old);
            Box::pin(async move {
                let number = scene.logins.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(Duration::from_secs(seconds)).await;
                Ok(Token::number(number, scene.now() + TimeDelta::minutes(20)))
            })
        }
    }

    /// The text of the token and its generation.
    pub(crate) async fn get(&self, process: &TokenCache<Token>) -> (String, u64) {
        let (token, generation) = process.get(self.now(), self.login(1)).await.unwrap();
        (token.text().to_owned(), generation)
    }

    pub(crate) fn logins(&self) -> u32 {
        self.logins.load(Ordering::SeqCst)
    }

    pub(crate) fn old(&self) -> Vec<Option<String>> {
        self.old.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts a token there as another program might have left it.
    pub(crate) async fn stored(&self, token: &Token) {
        let value = token.expose_to_store();
        let change = Change::Put { value, expires_at: None };
        self.remote.store.swap(KEY, Expect::Anything, change, None).await.unwrap();
    }

    /// Has a process take the lease and die.
    pub(crate) async fn dead_holder(&self) {
        let ttl = Duration::from_secs(60);
        let lease = self.remote.store.acquire(KEY, "dead", ttl).await.unwrap();
        assert!(lease.is_some());
    }
}

/// A renewal that must not be asked for.
pub(crate) fn fail() -> impl FnOnce(Option<Token>) -> Login + Send {
    |_| Box::pin(async { Err(io::Error::other("down")) })
}

pub(crate) async fn wait(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
