//! A caller of KSeF 2.0 that knows nothing of the clients of this workspace. Every answer of the
//! API is held against the contract.

use std::io::Write as _;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{Oaep, RsaPublicKey};
use sandbox::ksef_v2::{KsefV2, Limits};
use sandbox::{ConnectionLost, Sandbox};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use x509_cert::der::{Decode as _, Encode as _};
use zip::write::SimpleFileOptions;

use super::schema;
use crate::ksef_v1::sign;

pub(crate) const ALFA: &str = "9990000103";
pub(crate) const BETA: &str = "9990000126";
pub(crate) const OMEGA: &str = "9990000190";

/// The symmetric key of all tests, and its initialisation vector.
pub(crate) const KEY: [u8; 32] = [7; 32];
pub(crate) const VECTOR: [u8; 16] = [9; 16];

/// An answer that arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("{}: {}", self.status, String::from_utf8_lossy(&self.body)))
    }

    /// The JSON of a success with this status.
    pub(crate) fn ok(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The code of a 400.
    pub(crate) fn code(&self) -> u64 {
        assert_eq!(self.status, 400, "{}", String::from_utf8_lossy(&self.body));
        self.json()["exception"]["exceptionDetailList"][0]["exceptionCode"].as_u64().unwrap()
    }

    /// A header as text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |it| it.to_str().unwrap())
    }
}

/// A calm sandbox without sockets and without limits that starts at noon of a winter day.
pub(crate) async fn calm() -> Sandbox {
    let start = "2026-01-31T11:00:00.123Z".parse().unwrap();
    let builder = Sandbox::builder().seed(7).calm().without_sockets().starting_at(start);
    let sandbox = builder.start().await.unwrap();
    sandbox.ksef_v2().set_limits(Limits::none());
    sandbox
}

/// A request in process to a whole address.
pub(crate) async fn ask(
    ksef: &KsefV2,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Result<Answer, ConnectionLost> {
    let mut request = Request::builder().method(method).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = ksef.service().send(request.body(body.into()).unwrap()).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionLost)?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body })
}

/// A request to the API; `path` lies below the base address.
pub(crate) async fn api(
    ksef: &KsefV2,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let url = format!("{}{path}", ksef.base_url());
    let answer = ask(ksef, method.clone(), &url, headers, body).await.unwrap();
    schema::check(method.as_str(), path, answer.status, &answer.headers, &answer.body);
    answer
}

/// Somebody who is logged in, or nobody.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) ksef: KsefV2,
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) operation: String,
}

impl Caller {
    pub(crate) fn nobody(ksef: &KsefV2) -> Self {
        let (token, refresh, operation) = (String::new(), String::new(), String::new());
        Self { ksef: ksef.clone(), token, refresh, operation }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        more: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = vec![("content-type", "application/json")];
        if !self.token.is_empty() {
            headers.push(("authorization", &bearer));
        }
        headers.extend(more);
        api(&self.ksef, method, path, &headers, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, &[], body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, &[], Body::empty()).await
    }

    /// Opens an interactive session for FA (3).
    pub(crate) async fn open(&self) -> String {
        let body = json!({"formCode": form("FA (3)"), "encryption": encryption(&self.ksef).await});
        text(&self.post("/sessions/online", &body).await.ok(201)["referenceNumber"])
    }

    /// Sends an invoice, and gives its reference number.
    pub(crate) async fn send_invoice(&self, session: &str, xml: &str) -> String {
        let path = format!("/sessions/online/{session}/invoices");
        let answer = self.post(&path, &sending(xml)).await;
        text(&answer.ok(202)["referenceNumber"])
    }

    /// Sends an invoice, waits, and gives its status.
    pub(crate) async fn settled(&self, session: &str, xml: &str) -> Value {
        let reference = self.send_invoice(session, xml).await;
        self.ksef.settle().await;
        self.get(&format!("/sessions/{session}/invoices/{reference}")).await.ok(200)
    }

    pub(crate) async fn close(&self, session: &str) -> Answer {
        let answer =
            self.send(Method::POST, &format!("/sessions/online/{session}/close"), &[], "").await;
        self.ksef.settle().await;
        answer
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

pub(crate) fn form(system: &str) -> Value {
    let (version, value) = match system {
        "FA_RR (1)" => ("1-1E", "FA_RR"),
        "PEF (3)" | "PEF_KOR (3)" => ("2-1", "PEF"),
        _ => ("1-0E", "FA"),
    };
    json!({"systemCode": system, "schemaVersion": version, "value": value})
}

/// The public key of a usage, and its identifier.
pub(crate) async fn public_key(ksef: &KsefV2, usage: &str) -> (RsaPublicKey, String) {
    let list = Caller::nobody(ksef).get("/security/public-key-certificates").await.ok(200);
    let found = list.as_array().unwrap().iter().rev().find(|it| it["usage"][0] == usage).unwrap();
    let der = STANDARD.decode(text(&found["certificate"])).unwrap();
    let certificate = x509_cert::Certificate::from_der(&der).unwrap();
    let spki = certificate.tbs_certificate().subject_public_key_info().to_der().unwrap();
    assert_eq!(text(&found["publicKeyId"]), hash(&spki), "the identifier is that of the key");
    (RsaPublicKey::from_public_key_der(&spki).unwrap(), text(&found["publicKeyId"]))
}

/// Encrypts to the system.
pub(crate) fn seal(key: &RsaPublicKey, plain: &[u8]) -> String {
    let mut random = StdRng::seed_from_u64(1);
    STANDARD.encode(key.encrypt(&mut random, Oaep::<Sha256>::new(), plain).unwrap())
}

/// The member `encryption` of a request.
pub(crate) async fn encryption(ksef: &KsefV2) -> Value {
    let (key, id) = public_key(ksef, "SymmetricKeyEncryption").await;
    json!({
        "encryptedSymmetricKey": seal(&key, &KEY),
        "initializationVector": STANDARD.encode(VECTOR),
        "publicKeyId": id,
    })
}

/// A challenge and its milliseconds.
pub(crate) async fn challenge(ksef: &KsefV2) -> (String, i64) {
    let answer = Caller::nobody(ksef).send(Method::POST, "/auth/challenge", &[], "").await.ok(200);
    (text(&answer["challenge"]), answer["timestampMs"].as_i64().unwrap())
}

/// Starts a login with a KSeF token.
pub(crate) async fn start_with_token(ksef: &KsefV2, context: &Value, token: &str) -> Answer {
    let (challenge, at) = challenge(ksef).await;
    let (key, id) = public_key(ksef, "KsefTokenEncryption").await;
    let sealed = seal(&key, format!("{token}|{at}").as_bytes());
    let body = json!({"challenge": challenge, "contextIdentifier": context,
        "encryptedToken": sealed, "publicKeyId": id});
    Caller::nobody(ksef).post("/auth/ksef-token", &body).await
}

/// The document that a signature goes into.
pub(crate) fn login_document(challenge: &str, context: (&str, &str), by: &str) -> String {
    let (kind, value) = context;
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <AuthTokenRequest xmlns=\"http://ksef.mf.gov.pl/auth/token/2.0\">\
         <Challenge>{challenge}</Challenge><ContextIdentifier><{kind}>{value}</{kind}>\
         </ContextIdentifier><SubjectIdentifierType>{by}</SubjectIdentifierType></AuthTokenRequest>"
    )
}

/// Starts a login with a signed document.
pub(crate) async fn start_signed(
    ksef: &KsefV2,
    context: (&str, &str),
    certificate: &str,
    by: &str,
) -> Answer {
    let (challenge, _) = challenge(ksef).await;
    let document = login_document(&challenge, context, by);
    let signed = sign::enveloped(&document, &ksef.certificate(certificate).unwrap());
    post_xml(ksef, "/auth/xades-signature", signed).await
}

pub(crate) async fn post_xml(ksef: &KsefV2, path: &str, xml: String) -> Answer {
    api(ksef, Method::POST, path, &[("content-type", "application/xml")], xml).await
}

/// The status of a login that was started: its code and its detail.
pub(crate) async fn outcome(ksef: &KsefV2, started: &Answer) -> (u64, String) {
    let started = started.ok(202);
    ksef.settle().await;
    let mut caller = Caller::nobody(ksef);
    caller.token = text(&started["authenticationToken"]["token"]);
    let status = caller.get(&format!("/auth/{}", text(&started["referenceNumber"]))).await.ok(200);
    let detail = status["status"]["details"][0].as_str().unwrap_or_default();
    (status["status"]["code"].as_u64().unwrap(), detail.to_owned())
}

/// Redeems a login that was started.
pub(crate) async fn redeem(ksef: &KsefV2, started: &Answer) -> Caller {
    let started = started.ok(202);
    ksef.settle().await;
    let mut caller = Caller::nobody(ksef);
    caller.token = text(&started["authenticationToken"]["token"]);
    let tokens = caller.send(Method::POST, "/auth/token/redeem", &[], "").await.ok(200);
    caller.token = text(&tokens["accessToken"]["token"]);
    caller.refresh = text(&tokens["refreshToken"]["token"]);
    caller.operation = text(&started["referenceNumber"]);
    caller
}

pub(crate) fn nip(value: &str) -> Value {
    json!({"type": "Nip", "value": value})
}

/// A company by its own KSeF token.
pub(crate) async fn login(ksef: &KsefV2, company: &str) -> Caller {
    let token = ksef.token(company).unwrap();
    redeem(ksef, &start_with_token(ksef, &nip(company), &token).await).await
}

pub(crate) fn hash(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

/// The body that sends an invoice.
pub(crate) fn sending(xml: &str) -> Value {
    let sealed = encrypt(xml.as_bytes());
    json!({
        "invoiceHash": hash(xml.as_bytes()),
        "invoiceSize": xml.len(),
        "encryptedInvoiceHash": hash(&sealed),
        "encryptedInvoiceSize": sealed.len(),
        "encryptedInvoiceContent": STANDARD.encode(&sealed),
    })
}

/// AES-256-CBC with the key of the tests.
pub(crate) fn encrypt(plain: &[u8]) -> Vec<u8> {
    let key = UnboundCipherKey::new(&AES_256, &KEY).unwrap();
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap();
    let mut buffer = plain.to_vec();
    let context = EncryptionContext::Iv128(aws_lc_rs::iv::FixedLength::from(VECTOR));
    key.less_safe_encrypt(&mut buffer, context).unwrap();
    buffer
}

pub(crate) fn decrypt(sealed: &[u8]) -> Vec<u8> {
    let key = UnboundCipherKey::new(&AES_256, &KEY).unwrap();
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap();
    let mut buffer = sealed.to_vec();
    let context = DecryptionContext::Iv128(aws_lc_rs::iv::FixedLength::from(VECTOR));
    key.decrypt(&mut buffer, context).unwrap().to_vec()
}

/// An invoice of Alfa to Beta.
pub(crate) fn invoice(number: &str) -> String {
    invoice_of(ALFA, BETA, number)
}

/// An invoice in the form FA (3).
pub(crate) fn invoice_of(seller: &str, buyer: &str, number: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2025/06/25/13775/\"><Naglowek>\
         <KodFormularza kodSystemowy=\"FA (3)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>3</WariantFormularza>\
         <DataWytworzeniaFa>2026-01-31T08:00:00Z</DataWytworzeniaFa></Naglowek>\
         <Podmiot1><DaneIdentyfikacyjne><NIP>{seller}</NIP><Nazwa>Sprzedawca {seller}</Nazwa>\
         </DaneIdentyfikacyjne></Podmiot1>\
         <Podmiot2><DaneIdentyfikacyjne><NIP>{buyer}</NIP><Nazwa>Nabywca {buyer}</Nazwa>\
         </DaneIdentyfikacyjne><JST>2</JST><GV>2</GV></Podmiot2>\
         <Fa><KodWaluty>PLN</KodWaluty><P_1>2026-01-31</P_1><P_2>{number}</P_2>\
         <P_13_1>100.00</P_13_1><P_14_1>23.00</P_14_1><P_15>123.00</P_15>\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury></Fa></Faktura>"
    )
}

/// An archive of these files.
pub(crate) fn zipped(files: &[(String, String)]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The path of an address of the API, for asking it again.
pub(crate) async fn fetch(ksef: &KsefV2, url: &str) -> Answer {
    ask(ksef, Method::GET, url, &[], Body::empty()).await.unwrap()
}
