//! A cache for tokens that expire.
//!
//! One refresh at a time, however many callers wait for it. A refresh belongs to the cache and not
//! to the caller who started it: a caller that goes away leaves it where it is, and the next one
//! carries it on, so that a token which the server hands out only once is not lost.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common_core::limit::BoxFuture;
use futures_util::{FutureExt, future::Shared};
use tokio::sync::Mutex;

/// A token that knows when it ends.
pub trait Expiring: Clone + Send + Sync + 'static {
    /// When the server stops taking it; `None` when only a refusal will tell.
    fn expires_at(&self) -> Option<DateTime<Utc>>;
}

type Refresh<T> = Shared<BoxFuture<'static, Result<T, TokenError>>>;

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
/// let log_in = |_old: Option<Token>| async move {
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
    state: Mutex<State<T>>,
}

struct State<T> {
    token: Option<T>,
    /// The server refused it; it is kept only for the refresh, which may need it.
    refused: bool,
    generation: u64,
    refresh: Option<(u64, Refresh<T>)>,
    refreshes: u64,
    pause_until: Option<DateTime<Utc>>,
}

impl<T: Expiring> State<T> {
    fn join_or_start<F, R, E>(&mut self, renew: F) -> (u64, Refresh<T>)
    where
        F: FnOnce(Option<T>) -> R,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        if let Some(running) = &self.refresh {
            return running.clone();
        }
        let renewed = renew(self.token.clone());
        let renewed: BoxFuture<'static, _> =
            Box::pin(async move { renewed.await.map_err(TokenError::new) });
        self.refreshes += 1;
        let refresh = (self.refreshes, renewed.shared());
        self.refresh = Some(refresh.clone());
        refresh
    }
}

impl<T: Expiring> TokenCache<T> {
    /// An empty cache that renews a minute before the end and, when an early renewal fails, tries
    /// the next one half a minute later at the soonest.
    pub fn new() -> Self {
        Self {
            early: Some(Duration::from_secs(60)),
            pause: Duration::from_secs(30),
            state: Mutex::new(State {
                token: None,
                refused: false,
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

    /// The token and its generation, renewed first if need be.
    ///
    /// `renew` gets the old token, if there is one, and is called by one caller at a time. A
    /// failed early renewal is no error while the old token still works.
    pub async fn get<F, R, E>(&self, now: DateTime<Utc>, renew: F) -> Result<(T, u64), TokenError>
    where
        F: FnOnce(Option<T>) -> R,
        R: Future<Output = Result<T, E>> + Send + 'static,
        E: std::error::Error + Send + Sync + 'static,
    {
        let (number, refresh) = {
            let mut state = self.state.lock().await;
            match (&state.token, self.need(&state, now)) {
                (Some(token), Need::Nothing) => return Ok((token.clone(), state.generation)),
                _ => state.join_or_start(renew),
            }
        };
        let renewed = refresh.await;
        let mut state = self.state.lock().await;
        if state.refresh.as_ref().is_some_and(|(current, _)| *current == number) {
            state.refresh = None;
            self.settle(&mut state, now, &renewed);
        }
        match (renewed, &state.token) {
            (Ok(_), Some(token)) => Ok((token.clone(), state.generation)),
            (Err(_), Some(token)) if self.works(&state, now) => {
                Ok((token.clone(), state.generation))
            }
            (Ok(token), None) => Ok((token, state.generation)),
            (Err(error), _) => Err(error),
        }
    }

    fn settle(&self, state: &mut State<T>, now: DateTime<Utc>, renewed: &Result<T, TokenError>) {
        match renewed {
            Ok(token) => {
                state.token = Some(token.clone());
                state.refused = false;
                state.generation += 1;
                state.pause_until = None;
            }
            Err(_) => state.pause_until = Some(now + self.pause),
        }
    }

    fn need(&self, state: &State<T>, now: DateTime<Utc>) -> Need {
        let Some(token) = &state.token else { return Need::Renewal };
        if !self.works(state, now) {
            return Need::Renewal;
        }
        let (Some(early), Some(end)) = (self.early, token.expires_at()) else {
            return Need::Nothing;
        };
        let paused = state.pause_until.is_some_and(|until| now < until);
        if now + early >= end && !paused { Need::Renewal } else { Need::Nothing }
    }

    /// Whether the token can still be used: not refused, and not past its end unless the end is
    /// to be learnt from a refusal only.
    fn works(&self, state: &State<T>, now: DateTime<Utc>) -> bool {
        let ended = self.early.is_some()
            && state.token.as_ref().and_then(T::expires_at).is_some_and(|end| now >= end);
        !state.refused && !ended
    }

    /// The server refused the token of that generation; the next [`get`](Self::get) renews it.
    ///
    /// A refusal of an older token changes nothing: somebody has renewed it already.
    pub async fn refuse(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if state.generation == generation {
            state.refused = true;
        }
    }

    /// The token, for another process or another run.
    pub async fn export(&self) -> Option<T> {
        self.state.lock().await.token.clone()
    }

    /// Uses a token that came from elsewhere.
    pub async fn import(&self, token: T) {
        let mut state = self.state.lock().await;
        self.settle(&mut state, DateTime::UNIX_EPOCH, &Ok(token));
    }
}

enum Need {
    Nothing,
    Renewal,
}

impl<T: Expiring> Default for TokenCache<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: Expiring> fmt::Debug for TokenCache<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("early", &self.early).finish_non_exhaustive()
    }
}

/// A token could not be renewed; the same failure is told to all who waited for it.
#[derive(Clone, Debug)]
pub struct TokenError(Arc<dyn std::error::Error + Send + Sync>);

impl TokenError {
    fn new(source: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(source))
    }

    /// The cause as the type that the renewal gave.
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
