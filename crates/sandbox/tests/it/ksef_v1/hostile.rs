//! A hostile sandbox is strict and truthful all the same.

use std::time::Duration;

use http::Method;
use sandbox::Sandbox;
use sandbox::ksef_v1::KsefV1;
use serde_json::Value;

use super::client::*;

async fn hostile(seed: u64) -> Sandbox {
    Sandbox::builder().seed(seed).hostile().without_sockets().start().await.unwrap()
}

/// Repeats what a hostile moment refused: these requests change nothing when they are refused.
async fn patient(ksef: &KsefV1, method: Method, path: &str, token: &str, body: String) -> Answer {
    for _ in 0..50 {
        let headers = [("SessionToken", token), ("content-type", "application/json")];
        let answer = ask(ksef, method.clone(), path, &headers, body.clone()).await.unwrap();
        let early = answer.status == 400 && answer.code() == 21304;
        if !(matches!(answer.status, 429 | 503) || early) {
            return answer;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    panic!("fifty hostile moments in a row");
}

async fn opened(ksef: &KsefV1) -> (String, String) {
    for _ in 0..50 {
        let body = format!(r#"{{"contextIdentifier":{{"type":"onip","identifier":"{ALFA}"}}}}"#);
        let path = "/online/Session/AuthorisationChallenge";
        let answer = patient(ksef, Method::POST, path, "none", body).await.ok(201);
        let at = answer["timestamp"].as_str().unwrap();
        let at = chrono::DateTime::parse_from_rfc3339(at).unwrap().timestamp_millis();
        let token = seal(ksef, format!("{}|{at}", ksef.token(ALFA).unwrap()).as_bytes());
        let last = format!("<o:Token>{token}</o:Token>");
        let challenge = answer["challenge"].as_str().unwrap();
        let request = opening("InitSessionTokenRequest", ALFA, challenge, "", &last);
        let answer = post_bytes(ksef, "/online/Session/InitToken", &[], request).await;
        if answer.status == 201 {
            let body = answer.json();
            let token = body["sessionToken"]["token"].as_str().unwrap().to_owned();
            return (token, body["referenceNumber"].as_str().unwrap().to_owned());
        }
        assert!(matches!(answer.status, 429 | 503), "{answer:?}");
    }
    panic!("no session in fifty tries");
}

#[tokio::test(start_paused = true)]
async fn a_patient_client_is_served_by_every_seed() {
    let mut bare_moments = 0;
    for seed in 1..=12 {
        let sandbox = hostile(seed).await;
        let ksef = sandbox.ksef_v1();
        let (token, _) = opened(ksef).await;
        for number in 1..=10 {
            let body = plain(invoice(&format!("H/{number}")).as_bytes()).to_string();
            let answer = patient(ksef, Method::PUT, "/online/Invoice/Send", &token, body).await;
            let element = answer.ok(202)["elementReferenceNumber"].as_str().unwrap().to_owned();
            let path = format!("/online/Invoice/Status/{element}");
            let mut polls = 0;
            loop {
                let status: Value =
                    patient(ksef, Method::GET, &path, &token, String::new()).await.ok(200);
                bare_moments += usize::from(!status["timestamp"].as_str().unwrap().contains('.'));
                if status["processingCode"] == 200 {
                    break;
                }
                polls += 1;
                assert!(polls < 200);
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
        assert_eq!(ksef.invoices().len(), 10, "seed {seed}");
        assert!(ksef.unexpected().is_empty(), "seed {seed}: {:?}", ksef.unexpected());
    }
    assert!(bare_moments > 20, "milliseconds are left out at times");
}

#[tokio::test(start_paused = true)]
async fn one_seed_makes_one_world() {
    let (first, second) = (hostile(5).await, hostile(5).await);
    assert_eq!(first.ksef_v1().token(ALFA), second.ksef_v1().token(ALFA));
    assert_ne!(hostile(6).await.ksef_v1().token(ALFA), first.ksef_v1().token(ALFA));
}
