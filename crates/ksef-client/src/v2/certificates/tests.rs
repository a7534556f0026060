//! Requests and answers as bytes, and a certificate from the question for it to its retrieval.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::poll::PollSchedule;
use common_http::scripted::Step;
use ksef_crypto::{
    certificate::name::AttributeType, csr::CertificateRequest, keys::PrivateKey,
    test_certificates::TestCertificate,
};
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    ErrorKind,
    catalogue::Process,
    client::testing::{
        account, bare, body_of, example, lines, post, read, read_example, reference, refused, sent,
        shown,
    },
};

const ENROLLMENT: &str = "20260401-EH-0123456789-ABCDEF0123-4D";
const SERIAL: &str = "01F20A5D352AE590";

fn serial() -> CertificateSerial {
    SERIAL.parse().unwrap()
}

fn data() -> Value {
    json!({
        "commonName": "Invented Sp. z o.o.", "countryName": "PL", "givenName": null,
        "organizationName": "Żółw", "organizationIdentifier": "VATPL-1111111111", "surname": ""
    })
}

fn request(key: &PrivateKey) -> CertificateRequest {
    let data: wire::CertificateEnrollmentDataResponse = serde_json::from_value(data()).unwrap();
    CertificateRequest::new(subject(&data), key).unwrap()
}

fn enroll(name: &str) -> Enroll {
    let key = PrivateKey::generate_p256().unwrap();
    Enroll::new(name, wire::KsefCertificateType::Offline, request(&key).as_der())
}

#[test]
fn the_limits_of_certificates_are_asked_for_and_read() {
    assert_eq!(shown(&Limits), bare("GET", "/certificates/limits"));
    let own = read::<Limits>(r#"{"canRequest":true,"enrollment":{"remaining":1,"limit":2}}"#);
    let own = own.unwrap();
    assert_eq!((own.can_request, own.enrollment.unwrap().remaining), (Some(true), Some(1)));
    assert!(read::<Limits>("{}").unwrap().certificate.is_none());
}

#[test]
fn the_data_of_a_subject_are_taken_over_as_they_are() {
    assert_eq!(shown(&EnrollmentData), bare("GET", "/certificates/enrollments/data"));
    let own = read::<EnrollmentData>(data().to_string()).unwrap();
    let expected = [
        (AttributeType::COMMON_NAME, "Invented Sp. z o.o."),
        (AttributeType::COUNTRY_NAME, "PL"),
        (AttributeType::ORGANIZATION_NAME, "Żółw"),
        (AttributeType::ORGANIZATION_IDENTIFIER, "VATPL-1111111111"),
    ];
    assert_eq!(subject(&own).collect::<Vec<_>>(), expected);
    if let Some(example) = read_example::<EnrollmentData>("200") {
        let kinds: Vec<_> = subject(&example).map(|(kind, _)| kind).collect();
        assert_eq!(kinds.len(), 6);
        assert!(kinds.contains(&AttributeType::UNIQUE_IDENTIFIER));
    }
}

#[test]
fn a_certificate_is_requested_with_a_name_of_the_contracts_letters() {
    let key = PrivateKey::generate_rsa_2048().unwrap();
    let csr = request(&key).to_base64();
    let own = Enroll::new(
        "Faktury_1 ż",
        wire::KsefCertificateType::Authentication,
        request(&key).as_der(),
    );
    let body = format!(
        r#"{{"certificateName":"Faktury_1 ż","certificateType":"Authentication","csr":"{csr}"}}"#
    );
    assert_eq!(shown(&own), post("/certificates/enrollments", &body));
    let later = own.valid_from("2026-05-01T00:00:00Z".parse().unwrap());
    assert_eq!(body_of(&later)["validFrom"], "2026-05-01T00:00:00Z");
    for name in ["four", "Rechnung ß", "a.b.c", &"x".repeat(101)] {
        assert_eq!(refused(&enroll(name)), "certificateName", "{name}");
    }
    if let Some(example) = example("POST /certificates/enrollments", "request") {
        let name = example["certificateName"].as_str().unwrap();
        let fields = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        let own = enroll(name).valid_from("2025-08-28T09:22:13Z".parse().unwrap());
        assert_eq!(fields(&body_of(&own)), fields(&example));
    }
}

#[test]
fn an_enrolment_answers_its_number() {
    let own = read::<Enroll>(format!(r#"{{"referenceNumber":"{ENROLLMENT}"}}"#)).unwrap();
    assert_eq!((own.reference_number.as_str(), own.timestamp), (ENROLLMENT, None));
    assert!(read::<Enroll>("{}").is_err());
    if let Some(answer) = read_example::<Enroll>("202") {
        assert!(answer.timestamp.is_some());
    }
}

#[test]
fn the_status_of_an_enrolment_is_asked_for_and_read() {
    let status = EnrollmentStatus(reference(ENROLLMENT));
    assert_eq!(shown(&status), bare("GET", &format!("/certificates/enrollments/{ENROLLMENT}")));
    let own = r#"{"status":{"code":400,"details":["x"]}}"#;
    assert_eq!(read::<EnrollmentStatus>(own).unwrap().status.details, ["x"]);
    if let Some(answer) = read_example::<EnrollmentStatus>("200") {
        assert_eq!((answer.status.code, answer.certificate_serial_number), (100, None));
    }
}

#[test]
fn one_to_ten_certificates_are_retrieved_at_once() {
    let body = format!(r#"{{"certificateSerialNumbers":["{SERIAL}"]}}"#);
    assert_eq!(shown(&Retrieve::new([serial()])), post("/certificates/retrieve", &body));
    assert_eq!(refused(&Retrieve::new([])), "certificateSerialNumbers");
    let many = std::iter::repeat_n(serial(), 11);
    assert_eq!(refused(&Retrieve::new(many)), "certificateSerialNumbers");
    if let Some(expected) = example("POST /certificates/retrieve", "request") {
        let both = ["0321C82DA41B4362", "0321F21DA462A362"].map(|text| text.parse().unwrap());
        assert_eq!(body_of(&Retrieve::new(both)), expected);
    }
}

#[test]
fn retrieved_certificates_are_read() {
    let own = r#"{"certificates":[{"certificate":"AA==","certificateType":"Future"}]}"#;
    assert_eq!(read::<Retrieve>(own).unwrap().certificates[0].certificate, "AA==");
    if let Some(answer) = read_example::<Retrieve>("200") {
        let first = &answer.certificates[0];
        assert!(STANDARD.decode(&first.certificate).is_ok());
        assert!(
            first.certificate_serial_number.as_ref().unwrap().parse::<CertificateSerial>().is_ok()
        );
    }
}

#[test]
fn a_certificate_is_revoked_with_or_without_a_reason() {
    let path = format!("/certificates/{SERIAL}/revoke");
    assert_eq!(shown(&Revoke::new(serial())), post(&path, "{}"));
    let revoke = Revoke::new(serial()).reason(wire::CertificateRevocationReason::KeyCompromise);
    assert_eq!(shown(&revoke), post(&path, r#"{"revocationReason":"KeyCompromise"}"#));
    read::<Revoke>("").unwrap();
}

#[test]
fn certificates_are_listed_as_in_the_example() {
    let path = "/certificates/query?pageOffset=0&pageSize=50";
    assert_eq!(shown(&List::new()), post(path, "{}"));
    let list = List::new()
        .kind(wire::KsefCertificateType::Offline)
        .state(wire::CertificateListItemStatus::Active);
    if let Some(expected) = example("POST /certificates/query", "request") {
        assert_eq!(body_of(&list), expected);
    }
    let one = List::new()
        .serial(&serial())
        .name("invented")
        .expires_after("2026-05-01T00:00:00Z".parse().unwrap());
    let expected = json!({
        "certificateSerialNumber": SERIAL, "name": "invented", "expiresAfter": "2026-05-01T00:00:00Z"
    });
    assert_eq!(body_of(&one), expected);
    assert_eq!(refused(&List::new().page_size(51)), "pageSize");
}

#[test]
fn listed_certificates_are_read_page_by_page() {
    let page = read::<List>(r#"{"certificates":[{"name":"x","type":"Future"}],"hasMore":true}"#);
    let page = page.unwrap();
    assert_eq!(List::new().next(&page), Some(List::new().page_index(1)));
    assert_eq!(List::items(page)[0].name.as_deref(), Some("x"));
    if let Some(page) = read_example::<List>("200") {
        assert_eq!(List::new().next(&page), None);
        let state = page.certificates[0].status.clone();
        assert_eq!(state, Some(wire::CertificateListItemStatus::Active.into()));
    }
}

fn told(code: i32, serial: Option<&str>) -> Step {
    let status = json!({"status": {"code": code}, "certificateSerialNumber": serial});
    Step::answer(200, status.to_string())
}

fn may(allowed: bool) -> Step {
    Step::answer(200, json!({"canRequest": allowed}).to_string())
}

/// The answer that holds a certificate under that number.
fn retrieved(serial: &str, certificate: &str) -> Step {
    let item = json!({"certificate": certificate, "certificateSerialNumber": serial});
    Step::answer(200, json!({"certificates": [item]}).to_string())
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_requested_waited_for_and_fetched() {
    let key = PrivateKey::generate_rsa_2048().unwrap();
    let issued = TestCertificate::seal("1111111111")
        .self_signed(PrivateKey::from_pem(&key.expose_pkcs8_pem().unwrap()).unwrap());
    let issued = issued.unwrap().certificate().clone();
    let (account, script) = account([
        may(true),
        Step::answer(200, data().to_string()),
        Step::answer(202, json!({"referenceNumber": ENROLLMENT}).to_string()),
        told(100, None),
        told(200, Some(SERIAL)),
        retrieved(SERIAL, &issued.to_base64()),
    ])
    .await;
    let wanted = NewCertificate::authentication("invented")
        .valid_from("2026-05-01T00:00:00Z".parse().unwrap());
    let enrollment = account.request_certificate(&wanted, &key).await.unwrap();
    assert_eq!(enrollment.reference().as_str(), ENROLLMENT);
    // The signature of an RSA request is always the same, so the whole request can be compared.
    let body = sent(&script, 2);
    assert_eq!(body["csr"], request(&key).to_base64());
    assert_eq!(body["certificateType"], "Authentication");
    assert_eq!(body["validFrom"], "2026-05-01T00:00:00Z");
    let enrollment = account.enrollment(enrollment.reference().clone());
    let certificate = enrollment.finish(&PollSchedule::default()).await.unwrap();
    assert_eq!(certificate.as_der(), issued.as_der());
    assert_eq!(lines(&script).last().unwrap(), "POST /v2/certificates/retrieve");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_requested_when_there_may_be_no_other_certificate() {
    let (account, script) = account([may(false)]).await;
    let key = PrivateKey::generate_p256().unwrap();
    let wanted = NewCertificate::offline("invented");
    let error = account.request_certificate(&wanted, &key).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached);
    assert!(!error.may_have_happened());
    assert_eq!(lines(&script), ["GET /v2/certificates/limits"]);
}

#[tokio::test(start_paused = true)]
async fn an_enrolment_that_failed_says_why_and_one_that_lasts_goes_on() {
    let steps = [told(400, None), told(100, None), told(200, None)];
    let (account, _) = account(steps).await;
    let enrollment = account.enrollment(reference(ENROLLMENT));
    let error = enrollment.wait(&PollSchedule::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    let code = error.status().unwrap().in_process(Process::CertificateEnrollment);
    assert!(code.meaning().unwrap().contains("rejected"));
    let once = PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1));
    let error = enrollment.wait(&once.within(Duration::ZERO)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinished);
    let error = enrollment.poll_once().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}

#[tokio::test(start_paused = true)]
async fn only_the_certificate_that_was_asked_for_is_taken() {
    let (account, _) =
        account([retrieved("0321C82DA41B4362", "AA=="), retrieved(SERIAL, "AA==")]).await;
    for _ in 0..2 {
        let error = account.certificate(&serial()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unreadable);
    }
}
