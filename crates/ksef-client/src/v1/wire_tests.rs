//! The generated wire types against bodies as they were seen, and against what nobody has seen yet.

use chrono::{DateTime, Utc};
use common_core::{open::Open, secret::ExposeSecret};
use proptest::prelude::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::{operations, wire::*};

fn read<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_str(&value.to_string()).unwrap()
}

fn written(value: &impl Serialize) -> Value {
    serde_json::from_str(&serde_json::to_string(value).unwrap()).unwrap()
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_request_is_written_as_the_contract_has_it() {
    let hash = ShaHash::new("SHA-256", "Base64", "A".repeat(44));
    let payload = InvoicePayload::Plain("PFhtbC8+".to_owned());
    let request = SendInvoiceRequest::new(InvoiceHash::new(6, hash), payload);
    let expected = json!({
        "invoiceHash": {
            "fileSize": 6,
            "hashSHA": {"algorithm": "SHA-256", "encoding": "Base64", "value": "A".repeat(44)}
        },
        "invoicePayload": {"type": "plain", "invoiceBody": "PFhtbC8+"}
    });
    assert_eq!(written(&request), expected);
}

#[test]
fn what_was_not_set_is_not_written() {
    let criteria = QueryCriteriaInvoiceIncremental::new(
        time("2023-10-01T00:00:00Z"),
        time("2023-10-02T00:00:00Z"),
        SubjectRole::Subject2,
    );
    let request = QueryInvoiceRequestV2::new(QueryCriteriaInvoiceV2::Incremental(criteria));
    let expected = json!({"queryCriteria": {
        "type": "incremental",
        "acquisitionTimestampThresholdFrom": "2023-10-01T00:00:00Z",
        "acquisitionTimestampThresholdTo": "2023-10-02T00:00:00Z",
        "subjectType": "subject2"
    }});
    assert_eq!(written(&request), expected);
}

#[test]
fn the_session_is_read_with_roles_that_its_version_does_not_know() {
    let answer: InitSessionResponseV2 = read(&json!({
        "timestamp": "2023-10-01T12:13:14Z",
        "referenceNumber": "20231001-SE-0000000001-0000000002-AB",
        "authenticationIdentifiers": [{"type": "onip", "identifier": "1111111111"}, {"type": "new", "identifier": "1"}],
        "sessionToken": {"token": "canary", "context": {
            "contextIdentifier": {"type": "onip", "identifier": "1111111111"},
            "contextName": {"type": "fn", "tradeName": null, "fullName": "Example Ltd"},
            "credentialsRoleList": [
                {"type": "standard_plain", "roleType": "owner", "roleDescription": "system"},
                {"type": "granted", "roleType": "self_invoicing", "roleGrantorIdentifier": {"type": "onip", "identifier": "1111111111"}}
            ]
        }}
    }));
    assert!(!format!("{answer:?}").contains("canary"));
    assert_eq!(answer.session_token.token.secret().expose_secret(), "canary");
    assert_eq!(answer.authentication_identifiers[1].kind, Some(Open::Unknown("new".to_owned())));
    let context = answer.session_token.context.unwrap();
    assert_eq!(
        context.context_identifier,
        Some(SubjectIdentifierBy::Company("1111111111".to_owned()))
    );
    let [SessionRoleV2::Unknown(plain), SessionRoleV2::Granted(granted)] =
        context.credentials_role_list.as_slice()
    else {
        panic!("{:?}", context.credentials_role_list)
    };
    assert_eq!(plain.tag(), Some("standard_plain"));
    assert_eq!(granted.role_type, Some(Open::Known(Role::SelfInvoicing)));
    let grantor = granted.role_grantor_identifier.as_ref().unwrap();
    assert_eq!(grantor.identifier.as_deref(), Some("1111111111"));
}

#[test]
fn an_answer_without_anything_but_the_needed_is_read() {
    let answer: StatusInvoiceResponse = read(&json!({"processingCode": 100}));
    assert_eq!((answer.processing_code, answer.invoice_status), (100, None));
    let header: InvoiceHeader = read(&json!({"subjectToKList": null, "gross": "-1.10"}));
    assert_eq!(header.gross.unwrap().to_string(), "-1.10");
    assert_eq!(header.subject_to_k_list, []);
    let listed: ListedKsefNumber = read(&json!({"isSubject": 1}));
    assert_eq!(listed.is_subject, Some(true));
}

#[test]
fn both_shapes_of_the_visibility_are_read() {
    let inner = json!({"ksefReferenceNumber": "N", "isHidden": true});
    let flat: VisibilityInvoiceGetResponse = read(&inner);
    assert_eq!(flat.is_hidden, Some(true));
    let wrapped: VisibilityInvoiceGetResponse =
        read(&json!({"visibilityInvoiceGetResponseType": inner}));
    assert_eq!(wrapped.visibility_invoice_get_response_type.unwrap().is_hidden, Some(true));
}

#[test]
fn the_table_holds_all_operations_once_and_marks_the_unpublished() {
    assert_eq!(operations::ALL.len(), 58);
    assert_eq!(operations::ALL.iter().filter(|operation| !operation.is_verified).count(), 8);
    let mut names: Vec<_> = operations::ALL.iter().map(|operation| operation.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), operations::ALL.len());
}

proptest! {
    #[test]
    fn an_unknown_value_of_an_enumeration_is_written_back(role in "[a-z_]{1,20}") {
        let value = json!({"roleType": role, "roleDescription": "some words"});
        let read: DescribedRole = read(&value);
        prop_assert_eq!(written(&read), value);
    }

    #[test]
    fn an_unknown_variant_of_a_union_is_written_back(
        tag in "[a-zA-Z]{1,12}",
        number in any::<i64>(),
        text in "[^\u{0}]{0,20}",
    ) {
        prop_assume!(!["onip", "vatUE", "other", "none"].contains(&tag.as_str()));
        let value = json!({"issuedToIdentifier": {"type": tag, "number": number, "text": text}});
        let read: SubjectTo = read(&value);
        prop_assert_eq!(written(&read), value);
    }

    #[test]
    fn unknown_fields_cost_nothing(name in "[a-z]{20}", code in 100_u32..999) {
        let value = json!({"processingCode": code, (name): {"deep": [1, null]}});
        prop_assert_eq!(read::<StatusResponse>(&value).processing_code, code);
    }
}
