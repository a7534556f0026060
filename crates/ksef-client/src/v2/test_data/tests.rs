//! Requests and answers as bytes.

use chrono::{DateTime, NaiveDate, Utc};
use common_core::ident::{Nip, Pesel};
use common_http::Endpoint;
use ksef_crypto::number::{CertificateSerial, ContextIdentifier};
use serde_json::json;

use super::*;
use crate::v2::{
    KsefV2,
    client::testing::{bare, body_of, example, post, read, refused, shown},
    wire,
};

fn nip(text: &str) -> Nip {
    Nip::parse(text).unwrap()
}

fn time() -> DateTime<Utc> {
    "2025-08-25T14:15:22Z".parse().unwrap()
}

fn context() -> ContextIdentifier {
    ContextIdentifier::parse("Nip", "1111111111").unwrap()
}

/// A request is the contract's own example of it, if that is at hand; times are compared as such.
fn is_the_example(endpoint: &impl Endpoint<Api = KsefV2>, operation: &str) {
    if let Some(mut expected) = example(operation, "request") {
        if let Some(time) = expected.get_mut("createdDate") {
            *time = json!(time.as_str().unwrap().replace("+00:00", "Z"));
        }
        assert_eq!(body_of(endpoint), expected);
    }
}

#[test]
fn a_taxpayer_is_created_as_in_the_example() {
    let kind = wire::SubjectType::EnforcementAuthority;
    let create = CreateSubject::new(nip("7762811692"), kind, "Centrala").created(time());
    is_the_example(&create, "POST /testdata/subject");
    let group = CreateSubject::new(nip("1111111111"), wire::SubjectType::VatGroup, "invented");
    let group = group.subunit(nip("2222222222"), "member");
    let body = r#"{"description":"invented","subjectNip":"1111111111","subjectType":"VatGroup","subunits":[{"description":"member","subjectNip":"2222222222"}]}"#;
    assert_eq!(shown(&group), post("/testdata/subject", body));
    assert_eq!(refused(&group.subunit(nip("3333333333"), "x")), "subunits.description");
    assert_eq!(refused(&CreateSubject::new(nip("1111111111"), kind, "x")), "description");
}

#[test]
fn a_taxpayer_is_removed_as_in_the_example() {
    is_the_example(&RemoveSubject(nip("7762811692")), "POST /testdata/subject/remove");
    let body = r#"{"subjectNip":"1111111111"}"#;
    assert_eq!(shown(&RemoveSubject(nip("1111111111"))), post("/testdata/subject/remove", body));
}

#[test]
fn a_person_is_created_as_in_the_example() {
    let person = || {
        CreatePerson::new(nip("7762811692"), Pesel::parse("15062788702").unwrap(), "TestPerson_01")
    };
    is_the_example(&person().bailiff().created(time()), "POST /testdata/person");
    let body = body_of(&person().deceased());
    assert_eq!((&body["isBailiff"], &body["isDeceased"]), (&json!(false), &json!(true)));
    let nameless = CreatePerson::new(nip("1111111111"), Pesel::parse("15062788702").unwrap(), "x");
    assert_eq!(refused(&nameless), "description");
}

#[test]
fn a_person_is_removed_as_in_the_example() {
    is_the_example(&RemovePerson(nip("7762811692")), "POST /testdata/person/remove");
    let body = r#"{"nip":"1111111111"}"#;
    assert_eq!(shown(&RemovePerson(nip("1111111111"))), post("/testdata/person/remove", body));
}

#[test]
fn permissions_are_given_and_taken_as_in_the_example() {
    let grant = GrantPermissions::new(nip("7762811692"), nip("7762811692"));
    assert_eq!(refused(&grant), "permissions");
    let grant = grant.permission(wire::TestDataPermissionType::InvoiceRead, "Opis testowy");
    is_the_example(&grant, "POST /testdata/permissions");
    assert_eq!(
        refused(&grant.permission(wire::TestDataPermissionType::InvoiceRead, "x")),
        "permissions.description"
    );
    let revoke = RevokePermissions::new(nip("5265877635"), nip("7762811692"));
    is_the_example(&revoke, "POST /testdata/permissions/revoke");
    let person = Pesel::parse("15062788702").unwrap();
    let body = r#"{"authorizedIdentifier":{"type":"Pesel","value":"15062788702"},"contextIdentifier":{"type":"Nip","value":"1111111111"}}"#;
    let revoke = RevokePermissions::new(nip("1111111111"), person);
    assert_eq!(shown(&revoke), post("/testdata/permissions/revoke", body));
}

#[test]
fn attachments_are_allowed_and_forbidden_as_in_the_example() {
    is_the_example(&AllowAttachments(nip("7762811692")), "POST /testdata/attachment");
    let forbid = ForbidAttachments::new(nip("7762811692"));
    is_the_example(&forbid, "POST /testdata/attachment/revoke");
    let body = r#"{"expectedEndDate":"2026-04-01","nip":"7762811692"}"#;
    let forbid = forbid.end(NaiveDate::from_ymd_opt(2026, 4, 1).unwrap());
    assert_eq!(shown(&forbid), post("/testdata/attachment/revoke", body));
    let body = r#"{"nip":"1111111111"}"#;
    assert_eq!(shown(&AllowAttachments(nip("1111111111"))), post("/testdata/attachment", body));
}

#[test]
fn a_context_is_blocked_and_unblocked() {
    let body = r#"{"contextIdentifier":{"type":"Nip","value":"1111111111"}}"#;
    assert_eq!(shown(&BlockContext(context())), post("/testdata/context/block", body));
    assert_eq!(shown(&UnblockContext(context())), post("/testdata/context/unblock", body));
}

#[test]
fn a_certificate_ends_earlier() {
    let serial = CertificateSerial::parse("01F20A5D352AE590").unwrap();
    let update = UpdateCertificate::new(serial, time());
    let body = r#"{"validTo":"2025-08-25T14:15:22Z"}"#;
    let expected = post("/testdata/certificates/01F20A5D352AE590", body).replace("POST", "PUT");
    assert_eq!(shown(&update), expected);
}

#[test]
fn limits_of_sessions_are_set_within_their_bounds_and_reset() {
    let limits = SessionLimits { invoice_size: 5, invoice_with_attachment_size: 10, invoices: 7 };
    let set = SetSessionLimits { online: limits, batch: limits, paid_together: 2 };
    let body = r#"{"batchSession":{"maxInvoiceSizeInMB":5,"maxInvoiceWithAttachmentSizeInMB":10,"maxInvoices":7},"collectiveIdentifier":{"maxInvoices":2},"onlineSession":{"maxInvoiceSizeInMB":5,"maxInvoiceWithAttachmentSizeInMB":10,"maxInvoices":7}}"#;
    let path = "/testdata/limits/context/session";
    assert_eq!(shown(&set), post(path, body));
    let of = |online| SetSessionLimits { online, ..set };
    assert_eq!(refused(&of(SessionLimits { invoice_size: 6, ..limits })), "maxInvoiceSizeInMB");
    let large = SessionLimits { invoice_with_attachment_size: 11, ..limits };
    assert_eq!(refused(&of(large)), "maxInvoiceWithAttachmentSizeInMB");
    assert_eq!(refused(&of(SessionLimits { invoices: 100_001, ..limits })), "maxInvoices");
    let alone = SetSessionLimits { paid_together: 1, ..set };
    assert_eq!(refused(&alone), "collectiveIdentifier.maxInvoices");
    assert_eq!(shown(&ResetSessionLimits), bare("DELETE", path));
}

#[test]
fn limits_of_certificates_are_set_and_reset() {
    let path = "/testdata/limits/subject/certificate";
    assert_eq!(shown(&SetCertificateLimits::new()), post(path, "{}"));
    let set = SetCertificateLimits::new()
        .subject(wire::SubjectIdentifierType::Nip)
        .enrollments(3)
        .certificates(2);
    let body = json!({
        "subjectIdentifierType": "Nip",
        "enrollment": {"maxEnrollments": 3},
        "certificate": {"maxCertificates": 2}
    });
    assert_eq!(body_of(&set), body);
    assert_eq!(shown(&ResetCertificateLimits), bare("DELETE", path));
}

#[test]
fn limits_of_calls_are_set_and_reset() {
    let mut set = SetRateLimits::all(&wire::ApiRateLimitValuesOverride::new(300, 20, 1));
    set.0.other = wire::ApiRateLimitValuesOverride::new(4, 3, 2);
    let limits = body_of(&set)["rateLimits"].clone();
    assert_eq!(limits.as_object().unwrap().len(), 13);
    assert_eq!(limits["other"], json!({"perHour": 4, "perMinute": 3, "perSecond": 2}));
    assert_eq!(limits["invoiceSend"], json!({"perHour": 300, "perMinute": 20, "perSecond": 1}));
    assert_eq!(shown(&ResetRateLimits), bare("DELETE", "/testdata/rate-limits"));
    let production = bare("POST", "/testdata/rate-limits/production");
    assert_eq!(shown(&UseProductionRateLimits), production);
}

#[test]
fn answers_say_nothing_and_whatever_they_hold_is_left_alone() {
    fn check<E: Endpoint<Api = KsefV2, Response = ()>>() {
        read::<E>("").unwrap();
        read::<E>("{}").unwrap();
    }
    check::<CreateSubject>();
    check::<RemoveSubject>();
    check::<CreatePerson>();
    check::<RemovePerson>();
    check::<GrantPermissions>();
    check::<RevokePermissions>();
    check::<AllowAttachments>();
    check::<ForbidAttachments>();
    check::<BlockContext>();
    check::<UnblockContext>();
    check::<UpdateCertificate>();
    check::<SetSessionLimits>();
    check::<ResetSessionLimits>();
    check::<SetCertificateLimits>();
    check::<ResetCertificateLimits>();
    check::<SetRateLimits>();
    check::<ResetRateLimits>();
    check::<UseProductionRateLimits>();
}
