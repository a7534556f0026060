//! A hostile double is still the same service to a caller that reads leniently and tries again.

use std::collections::BTreeSet;
use std::time::Duration;

use http::Method;
use sandbox::Sandbox;
use sandbox::fault::{Fault, Rule};
use sandbox::ksef_v2::{KsefV2, Limits, Rotation};
use serde_json::{Value, json};

use super::client::*;

/// Asks again while the double only pretends to be in trouble.
pub(crate) async fn patient(caller: &Caller, method: Method, path: &str, body: &str) -> Value {
    for _ in 0..50 {
        let answer = caller.send(method.clone(), path, &[], body.to_owned()).await;
        if !matches!(answer.status, 429 | 503) {
            assert!(answer.status < 300, "{path}: {answer:?}");
            return if answer.body.is_empty() { Value::Null } else { answer.json() };
        }
    }
    panic!("{path} never answers");
}

pub(crate) async fn log_in(ksef: &KsefV2) -> Caller {
    loop {
        let nobody = Caller::nobody(ksef);
        let challenge = patient(&nobody, Method::POST, "/auth/challenge", "").await;
        let keys = patient(&nobody, Method::GET, "/security/public-key-certificates", "").await;
        assert_eq!(keys.as_array().unwrap().len(), 2);
        let at = challenge["timestampMs"].as_i64().unwrap();
        let sealed = seal(
            &key_of(&keys, "KsefTokenEncryption"),
            format!("{}|{at}", ksef.token(ALFA).unwrap()).as_bytes(),
        );
        let body = json!({"challenge": challenge["challenge"], "contextIdentifier": nip(ALFA), "encryptedToken": sealed});
        let started = patient(&nobody, Method::POST, "/auth/ksef-token", &body.to_string()).await;
        let mut caller = nobody;
        caller.token = text(&started["authenticationToken"]["token"]);
        ksef.settle().await;
        let path = format!("/auth/{}", text(&started["referenceNumber"]));
        let status = patient(&caller, Method::GET, &path, "").await;
        if status["status"]["code"] == 550 {
            continue;
        }
        let tokens = patient(&caller, Method::POST, "/auth/token/redeem", "").await;
        caller.token = text(&tokens["accessToken"]["token"]);
        return caller;
    }
}

fn certificate_of(listed: &Value) -> x509_cert::Certificate {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    use x509_cert::der::Decode as _;

    let der = STANDARD.decode(text(&listed["certificate"])).unwrap();
    x509_cert::Certificate::from_der(&der).unwrap()
}

fn key_of(keys: &Value, usage: &str) -> rsa::RsaPublicKey {
    use rsa::pkcs8::DecodePublicKey as _;
    use x509_cert::der::Encode as _;

    let found = keys.as_array().unwrap().iter().find(|it| it["usage"][0] == usage).unwrap();
    let certificate = certificate_of(found);
    let spki = certificate.tbs_certificate().subject_public_key_info().to_der().unwrap();
    rsa::RsaPublicKey::from_public_key_der(&spki).unwrap()
}

async fn open(caller: &Caller) -> String {
    let keys = patient(caller, Method::GET, "/security/public-key-certificates", "").await;
    let key = seal(&key_of(&keys, "SymmetricKeyEncryption"), &KEY);
    let vector = "CQkJCQkJCQkJCQkJCQkJCQ==";
    let encryption = json!({"encryptedSymmetricKey": key, "initializationVector": vector});
    let body = json!({"formCode": form("FA (3)"), "encryption": encryption}).to_string();
    let opened = patient(caller, Method::POST, "/sessions/online", &body).await;
    text(&opened["referenceNumber"])
}

#[tokio::test(start_paused = true)]
async fn a_link_that_is_over_is_refused_with_either_status_of_the_contract() {
    let sandbox = Sandbox::builder().seed(7).without_sockets().start().await.unwrap();
    let ksef = sandbox.ksef_v2();
    ksef.set_limits(Limits::none());
    let alfa = log_in(ksef).await;
    let session = open(&alfa).await;
    let mut url = Value::Null;
    for number in 0..5 {
        let path = format!("/sessions/online/{session}/invoices");
        let body = sending(&invoice(&format!("L/{number}"))).to_string();
        patient(&alfa, Method::POST, &path, &body).await;
        ksef.settle().await;
        let list = patient(&alfa, Method::GET, &format!("/sessions/{session}/invoices"), "").await;
        url = list["invoices"][number]["upoDownloadUrl"].clone();
        if url.is_string() {
            break;
        }
    }
    tokio::time::advance(Duration::from_secs(3 * 24 * 3600)).await;
    let mut statuses = BTreeSet::new();
    for _ in 0..50 {
        statuses.insert(fetch(ksef, &text(&url)).await.status);
    }
    statuses.retain(|status| !matches!(status, 429 | 503));
    assert_eq!(Vec::from_iter(statuses), [401, 403]);
}

#[tokio::test(start_paused = true)]
async fn the_keys_come_in_no_order_with_the_dates_of_their_certificates() {
    let sandbox = Sandbox::builder().seed(7).without_sockets().start().await.unwrap();
    let ksef = sandbox.ksef_v2();
    ksef.set_limits(Limits::none());
    ksef.rotate_keys(Rotation::Planned);
    let mut orders = BTreeSet::new();
    for _ in 0..20 {
        let nobody = Caller::nobody(ksef);
        let keys = patient(&nobody, Method::GET, "/security/public-key-certificates", "").await;
        let keys = keys.as_array().unwrap();
        assert_eq!(keys.len(), 4);
        for key in keys {
            let certificate = certificate_of(key);
            let validity = certificate.tbs_certificate().validity();
            for (name, own) in [("validFrom", validity.not_before), ("validTo", validity.not_after)]
            {
                let told: chrono::DateTime<chrono::Utc> = text(&key[name]).parse().unwrap();
                assert_eq!(own.to_unix_duration().as_secs(), told.timestamp().unsigned_abs());
            }
        }
        orders.insert(keys.iter().map(|key| text(&key["publicKeyId"])).collect::<Vec<_>>());
    }
    assert!(orders.len() > 1);
}

#[tokio::test(start_paused = true)]
async fn invoices_reach_a_hostile_double_over_many_seeds() {
    let mut troubles = 0;
    for seed in 0..20 {
        let sandbox = Sandbox::builder().seed(seed).without_sockets().start().await.unwrap();
        let ksef = sandbox.ksef_v2();
        ksef.set_limits(Limits::none());
        let alfa = log_in(ksef).await;
        let session = open(&alfa).await;
        for number in 0..5 {
            let path = format!("/sessions/online/{session}/invoices");
            let body = sending(&invoice(&format!("H/{seed}/{number}"))).to_string();
            patient(&alfa, Method::POST, &path, &body).await;
        }
        ksef.settle().await;
        patient(&alfa, Method::POST, &format!("/sessions/online/{session}/close"), "").await;
        ksef.settle().await;
        let list = patient(&alfa, Method::GET, &format!("/sessions/{session}/invoices"), "").await;
        let codes: Vec<u64> = list["invoices"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| it["status"]["code"].as_u64().unwrap())
            .collect();
        assert!(codes.iter().all(|code| [200, 550].contains(code)), "{codes:?}");
        assert_eq!(codes.iter().filter(|code| **code == 200).count(), ksef.invoices().len());
        troubles +=
            ksef.requests().iter().filter(|it| matches!(it.status, Some(429 | 503))).count();
        assert_eq!(ksef.unexpected(), [], "seed {seed}");
    }
    assert!(troubles > 0, "no trouble in twenty seeds");
}

#[tokio::test(start_paused = true)]
async fn scripted_faults_act_on_the_api_and_on_the_storage() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let url = text(&alfa.settled(&session, &invoice("F/1")).await["upoDownloadUrl"]);
    let path = "/sessions/online/{referenceNumber}/invoices";
    ksef.faults().push(Rule::new(Fault::LoseAnswer).on(&Method::POST, path).once());
    ksef.faults().push(
        Rule::new(Fault::Reply { status: 500, retry_after: None })
            .on(&Method::GET, "/storage/invoice-upo")
            .once(),
    );
    let (bearer, body) = (format!("Bearer {}", alfa.token), sending(&invoice("F/2")).to_string());
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let whole = format!("{}/sessions/online/{session}/invoices", ksef.base_url());
    assert!(ask(ksef, Method::POST, &whole, &headers, body).await.is_err());
    ksef.settle().await;
    assert_eq!(ksef.invoices().len(), 2, "the request was processed");
    assert_eq!(fetch(ksef, &url).await.status, 500);
    assert_eq!(fetch(ksef, &url).await.status, 200);
    let code = sandbox::fault::Code::new("21184").unwrap();
    ksef.faults().push(Rule::new(Fault::Code(code)).on(&Method::POST, path).once());
    let path = format!("/sessions/online/{session}/invoices");
    assert_eq!(alfa.post(&path, &sending(&invoice("F/3"))).await.code(), 21184);
}
