//! What must hold for the token cache.

mod scene;
mod shared;
mod trouble;

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::TimeDelta;

use super::*;

#[derive(Clone, Debug, PartialEq)]
struct Token {
    number: u32,
    end: DateTime<Utc>,
}

impl Expiring for Token {
    fn expires_at(&self) -> Option<DateTime<Utc>> {
        Some(self.end)
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
}

#[derive(Clone, Default)]
struct Server {
    logins: Arc<AtomicU32>,
}

impl Server {
    /// Logs in, whatever the old token is; takes a second.
    fn log_in(
        &self,
        end: DateTime<Utc>,
    ) -> impl FnOnce(Option<Token>) -> BoxFuture<'static, Result<Token, std::io::Error>> + use<>
    {
        let logins = Arc::clone(&self.logins);
        move |_| {
            Box::pin(async move {
                let number = logins.fetch_add(1, Ordering::SeqCst) + 1;
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(Token { number, end })
            })
        }
    }

    fn count(&self) -> u32 {
        self.logins.load(Ordering::SeqCst)
    }
}

fn fail() -> std::future::Ready<Result<Token, std::io::Error>> {
    std::future::ready(Err(std::io::Error::other("down")))
}

#[tokio::test(start_paused = true)]
async fn many_callers_make_one_login() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let calls = (0..50).map(|_| cache.get(at(0), server.log_in(at(1200))));
    for result in futures_util::future::join_all(calls).await {
        assert_eq!(result.unwrap().0.number, 1);
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_login_survives_the_caller_who_started_it() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let started = cache.get(at(0), server.log_in(at(1200)));
    let cancelled = tokio::time::timeout(Duration::from_millis(10), started).await;
    assert!(cancelled.is_err());
    let (token, _) = cache.get(at(0), |_| fail()).await.unwrap();
    assert_eq!((token.number, server.count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_working_token_outlives_a_failed_early_renewal_and_the_server_is_not_hammered() {
    let (cache, server) = (TokenCache::new(), Server::default());
    cache.import(Token { number: 7, end: at(100) }).await.unwrap();
    let (token, _) = cache.get(at(50), |_| fail()).await.unwrap();
    assert_eq!(token.number, 7);
    cache.get(at(60), server.log_in(at(500))).await.unwrap();
    assert_eq!(server.count(), 0);
    let (token, _) = cache.get(at(81), server.log_in(at(500))).await.unwrap();
    assert_eq!((token.number, server.count()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_ended_token_is_not_given_out() {
    let cache = TokenCache::new();
    cache.import(Token { number: 7, end: at(100) }).await.unwrap();
    let error = cache.get(at(100), |_| fail()).await.unwrap_err();
    assert!(error.cause::<std::io::Error>().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_is_renewed_once_and_a_late_refusal_changes_nothing() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let (_, first) = cache.get(at(0), server.log_in(at(1200))).await.unwrap();
    cache.refuse(first).await;
    let (token, second) = cache
        .get(at(1), {
            let log_in = server.log_in(at(1200));
            |old| {
                assert_eq!(old.as_ref().map(|token| token.number), Some(1));
                log_in(old)
            }
        })
        .await
        .unwrap();
    assert_eq!(token.number, 2);
    cache.refuse(first).await;
    assert_eq!(cache.get(at(2), |_| fail()).await.unwrap().1, second);
}

#[tokio::test(start_paused = true)]
async fn without_early_renewal_only_a_refusal_renews() {
    let cache = TokenCache::new().renew_early(None);
    cache.import(Token { number: 7, end: at(100) }).await.unwrap();
    let (token, generation) = cache.get(at(5000), |_| fail()).await.unwrap();
    assert_eq!(token.number, 7);
    cache.refuse(generation).await;
    assert!(cache.get(at(5000), |_| fail()).await.is_err());
    assert_eq!(cache.export().await.map(|token| token.number), Some(7));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_while_its_renewal_fails_is_not_given_out() {
    let cache = TokenCache::new();
    cache.import(Token { number: 7, end: at(100) }).await.unwrap();
    let slow = |_| async {
        tokio::time::sleep(Duration::from_secs(20)).await;
        Err(std::io::Error::other("down"))
    };
    assert!(cache.get(at(90), slow).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_login_that_was_left_for_too_long_is_followed_by_another() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let left = cache.get(at(0), server.log_in(at(1200)));
    assert!(tokio::time::timeout(Duration::from_millis(10), left).await.is_err());
    let (token, _) = cache.get(at(5000), server.log_in(at(6200))).await.unwrap();
    assert_eq!((token.number, server.count()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn tokens_that_have_ended_when_they_come_do_not_make_each_caller_log_in() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let calls = (0..50).map(|_| cache.get(at(100), server.log_in(at(0))));
    assert!(futures_util::future::join_all(calls).await.into_iter().all(|got| got.is_ok()));
    assert_eq!(server.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_nobody_waited_for_is_told_to_nobody() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let slow = |_| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(std::io::Error::other("the challenge has ended"))
    };
    let left = cache.get(at(0), slow);
    assert!(tokio::time::timeout(Duration::from_millis(10), left).await.is_err());
    // The second of them comes when somebody waits for it again.
    let calls = (0..2).map(|_| cache.get(at(5000), server.log_in(at(6200))));
    for got in futures_util::future::join_all(calls).await {
        assert_eq!(got.unwrap().0.number, 1);
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_who_wait_for_it() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let slow = |_| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        Err(std::io::Error::other("down"))
    };
    let calls = (0..50).map(|_| cache.get(at(0), server.log_in(at(1200))));
    let (first, others) =
        tokio::join!(cache.get(at(0), slow), futures_util::future::join_all(calls));
    assert!(first.is_err() && others.iter().all(Result::is_err));
    assert_eq!(server.count(), 0);
}

#[test]
fn a_login_whose_runtime_has_ended_is_followed_by_another() {
    let (cache, server) = (TokenCache::new(), Server::default());
    let runtime = || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_time().start_paused(true).build().unwrap()
    };
    runtime().block_on(async {
        let left = cache.get(at(0), server.log_in(at(1200)));
        assert!(tokio::time::timeout(Duration::from_millis(10), left).await.is_err());
    });
    let (token, _) = runtime().block_on(cache.get(at(1), server.log_in(at(1200)))).unwrap();
    assert_eq!((token.number, server.count()), (2, 2));
}
