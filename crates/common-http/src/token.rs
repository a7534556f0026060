//! A cache for tokens that expire.
//!
//! One refresh at a time, however many callers wait for it. A refresh belongs to the cache and not
//! to the caller who started it: a caller that goes away leaves it where it is, and the next one
//! carries it on, so that a token which the server hands out only once is not lost. With a
//! [`SharedToken`] all this holds for several processes.

mod shared;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::store::{BoxFuture, Version};
use futures_util::{FutureExt, future::Shared};
use tokio::{sync::Mutex, time::Instant};

use self::shared::Held;
pub use self::shared::{SharedToken, StoredToken};

/// A token that knows when it ends.
pub trait Expiring: Clone + Send + Sync + 'static {
    /// When the server stops taking it; `None` when only a refusal will tell.
    fn expires_at(&self) -> Option<DateTime<Utc>>;
}

type Refresh<T> = Shared<BoxFuture<'static, Result<Renewed<T>, TokenError>>>;

/// What came of a renewal that did not fail.
#[derive(Clone)]
enum Renewed<T> {
    /// Another token than before, and its version if it is in a store.
    Token(T, Option<Version>),
    /// The token that is held: another process is at it, and this one works until then.
    Elsewhere(T),
}

/// Keeps one token and renews it.
///
/// # Examples
///
/// ```
/// use chrono::{DateTime, TimeDelta, Utc};
/// use common_http::{Expiring, TokenCache};
///
/// #[derive(Clone)]
/// struct Token(DateTime<Utc>);
/// impl Expiring for Token {
///     fn expires_at(&self) -> Option<DateTime<Utc>> { Some(self.0) }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let cache = TokenCache::new();
/// let now: DateTime<Utc> = "2026-02-01T08:00:00Z".parse()?;
/// let log_in = move |_old: Option<Token>| async move {
///     Ok::<_, std::io::Error>(Token(now + TimeDelta::minutes(20)))
/// };
/// let (_token, first) = cache.get(now, log_in).await?;
/// let (_token, again) = cache.get(now, log_in).await?;
/// assert_eq!(first, again);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct TokenCache<T: Expiring> {
    early: Option<Duration>,
    pause: Duration,
    shared: Option<Arc<SharedToken<T>>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    held: Held<T>,
    generation: u64,
    refresh: Option<(u64, Refresh<T>)>,
    refreshes: u64,
    pause_until: Option<DateTime<Utc>>,
}

impl<T: Expiring> TokenCache<T> {
    /// An empty cache that renews a minute before the end and, when an early renewal fails, tries
    /// the next one half a minute later at the soonest.
    pub fn new() -> Self {
        Self {
            early: Some(Duration::from_secs(60)),
            pause: Duration::from_secs(30),
            shared: None,
            state: Mutex::new(State {
                held: Held { token: None, version: None, refused: false },
                generation: 0,
                refresh: None,
                refreshes: 0,
                pause_until: None,
            }),
        }
    }

    /// Sets how long before its end a token is renewed; `None` renews only after a refusal, for
    /// systems that forbid anything else.
    #[must_use]
    pub fn renew_early(mut self, early: Option<Duration>) -> Self {
        self.early = early;
        self
    }

    /// Shares the token with every cache, in this process and in others, that has the same place
    /// in the same store.
    #[must_use]
    pub fn shared(mut self, shared: SharedToken<T>) -> Self {
        self.shared = Some(Arc::new(shared));
        self
    }

    /// The token and its generation, renewed first if need be.
    ///
    /// `renew` gets the old token, if there is one, and is called by one caller at a time. A
    /// failed early renewal is no error while the old token still works; with a [`SharedToken`]
    /// the same goes for a store that fails.
    pub async fn get<F, R, E>(&self, now: DateTime<Utc>, renew: F) -> Result<(T, u64), TokenError>
    where
        F: FnOnce(Option<T>) -> R + Send + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let asked = Asked { at: now, instant: Instant::now() };
        let mut joined = false;
        loop {
            let mut state = self.state.lock().await;
            if let (Some(token), Need::Nothing) = (&state.held.token, self.need(&state, asked)) {
                return Ok((token.clone(), state.generation));
            }
            let Some(running) = state.refresh.clone() else {
                let started = self.start(&mut state, asked, renew);
                drop(state);
                return self.finish(started, asked).await.map(|(token, _)| token);
            };
            drop(state);
            let (token, works) = self.finish(running, asked).await?;
            // One that its callers left may have come to its end long ago; the next one is new.
            if works || joined {
                return Ok(token);
            }
            joined = true;
        }
    }

    fn start<F, R, E>(&self, state: &mut State<T>, asked: Asked, renew: F) -> (u64, Refresh<T>)
    where
        F: FnOnce(Option<T>) -> R + Send + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let renew = |old| renew(old).map(|renewed| renewed.map_err(TokenError::new));
        let renewed = match &self.shared {
            Some(shared) => shared.renewal(state.held.clone(), self.early, asked, renew),
            None => renew(state.held.token.clone())
                .map(|renewed| renewed.map(|token| Renewed::Token(token, None)))
                .boxed(),
        };
        state.refreshes += 1;
        let refresh = (state.refreshes, renewed.shared());
        state.refresh = Some(refresh.clone());
        refresh
    }

    /// Waits for a renewal; the token there is then with its generation, and whether it works.
    async fn finish(
        &self,
        (number, refresh): (u64, Refresh<T>),
        asked: Asked,
    ) -> Result<((T, u64), bool), TokenError> {
        let renewed = refresh.await;
        let now = asked.now();
        let mut state = self.state.lock().await;
        if state.refresh.as_ref().is_some_and(|(current, _)| *current == number) {
            state.refresh = None;
            self.settle(&mut state, now, &renewed);
        }
        let (generation, works) = (state.generation, state.held.works(self.early, now));
        match (renewed, &state.held.token) {
            (Ok(_), Some(token)) => Ok(((token.clone(), generation), works)),
            (Err(_), Some(token)) if works => Ok(((token.clone(), generation), works)),
            (Ok(Renewed::Token(token, _) | Renewed::Elsewhere(token)), None) => {
                Ok(((token, generation), works))
            }
            (Err(error), _) => Err(error),
        }
    }

    fn settle(
        &self,
        state: &mut State<T>,
        now: DateTime<Utc>,
        renewed: &Result<Renewed<T>, TokenError>,
    ) {
        match renewed {
            // An import into the store has overtaken the renewal.
            Ok(Renewed::Token(_, version)) if *version < state.held.version => {}
            Ok(Renewed::Token(token, version)) => state.replace(token.clone(), *version),
            Ok(Renewed::Elsewhere(_)) | Err(_) => state.pause_until = Some(now + self.pause),
        }
    }

    fn need(&self, state: &State<T>, asked: Asked) -> Need {
        let now = asked.now();
        if !state.held.works(self.early, now) {
            return Need::Renewal;
        }
        let end = state.held.token.as_ref().and_then(T::expires_at);
        let (Some(early), Some(end)) = (self.early, end) else {
            return Need::Nothing;
        };
        let paused = state.pause_until.is_some_and(|until| now < until);
        if now + early >= end && !paused { Need::Renewal } else { Need::Nothing }
    }

    /// The server refused the token of that generation; the next [`get`](Self::get) renews it.
    ///
    /// A refusal of an older token changes nothing: somebody has renewed it already. With a
    /// [`SharedToken`] that somebody may be another process, which the next `get` finds out.
    pub async fn refuse(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            state.held.refused = true;
        }
    }

    /// The token that this cache holds, for another process or another run.
    pub async fn export(&self) -> Option<T> {
        self.state.lock().await.held.token.clone()
    }

    /// Uses a token that came from elsewhere; with a [`SharedToken`], in place of the one in the
    /// store.
    ///
    /// Fails only when that store does, and then changes nothing here.
    pub async fn import(&self, token: T) -> Result<(), TokenError> {
        let version = match &self.shared {
            Some(shared) => Some(shared.put(&token).await.map_err(TokenError::new)?),
            None => None,
        };
        self.state.lock().await.replace(token, version);
        Ok(())
    }
}

impl<T> State<T> {
    fn replace(&mut self, token: T, version: Option<Version>) {
        self.held = Held { token: Some(token), version, refused: false };
        self.generation += 1;
        self.pause_until = None;
    }
}

enum Need {
    Nothing,
    Renewal,
}

/// The moment at which a caller asked: its wall clock then, and how to tell what it shows now.
#[derive(Clone, Copy)]
struct Asked {
    at: DateTime<Utc>,
    instant: Instant,
}

impl Asked {
    fn now(self) -> DateTime<Utc> {
        self.at + self.instant.elapsed()
    }
}

impl<T: Expiring> Default for TokenCache<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Expiring> fmt::Debug for TokenCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("early", &self.early)
            .field("shared", &self.shared)
            .finish_non_exhaustive()
    }
}

/// A token could not be renewed; the same failure is told to all who waited for it.
#[derive(Clone, Debug)]
pub struct TokenError(Arc<dyn std::error::Error + Send + Sync>);

impl TokenError {
    fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The cause as the type that the renewal gave, or as the store's
    /// [`StoreError`](common_core::store::StoreError).
    pub fn cause<E: std::error::Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token could not be renewed")
    }
}

impl std::error::Error for TokenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.0.as_ref())
    }
}

#[cfg(test)]
mod tests;
