//! Collective identifiers.

use http::Method;
use sandbox::ksef_v2::{KsefV2, SeedPlan};
use serde_json::{Value, json};

use crate::ksef_v2::client::*;

/// Adds invoices of Alfa to Beta and gives their numbers in KSeF.
fn added(ksef: &KsefV2, names: &[&str]) -> Vec<String> {
    let add = |name: &&str| ksef.add_invoice(invoice(name).into()).unwrap().ksef_number;
    names.iter().map(add).collect()
}

fn of(numbers: &[String]) -> Value {
    let one = |number: &String| {
        json!({"ksefNumber": number, "description": "Opłata",
            "payment": {"amount": 12.50, "currency": "PLN"}})
    };
    json!({"invoices": numbers.iter().map(one).collect::<Vec<_>>()})
}

async fn made(caller: &Caller, numbers: &[String]) -> String {
    let answer = caller.post("/collective-identifiers", &of(numbers)).await.ok(201);
    text(&answer["collectiveIdentifierNumber"])
}

fn during(from: &str, to: &str) -> Value {
    json!({"dateCreatedFrom": from, "dateCreatedTo": to})
}

fn lately() -> Value {
    during("2026-01-01T00:00:00+01:00", "2026-03-01T00:00:00+01:00")
}

#[tokio::test(start_paused = true)]
async fn identifiers_are_found_by_their_maker_and_by_the_seller() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (alfa, beta) = (login(ksef, ALFA).await, login(ksef, BETA).await);
    let numbers = added(ksef, &["Z/1", "Z/2", "Z/3"]);
    let identifier = made(&beta, &numbers).await;
    assert_eq!(identifier.len(), 35);
    assert!(identifier.starts_with(&format!("{ALFA}-IZ202601-")), "{identifier}");
    for (caller, own) in [(&beta, true), (&alfa, false)] {
        let answer = caller.post("/collective-identifiers/query", &lately()).await.ok(200);
        let one = &answer["collectiveIdentifiers"][0];
        assert_eq!(one["collectiveIdentifierNumber"], identifier.as_str());
        assert_eq!(
            (&one["invoiceCount"], &one["createdInCurrentContext"]),
            (&json!(3), &json!(own))
        );
        let path = format!("/collective-identifiers/ksef/{}", numbers[0]);
        let answer = caller.get(&path).await.ok(200);
        assert_eq!(answer["collectiveIdentifiers"][0]["createdInCurrentContext"], own);
    }
    for (filter, count) in [
        (json!({"invoiceCountFrom": 4}), 0),
        (json!({"invoiceCountTo": 3}), 1),
        (json!({"createdInCurrentContext": false}), 0),
        (json!({"collectiveIdentifierNumber": identifier}), 1),
        (json!({"collectiveIdentifierNumber": numbers[0]}), 0),
    ] {
        let mut body = lately();
        body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
        let answer = beta.post("/collective-identifiers/query", &body).await.ok(200);
        assert_eq!(answer["collectiveIdentifiers"].as_array().unwrap().len(), count, "{filter}");
    }
    let omega = login(ksef, OMEGA).await;
    let answer = omega.post("/collective-identifiers/query", &lately()).await.ok(200);
    assert_eq!(answer["collectiveIdentifiers"], json!([]));
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn payments_are_told_to_parties_only() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let (alfa, beta, omega) =
        (login(ksef, ALFA).await, login(ksef, BETA).await, login(ksef, OMEGA).await);
    let identifier = made(&beta, &added(ksef, &["P/1", "P/2"])).await;
    let body = json!({"collectiveIdentifierNumbers": [identifier]});
    for (caller, hidden) in [(&alfa, false), (&beta, false), (&omega, true)] {
        let answer = caller.post("/collective-identifiers/invoices", &body).await.ok(200);
        let list = answer["invoices"].as_array().unwrap().clone();
        assert_eq!(list.len(), 2);
        assert!(text(&list[0]["ksefNumber"]) > text(&list[1]["ksefNumber"]), "descending");
        for one in list {
            assert_eq!(one["detailsHidden"], hidden);
            assert_eq!(one.get("payment").is_none(), hidden);
            assert_eq!(one.get("description").is_none(), hidden);
        }
    }
    for body in [
        json!({"collectiveIdentifierNumbers": []}),
        json!({"collectiveIdentifierNumbers": vec!["a"; 11]}),
        json!({}),
    ] {
        assert_eq!(alfa.post("/collective-identifiers/invoices", &body).await.code(), 21405);
    }
}

#[tokio::test(start_paused = true)]
async fn wrong_sets_of_invoices_are_refused_with_their_codes() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let beta = login(ksef, BETA).await;
    let path = "/collective-identifiers";
    let numbers = added(ksef, &["W/1", "W/2"]);
    let other = ksef.add_invoice(invoice_of(OMEGA, BETA, "W/3").into()).unwrap().ksef_number;
    let foreign = ksef.add_invoice(invoice_of(ALFA, OMEGA, "W/4").into()).unwrap().ksef_number;
    let unknown = "9990000103-20260131-010000000000-00".to_owned();
    let (one, two) = (numbers[0].clone(), numbers[1].clone());
    for (set, code) in [
        (vec![one.clone(), unknown], 71001),
        (vec![one.clone(), foreign], 71001),
        (vec![one.clone(), other], 71004),
        (vec![one.clone(), one.clone()], 71005),
        (vec![one.clone()], 21405),
    ] {
        assert_eq!(beta.post(path, &of(&set)).await.code(), code, "{set:?}");
    }
    for _ in 0..132 {
        made(&beta, &[one.clone(), two.clone()]).await;
    }
    assert_eq!(beta.post(path, &of(&[one, two])).await.code(), 71002);
    assert_eq!(beta.send(Method::POST, path, &[], "{").await.code(), 21001);
    let query = "/collective-identifiers/query";
    let wide = during("2026-01-01T00:00:00Z", "2026-04-12T00:00:00Z");
    assert_eq!(beta.post(query, &wide).await.code(), 21405, "more than 100 days");
    let wrong = [("x-continuation-token", "nothing")];
    let answer = beta.send(Method::POST, query, &wrong, lately().to_string()).await;
    assert_eq!(answer.code(), 21418);
    let mut seen = 0;
    let mut token = String::new();
    loop {
        let more = [("x-continuation-token", token.as_str())];
        let path = format!("{query}?pageSize=100");
        let answer = beta.send(Method::POST, &path, &more, lately().to_string()).await.ok(200);
        seen += answer["collectiveIdentifiers"].as_array().unwrap().len();
        let Some(next) = answer["continuationToken"].as_str() else { break };
        token = next.to_owned();
    }
    assert_eq!(seen, 132);
}

#[tokio::test(start_paused = true)]
async fn an_identifier_has_no_more_invoices_than_the_limit() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let beta = login(ksef, BETA).await;
    let from = "2026-01-10T10:00:00Z".parse().unwrap();
    ksef.seed_invoices(&SeedPlan::new(ALFA, BETA, 501, from));
    let filters = json!({"subjectType": "Subject2", "dateRange": {"dateType": "PermanentStorage",
        "from": "2026-01-10T00:00:00Z", "to": "2026-01-12T00:00:00Z"}});
    let mut numbers = Vec::new();
    for page in 0..3 {
        let path = format!("/invoices/query/metadata?pageSize=250&pageOffset={page}");
        let answer = beta.post(&path, &filters).await.ok(200);
        numbers.extend(
            answer["invoices"].as_array().unwrap().iter().map(|it| text(&it["ksefNumber"])),
        );
    }
    assert_eq!(numbers.len(), 501);
    assert_eq!(beta.post("/collective-identifiers", &of(&numbers)).await.code(), 21405);
    made(&beta, &numbers[..500]).await;
}
