//! Each fault does what it says, in process and on the wire.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use sandbox::Sandbox;
use sandbox::fault::{Fault, Rule, Turn};
use sandbox::kros::{Kros, Profile};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::client::{ask, authority, calm, get, invoice, post, raw};

async fn on_socket() -> Sandbox {
    let sandbox = Sandbox::builder().seed(7).calm().start().await.unwrap();
    sandbox.kros().set_limits(Profile::Unlimited);
    sandbox
}

/// Sends a request over a socket that closes after its answer.
async fn send(kros: &Kros, method: &str, path: &str, body: &str) -> Vec<u8> {
    let token = kros.token("Alfa").unwrap();
    let request = format!(
        "{method} /api{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    raw(authority(kros.base_url()), &request).await
}

async fn create(kros: &Kros) -> Vec<u8> {
    let body = json!({"data": invoice("a", "1")}).to_string();
    let answer = send(kros, "POST", "/invoices", &body).await;
    kros.settle().await;
    answer
}

#[tokio::test(start_paused = true)]
async fn a_scripted_reply_processes_nothing() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let reply = Fault::Reply { status: 503, retry_after: Some(4) };
    kros.faults().push(Rule::new(reply).on(&Method::POST, "/invoices").once());
    let body = json!({"data": invoice("a", "1")});
    let refused = post(kros, "/invoices", &body).await;
    assert_eq!((refused.status, refused.headers["retry-after"].to_str().unwrap()), (503, "4"));
    kros.settle().await;
    assert!(kros.documents().is_empty());
    assert_eq!(post(kros, "/invoices", &body).await.status, 202);
}

#[tokio::test]
async fn a_timeout_of_the_server_can_be_scripted() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let reply = Fault::Reply { status: 408, retry_after: None };
    kros.faults().push(Rule::new(reply).on(&Method::POST, "/payments/batch").turn(Turn::Nth(2)));
    let body = |sum: u32| json!({"data": [{"dateOfPayment": "2026-01-31", "sumOfPayment": sum}]});
    let mut statuses = Vec::new();
    for sum in 1..=3 {
        statuses.push(post(kros, "/payments/batch", &body(sum)).await.status);
    }
    assert_eq!(statuses, [202, 408, 202]);
}

#[tokio::test]
async fn unauthorized_once_is_401_once() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    kros.faults().push(Rule::new(Fault::Unauthorized).once());
    assert_eq!(get(kros, "/tags").await.status, 401);
    assert_eq!(get(kros, "/tags").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_masked_answer_hides_that_it_was_processed() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    kros.faults().push(Rule::new(Fault::MaskAnswer { status: 500 }).once());
    assert_eq!(post(kros, "/invoices", &json!({"data": invoice("a", "1")})).await.status, 500);
    kros.settle().await;
    assert_eq!(kros.documents().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn delays_take_their_time() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    kros.faults().push(Rule::new(Fault::DelayBefore { ms: 3_000 }));
    kros.faults().push(Rule::new(Fault::DelayAfter { ms: 2_000 }));
    let start = Instant::now();
    get(kros, "/tags").await;
    assert_eq!(start.elapsed().as_secs(), 5);
    kros.faults().clear();
    assert!(kros.faults().rules().is_empty());
}

#[tokio::test(start_paused = true)]
async fn lost_connections_are_errors_in_process() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let token = kros.token("Alfa").unwrap();
    let body = json!({"data": invoice("a", "1")});
    for (fault, stored) in
        [(Fault::DropRequest, 0), (Fault::LoseAnswer, 1), (Fault::CutAnswer { after: 5 }, 2)]
    {
        kros.faults().push(Rule::new(fault).turn(Turn::First(1)));
        let answer = ask(kros, &token, Method::POST, "/invoices", Some(&body)).await;
        assert!(answer.is_err(), "{fault:?}");
        kros.settle().await;
        assert_eq!(kros.documents().len(), stored, "{fault:?}");
        tokio::time::advance(Duration::from_secs(120)).await;
    }
}

#[tokio::test]
async fn split_writes_are_frames_in_process() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    kros.faults().push(Rule::new(Fault::SplitWrites { size: 3 }));
    let request = Request::get("/api/tags")
        .header("authorization", format!("Bearer {}", kros.token("Alfa").unwrap()))
        .body(Body::empty());
    let mut body = kros.service().send(request.unwrap()).await.unwrap().into_body();
    let mut whole = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.unwrap().into_data().unwrap();
        assert!((1..=3).contains(&frame.len()));
        whole.extend_from_slice(&frame);
    }
    let read: serde_json::Value = serde_json::from_slice(&whole).unwrap();
    assert_eq!(read["data"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_dropped_request_closes_without_a_byte_and_without_effect() {
    let sandbox = on_socket().await;
    let kros = sandbox.kros();
    kros.faults().push(Rule::new(Fault::DropRequest).once());
    assert!(create(kros).await.is_empty());
    assert!(kros.documents().is_empty());
    assert!(create(kros).await.starts_with(b"HTTP/1.1 202 "));
    assert_eq!(kros.documents().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_closes_without_a_byte_after_the_effect() {
    let sandbox = on_socket().await;
    let kros = sandbox.kros();
    kros.faults().push(Rule::new(Fault::LoseAnswer).once());
    assert!(create(kros).await.is_empty());
    assert_eq!(kros.documents().len(), 1);
    let statuses: Vec<_> = kros.requests().iter().map(|one| one.status).collect();
    assert_eq!(statuses, [None]);
}

#[tokio::test]
async fn an_answer_is_cut_at_the_very_byte() {
    let sandbox = on_socket().await;
    let kros = sandbox.kros();
    let whole = send(kros, "GET", "/tags", "").await;
    for after in [0, 1, 12, whole.len() - 1] {
        kros.faults().clear();
        kros.faults().push(Rule::new(Fault::CutAnswer { after }));
        let cut = send(kros, "GET", "/tags", "").await;
        assert_eq!(cut.len(), after);
        assert!(cut.starts_with(b"HTTP/1.1 200 OK\r\n") || after < 17);
    }
}

#[tokio::test]
async fn pieces_of_a_split_answer_travel_apart() {
    let sandbox = on_socket().await;
    let kros = sandbox.kros();
    kros.faults().push(Rule::new(Fault::SplitWrites { size: 1 }));
    let mut stream = TcpStream::connect(authority(kros.base_url())).await.unwrap();
    let request = b"GET /api/none HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let (mut reads, mut buffer) = (0, [0; 1024]);
    while stream.read(&mut buffer).await.unwrap() > 0 {
        reads += 1;
    }
    assert!(reads > 5, "{reads} reads");
}

#[tokio::test]
async fn split_writes_deliver_every_byte() {
    let sandbox = on_socket().await;
    let kros = sandbox.kros();
    let whole = send(kros, "GET", "/tags", "").await;
    kros.faults().push(Rule::new(Fault::SplitWrites { size: 7 }));
    let split = send(kros, "GET", "/tags", "").await;
    let body = |answer: &[u8]| {
        let text = String::from_utf8(answer.to_vec()).unwrap();
        text.split_once("\r\n\r\n").unwrap().1.to_owned()
    };
    assert_eq!(body(&split), body(&whole));
}

#[tokio::test]
async fn an_idle_sandbox_closes_its_port_when_dropped() {
    let sandbox = on_socket().await;
    let address = authority(sandbox.kros().base_url()).to_owned();
    drop(sandbox);
    let refused = async {
        while TcpStream::connect(&address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), refused).await.unwrap();
}
