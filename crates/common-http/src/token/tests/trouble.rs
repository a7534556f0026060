//! Processes that die or sleep while they renew, stores that fail, records that cannot be read.

use std::{io, sync::Arc, time::Duration};

use common_core::{
    secret::secret_bytes,
    store::{Change, Expect, Records, StoreError, StoreErrorKind},
};
use common_store::{SealKey, SealedRecords};
use tokio::time::Instant;

use super::scene::{KEY, Login, Scene, Token, fail, wait};
use crate::{SharedToken, TokenCache};

#[tokio::test(start_paused = true)]
async fn a_holder_that_died_is_followed_once_its_lease_has_ended() {
    let scene = Scene::new();
    scene.dead_holder().await;
    let asked = Instant::now();
    let (one, two) = (scene.process("one"), scene.process("two"));
    let (first, second) = tokio::join!(scene.get(&one), scene.get(&two));
    assert_eq!((first.0.as_str(), second.0.as_str()), ("canary-1", "canary-1"));
    assert_eq!(scene.logins(), 1);
    let took = asked.elapsed();
    assert!(took >= Duration::from_secs(60) && took < Duration::from_secs(62), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn lease_time_and_looks_are_as_set() {
    let scene = Scene::new();
    let quick = |holder| {
        let place = scene.place(holder).lease_time(Duration::from_secs(5));
        TokenCache::new().shared(place.look_every(Duration::from_secs(2)))
    };
    let (hung, one) = (quick("hung"), quick("one"));
    let forever = |_: Option<Token>| Box::pin(std::future::pending()) as Login;
    let asked = Instant::now();
    let hung = hung.get(scene.now(), forever);
    let next = async {
        wait(1).await;
        scene.get(&one).await
    };
    // It looks at 1, 3 and 5 seconds; the lease ends at 5, and the login takes one more.
    let token = tokio::select! {
        _ = hung => unreachable!("it never ends"),
        (token, _) = next => token,
    };
    assert_eq!(token, "canary-1");
    assert_eq!(asked.elapsed(), Duration::from_secs(6));
}

#[tokio::test(start_paused = true)]
async fn renewals_that_outlast_their_lease_end_with_one_token_for_all() {
    for (first, second) in [(70, 5), (70, 30)] {
        let scene = Scene::new();
        let processes = ["slow", "next"].map(|holder| scene.process(holder));
        let slow = processes[0].get(scene.now(), scene.login(first));
        let next = async {
            wait(1).await;
            processes[1].get(scene.now(), scene.login(second)).await
        };
        let (slow, next) = tokio::join!(slow, next);
        assert_eq!(scene.logins(), 2);
        // The one that was stored first.
        let expected = if second == 5 { "canary-2" } else { "canary-1" };
        for (process, got) in processes.iter().zip([slow, next]) {
            let (token, generation) = got.unwrap();
            assert_eq!(token.text(), expected);
            process.refuse(generation).await;
        }
        // Who took it from the store knows it as well as who put it there.
        let (slow, next) = tokio::join!(scene.get(&processes[0]), scene.get(&processes[1]));
        assert_eq!((slow.0.as_str(), next.0.as_str()), ("canary-3", "canary-3"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_renewal_that_fails_because_another_one_spent_the_secret_takes_what_that_one_got() {
    let scene = Scene::new();
    let (slow, next) = (scene.process("slow"), scene.process("next"));
    let slow = slow.get(scene.now(), scene.login(70));
    let spent = |_: Option<Token>| {
        Box::pin(async {
            wait(30).await;
            Err(io::Error::other("this refresh token was used already"))
        }) as Login
    };
    let next = async {
        wait(1).await;
        next.get(scene.now(), spent).await
    };
    let (slow, next) = tokio::join!(slow, next);
    assert_eq!(slow.unwrap().0.text(), "canary-1");
    assert_eq!(next.unwrap().0.text(), "canary-1");
}

#[tokio::test(start_paused = true)]
async fn a_failed_renewal_gives_the_lease_back() {
    let scene = Scene::new();
    let error = scene.process("one").get(scene.now(), fail()).await.map(drop).unwrap_err();
    assert_eq!(error.cause::<io::Error>().unwrap().to_string(), "down");
    let asked = Instant::now();
    assert_eq!(scene.get(&scene.process("two")).await.0, "canary-1");
    assert_eq!(asked.elapsed(), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_renewal_is_an_error_that_tells_nothing() {
    let scene = Scene::new();
    let process = scene.process("one");
    let broken = |_: Option<Token>| -> Login { panic!("canary-9") };
    let error = process.get(scene.now(), broken).await.map(drop).unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"), "{error:?}");
    // Its own lease does not stand in the way of the next try.
    assert_eq!(scene.get(&process).await.0, "canary-1");
}

#[tokio::test(start_paused = true)]
async fn a_store_out_of_reach_is_an_error_only_without_a_token_that_works() {
    let scene = Scene::new();
    let process = scene.process("one");
    scene.remote.fails(0, usize::MAX);
    let error = process.get(scene.now(), scene.login(1)).await.map(drop).unwrap_err();
    assert_eq!(error.cause::<StoreError>().unwrap().kind(), StoreErrorKind::Unavailable);
    assert_eq!(scene.logins(), 0);
    scene.remote.fails(0, 0);
    scene.get(&process).await;
    scene.remote.fails(0, usize::MAX);
    wait(19 * 60 + 10).await;
    assert_eq!(scene.get(&process).await.0, "canary-1");
    wait(60).await;
    assert!(process.get(scene.now(), scene.login(1)).await.is_err());
    assert!(process.import(Token::number(7, scene.now())).await.is_err());
    assert_eq!(process.export().await.unwrap().text(), "canary-1");
}

#[tokio::test(start_paused = true)]
async fn a_renewed_token_is_offered_to_a_failing_store_three_times() {
    // Between two writes it looks.
    for (failures, stored) in [(4, true), (5, false)] {
        let scene = Scene::new();
        let process = scene.process("one");
        // A look, the lease and another look work.
        scene.remote.fails(3, failures);
        let (text, generation) = scene.get(&process).await;
        assert_eq!(text, "canary-1");
        assert_eq!(scene.remote.store.get(KEY).await.unwrap().is_some(), stored);
        // In any case this process has it and renews it in its turn.
        process.refuse(generation).await;
        assert_eq!(scene.get(&process).await.0, "canary-2");
        assert_eq!(scene.get(&scene.process("two")).await.0, "canary-2");
        assert_eq!(scene.old(), [None, Some("canary-1".to_owned())]);
    }
}

#[tokio::test(start_paused = true)]
async fn wherever_the_store_fails_once_the_process_goes_on() {
    // A look, the lease, another look, the write, and giving the lease back.
    for call in 0..5 {
        let scene = Scene::new();
        let process = scene.process("one");
        scene.remote.fails(call, 1);
        let first = process.get(scene.now(), scene.login(1)).await;
        assert_eq!(first.is_err(), call < 3, "at {call}");
        let asked = Instant::now();
        scene.get(&process).await;
        assert_eq!(scene.get(&scene.process("two")).await.0, "canary-1", "at {call}");
        assert_eq!(scene.logins(), 1, "at {call}");
        assert!(asked.elapsed() < Duration::from_secs(61), "at {call}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_record_that_is_no_token_is_renewed_and_overwritten() {
    let scene = Scene::new();
    let change = Change::Put { value: b"another form".to_vec(), expires_at: None };
    scene.remote.store.swap(KEY, Expect::Anything, change, None).await.unwrap();
    assert_eq!(scene.get(&scene.process("one")).await.0, "canary-1");
    let (token, _) = scene.process("two").get(scene.now(), fail()).await.unwrap();
    assert_eq!(token.text(), "canary-1");
}

#[tokio::test(start_paused = true)]
async fn a_record_sealed_with_a_lost_key_is_renewed_and_overwritten() {
    let scene = Scene::new();
    let sealed = |key: u8, holder: &str| {
        let key = SealKey::new(u32::from(key), secret_bytes(vec![key; 32])).unwrap();
        let records = SealedRecords::new(scene.remote.store.clone(), key);
        let leases = Arc::new(scene.remote.clone());
        TokenCache::new().shared(SharedToken::new(Arc::new(records), leases, KEY, holder))
    };
    assert_eq!(scene.get(&sealed(1, "one")).await.0, "canary-1");
    let record = scene.remote.store.get(KEY).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&record.value).contains("canary"));
    assert_eq!(scene.get(&sealed(2, "two")).await.0, "canary-2");
    let (token, _) = sealed(2, "three").get(scene.now(), fail()).await.unwrap();
    assert_eq!((token.text(), scene.logins()), ("canary-2", 2));
}

#[tokio::test(start_paused = true)]
async fn who_cannot_read_the_record_overwrites_it_under_its_lease_only() {
    let scene = Scene::new();
    scene.stored(&Token::number(0, scene.now())).await;
    let sealed = |holder: &str| {
        let key = SealKey::new(1, secret_bytes(vec![1; 32])).unwrap();
        let records = SealedRecords::new(scene.remote.store.clone(), key);
        let leases = Arc::new(scene.remote.clone());
        TokenCache::new().shared(SharedToken::new(Arc::new(records), leases, KEY, holder))
    };
    let (slow, next) = (sealed("slow"), sealed("next"));
    let slow = slow.get(scene.now(), scene.login(70));
    let next = async {
        wait(1).await;
        scene.get(&next).await
    };
    let (slow, next) = tokio::join!(slow, next);
    assert_eq!((slow.unwrap().0.text(), next.0.as_str()), ("canary-2", "canary-2"));
}

#[tokio::test(start_paused = true)]
async fn what_came_into_the_record_during_a_renewal_and_does_not_work_is_overwritten() {
    let scene = Scene::new();
    let process = scene.process("one");
    let ended = Token::number(0, scene.now());
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        scene.stored(&ended).await;
    };
    let (got, ()) = tokio::join!(scene.get(&process), meanwhile);
    assert_eq!(got.0, "canary-1");
    let (token, _) = scene.process("two").get(scene.now(), fail()).await.unwrap();
    assert_eq!(token.text(), "canary-1");
}
