//! Changes that are done in the background: hiding, abuse, permissions, tokens, payment identifiers.

use common_core::secret::ExposeSecret;
use futures_util::TryStreamExt;
use ksef_client::v1::{
    ErrorKind, FormCode, Session, credentials, payment_identifiers, queries, scam, tokens,
    visibility, wire,
};
use ksef_crypto::number::ReferenceNumber;

use crate::support::{
    ALFA, BETA, assert_expected, beside, context, in_process, invoice, issued, owner, quick,
    session,
};

#[tokio::test]
async fn an_invoice_is_hidden_and_shown_again_by_its_buyer() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let seller = session(&client, &sandbox, ALFA).await;
    let number = issued(&seller, &invoice("H/1")).await.number;
    let buyer = session(&client, &sandbox, BETA).await;
    let hidden = buyer.hide(&number, "nie nasza").await.unwrap();
    buyer.wait_for(&hidden, &quick()).await.unwrap();
    let state = buyer.send(&visibility::Fetch::new(number.clone())).await.unwrap();
    let state =
        state.visibility_invoice_get_response_type.map_or(state.is_hidden, |it| it.is_hidden);
    assert_eq!(state, Some(true));
    let shown = buyer.show(&number, "jednak nasza").await.unwrap();
    buyer.wait_for(&shown, &quick()).await.unwrap();
    // What is not hidden cannot be shown: at once, or in the status.
    let error = match buyer.show(&number, "znowu").await {
        Ok(element) => buyer.wait_for(&element, &quick()).await.unwrap_err(),
        Err(error) => error,
    };
    assert!(matches!(error.kind(), ErrorKind::Conflict | ErrorKind::Failed), "{error:?}");
    assert_expected(&sandbox);
}

#[tokio::test]
async fn abuse_is_reported_and_the_report_taken_back() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let seller = session(&client, &sandbox, ALFA).await;
    let number = issued(&seller, &invoice("B/1")).await.number;
    let buyer = session(&client, &sandbox, BETA).await;
    let reported = buyer.report_scam(&number, "nie było sprzedaży").await.unwrap();
    buyer.wait_for(&reported, &quick()).await.unwrap();
    let state = buyer.send(&scam::Fetch(number.clone())).await.unwrap();
    assert_eq!(state.active_scam_report.or(state.has_active_scam_report), Some(true));
    let cancelled = buyer.cancel_scam(&number, "pomyłka").await.unwrap();
    buyer.wait_for(&cancelled, &quick()).await.unwrap();
    let state = buyer.send(&scam::Fetch(number)).await.unwrap();
    assert_eq!(state.active_scam_report.or(state.has_active_scam_report), Some(false));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_role_is_granted_found_and_revoked() {
    let sandbox = in_process().await;
    let owner = owner(&beside(&sandbox), &sandbox).await;
    let person = || wire::GranteeIdentifier::Pesel("00810100026".to_owned());
    let role = wire::DescribedRole::new("odczyt faktur", wire::Role::InvoiceRead);
    let grant = credentials::Grant::new(person(), [role]);
    let element = owner.change_credentials(&grant).await.unwrap();
    owner.wait_for(&element, &quick()).await.unwrap();

    let (scope, kind) = (wire::CredentialsScope::Current, wire::CredentialsKind::All);
    let criteria = wire::QueryCriteriaCredentialsId::new(person(), scope, kind);
    let query = queries::Credentials::new(wire::QueryCriteriaCredentials::Identifier(criteria));
    let found = owner.send(&query).await.unwrap().credentials_list;
    assert!(format!("{found:?}").contains("00810100026"), "{found:?}");

    let role = wire::StandardRole::new(wire::Role::InvoiceRead);
    let revoke = credentials::Revoke::new(person(), [role]);
    let element = owner.change_credentials(&revoke).await.unwrap();
    owner.wait_for(&element, &quick()).await.unwrap();
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_new_token_opens_a_session_until_it_is_revoked() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let owner = owner(&client, &sandbox).await;
    let role = wire::TokenRole::new("wystawianie", wire::Role::InvoiceWrite);
    let new = owner.generate_token(&tokens::Generate::new("program", [role])).await.unwrap();
    assert!(!format!("{new:?}").contains(new.token.expose_secret()));
    owner.wait_for(new.element.as_ref().unwrap(), &quick()).await.unwrap();
    let key = client.authority_key().await.unwrap();
    let opening = || client.session(context(ALFA), FormCode::FA_2);
    let session = opening().by_token(&new.token, &key).await.unwrap();
    let session = session.wait(&quick()).await.unwrap();
    issued(&session, &invoice("N/1")).await;

    let number = token_number(&owner, "program").await;
    owner.send(&tokens::Revoke(number)).await.unwrap();
    sandbox.ksef_v1().settle().await;
    let error = opening().by_token(&new.token, &key).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LoginRefused, "{error:?}");
    assert_expected(&sandbox);
}

/// The number of the token with that description, which the list of credentials tells.
async fn token_number(owner: &Session, description: &str) -> ReferenceNumber {
    let (scope, kind) = (wire::CredentialsScope::Current, wire::CredentialsKind::Token);
    let criteria = wire::QueryCriteriaCredentialsAll::new(scope, kind);
    let query = queries::Credentials::new(wire::QueryCriteriaCredentials::All(criteria));
    let tokens = owner.send(&query).await.unwrap().credentials_list.into_iter();
    let mut tokens = tokens.filter_map(|held| match held {
        wire::HeldCredentials::Token(token) => Some(token),
        _ => None,
    });
    let token = tokens.find(|token| token.description.as_deref() == Some(description));
    token.and_then(|token| token.identifier?.identifier?.parse().ok()).unwrap()
}

#[tokio::test]
async fn invoices_get_one_payment_identifier_that_leads_back_to_them() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let first = issued(&session, &invoice("P/1")).await.number;
    let second = issued(&session, &invoice("P/2")).await.number;
    let numbers = [first.clone(), second.clone()];
    let element = session.request_payment_identifier(numbers).await.unwrap();
    session.wait_for(&element, &quick()).await.unwrap();
    let identifier = session.payment_identifier(&element).await.unwrap().unwrap();
    let list = payment_identifiers::ListInvoices::new(identifier.clone());
    let rows: Vec<_> = session.items(list).try_collect().await.unwrap();
    assert_eq!(rows.len(), 2);
    let list = payment_identifiers::ListOfInvoice::new(second);
    let rows: Vec<_> = session.items(list).try_collect().await.unwrap();
    assert_eq!(rows[0].payment_identifier.as_deref(), Some(identifier.as_str()));
    let rows: Vec<_> =
        session.items(queries::PaymentIdentifiers::new()).try_collect().await.unwrap();
    assert_eq!(rows.len(), 1);
    assert_expected(&sandbox);
}
