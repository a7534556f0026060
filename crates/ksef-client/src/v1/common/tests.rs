//! Requests and answers as bytes.

use common_core::money::Amount;
use common_http::{Endpoint, Paged};
use ksef_crypto::{link::InvoiceHash, number::KsefNumber};
use serde_json::{Value, json};

use super::*;
use crate::v1::{
    KsefV1,
    client::testing::{INVOICE, SESSION, accepting, answer, base, get, post, read, refused, shown},
    wire,
};

const UPO: &str = "20240401-EU-0123456789-ABCDEF0123-50";

fn invoice() -> KsefNumber {
    INVOICE.parse().unwrap()
}

fn status_path() -> String {
    format!("/common/Status/{SESSION}")
}

#[test]
fn the_status_is_asked_for_in_version_4() {
    let status = Status(SESSION.parse().unwrap());
    assert_eq!(shown(&status), accepting("application/vnd.v4+json", "GET", &status_path()));
}

#[test]
fn the_status_lists_the_pages_of_the_confirmation() {
    let body = json!({"processingCode": 200, "upoPageCount": 1, "upoPageList": [
        {"upoPageNumber": 1, "upoReferenceNumber": UPO, "upoUrl": "https://x"}
    ]});
    let answer = read::<Status>(&body.to_string()).unwrap();
    assert_eq!(answer.upo_page_list[0].upo_reference_number, UPO);
    let running = read::<Status>(r#"{"processingCode":310,"upoPageList":null}"#).unwrap();
    assert!(running.upo_page_list.is_empty());
}

#[test]
fn the_status_of_version_3_is_asked_for_by_its_type() {
    let status = StatusV3(SESSION.parse().unwrap());
    assert_eq!(shown(&status), accepting("application/vnd.v3+json", "GET", &status_path()));
}

#[test]
fn the_status_of_version_3_names_one_confirmation() {
    let body = format!(r#"{{"processingCode":200,"upoReferenceNumber":"{UPO}"}}"#);
    assert_eq!(read::<StatusV3>(&body).unwrap().upo_reference_number.as_deref(), Some(UPO));
}

#[test]
fn the_status_of_version_1_is_asked_for_as_plain_json() {
    assert_eq!(shown(&StatusV1(SESSION.parse().unwrap())), get(&status_path()));
}

#[test]
fn the_status_of_version_1_holds_the_confirmation() {
    let answer = read::<StatusV1>(r#"{"processingCode":200,"upo":"PGEvPg=="}"#).unwrap();
    assert_eq!(answer.upo.as_deref(), Some("PGEvPg=="));
    assert!(read::<StatusV1>("{}").is_err());
}

#[test]
fn a_confirmation_is_asked_for_by_both_numbers_in_its_only_type() {
    let upo = Upo::new(SESSION.parse().unwrap(), UPO.parse().unwrap());
    let path = format!("/common/Upo/{SESSION}/{UPO}");
    assert_eq!(shown(&upo), accepting("application/vnd.v3+octet-stream", "GET", &path));
}

#[test]
fn a_confirmation_is_given_as_it_came() {
    assert_eq!(answer::<Upo>(b"<Potwierdzenie/>").unwrap(), b"<Potwierdzenie/>".as_slice());
}

#[test]
fn the_confirmation_of_one_invoice_is_asked_for_by_both_numbers() {
    let upo = UpoOnDemand::new(SESSION.parse().unwrap(), invoice());
    assert_eq!(shown(&upo), get(&format!("/common/Upo/ondemand/{SESSION}/{INVOICE}")));
    assert_eq!(UpoOnDemand::INFO.limit, "upo-on-demand");
}

#[test]
fn the_confirmation_of_one_invoice_comes_in_base64() {
    let answer = read::<UpoOnDemand>(r#"{"timestamp":"x","upo":"PGEvPg=="}"#).unwrap();
    assert_eq!(answer.upo.as_deref(), Some("PGEvPg=="));
}

fn body(endpoint: &impl Endpoint<Api = KsefV1>) -> Value {
    serde_json::from_str(shown(endpoint).lines().last().unwrap()).unwrap()
}

fn buyer() -> wire::AnonymousSubjectIdentifierTo {
    wire::AnonymousSubjectIdentifierTo::Company("2222222222".to_owned())
}

fn named_buyer() -> wire::AnonymousSubjectTo {
    let name = wire::SubjectName::FullName(wire::SubjectFullName::new("Zmyślona"));
    wire::AnonymousSubjectTo::new(buyer(), name)
}

fn amount(text: &str) -> Amount {
    Amount::parse(text).unwrap()
}

#[test]
fn an_invoice_is_asked_for_by_what_stands_on_it() {
    let fetch = FetchInvoice::new(invoice(), amount("123.5"), "FV 1", named_buyer());
    let head = format!(
        "POST {}/common/Invoice/KSeF\naccept: application/octet-stream\n\
         content-type: application/json; charset=utf-8\n",
        base()
    );
    assert!(shown(&fetch).starts_with(&head));
    assert_eq!(
        body(&fetch),
        json!({
            "invoiceDetails": {
                "dueValue": "123.50",
                "invoiceOryginalNumber": "FV 1",
                "subjectTo": {
                    "issuedToIdentifier": {"type": "onip", "identifier": "2222222222"},
                    "issuedToName": {"type": "fn", "fullName": "Zmyślona"},
                },
            },
            "ksefReferenceNumber": INVOICE,
        })
    );
    let of =
        |due: &str, number: &str| FetchInvoice::new(invoice(), amount(due), number, named_buyer());
    assert_eq!(refused(&of("1", "")), "invoiceOryginalNumber");
    for due in ["1.005", "10000000000"] {
        assert_eq!(refused(&of(due, "FV 1")), "dueValue");
    }
    for (due, sent) in [("-7", "-7"), ("9999999999.99", "9999999999.99"), ("1.500", "1.50")] {
        assert_eq!(body(&of(due, "FV 1"))["invoiceDetails"]["dueValue"], sent);
    }
}

#[test]
fn an_invoice_that_was_asked_for_is_given_as_it_came() {
    assert_eq!(answer::<FetchInvoice>(b"<Faktura/>").unwrap(), b"<Faktura/>".as_slice());
    assert_eq!(FetchInvoice::INFO.limit, "common-invoice");
}

#[test]
fn an_invoice_is_downloaded_by_number_hash_and_what_stands_on_it() {
    let hash = InvoiceHash::of(b"<Faktura/>");
    let download = DownloadInvoice::new(invoice(), hash, amount("10"), "FV 1", buyer());
    let path = format!("/common/download/{INVOICE}");
    assert!(shown(&download).starts_with(&accepting("application/octet-stream", "POST", &path)));
    assert_eq!(
        body(&download),
        json!({
            "dueValue": "10",
            "hashSHA": {"algorithm": "SHA-256", "encoding": "Base64", "value": hash_of_sample()},
            "invoiceNumber": "FV 1",
            "subjectTo": {"type": "onip", "identifier": "2222222222"},
        })
    );
    let hash = InvoiceHash::of(b"<Faktura/>");
    let none = DownloadInvoice::new(invoice(), hash, amount("1"), "", buyer());
    assert_eq!(refused(&none), "invoiceNumber");
}

fn hash_of_sample() -> String {
    InvoiceHash::of(b"<Faktura/>").base64()
}

#[test]
fn a_downloaded_invoice_is_given_as_it_came() {
    assert_eq!(answer::<DownloadInvoice>(b"<Faktura/>").unwrap(), b"<Faktura/>".as_slice());
}

#[test]
fn an_invoice_is_verified_by_number_and_hash() {
    let verify = VerifyInvoice::new(invoice(), InvoiceHash::of(b"<Faktura/>"));
    let sample = hash_of_sample();
    let hash = format!(
        r#"{{"hashSHA":{{"algorithm":"SHA-256","encoding":"Base64","value":"{sample}"}}}}"#
    );
    assert_eq!(shown(&verify), post(&format!("/common/verification/{INVOICE}"), &hash));
}

#[test]
fn a_verified_invoice_says_what_it_is() {
    let body = r#"{"invoiceType":"KOR","subjectBy":{"type":"onip","identifier":"1111111111"}}"#;
    let answer = read::<VerifyInvoice>(body).unwrap();
    assert_eq!(answer.invoice_type.unwrap(), wire::InvoiceType::Kor);
}

#[test]
fn providers_are_asked_for_in_pages() {
    let list = ListAccessPoints::new();
    let path = "/common/accessPointsProvidersList?PageSize=100&PageOffset=0";
    assert_eq!(shown(&list), get(path));
    assert_eq!(refused(&list.clone().page_size(9)), "PageSize");
    assert_eq!(refused(&list.page_index(101)), "PageOffset");
}

#[test]
fn providers_are_read_and_the_next_page_is_known() {
    let row = json!({"nameAPP": "Zmyślony", "numerAPP": "PPL000001"});
    let body =
        json!({"numberOfElements": 20, "accessPointsProviderList": vec![row; 10]}).to_string();
    let page = read::<ListAccessPoints>(&body).unwrap();
    assert_eq!(page.access_points_provider_list[0].numer_app.as_deref(), Some("PPL000001"));
    let list = ListAccessPoints::default().page_size(10);
    assert_eq!(list.next(&page), Some(list.clone().page_index(1)));
    assert_eq!(ListAccessPoints::items(page).len(), 10);
}

#[test]
fn a_provider_is_registered_by_a_document_as_it_is() {
    let headers = "accept: application/json\ncontent-type: application/octet-stream";
    let line = format!("POST {}/common/registerAccessPointProvider", base());
    assert_eq!(shown(&RegisterAccessPoint::new("<a/>")), format!("{line}\n{headers}\n<a/>"));
}

#[test]
fn a_registration_is_answered() {
    let body = format!(r#"{{"referenceNumber":"{SESSION}"}}"#);
    let answer = read::<RegisterAccessPoint>(&body).unwrap();
    assert_eq!(answer.reference_number.as_deref(), Some(SESSION));
}
