//! One login for as long as it lasts.

use std::{sync::Arc, time::Duration};

use common_core::clock::SystemClock;
use common_store::MemoryStore;
use epp_client::{
    ErrorKind, SharedToken, accounts,
    session::{Credentials, Ping},
};
use futures_util::future::join_all;

use crate::support::{SEEDS, assert_expected, builder, calm, client, hostile, password};

#[tokio::test]
async fn a_ping_needs_no_login() {
    let sandbox = calm().await;
    client(&sandbox).send(&Ping).await.unwrap();
    assert_eq!((sandbox.epp().logins(), sandbox.epp().refreshes()), (0, 0));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn sixteen_clones_make_one_login_and_one_refresh_when_the_token_has_ended() {
    let sandbox = calm().await;
    let client = client(&sandbox);
    let clones: Vec<_> = (0..16).map(|_| client.clone()).collect();
    for refreshes in 0..3 {
        let list = accounts::List::new().per_page(2);
        for page in join_all(clones.iter().map(|client| client.send(&list))).await {
            assert_eq!(page.unwrap().items.len(), 2);
        }
        assert_eq!((sandbox.epp().logins(), sandbox.epp().refreshes()), (1, refreshes));
        sandbox.epp().expire_tokens();
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn clients_that_share_a_store_make_one_login_and_one_refresh() {
    let sandbox = calm().await;
    let store = Arc::new(MemoryStore::new(Arc::new(SystemClock::new())));
    let clients: Vec<_> = (0..4)
        .map(|number| {
            let holder = format!("process-{number}");
            let place = SharedToken::new(store.clone(), store.clone(), "epp/prvi", holder)
                .look_every(Duration::from_millis(5));
            builder(&sandbox, "prvi").shared_token(place).build().unwrap()
        })
        .collect();
    for refreshes in 0..2 {
        let list = accounts::List::new();
        for page in join_all(clients.iter().map(|client| client.send(&list))).await {
            page.unwrap();
        }
        assert_eq!((sandbox.epp().logins(), sandbox.epp().refreshes()), (1, refreshes));
        sandbox.epp().expire_tokens();
    }
}

#[tokio::test]
async fn an_ended_refresh_token_leads_to_one_login() {
    let sandbox = calm().await;
    let client = client(&sandbox);
    client.send(&accounts::List::new()).await.unwrap();
    sandbox.epp().expire_tokens();
    sandbox.epp().expire_refresh_tokens();
    client.send(&accounts::List::new()).await.unwrap();
    assert_eq!((sandbox.epp().logins(), sandbox.epp().refreshes()), (2, 0));
}

#[tokio::test]
async fn a_wrong_password_never_locks_the_user() {
    let sandbox = calm().await;
    let wrong = Credentials::new("prvi", "pogresna".into());
    let client = builder(&sandbox, "prvi").credentials(wrong).build().unwrap();
    for _ in 0..10 {
        let error = client.send(&accounts::List::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LoginRefused);
    }
    client.session().log_in_as(Credentials::new("prvi", password(&sandbox, "prvi")));
    client.send(&accounts::List::new()).await.unwrap();
}

#[tokio::test]
async fn a_user_without_rights_is_told_so_and_keeps_the_token() {
    let sandbox = calm().await;
    let client = builder(&sandbox, "niko").build().unwrap();
    for _ in 0..3 {
        let error = client.send(&accounts::List::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Forbidden);
    }
    assert_eq!((sandbox.epp().logins(), sandbox.epp().refreshes()), (1, 0));
}

#[tokio::test]
async fn tokens_go_from_one_client_to_another() {
    let sandbox = calm().await;
    let first = client(&sandbox);
    first.send(&accounts::List::new()).await.unwrap();
    let second = client(&sandbox);
    second.session().import(first.session().export().await.unwrap()).await.unwrap();
    second.send(&accounts::List::new()).await.unwrap();
    assert_eq!(sandbox.epp().logins(), 1);
}

#[tokio::test]
async fn a_hostile_service_is_logged_into_rarely() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client(&sandbox);
        let mut answered = 0;
        for _ in 0..15 {
            answered += u32::from(client.send(&accounts::List::new()).await.is_ok());
        }
        assert!(answered >= 13, "{seed}: {answered}");
        assert!(sandbox.epp().logins() <= 3, "{seed}: {}", sandbox.epp().logins());
        assert_expected(&sandbox);
    }
}
