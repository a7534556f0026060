//! TLS over real sockets: whom we trust, who we are, and which HTTP is spoken.

use std::convert::Infallible;

use common_core::{effect::ErrorKind, retry::RetryPolicy, secret::secret_bytes};
use common_http::{
    CallOptions, Client, ClientIdentity, Error, HttpOptions, HttpVersion, ReqwestTransport,
    TrustAnchors,
};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::server::WebPkiClientVerifier;
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{
    authority::Authority,
    loopback::{Server, head, ok},
    support::{Raw, Toy},
};

/// Answers one request of HTTP/1.1 on each connection.
async fn serve(acceptor: TlsAcceptor) -> Server {
    Server::start(move |stream: TcpStream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return Vec::new() };
            let head = head(&mut stream).await;
            stream.write_all(ok("7").as_bytes()).await.unwrap();
            stream.shutdown().await.unwrap();
            head
        }
    })
    .await
}

async fn ask(server: &Server, options: HttpOptions) -> Result<http::Version, Error> {
    ask_at(server.port(), options).await
}

async fn ask_at(port: u16, options: HttpOptions) -> Result<http::Version, Error> {
    ask_over(port, ReqwestTransport::new(options).unwrap()).await
}

async fn ask_over(port: u16, transport: ReqwestTransport) -> Result<http::Version, Error> {
    let base = format!("https://localhost:{port}").parse().unwrap();
    let client = Client::<Toy>::builder(base, transport).build();
    let once = CallOptions::new().retry(RetryPolicy::never());
    client.send_with(&Raw, once).await.map(|(parts, _)| parts.version)
}

fn trusting(trust: TrustAnchors) -> HttpOptions {
    HttpOptions::new("test").trust(trust)
}

#[tokio::test]
async fn an_authority_is_trusted_only_when_it_was_named() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = serve(ours.acceptor(WebPkiClientVerifier::no_client_auth(), &[])).await;
    let also = TrustAnchors::SystemAnd(ours.pem.clone().into_bytes());
    let bundle = TrustAnchors::Only(format!("{}{}", other.pem, ours.pem).into_bytes());
    for trust in [also, ours.only(), bundle] {
        let shown = format!("{trust:?}");
        assert!(ask(&server, trusting(trust)).await.is_ok(), "{shown}");
    }
    let more = TrustAnchors::SystemAnd(other.pem.clone().into_bytes());
    for trust in [more, other.only()] {
        let shown = format!("{trust:?}");
        let error = ask(&server, trusting(trust)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{shown}");
    }
}

#[tokio::test]
async fn the_systems_authorities_do_not_vouch_for_an_invented_one() {
    let ours = Authority::new();
    let server = serve(ours.acceptor(WebPkiClientVerifier::no_client_auth(), &[])).await;
    match ReqwestTransport::new(trusting(TrustAnchors::System)) {
        Ok(transport) => {
            let error = ask_over(server.port(), transport).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Connect);
        }
        // A system that trusts nobody (a bare container) refuses even earlier.
        Err(error) => assert_eq!(error.option(), "options"),
    }
}

/// Runs itself in a process of its own whose system trusts an invented authority, since that can
/// be set from outside only.
#[cfg(target_os = "linux")]
#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "tells the process of its own from the others")]
async fn the_systems_authorities_count_unless_others_are_named_alone() {
    const NAME: &str = "tls::the_systems_authorities_count_unless_others_are_named_alone";
    const PORT: &str = "FISKUS_TEST_PORT";

    let (ours, other) = (Authority::new(), Authority::new());
    if let Ok(port) = std::env::var(PORT) {
        let ask = |trust| ask_at(port.parse().unwrap(), trusting(trust));
        assert!(ask(TrustAnchors::System).await.is_ok());
        assert!(ask(TrustAnchors::SystemAnd(other.pem.clone().into_bytes())).await.is_ok());
        assert_eq!(ask(other.only()).await.unwrap_err().kind(), ErrorKind::Connect);
        return;
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &ours.pem).unwrap();
    let server = serve(ours.acceptor(WebPkiClientVerifier::no_client_auth(), &[])).await;
    let mut itself = std::process::Command::new(std::env::current_exe().unwrap());
    itself.args([NAME, "--exact"]).env("SSL_CERT_FILE", file.path()).env_remove("SSL_CERT_DIR");
    itself.env(PORT, server.port().to_string());
    let run = tokio::task::spawn_blocking(move || itself.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && told.contains("1 passed"), "{told}");
    assert_eq!(server.connections(), 3);
}

#[tokio::test]
async fn a_certificate_of_another_name_is_refused() {
    let ours = Authority::new();
    let server = serve(ours.acceptor(WebPkiClientVerifier::no_client_auth(), &[])).await;
    let base = format!("https://127.0.0.1:{}", server.port()).parse().unwrap();
    let transport = ReqwestTransport::new(trusting(ours.only())).unwrap();
    let once = CallOptions::new().retry(RetryPolicy::never());
    let error = Client::<Toy>::builder(base, transport).build().send_with(&Raw, once).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Connect);
}

#[tokio::test]
async fn a_server_that_asks_for_an_identity_gets_the_one_that_was_set() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = serve(ours.acceptor(ours.demand(), &[])).await;
    let with = trusting(ours.only()).identity(ours.identity());
    assert!(ask(&server, with).await.is_ok());
    assert!(ask(&server, trusting(ours.only())).await.is_err());
    let wrong = trusting(ours.only()).identity(other.identity());
    assert!(ask(&server, wrong).await.is_err());
}

#[tokio::test]
async fn an_exact_certificate_is_trusted_by_itself_and_no_other_one() {
    let ours = Authority::new();
    let (acceptor, shown) = ours.acceptor_showing(WebPkiClientVerifier::no_client_auth(), &[]);
    let server = serve(acceptor).await;
    let (_, other) = ours.acceptor_showing(WebPkiClientVerifier::no_client_auth(), &[]);
    let pins = |pins: &[&Vec<u8>]| {
        trusting(TrustAnchors::Exactly(pins.iter().copied().cloned().collect()))
    };
    assert!(ask(&server, pins(&[&shown])).await.is_ok());
    assert!(ask(&server, pins(&[&other, &shown])).await.is_ok());
    let error = ask(&server, pins(&[&other])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    // The pin decides, not the name; an authority that issued the certificate is no pin.
    let base = format!("https://127.0.0.1:{}", server.port()).parse().unwrap();
    let transport = ReqwestTransport::new(pins(&[&shown])).unwrap();
    assert!(Client::<Toy>::builder(base, transport).build().send(&Raw).await.is_ok());
    let error = ask(&server, pins(&[&ours.der()])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(ReqwestTransport::new(pins(&[])).unwrap_err().option(), "trust");
}

#[tokio::test]
async fn a_pinned_server_gets_the_identity_that_it_asks_for() {
    let (ours, other) = (Authority::new(), Authority::new());
    let (acceptor, shown) = ours.acceptor_showing(ours.demand(), &[]);
    let server = serve(acceptor).await;
    let pinned = || trusting(TrustAnchors::Exactly(vec![shown.clone()]));
    assert!(ask(&server, pinned().identity(ours.identity())).await.is_ok());
    assert!(ask(&server, pinned()).await.is_err());
    assert!(ask(&server, pinned().identity(other.identity())).await.is_err());
    let broken = ClientIdentity::from_pem(secret_bytes(b"no pem".to_vec()));
    let error = ReqwestTransport::new(pinned().identity(broken)).unwrap_err();
    assert_eq!(error.option(), "trust");
}

/// Answers in HTTP/2 where it was negotiated, else in HTTP/1.1.
async fn serve_both(acceptor: TlsAcceptor) -> Server {
    let answer = |_: http::Request<hyper::body::Incoming>| async {
        Ok::<_, Infallible>(http::Response::new(Full::<bytes::Bytes>::from("7")))
    };
    Server::start(move |stream: TcpStream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(stream) = acceptor.accept(stream).await else { return Vec::new() };
            let second = stream.get_ref().1.alpn_protocol() == Some(b"h2");
            let (stream, service) = (TokioIo::new(stream), hyper::service::service_fn(answer));
            // How a connection ends is no matter of these tests.
            if second {
                let http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                let _ = http2.serve_connection(stream, service).await;
            } else {
                let http1 = hyper::server::conn::http1::Builder::new();
                let _ = http1.serve_connection(stream, service).await;
            }
            Vec::new()
        }
    })
    .await
}

#[tokio::test]
async fn http2_is_spoken_where_the_server_offers_it_unless_it_was_switched_off() {
    let ours = Authority::new();
    let clients = WebPkiClientVerifier::no_client_auth;
    let both = serve_both(ours.acceptor(clients(), &["h2", "http/1.1"])).await;
    let version = ask(&both, trusting(ours.only())).await.unwrap();
    assert_eq!(version, http::Version::HTTP_2);
    let first_only = trusting(ours.only()).version(HttpVersion::Http1Only);
    assert_eq!(ask(&both, first_only).await.unwrap(), http::Version::HTTP_11);

    let old = serve_both(ours.acceptor(clients(), &["http/1.1"])).await;
    assert_eq!(ask(&old, trusting(ours.only())).await.unwrap(), http::Version::HTTP_11);
}
