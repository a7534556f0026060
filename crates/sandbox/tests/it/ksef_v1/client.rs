//! A caller of KSeF 1.x that knows nothing of the clients of this workspace.

use std::io::{Cursor, Read as _, Write as _};

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chrono::DateTime;
use http::{HeaderMap, Method, Request};
use http_body_util::BodyExt as _;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use rsa::pkcs8::DecodePublicKey as _;
use rsa::{Pkcs1v15Encrypt, RsaPublicKey};
use sandbox::ksef_v1::KsefV1;
use sandbox::{ConnectionLost, Sandbox};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use zip::write::SimpleFileOptions;

use super::{contract, sign};

/// The company that most tests are about.
pub(crate) const ALFA: &str = "9990000103";

/// Another one, which buys.
pub(crate) const BETA: &str = "9990000126";

/// The one that may issue in Alfa's name.
pub(crate) const GAMMA: &str = "9990000132";

/// The session key of all encrypted tests.
pub(crate) const KEY: [u8; 32] = [7; 32];

/// Its initialisation vector.
pub(crate) const VECTOR: [u8; 16] = [9; 16];

pub(crate) const AUTH: &str =
    "http://ksef.mf.gov.pl/schema/gtw/svc/online/auth/request/2021/10/01/0001";
pub(crate) const ONLINE: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/online/types/2021/10/01/0001";
pub(crate) const TYPES: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/types/2021/10/01/0001";

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
        self.json()
    }

    /// The code of an exception.
    pub(crate) fn code(&self) -> u64 {
        assert!(self.status >= 400, "{}", String::from_utf8_lossy(&self.body));
        self.json()["exception"]["exceptionDetailList"][0]["exceptionCode"].as_u64().unwrap()
    }
}

/// A calm sandbox without sockets that starts at noon of a winter day.
pub(crate) async fn calm() -> Sandbox {
    let start = "2026-01-31T11:00:00.123Z".parse().unwrap();
    let builder = Sandbox::builder().seed(7).calm().without_sockets().starting_at(start);
    builder.start().await.unwrap()
}

/// A request in process; `path` lies below the base address.
pub(crate) async fn ask(
    ksef: &KsefV1,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Result<Answer, ConnectionLost> {
    let mut request =
        Request::builder().method(method.clone()).uri(format!("{}{path}", ksef.base_url()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = ksef.service().send(request.body(body.into()).unwrap()).await?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionLost)?.to_bytes();
    let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body };
    if !answer.body.is_empty() && !hostile(&answer) {
        contract::check(&method, path, &answer);
    }
    Ok(answer)
}

/// Whether the answer has a member that a hostile sandbox invents.
fn hostile(answer: &Answer) -> bool {
    answer.body.windows(12).any(|part| part == b"xUndocumente")
}

pub(crate) async fn get(ksef: &KsefV1, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(ksef, Method::GET, path, headers, Body::empty()).await.unwrap()
}

pub(crate) async fn post(ksef: &KsefV1, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json")];
    ask(ksef, Method::POST, path, &headers, body.to_string()).await.unwrap()
}

pub(crate) async fn post_bytes(
    ksef: &KsefV1,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Answer {
    let mut headers = headers.to_vec();
    headers.push(("content-type", "application/octet-stream"));
    ask(ksef, Method::POST, path, &headers, body).await.unwrap()
}

/// A session of somebody.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) ksef: KsefV1,
    pub(crate) token: String,
    pub(crate) reference: String,
}

impl Session {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        get(&self.ksef, path, &[("SessionToken", &self.token)]).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        let headers = [("SessionToken", self.token.as_str()), ("content-type", "application/json")];
        ask(&self.ksef, method, path, &headers, body.to_string()).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body).await
    }

    /// Sends a plain invoice and gives its element number.
    pub(crate) async fn put_invoice(&self, xml: &str) -> String {
        let answer = self.put_plain(xml.as_bytes()).await.ok(202);
        answer["elementReferenceNumber"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn put_plain(&self, xml: &[u8]) -> Answer {
        self.send(Method::PUT, "/online/Invoice/Send", &plain(xml)).await
    }

    pub(crate) async fn put_encrypted(&self, xml: &[u8]) -> Answer {
        self.send(Method::PUT, "/online/Invoice/Send", &encrypted(xml)).await
    }

    pub(crate) async fn invoice_status(&self, element: &str) -> Value {
        self.get(&format!("/online/Invoice/Status/{element}")).await.ok(200)
    }

    /// Sends a plain invoice, waits, and gives its number.
    pub(crate) async fn accepted(&self, xml: &str) -> String {
        let element = self.put_invoice(xml).await;
        self.ksef.settle().await;
        let status = self.invoice_status(&element).await;
        assert_eq!(status["processingCode"], 200, "{status}");
        status["invoiceStatus"]["ksefReferenceNumber"].as_str().unwrap().to_owned()
    }

    /// Sends a plain invoice that is refused later, and gives the code and what is said.
    pub(crate) async fn refused(&self, xml: &[u8]) -> (u64, String) {
        let answer = self.put_plain(xml).await.ok(202);
        let element = answer["elementReferenceNumber"].as_str().unwrap().to_owned();
        self.ksef.settle().await;
        let status = self.invoice_status(&element).await;
        let text = status["processingDescription"].as_str().unwrap().to_owned();
        (status["processingCode"].as_u64().unwrap(), text)
    }

    pub(crate) async fn terminate(&self) {
        let answer = self.get("/online/Session/Terminate").await.ok(200);
        assert_eq!(answer["processingCode"], 350);
        self.ksef.settle().await;
    }

    /// The code of the session, which anybody can ask for.
    pub(crate) async fn code(&self) -> u64 {
        status(&self.ksef, &self.reference).await["processingCode"].as_u64().unwrap()
    }
}

/// The status of a session or batch in its newest form.
pub(crate) async fn status(ksef: &KsefV1, reference: &str) -> Value {
    let headers = [("accept", "application/vnd.v4+json")];
    get(ksef, &format!("/common/Status/{reference}"), &headers).await.ok(200)
}

/// A challenge: its number and its time.
pub(crate) async fn challenge(ksef: &KsefV1, nip: &str) -> (String, i64) {
    let kind = if nip.contains('-') { "int" } else { "onip" };
    let body = json!({"contextIdentifier": {"type": kind, "identifier": nip}});
    let answer = post(ksef, "/online/Session/AuthorisationChallenge", &body).await.ok(201);
    let at = DateTime::parse_from_rfc3339(answer["timestamp"].as_str().unwrap()).unwrap();
    (answer["challenge"].as_str().unwrap().to_owned(), at.timestamp_millis())
}

/// Encrypts to the system.
pub(crate) fn seal(ksef: &KsefV1, plain: &[u8]) -> String {
    let key = RsaPublicKey::from_public_key_der(&ksef.public_key_der()).unwrap();
    let mut random = StdRng::seed_from_u64(1);
    STANDARD.encode(key.encrypt(&mut random, Pkcs1v15Encrypt, plain).unwrap())
}

/// The declaration of encryption.
pub(crate) fn encryption(ksef: &KsefV1, prefix: &str, key: &[u8]) -> String {
    let (sealed, vector) = (seal(ksef, key), STANDARD.encode(VECTOR));
    format!(
        "<{prefix}:Encryption><t:EncryptionKey><t:Encoding>Base64</t:Encoding>\
         <t:Algorithm>AES</t:Algorithm><t:Size>256</t:Size><t:Value>{sealed}</t:Value>\
         </t:EncryptionKey><t:EncryptionInitializationVector><t:Encoding>Base64</t:Encoding>\
         <t:Bytes>16</t:Bytes><t:Value>{vector}</t:Value></t:EncryptionInitializationVector>\
         <t:EncryptionAlgorithmKey><t:Algorithm>RSA</t:Algorithm><t:Mode>ECB</t:Mode>\
         <t:Padding>PKCS#1</t:Padding></t:EncryptionAlgorithmKey>\
         <t:EncryptionAlgorithmData><t:Algorithm>AES</t:Algorithm><t:Mode>CBC</t:Mode>\
         <t:Padding>PKCS#7</t:Padding></t:EncryptionAlgorithmData></{prefix}:Encryption>"
    )
}

/// The form FA (2).
pub(crate) const FORM: &str = "<t:Service>KSeF</t:Service><t:FormCode>\
     <t:SystemCode>FA (2)</t:SystemCode><t:SchemaVersion>1-0E</t:SchemaVersion>\
     <t:TargetNamespace>http://crd.gov.pl/wzor/2023/06/29/12648/</t:TargetNamespace>\
     <t:Value>FA</t:Value></t:FormCode>";

/// A request to open a session; `last` is its last element.
pub(crate) fn opening(
    root: &str,
    nip: &str,
    challenge: &str,
    encryption: &str,
    last: &str,
) -> String {
    let kind = if nip.contains('-') { "Internal" } else { "ByCompany" };
    format!(
        "<a:{root} xmlns:a=\"{AUTH}\" xmlns:o=\"{ONLINE}\" xmlns:t=\"{TYPES}\" \
         xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><a:Context>\
         <o:Challenge>{challenge}</o:Challenge>\
         <o:Identifier xsi:type=\"t:SubjectIdentifier{kind}Type\">\
         <t:Identifier>{nip}</t:Identifier></o:Identifier>\
         <o:DocumentType>{FORM}</o:DocumentType>{encryption}{last}</a:Context></a:{root}>"
    )
}

/// A request to open a session by a token.
pub(crate) async fn token_request(
    ksef: &KsefV1,
    nip: &str,
    token: &str,
    encryption: &str,
) -> String {
    let (challenge, at) = challenge(ksef, nip).await;
    let token = seal(ksef, format!("{token}|{at}").as_bytes());
    let last = format!("<o:Token>{token}</o:Token>");
    opening("InitSessionTokenRequest", nip, &challenge, encryption, &last)
}

/// A signed request to open a session.
pub(crate) async fn signed_request(
    ksef: &KsefV1,
    nip: &str,
    certificate: &str,
    kind: &str,
    encryption: &str,
) -> String {
    let (challenge, _) = challenge(ksef, nip).await;
    let last = format!("<o:Type>{kind}</o:Type>");
    let request = opening("InitSessionSignedRequest", nip, &challenge, encryption, &last);
    sign::enveloped(&request, &ksef.certificate(certificate).unwrap())
}

fn opened(ksef: &KsefV1, answer: &Answer) -> Session {
    let body = answer.ok(201);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    Session {
        ksef: ksef.clone(),
        token: text(&body["sessionToken"]["token"]),
        reference: text(&body["referenceNumber"]),
    }
}

/// A session by a token of these roles, authenticated.
pub(crate) async fn login_with(ksef: &KsefV1, nip: &str, token: &str) -> Session {
    let request = token_request(ksef, nip, token, "").await;
    let answer = post_bytes(ksef, "/online/Session/InitToken", &[], request).await;
    let session = opened(ksef, &answer);
    ksef.settle().await;
    assert_eq!(session.code().await, 315);
    session
}

/// A session by the first token of a company.
pub(crate) async fn login(ksef: &KsefV1, nip: &str) -> Session {
    login_with(ksef, nip, &ksef.token(nip).unwrap()).await
}

/// An encrypted session.
pub(crate) async fn login_encrypted(ksef: &KsefV1, nip: &str) -> Session {
    let encryption = encryption(ksef, "o", &KEY);
    let request = token_request(ksef, nip, &ksef.token(nip).unwrap(), &encryption).await;
    let answer = post_bytes(ksef, "/online/Session/InitToken", &[], request).await;
    let session = opened(ksef, &answer);
    ksef.settle().await;
    session
}

/// A session by a certificate, not waited for.
pub(crate) async fn sign_in(
    ksef: &KsefV1,
    nip: &str,
    certificate: &str,
    kind: &str,
) -> Result<Session, u64> {
    let request = signed_request(ksef, nip, certificate, kind, "").await;
    let answer = post_bytes(ksef, "/online/Session/InitSigned", &[], request).await;
    if answer.status == 201 { Ok(opened(ksef, &answer)) } else { Err(answer.code()) }
}

/// A session as the owner, by the seal of Alfa.
pub(crate) async fn owner(ksef: &KsefV1) -> Session {
    let session = sign_in(ksef, ALFA, "seal", "SerialNumber").await.unwrap();
    ksef.settle().await;
    session
}

pub(crate) fn hash(bytes: &[u8]) -> Value {
    let value = STANDARD.encode(Sha256::digest(bytes));
    json!({"algorithm": "SHA-256", "encoding": "Base64", "value": value})
}

pub(crate) fn sized(bytes: &[u8]) -> Value {
    json!({"hashSHA": hash(bytes), "fileSize": bytes.len()})
}

/// The body that sends a plain invoice.
pub(crate) fn plain(xml: &[u8]) -> Value {
    let payload = json!({"type": "plain", "invoiceBody": STANDARD.encode(xml)});
    json!({"invoiceHash": sized(xml), "invoicePayload": payload})
}

/// The body that sends an encrypted invoice.
pub(crate) fn encrypted(xml: &[u8]) -> Value {
    let sealed = encrypt(xml);
    let payload = json!({
        "type": "encrypted",
        "encryptedInvoiceHash": sized(&sealed),
        "encryptedInvoiceBody": STANDARD.encode(&sealed),
    });
    json!({"invoiceHash": sized(xml), "invoicePayload": payload})
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

/// An invoice of Alfa to Beta.
pub(crate) fn invoice(number: &str) -> String {
    invoice_of(ALFA, BETA, number)
}

/// An invoice in the form FA (2).
pub(crate) fn invoice_of(seller: &str, buyer: &str, number: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
         <Faktura xmlns=\"http://crd.gov.pl/wzor/2023/06/29/12648/\"><Naglowek>\
         <KodFormularza kodSystemowy=\"FA (2)\" wersjaSchemy=\"1-0E\">FA</KodFormularza>\
         <WariantFormularza>2</WariantFormularza>\
         <DataWytworzeniaFa>2026-01-31T08:00:00Z</DataWytworzeniaFa></Naglowek>\
         <Podmiot1><DaneIdentyfikacyjne><NIP>{seller}</NIP><Nazwa>Sprzedawca {seller}</Nazwa>\
         </DaneIdentyfikacyjne></Podmiot1>\
         <Podmiot2><DaneIdentyfikacyjne><NIP>{buyer}</NIP><Nazwa>Nabywca {buyer}</Nazwa>\
         </DaneIdentyfikacyjne></Podmiot2>\
         <Fa><KodWaluty>PLN</KodWaluty><P_1>2026-01-31</P_1><P_2>{number}</P_2>\
         <P_13_1>100.00</P_13_1><P_14_1>23.00</P_14_1><P_15>123.00</P_15>\
         <Adnotacje><P_16>2</P_16><P_17>2</P_17><P_18>2</P_18></Adnotacje>\
         <RodzajFaktury>VAT</RodzajFaktury></Fa></Faktura>"
    )
}

/// An archive of these files.
pub(crate) fn zipped(files: &[(String, Vec<u8>)], method: zip::CompressionMethod) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(method);
    for (name, content) in files {
        writer.start_file(name.as_str(), options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// Names and contents of the files in an archive.
pub(crate) fn unzipped(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
    let count = archive.len();
    let read = |index| {
        let mut entry = archive.by_index(index).unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        (entry.name().unwrap().into_owned(), content)
    };
    (0..count).map(read).collect()
}
