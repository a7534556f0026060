//! TLS over real sockets: whom we trust, who we are, and which HTTP is spoken.

use std::{convert::Infallible, sync::Arc};

use common_core::{effect::ErrorKind, retry::RetryPolicy, secret::secret_bytes};
use common_http::{
    CallOptions, Client, ClientIdentity, Error, HttpOptions, HttpVersion, ReqwestTransport,
    TrustAnchors,
};
use http_body_util::Full;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::PrivateKeyDer,
    server::{WebPkiClientVerifier, danger::ClientCertVerifier},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::{
    loopback::{Server, head, ok},
    support::{Raw, Toy},
};

/// A certificate authority that lives as long as its test.
struct Authority {
    pem: String,
    certificate: rcgen::Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { pem: certificate.pem(), certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// A server's side of TLS for `localhost`.
    fn acceptor(&self, clients: Arc<dyn ClientCertVerifier>, alpn: &[&str]) -> TlsAcceptor {
        let (certificate, key) = self.issue("localhost");
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .unwrap()
                .with_client_cert_verifier(clients)
                .with_single_cert(vec![certificate.der().clone()], key)
                .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }

    /// Demands a certificate of this authority from clients.
    fn demand(&self) -> Arc<dyn ClientCertVerifier> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.der().clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap()
    }

    fn identity(&self) -> ClientIdentity {
        let (certificate, key) = self.issue("a-client");
        let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
        ClientIdentity::from_pem(secret_bytes(pem.into_bytes()))
    }

    fn only(&self) -> TrustAnchors {
        TrustAnchors::Only(self.pem.clone().into_bytes())
    }
}

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
    let base = format!("https://localhost:{}", server.port()).parse().unwrap();
    let client = Client::<Toy>::builder(base, ReqwestTransport::new(options).unwrap()).build();
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
    for trust in [TrustAnchors::System, more, other.only()] {
        let shown = format!("{trust:?}");
        let error = ask(&server, trusting(trust)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Connect, "{shown}");
    }
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
