//! The control API over sockets, and the program's own answers.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use sandbox::Sandbox;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::client::{ALFA, BETA, invoice_of};

async fn call(url: &str, method: &str, body: impl Into<Bytes>) -> (u16, Bytes) {
    let uri: http::Uri = url.parse().unwrap();
    let stream = TcpStream::connect(uri.authority().unwrap().as_str()).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let request = Request::builder()
        .method(method)
        .uri(uri.path_and_query().unwrap().as_str())
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(body.into()))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    (status, response.into_body().collect().await.unwrap().to_bytes())
}

async fn json_of(url: &str) -> Value {
    let (status, body) = call(url, "GET", "").await;
    assert_eq!(status, 200);
    serde_json::from_slice(&body).unwrap()
}

#[tokio::test]
async fn the_control_api_offers_what_the_library_does() {
    let sandbox = Sandbox::builder().seed(3).calm().start().await.unwrap();
    let control = sandbox.control_url().unwrap().to_owned();
    let ready = sandbox.ready();
    let base = ready["ksef_v1"].as_str().unwrap();
    assert!(base.ends_with("/api") && base.starts_with("http://127.0.0.1:"));
    let credentials = json_of(&format!("{control}/credentials")).await;
    let company = &credentials["ksef_v1"]["companies"][0];
    assert_eq!(company["nip"], ALFA);
    assert_eq!(company["token"].as_str().unwrap().len(), 64);
    let certificates = credentials["ksef_v1"]["certificates"].as_array().unwrap();
    assert!(
        certificates.iter().all(|one| one["key_pem"].as_str().unwrap().contains("PRIVATE KEY"))
    );
    let (status, pem) =
        call(&format!("{}/security/pem", base.strip_suffix("/api").unwrap()), "GET", "").await;
    assert_eq!((status, pem.as_ref()), (200, sandbox.ksef_v1().public_key_pem().as_bytes()));

    let xml = invoice_of(BETA, ALFA, "B/1");
    let (status, added) = call(&format!("{control}/ksef-v1/invoices"), "POST", xml.clone()).await;
    assert_eq!(status, 200);
    let added: Value = serde_json::from_slice(&added).unwrap();
    let listed = json_of(&format!("{control}/ksef-v1/invoices")).await;
    assert_eq!(listed, json!([added]));
    let number = added["ksef_number"].as_str().unwrap();
    let (_, bytes) = call(&format!("{control}/ksef-v1/invoices/{number}"), "GET", "").await;
    assert_eq!(bytes, xml);
    let (status, _) = call(&format!("{control}/ksef-v1/invoices"), "POST", "<a/>").await;
    assert_eq!(status, 400);
    assert_eq!(json_of(&format!("{control}/ksef-v1/sessions")).await, json!([]));
    assert_eq!(json_of(&format!("{control}/ksef-v1/statistics")).await["accepted"], 1);
    for (path, body) in [
        (
            "settings",
            json!({"pace_ms": 1, "part_size": 2, "refusal": "documented", "limits": {"per_second": 5}}),
        ),
        (
            "steps",
            json!({"process": "invoice", "step": "Decrypt", "exception": 20005, "turn": {"first": 1}}),
        ),
        ("settle", json!({})),
    ] {
        let (status, text) =
            call(&format!("{control}/ksef-v1/{path}"), "POST", body.to_string()).await;
        assert_eq!(status, 204, "{path}: {text:?}");
    }
    let rule = json!({"system": "ksef-v1", "rule": {"fault": "lose_answer"}}).to_string();
    assert_eq!(call(&format!("{control}/faults"), "POST", rule).await.0, 204);
    assert_eq!(json_of(&format!("{control}/faults")).await["ksef-v1"].as_array().unwrap().len(), 1);
    sandbox.shutdown().await.unwrap();
}
