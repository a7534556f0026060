//! Internal certificates and fingerprints, whose forms are the double's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use sandbox::ksef_v1::TestCertificate;
use serde_json::{Value, json};

use super::client::*;
use super::sign;

fn request(key: &KeyPair, holder: &str) -> String {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "Certyfikat wewnętrzny");
    params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 5]), holder);
    STANDARD.encode(params.serialize_request(key).unwrap().der())
}

async fn made(session: &Session, body: &Value) -> Vec<u8> {
    let answer = session.post("/online/Credentials/Pki/GenerateCertificate", body).await.ok(202);
    session.ksef.settle().await;
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    let status = session.get(&format!("/online/Credentials/Pki/Status/{element}")).await.ok(200);
    assert_eq!(status["processingCode"], 200);
    session.get(&format!("/online/Credentials/Pki/GetCertificate/{element}")).await.body.to_vec()
}

#[tokio::test(start_paused = true)]
async fn an_internal_certificate_logs_in_with_its_roles_until_it_is_revoked() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let person = sign_in(ksef, ALFA, "person-pesel", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let data = person.get("/online/Credentials/Pki/CsrData").await.ok(200);
    assert_eq!(data["credentialsRoleList"].as_array().unwrap().len(), 2);
    let key_pem = ksef.certificate("person-pesel").unwrap().key_pem;
    let key = KeyPair::from_pem(&key_pem).unwrap();
    let holder = data["serialNumber"].as_str().unwrap();
    let roles = json!([{"roleType": "invoice_write"}]);
    let body = json!({"csr": request(&key, holder), "credentialsRoleList": roles});
    let certificate = made(&person, &body).await;
    let pem = format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        STANDARD.encode(&certificate)
    );
    let own = TestCertificate::new("internal", &pem, &key_pem);
    let log_in = async || {
        let (challenge, _) = challenge(ksef, ALFA).await;
        let last = "<o:Type>SerialNumber</o:Type>";
        let request = opening("InitSessionSignedRequest", ALFA, &challenge, "", last);
        post_bytes(ksef, "/online/Session/InitSigned", &[], sign::enveloped(&request, &own)).await
    };
    let opened = log_in().await.ok(201);
    ksef.settle().await;
    let token = opened["sessionToken"]["token"].as_str().unwrap().to_owned();
    let reference = opened["referenceNumber"].as_str().unwrap().to_owned();
    let session = Session { ksef: ksef.clone(), token, reference };
    session.accepted(&invoice("C/1")).await;
    let path = format!("/online/Invoice/Get/{}", ksef.invoices()[0].ksef_number);
    assert_eq!(session.get(&path).await.code(), 21301, "reading was not among its roles");
    assert_eq!(session.get("/online/Credentials/Pki/CsrData").await.code(), 21306);
    let listed =
        person.post("/online/Query/Credential/Certificates/Sync", &json!({})).await.ok(200);
    let serial = listed["certificates"][0]["certificateSerialNumber"].as_str().unwrap();
    let body = json!({"certificateSerialNumbers": [serial]});
    let got = person.post("/online/Credentials/Pki/RetrieveCertificate", &body).await.ok(200);
    assert_eq!(got["certificates"][0]["certificate"], STANDARD.encode(&certificate));
    let body = json!({"certificateSerialNumber": serial});
    person.post("/online/Credentials/Pki/RevokeCertificate", &body).await.ok(202);
    ksef.settle().await;
    assert_eq!(log_in().await.code(), 21305);
    assert_eq!(person.post("/online/Credentials/Pki/RevokeCertificate", &body).await.code(), 21168);
}

#[tokio::test(start_paused = true)]
async fn requests_are_checked_and_counted() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let person = sign_in(ksef, ALFA, "person-pesel", "SerialNumber").await.unwrap();
    ksef.settle().await;
    let key = KeyPair::from_pem(&ksef.certificate("person-pesel").unwrap().key_pem).unwrap();
    let path = "/online/Credentials/Pki/GenerateCertificate";
    let foreign = json!({"csr": request(&key, "00810100026")});
    assert_eq!(person.post(path, &foreign).await.code(), 21420);
    let curve = json!({"csr": request(&KeyPair::generate().unwrap(), "00810100019")});
    assert_eq!(person.post(path, &curve).await.code(), 21420, "the specification wants RSA");
    let good = json!({"csr": request(&key, "00810100019")});
    let mut more = good.clone();
    more["credentialsRoleList"] = json!([{"roleType": "credentials_manage"}]);
    assert_eq!(person.post(path, &more).await.code(), 21306);
    for _ in 0..5 {
        made(&person, &good).await;
    }
    assert_eq!(person.post(path, &good).await.code(), 21306, "five certificates for a PESEL");
    let token = login(ksef, ALFA).await;
    assert_eq!(token.post(path, &good).await.code(), 21306, "a token makes no certificates");
}

#[tokio::test(start_paused = true)]
async fn the_fingerprint_of_pem_and_der_is_the_same() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let certificate = ksef.certificate("seal").unwrap();
    let path = "/online/Credentials/GetThumbprint";
    for body in
        [certificate.certificate_pem.clone().into_bytes(), sign::der(&certificate.certificate_pem)]
    {
        let answer = post_bytes(ksef, path, &[], body).await.ok(200);
        assert_eq!(answer["thumbprint"], certificate.fingerprint);
    }
    assert_eq!(post_bytes(ksef, path, &[], "nonsense").await.code(), 21001);
}
