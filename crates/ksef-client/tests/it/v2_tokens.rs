//! Tokens of KSeF 2.0: made, used, listed, and revoked.

use ksef_client::v2::{
    ErrorKind, limits, tokens,
    wire::{AuthenticationTokenStatus, TokenPermissionType},
};

use sandbox::ksef_v2::Limits;

use crate::{
    support::ALFA,
    v2_support::{assert_expected, in_process, nip as context, quick},
    v2_test_data_support::{all, by_certificate, client, nip},
};

#[tokio::test]
async fn a_token_is_made_used_and_revoked() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = by_certificate(&client, &sandbox, "seal", ALFA).await.unwrap();
    let request = tokens::Generate::new([TokenPermissionType::InvoiceRead], "do testów");
    let new = owner.generate_token(&request).await.unwrap();
    new.token.wait_until_active(&quick()).await.unwrap();

    let login = client.login(context(ALFA)).by_token(&new.secret).await.unwrap();
    let account = login.finish(&quick()).await.unwrap();
    account.send(&limits::Context).await.unwrap();

    let list = tokens::List::new()
        .state(AuthenticationTokenStatus::Active)
        .description("do test")
        .author(nip(ALFA).into())
        .page_size(10);
    let found = all(&owner, list.clone()).await;
    let numbers: Vec<_> = found.iter().filter_map(|it| it.reference_number.as_deref()).collect();
    assert_eq!(numbers, [new.token.reference().as_str()]);

    let token = owner.token(new.token.reference().clone());
    token.revoke().await.unwrap();
    token.wait_until_revoked(&quick()).await.unwrap();
    assert!(all(&owner, list).await.is_empty());
    let error = token.wait_until_active(&quick()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert_expected(&sandbox);
    let again = client.login(context(ALFA)).by_token(&new.secret).await;
    let refused = match again {
        Ok(login) => login.finish(&quick()).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(refused.kind(), ErrorKind::Failed | ErrorKind::LoginRefused), "{refused:?}");
}

#[tokio::test]
async fn many_tokens_come_page_by_page() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().set_limits(Limits::none());
    let client = client(&sandbox);
    let owner = by_certificate(&client, &sandbox, "seal", ALFA).await.unwrap();
    let request = tokens::Generate::new([TokenPermissionType::InvoiceRead], "jeden z wielu");
    for _ in 0..12 {
        let new = owner.generate_token(&request).await.unwrap();
        new.token.wait_until_active(&quick()).await.unwrap();
    }
    let list = tokens::List::new().description("jeden z").page_size(10);
    let mut numbers: Vec<_> =
        all(&owner, list).await.into_iter().filter_map(|token| token.reference_number).collect();
    numbers.sort();
    numbers.dedup();
    assert_eq!(numbers.len(), 12);
    assert_expected(&sandbox);
}
