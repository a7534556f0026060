//! A register that knows nothing of the clients of this workspace: requests by hand, and a JOSE
//! side made of `ring`, `rsa` and `flate2` alone.

use std::io::Write;

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use der::Decode;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::{Oaep, RsaPrivateKey, RsaPublicKey};
use sandbox::crk::{Crk, Register};
use sandbox::{ClientCertificate, ConnectionLost, Entrance, Sandbox};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The hardware register of the seed.
pub(crate) const HARDWARE: &str = "TSA2601000001";

/// The software register of the seed.
pub(crate) const SOFTWARE: &str = "TSB2601000002";

/// The taxpayer of the seed.
pub(crate) const NIP: &str = "1234563218";

/// A checksum of the right form.
pub(crate) const CHECKSUM: &str =
    "68e656b251e67e8358bef8483ab0d51c6619f3e7a1a9f0e75838d41ff368f728";

/// An answer that arrived whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Status and code of a refusal.
    pub(crate) fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["Code"].as_str().unwrap().to_owned())
    }

    /// The attributes of a command.
    pub(crate) fn attributes(&self) -> Value {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        self.json()["command"]["attributes"].clone()
    }
}

/// A calm sandbox without sockets that starts at noon of a winter day.
pub(crate) async fn calm() -> Sandbox {
    let builder = Sandbox::builder().seed(7).calm().without_sockets().starting_at(start());
    builder.start().await.unwrap()
}

/// When the calendar of [`calm`] starts.
pub(crate) fn start() -> DateTime<Utc> {
    "2026-01-31T11:00:00Z".parse().unwrap()
}

/// A register in the hands of a test.
#[derive(Clone)]
pub(crate) struct Till {
    pub(crate) crk: Crk,
    pub(crate) register: Register,
    /// Milliseconds after the start, so that identifiers differ.
    clock: std::cell::Cell<i64>,
}

impl Till {
    pub(crate) fn new(sandbox: &Sandbox, number: &str) -> Self {
        let crk = sandbox.crk().clone();
        let register = crk.register(number).unwrap();
        Self { crk, register, clock: std::cell::Cell::new(0) }
    }

    pub(crate) fn number(&self) -> &str {
        &self.register.unique_number
    }

    pub(crate) fn certificate(&self) -> ClientCertificate {
        ClientCertificate::new(self.register.tls().certificate_der())
    }

    /// A fresh command identifier.
    pub(crate) fn id(&self, code: &str) -> String {
        self.clock.set(self.clock.get() + 1);
        self.id_at(code, start() + TimeDelta::milliseconds(self.clock.get()))
    }

    pub(crate) fn id_at(&self, code: &str, at: DateTime<Utc>) -> String {
        format!("{code}.{}.{}", self.number(), at.format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }

    /// A `GET` to the CPD server with a fresh identifier.
    pub(crate) async fn ask(&self, code: &str) -> Answer {
        let id = self.id(code);
        self.get_cpd(&format!("/api/SerwerCPD/Command?commandId={id}")).await
    }

    pub(crate) async fn get_cpd(&self, path: &str) -> Answer {
        let request = Request::get(format!("{}{path}", self.crk.cpd_url()));
        self.send(&self.crk.cpd_service(), request, "").await.unwrap()
    }

    /// A `POST` to the CPD server with a fresh identifier.
    pub(crate) async fn tell(&self, code: &str, attributes: &Value) -> Answer {
        self.try_tell(code, attributes).await.unwrap()
    }

    pub(crate) async fn try_tell(
        &self,
        code: &str,
        attributes: &Value,
    ) -> Result<Answer, ConnectionLost> {
        let body = json!({"commandId": self.id(code), "command": {"attributes": attributes}});
        self.post_cpd(&body.to_string()).await
    }

    pub(crate) async fn post_cpd(&self, body: &str) -> Result<Answer, ConnectionLost> {
        let request = Request::post(format!("{}/api/SerwerCPD/Command", self.crk.cpd_url()))
            .header("content-type", "application/json");
        self.send(&self.crk.cpd_service(), request, body).await
    }

    pub(crate) async fn get_webapi(&self, method: &str) -> Answer {
        let request = Request::get(format!("{}/api/Repository/{method}", self.crk.webapi_url()));
        self.send(&self.crk.webapi_service(), request, "").await.unwrap()
    }

    pub(crate) async fn confirm(&self, body: &Value) -> Answer {
        let request = Request::post(format!("{}/api/Repository/Command", self.crk.webapi_url()))
            .header("content-type", "application/json");
        self.send(&self.crk.webapi_service(), request, &body.to_string()).await.unwrap()
    }

    /// Confirms a command as done.
    pub(crate) async fn confirm_done(&self, id: &str) -> Answer {
        let body = json!({"commandId": id, "ExecTime": "2026-01-31T11:00:01.000Z", "Code": "0"});
        self.confirm(&body).await
    }

    async fn send(
        &self,
        service: &Entrance,
        request: http::request::Builder,
        body: &str,
    ) -> Result<Answer, ConnectionLost> {
        let request = request.extension(self.certificate());
        deliver(service, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// The attributes of CMD08.
    pub(crate) fn own_certificates(&self) -> Value {
        json!({
            "digitalCertificateCashRegisterTLS":
                STANDARD.encode(self.register.tls().certificate_der()),
            "digitalCertificateCashRegisterEncrypt":
                STANDARD.encode(self.register.encryption().certificate_der()),
        })
    }

    /// The attributes of CMD09.
    pub(crate) fn wish(&self) -> Value {
        json!({"cashRegisterSN": self.number(), "cashRegisterNr": "", "taxpayerId": NIP, "monterId": "KW123"})
    }

    /// CMD10 with an approved program.
    pub(crate) async fn check_program(&self, checksum: &str) -> Answer {
        let id = self.id("CNF");
        let query = format!("commandId={id}&firmwareMetadata=v1&firmwareChecksum={checksum}");
        self.get_cpd(&format!("/api/SerwerCPD/Command?{query}")).await
    }

    /// CMD08, CMD10 and CMD09; the evidence number.
    pub(crate) async fn begin(&self) -> String {
        assert_eq!(self.tell("KFD", &self.own_certificates()).await.status, 204);
        assert_eq!(self.check_program(CHECKSUM).await.attributes()["status"], 0);
        let attributes = self.tell("MFP", &self.wish()).await.attributes();
        assert_eq!(attributes["statusFisc"]["code"], "00", "{attributes}");
        attributes["cashRegisterNr"].as_str().unwrap().to_owned()
    }

    /// Everything until the timetable is confirmed; the evidence number.
    pub(crate) async fn fiscalise(&self) -> String {
        let evidence_number = self.begin().await;
        assert_eq!(
            self.post_cpd(&json!({"commandId": self.id("FPD")}).to_string()).await.unwrap().status,
            204
        );
        let command = self.get_webapi("Command").await.json();
        let id = command["commandId"].as_str().unwrap();
        assert!(id.starts_with("TFD."));
        assert_eq!(self.confirm_done(id).await.status, 204);
        evidence_number
    }

    /// URL and token of the Event Hub.
    pub(crate) async fn token(&self) -> (String, String) {
        let token = self.get_webapi("EventHubSasToken").await.json();
        let text = |name: &str| token[name].as_str().unwrap().to_owned();
        (text("urlToSend"), text("sasValue"))
    }

    /// Sends a body to the Event Hub with a fresh token.
    pub(crate) async fn publish(&self, body: &Value) -> u16 {
        let (url, token) = self.token().await;
        self.publish_with(&url, &token, &body.to_string()).await
    }

    pub(crate) async fn publish_with(&self, url: &str, token: &str, body: &str) -> u16 {
        let mut request = Request::post(url)
            .header("content-type", "application/atom+xml;type=entry;charset=utf-8");
        if !token.is_empty() {
            request = request.header("authorization", token);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        deliver(&self.crk.hub_service(), request).await.unwrap().status
    }

    /// A package that is complete in itself.
    pub(crate) async fn package(&self, jpk: &Value) -> Value {
        self.part(&self.id("DFD"), 0, 1, jpk.to_string().as_bytes()).await
    }

    pub(crate) async fn part(&self, id: &str, number: u32, last: u8, plain: &[u8]) -> Value {
        let sealed = self.seal(plain).await;
        json!({"commandId": id, "packageNr": number, "isLast": last, "encryptedData": sealed})
    }

    /// Signs and encrypts as the default profile says.
    pub(crate) async fn seal(&self, plain: &[u8]) -> String {
        encrypt(&self.recipient().await, self.sign(plain).as_bytes(), &json!({}))
    }

    /// The certificate that documents are encrypted for.
    pub(crate) async fn recipient(&self) -> Vec<u8> {
        let repository = self.ask("KCS").await.attributes();
        let recipient = repository["digitalCertificateRepositoryEncrypt"].as_str().unwrap();
        STANDARD.decode(recipient).unwrap()
    }

    /// A compact JWS with the key of the encryption certificate.
    pub(crate) fn sign(&self, payload: &[u8]) -> String {
        let chain = [STANDARD.encode(self.register.encryption().certificate_der())];
        let header = json!({"alg": "RS256", "x5c": chain});
        let input = format!("{}.{}", b64(header.to_string()), b64(payload));
        let key = RsaKeyPair::from_pkcs8(self.register.encryption().key_der()).unwrap();
        let mut signature = vec![0; key.public().modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), input.as_bytes(), &mut signature)
            .unwrap();
        format!("{input}.{}", b64(signature))
    }

    /// Decrypts a command; gives the payload of the JWS.
    pub(crate) fn open(&self, sealed: &str) -> Value {
        let jws = self.decrypt(sealed);
        let parts: Vec<&str> = jws.split('.').collect();
        assert_eq!(parts.len(), 3);
        serde_json::from_slice(&unb64(parts[1])).unwrap()
    }

    /// The JWS inside a compact JWE with RSA-OAEP-256 and A256GCM.
    pub(crate) fn decrypt(&self, sealed: &str) -> String {
        let parts: Vec<&str> = sealed.split('.').collect();
        assert_eq!(parts.len(), 5, "{sealed}");
        let header: Value = serde_json::from_slice(&unb64(parts[0])).unwrap();
        assert_eq!(
            (header["alg"].as_str(), header["enc"].as_str()),
            (Some("RSA-OAEP-256"), Some("A256GCM"))
        );
        let own = Sha256::digest(self.register.encryption().certificate_der());
        assert_eq!(header["kid"], b64(own));
        let key = RsaPrivateKey::from_pkcs8_der(self.register.encryption().key_der()).unwrap();
        let key = key.decrypt(Oaep::<Sha256>::new(), &unb64(parts[1])).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(&unb64(parts[2])).unwrap();
        let mut bytes = [unb64(parts[3]), unb64(parts[4])].concat();
        let plain = key.open_in_place(nonce, Aad::from(parts[0].as_bytes()), &mut bytes).unwrap();
        String::from_utf8(plain.to_vec()).unwrap()
    }

    /// A structure with these documents.
    pub(crate) fn jpk(&self, content: &Value) -> Value {
        let standing = self.crk.standing(self.number()).unwrap();
        json!({"JPK": {
            "naglowek": {"wersja": "JPK_KASA_v2-0", "dataJPK": "2026-01-31T11:00:00.000Z"},
            "podmiot1": {
                "nazwaPod": "Sklep zmyślony", "NIP": NIP, "nrUnik": self.number(),
                "nrFabr": self.number(), "nrEwid": standing.evidence_number,
            },
            "content": content,
        }})
    }

    /// Receipts with these numbers.
    pub(crate) fn receipts(&self, numbers: impl IntoIterator<Item = u64>) -> Value {
        let receipts: Vec<Value> = numbers
            .into_iter()
            .map(|number| json!({"paragon": {"JPKID": number, "pamiecChr": 1}}))
            .collect();
        self.jpk(&json!(receipts))
    }
}

/// Encrypts for a certificate as the default profile says; `more` goes into the header.
pub(crate) fn encrypt(recipient: &[u8], signed: &[u8], more: &Value) -> String {
    let mut packer = DeflateEncoder::new(Vec::new(), Compression::default());
    packer.write_all(signed).unwrap();
    let mut header = json!({"zip": "DEF"});
    for (name, value) in more.as_object().unwrap() {
        header[name] = value.clone();
    }
    encrypt_plainly(recipient, &packer.finish().unwrap(), &header)
}

/// Encrypts without compression.
pub(crate) fn encrypt_plainly(recipient: &[u8], signed: &[u8], more: &Value) -> String {
    let kid = b64(Sha256::digest(recipient));
    let mut header = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": kid});
    for (name, value) in more.as_object().unwrap() {
        header[name] = value.clone();
    }
    let parsed = x509_cert::Certificate::from_der(recipient).unwrap();
    let bits = parsed.tbs_certificate().subject_public_key_info().subject_public_key.raw_bytes();
    let public = RsaPublicKey::from_pkcs1_der(bits).unwrap();
    let key: [u8; 32] = ring::rand::generate(&SystemRandom::new()).unwrap().expose();
    let iv: [u8; 12] = ring::rand::generate(&SystemRandom::new()).unwrap().expose();
    let mut random = <rand::rngs::StdRng as rand::SeedableRng>::from_seed(key);
    let wrapped = public.encrypt(&mut random, Oaep::<Sha256>::new(), &key).unwrap();
    let mut bytes = signed.to_vec();
    let protected = b64(header.to_string());
    let lock = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &key).unwrap());
    let nonce = Nonce::assume_unique_for_key(iv);
    let tag = lock
        .seal_in_place_separate_tag(nonce, Aad::from(protected.as_bytes()), &mut bytes)
        .unwrap();
    format!("{protected}.{}.{}.{}.{}", b64(wrapped), b64(iv), b64(bytes), b64(tag.as_ref()))
}

/// One request to a service, read whole.
pub(crate) async fn deliver(
    service: &Entrance,
    request: Request<Body>,
) -> Result<Answer, ConnectionLost> {
    whole(service.send(request).await?).await
}

/// A request without a certificate.
pub(crate) async fn bare(service: &Entrance, method: Method, url: &str) -> Answer {
    let request = Request::builder().method(method).uri(url).body(Body::empty()).unwrap();
    deliver(service, request).await.unwrap()
}

async fn whole(response: Response<Body>) -> Result<Answer, ConnectionLost> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(|_| ConnectionLost)?.to_bytes();
    Ok(Answer { status: parts.status.as_u16(), body })
}

pub(crate) fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn unb64(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}
