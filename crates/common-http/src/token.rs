//! A cache for tokens that expire.
//!
//! One refresh at a time, however many callers wait for it. A refresh belongs to the cache and not
//! to the caller who started it: it runs as a task of its own, which goes on when that caller goes
//! away, so that a token which the server hands out only once is not lost, and so that no refresh is
//! carried on hours later, by whoever comes then. With a [`SharedToken`] all this holds for several
//! processes.

mod shared;

use std::{fmt, future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::store::{BoxFuture, Version};
use futures_util::{FutureExt, future::Shared};
use tokio::{sync::Mutex, time::Instant};
use tracing::Instrument;

use self::shared::Held;
pub use self::shared::{SharedToken, StoredToken};

/// A token that knows when it ends.
pub trait Expiring: Clone + Send + Sync + 'static {
    /// When the server stops taking it; `None` when only a refusal will tell.
    fn expires_at(&self) -> Option<DateTime<Utc>>;
}

type Renewal<T> = BoxFuture<'static, Result<Renewed<T>, TokenError>>;

/// A renewal that was begun.
struct Running<T: Expiring> {
    number: u64,
    renewal: Shared<Renewal<T>>,
    /// Whether there was a time in which nobody waited for it.
    is_left: bool,
}

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

struct State<T: Expiring> {
    held: Held<T>,
    generation: u64,
    running: Option<Running<T>>,
    renewals: u64,
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
                running: None,
                renewals: 0,
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
    /// `renew` gets the old token, if there is one, and is called for one caller at a time, in a
    /// task of the runtime that this caller runs on. A failed early renewal is no error while the
    /// old token still works; with a [`SharedToken`] the same goes for a store that fails.
    ///
    /// A renewal that fails tells all who wait for it, but nobody who comes after its callers went
    /// away: for those it is made anew.
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
            let Some(running) = &mut state.running else {
                let started = self.start(&mut state, asked, renew);
                drop(state);
                return self.finish(started, asked).await.map(|(token, _)| token);
            };
            // Whoever waits for it has a clone of it; without a count, nobody has taken its end.
            running.is_left |= running.renewal.strong_count().is_none_or(|count| count == 1);
            let (is_left, running) = (running.is_left, (running.number, running.renewal.clone()));
            drop(state);
            // One that its callers left may have come to its end long ago; the next one is new.
            match self.finish(running, asked).await {
                Ok((_, false)) if !joined => joined = true,
                Err(_) if is_left && !joined => joined = true,
                ended => return ended.map(|(token, _)| token),
            }
        }
    }

    fn start<F, R, E>(
        &self,
        state: &mut State<T>,
        asked: Asked,
        renew: F,
    ) -> (u64, Shared<Renewal<T>>)
    where
        F: FnOnce(Option<T>) -> R + Send + 'static,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let renew = |old| renew(old).map(|renewed| renewed.map_err(TokenError::new));
        let held = state.held.clone();
        let renewal = match &self.shared {
            Some(shared) => shared.renewal(held, self.early, asked, renew).boxed(),
            None => async move { Ok(Renewed::Token(renew(held.token).await?, None)) }.boxed(),
        };
        let task = tokio::spawn(renewal.in_current_span());
        // What a panic said stays with the panic: it may name the token.
        let renewal = task.map(|ended| ended.unwrap_or_else(|_| Err(TokenError::new(BrokenOff))));
        let renewal = renewal.boxed().shared();
        state.renewals += 1;
        let number = state.renewals;
        state.running = Some(Running { number, renewal: renewal.clone(), is_left: false });
        (number, renewal)
    }

    /// Waits for a renewal; the token there is then with its generation, and whether it works.
    async fn finish(
        &self,
        (number, renewal): (u64, Shared<Renewal<T>>),
        asked: Asked,
    ) -> Result<((T, u64), bool), TokenError> {
        let renewed = renewal.await;
        let now = asked.now();
        let mut state = self.state.lock().await;
        if state.running.as_ref().is_some_and(|running| running.number == number) {
            state.running = None;
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

    /// The token that this cache holds and its generation, if it works; nothing is waited for. For
    /// callers who do not want to wait for an early renewal any longer.
    pub async fn working(&self, now: DateTime<Utc>) -> Option<(T, u64)> {
        let state = self.state.lock().await;
        let token = state.held.token.clone().filter(|_| state.held.works(self.early, now))?;
        Some((token, state.generation))
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

impl<T: Expiring> State<T> {
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

/// The renewal panicked, or the runtime that ran it has ended.
#[derive(Debug, thiserror::Error)]
#[error("the renewal was broken off")]
struct BrokenOff;

#[cfg(test)]
mod tests;
