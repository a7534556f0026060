//! The client that drives the endpoints of one system.

use std::{
    fmt,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common_core::{
    clock::Clock,
    limit::{LimitKey, LimitStore, LocalLimits, Windows},
    retry::{Jitter, RetryPolicy},
};

use crate::{
    api::Api,
    authorise::{Anonymous, Authorise},
    base_url::BaseUrl,
    clock::RuntimeClock,
    transport::Transport,
};

/// Drives endpoints. Clones are cheap and share connections, limits and credentials.
///
/// Every call goes the same way: build, authorise, wait for the limiter, send, read within the
/// size limit, classify; once more with new credentials after a 401; then the retry decision.
/// Dropping a call's future at any point leaves the client as it was.
pub struct Client<A: Api> {
    pub(crate) inner: Arc<Inner>,
    api: PhantomData<fn() -> A>,
}

pub(crate) struct Inner {
    pub(crate) base: BaseUrl,
    pub(crate) transport: Box<dyn Transport>,
    pub(crate) authorise: Box<dyn Authorise>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Arc<dyn LimitStore>,
    pub(crate) groups: Vec<LimitGroup>,
    pub(crate) overall: Option<LimitGroup>,
    pub(crate) limit_policy: LimitPolicy,
    pub(crate) retry: RetryPolicy,
    pub(crate) timeout: Duration,
    pub(crate) body_limit: u64,
    random: AtomicU64,
}

pub(crate) struct LimitGroup {
    pub(crate) name: &'static str,
    pub(crate) key: LimitKey,
    pub(crate) windows: Windows,
}

/// What a call does when its rate limit is used up, by its own count or by the server's (429), and
/// when the server asks to wait for another reason (`Retry-After`, as with 503).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitPolicy {
    /// Waits until there is room.
    #[default]
    Wait,
    /// Waits at most that long and fails at once when it would take longer.
    WaitAtMost(Duration),
    /// Fails at once; the error says how long the wait would have been.
    FailFast,
}

impl LimitPolicy {
    pub(crate) fn patience(self) -> Option<Duration> {
        match self {
            Self::Wait => None,
            Self::WaitAtMost(patience) => Some(patience),
            Self::FailFast => Some(Duration::ZERO),
        }
    }
}

/// What one call may set differently from its client.
#[derive(Clone, Copy, Debug, Default)]
pub struct CallOptions {
    pub(crate) deadline: Option<Duration>,
    pub(crate) timeout: Option<Duration>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) limit_policy: Option<LimitPolicy>,
}

impl CallOptions {
    /// The client's own settings.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long the whole call may take, waits and retries included.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets how long one try may take, as [`ClientBuilder::timeout`] does for all calls.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets how often a failed try is repeated.
    #[must_use]
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = Some(retry);
        self
    }

    /// Sets what happens when the rate limit is used up, or the server asks to wait.
    #[must_use]
    pub fn limit_policy(mut self, policy: LimitPolicy) -> Self {
        self.limit_policy = Some(policy);
        self
    }
}

impl<A: Api> Client<A> {
    /// Starts a client of the environment at `base` over `transport`.
    pub fn builder(base: BaseUrl, transport: impl Transport) -> ClientBuilder<A> {
        ClientBuilder {
            base,
            transport: Box::new(transport),
            authorise: Box::new(Anonymous),
            clock: None,
            limits: None,
            groups: Vec::new(),
            overall: None,
            limit_policy: LimitPolicy::default(),
            retry: RetryPolicy::default(),
            timeout: Duration::from_secs(100),
            body_limit: 64 * 1024 * 1024,
            seed: None,
            api: PhantomData,
        }
    }

    /// The address below which the endpoints live.
    pub fn base(&self) -> &BaseUrl {
        &self.inner.base
    }

    /// The clock that the client waits by.
    pub fn clock(&self) -> &dyn Clock {
        self.inner.clock.as_ref()
    }
}

impl Inner {
    /// The next number of a splitmix64 sequence: spreads retries, guards nothing.
    pub(crate) fn jitter(&self) -> Jitter {
        let seed = self.random.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::Relaxed);
        let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Jitter::new((mixed >> 32) as u32)
    }
}

impl<A: Api> Clone for Client<A> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), api: PhantomData }
    }
}

impl<A: Api> fmt::Debug for Client<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("api", &A::NAME)
            .field("base", &self.inner.base)
            .field("transport", &self.inner.transport)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Client`].
#[must_use]
pub struct ClientBuilder<A: Api> {
    base: BaseUrl,
    transport: Box<dyn Transport>,
    authorise: Box<dyn Authorise>,
    clock: Option<Arc<dyn Clock>>,
    limits: Option<Arc<dyn LimitStore>>,
    groups: Vec<LimitGroup>,
    overall: Option<LimitGroup>,
    limit_policy: LimitPolicy,
    retry: RetryPolicy,
    timeout: Duration,
    body_limit: u64,
    seed: Option<u64>,
    api: PhantomData<fn() -> A>,
}

impl<A: Api> ClientBuilder<A> {
    /// Sets where credentials come from; without it calls that need some are sent without.
    pub fn authorise(mut self, authorise: impl Authorise + 'static) -> Self {
        self.authorise = Box::new(authorise);
        self
    }

    /// Sets the clock; the runtime's own without it.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Sets where limits are counted; in this client and its clones without it.
    pub fn limits(mut self, limits: Arc<dyn LimitStore>) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Limits a group of calls of one account.
    ///
    /// `account` tells the accounts of one system apart and must not be a secret: clients that
    /// share a store share the limit of the accounts that they have in common.
    pub fn limit(mut self, account: &str, group: &'static str, windows: Windows) -> Self {
        let key = LimitKey::new(format!("{}/{account}/{group}", A::NAME));
        self.groups.retain(|known| known.name != group);
        self.groups.push(LimitGroup { name: group, key, windows });
        self
    }

    /// Limits all calls together, whatever their group, as services do that count by the caller's
    /// address; `name` tells such limits apart, as `account` and the group do for
    /// [`limit`](Self::limit).
    ///
    /// A call takes its place in its own group first and in this one after that.
    pub fn limit_overall(mut self, name: &'static str, account: &str, windows: Windows) -> Self {
        let key = LimitKey::new(format!("{}/{account}/{name}", A::NAME));
        self.overall = Some(LimitGroup { name, key, windows });
        self
    }

    /// Sets what calls do when their limit is used up, or the server asks to wait.
    pub fn limit_policy(mut self, policy: LimitPolicy) -> Self {
        self.limit_policy = policy;
        self
    }

    /// Sets how often failed tries are repeated.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// Sets how long one try may take from its first byte to the last byte of the answer;
    /// 100 s without it.
    ///
    /// A second comes on top of it for every 16 KiB of the request's body, so that a large file
    /// gets through a slow connection. That it stands still is noticed by the transport
    /// ([`HttpOptions::read_timeout`](crate::HttpOptions::read_timeout)), which takes a body in memory
    /// for one piece.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the largest body of an answer, in bytes; 64 MiB without it.
    pub fn body_limit(mut self, bytes: u64) -> Self {
        self.body_limit = bytes;
        self
    }

    /// Sets where the randomness of waits starts, to repeat a run exactly.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The client.
    pub fn build(self) -> Client<A> {
        let inner = Inner {
            base: self.base,
            transport: self.transport,
            authorise: self.authorise,
            clock: self.clock.unwrap_or_else(|| Arc::new(RuntimeClock::new())),
            limits: self.limits.unwrap_or_else(|| Arc::new(LocalLimits::new())),
            groups: self.groups,
            overall: self.overall,
            limit_policy: self.limit_policy,
            retry: self.retry,
            timeout: self.timeout,
            body_limit: self.body_limit,
            random: AtomicU64::new(self.seed.unwrap_or_else(any_seed)),
        };
        Client { inner: Arc::new(inner), api: PhantomData }
    }
}

impl<A: Api> fmt::Debug for ClientBuilder<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("api", &A::NAME)
            .field("base", &self.base)
            .finish_non_exhaustive()
    }
}

/// A number that differs between processes and clients; the standard library's hasher keys do.
fn any_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};

    RandomState::new().hash_one(0u8)
}
