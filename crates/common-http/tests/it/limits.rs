//! Rate limits: policies, groups, penalties, and places that go back.

use std::sync::Arc;

use common_core::{
    effect::{ErrorKind, Phase},
    limit::{Window, Windows},
    secret::SecretString,
    store::BoxFuture,
};
use common_http::{
    Authorise, CallOptions, Client, CredentialsError, LimitPolicy, UsedToken,
    scripted::{Scripted, Step},
};
use futures_util::future::join_all;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

use crate::support::{Always, Find, Issue, Stopwatch, Toy, builder, ok, seconds};

fn one_per(period: u64) -> Windows {
    Windows::new([Window::new(1, seconds(period))])
}

/// A client that may read once in ten seconds.
fn slow() -> (Client<Toy>, Stopwatch<Always>) {
    let watch = Stopwatch::new(Always);
    (builder(watch.clone()).limit("a", "reads", one_per(10)).build(), watch)
}

#[tokio::test(start_paused = true)]
async fn a_patient_call_waits_for_its_place() {
    let (client, watch) = slow();
    for _ in 0..3 {
        client.send(&Find::new(1)).await.unwrap();
    }
    assert_eq!(watch.times(), [0, 10, 20].map(seconds));
}

/// Logs in when it is asked for the first time, for 25 seconds, and keeps count of how often it was
/// asked.
#[derive(Clone, Debug, Default)]
struct SlowLogin(Arc<Mutex<u64>>);

impl Authorise for SlowLogin {
    fn credentials(&self) -> BoxFuture<'_, Result<Option<UsedToken>, CredentialsError>> {
        Box::pin(async {
            let mut asked = self.0.lock().await;
            if *asked == 0 {
                tokio::time::sleep(seconds(25)).await;
            }
            *asked += 1;
            UsedToken::bearer(&SecretString::from("token"), 0).map(Some)
        })
    }

    fn refused<'a>(&'a self, _: &'a UsedToken) -> BoxFuture<'a, bool> {
        Box::pin(async { false })
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_waited_for_a_login_keep_their_distance() {
    let (watch, login) = (Stopwatch::new(Always), SlowLogin::default());
    let client =
        builder(watch.clone()).authorise(login.clone()).limit("a", "reads", one_per(10)).build();
    let calls = (0..3).map(|id| {
        let client = client.clone();
        async move { client.send(&Find::new(id)).await }
    });
    assert!(join_all(calls).await.iter().all(Result::is_ok));
    assert_eq!(watch.times(), [25, 35, 45].map(seconds));
    assert_eq!(*login.0.lock().await, 3);
}

#[tokio::test(start_paused = true)]
async fn after_a_long_wait_the_credentials_are_asked_for_again() {
    let (watch, login) = (Stopwatch::new(Always), SlowLogin::default());
    let client =
        builder(watch.clone()).authorise(login.clone()).limit("a", "reads", one_per(600)).build();
    for id in 0..2 {
        client.send(&Find::new(id)).await.unwrap();
    }
    assert_eq!((watch.times(), *login.0.lock().await), (vec![seconds(25), seconds(625)], 3));
}

#[tokio::test(start_paused = true)]
async fn an_impatient_call_learns_how_long_it_would_have_waited() {
    let (client, watch) = slow();
    client.send(&Find::new(1)).await.unwrap();
    tokio::time::advance(seconds(4)).await;
    for policy in [LimitPolicy::FailFast, LimitPolicy::WaitAtMost(seconds(5))] {
        let options = CallOptions::new().limit_policy(policy);
        let error = client.send_with(&Find::new(1), options).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::Limited, Phase::NotSent));
        assert_eq!(error.retry_after(), Some(seconds(6)));
        assert_eq!(error.attempts(), 1);
    }
    let options = CallOptions::new().limit_policy(LimitPolicy::WaitAtMost(seconds(6)));
    client.send_with(&Find::new(1), options).await.unwrap();
    assert_eq!(watch.times(), [0, 10].map(seconds));
}

#[tokio::test(start_paused = true)]
async fn an_impatient_call_does_not_wait_out_a_429_either() {
    for policy in [LimitPolicy::FailFast, LimitPolicy::WaitAtMost(seconds(29))] {
        let script = Scripted::new([Step::answer(429, "").header("retry-after", "30")]);
        let client = builder(script.clone()).limit("a", "reads", one_per(1)).build();
        let options = CallOptions::new().limit_policy(policy);
        let start = Instant::now();
        let error = client.send_with(&Find::new(1), options).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::TooManyRequests, 1));
        assert_eq!(error.retry_after(), Some(seconds(30)));
        assert_eq!(start.elapsed(), seconds(0), "{policy:?}");
    }
    let script = Scripted::new([Step::answer(429, "").header("retry-after", "30"), ok()]);
    let client = builder(script.clone()).limit("a", "reads", one_per(1)).build();
    let options = CallOptions::new().limit_policy(LimitPolicy::WaitAtMost(seconds(30)));
    client.send_with(&Find::new(1), options).await.unwrap();
    assert_eq!(script.remaining(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_impatient_call_waits_out_no_other_wish_of_the_server_either() {
    let busy = || Step::answer(503, "").header("retry-after", "14400");
    for policy in [LimitPolicy::FailFast, LimitPolicy::WaitAtMost(seconds(5))] {
        let client = builder(Scripted::new([busy()])).build();
        let options = CallOptions::new().limit_policy(policy);
        let start = Instant::now();
        let error = client.send_with(&Find::new(1), options).await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 1));
        assert_eq!(error.retry_after(), Some(seconds(14_400)));
        assert_eq!(start.elapsed(), seconds(0), "{policy:?}");
    }
    // A wish for no wait is none to give up for, whatever the client's own pause is.
    let now = Step::answer(503, "").header("retry-after", "0");
    let client = builder(Scripted::new([now, ok()])).build();
    let options = CallOptions::new().limit_policy(LimitPolicy::FailFast);
    client.send_with(&Find::new(1), options).await.unwrap();
    // A failure without a wish is repeated as ever.
    let client = builder(Scripted::new([Step::answer(503, ""), ok()])).build();
    let options = CallOptions::new().limit_policy(LimitPolicy::FailFast);
    client.send_with(&Find::new(1), options).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_clients_policy_holds_for_calls_without_their_own() {
    let builder = builder(Always).limit("a", "reads", one_per(10));
    let client = builder.limit_policy(LimitPolicy::FailFast).build();
    client.send(&Find::new(1)).await.unwrap();
    assert_eq!(client.send(&Find::new(1)).await.unwrap_err().kind(), ErrorKind::Limited);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_goes_away_gives_its_place_back() {
    let (client, watch) = slow();
    client.send(&Find::new(1)).await.unwrap();
    assert!(timeout(seconds(3), client.send(&Find::new(2))).await.is_err());
    client.send(&Find::new(3)).await.unwrap();
    assert_eq!(watch.times(), [0, 10].map(seconds));
}

#[tokio::test(start_paused = true)]
async fn groups_do_not_wait_for_each_other() {
    let watch = Stopwatch::new(Always);
    let client = builder(watch.clone())
        .limit("a", "reads", one_per(10))
        .limit("a", "writes", one_per(20))
        .build();
    let issue = async {
        client.send(&Issue::new(1)).await.unwrap();
        client.send(&Issue::new(1)).await.unwrap();
    };
    let find = async {
        client.send(&Find::new(1)).await.unwrap();
        client.send(&Find::new(1)).await.unwrap();
    };
    tokio::join!(issue, find);
    assert_eq!(watch.times(), [0, 0, 10, 20].map(seconds));
}

#[tokio::test(start_paused = true)]
async fn a_limit_over_all_calls_holds_beside_those_of_their_groups() {
    let watch = Stopwatch::new(Always);
    let client = builder(watch.clone())
        .limit("a", "reads", one_per(10))
        .limit_overall("all", "here", one_per(4))
        .build();
    for _ in 0..2 {
        client.send(&Issue::new(1)).await.unwrap();
        client.send(&Find::new(1)).await.unwrap();
    }
    assert_eq!(watch.times(), [0, 4, 8, 12].map(seconds));
}

#[tokio::test(start_paused = true)]
async fn accounts_share_a_store_and_no_limit_and_clients_of_one_account_share_it() {
    let store = Arc::new(common_core::limit::LocalLimits::new());
    let clock = Arc::new(common_http::RuntimeClock::new());
    let watch = Stopwatch::new(Always);
    let client = |account: &str| {
        let builder = builder(watch.clone()).clock(clock.clone()).limits(store.clone());
        builder.limit(account, "reads", one_per(10)).build()
    };
    for account in ["a", "b", "a"] {
        client(account).send(&Find::new(1)).await.unwrap();
    }
    assert_eq!(watch.times(), [0, 0, 10].map(seconds));
}

#[tokio::test(start_paused = true)]
async fn a_429_closes_the_limit_for_all_who_wait_and_it_opens_without_a_burst() {
    let script = Scripted::new([Step::answer(429, "").header("retry-after", "5")]);
    (0..4).for_each(|_| script.push(ok()));
    let watch = Stopwatch::new(script);
    let client = builder(watch.clone()).limit("a", "reads", one_per(1)).build();
    let find = Find::new(1);
    let answers = join_all((0..4).map(|_| client.send(&find))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(watch.times(), [0, 5, 6, 7, 8].map(seconds));
}

#[tokio::test(start_paused = true)]
async fn a_429_in_the_middle_of_waits_moves_those_that_lie_ahead() {
    let script = Scripted::new([ok(), ok(), Step::answer(429, "").header("retry-after", "30")]);
    (0..3).for_each(|_| script.push(ok()));
    let watch = Stopwatch::new(script);
    let client = builder(watch.clone()).limit("a", "reads", one_per(1)).build();
    let find = Find::new(1);
    let answers = join_all((0..5).map(|_| client.send(&find))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(watch.times(), [0, 1, 2, 32, 33, 34].map(seconds));
}

#[tokio::test(start_paused = true)]
async fn a_429_that_names_no_time_closes_the_limit_for_a_second() {
    let watch = Stopwatch::new(Scripted::new([Step::answer(429, ""), ok()]));
    let client = builder(watch.clone()).limit("a", "reads", Windows::unlimited()).build();
    let start = Instant::now();
    client.send(&Find::new(1)).await.unwrap();
    assert_eq!(start.elapsed(), seconds(1));
    assert_eq!(watch.times(), [0, 1].map(seconds));
}
