//! KSeF 2.0: tokens made, used, listed, revoked.

use std::time::Duration;

use http::Method;
use sandbox::ksef_v2::{Identity, IdentityKind, KsefV2, Permission};
use serde_json::{Value, json};

use crate::ksef_v2::client::*;
use crate::ksef_v2_permissions::{STRANGER, signed};

fn asked(permissions: &[&str], about: &str) -> Value {
    json!({"permissions": permissions, "description": about})
}

/// Makes a token: its reference number and its text.
async fn made(caller: &Caller, permissions: &[&str], about: &str) -> (String, String) {
    let answer = caller.post("/tokens", &asked(permissions, about)).await.ok(202);
    caller.ksef.settle().await;
    (text(&answer["referenceNumber"]), text(&answer["token"]))
}

async fn tried(ksef: &KsefV2, token: &str) -> (u64, String) {
    let started = start_with_token(ksef, &nip(ALFA), token).await;
    outcome(ksef, &started).await
}

fn manager(ksef: &KsefV2, permissions: &[Permission]) {
    let stranger = Identity::new(IdentityKind::Pesel, STRANGER);
    ksef.grant(&Identity::nip(ALFA), &stranger, permissions);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_pending_then_logs_in_with_its_permissions_only() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    ksef.set_pace(Duration::from_secs(2));
    let answer = alfa.post("/tokens", &asked(&["InvoiceRead"], "Czytanie")).await.ok(202);
    let (reference, token) = (text(&answer["referenceNumber"]), text(&answer["token"]));
    assert!(token.starts_with(&format!("{reference}|nip-{ALFA}|")) && token.len() <= 160);
    let path = format!("/tokens/{reference}");
    assert_eq!(alfa.get(&path).await.ok(200)["status"], "Pending");
    let (code, about) = {
        let (challenge, at) = challenge(ksef).await;
        let (key, id) = public_key(ksef, "KsefTokenEncryption").await;
        let body = json!({"challenge": challenge, "contextIdentifier": nip(ALFA), "publicKeyId": id,
            "encryptedToken": seal(&key, format!("{token}|{at}").as_bytes())});
        let started = Caller::nobody(ksef).post("/auth/ksef-token", &body).await;
        outcome(ksef, &started).await
    };
    assert_eq!((code, about.as_str()), (450, "Token nieaktywny"), "used while pending");
    let status = alfa.get(&path).await.ok(200);
    assert_eq!(status["status"], "Active");
    assert_eq!(status["authorIdentifier"], nip(ALFA));
    assert!(status.get("lastUseDate").is_none());
    let caller = redeem(ksef, &start_with_token(ksef, &nip(ALFA), &token).await).await;
    assert!(alfa.get(&path).await.ok(200)["lastUseDate"].is_string());
    let answer = caller.get("/sessions?sessionType=Online").await;
    assert_eq!(answer.json()["security"]["presentPermissions"], json!(["InvoiceRead"]));
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn tokens_have_no_more_than_their_maker_and_only_in_two_kinds_of_context() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let body = asked(&["InvoiceRead", "CredentialsManage"], "Za dużo");
    assert_eq!(clerk.post("/tokens", &body).await.code(), 26001);
    let fingerprint = ksef.certificate("person-without-number").unwrap().fingerprint;
    let union = Identity::new(IdentityKind::NipVatUe, "9990000103-DE123456789");
    let person = Identity::new(IdentityKind::Fingerprint, &fingerprint);
    ksef.grant(&union, &person, &[Permission::InvoiceRead]);
    let caller = signed(ksef, ("NipVatUe", &union.value), "person-without-number").await;
    assert_eq!(caller.post("/tokens", &asked(&["InvoiceRead"], "W Unii")).await.code(), 26002);
    for body in
        [asked(&[], "Puste"), asked(&["InvoiceRead"], "abcd"), asked(&["VatUeManage"], "Unia")]
    {
        assert_eq!(clerk.post("/tokens", &body).await.code(), 21405, "{body}");
    }
    assert_eq!(clerk.send(Method::POST, "/tokens", &[], "[").await.code(), 21001);
    let (_, token) = made(&clerk, &["InvoiceRead"], "Urzędnik").await;
    assert_eq!(tried(ksef, &token).await.0, 200);
    let unit = Identity::new(IdentityKind::InternalId, "9990000103-12345");
    let alfa = redeem(
        ksef,
        &start_signed(ksef, ("InternalId", &unit.value), "seal", "certificateSubject").await,
    )
    .await;
    let (_, token) = made(&alfa, &["InvoiceWrite"], "Jednostka").await;
    assert!(token.contains("|internalId-9990000103-12345|"), "{token}");
    let (code, about) = tried(ksef, &token).await;
    assert_eq!(code, 450, "{about}");
    assert!(about.contains(ALFA), "{about}");
}

#[tokio::test(start_paused = true)]
async fn lists_are_filtered_and_paged() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    for number in 0..24 {
        made(&alfa, &["InvoiceRead"], &format!("Token numer {number:02}")).await;
    }
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let (own, _) = made(&clerk, &["InvoiceWrite"], "Własny token").await;
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let more = [("x-continuation-token", token.as_str())];
        let answer = alfa.send(Method::GET, "/tokens?pageSize=10", &more, "").await.ok(200);
        seen.extend(
            answer["tokens"].as_array().unwrap().iter().map(|it| text(&it["referenceNumber"])),
        );
        let Some(next) = answer["continuationToken"].as_str() else { break };
        token = next.to_owned();
    }
    let unique: std::collections::BTreeSet<_> = seen.iter().collect();
    assert_eq!((seen.len(), unique.len()), (26, 26), "with the one from the start");
    assert_eq!(seen[0], own, "the newest is first");
    for (query, count) in [
        ("description=NUMER%201", 10),
        ("authorIdentifierType=Pesel", 1),
        ("authorIdentifier=008101", 1),
        ("status=Active&pageSize=100", 26),
        ("status=Revoked&status=Failed", 0),
    ] {
        let answer = alfa.get(&format!("/tokens?{query}")).await.ok(200);
        assert_eq!(answer["tokens"].as_array().unwrap().len(), count, "{query}");
    }
    let wrong = [("x-continuation-token", "bm90aGluZw==")];
    assert_eq!(alfa.send(Method::GET, "/tokens", &wrong, "").await.code(), 21418);
    for query in ["description=ab", "pageSize=9", "status=Unknown"] {
        assert_eq!(alfa.get(&format!("/tokens?{query}")).await.code(), 21405, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn without_permissions_only_own_tokens_are_seen() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = signed(ksef, ("Nip", ALFA), "seal").await;
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let (of_alfa, _) = made(&alfa, &["InvoiceRead"], "Token Alfy").await;
    let (of_clerk, text_of_clerk) = made(&clerk, &["InvoiceRead"], "Token urzędnika").await;
    let (other, _) = made(&clerk, &["InvoiceWrite"], "Drugi urzędnika").await;
    let list = |caller: Caller| async move {
        let answer = caller.get("/tokens").await.ok(200);
        let list = answer["tokens"].as_array().unwrap().clone();
        list.iter().map(|it| text(&it["referenceNumber"])).collect::<Vec<_>>()
    };
    assert_eq!(list(clerk.clone()).await, [other.clone(), of_clerk.clone()]);
    let answer = clerk.get(&format!("/tokens/{of_alfa}")).await;
    assert_eq!(answer.json()["reasonCode"], "insufficient-resource-access");
    assert_eq!(clerk.delete(&format!("/tokens/{of_alfa}")).await.status, 403);
    let by_token = redeem(ksef, &start_with_token(ksef, &nip(ALFA), &text_of_clerk).await).await;
    assert_eq!(list(by_token.clone()).await, [of_clerk.as_str()], "only the one that was used");
    assert_eq!(by_token.delete(&format!("/tokens/{other}")).await.status, 403);
    manager(ksef, &[Permission::CredentialsRead]);
    let reader = signed(ksef, ("Nip", ALFA), "stranger").await;
    assert_eq!(list(reader.clone()).await.len(), 4);
    reader.get(&format!("/tokens/{other}")).await.ok(200);
    assert_eq!(reader.delete(&format!("/tokens/{other}")).await.status, 403, "reading only");
    by_token.delete(&format!("/tokens/{of_clerk}")).await.ok(204);
    let unknown = "/tokens/20260131-EC-0000000000-0000000000-00";
    assert_eq!(alfa.get(unknown).await.code(), 21405);
    assert_eq!(alfa.delete(unknown).await.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn a_revoked_token_logs_in_no_more_and_ends_its_logins() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    manager(ksef, &[Permission::CredentialsManage]);
    let boss = signed(ksef, ("Nip", ALFA), "stranger").await;
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let (reference, token) = made(&clerk, &["InvoiceRead"], "Do odwołania").await;
    let mut by_token = redeem(ksef, &start_with_token(ksef, &nip(ALFA), &token).await).await;
    ksef.set_pace(Duration::from_secs(3));
    let path = format!("/tokens/{reference}");
    boss.delete(&path).await.ok(204);
    assert_eq!(boss.get(&path).await.ok(200)["status"], "Revoking");
    ksef.settle().await;
    assert_eq!(boss.get(&path).await.ok(200)["status"], "Revoked");
    boss.delete(&path).await.ok(204);
    assert_eq!(tried(ksef, &token).await, (450, "Token unieważniony".to_owned()));
    by_token.token = by_token.refresh.clone();
    assert_eq!(by_token.send(Method::POST, "/auth/token/refresh", &[], "").await.code(), 21301);
}

#[tokio::test(start_paused = true)]
async fn a_token_is_worth_no_more_than_its_author() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    manager(ksef, &[Permission::InvoiceRead]);
    let stranger = signed(ksef, ("Nip", ALFA), "stranger").await;
    let (_, token) = made(&stranger, &["InvoiceRead"], "Pożyczony").await;
    assert_eq!(tried(ksef, &token).await.0, 200);
    let body = json!({"contextIdentifier": nip(ALFA),
        "authorizedIdentifier": {"type": "Pesel", "value": STRANGER}});
    Caller::nobody(ksef).post("/testdata/permissions/revoke", &body).await.ok(200);
    assert_eq!(tried(ksef, &token).await.0, 415);
}
