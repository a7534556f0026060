//! Requests and answers as bytes. They say what is assumed, not what the service took.

use super::*;
use crate::v1::client::testing::{ELEMENT, accepting, answer, get, post, read, shown};

fn element() -> ReferenceNumber {
    ELEMENT.parse().unwrap()
}

/// An answer in the form that other operations have, with something more.
fn started() -> String {
    format!(r#"{{"elementReferenceNumber":"{ELEMENT}","processingCode":100,"new":{{}}}}"#)
}

#[test]
fn the_data_of_a_request_are_asked_for() {
    assert_eq!(shown(&CsrData), get("/online/Credentials/Pki/CsrData"));
}

#[test]
fn the_data_of_a_request_are_given_as_they_come() {
    let answer = read::<CsrData>(r#"{"commonName":"x","roles":[1]}"#).unwrap();
    assert_eq!(answer.0, json!({"commonName": "x", "roles": [1]}));
    assert_eq!((answer.element(), answer.code()), (None, None));
}

#[test]
fn a_certificate_is_asked_for_with_a_request_and_roles() {
    let body = r#"{"credentialsRoleList":[{"roleType":"invoice_write"}],"csr":"AAE="}"#;
    let generate = GenerateCertificate::new(&[0, 1], [wire::Role::InvoiceWrite]);
    let path = "/online/Credentials/Pki/GenerateCertificate";
    assert_eq!(shown(&generate), post(path, body));
    assert_eq!(shown(&GenerateCertificate::raw(json!({"a": 1}))), post(path, r#"{"a":1}"#));
}

#[test]
fn a_certificate_is_answered_by_an_element() {
    let answer = read::<GenerateCertificate>(&started()).unwrap();
    assert_eq!(answer.element(), Some(element()));
    assert_eq!(answer.code(), Some(ProcessingCode::REGISTERED));
    assert_eq!(answer.0["new"], json!({}));
}

#[test]
fn the_status_of_a_certificate_is_asked_by_its_element() {
    let path = format!("/online/Credentials/Pki/Status/{ELEMENT}");
    assert_eq!(shown(&Status(element())), get(&path));
}

#[test]
fn the_status_of_a_certificate_is_read() {
    assert_eq!(read::<Status>(&started()).unwrap().code(), Some(ProcessingCode::REGISTERED));
    assert!(read::<Status>("").is_err());
}

#[test]
fn a_certificate_is_fetched_by_its_element() {
    let path = format!("/online/Credentials/Pki/GetCertificate/{ELEMENT}");
    let shown = shown(&FetchCertificate(element()));
    assert_eq!(shown, accepting("application/octet-stream", "GET", &path));
}

#[test]
fn a_certificate_is_given_as_it_came() {
    assert_eq!(answer::<FetchCertificate>(b"\x30\x82").unwrap(), b"\x30\x82".as_slice());
}

#[test]
fn certificates_are_asked_for_all_or_by_serial_number() {
    let path = "/online/Credentials/Pki/RetrieveCertificate";
    assert_eq!(shown(&RetrieveCertificates::all()), post(path, "{}"));
    let body = r#"{"certificateSerialNumbers":["01AB"]}"#;
    assert_eq!(shown(&RetrieveCertificates::of(["01AB"])), post(path, body));
    assert_eq!(shown(&RetrieveCertificates::raw(json!([1]))), post(path, "[1]"));
}

#[test]
fn certificates_are_given_as_they_come() {
    assert_eq!(read::<RetrieveCertificates>("[]").unwrap(), Unverified(json!([])));
}

#[test]
fn a_certificate_is_revoked_by_its_serial_number() {
    let path = "/online/Credentials/Pki/RevokeCertificate";
    let body = r#"{"certificateSerialNumber":"01AB"}"#;
    assert_eq!(shown(&RevokeCertificate::new("01AB")), post(path, body));
    assert_eq!(shown(&RevokeCertificate::raw(json!(null))), post(path, "null"));
}

#[test]
fn a_revocation_is_answered_by_an_element() {
    assert_eq!(read::<RevokeCertificate>(&started()).unwrap().element(), Some(element()));
}
