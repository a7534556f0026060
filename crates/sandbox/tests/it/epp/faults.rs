//! Faults act on both addresses, in process and on the wire.

use std::time::Duration;

use http::Method;
use sandbox::Sandbox;
use sandbox::epp::{Epp, OrderState};
use sandbox::fault::{Fault, Rule};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;

use super::client::{ask, calm, download, login, order, unpacked};
use crate::client::{authority, raw};

#[tokio::test]
async fn a_lost_answer_hides_that_orders_were_created() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let body = json!([order("a", "1")]);
    let rule = |fault| Rule::new(fault).on(&Method::POST, "/payment-orders").once();
    for (fault, stored) in
        [(Fault::DropRequest, 0), (Fault::LoseAnswer, 1), (Fault::CutAnswer { after: 9 }, 2)]
    {
        epp.faults().clear();
        epp.faults().push(rule(fault));
        let answer = ask(epp, &caller.access, Method::POST, "/payment-orders", Some(&body)).await;
        assert!(answer.is_err(), "{fault:?}");
        assert_eq!(epp.orders().len(), stored, "{fault:?}");
    }
    epp.faults().push(rule(Fault::MaskAnswer { status: 500 }));
    assert_eq!(caller.post("/payment-orders", &body).await.status, 500);
    epp.faults().push(rule(Fault::Reply { status: 503, retry_after: Some(2) }));
    assert_eq!(caller.post("/payment-orders", &body).await.status, 503);
    assert_eq!(epp.orders().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_lost_confirmation_has_paid() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let ids = caller.create(&[order("a", "1")]).await;
    let tag = caller.start(&ids).await;
    epp.faults().push(Rule::new(Fault::LoseAnswer).on(&Method::PUT, "/payments"));
    let token = epp.one_time_password(&tag).unwrap();
    let body = json!({"PaymentIdTagName": tag, "Token": token});
    assert!(ask(epp, &caller.access, Method::PUT, "/payments", Some(&body)).await.is_err());
    epp.settle().await;
    let shown = caller.get(&format!("/payment-orders/{}", ids[0])).await.payload();
    assert_eq!(shown["paymentUserLogin"], "prvi");
    assert_eq!(epp.orders()[0].state, OrderState::Executed);
}

#[tokio::test(start_paused = true)]
async fn unauthorized_and_delays_are_scripted_as_everywhere() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    epp.faults().push(Rule::new(Fault::Unauthorized).once());
    epp.faults().push(Rule::new(Fault::DelayBefore { ms: 1_500 }));
    epp.faults().push(Rule::new(Fault::DelayAfter { ms: 500 }));
    epp.faults().push(Rule::new(Fault::SplitWrites { size: 2 }));
    let start = Instant::now();
    assert_eq!(caller.get("/bank-accounts").await.status, 401);
    assert_eq!(caller.get("/bank-accounts").await.status, 200);
    assert_eq!(start.elapsed(), Duration::from_secs(4));
}

#[tokio::test(start_paused = true)]
async fn a_token_that_ends_while_the_request_waits_is_refused() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    epp.set_token_life(Duration::from_secs(1));
    let caller = login(epp, "prvi").await;
    epp.faults().push(Rule::new(Fault::DelayBefore { ms: 1_500 }).once());
    assert_eq!(caller.post("/payment-orders", &json!([order("a", "1")])).await.status, 401);
    assert!(epp.orders().is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_web_host_follows_the_same_script() {
    let sandbox = calm().await;
    let epp = sandbox.epp();
    let caller = login(epp, "prvi").await;
    let url = caller.link("0000000910000", "xml").await;
    let reply = Fault::Reply { status: 410, retry_after: None };
    epp.faults().push(Rule::new(reply).on(&Method::GET, "/izvodi/{path}").once());
    assert_eq!(download(epp, &url).await.status, 410);
    assert_eq!(download(epp, &url).await.status, 200);
    let paths: Vec<_> = epp.requests().into_iter().map(|one| one.path).collect();
    let last = paths.last().unwrap();
    assert!(last.ends_with("/0000000910000.xml.zip"), "without its query: {last}");
}

/// A request over a socket that may be bound to another loopback address.
async fn from(address: &str, url: &str, head: &str) -> Vec<u8> {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    let mut stream: TcpStream = socket.connect(host.parse().unwrap()).await.unwrap();
    let request =
        format!("GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{head}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    bytes
}

async fn on_socket() -> Sandbox {
    let start = "2026-01-31T11:00:00Z".parse().unwrap();
    Sandbox::builder().seed(7).calm().starting_at(start).start().await.unwrap()
}

async fn link(epp: &Epp) -> String {
    login(epp, "prvi").await.link("0000000910000", "json").await
}

#[tokio::test]
async fn downloads_work_on_the_wire_and_only_from_the_same_address() {
    let sandbox = on_socket().await;
    let epp = sandbox.epp();
    let url = link(epp).await;
    assert!(url.starts_with(epp.web_url()));
    assert_ne!(authority(epp.web_url()), authority(epp.base_url()));
    let head = format!("referer: {}/\r\n", epp.web_url());
    let answer = from("127.0.0.1", &url, &head).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    let body = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(unpacked(&answer[body..])[0].0, "0000000910000.json");
    // The whole of 127.0.0.0/8 is loopback on Linux only.
    if cfg!(target_os = "linux") {
        assert!(from("127.0.0.2", &url, &head).await.starts_with(b"HTTP/1.1 403 "));
    }
    assert!(from("127.0.0.1", &url, "").await.starts_with(b"HTTP/1.1 403 "));
    let with_token = format!("{head}authorization: Bearer x\r\n");
    assert!(from("127.0.0.1", &url, &with_token).await.starts_with(b"HTTP/1.1 200 "));
    assert_eq!(epp.unexpected().last().unwrap().what, "a token was sent to the web host");
}

#[tokio::test]
async fn a_download_is_cut_at_the_very_byte() {
    let sandbox = on_socket().await;
    let epp = sandbox.epp();
    let url = link(epp).await;
    let head = format!("referer: {}/\r\n", epp.web_url());
    let whole = from("127.0.0.1", &url, &head).await;
    for after in [0, 20, whole.len() - 1] {
        epp.faults().clear();
        epp.faults().push(Rule::new(Fault::CutAnswer { after }));
        assert_eq!(from("127.0.0.1", &url, &head).await.len(), after);
    }
}

#[tokio::test]
async fn the_api_answers_on_its_own_port() {
    let sandbox = on_socket().await;
    let epp = sandbox.epp();
    let request = "GET /api/login/ping HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = raw(authority(epp.base_url()), request).await;
    assert!(answer.starts_with(b"HTTP/1.1 200 "));
    let answer = raw(authority(epp.web_url()), request).await;
    assert!(answer.starts_with(b"HTTP/1.1 404 "));
}
