//! What must hold for a token that several processes share.

use std::{pin::pin, sync::Arc, task::Poll, time::Duration};

use chrono::TimeDelta;
use common_core::store::Records;
use futures_util::future::join_all;
use tokio::time::Instant;

use super::scene::{KEY, Scene, Token, fail, wait};
use crate::{SharedToken, TokenCache};

#[tokio::test(start_paused = true)]
async fn sixteen_callers_in_each_of_four_processes_make_one_login() {
    let scene = Scene::new();
    scene.stored(&Token::number(0, scene.now())).await;
    let processes: Vec<_> = ["a", "b", "c", "d"].map(|holder| scene.process(holder)).into();
    for round in 1..=3 {
        let callers = processes.iter().flat_map(|process| (0..16).map(|_| scene.get(process)));
        for (text, _) in join_all(callers).await {
            assert_eq!(text, format!("canary-{round}"));
        }
        assert_eq!(scene.logins(), round);
        wait(20 * 60).await;
    }
    let old = ["canary-0", "canary-1", "canary-2"].map(|text| Some(text.to_owned()));
    assert_eq!(scene.old(), old);
}

#[tokio::test(start_paused = true)]
async fn a_stored_token_is_used_after_a_restart_and_an_ended_one_helps_to_renew() {
    let scene = Scene::new();
    scene.get(&scene.process("first run")).await;
    let second = scene.process("second run");
    let (token, _) = second.get(scene.now(), fail()).await.unwrap();
    assert_eq!((token.text(), scene.logins()), ("canary-1", 1));
    wait(3600).await;
    assert_eq!(scene.get(&scene.process("third run")).await.0, "canary-2");
    assert_eq!(scene.old(), [None, Some("canary-1".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_in_two_processes_at_once_leads_to_one_refresh() {
    let scene = Scene::new();
    let (one, two) = (scene.process("one"), scene.process("two"));
    let (first, second) = (scene.get(&one).await, scene.get(&two).await);
    tokio::join!(one.refuse(first.1), two.refuse(second.1));
    let (first, second) = tokio::join!(scene.get(&one), scene.get(&two));
    assert_eq!((first.0.as_str(), second.0.as_str()), ("canary-2", "canary-2"));
    assert_eq!(scene.logins(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_process_that_comes_late_with_its_refusal_takes_the_new_token() {
    let scene = Scene::new();
    let (one, two) = (scene.process("one"), scene.process("two"));
    let (first, second) = (scene.get(&one).await, scene.get(&two).await);
    one.refuse(first.1).await;
    assert_eq!(scene.get(&one).await.0, "canary-2");
    assert_eq!(scene.get(&two).await.0, "canary-1");
    two.refuse(second.1).await;
    let (token, generation) = two.get(scene.now(), fail()).await.unwrap();
    assert_eq!(token.text(), "canary-2");
    two.refuse(second.1).await;
    assert_eq!(two.get(scene.now(), fail()).await.unwrap().1, generation);
}

#[tokio::test(start_paused = true)]
async fn without_early_renewal_an_ended_token_is_shared_until_it_is_refused() {
    let scene = Scene::new();
    scene.stored(&Token::number(0, scene.now())).await;
    let process = scene.process("one").renew_early(None);
    let (token, generation) = process.get(scene.now(), fail()).await.unwrap();
    assert_eq!(token.text(), "canary-0");
    process.refuse(generation).await;
    assert_eq!(scene.get(&process).await.0, "canary-1");
}

#[tokio::test(start_paused = true)]
async fn a_token_that_works_is_used_while_another_process_renews_it_early() {
    let scene = Scene::new();
    let (one, two) = (scene.process("one"), scene.process("two"));
    scene.get(&one).await;
    scene.get(&two).await;
    wait(19 * 60 + 10).await;
    let renewal = one.get(scene.now(), scene.login(10));
    let meanwhile = async {
        wait(1).await;
        let asked = Instant::now();
        assert_eq!(two.get(scene.now(), fail()).await.unwrap().0.text(), "canary-1");
        assert_eq!(asked.elapsed(), Duration::ZERO);
        // It looks again when the pause is over, and finds the new one.
        wait(30).await;
        two.get(scene.now(), fail()).await.unwrap().0
    };
    let (renewed, found) = tokio::join!(renewal, meanwhile);
    assert_eq!(renewed.unwrap().0.text(), "canary-2");
    assert_eq!((found.text(), scene.logins()), ("canary-2", 2));
}

#[tokio::test(start_paused = true)]
async fn an_import_reaches_the_other_processes_when_they_look() {
    let scene = Scene::new();
    let (one, two) = (scene.process("one"), scene.process("two"));
    let (_, generation) = scene.get(&two).await;
    one.import(Token::number(7, scene.now() + TimeDelta::minutes(20))).await.unwrap();
    assert_eq!(one.export().await.map(|token| token.text().to_owned()).unwrap(), "canary-7");
    two.refuse(generation).await;
    let (token, _) = two.get(scene.now(), fail()).await.unwrap();
    assert_eq!((token.text(), scene.logins()), ("canary-7", 1));
}

#[tokio::test(start_paused = true)]
async fn an_import_during_a_renewal_stays() {
    let scene = Scene::new();
    let process = scene.process("one");
    let import = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        process.import(Token::number(7, scene.now() + TimeDelta::minutes(20))).await.unwrap();
    };
    let (renewed, ()) = tokio::join!(scene.get(&process), import);
    assert_eq!(renewed.0, "canary-7");
    assert_eq!(scene.get(&scene.process("two")).await.0, "canary-7");
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_its_caller_left_does_not_undo_a_later_import() {
    let scene = Scene::new();
    let process = scene.process("one");
    let left = tokio::time::timeout(Duration::from_millis(500), scene.get(&process)).await;
    assert!(left.is_err());
    wait(1).await;
    process.import(Token::number(7, scene.now() + TimeDelta::minutes(20))).await.unwrap();
    let (text, generation) = scene.get(&process).await;
    assert_eq!((text.as_str(), scene.logins()), ("canary-7", 1));
    process.refuse(generation).await;
    assert_eq!(scene.get(&process).await.0, "canary-2");
    assert_eq!(scene.old(), [None, Some("canary-7".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn tokens_under_different_keys_are_apart() {
    let scene = Scene::new();
    let remote = Arc::new(scene.remote.clone());
    let place = SharedToken::new(remote.clone(), remote, "token/company-2", "one");
    scene.get(&scene.process("one")).await;
    scene.get(&TokenCache::new().shared(place)).await;
    assert_eq!(scene.logins(), 2);
}

/// Polls so often and drops the future.
async fn polled<F: Future>(future: F, polls: usize) -> bool {
    let mut future = pin!(future);
    for _ in 0..polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context)));
        if polled.await.is_ready() {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn a_caller_may_go_away_at_every_await_point_and_no_login_is_lost() {
    let mut polls = 0;
    loop {
        let scene = Scene::new();
        let (one, two) = (scene.process("one"), scene.process("two"));
        let ended = polled(scene.get(&one), polls).await;
        let asked = Instant::now();
        let (first, second) = tokio::join!(scene.get(&one), scene.get(&two));
        assert_eq!((first.0.as_str(), second.0.as_str()), ("canary-1", "canary-1"), "at {polls}");
        assert_eq!(scene.logins(), 1, "at {polls}");
        assert!(asked.elapsed() < Duration::from_secs(2), "the lease was kept at {polls}");
        if ended {
            break;
        }
        polls += 1;
    }
    assert!(polls > 10, "only {polls} await points were tried");
}

#[tokio::test(start_paused = true)]
async fn no_part_of_a_token_shows_in_debug() {
    let scene = Scene::new();
    let process = scene.process("one");
    scene.get(&process).await;
    let record = scene.remote.store.get(KEY).await.unwrap();
    let shown = format!("{process:?} {record:?}");
    assert!(shown.contains("token/company-1") && shown.contains("version"), "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
}
