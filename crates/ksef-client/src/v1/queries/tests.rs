//! Requests and answers as bytes.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use common_http::{Paged, scripted::Step};
use futures_util::TryStreamExt as _;
use serde_json::json;

use super::*;
use crate::v1::{
    ErrorKind, NumberVariant,
    client::testing::{ELEMENT, INVOICE, accepting, answer, base, get, post, read, refused, shown},
    session::tests::plain_session,
    wire,
};

const PART: &str = "20240401-ER-0123456789-ABCDEF0123-49";
const CRITERIA: &str = r#"{"queryCriteria":{"type":"incremental","acquisitionTimestampThresholdFrom":"2024-04-01T00:00:00Z","acquisitionTimestampThresholdTo":"2024-04-02T00:00:00Z","subjectType":"subject1"}}"#;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn incremental() -> wire::QueryCriteriaInvoiceIncremental {
    let (from, to) = (at("2024-04-01T00:00:00Z"), at("2024-04-02T00:00:00Z"));
    wire::QueryCriteriaInvoiceIncremental::new(from, to, wire::SubjectRole::Subject1)
}

fn criteria() -> wire::QueryCriteriaInvoiceV2 {
    wire::QueryCriteriaInvoiceV2::Incremental(incremental())
}

fn criteria_v1() -> wire::QueryCriteriaInvoice {
    wire::QueryCriteriaInvoice::Incremental(incremental())
}

/// A `POST` of the criteria under that media type.
fn posted(path: &str, media_type: &str) -> String {
    let headers = format!("accept: application/json\ncontent-type: {media_type}");
    format!("POST {}{path}\n{headers}\n{CRITERIA}", base())
}

#[test]
fn headers_are_asked_for_in_version_2_and_in_pages() {
    let path = "/online/Query/Invoice/Sync?PageSize=100&PageOffset=0";
    assert_eq!(shown(&Invoices::new(criteria())), posted(path, "application/vnd.v2+json"));
    let other = Invoices::new(criteria()).page_size(10).page_index(100);
    assert!(shown(&other).contains("?PageSize=10&PageOffset=100"));
    assert!(shown(&other.clone().number_variant(NumberVariant::V36)).contains("variant: v36"));
    assert_eq!(refused(&other.clone().page_index(101)), "PageOffset");
    assert_eq!(refused(&other.page_size(101)), "PageSize");
}

#[test]
fn headers_are_read_with_amounts_as_text_and_values_nobody_knows() {
    let row = json!({
        "ksefReferenceNumber": INVOICE, "invoiceType": "NEW", "gross": "123.00", "net": "100.00",
        "vat": "23.00", "currency": "PLN", "hidden": false, "schemaVersion": "V2",
        "invoicingDate": "2024-04-01", "acquisitionTimestamp": "2024-04-01T10:00:00Z",
        "subjectBy": {"issuedByIdentifier": {"type": "onip", "identifier": "1111111111"},
            "issuedByName": {"type": "fn", "tradeName": null, "fullName": "Zmyślona"}},
        "subjectTo": {"issuedToIdentifier": {"type": "new"}, "issuedToName": null},
    });
    let rows = vec![row; 100];
    let body = json!({"numberOfElements": 250, "invoiceHeaderList": rows}).to_string();
    let page = read::<Invoices>(&body).unwrap();
    let header = &page.invoice_header_list[0];
    assert_eq!(header.gross.unwrap().to_string(), "123.00");
    assert_eq!(header.invoice_type.as_ref().unwrap().known(), None);
    let query = Invoices::new(criteria());
    assert_eq!(query.next(&page), Some(query.clone().page_index(1)));
    assert_eq!(query.clone().page_index(2).next(&page), None);
    assert_eq!(Invoices::items(page).len(), 100);
}

#[test]
fn headers_of_the_first_version_go_as_plain_json() {
    let path = "/online/Query/Invoice/Sync?PageSize=100&PageOffset=0";
    assert_eq!(shown(&InvoicesV1::new(criteria_v1())), posted(path, "application/json"));
}

#[test]
fn headers_of_the_first_version_are_read_alike() {
    let page = read::<InvoicesV1>(r#"{"invoiceHeaderList":null}"#).unwrap();
    assert!(InvoicesV1::items(page).is_empty());
}

#[test]
fn a_query_is_started_in_version_2() {
    let path = "/online/Query/Invoice/Async/Init";
    assert_eq!(shown(&StartInvoices::new(criteria())), posted(path, "application/vnd.v2+json"));
    let variant = StartInvoices::new(criteria()).number_variant(NumberVariant::V35);
    assert!(shown(&variant).contains("ksef-number-variant: v35"));
}

#[test]
fn a_started_query_is_answered_by_an_element() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}"}}"#);
    assert_eq!(read::<StartInvoices>(&body).unwrap().element_reference_number, ELEMENT);
    assert!(read::<StartInvoices>("{}").is_err());
}

#[test]
fn a_query_of_the_first_version_is_started_as_plain_json() {
    let path = "/online/Query/Invoice/Async/Init";
    assert_eq!(shown(&StartInvoicesV1::new(criteria_v1())), posted(path, "application/json"));
}

#[test]
fn a_query_of_the_first_version_is_answered_alike() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}","processingCode":100}}"#);
    assert_eq!(read::<StartInvoicesV1>(&body).unwrap().processing_code, Some(100));
}

#[test]
fn the_status_of_a_query_is_asked_by_its_element() {
    let path = format!("/online/Query/Invoice/Async/Status/{ELEMENT}");
    assert_eq!(shown(&InvoicesStatus(ELEMENT.parse().unwrap())), get(&path));
}

#[test]
fn the_status_of_a_query_lists_its_parts_at_the_end() {
    let part = json!({
        "partReferenceNumber": PART, "partName": "long_name", "partNumber": 0,
        "partExpiration": "2024-04-21T10:00:00Z",
        "plainPartHash": {"fileSize": 7, "hashSHA": {"value": "x"}},
    });
    let body = json!({"processingCode": 200, "numberOfParts": 1, "partList": [part]}).to_string();
    let answer = read::<InvoicesStatus>(&body).unwrap();
    assert_eq!(answer.part_list[0].part_reference_number, PART);
    let running = read::<InvoicesStatus>(r#"{"processingCode":315,"partList":null}"#).unwrap();
    assert!(running.part_list.is_empty());
}

#[test]
fn a_part_is_fetched_by_query_and_part() {
    let fetch = FetchInvoices::new(ELEMENT.parse().unwrap(), PART.parse().unwrap());
    let path = format!("/online/Query/Invoice/Async/Fetch/{ELEMENT}/{PART}");
    assert_eq!(shown(&fetch), accepting("application/octet-stream", "GET", &path));
}

#[test]
fn a_part_is_given_as_it_came() {
    assert_eq!(answer::<FetchInvoices>(b"PK\x03\x04").unwrap(), b"PK\x03\x04".as_slice());
}

fn all() -> wire::QueryCriteriaCredentials {
    let (scope, kind) = (wire::CredentialsScope::Current, wire::CredentialsKind::All);
    wire::QueryCriteriaCredentials::All(wire::QueryCriteriaCredentialsAll::new(scope, kind))
}

#[test]
fn permissions_are_asked_for_by_criteria() {
    let body = r#"{"queryCriteria":{"type":"list_all","queryCredentialsScopeResultType":"current","queryCredentialsTypeResultType":"all"}}"#;
    assert_eq!(shown(&Credentials::new(all())), post("/online/Query/Credential/Sync", body));
}

#[test]
fn permissions_of_every_kind_are_read_and_unknown_ones_are_kept() {
    let body = json!({"credentialsList": [
        {"type": "list_token", "identifier": {"type": "token", "identifier": ELEMENT},
            "credentialsRoleList": [{"type": "token", "roleType": "invoice_read"}], "status": 1},
        {"type": "single_parent", "credentialsRole": {"type": "standard_plain"}},
        {"type": "list_new", "x": 1},
    ]});
    let answer = read::<Credentials>(&body.to_string()).unwrap();
    let kinds = &answer.credentials_list;
    assert!(matches!(kinds[0], wire::HeldCredentials::Token(_)));
    assert!(matches!(kinds[1], wire::HeldCredentials::Parent(_)));
    let wire::HeldCredentials::Unknown(raw) = &kinds[2] else { panic!("it is unknown") };
    assert_eq!(raw.tag(), Some("list_new"));
}

#[test]
fn permissions_of_a_superior_unit_are_asked_for_by_parameters() {
    let path = "/online/Query/Credential/Context/Sync";
    assert_eq!(shown(&ContextCredentials::new()), get(path));
    let filtered = ContextCredentials::new()
        .context_nip("1111111111")
        .source_identifier("a b")
        .target_identifier("2222222222");
    let query = "contextNip=1111111111&sourceIdentifier=a%20b&targetIdentifier=2222222222";
    assert_eq!(shown(&filtered), get(&format!("{path}?{query}")));
}

#[test]
fn permissions_of_a_superior_unit_are_read() {
    let body = r#"{"credentialsList":[{"type":"list_context","credentialsRoleList":null}]}"#;
    let answer = read::<ContextCredentials>(body).unwrap();
    assert!(matches!(answer.credentials_list[0], wire::HeldCredentials::Context(_)));
}

#[test]
fn permissions_of_an_accounting_office_are_asked_for_in_pages() {
    let criteria = wire::QueryCriteriaAccountingCredentials::new()
        .partner_identifier(wire::PartnerIdentifier::AllPartners);
    let query = AccountingCredentials::new(criteria).page_size(20).page_index(1);
    let path = "/online/Query/Credential/Accounting/Sync?PageSize=20&PageOffset=1";
    let body = r#"{"queryCriteria":{"partnerIdentifier":{"type":"allPartners"}}}"#;
    assert_eq!(shown(&query), post(path, body));
    assert_eq!(refused(&query.page_size(5)), "PageSize");
}

#[test]
fn permissions_of_an_accounting_office_are_given_as_they_come() {
    let answer = read::<AccountingCredentials>(r#"{"pageSize":20,"list":[{}]}"#).unwrap();
    assert_eq!(answer["list"], json!([{}]));
}

#[test]
fn payment_identifiers_are_asked_for_in_smaller_pages() {
    let path = "/online/Query/PaymentIdentifier/Sync";
    let all = PaymentIdentifiers::new();
    assert_eq!(shown(&all), post(&format!("{path}?PageSize=50&PageOffset=0"), "{}"));
    let criteria = wire::QueryPaymentCriteria::new().number_of_invoice_from(2);
    let some = PaymentIdentifiers::new().criteria(criteria).page_size(10).page_index(50);
    let body = r#"{"queryCriteria":{"numberOfInvoiceFrom":2}}"#;
    assert_eq!(shown(&some), post(&format!("{path}?PageSize=10&PageOffset=50"), body));
    assert_eq!(refused(&PaymentIdentifiers::new().page_size(51)), "PageSize");
    assert_eq!(refused(&PaymentIdentifiers::new().page_index(51)), "PageOffset");
}

#[test]
fn payment_identifiers_are_read_and_the_next_page_is_known() {
    let row = json!({"paymentIdentifier": "x", "numberOfKsefReferenceNumbers": 2});
    let rows = vec![row; 50];
    let body = json!({"numberOfElements": 51, "paymentIdentifiers": rows}).to_string();
    let page = read::<PaymentIdentifiers>(&body).unwrap();
    let query = PaymentIdentifiers::new();
    let next = query.next(&page).unwrap();
    assert_eq!(next, PaymentIdentifiers::new().page_index(1));
    assert_eq!(next.next(&page), None);
    assert_eq!(PaymentIdentifiers::items(page).len(), 50);
}

#[test]
fn certificates_are_asked_for_with_a_body_of_the_callers_own() {
    let path = "/online/Query/Credential/Certificates/Sync";
    assert_eq!(shown(&Certificates::default()), post(path, "{}"));
    assert_eq!(shown(&Certificates(json!({"a": 1}))), post(path, r#"{"a":1}"#));
}

#[test]
fn certificates_are_given_as_they_come() {
    assert_eq!(read::<Certificates>(r#"[{"a":1}]"#).unwrap(), json!([{"a": 1}]));
}

#[tokio::test]
async fn a_part_that_is_announced_larger_than_it_can_be_is_not_fetched() {
    let (session, script) = plain_session([]);
    let part = json!({
        "query": PART, "reference": PART, "expires": null, "size": 10_600_960_001_u64, "hash": ""
    });
    let part: ResultPart = serde_json::from_value(part).unwrap();
    let error = session.fetch_part(&part, "/nowhere").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert_eq!(script.requests().len(), 0);
}

/// What the service answers about a query that found seven invoices: those parts, or none.
fn found_seven(parts: &serde_json::Value) -> Vec<Step> {
    let status = json!({"processingCode": 200, "numberOfElements": 7, "partList": parts});
    let started = json!({"elementReferenceNumber": ELEMENT});
    vec![Step::answer(200, started.to_string()), Step::answer(200, status.to_string())]
}

async fn exported(steps: Vec<Step>) -> ErrorKind {
    let (session, _) = plain_session(steps);
    let folder = tempfile::tempdir().unwrap();
    let invoices = session.export_invoices(criteria(), ExportOptions::new(folder.path()));
    invoices.try_collect::<Vec<_>>().await.unwrap_err().kind()
}

#[tokio::test(start_paused = true)]
async fn an_export_does_not_end_before_all_that_was_found_has_come() {
    assert_eq!(exported(found_seven(&json!(null))).await, ErrorKind::Unreadable);
    let empty = [b"PK\x05\x06".as_slice(), &[0; 18]].concat();
    let hash = STANDARD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &empty));
    let part = json!([{
        "partReferenceNumber": PART, "partNumber": 0,
        "plainPartHash": {"fileSize": empty.len(), "hashSHA": {"value": hash}},
    }]);
    let mut steps = found_seven(&part);
    steps.push(Step::answer(200, empty));
    assert_eq!(exported(steps).await, ErrorKind::Unreadable);
}
