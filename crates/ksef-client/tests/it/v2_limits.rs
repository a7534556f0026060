//! Limits of KSeF 2.0: kept before the double has to refuse, and obeyed when it does.

use std::time::Duration;

use ksef_client::v2::{Client, Environment, ErrorKind, LimitPolicy, auth_sessions, limits};
use sandbox::ksef_v2::{Limits, Rate};

use crate::{
    support::{ALFA, InProcess},
    v2_support::{account, assert_expected, in_process},
};

fn keeping(sandbox: &sandbox::Sandbox) -> ksef_client::v2::ClientBuilder {
    let environment = Environment::at(&sandbox.ksef_v2().base_url()).unwrap();
    Client::builder(environment).transport(InProcess(sandbox.ksef_v2().service()))
}

/// As the double reads it; a negative number is no limit.
fn rate(second: i32, minute: i32) -> Rate {
    let told = serde_json::json!({"perSecond": second, "perMinute": minute, "perHour": -1});
    serde_json::from_value(told).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_limits_of_the_contract_are_kept_without_a_single_refusal() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().set_limits(Limits::production());
    let alfa = account(&keeping(&sandbox).build().unwrap(), &sandbox, ALFA);
    let start = alfa.clock().tick();
    for _ in 0..40 {
        alfa.send(&auth_sessions::List::new()).await.unwrap();
    }
    // 30 calls a minute: the last ten had to wait for the next one.
    assert!(alfa.clock().tick().since(start) >= Duration::from_secs(60));
    let refused = sandbox.ksef_v2().requests().iter().filter(|one| one.status == Some(429)).count();
    assert_eq!(refused, 0);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn the_limits_in_force_are_asked_for_and_adopted() {
    let sandbox = in_process().await;
    let tight = rate(1, 2);
    sandbox.ksef_v2().set_limits(Limits::production().with("other", tight));
    let alfa = account(&keeping(&sandbox).build().unwrap(), &sandbox, ALFA);
    let told = alfa.send(&limits::Rates).await.unwrap();
    alfa.adopt_rates(&told);
    for _ in 0..6 {
        alfa.send(&auth_sessions::List::new()).await.unwrap();
    }
    let refused = sandbox.ksef_v2().requests().iter().filter(|one| one.status == Some(429)).count();
    assert_eq!(refused, 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_closes_the_group_and_an_impatient_caller_is_told() {
    let sandbox = in_process().await;
    let tight = rate(-1, 1);
    sandbox.ksef_v2().set_limits(Limits::production().with("other", tight));
    let client = keeping(&sandbox).unlimited().limit_policy(LimitPolicy::FailFast).build().unwrap();
    let alfa = account(&client, &sandbox, ALFA);
    alfa.send(&auth_sessions::List::new()).await.unwrap();
    let error = alfa.send(&auth_sessions::List::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooManyRequests);
    assert!(error.retry_after().is_some() && !error.may_have_happened());
    let before = sandbox.ksef_v2().requests().len();
    let error = alfa.send(&auth_sessions::List::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Limited, "the penalty is remembered");
    assert_eq!(sandbox.ksef_v2().requests().len(), before);
}
