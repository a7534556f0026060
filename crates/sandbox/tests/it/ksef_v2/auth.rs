//! Logging in, redeeming, refreshing, ending.

use std::net::IpAddr;
use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use sandbox::ksef_v2::{Identity, Permission, Rotation};
use serde_json::json;

use super::client::*;
use crate::ksef_v1::sign;

#[tokio::test(start_paused = true)]
async fn a_ksef_token_logs_in() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let list = alfa.get("/auth/sessions").await.ok(200);
    assert_eq!(list["items"][0]["isCurrent"], true);
    assert_eq!(list["items"][0]["isTokenRedeemed"], true);
    assert_eq!(list["items"][0]["authenticationMethod"], "Token");
    assert_eq!(list["items"][0]["referenceNumber"], alfa.operation.as_str());
    assert!(list.get("continuationToken").is_none());
    assert_eq!(ksef.statistics().redeemed, 1);
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn signed_documents_log_in_with_every_kind_of_certificate() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let own = ("Nip", ALFA);
    for (certificate, method) in [
        ("seal", "QualifiedSeal"),
        ("seal-ec", "QualifiedSeal"),
        ("person-nip", "QualifiedSignature"),
        ("person-pesel", "QualifiedSignature"),
    ] {
        let started = start_signed(ksef, own, certificate, "certificateSubject").await;
        let caller = redeem(ksef, &started).await;
        let status = caller.get("/auth/sessions").await.ok(200);
        assert_eq!(status["items"][0]["authenticationMethod"], method, "{certificate}");
    }
    let by = "certificateFingerprint";
    let started = start_signed(ksef, ("Nip", BETA), "person-without-number", by).await;
    redeem(ksef, &started).await;
    let (document, certificate) = (challenge(ksef).await.0, ksef.certificate("seal").unwrap());
    let document = login_document(&document, own, "certificateSubject");
    let body = document.split_once("?>").unwrap().1;
    let started =
        post_xml(ksef, "/auth/xades-signature", sign::enveloping(body, &certificate)).await;
    redeem(ksef, &started).await;
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_a_signed_document_is_told_at_once() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let seal = ksef.certificate("seal").unwrap();
    let (challenge, _) = challenge(ksef).await;
    let document = login_document(&challenge, ("Nip", ALFA), "certificateSubject");
    let signed = sign::enveloped(&document, &seal);
    let path = "/auth/xades-signature";
    let latin = signed.replace("utf-8", "iso-8859-2");
    let unsound = login_document(&challenge, ("Nip", "1"), "certificateSubject");
    let mixed = ksef.certificate("mixed-subject").unwrap();
    for (xml, code) in [
        ("<a".to_owned(), 9101),
        (document.clone(), 9102),
        (signed.replace(ALFA, BETA), 9105),
        (latin, 21217),
        (sign::enveloped(&unsound, &seal), 21401),
        (sign::enveloped(&document.replace("2.0", "3.0"), &seal), 21401),
        (
            signed.clone().replace(
                "</AuthTokenRequest>",
                "<s:Signature xmlns:s=\"http://www.w3.org/2000/09/xmldsig#\"/></AuthTokenRequest>",
            ),
            9103,
        ),
    ] {
        assert_eq!(post_xml(ksef, path, xml).await.code(), code);
    }
    assert_eq!(post_xml(ksef, path, signed.clone()).await.status, 202);
    assert_eq!(post_xml(ksef, path, signed).await.code(), 21111, "a challenge works once");
    let answer = start_signed(ksef, ("Nip", ALFA), "mixed-subject", "certificateSubject").await;
    assert_eq!(answer.code(), 21115);
    let answer = start_signed(ksef, ("PeppolId", "PPL000001"), "seal", "certificateSubject").await;
    assert_eq!(answer.code(), 21117);
    drop(mixed);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_the_credential_is_told_by_the_status() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let own = ("Nip", ALFA);
    let by = "certificateSubject";
    let started = start_signed(ksef, own, "expired-seal", by).await;
    assert_eq!(outcome(ksef, &started).await.0, 460);
    let started = start_signed(ksef, own, "stranger", by).await;
    assert_eq!(outcome(ksef, &started).await.0, 415);
    let (challenge, _) = challenge(ksef).await;
    let document = login_document(&challenge, own, by);
    let signed = sign::enveloped(&document, &ksef.certificate("seal").unwrap());
    let started = post_xml(ksef, "/auth/xades-signature?verifyCertificateChain=true", signed).await;
    assert_eq!(outcome(ksef, &started).await, (460, "Niezaufany łańcuch certyfikatów".to_owned()));
    let token = ksef.token(BETA).unwrap();
    for (context, token, detail) in [
        (ALFA, token.as_str(), "Token nie może być użyty"),
        (ALFA, "20260131-EC-0|nip-1|00", "Nieprawidłowy token"),
    ] {
        let started = start_with_token(ksef, &nip(context), token).await;
        let (code, about) = outcome(ksef, &started).await;
        assert_eq!(code, 450);
        assert!(about.starts_with(detail), "{about}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_needs_its_challenge_its_time_and_a_key_in_force() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let nobody = Caller::nobody(ksef);
    let (key, id) = public_key(ksef, "KsefTokenEncryption").await;
    let token = ksef.token(ALFA).unwrap();
    let body = |challenge: &str, at: i64, id: &str| {
        let sealed = seal(&key, format!("{token}|{at}").as_bytes());
        json!({"challenge": challenge, "contextIdentifier": nip(ALFA),
            "encryptedToken": sealed, "publicKeyId": id})
    };
    let (first, at) = challenge(ksef).await;
    let started = nobody.post("/auth/ksef-token", &body(&first, at + 1, &id)).await;
    assert_eq!(outcome(ksef, &started).await, (450, "Nieprawidłowy czas tokena".to_owned()));
    let answer = nobody.post("/auth/ksef-token", &body(&first, at, &id)).await;
    assert_eq!(answer.code(), 21111);
    let (late, at) = challenge(ksef).await;
    tokio::time::advance(Duration::from_secs(600)).await;
    let answer = nobody.post("/auth/ksef-token", &body(&late, at, &id)).await;
    assert_eq!(answer.code(), 21111, "ten minutes");
    let (other, at) = challenge(ksef).await;
    ksef.rotate_keys(Rotation::Done);
    let answer = nobody.post("/auth/ksef-token", &body(&other, at, &id)).await;
    assert_eq!(answer.code(), 21470);
    let started = start_with_token(ksef, &nip(ALFA), &token).await;
    assert_eq!(outcome(ksef, &started).await.0, 200, "with the new key");
    ksef.rotate_keys(Rotation::Planned);
    let list = nobody.get("/security/public-key-certificates").await.ok(200);
    assert_eq!(list.as_array().unwrap().len(), 4);
    let (one_more, at) = challenge(ksef).await;
    let mut wrong = body(&one_more, at, &id);
    wrong["encryptedToken"] = json!("AAAA");
    let started = nobody.post("/auth/ksef-token", &wrong).await;
    assert_eq!(outcome(ksef, &started).await.1, "Nieprawidłowe szyfrowanie tokena");
}

#[tokio::test(start_paused = true)]
async fn tokens_are_redeemed_once_and_not_too_early() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    ksef.set_pace(Duration::from_secs(1));
    let started = start_with_token(ksef, &nip(ALFA), &ksef.token(ALFA).unwrap()).await.ok(202);
    let mut caller = Caller::nobody(ksef);
    caller.token = text(&started["authenticationToken"]["token"]);
    let path = format!("/auth/{}", text(&started["referenceNumber"]));
    assert_eq!(caller.get(&path).await.ok(200)["status"]["code"], 100);
    let redeem = || caller.send(Method::POST, "/auth/token/redeem", &[], "");
    assert_eq!(redeem().await.code(), 21301);
    ksef.settle().await;
    assert_eq!(caller.get(&path).await.ok(200)["isTokenRedeemed"], false);
    assert_eq!(redeem().await.status, 200);
    assert_eq!(redeem().await.code(), 21301);
    assert_eq!(
        caller.get("/sessions?sessionType=Online").await.status,
        401,
        "another kind of token"
    );
    tokio::time::advance(Duration::from_secs(8 * 24 * 3600)).await;
    let gone = caller.get(&path).await;
    assert_eq!((gone.status, &gone.json()["status"]), (410, &json!(410)));
}

#[tokio::test(start_paused = true)]
async fn access_tokens_end_and_are_refreshed_until_the_login_is_ended() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let mut alfa = login(ksef, ALFA).await;
    tokio::time::advance(Duration::from_secs(900)).await;
    let answer = alfa.get("/auth/sessions").await;
    assert_eq!((answer.status, answer.header("content-type")), (401, "application/problem+json"));
    let mut refresher = alfa.clone();
    refresher.token.clone_from(&alfa.refresh);
    let refresh = || refresher.send(Method::POST, "/auth/token/refresh", &[], "");
    alfa.token = text(&refresh().await.ok(200)["accessToken"]["token"]);
    let item = &alfa.get("/auth/sessions").await.ok(200)["items"][0];
    assert!(item["lastTokenRefreshDate"].is_string());
    assert_eq!(alfa.delete("/auth/sessions/current").await.status, 204);
    assert_eq!(refresh().await.code(), 21301);
    let items = alfa.get("/auth/sessions").await.ok(200)["items"].clone();
    assert_eq!(items, json!([]), "the access token still works, but not the login");
    let other = login(ksef, ALFA).await;
    assert_eq!(alfa.delete(&format!("/auth/sessions/{}", other.operation)).await.status, 204);
    let beta = login(ksef, BETA).await;
    assert_eq!(alfa.delete(&format!("/auth/sessions/{}", beta.operation)).await.code(), 21405);
    tokio::time::advance(Duration::from_secs(7 * 24 * 3600)).await;
    assert_eq!(refresh().await.status, 401);
}

#[tokio::test(start_paused = true)]
async fn logins_are_listed_in_pages_with_tokens() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    for _ in 0..11 {
        login(ksef, ALFA).await;
    }
    let alfa = login(ksef, ALFA).await;
    let first = alfa.get("/auth/sessions").await.ok(200);
    assert_eq!(first["items"].as_array().unwrap().len(), 10);
    let token = text(&first["continuationToken"]);
    let next = |token: String| {
        let alfa = alfa.clone();
        async move {
            alfa.send(Method::GET, "/auth/sessions", &[("x-continuation-token", &token)], "").await
        }
    };
    let second = next(token).await.ok(200);
    assert_eq!(second["items"].as_array().unwrap().len(), 2);
    assert!(second.get("continuationToken").is_none());
    assert_eq!(next("nonsense".to_owned()).await.code(), 21418);
    assert_eq!(alfa.get("/auth/sessions?pageSize=9").await.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn a_login_may_allow_some_addresses_only() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (challenge, at) = challenge(ksef).await;
    let (key, _) = public_key(ksef, "KsefTokenEncryption").await;
    let sealed = seal(&key, format!("{}|{at}", ksef.token(ALFA).unwrap()).as_bytes());
    let policy = json!({"allowedIps": {"ip4Masks": ["10.0.0.0/8"]}});
    let body = json!({"challenge": challenge, "contextIdentifier": nip(ALFA),
        "encryptedToken": sealed, "authorizationPolicy": policy});
    let started = Caller::nobody(ksef).post("/auth/ksef-token", &body).await;
    let caller = redeem(ksef, &started).await;
    let answer = caller.get("/auth/sessions").await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["reasonCode"], "ip-not-allowed");
    assert_eq!(answer.json()["security"]["clientIp"], "127.0.0.1");
    let mut request = Request::get(format!("{}/auth/sessions", ksef.base_url()))
        .header("authorization", format!("Bearer {}", caller.token))
        .body(Body::empty())
        .unwrap();
    request.extensions_mut().insert("10.9.8.7".parse::<IpAddr>().unwrap());
    assert_eq!(ksef.service().send(request).await.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn permissions_are_asked_for_and_told_when_they_are_missing() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let token = ksef.issue_token(&Identity::nip(ALFA), &[Permission::InvoiceRead]);
    let reader = redeem(ksef, &start_with_token(ksef, &nip(ALFA), &token).await).await;
    let body = json!({"formCode": form("FA (3)"), "encryption": encryption(ksef).await});
    let answer = reader.post("/sessions/online", &body).await;
    assert_eq!(answer.status, 403);
    let body = answer.json();
    assert_eq!(body["reasonCode"], "missing-permissions");
    assert_eq!(body["security"]["presentPermissions"], json!(["InvoiceRead"]));
    let wanted = ["InvoiceWrite", "PefInvoiceWrite", "EnforcementOperations"];
    assert_eq!(body["security"]["requiredAnyOfPermissions"], json!(wanted));
}
