//! A hostile repository is unpleasant, and nothing gets lost in it.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sandbox::Sandbox;
use sandbox::crk::{Command, State};
use serde_json::{Value, json};

use super::client::{Answer, CHECKSUM, SOFTWARE, Till, encrypt, start};

/// What was seen over all seeds.
#[derive(Default)]
struct Seen {
    members: BTreeSet<String>,
    statuses: BTreeSet<u16>,
    redelivered: bool,
}

async fn hostile(seed: u64) -> (Sandbox, Till) {
    let builder = Sandbox::builder().seed(seed).without_sockets().starting_at(start());
    let sandbox = builder.start().await.unwrap();
    let till = Till::new(&sandbox, SOFTWARE);
    (sandbox, till)
}

/// Repeats a request until it is answered with what it should be.
async fn insist(seen: &mut Seen, good: &[u16], ask: impl AsyncFn() -> Answer) -> Answer {
    for _ in 0..20 {
        let answer = ask().await;
        seen.statuses.insert(answer.status);
        if good.contains(&answer.status) {
            return answer;
        }
        assert!([401, 429, 503].contains(&answer.status), "{}", answer.status);
    }
    panic!("twenty refusals in a row");
}

/// The attribute, wherever it stands; its place is remembered.
fn anywhere(seen: &mut Seen, answer: &Answer, name: &str) -> Value {
    let body = answer.json();
    let command = &body["command"];
    for (place, object) in [("in", &command["attributes"]), ("beside", command), ("outside", &body)]
    {
        if let Some(value) = object.get(name) {
            seen.members.insert(format!("{place} {name}"));
            return value.clone();
        }
    }
    Value::Null
}

async fn fiscalise(till: &Till, seen: &mut Seen) {
    let keys = insist(seen, &[200], async || till.ask("KCS").await).await;
    assert!(anywhere(seen, &keys, "digitalCertificateAzureEventHubTLS").is_array());
    insist(seen, &[204], async || till.tell("KFD", &till.own_certificates()).await).await;
    insist(seen, &[200], async || till.check_program(CHECKSUM).await).await;
    for code in [4, 4, 4, 4, 4, 0] {
        till.crk.refuse_fiscalisation(SOFTWARE, code);
        let answer = insist(seen, &[200], async || till.tell("MFP", &till.wish()).await).await;
        let status = anywhere(seen, &answer, "statusFisc");
        let text = status["code"].as_str().unwrap();
        seen.members.insert(format!("status {text}"));
        assert_eq!(text.parse::<u8>().unwrap(), code);
        let send = anywhere(seen, &answer, "sendFreqEventHub");
        assert_eq!(send, if code == 0 { 7200 } else { -2 });
        let one = anywhere(seen, &answer, "shipmentType");
        let other = anywhere(seen, &answer, "shippmentType");
        assert!(one.is_null() != other.is_null());
    }
    insist(seen, &[204], async || till.tell("FPD", &json!({})).await).await;
}

/// Polls until nothing is left; the commands that were new.
async fn obey(till: &Till, seen: &mut Seen, wanted: usize) {
    let mut done = BTreeSet::new();
    while done.len() < wanted {
        let answer = insist(seen, &[200, 204], async || till.get_webapi("Command").await).await;
        if answer.status == 204 {
            continue;
        }
        let id = answer.json()["commandId"].as_str().unwrap().to_owned();
        let plain = till.open(answer.json()["encryptedCommand"].as_str().unwrap());
        assert!(plain["attributes"].is_object());
        insist(seen, &[204], async || till.confirm_done(&id).await).await;
        seen.redelivered |= !done.insert(id);
    }
}

/// Sends one receipt, and its package a few times more, as after lost answers.
async fn send(till: &Till, seen: &mut Seen, number: u64) {
    let keys = insist(seen, &[200], async || till.ask("KCS").await).await;
    let recipient = anywhere(seen, &keys, "digitalCertificateRepositoryEncrypt");
    let recipient = STANDARD.decode(recipient.as_str().unwrap()).unwrap();
    let signed = till.sign(till.receipts([number]).to_string().as_bytes());
    let data = encrypt(&recipient, signed.as_bytes(), &json!({}));
    let id = till.id("DFD");
    let package = json!({"commandId": id, "packageNr": 0, "isLast": 1, "encryptedData": data});
    let package = package.to_string();
    for _ in 0..5 {
        let token = insist(seen, &[200], async || till.get_webapi("EventHubSasToken").await).await;
        let token = token.json();
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        let (url, value) = (text("urlToSend"), text("sasValue"));
        insist(seen, &[201], async || {
            let status = till.publish_with(&url, &value, &package).await;
            Answer { status, body: Bytes::new() }
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn everything_arrives_over_many_seeds() {
    let mut seen = Seen::default();
    for seed in 0..12 {
        let (sandbox, till) = hostile(seed).await;
        fiscalise(&till, &mut seen).await;
        assert_eq!(till.crk.state(SOFTWARE), Some(State::Fiscalised));
        for threshold in 0..6 {
            till.crk.queue(SOFTWARE, Command::QrCode { threshold }).unwrap();
        }
        obey(&till, &mut seen, 7).await;
        for number in 1..=8 {
            send(&till, &mut seen, number).await;
        }
        sandbox.crk().settle().await;
        let archive = sandbox.crk().archive(SOFTWARE);
        assert_eq!(
            (archive.numbers, archive.gaps, archive.out_of_order),
            (8, vec![], 0),
            "seed {seed}"
        );
        assert_eq!((archive.packages, archive.resends), (8, 32), "seed {seed}");
        assert_eq!(archive.duplicated, 0);
        assert_eq!(sandbox.unexpected(), [], "seed {seed}");
    }
    let expected = [
        "beside digitalCertificateAzureEventHubTLS",
        "in shipmentType",
        "in shippmentType",
        "outside sendFreqEventHub",
        "outside shipmentType",
        "status 0",
        "status 00",
        "status 04",
        "status 4",
    ];
    for member in expected {
        assert!(seen.members.contains(member), "{member}");
    }
    assert!(seen.redelivered, "a confirmed command came once more");
    assert!(seen.statuses.is_superset(&[401, 429, 503].into()), "{:?}", seen.statuses);
}
