//! The default mood: trouble that is legal, seeded, and never a lie about what was stored.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Method, Request};
use sandbox::Sandbox;
use sandbox::kros::Profile;
use serde_json::{Value, json};

use crate::client::{ask, get, invoice};

async fn hostile(seed: u64) -> Sandbox {
    let sandbox = Sandbox::builder().seed(seed).without_sockets().start().await.unwrap();
    sandbox.kros().set_limits(Profile::Unlimited);
    sandbox
}

#[tokio::test(start_paused = true)]
async fn a_patient_caller_loses_nothing_over_many_seeds() {
    for seed in 0..20 {
        let sandbox = hostile(seed).await;
        let kros = sandbox.kros();
        let token = kros.token("Alfa").unwrap();
        for number in 0..10 {
            let body = json!({"data": invoice(&format!("a-{number}"), "1")});
            // A hostile 429 or 503 comes before processing, so repeating is right here.
            while let Ok(answer) = ask(kros, &token, Method::POST, "/invoices", Some(&body)).await
                && answer.status != 202
            {
                assert!(matches!(answer.status, 429 | 503), "{}", answer.status);
            }
        }
        kros.settle().await;
        let documents = kros.documents();
        let mut stored: Vec<_> =
            documents.iter().map(|one| one.external_id.clone().unwrap()).collect();
        stored.sort();
        let expected: Vec<_> = (0..10).map(|number| format!("a-{number}")).collect();
        assert_eq!(stored, expected, "seed {seed}");
        assert_eq!(sandbox.unexpected(), []);
    }
}

#[tokio::test(start_paused = true)]
async fn trouble_of_every_kind_happens() {
    let sandbox = hostile(1).await;
    let kros = sandbox.kros();
    let (mut statuses, mut strangers, mut orders) = (Vec::new(), 0, Vec::new());
    for _ in 0..400 {
        let answer = get(kros, "/tags").await;
        statuses.push(answer.status);
        if answer.status == 200 {
            let text = String::from_utf8(answer.body.to_vec()).unwrap();
            strangers += usize::from(text.contains("xUndocumented"));
            orders.push(text);
        }
    }
    for status in [200, 429, 503] {
        assert!(statuses.contains(&status), "{status}");
    }
    orders.sort();
    orders.dedup();
    assert!(strangers > 20 && orders.len() > 20);
}

#[tokio::test(start_paused = true)]
async fn notifications_come_late_twice_and_out_of_order() {
    let sandbox = hostile(5).await;
    let kros = sandbox.kros();
    let received: Arc<Mutex<Vec<String>>> = Arc::default();
    let inbox = received.clone();
    let receive = move |request: &Request<Bytes>| {
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        inbox.lock().unwrap().push(body["requestId"].as_str().unwrap().to_owned());
        200
    };
    kros.set_receiver(5001, Arc::new(receive), "secret").unwrap();
    let token = kros.token("Alfa").unwrap();
    let mut accepted = Vec::new();
    for number in 0..30 {
        let body = json!({"data": invoice(&format!("a-{number}"), "1")});
        let answer = ask(kros, &token, Method::POST, "/invoices", Some(&body)).await.unwrap();
        if answer.status == 202 {
            accepted.push(answer.json()["requestId"].as_str().unwrap().to_owned());
        }
    }
    kros.settle().await;
    let received = received.lock().unwrap().clone();
    let mut once = received.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), accepted.len(), "every accepted request is told about");
    assert!(received.len() > once.len(), "some are told twice");
    let mut first_seen = Vec::new();
    for id in &received {
        if !first_seen.contains(id) {
            first_seen.push(id.clone());
        }
    }
    assert_ne!(first_seen, accepted, "some overtake others");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_makes_the_same_credentials() {
    let (first, second, other) = (hostile(4).await, hostile(4).await, hostile(5).await);
    assert_eq!(first.kros().companies(), second.kros().companies());
    assert_ne!(first.kros().token("0"), other.kros().token("0"));
}
