//! A call's future may be dropped at every await point: the client works on and nothing leaks.

use std::{
    convert::Infallible,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    task::Poll,
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::{
    clock::Tick,
    limit::{Ask, Grant, LimitKey, LimitStore, LocalLimits, Window, Windows},
    secret::SecretString,
    store::{BoxFuture, StoreError},
};
use common_http::{
    Authorise, Body, BodyStream, Client, CredentialsError, Expiring, TokenCache, Transport,
    TransportError, UsedToken,
    scripted::{Scripted, Step},
};
use futures_util::stream;
use tokio::task::yield_now;

use crate::support::{Find, Toy, builder, ok, seconds};

/// Counts what is open; a value of it belongs to one open thing.
#[derive(Debug)]
struct Open(Arc<AtomicI64>);

impl Open {
    fn new(count: &Arc<AtomicI64>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Places taken and neither used nor given back; each step waits to be polled once more.
#[derive(Clone, Debug, Default)]
struct Limits {
    store: Arc<LocalLimits>,
    open: Arc<AtomicI64>,
}

impl LimitStore for Limits {
    fn reserve<'a>(
        &'a self,
        ask: Ask<'a>,
    ) -> BoxFuture<'a, Result<Result<Grant, Duration>, StoreError>> {
        Box::pin(async move {
            yield_now().await;
            let answer = self.store.reserve(ask).await?;
            self.open.fetch_add(i64::from(answer.is_ok()), Ordering::SeqCst);
            Ok(answer)
        })
    }

    fn confirm<'a>(
        &'a self,
        key: &'a LimitKey,
        grant: Grant,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(async move {
            yield_now().await;
            let holds = self.store.confirm(key, grant).await?;
            self.open.fetch_sub(i64::from(holds), Ordering::SeqCst);
            Ok(holds)
        })
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            yield_now().await;
            self.store.penalise(key, now, closed_for).await
        })
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        self.open.fetch_sub(1, Ordering::SeqCst);
        self.store.release(key, grant);
    }
}

#[derive(Clone, Debug)]
struct Token(u64);

impl Expiring for Token {
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        Some(DateTime::UNIX_EPOCH + TimeDelta::days(1))
    }
}

/// Logs in through a token cache; counts logins that were begun and that were ended.
#[derive(Clone, Debug, Default)]
struct Logins {
    cache: Arc<TokenCache<Token>>,
    begun: Arc<AtomicU64>,
    ended: Arc<AtomicU64>,
}

impl Authorise for Logins {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        let (begun, ended) = (Arc::clone(&self.begun), Arc::clone(&self.ended));
        let log_in = move |_| async move {
            let number = begun.fetch_add(1, Ordering::SeqCst);
            yield_now().await;
            ended.fetch_add(1, Ordering::SeqCst);
            Ok::<_, Infallible>(Token(number))
        };
        Box::pin(async move {
            let token = self.cache.get(DateTime::UNIX_EPOCH, log_in).await;
            let (Token(number), generation) =
                token.map_err(|error| CredentialsError::new("no login").because(error))?;
            let token = SecretString::from(format!("token-{number}"));
            UsedToken::bearer(&token, generation).map(Some)
        })
    }

    fn refused<'a>(&'a self, used: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            yield_now().await;
            self.cache.refuse(used.generation()).await;
            true
        })
    }
}

/// A script whose answers and bodies arrive in several steps; counts open exchanges.
#[derive(Clone, Debug)]
struct Wire {
    script: Scripted,
    open: Arc<AtomicI64>,
}

impl Transport for Wire {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<BodyStream>, TransportError>> {
        let open = Open::new(&self.open);
        Box::pin(async move {
            yield_now().await;
            let answer = self.script.send(request).await?;
            yield_now().await;
            Ok(answer.map(|body| {
                BodyStream::stream(stream::unfold((body, open), |(mut body, open)| async move {
                    yield_now().await;
                    body.next().await.map(|piece| (piece, (body, open)))
                }))
            }))
        })
    }
}

struct Scene {
    limits: Limits,
    logins: Logins,
    wire: Wire,
    client: Client<Toy>,
}

/// A client for which everything goes wrong once before it goes right.
fn scene() -> Scene {
    let script = Scripted::new([
        Step::answer(401, "expired"),
        Step::answer(429, "slowly").header("retry-after", "2"),
        Step::answer(503, "later"),
        ok(),
    ]);
    let (limits, logins) = (Limits::default(), Logins::default());
    let wire = Wire { script, open: Arc::default() };
    let client = builder(wire.clone())
        .authorise(logins.clone())
        .limits(Arc::new(limits.clone()))
        .limit("a", "reads", Windows::new([Window::new(1, seconds(3))]))
        .build();
    Scene { limits, logins, wire, client }
}

/// Polls so many times, a second apart, and drops the future; its output if it was ready by then.
async fn polled<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        if let Poll::Ready(output) = polled.await {
            return Some(output);
        }
        tokio::time::sleep(seconds(1)).await;
    }
    None
}

#[tokio::test(start_paused = true)]
async fn a_call_may_be_dropped_at_every_await_point() {
    let mut polls = 0;
    loop {
        let scene = scene();
        let find = Find::new(1);
        let ended = polled(scene.client.send(&find), polls).await;
        assert_eq!(scene.limits.open.load(Ordering::SeqCst), 0, "a place leaked at {polls}");
        assert_eq!(scene.wire.open.load(Ordering::SeqCst), 0, "an exchange leaked at {polls}");

        if scene.wire.script.remaining() == 0 {
            scene.wire.script.push(ok());
        }
        let next = scene.client.clone();
        let next = tokio::time::timeout(seconds(60), next.send(&find)).await;
        assert_eq!(next.expect("the client is stuck").unwrap(), 7, "at {polls}");
        assert_eq!(scene.limits.open.load(Ordering::SeqCst), 0);
        let logins = &scene.logins;
        assert_eq!(logins.begun.load(Ordering::SeqCst), logins.ended.load(Ordering::SeqCst));
        assert!(logins.begun.load(Ordering::SeqCst) <= 2, "a login was lost at {polls}");

        if let Some(answer) = ended {
            assert_eq!(answer.unwrap(), 7);
            break;
        }
        polls += 1;
    }
    assert!(polls >= 25, "only {polls} await points were tried");
}

#[tokio::test(start_paused = true)]
async fn two_callers_may_come_and_go_at_every_await_point() {
    for polls in 0..30 {
        let scene = scene();
        let (one, two) = (Find::new(1), Find::new(2));
        let both = async {
            let answers = tokio::join!(scene.client.send(&one), scene.client.send(&two));
            (answers.0.is_ok(), answers.1.is_ok())
        };
        (0..4).for_each(|_| scene.wire.script.push(ok()));
        polled(both, polls).await;
        assert_eq!(scene.limits.open.load(Ordering::SeqCst), 0, "a place leaked at {polls}");
        assert_eq!(scene.wire.open.load(Ordering::SeqCst), 0, "an exchange leaked at {polls}");
        let next = tokio::time::timeout(seconds(60), scene.client.send(&one)).await;
        assert_eq!(next.expect("the client is stuck").unwrap(), 7, "at {polls}");
    }
}
