//! Logins to KSeF 2.0, by every way in, and what becomes of lost answers.

use std::time::Duration;

use futures_util::TryStreamExt;
use http::Method;
use ksef_client::v2::{
    ErrorKind, Recovery, auth_sessions,
    login::{AllowedIps, Credential, DocumentVersion, SubjectIdentification},
};
use ksef_crypto::{keys::Signer as _, xades};
use sandbox::fault::Fault;

use crate::{
    support::{ALFA, BETA, SEEDS},
    v2_support::{
        account, assert_expected, beside, hostile, in_process, nip, once, over_socket, quick,
        signer,
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn a_company_logs_in_by_seal_and_by_token_whatever_the_weather() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        for credential in [
            Credential::signer(signer(&sandbox, "seal")),
            Credential::signer(signer(&sandbox, "seal-ec")),
            Credential::token(sandbox.ksef_v2().token(ALFA).unwrap()),
        ] {
            let account = client.account(nip(ALFA)).credential(credential).build();
            // A login that may have begun is not repeated by itself, so a test that wants one is
            // patient.
            let mut logins = client.login(nip(ALFA)).challenge().await.map(|_| Vec::new());
            for _ in 0..30 {
                let listed: Result<Vec<_>, _> = account.logins().try_collect().await;
                logins = listed.map_err(|error| {
                    assert!(!error.may_have_happened(), "{error:?}");
                    error
                });
                if logins.is_ok() {
                    break;
                }
            }
            let logins = logins.unwrap();
            assert!(logins.iter().any(|login| login.is_current == Some(true)));
        }
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn every_step_of_a_login_can_be_taken_by_hand() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let key = signer(&sandbox, "seal-ec");
    for version in [DocumentVersion::V2_0, DocumentVersion::V2_1] {
        let login = client.login(nip(ALFA)).document_version(version);
        let challenged = login.challenge().await.unwrap();
        let document = challenged.to_be_signed(SubjectIdentification::Subject).unwrap();
        let options = xades::Options::v2(client.clock().now());
        let document = xades::sign(&document, &key, &options).unwrap();
        let started = challenged.by_signed_document(document).await.unwrap();
        let resumed =
            client.resume_login(nip(ALFA), started.reference().clone(), started.token().clone());
        let account = resumed.finish(&quick()).await.unwrap();
        account.log_out().await.unwrap();
    }
    let challenged = client.login(nip(ALFA)).challenge().await.unwrap();
    let draft = challenged.draft(key.certificate()).unwrap();
    let signature = key.sign(draft.algorithm(), draft.to_be_signed()).unwrap();
    let document = draft.finish(&signature).unwrap();
    let started = challenged.by_signed_document(document).await.unwrap();
    started.finish(&quick()).await.unwrap();
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn strangers_and_wrong_tokens_are_refused_with_their_codes() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let started =
        client.login(nip(ALFA)).by_signature(&signer(&sandbox, "stranger")).await.unwrap();
    let error = started.finish(&quick()).await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().code), (ErrorKind::Failed, 415));
    let wrong = "20260101-EC-0123456789-ABCDEF0123-45|nip-9990000103|00".into();
    let started = client.login(nip(ALFA)).by_token(&wrong).await.unwrap();
    let error = started.finish(&quick()).await.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().code), (ErrorKind::Failed, 450));
}

#[tokio::test(start_paused = true)]
async fn access_is_renewed_without_the_caller_noticing_and_ends_with_the_login() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let token = sandbox.ksef_v2().token(ALFA).unwrap().into();
    let started = client.login(nip(ALFA)).by_token(&token).await.unwrap();
    let account = started.finish(&quick()).await.unwrap();
    let reference = account.tokens().await.unwrap().reference().unwrap().clone();
    let before = sandbox.ksef_v2().requests().len();
    let outlived = common_http::StaticBearer::new(account.tokens().await.unwrap().access());
    assert!(outlived.is_ok());
    account.send(&auth_sessions::Revoke(reference)).await.unwrap();
    // The access token works on, the refresh token does not.
    assert!(account.send(&auth_sessions::List::new()).await.is_ok());
    assert!(sandbox.ksef_v2().requests().len() > before);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn tokens_bound_to_another_address_open_nothing() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let token = sandbox.ksef_v2().token(BETA).unwrap().into();
    let elsewhere = AllowedIps::new().address([203, 0, 113, 9].into()).unwrap();
    let login = client.login(nip(BETA)).allowed_ips(elsewhere);
    let outcome = match login.by_token(&token).await {
        Ok(started) => match started.finish(&quick()).await {
            Ok(account) => account.send(&auth_sessions::List::new()).await.map(drop),
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    let error = outcome.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert_eq!(error.problem().unwrap().reason_code.as_deref(), Some("ip-not-allowed"));
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_of_redeem_is_told_and_an_account_gets_over_it() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    once(&sandbox, &Method::POST, "/auth/token/redeem", Fault::LoseAnswer);
    let token = sandbox.ksef_v2().token(ALFA).unwrap().into();
    let started = client.login(nip(ALFA)).by_token(&token).await.unwrap();
    let authenticated = started.wait(&quick()).await.unwrap();
    let unfinished = authenticated.redeem().await.unwrap_err();
    assert_eq!(unfinished.error().recovery(), Some(Recovery::RevokeAndLogInAgain));
    let again = unfinished.into_handle().redeem().await.unwrap_err();
    assert_eq!(again.error().kind(), ErrorKind::LoginRefused);

    once(&sandbox, &Method::POST, "/auth/token/redeem", Fault::LoseAnswer);
    let account = account(&client, &sandbox, ALFA);
    assert!(account.send(&auth_sessions::List::new()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn an_account_lives_longer_than_its_access_token() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().set_access_life(Duration::from_secs(1));
    let client = beside(&sandbox).build().unwrap();
    let account = account(&client, &sandbox, ALFA);
    for _ in 0..3 {
        account.send(&auth_sessions::List::new()).await.unwrap();
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    let renewals = sandbox.ksef_v2().requests();
    let renewals = renewals.iter().filter(|one| one.path.ends_with("/auth/token/refresh")).count();
    assert!(renewals >= 2, "{renewals}");
}
