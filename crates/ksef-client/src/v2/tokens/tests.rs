//! Requests and answers as bytes, and a token from its making to its end.

use std::time::Duration;

use common_core::{ident::Nip, open::Open, poll::PollSchedule, secret::ExposeSecret};
use common_http::{Paged, scripted::Step};
use serde_json::json;

use super::*;
use crate::v2::{
    ErrorKind,
    client::testing::{
        account, bare, body_of, example, lines, post, read, read_example, reference, refused, shown,
    },
};

const TOKEN: &str = "20260401-EC-0123456789-ABCDEF0123-4C";

fn generate() -> Generate {
    Generate::new([wire::TokenPermissionType::InvoiceRead], "invented")
}

#[test]
fn a_new_token_has_permissions_and_a_description() {
    use wire::TokenPermissionType::{InvoiceRead, InvoiceWrite};

    let both = Generate::new([InvoiceRead, InvoiceWrite], "Wystawianie i przeglądanie faktur.");
    if let Some(expected) = example("POST /tokens", "request") {
        assert_eq!(body_of(&both), expected);
    }
    let body = r#"{"description":"invented","permissions":["InvoiceRead"]}"#;
    assert_eq!(shown(&generate()), post("/tokens", body));
    assert_eq!(refused(&Generate::new([], "invented")), "permissions");
    assert_eq!(refused(&Generate::new([InvoiceRead], "four")), "description");
}

#[test]
fn a_new_token_is_read_and_shows_nowhere() {
    let body = format!(r#"{{"referenceNumber":"{TOKEN}","token":"canary"}}"#);
    let answer = read::<Generate>(body).unwrap();
    assert!(!format!("{answer:?}").contains("canary"));
    assert_eq!(answer.token.secret().expose_secret(), "canary");
    if let Some(answer) = read_example::<Generate>("202") {
        assert!(answer.token.secret().expose_secret().starts_with(&answer.reference_number));
    }
}

#[test]
fn the_state_of_a_token_is_asked_for_and_read() {
    assert_eq!(shown(&Status(reference(TOKEN))), bare("GET", &format!("/tokens/{TOKEN}")));
    let body = format!(r#"{{"referenceNumber":"{TOKEN}","status":"Future","statusDetails":null}}"#);
    assert_eq!(read::<Status>(body).unwrap().status, Open::Unknown("Future".to_owned()));
    if let Some(answer) = read_example::<Status>("200") {
        assert_eq!(answer.status, wire::AuthenticationTokenStatus::Pending);
    }
}

#[test]
fn a_token_is_revoked_by_its_number() {
    assert_eq!(shown(&Revoke(reference(TOKEN))), bare("DELETE", &format!("/tokens/{TOKEN}")));
    read::<Revoke>("").unwrap();
}

#[test]
fn tokens_are_listed_by_state_description_and_author() {
    assert_eq!(shown(&List::new()), bare("GET", "/tokens?pageSize=100"));
    let list = List::new()
        .state(wire::AuthenticationTokenStatus::Active)
        .state(wire::AuthenticationTokenStatus::Pending)
        .description("ab c")
        .author(Nip::parse("1111111111").unwrap().into())
        .page_size(10)
        .continuation_token("next");
    let path = "/tokens?status=Active&status=Pending&description=ab%20c\
        &authorIdentifier=1111111111&authorIdentifierType=Nip&pageSize=10";
    let expected = format!("{}\nx-continuation-token: next", bare("GET", path));
    assert_eq!(shown(&list), expected);
    assert_eq!(refused(&List::new().description("ab")), "description");
    assert_eq!(refused(&List::new().page_size(101)), "pageSize");
}

#[test]
fn pages_of_tokens_follow_until_there_is_no_continuation() {
    let list = List::new().description("abc");
    let page = read::<List>(r#"{"continuationToken":"x","tokens":[{}]}"#).unwrap();
    assert_eq!(list.next(&page), Some(list.clone().continuation_token("x")));
    assert_eq!(List::items(page).len(), 1);
    for last in [r#"{"tokens":[]}"#, r#"{"continuationToken":"","tokens":null}"#] {
        assert_eq!(list.next(&read::<List>(last).unwrap()), None);
    }
    if let Some(page) = read_example::<List>("200") {
        assert!(list.next(&page).is_some());
        assert_eq!(page.tokens[0].status, Some(wire::AuthenticationTokenStatus::Active.into()));
    }
}

fn state(state: &str) -> Step {
    Step::answer(200, json!({"referenceNumber": TOKEN, "status": state}).to_string())
}

fn once() -> PollSchedule {
    PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1)).within(Duration::ZERO)
}

#[tokio::test(start_paused = true)]
async fn a_token_is_made_waited_for_and_revoked() {
    let made = json!({"referenceNumber": TOKEN, "token": "canary"}).to_string();
    let (account, script) = account([
        Step::answer(202, made),
        state("Pending"),
        state("Future"),
        state("Active"),
        Step::answer(204, ""),
        state("Revoking"),
        state("Revoked"),
    ])
    .await;
    let new = account.generate_token(&generate()).await.unwrap();
    assert!(!format!("{new:?}").contains("canary"));
    assert_eq!(new.secret.expose_secret(), "canary");
    new.token.wait_until_active(&PollSchedule::default()).await.unwrap();
    let token = account.token(new.token.reference().clone());
    token.revoke().await.unwrap();
    token.wait_until_revoked(&PollSchedule::default()).await.unwrap();
    let lines = lines(&script);
    assert_eq!(lines.len(), 7);
    assert_eq!(lines[4], format!("DELETE /v2/tokens/{TOKEN}"));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_will_not_come_is_not_waited_for() {
    let (account, _) = account([state("Failed"), state("Revoked"), state("Pending")]).await;
    let token = account.token(reference(TOKEN));
    for _ in 0..2 {
        let error = token.wait_until_active(&PollSchedule::default()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Failed);
    }
    let error = token.wait_until_active(&once()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinished);
    assert_eq!(error.endpoint(), "tokens.status");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_open_whether_there_is_a_token() {
    let (account, _) = account([Step::answer(202, "{}")]).await;
    let error = account.generate_token(&generate()).await.unwrap_err();
    assert!(error.may_have_happened());
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}
