//! Webhooks: body, signature, repetition.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Request;
use sandbox::kros::{Form, Kros, Scheme, WebhookError};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::client::{calm, invoice, post};

const SECRET: &str = "skúšobný kľúč";

type Received = Arc<Mutex<Vec<(String, Value)>>>;

/// A receiver that refuses so many times and then takes every notification.
fn receiver(kros: &Kros, refusals: usize) -> Received {
    let received: Received = Arc::default();
    let inbox = received.clone();
    let receive = move |request: &Request<Bytes>| {
        let mut inbox = inbox.lock().unwrap();
        let signature = request.headers()["X-Kros-Signature-256"].to_str().unwrap().to_owned();
        inbox.push((signature, serde_json::from_slice(request.body()).unwrap()));
        if inbox.len() > refusals { 204 } else { 500 }
    };
    kros.set_receiver(5001, Arc::new(receive), SECRET).unwrap();
    received
}

#[tokio::test(start_paused = true)]
async fn partial_failures_are_told_with_207() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let received = receiver(kros, 0);
    let mut failing = Vec::new();
    for (field, value) in [
        ("numberingSequence", "XX"),
        ("creditedInvoiceNumber", "1"),
        ("documentNumber", "20260131001"),
    ] {
        let mut document = invoice(field, "1");
        document[field] = value.into();
        failing.push(document);
    }
    let mut batch = vec![invoice("good", "1")];
    batch.extend(failing);
    let accepted = post(kros, "/invoices/batch", &json!({"data": batch})).await;
    assert_eq!(accepted.status, 202);
    kros.settle().await;
    let (_, body) = received.lock().unwrap().remove(0);
    assert_eq!((&body["status"], &body["companyId"]), (&207.into(), &5001.into()));
    assert_eq!(body["requestId"], accepted.json()["requestId"]);
    let entities = body["results"]["entities"].as_array().unwrap();
    assert_eq!(entities[0]["data"]["id"], kros.documents()[0].id);
    for entity in &entities[1..] {
        assert_eq!(entity["problems"][0]["propertyPath"], entity["data"]["externalId"]);
        assert!(entity["data"].get("id").is_none());
    }
    assert_eq!(kros.documents().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn payments_tell_about_the_invoices_they_touch() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    post(kros, "/invoices", &json!({"data": invoice("a", "5")})).await;
    kros.settle().await;
    let received = receiver(kros, 0);
    let symbol = kros.documents()[0].variable_symbol.clone();
    let payment = json!({"dateOfPayment": "2026-02-01", "sumOfPayment": 5,
                         "variableSymbol": symbol, "externalId": "p"});
    let lost = json!({"dateOfPayment": "2026-02-01", "sumOfPayment": 5, "accountId": 99});
    post(kros, "/payments/batch", &json!({"data": [payment, lost]})).await;
    kros.settle().await;
    let (_, body) = received.lock().unwrap().remove(0);
    let related = &body["results"]["relatedEntities"];
    assert_eq!(related[0]["documentId"], kros.documents()[0].id);
    assert_eq!(related[0]["paymentStatus"], 1);
    let problems = &body["results"]["entities"][1]["problems"];
    assert_eq!(problems[0]["propertyPath"], "accountId");
    assert_eq!(kros.payments().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refusing_receiver_is_told_again_with_growing_delays() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let received = receiver(kros, 3);
    post(kros, "/invoices", &json!({"data": invoice("a", "1")})).await;
    kros.settle().await;
    assert_eq!(received.lock().unwrap().len(), 4);
    let notification = kros.notifications().remove(0);
    let statuses: Vec<_> = notification.attempts.iter().map(|one| one.status.unwrap()).collect();
    assert_eq!(statuses, [500, 500, 500, 204]);
    assert!(notification.is_delivered());
    let times: Vec<_> = notification.attempts.iter().map(|one| one.at).collect();
    let delays: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(delays.is_sorted_by(|first, second| first < second), "{delays:?}");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_never_answers_well_is_given_up() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let received = receiver(kros, usize::MAX);
    post(kros, "/invoices", &json!({"data": invoice("a", "1")})).await;
    kros.settle().await;
    assert_eq!(received.lock().unwrap().len(), 5);
    assert!(!kros.notifications()[0].is_delivered());
}

#[tokio::test(start_paused = true)]
async fn form_and_signature_are_selectable() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let received = receiver(kros, 0);
    kros.set_notification_form(Form::Documented2023);
    kros.set_signature_scheme(Scheme::Utf8);
    post(kros, "/invoices", &json!({"data": invoice("a", "1")})).await;
    kros.settle().await;
    let (signature, body) = received.lock().unwrap().remove(0);
    let notification = kros.notifications().remove(0);
    assert_eq!(signature, Scheme::Utf8.sign(SECRET, &notification.body));
    assert_ne!(signature, Scheme::Utf16Le.sign(SECRET, &notification.body));
    assert_eq!(body["isSuccessful"], true);
    assert_eq!(body["createdEntities"]["documents"][0]["externalId"], "a");
}

#[tokio::test(start_paused = true)]
async fn without_a_webhook_the_result_is_kept_and_not_sent() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    post(kros, "/invoices", &json!({"data": invoice("a", "1")})).await;
    kros.settle().await;
    let notification = kros.notifications().remove(0);
    assert_eq!((notification.url, notification.attempts.len()), (None, 0));
}

#[tokio::test]
async fn a_webhook_receives_the_signed_bytes_over_a_socket() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/kros/hook?source=1", listener.local_addr().unwrap());
    kros.set_webhook(5001, &url, SECRET).unwrap();
    let serve = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        let mut buffer = [0; 4096];
        while !bytes.ends_with(b"}") {
            let count = stream.read(&mut buffer).await.unwrap();
            assert!(count > 0, "the request ends early");
            bytes.extend_from_slice(&buffer[..count]);
        }
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
        stream.write_all(answer).await.unwrap();
        String::from_utf8(bytes).unwrap()
    });
    post(kros, "/invoices", &json!({"data": invoice("a", "1")})).await;
    kros.settle().await;
    let request = serve.await.unwrap();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /kros/hook?source=1 HTTP/1.1\r\n"));
    let signature = Scheme::Utf16Le.sign(SECRET, body);
    assert!(head.to_lowercase().contains("x-kros-signature-256"));
    assert!(head.contains(&signature));
    let notification = kros.notifications().remove(0);
    assert_eq!(notification.body, body);
    assert_eq!(notification.attempts[0].status, Some(200));
}

#[tokio::test]
async fn webhooks_stay_on_this_machine() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let far = kros.set_webhook(5001, "http://example.com/hook", SECRET);
    assert_eq!(far, Err(WebhookError::NotLoopback));
    let unknown = kros.set_webhook(1, "http://127.0.0.1:1/", SECRET);
    assert_eq!(unknown, Err(WebhookError::UnknownCompany));
}
