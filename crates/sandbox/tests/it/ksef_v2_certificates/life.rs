//! What certificates are, and what becomes of them.

use std::time::Duration;

use http::Method;
use rcgen::{KeyPair, RsaKeySize};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use serde_json::json;

use super::*;
use crate::ksef_v2_permissions::signed;

#[tokio::test(start_paused = true)]
async fn a_certificate_is_issued_and_logs_in() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let own = data(&clerk).await;
    assert_eq!((&own["givenName"], &own["surname"]), (&json!("Jan"), &json!("Wymyślony")));
    assert_eq!(
        (&own["serialNumber"], &own["countryName"]),
        (&json!("PNOPL-00810100019"), &json!("PL"))
    );
    let (serial, certificate) = issued(&clerk, "Authentication").await;
    let parsed = read(&certificate);
    let tbs = parsed.tbs_certificate();
    let authority = ksef.authority_certificate();
    let authority = x509_cert::Certificate::from_der(&authority).unwrap();
    assert_eq!(tbs.issuer(), authority.tbs_certificate().subject());
    let key = authority.tbs_certificate().subject_public_key_info();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.subject_public_key.raw_bytes())
        .verify(&tbs.to_der().unwrap(), parsed.signature().raw_bytes())
        .unwrap();
    let key_usage = extension(&parsed, "2.5.29.15");
    assert_eq!(key_usage.last(), Some(&0x80), "digitalSignature");
    for query in ["", "?verifyCertificateChain=true"] {
        let started = start_with(ksef, &certificate, query).await;
        let caller = redeem(ksef, &started).await;
        let own = caller.get("/auth/sessions").await.ok(200);
        assert_eq!(own["items"][0]["authenticationMethod"], "InternalCertificate");
    }
    let list = listed(&clerk, &json!({"certificateSerialNumber": serial})).await;
    assert_eq!(list[0]["subjectIdentifier"], json!({"type": "Pesel", "value": "00810100019"}));
    assert!(list[0]["lastUseDate"].is_string());
    let told = clerk.get("/certificates/limits").await.ok(200);
    assert_eq!(
        told,
        json!({"canRequest": true, "enrollment": {"remaining": 11, "limit": 12},
        "certificate": {"remaining": 5, "limit": 6}})
    );
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn offline_certificates_do_not_log_in() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    let (_, certificate) = issued(&seal, "Offline").await;
    assert_eq!(extension(&read(&certificate), "2.5.29.15").last(), Some(&0x40), "nonRepudiation");
    let started = start_with(ksef, &certificate, "").await;
    assert_eq!(outcome(ksef, &started).await, (460, "Nieprawidłowy certyfikat".to_owned()));
    let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA384, RsaKeySize::_2048).unwrap();
    let status = asked(&seal, &asking("Offline", &csr(&data(&seal).await, &rsa))).await;
    assert_eq!(status["status"]["code"], 200);
}

#[tokio::test(start_paused = true)]
async fn revoked_blocked_and_shortened_certificates_log_in_no_more() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    let (revoked, first) = issued(&seal, "Authentication").await;
    revoke(&seal, &revoked).await.ok(204);
    assert_eq!(revoke(&seal, &revoked).await.code(), 25009);
    let (blocked, second) = issued(&seal, "Authentication").await;
    assert!(ksef.block_certificate(&blocked) && !ksef.block_certificate(&blocked));
    assert_eq!(revoke(&seal, &blocked).await.code(), 25009);
    let (short, third) = issued(&seal, "Authentication").await;
    let path = format!("/testdata/certificates/{short}");
    let until = |to: &str| json!({"validTo": to}).to_string();
    let later = seal.send(Method::PUT, &path, &[], until("2030-01-01T00:00:00Z")).await;
    assert_eq!(later.code(), 21405, "never later");
    seal.send(Method::PUT, &path, &[], until("2026-01-31T10:00:00Z")).await.ok(200);
    assert_eq!(revoke(&seal, &short).await.code(), 25009, "expired");
    for (certificate, about, status, serial) in [
        (&first, "Certyfikat odwołany", "Revoked", &revoked),
        (&second, "Certyfikat zawieszony", "Blocked", &blocked),
        (&third, "Nieważny certyfikat", "Expired", &short),
    ] {
        let started = start_with(ksef, certificate, "").await;
        assert_eq!(outcome(ksef, &started).await, (460, about.to_owned()));
        let list = listed(&seal, &json!({"status": status})).await;
        assert_eq!((list.len(), &list[0]["certificateSerialNumber"]), (1, &json!(serial)));
    }
    let other = signed(ksef, ("Nip", BETA), "seal-beta").await;
    assert_eq!(revoke(&other, &revoked).await.code(), 25008, "somebody else's");
    let path = "/testdata/certificates/0100000000000000";
    let unknown = seal.send(Method::PUT, path, &[], until("2026-02-01T00:00:00Z")).await;
    assert_eq!(unknown.code(), 25008);
}

#[tokio::test(start_paused = true)]
async fn certificates_are_found_by_filters_in_pages() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    let mut serials = Vec::new();
    for number in 0..12 {
        let kind = if number % 3 == 0 { "Offline" } else { "Authentication" };
        serials.push(issued(&seal, kind).await.0);
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let first = seal.post("/certificates/query?pageSize=10", &json!({})).await.ok(200);
    assert_eq!(first["hasMore"], true);
    assert_eq!(
        first["certificates"][0]["certificateSerialNumber"],
        json!(serials[11]),
        "newest first"
    );
    let second =
        seal.post("/certificates/query?pageOffset=1&pageSize=10", &json!({})).await.ok(200);
    assert_eq!(
        (second["certificates"].as_array().unwrap().len(), &second["hasMore"]),
        (2, &json!(false))
    );
    for (filter, count) in [
        (json!({"type": "Offline"}), 4),
        (json!({"name": "PRÓBNY"}), 10),
        (json!({"name": "inny"}), 0),
        (json!({"status": "Active", "type": "Offline"}), 4),
        (json!({"expiresAfter": "2027-01-01T00:00:00Z", "type": "Offline"}), 4),
        (json!({"expiresAfter": "2029-01-01T00:00:00Z"}), 0),
    ] {
        assert_eq!(listed(&seal, &filter).await.len(), count, "{filter}");
    }
    assert_eq!(seal.post("/certificates/query?pageSize=51", &json!({})).await.code(), 21405);
    let other = signed(ksef, ("Nip", BETA), "seal-beta").await;
    assert!(listed(&other, &json!({})).await.is_empty());
    let body = json!({"certificateSerialNumbers": serials[..2]});
    let answer = other.post("/certificates/retrieve", &body).await.ok(200);
    assert_eq!(answer, json!({"certificates": []}), "only one's own");
    let answer = seal.post("/certificates/retrieve", &body).await.ok(200);
    assert_eq!(answer["certificates"].as_array().unwrap().len(), 2);
    assert_eq!(answer["certificates"][0]["certificateType"], "Offline");
    assert_eq!(ksef.unexpected().len(), 1, "the page of 51");
}

#[tokio::test(start_paused = true)]
async fn requests_are_pending_at_first_and_kept_for_thirty_days() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    ksef.set_access_life(Duration::from_secs(40 * 24 * 3600));
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    ksef.set_pace(Duration::from_secs(3));
    let mut body = asking("Offline", &csr(&data(&seal).await, &KeyPair::generate().unwrap()));
    body["validFrom"] = json!("2026-02-15T08:00:00+01:00");
    let started = seal.post("/certificates/enrollments", &body).await.ok(202);
    let reference = text(&started["referenceNumber"]);
    let path = format!("/certificates/enrollments/{reference}");
    let status = seal.get(&path).await.ok(200);
    assert_eq!(
        (&status["status"]["code"], status.get("certificateSerialNumber")),
        (&json!(100), None)
    );
    ksef.settle().await;
    let status = seal.get(&path).await.ok(200);
    assert_eq!(
        (&status["status"]["code"], &status["requestDate"]),
        (&json!(200), &started["timestamp"])
    );
    let list = listed(&seal, &json!({})).await;
    assert!(text(&list[0]["validFrom"]).starts_with("2026-02-15T07:00:00"), "{list:?}");
    assert!(text(&list[0]["validTo"]).starts_with("2028-02-15T07:00:00"), "{list:?}");
    tokio::time::advance(Duration::from_secs(30 * 24 * 3600 + 1)).await;
    assert_eq!(seal.get(&path).await.status, 410);
}

#[tokio::test(start_paused = true)]
async fn a_holder_without_numbers_stays_the_same_with_its_new_certificate() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let person = signed(ksef, ("Nip", BETA), "person-without-number").await;
    let (_, certificate) = issued(&person, "Authentication").await;
    let (challenge, _) = challenge(ksef).await;
    let document = login_document(&challenge, ("Nip", BETA), "certificateFingerprint");
    let xml = sign::enveloped(&document, &certificate);
    let started = post_xml(ksef, "/auth/xades-signature", xml).await;
    let caller = redeem(ksef, &started).await;
    assert_eq!(listed(&caller, &json!({})).await.len(), 1, "its own certificate");
    assert_eq!(ksef.unexpected(), []);
}
