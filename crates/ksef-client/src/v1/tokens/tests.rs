//! Requests and answers as bytes.

use common_core::secret::ExposeSecret;

use super::*;
use crate::v1::client::testing::{ELEMENT, post, read, refused, shown};

fn role(description: &str) -> wire::TokenRole {
    wire::TokenRole::new(description, wire::Role::InvoiceWrite)
}

#[test]
fn a_new_token_has_a_description_and_roles() {
    let body = r#"{"generateToken":{"credentialsRoleList":[{"roleDescription":"wystawianie","roleType":"invoice_write"}],"description":"program"}}"#;
    let generate = Generate::new("program", [role("wystawianie")]);
    assert_eq!(shown(&generate), post("/online/Credentials/GenerateToken", body));
    assert_eq!(refused(&Generate::new("prog", [role("wystawianie")])), "description");
    assert_eq!(refused(&Generate::new("program", [])), "credentialsRoleList");
    let many = std::iter::repeat_n(role("wystawianie"), 7);
    assert_eq!(refused(&Generate::new("program", many)), "credentialsRoleList");
    assert_eq!(refused(&Generate::new("program", [role("x")])), "roleDescription");
}

#[test]
fn a_new_token_is_read_and_shows_nowhere() {
    let body =
        format!(r#"{{"authorisationToken":"canary-token","elementReferenceNumber":"{ELEMENT}"}}"#);
    let answer = read::<Generate>(&body).unwrap();
    assert!(!format!("{answer:?}").contains("canary"));
    assert_eq!(answer.authorisation_token.secret().expose_secret(), "canary-token");
    assert!(read::<Generate>("{}").is_err());
}

#[test]
fn a_token_is_revoked_in_version_2_of_request_and_answer() {
    let revoke = Revoke(ELEMENT.parse().unwrap());
    let line = "POST https://ksef.example.test/api/online/Credentials/RevokeToken";
    let v2 = "application/vnd.v2+json";
    let body = format!(r#"{{"revokeToken":{{"tokenNumber":"{ELEMENT}"}}}}"#);
    assert_eq!(shown(&revoke), format!("{line}\naccept: {v2}\ncontent-type: {v2}\n{body}"));
}

#[test]
fn a_revocation_answers_its_element() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}"}}"#);
    let answer = read::<Revoke>(&body).unwrap();
    assert_eq!(answer.element_reference_number.as_deref(), Some(ELEMENT));
    assert!(read::<Revoke>("").is_err());
}

#[test]
fn the_first_version_names_whose_token_it_is() {
    let source = || wire::GranteeIdentifier::Fingerprint("AB".repeat(32));
    let body = format!(
        r#"{{"revokeToken":{{"sourceTokenIdentifier":{{"type":"fingerprint","identifier":"{}"}},"tokenNumber":"7"}}}}"#,
        "AB".repeat(32)
    );
    let revoke = RevokeV1::new("7", source());
    assert_eq!(shown(&revoke), post("/online/Credentials/RevokeToken", &body));
    assert_eq!(refused(&RevokeV1::new("", source())), "tokenNumber");
}

#[test]
fn the_first_version_answers_as_other_changes_do() {
    assert_eq!(read::<RevokeV1>(r#"{"processingCode":100}"#).unwrap().processing_code, 100);
}
