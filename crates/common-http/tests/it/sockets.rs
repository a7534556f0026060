//! The reqwest adapter over real sockets: what arrives, and how failures are told apart.

use std::{io::Write, time::Duration};

use common_core::{
    effect::{ErrorKind, Phase},
    secret::SecretString,
};
use common_http::{
    BaseUrl, Body, CallOptions, Client, FilePart, HttpOptions, Proxy, ReqwestTransport,
    StaticBearer,
};
use httpmock::MockServer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    authority::Authority,
    loopback::{Server, head, nobody, ok},
    support::{Find, Issue, Raw, Toy, Upload},
};

fn options() -> HttpOptions {
    HttpOptions::new("fiskus-test/1.0 (+https://shop.example)").trust(Authority::new().only())
}

fn client_with(base: BaseUrl, options: HttpOptions) -> Client<Toy> {
    let bearer = StaticBearer::new(&SecretString::from("a-token")).unwrap();
    let transport = ReqwestTransport::new(options).unwrap();
    let builder = Client::builder(base, transport).authorise(bearer).body_limit(64 * 1024);
    builder.timeout(Duration::from_secs(20)).build()
}

fn client(base: BaseUrl) -> Client<Toy> {
    client_with(base, options())
}

#[tokio::test]
async fn method_path_headers_and_body_arrive_as_they_were_built() {
    let server = MockServer::start_async().await;
    let issue = server
        .mock_async(|when, then| {
            when.method("POST")
                .path("/things/a%20b")
                .query_param("secret", "žltý & 1")
                .header("authorization", "Bearer a-token")
                .header("content-type", "application/json; charset=utf-8")
                .header("accept", "application/json")
                .body("\"žltý & 1\"");
            then.status(201).header("x-request-id", "r-1").body("8");
        })
        .await;
    let find = server
        .mock_async(|when, then| {
            when.method("GET").path("/things/2");
            then.status(200).body("9");
        })
        .await;
    let client = client(server.base_url().parse().unwrap());
    assert_eq!(client.send(&Issue::new("a b").body("žltý & 1")).await.unwrap(), 8);
    assert_eq!(client.send(&Find::new(2)).await.unwrap(), 9);
    issue.assert_async().await;
    find.assert_async().await;
}

#[tokio::test]
async fn the_program_names_itself_and_offers_gzip() {
    let mut server = Server::answering(ok("7")).await;
    client(server.base()).send(&Find::new(1)).await.unwrap();
    let request = server.request().await;
    assert!(request.starts_with("GET /things/1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("user-agent: fiskus-test/1.0 (+https://shop.example)\r\n"));
    assert!(request.contains("accept-encoding: gzip\r\n"), "{request}");
}

#[tokio::test]
async fn an_answer_may_arrive_byte_by_byte() {
    let server = Server::start(|mut stream| async move {
        let head = head(&mut stream).await;
        stream.set_nodelay(true).unwrap();
        for byte in ok("1234567").bytes() {
            stream.write_u8(byte).await.unwrap();
            tokio::task::yield_now().await;
        }
        head
    })
    .await;
    assert_eq!(client(server.base()).send(&Find::new(1)).await.unwrap(), 1_234_567);
}

/// Written by gzip 1.12 (`gzip -n -9`): 65,536 times the digit 7.
const SEVENS: &str = "1f8b0800000000000203edc181000000008020acfdcd16a90a000000000000000000000000\
    0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000006a622cc9cf00000100";

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
    digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
}

#[tokio::test]
async fn a_packed_answer_is_unpacked_within_the_size_limit() {
    let packed = unhex(SEVENS);
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    );
    let answer = [head.as_bytes(), packed.as_slice()].concat();
    let server = Server::answering(answer).await;
    let (parts, body) = client(server.base()).send(&Raw).await.unwrap();
    assert_eq!(body.len(), 64 * 1024);
    assert!(body.iter().all(|byte| *byte == b'7'));
    assert!(parts.headers.get("content-encoding").is_none());

    let transport = ReqwestTransport::new(options()).unwrap();
    let small = Client::<Toy>::builder(server.base(), transport).body_limit(64 * 1024 - 1).build();
    assert_eq!(small.send(&Raw).await.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let target = Server::answering(ok("7")).await;
    let location = format!("{}/things/1", target.base());
    let answer = format!("HTTP/1.1 307 Go\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    let server = Server::answering(answer).await;
    let error = client(server.base()).send(&Find::new(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.problem().unwrap().status), (ErrorKind::Unexpected, 307));
    assert_eq!((server.connections(), target.connections()), (1, 0));
}

/// One try of a call that may be made only once.
async fn issue(base: BaseUrl, options: HttpOptions) -> (ErrorKind, Phase, bool) {
    let once = CallOptions::new().retry(common_core::retry::RetryPolicy::never());
    let error = client_with(base, options).send_with(&Issue::new(1), once).await.unwrap_err();
    (error.kind(), error.phase(), error.may_have_happened())
}

#[tokio::test]
async fn a_refused_connection_sent_nothing() {
    let base = format!("http://{}", nobody()).parse().unwrap();
    let outcome = issue(base, options()).await;
    assert_eq!(outcome, (ErrorKind::Connect, Phase::NotSent, false));
}

#[tokio::test]
async fn a_connection_that_is_not_made_in_time_sent_nothing() {
    // A TLS handshake that is never answered is the part of connecting that can be made to hang.
    let server = Server::start(|mut stream| async move {
        let mut hello = Vec::new();
        stream.read_to_end(&mut hello).await.unwrap();
        hello
    })
    .await;
    let base = format!("https://127.0.0.1:{}", server.port()).parse().unwrap();
    let outcome = issue(base, options().connect_timeout(Duration::from_millis(100))).await;
    assert_eq!(outcome, (ErrorKind::Connect, Phase::NotSent, false));
    assert_eq!(server.connections(), 1);
}

const LOST: (ErrorKind, Phase, bool) = (ErrorKind::Interrupted, Phase::MaybeSent, true);

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_may_have_done_it() {
    let server = Server::answering("").await;
    assert_eq!(issue(server.base(), options()).await, LOST);
    // Not even the library below may repeat it.
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_answer_that_is_no_http_may_have_done_it() {
    let server = Server::answering("SSH-2.0-toy\r\n\r\n").await;
    assert_eq!(issue(server.base(), options()).await, LOST);
}

#[tokio::test]
async fn a_connection_that_closes_in_the_middle_of_a_body_may_have_done_it() {
    for answer in [
        "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n12345\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: ",
    ] {
        let server = Server::answering(answer).await;
        assert_eq!(issue(server.base(), options()).await, LOST, "{answer}");
    }
}

/// A server that sends the bytes and then stays silent with the connection open.
async fn silent_after(bytes: &'static str) -> Server {
    Server::start(move |mut stream| async move {
        let mut request = head(&mut stream).await;
        stream.write_all(bytes.as_bytes()).await.unwrap();
        stream.read_to_end(&mut request).await.unwrap();
        request
    })
    .await
}

#[tokio::test]
async fn a_server_that_falls_silent_may_have_done_it() {
    for bytes in ["", "HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345"] {
        let server = silent_after(bytes).await;
        let options = options().read_timeout(Duration::from_millis(100));
        let start = tokio::time::Instant::now();
        let outcome = issue(server.base(), options).await;
        assert_eq!(outcome, (ErrorKind::Timeout, Phase::MaybeSent, true), "{bytes}");
        assert!(start.elapsed() < Duration::from_secs(10), "the read timeout was not kept");
    }
}

#[tokio::test]
async fn a_try_has_a_time_limit_of_its_own() {
    let server = silent_after("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\n12345").await;
    let options = CallOptions::new()
        .retry(common_core::retry::RetryPolicy::never())
        .timeout(Duration::from_millis(100));
    let error = client(server.base()).send_with(&Find::new(1), options).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::Timeout, Phase::MaybeSent));
}

#[tokio::test]
async fn a_refusal_that_falls_silent_is_a_refusal_all_the_same() {
    let server = silent_after("HTTP/1.1 400 No\r\ncontent-length: 10\r\n\r\n12345").await;
    let options = CallOptions::new().timeout(Duration::from_secs(3));
    let error = client(server.base()).send_with(&Issue::new(1), options).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(!error.may_have_happened());
}

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn a_stretch_of_a_file_is_uploaded_with_its_exact_length_each_time() {
    let content: Vec<u8> = (0u32..).map(|n| (n % 251) as u8).take(5 * MIB).collect();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(&content).unwrap();
    let (received, mut uploads) = tokio::sync::mpsc::unbounded_channel();
    let mut server = Server::start(move |mut stream| {
        let received = received.clone();
        async move {
            let head = head(&mut stream).await;
            let mut body = vec![0; 2 * MIB];
            stream.read_exact(&mut body).await.unwrap();
            received.send(body).unwrap();
            let answer = "HTTP/1.1 503 Later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            stream.write_all(answer.as_bytes()).await.unwrap();
            head
        }
    })
    .await;
    let upload = Upload(Body::File(FilePart::new(file.path(), MIB as u64 + 7, 2 * MIB as u64)));
    let retry = common_core::retry::RetryPolicy::default().attempts(2).base(Duration::ZERO);
    let options = CallOptions::new().retry(retry);
    let error = client(server.base()).send_with(&upload, options).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Server, 2));
    for _ in 0..2 {
        let head = server.request().await;
        assert!(head.contains("content-length: 2097152\r\n"), "{head}");
        assert!(!head.contains("transfer-encoding"), "{head}");
        let body = uploads.recv().await.unwrap();
        assert!(body == content[MIB + 7..3 * MIB + 7], "the body differs from the file's stretch");
    }
}

#[tokio::test]
async fn a_file_that_is_missing_or_too_short_is_not_sent() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(b"short").unwrap();
    let server = Server::answering(ok("")).await;
    let missing = file.path().with_extension("missing");
    for part in [FilePart::new(file.path(), 1, 5), FilePart::new(missing, 0, 5)] {
        let error = client(server.base()).send(&Upload(Body::File(part))).await.unwrap_err();
        assert_eq!((error.kind(), error.phase()), (ErrorKind::File, Phase::NotSent));
        assert_eq!((error.attempts(), error.may_have_happened()), (1, false));
    }
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn a_file_that_becomes_shorter_on_the_way_is_not_passed_off_as_complete() {
    // More than what may wait between the file and a server that reads nothing.
    let length = 256 * MIB as u64;
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(length).unwrap();
    let cut = std::sync::Arc::new(file.reopen().unwrap());
    let server = Server::start(move |mut stream| {
        let cut = cut.clone();
        async move {
            let head = head(&mut stream).await;
            cut.set_len(0).unwrap();
            tokio::io::copy(&mut stream, &mut tokio::io::sink()).await.ok();
            head
        }
    })
    .await;
    let upload = Upload(Body::File(FilePart::new(file.path(), 0, length)));
    let error = client(server.base()).send(&upload).await.unwrap_err();
    assert_eq!((error.kind(), error.phase()), (ErrorKind::File, Phase::MaybeSent));
    assert_eq!((error.attempts(), server.connections()), (1, 1));
    let cause = std::error::Error::source(&error).unwrap().downcast_ref::<std::io::Error>();
    assert_eq!(cause.unwrap().kind(), std::io::ErrorKind::UnexpectedEof);
}

#[tokio::test]
async fn a_proxy_gets_the_whole_address_and_its_password() {
    let mut proxy = Server::answering(ok("7")).await;
    let address = format!("http://user:word@127.0.0.1:{}", proxy.port());
    let options = options().proxy(Proxy::new(address));
    let base = format!("http://{}/api", nobody());
    let client = client_with(base.parse().unwrap(), options);
    assert_eq!(client.send(&Find::new(1)).await.unwrap(), 7);
    let request = proxy.request().await;
    assert!(request.starts_with(&format!("GET {base}/things/1 HTTP/1.1\r\n")), "{request}");
    // "user:word" in Base64.
    assert!(request.contains("proxy-authorization: Basic dXNlcjp3b3Jk\r\n"), "{request}");
}

#[test]
fn options_that_cannot_be_used_are_named() {
    let option = |options| ReqwestTransport::new(options).unwrap_err().option();
    assert_eq!(option(options().proxy(Proxy::new("::"))), "proxy");
    let pem = common_core::secret::secret_bytes(b"no pem".to_vec());
    assert_eq!(option(options().identity(common_http::ClientIdentity::from_pem(pem))), "identity");
    for pem in [&b""[..], b"no pem"] {
        let trust = common_http::TrustAnchors::Only(pem.to_vec());
        assert_eq!(option(options().trust(trust)), "trust");
    }
}
