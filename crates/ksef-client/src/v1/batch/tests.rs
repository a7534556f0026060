//! Requests and answers as bytes.

use bytes::Bytes;
use common_http::{Body, FilePart};
use serde_json::json;

use super::*;
use crate::v1::{
    client::testing::{SESSION, base, post, read, refused, shown},
    wire,
};

const PART: &str = "20240401-EA-0123456789-ABCDEF0123-48";

fn target(url: &str, method: &str, header: (&str, &str)) -> wire::PackagePartUpload {
    let (key, value) = header;
    serde_json::from_str(&json!({
        "url": url,
        "method": method,
        "partFileName": "invoices.zip.001.aes",
        "headerEntryList": [{"key": key, "value": value}, {"key": "X-TargetSrv-Name", "value": "a b"}],
    }).to_string())
    .unwrap()
}

fn address() -> String {
    format!("{}/batch/Upload/{SESSION}/{PART}", base())
}

#[test]
fn an_announcement_is_sent_as_it_is() {
    let line = "POST https://ksef.example.test/api/batch/Init";
    let headers = "accept: application/json\ncontent-type: application/octet-stream";
    assert_eq!(shown(&Init::new("<a/>")), format!("{line}\n{headers}\n<a/>"));
}

#[test]
fn an_announcement_answers_where_each_part_goes() {
    let body = json!({
        "referenceNumber": SESSION,
        "timestamp": "2024-04-01T10:00:00.5Z",
        "packageSignature": {"packageName": "invoices.zip", "packagePartSignatureList": [{
            "url": address(), "method": "PUT", "partFileName": "invoices.zip.001.aes",
            "ordinalNumber": 1, "headerEntryList": null,
        }]},
    });
    let answer = read::<Init>(&body.to_string()).unwrap();
    let parts = &answer.package_signature.package_part_signature_list;
    assert_eq!((answer.reference_number.as_str(), parts.len()), (SESSION, 1));
    assert_eq!(parts[0].method, wire::UploadMethod::Put);
    assert!(read::<Init>(r#"{"referenceNumber":"x"}"#).is_err());
}

#[test]
fn a_part_goes_to_its_address_with_its_method_and_headers_unchanged() {
    for method in ["PUT", "POST"] {
        let target = target(&address(), method, ("Content-SHA256", "abc="));
        let upload = Upload::new(target, Bytes::from_static(b"sealed"));
        let headers = "accept: application/json\ncontent-sha256: abc=\n\
            content-type: application/octet-stream\nx-targetsrv-name: a b";
        assert_eq!(shown(&upload), format!("{method} {}\n{headers}\nsealed", address()));
    }
}

#[test]
fn a_part_may_be_a_stretch_of_a_file() {
    let target = target(&address(), "PUT", ("Content-SHA256", "abc="));
    let upload = Upload::new(target, Body::File(FilePart::new("part.aes", 3, 7)));
    assert!(shown(&upload).contains("part.aes"));
}

#[test]
fn a_part_goes_nowhere_else() {
    let content = || Bytes::from_static(b"sealed");
    let header = ("Content-SHA256", "abc=");
    let elsewhere = target("https://evil.example.test/api/batch/Upload/x/y", "PUT", header);
    assert_eq!(refused(&Upload::new(elsewhere, content())), "link");
    assert_eq!(refused(&Upload::new(target(&address(), "DELETE", header), content())), "method");
    let broken = target(&address(), "PUT", ("Content-SHA256", "a\nb"));
    assert_eq!(refused(&Upload::new(broken, content())), "headerEntryList");
    let broken = target(&address(), "PUT", ("Content SHA", "a"));
    assert_eq!(refused(&Upload::new(broken, content())), "headerEntryList");
}

#[test]
fn an_upload_is_answered_with_or_without_a_body() {
    assert_eq!(read::<Upload>("").unwrap().reference_number, None);
    let body = format!(r#"{{"referenceNumber":"{SESSION}"}}"#);
    assert_eq!(read::<Upload>(&body).unwrap().reference_number.as_deref(), Some(SESSION));
}

#[test]
fn the_end_of_a_batch_names_it() {
    let body = format!(r#"{{"referenceNumber":"{SESSION}"}}"#);
    assert_eq!(shown(&Finish(SESSION.parse().unwrap())), post("/batch/Finish", &body));
}

#[test]
fn the_end_of_a_batch_is_answered() {
    let body = format!(r#"{{"referenceNumber":"{SESSION}","timestamp":"2024-04-01T10:00:00Z"}}"#);
    assert_eq!(read::<Finish>(&body).unwrap().reference_number.as_deref(), Some(SESSION));
    assert!(read::<Finish>("<html>").is_err());
}
