//! KSeF 2.0: certificates asked for, issued, used, found, revoked.

mod life;
mod refused;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use sandbox::ksef_v1::TestCertificate;
use serde_json::{Value, json};
use x509_cert::der::{Decode as _, Encode as _};

use crate::ksef_v1::sign;
use crate::ksef_v2::client::*;

/// The members of the enrollment data and the last numbers of their identifiers.
const ATTRIBUTES: [(u64, &str); 8] = [
    (3, "commonName"),
    (4, "surname"),
    (5, "serialNumber"),
    (6, "countryName"),
    (10, "organizationName"),
    (42, "givenName"),
    (45, "uniqueIdentifier"),
    (97, "organizationIdentifier"),
];

/// The data that a request has to repeat.
pub(super) async fn data(caller: &Caller) -> Value {
    caller.get("/certificates/enrollments/data").await.ok(200)
}

/// A request for a certificate with that data, Base64.
pub(super) fn csr(data: &Value, key: &KeyPair) -> String {
    let mut name = DistinguishedName::new();
    for (number, member) in ATTRIBUTES {
        if let Some(value) = data[member].as_str() {
            name.push(DnType::CustomDnType(vec![2, 5, 4, number]), value);
        }
    }
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    STANDARD.encode(params.serialize_request(key).unwrap().der())
}

pub(super) fn asking(kind: &str, csr: &str) -> Value {
    json!({"certificateName": "Certyfikat próbny-1", "certificateType": kind, "csr": csr})
}

/// Asks for a certificate and waits; the status of the request.
pub(super) async fn asked(caller: &Caller, body: &Value) -> Value {
    let started = caller.post("/certificates/enrollments", body).await.ok(202);
    caller.ksef.settle().await;
    let path = format!("/certificates/enrollments/{}", text(&started["referenceNumber"]));
    caller.get(&path).await.ok(200)
}

/// A certificate of that kind for a new key: its serial number, and both for signing.
pub(super) async fn issued(caller: &Caller, kind: &str) -> (String, TestCertificate) {
    let key = KeyPair::generate().unwrap();
    let status = asked(caller, &asking(kind, &csr(&data(caller).await, &key))).await;
    assert_eq!(status["status"]["code"], 200, "{status}");
    let serial = text(&status["certificateSerialNumber"]);
    let body = json!({"certificateSerialNumbers": [serial]});
    let answer = caller.post("/certificates/retrieve", &body).await.ok(200);
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        text(&answer["certificates"][0]["certificate"])
    );
    (serial, TestCertificate::new("issued", &pem, &key.serialize_pem()))
}

/// Starts a login with a certificate of the caller's own.
pub(super) async fn start_with(
    ksef: &sandbox::ksef_v2::KsefV2,
    certificate: &TestCertificate,
    query: &str,
) -> Answer {
    let (challenge, _) = challenge(ksef).await;
    let document = login_document(&challenge, ("Nip", ALFA), "certificateSubject");
    let signed = sign::enveloped(&document, certificate);
    post_xml(ksef, &format!("/auth/xades-signature{query}"), signed).await
}

/// The first certificate that a query finds.
pub(super) async fn listed(caller: &Caller, filter: &Value) -> Vec<Value> {
    let answer = caller.post("/certificates/query", filter).await.ok(200);
    answer["certificates"].as_array().unwrap().clone()
}

pub(super) async fn revoke(caller: &Caller, serial: &str) -> Answer {
    let path = format!("/certificates/{serial}/revoke");
    caller.send(Method::POST, &path, &[], r#"{"revocationReason":"Superseded"}"#).await
}

pub(super) fn read(certificate: &TestCertificate) -> x509_cert::Certificate {
    x509_cert::Certificate::from_der(&sign::der(&certificate.certificate_pem)).unwrap()
}

/// The bytes of an extension.
pub(super) fn extension(certificate: &x509_cert::Certificate, oid: &str) -> Vec<u8> {
    let extensions = certificate.tbs_certificate().extensions().unwrap();
    let found = extensions.iter().find(|one| one.extn_id.to_string() == oid).unwrap();
    found.extn_value.to_der().unwrap()
}
