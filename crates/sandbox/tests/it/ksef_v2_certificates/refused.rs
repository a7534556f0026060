//! Every code with which a request for a certificate is refused.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use rcgen::{KeyPair, RsaKeySize};
use sandbox::Sandbox;
use sandbox::ksef_v2::Limits;
use serde_json::json;

use super::*;
use crate::ksef_v2::hostile::{log_in, patient};
use crate::ksef_v2_permissions::signed;

#[tokio::test(start_paused = true)]
async fn tokens_get_no_certificates() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    assert_eq!(alfa.get("/certificates/enrollments/data").await.code(), 25001);
    let body = asking("Offline", "AAAA");
    assert_eq!(alfa.post("/certificates/enrollments", &body).await.code(), 25002);
    assert_eq!(alfa.get("/certificates/limits").await.ok(200)["canRequest"], false);
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    let (serial, _) = issued(&seal, "Offline").await;
    let answer = revoke(&alfa, &serial).await;
    assert_eq!(
        (answer.status, &answer.json()["reasonCode"]),
        (403, &json!("auth-method-not-allowed"))
    );
    assert_eq!(listed(&alfa, &json!({})).await.len(), 1, "seen, but not revoked");
}

#[tokio::test(start_paused = true)]
async fn wrong_requests_are_refused_with_their_codes() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    let (own, key) = (data(&seal).await, KeyPair::generate().unwrap());
    let mut other = own.clone();
    other["organizationIdentifier"] = json!("VATPL-9990000126");
    let mut more = own.clone();
    more["givenName"] = json!("Jan");
    let mut broken = STANDARD.decode(csr(&own, &key)).unwrap();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let large = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    let long = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_3072).unwrap();
    let weak = weakened(&own);
    for (request, code) in [
        (csr(&other, &key), 25003),
        (csr(&more, &key), 25003),
        (STANDARD.encode("no request"), 25004),
        (STANDARD.encode(&broken), 25004),
        (csr(&own, &large), 25010),
        (csr(&own, &long), 25010),
        (weak, 25011),
        ("no base64!".to_owned(), 21405),
    ] {
        let answer = seal.post("/certificates/enrollments", &asking("Offline", &request)).await;
        assert_eq!(answer.code(), code);
    }
    let mut named = asking("Offline", &csr(&own, &key));
    named["certificateName"] = json!("zły/znak");
    assert_eq!(seal.post("/certificates/enrollments", &named).await.code(), 21405);
    assert_eq!(seal.send(Method::POST, "/certificates/enrollments", &[], "{").await.code(), 21001);
    let modern = [("x-error-format", "problem-details")];
    let body = asking("Offline", &csr(&other, &key)).to_string();
    let answer = seal.send(Method::POST, "/certificates/enrollments", &modern, body).await;
    assert_eq!(answer.json()["errors"][0]["code"], 25003);
    let unknown = "/certificates/enrollments/20260131-EH-0000000000-0000000000-00";
    assert_eq!(seal.get(unknown).await.code(), 25005);
    assert_eq!(revoke(&seal, "0100000000000000").await.code(), 25008);
    assert_eq!(seal.get("/certificates/limits").await.ok(200)["enrollment"]["remaining"], 300);
}

/// A request that says to be signed with MD5.
fn weakened(own: &Value) -> String {
    let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let der = STANDARD.decode(csr(own, &key)).unwrap();
    let mut request = x509_cert::request::CertReq::from_der(&der).unwrap();
    request.algorithm.oid = "1.2.840.113549.1.1.4".parse().unwrap();
    STANDARD.encode(request.to_der().unwrap())
}

#[tokio::test(start_paused = true)]
async fn limits_end_requests_and_certificates() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let path = "/testdata/limits/subject/certificate";
    clerk.post(path, &json!({"certificate": {"maxCertificates": 1}})).await.ok(200);
    let own = data(&clerk).await;
    let body = |key: &KeyPair| asking("Authentication", &csr(&own, key));
    let key = KeyPair::generate().unwrap();
    let first = clerk.post("/certificates/enrollments", &body(&key)).await.ok(202);
    let second = clerk.post("/certificates/enrollments", &body(&key)).await.ok(202);
    ksef.settle().await;
    let mut codes = Vec::new();
    for started in [&first, &second] {
        let path = format!("/certificates/enrollments/{}", text(&started["referenceNumber"]));
        codes.push(clerk.get(&path).await.ok(200)["status"].clone());
    }
    codes.sort_by_key(|status| status["code"].as_u64());
    assert_eq!((&codes[0]["code"], &codes[1]["code"]), (&json!(200), &json!(400)));
    assert_eq!(codes[1]["details"], json!(["Osiągnięto limit certyfikatów."]));
    let answer = clerk.post("/certificates/enrollments", &body(&key)).await;
    assert_eq!(answer.code(), 25007);
    clerk.post(path, &json!({"enrollment": {"maxEnrollments": 2}})).await.ok(200);
    let answer = clerk.post("/certificates/enrollments", &body(&key)).await;
    assert_eq!(answer.code(), 25006);
    let told = clerk.get("/certificates/limits").await.ok(200);
    assert_eq!(told["enrollment"]["remaining"], 0);
    assert_eq!(told["canRequest"], false);
}

#[tokio::test(start_paused = true)]
async fn a_key_belongs_to_one_subject() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let seal = signed(ksef, ("Nip", ALFA), "seal").await;
    let clerk = signed(ksef, ("Nip", ALFA), "person-pesel").await;
    let key = KeyPair::generate().unwrap();
    for (caller, code) in [(&seal, 200), (&clerk, 400), (&seal, 200)] {
        let status = asked(caller, &asking("Offline", &csr(&data(caller).await, &key))).await;
        assert_eq!(status["status"]["code"], code, "{status}");
    }
    let answer = clerk.get("/certificates/enrollments/20260131-EH-0000000000-0000000000-00").await;
    assert_eq!(answer.code(), 25005);
}

#[tokio::test(start_paused = true)]
async fn a_hostile_service_is_read_all_the_same() {
    let sandbox = Sandbox::builder().seed(3).without_sockets().start().await.unwrap();
    let ksef = sandbox.ksef_v2();
    ksef.set_limits(Limits::none());
    let alfa = log_in(ksef).await;
    let mut states = std::collections::BTreeSet::new();
    for number in 0..300 {
        let body =
            json!({"permissions": ["InvoiceRead"], "description": format!("Token {number}")});
        let made = patient(&alfa, Method::POST, "/tokens", &body.to_string()).await;
        ksef.settle().await;
        let path = format!("/tokens/{}", text(&made["referenceNumber"]));
        states.insert(text(&patient(&alfa, Method::GET, &path, "").await["status"]));
    }
    assert!(states.contains("Active") && states.len() <= 2, "{states:?}");
    let told = patient(&alfa, Method::GET, "/certificates/limits", "").await;
    assert_eq!(told["certificate"]["limit"], 100);
}
