//! Requests and answers as bytes.

use serde_json::json;

use super::*;
use crate::v1::client::testing::{ELEMENT, get, post, read, refused, shown};

const ROLE: &str = r#"{"roleDescription":"obsługa","roleType":"invoice_read"}"#;

fn company() -> wire::GranteeIdentifier {
    wire::GranteeIdentifier::Company("1111111111".to_owned())
}

fn described(description: &str) -> wire::DescribedRole {
    wire::DescribedRole::new(description, wire::Role::InvoiceRead)
}

/// The answer of every change.
fn changed<E>() -> wire::StatusCredentialsResponse
where
    E: common_http::Endpoint<Api = crate::v1::KsefV1, Response = wire::StatusCredentialsResponse>,
{
    let body = format!(
        r#"{{"timestamp":"2024-04-01T10:00:00Z","processingCode":100,"elementReferenceNumber":"{ELEMENT}"}}"#
    );
    read::<E>(&body).unwrap()
}

#[test]
fn a_grant_carries_identifier_and_described_roles() {
    let body = format!(
        r#"{{"grantCredentials":{{"credentialsIdentifier":{{"type":"onip","identifier":"1111111111"}},"credentialsRoleList":[{ROLE}]}}}}"#
    );
    let grant = Grant::new(company(), [described("obsługa")]);
    assert_eq!(shown(&grant), post("/online/Credentials/Grant", &body));
    assert_eq!(refused(&Grant::new(company(), [])), "credentialsRoleList");
    let many = std::iter::repeat_n(described("obsługa"), 11);
    assert_eq!(refused(&Grant::new(company(), many)), "credentialsRoleList");
    assert_eq!(refused(&Grant::new(company(), [described("krót")])), "roleDescription");
}

#[test]
fn a_grant_answers_its_element() {
    assert_eq!(changed::<Grant>().element_reference_number.as_deref(), Some(ELEMENT));
    assert!(read::<Grant>("[]").is_err());
}

#[test]
fn a_revocation_carries_identifier_and_roles() {
    let body = r#"{"revokeCredentials":{"credentialsIdentifier":{"type":"peppolId","identifier":"PPL000001"},"credentialsRoleList":[{"roleType":"invoice_write"}]}}"#;
    let provider = wire::GranteeIdentifier::Peppol("PPL000001".to_owned());
    let revoke = Revoke::new(provider, [wire::StandardRole::new(wire::Role::InvoiceWrite)]);
    assert_eq!(shown(&revoke), post("/online/Credentials/Revoke", body));
    assert_eq!(refused(&Revoke::new(company(), [])), "credentialsRoleList");
}

#[test]
fn a_revocation_answers_its_element() {
    assert_eq!(changed::<Revoke>().processing_code, 100);
}

#[test]
fn a_grant_in_a_context_carries_both_identifiers() {
    let body = r#"{"grantContextCredentials":{"contextIdentifier":{"type":"int","identifier":"1111111111-12346"},"credentialsIdentifier":{"type":"pesel","identifier":"44051401359"},"credentialsRole":{"roleDescription":"administrator","roleType":"credentials_manage"}}}"#;
    let unit = || wire::ContextIdentifier::Internal("1111111111-12346".to_owned());
    let person = || wire::PersonIdentifier::Pesel("44051401359".to_owned());
    let role =
        |description| wire::DescribedContextRole::new(description, wire::Role::CredentialsManage);
    let grant = ContextGrant::new(unit(), person(), role("administrator"));
    assert_eq!(shown(&grant), post("/online/Credentials/ContextGrant", body));
    assert_eq!(refused(&ContextGrant::new(unit(), person(), role(""))), "roleDescription");
}

#[test]
fn a_grant_in_a_context_answers_its_element() {
    assert_eq!(changed::<ContextGrant>().element_reference_number.as_deref(), Some(ELEMENT));
}

#[test]
fn a_revocation_in_a_context_carries_both_identifiers() {
    let body = r#"{"revokeContextCredentials":{"contextIdentifier":{"type":"onip","identifier":"1111111111"},"credentialsIdentifier":{"type":"nip","identifier":"2222222222"},"credentialsRole":{"roleType":"vat_ue_manage"}}}"#;
    let revoke = ContextRevoke::new(
        wire::ContextIdentifier::Company("1111111111".to_owned()),
        wire::PersonIdentifier::PersonNip("2222222222".to_owned()),
        wire::ContextRole::new(wire::Role::VatUeManage),
    );
    assert_eq!(shown(&revoke), post("/online/Credentials/ContextRevoke", body));
}

#[test]
fn a_revocation_in_a_context_answers_its_element() {
    assert_eq!(changed::<ContextRevoke>().element_reference_number.as_deref(), Some(ELEMENT));
}

fn accounting_body(verb: &str, partner: &str) -> String {
    format!(
        r#"{{"{verb}":{{"credentialsRoleList":[{ROLE}],"partnerCredentialIdentifier":{partner},"targetCredentialIdentifier":{{"type":"onip","identifier":"1111111111"}}}}}}"#
    )
}

fn accounting_role() -> wire::AccountingRole {
    wire::AccountingRole::new("obsługa", wire::Role::InvoiceRead)
}

#[test]
fn an_accounting_grant_may_be_for_all_partners() {
    let grant =
        AccountingGrant::new(wire::PartnerIdentifier::AllPartners, company(), [accounting_role()]);
    let body = accounting_body("grantCredentials", r#"{"type":"allPartners"}"#);
    assert_eq!(shown(&grant), post("/online/Credentials/AccountingGrant", &body));
    let roles = std::iter::repeat_n(accounting_role(), 3);
    let many = AccountingGrant::new(wire::PartnerIdentifier::AllPartners, company(), roles);
    assert_eq!(refused(&many), "credentialsRoleList");
}

#[test]
fn an_accounting_grant_answers_its_element() {
    assert_eq!(changed::<AccountingGrant>().element_reference_number.as_deref(), Some(ELEMENT));
}

#[test]
fn an_accounting_revocation_names_one_partner() {
    let partner = wire::PartnerIdentifier::Company("2222222222".to_owned());
    let revoke = AccountingRevoke::new(partner, company(), [accounting_role()]);
    let partner = r#"{"type":"onip","identifier":"2222222222"}"#;
    let body = accounting_body("revokeCredentials", partner);
    assert_eq!(shown(&revoke), post("/online/Credentials/AccountingRevoke", &body));
}

#[test]
fn an_accounting_revocation_answers_its_element() {
    assert_eq!(changed::<AccountingRevoke>().element_reference_number.as_deref(), Some(ELEMENT));
}

#[test]
fn the_status_of_a_change_is_asked_by_its_element() {
    let path = format!("/online/Credentials/Status/{ELEMENT}");
    assert_eq!(shown(&Status(ELEMENT.parse().unwrap())), get(&path));
}

#[test]
fn the_status_of_a_change_is_read() {
    assert_eq!(changed::<Status>().processing_code, 100);
    assert!(read::<Status>(r#"{"processingDescription":"x"}"#).is_err());
}

#[test]
fn a_thumbprint_is_asked_with_the_certificate_as_it_is() {
    let text = shown(&Thumbprint::new("-----BEGIN CERTIFICATE-----"));
    let line = "POST https://ksef.example.test/api/online/Credentials/GetThumbprint";
    let headers = "accept: application/json\ncontent-type: application/octet-stream";
    assert_eq!(text, format!("{line}\n{headers}\n-----BEGIN CERTIFICATE-----"));
}

#[test]
fn a_thumbprint_is_given_as_it_comes() {
    let answer = read::<Thumbprint>(r#"{"whatever":["x"]}"#).unwrap();
    assert_eq!(answer, json!({"whatever": ["x"]}));
    assert!(read::<Thumbprint>("<html>").is_err());
}
