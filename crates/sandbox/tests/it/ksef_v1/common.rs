//! The operations without a session.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandbox::ksef_v1::{KsefV1, Limits};
use serde_json::{Value, json};

use super::client::*;
use super::sign;

/// A closed session of Alfa with one accepted invoice, and its number.
pub(crate) async fn closed(ksef: &KsefV1) -> (Session, String) {
    let session = login(ksef, ALFA).await;
    let number = session.accepted(&invoice("A/1")).await;
    session.terminate().await;
    (session, number)
}

#[tokio::test(start_paused = true)]
async fn a_status_has_three_forms() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let (session, number) = closed(ksef).await;
    let path = format!("/common/Status/{}", session.reference);
    let first = get(ksef, &path, &[("accept", "application/json")]).await.ok(200);
    let inline = STANDARD.decode(first["upo"].as_str().unwrap()).unwrap();
    let third = get(ksef, &path, &[("accept", "application/vnd.v3+json")]).await;
    assert!(third.headers["content-type"].to_str().unwrap().contains("vnd.v3"));
    let third = third.ok(200);
    let url = third["upoUrl"].as_str().unwrap();
    let upo = url.strip_prefix(ksef.base_url()).unwrap();
    let fetched = get(ksef, upo, &[("accept", "application/vnd.v3+octet-stream")]).await;
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.body, inline);
    let text = String::from_utf8(inline).unwrap();
    assert!(text.contains(&number) && text.contains("<NumerFaktury>A/1</NumerFaktury>"));
    assert!(text.contains("http://upo.schematy.mf.gov.pl/KSeF/v3"));
    assert!(!text.contains('\n'), "a receipt is one line");
    let fourth = get(ksef, &path, &[("accept", "application/vnd.v4+json")]).await.ok(200);
    assert_eq!(fourth["upoPageList"][0]["upoReferenceNumber"], third["upoReferenceNumber"]);
    assert_eq!(get(ksef, upo, &[("accept", "application/xml")]).await.code(), 21414);
    let unknown = "/common/Status/20260131-SE-0123456789-0123456789-AB";
    assert_eq!(get(ksef, unknown, &[]).await.code(), 21173);
    assert_eq!(get(ksef, "/common/Status/nonsense", &[]).await.code(), 21180);
    let other = format!("/common/Upo/{}/20260131-UP-0123456789-0123456789-AB", session.reference);
    let other = get(ksef, &other, &[("accept", "application/vnd.v3+octet-stream")]).await;
    assert_eq!(other.code(), 21178);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_on_demand_is_limited_by_the_hour() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let (session, number) = closed(ksef).await;
    let path = format!("/common/Upo/ondemand/{}/{number}", session.reference);
    let answer = get(ksef, &path, &[]).await.ok(200);
    let upo = STANDARD.decode(answer["upo"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8(upo).unwrap().contains(&number));
    let next = login(ksef, ALFA).await;
    let foreign = format!("/common/Upo/ondemand/{}/{number}", next.reference);
    assert_eq!(get(ksef, &foreign, &[]).await.code(), 21194);
    let unknown = format!("{}00", &path[..path.len() - 2]);
    assert_eq!(get(ksef, &unknown, &[]).await.code(), 21164);
    for _ in 0..47 {
        get(ksef, &path, &[]).await.ok(200);
    }
    let refused = get(ksef, &path, &[]).await;
    assert_eq!((refused.status, refused.code()), (429, 21121));
    tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    get(ksef, &path, &[]).await.ok(200);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_is_given_to_whoever_knows_what_stands_on_it() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    ksef.set_limits(Limits::none());
    let (_, number) = closed(ksef).await;
    let subject = json!({
        "issuedToIdentifier": {"type": "onip", "identifier": BETA},
        "issuedToName": {"type": "fn", "fullName": format!("Nabywca {BETA}")},
    });
    let body = json!({
        "ksefReferenceNumber": number,
        "invoiceDetails": {"dueValue": "123.00", "invoiceOryginalNumber": "A/1", "subjectTo": subject},
    });
    let path = "/common/Invoice/KSeF";
    assert_eq!(post(ksef, path, &body).await.body, invoice("A/1"));
    for (pointer, value) in [
        ("/invoiceDetails/dueValue", json!("123.01")),
        ("/invoiceDetails/invoiceOryginalNumber", json!("A/2")),
        ("/invoiceDetails/subjectTo/issuedToIdentifier/identifier", json!(ALFA)),
        ("/invoiceDetails/subjectTo/issuedToName/fullName", json!("Ktoś")),
    ] {
        let mut wrong = body.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        let answer = post(ksef, path, &wrong).await;
        assert_eq!((answer.status, answer.body.len()), (404, 0), "{pointer}");
    }
    let xml = invoice("A/1");
    let body = json!({
        "dueValue": "123.00",
        "hashSHA": hash(xml.as_bytes()),
        "invoiceNumber": "A/1",
        "subjectTo": {"type": "onip", "identifier": BETA},
    });
    let path = format!("/common/download/{number}");
    assert_eq!(post(ksef, &path, &body).await.body, xml);
    let mut wrong = body.clone();
    wrong["hashSHA"] = hash(b"other");
    assert_eq!(post(ksef, &path, &wrong).await.status, 404);
    let path = format!("/common/verification/{number}");
    let good = post(ksef, &path, &json!({"hashSHA": hash(xml.as_bytes())})).await.ok(200);
    assert_eq!(good["subjectBy"], json!({"type": "onip", "identifier": ALFA}));
    assert_eq!(good["schemaVersion"], "V2");
    assert_eq!(post(ksef, &path, &json!({"hashSHA": hash(b"other")})).await.status, 404);
}

#[tokio::test(start_paused = true)]
async fn anonymous_calls_are_limited() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let body = json!({
        "ksefReferenceNumber": "9990000103-20260131-0123456789AB-CD",
        "invoiceDetails": {"dueValue": "1.00", "invoiceOryginalNumber": "1", "subjectTo": {
            "issuedToIdentifier": {"type": "none"}, "issuedToName": {"type": "none"},
        }},
    });
    for status in [404, 404, 429] {
        assert_eq!(post(ksef, "/common/Invoice/KSeF", &body).await.status, status);
    }
}

#[tokio::test(start_paused = true)]
async fn providers_are_listed_by_pages_and_can_register() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let list = |page: usize| async move {
        let path = format!("/common/accessPointsProvidersList?PageSize=10&PageOffset={page}");
        get(ksef, &path, &[]).await.ok(200)
    };
    let first = list(0).await;
    assert_eq!(first["numberOfElements"], 12);
    assert_eq!(first["accessPointsProviderList"].as_array().unwrap().len(), 10);
    assert_eq!(list(1).await["accessPointsProviderList"].as_array().unwrap().len(), 2);
    let path = "/common/accessPointsProvidersList";
    assert_eq!(get(ksef, path, &[]).await.code(), 21405);
    assert_eq!(get(ksef, &format!("{path}?PageSize=9&PageOffset=0"), &[]).await.code(), 21405);
    let signed = sign::enveloped("<a xmlns=\"urn:x\"></a>", &ksef.certificate("seal").unwrap());
    let path = "/common/registerAccessPointProvider";
    assert_eq!(post_bytes(ksef, path, &[], signed).await.code(), 21420);
    let provider = peppol_certificate(&ksef.certificate("seal").unwrap().key_pem);
    let signed = sign::enveloped("<a xmlns=\"urn:x\"></a>", &provider);
    post_bytes(ksef, path, &[], signed.clone()).await.ok(200);
    assert_eq!(post_bytes(ksef, path, &[], signed).await.code(), 21421);
    assert_eq!(list(0).await["numberOfElements"], 13);
}

/// A certificate whose common name is the number of a provider.
pub(crate) fn peppol_certificate(key_pem: &str) -> sandbox::ksef_v1::TestCertificate {
    let key = rcgen::KeyPair::from_pem(key_pem).unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, "PPL999999");
    let pem = params.self_signed(&key).unwrap().pem();
    sandbox::ksef_v1::TestCertificate::new("provider", &pem, key_pem)
}

#[tokio::test(start_paused = true)]
async fn the_public_key_is_served_in_both_forms() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let file = |name: &'static str| async move {
        let base = ksef.base_url().strip_suffix("/api").unwrap();
        let request = http::Request::get(format!("{base}/security/{name}"));
        let request = request.body(axum::body::Body::empty()).unwrap();
        let response = ksef.service().send(request).await.unwrap();
        http_body_util::BodyExt::collect(response.into_body()).await.unwrap().to_bytes()
    };
    assert_eq!(file("pem").await, ksef.public_key_pem());
    assert_eq!(file("der").await, ksef.public_key_der());
    assert_eq!(sign::der(&ksef.public_key_pem()), ksef.public_key_der());
}

#[tokio::test(start_paused = true)]
async fn unknown_paths_are_answered_by_the_handler() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let answer = get(ksef, "/online/Nothing", &[]).await;
    assert_eq!((answer.status, answer.code()), (400, 21180));
    let exception: Value = answer.json()["exception"].clone();
    assert_eq!(exception["serviceName"], "exception.handler");
    assert_eq!(exception["serviceCode"].as_str().unwrap().len(), 36);
    assert_eq!(ksef.unexpected().len(), 1);
}
