//! The three channels over real TLS: who is let in, who is not, and faults under encryption.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use sandbox::Sandbox;
use sandbox::crk::Register;
use sandbox::fault::{Fault, Rule};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::client::{HARDWARE, Till, start};

/// A caller with trust anchors and perhaps a certificate.
struct Caller {
    roots: Vec<Vec<u8>>,
    own: Option<(Vec<u8>, Vec<u8>)>,
}

impl Caller {
    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for root in &self.roots {
            roots.add(CertificateDer::from(root.clone())).unwrap();
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider);
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = builder.with_root_certificates(roots);
        match self.own.clone() {
            None => builder.with_no_client_auth(),
            Some((certificate, key)) => {
                let key = PrivateKeyDer::try_from(key).unwrap();
                builder.with_client_auth_cert(vec![certificate.into()], key).unwrap()
            }
        }
    }

    /// Everything that comes for one request; an error if the handshake or the reading fails.
    async fn raw(&self, base: &str, request: &str) -> std::io::Result<Vec<u8>> {
        let authority = base.strip_prefix("https://").unwrap();
        let stream = TcpStream::connect(authority).await?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let mut stream = TlsConnector::from(Arc::new(self.config())).connect(name, stream).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        // A cut connection ends without a farewell; what came before it counts.
        match stream.read_to_end(&mut bytes).await {
            Err(error) if bytes.is_empty() => Err(error),
            _ => Ok(bytes),
        }
    }

    async fn get(&self, base: &str, path: &str) -> std::io::Result<(u16, Value)> {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        Ok(parsed(&self.raw(base, &request).await?))
    }

    async fn post(&self, url: &str, headers: &str, body: &Value) -> std::io::Result<(u16, Value)> {
        let body = body.to_string();
        let slash = url.match_indices('/').nth(2).unwrap().0;
        let (base, path) = url.split_at(slash);
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        Ok(parsed(&self.raw(base, &request).await?))
    }
}

fn parsed(bytes: &[u8]) -> (u16, Value) {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or_default())
}

async fn on_sockets() -> Sandbox {
    Sandbox::builder().seed(7).calm().starting_at(start()).start().await.unwrap()
}

fn own(register: &Register) -> (Vec<u8>, Vec<u8>) {
    (register.tls().certificate_der().to_vec(), register.tls().key_der().to_vec())
}

fn tcs(till: &Till) -> String {
    format!("/api/SerwerCPD/Command?commandId={}", till.id("TCS"))
}

#[tokio::test]
async fn a_register_is_fiscalised_and_sends_over_tls() {
    let sandbox = on_sockets().await;
    let till = Till::new(&sandbox, HARDWARE);
    let crk = sandbox.crk();
    let root = crk.ca_der().to_vec();
    let caller = Caller { roots: vec![root], own: Some(own(&till.register)) };
    assert_eq!(caller.get(crk.cpd_url(), &tcs(&till)).await.unwrap().0, 204);
    let path = format!("/api/SerwerCPD/Command?commandId={}", till.id("KCS"));
    let keys = caller.get(crk.cpd_url(), &path).await.unwrap().1;
    let anchor = &keys["command"]["attributes"]["digitalCertificateAzureEventHubTLS"][0];
    let anchor = STANDARD.decode(anchor.as_str().unwrap());
    let url = format!("{}/api/SerwerCPD/Command", crk.cpd_url());
    let json_type = "content-type: application/json\r\n";
    for (code, attributes, status) in
        [("KFD", till.own_certificates(), 204), ("MFP", till.wish(), 200), ("FPD", json!({}), 204)]
    {
        let body = json!({"commandId": till.id(code), "command": {"attributes": attributes}});
        assert_eq!(caller.post(&url, json_type, &body).await.unwrap().0, status, "{code}");
    }
    assert_eq!(caller.get(crk.webapi_url(), "/api/Repository/Ping").await.unwrap().0, 204);
    let path = "/api/Repository/EventHubSasToken";
    let token = caller.get(crk.webapi_url(), path).await.unwrap().1;
    let package = till.package(&till.receipts(1..=3)).await;
    let hub = Caller { roots: vec![anchor.unwrap()], own: None };
    let headers = format!("authorization: {}\r\n", token["sasValue"].as_str().unwrap());
    let url = token["urlToSend"].as_str().unwrap();
    assert_eq!(hub.post(url, &headers, &package).await.unwrap().0, 201);
    assert_eq!(crk.archive(HARDWARE).highest, 3);
    assert_eq!(sandbox.unexpected(), []);

    let wrong_anchor = Caller { roots: caller.roots.clone(), own: None };
    assert!(wrong_anchor.post(url, &headers, &package).await.is_err(), "another root");
    let offers = Caller { roots: hub.roots.clone(), own: caller.own.clone() };
    assert_eq!(offers.post(url, &headers, &package).await.unwrap().0, 201);
    assert_eq!(sandbox.unexpected()[0].what, "a certificate was offered to the Event Hub");
}

#[tokio::test]
async fn the_servers_show_the_certificates_of_cmd07() {
    let sandbox = on_sockets().await;
    let till = Till::new(&sandbox, HARDWARE);
    let crk = sandbox.crk();
    let keys = till.ask("KCS").await.attributes();
    let caller = Caller { roots: vec![crk.ca_der().to_vec()], own: Some(own(&till.register)) };
    for (url, name) in [
        (crk.cpd_url(), "digitalCertificateCPDServerTLS"),
        (crk.webapi_url(), "digitalCertificateWebApiTLS"),
    ] {
        let stream = TcpStream::connect(url.strip_prefix("https://").unwrap()).await.unwrap();
        let server = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(caller.config()));
        let stream = connector.connect(server, stream).await.unwrap();
        let shown = stream.get_ref().1.peer_certificates().unwrap()[0].to_vec();
        assert_eq!(keys[name], STANDARD.encode(shown), "{name}");
    }
}

#[tokio::test]
async fn the_cpd_server_refuses_strangers_in_the_handshake() {
    let (sandbox, other) = (on_sockets().await, on_sockets().await);
    let till = Till::new(&sandbox, HARDWARE);
    let stranger = Till::new(&other, HARDWARE);
    let roots = vec![sandbox.crk().ca_der().to_vec()];
    let url = sandbox.crk().cpd_url();
    for own in [None, Some(own(&stranger.register))] {
        let caller = Caller { roots: roots.clone(), own };
        assert!(caller.get(url, &tcs(&till)).await.is_err());
    }
    let roots = vec![other.crk().ca_der().to_vec()];
    let caller = Caller { roots, own: Some(own(&till.register)) };
    assert!(caller.get(url, &tcs(&till)).await.is_err(), "a root of another repository");
    assert!(sandbox.crk().requests().is_empty());
}

#[tokio::test]
async fn the_webapi_answers_403_to_strangers() {
    let (sandbox, other) = (on_sockets().await, on_sockets().await);
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    let stranger = Till::new(&other, HARDWARE);
    let roots = vec![sandbox.crk().ca_der().to_vec()];
    let url = sandbox.crk().webapi_url();
    for (own, status) in [
        (None, 403),
        (Some(own(&stranger.register)), 403),
        (Some(own(&till.crk.register("TSA2601000003").unwrap())), 403),
        (Some(own(&till.register)), 204),
    ] {
        let caller = Caller { roots: roots.clone(), own };
        assert_eq!(caller.get(url, "/api/Repository/Ping").await.unwrap().0, status);
    }
}

#[tokio::test]
async fn faults_count_the_bytes_of_http_under_tls() {
    let sandbox = on_sockets().await;
    let till = Till::new(&sandbox, HARDWARE);
    let crk = sandbox.crk();
    let caller = Caller { roots: vec![crk.ca_der().to_vec()], own: Some(own(&till.register)) };
    let request = |till: &Till| {
        let id = till.id("KCS");
        format!(
            "GET /api/SerwerCPD/Command?commandId={id} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        )
    };
    let whole = caller.raw(crk.cpd_url(), &request(&till)).await.unwrap();
    for after in [1, 12, 1000, whole.len() - 1] {
        crk.faults().clear();
        crk.faults().push(Rule::new(Fault::CutAnswer { after }).command("KCS"));
        let cut = caller.raw(crk.cpd_url(), &request(&till)).await.unwrap();
        assert_eq!(cut.len(), after);
    }
    crk.faults().clear();
    crk.faults().push(Rule::new(Fault::SplitWrites { size: 500 }));
    let split = caller.raw(crk.cpd_url(), &request(&till)).await.unwrap();
    assert_eq!(split.len(), whole.len());
    crk.faults().clear();
    crk.faults().push(Rule::new(Fault::DropRequest).once());
    crk.faults().push(Rule::new(Fault::LoseAnswer).once());
    assert!(caller.raw(crk.cpd_url(), &request(&till)).await.is_err());
    assert_eq!(crk.statistics().cpd["KCS"], 6);
    crk.faults().clear();
    crk.faults().push(Rule::new(Fault::LoseAnswer).once());
    assert!(caller.raw(crk.cpd_url(), &request(&till)).await.is_err());
    assert_eq!(crk.statistics().cpd["KCS"], 7);
}
