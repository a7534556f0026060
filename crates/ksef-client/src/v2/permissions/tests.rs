//! Requests and answers as bytes, and a change from its request to its end.

use std::time::Duration;

use chrono::NaiveDate;
use common_core::{
    ident::{Nip, Pesel},
    poll::PollSchedule,
};
use common_http::{Endpoint, scripted::Step};
use ksef_crypto::number::{InternalId, NipVatUe, PeppolId};
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    ErrorKind, KsefV2,
    catalogue::Process,
    client::testing::{
        account, bare, body_of, example, lines, post, read, read_example, reference, refused, shown,
    },
    status::Class,
    wire,
};

const CHANGE: &str = "20260401-EG-0123456789-ABCDEF0123-4B";
const ID: &str = "00000000-0000-0000-0000-000000000001";

fn nip(text: &str) -> Nip {
    Nip::parse(text).unwrap()
}

fn pesel(text: &str) -> Pesel {
    Pesel::parse(text).unwrap()
}

fn fingerprint() -> Fingerprint {
    Fingerprint::parse(&"0A".repeat(32)).unwrap()
}

fn passport() -> Document {
    Document { kind: "passport".into(), number: "X1".into(), country: "DE".into() }
}

fn born() -> NaiveDate {
    NaiveDate::from_ymd_opt(1990, 2, 3).unwrap()
}

fn person() -> Person {
    Person::new(pesel("15062788702"), "Adam", "Abacki")
}

/// A request is the contract's own example of it, if that is at hand.
fn is_the_example(endpoint: &impl Endpoint<Api = KsefV2>, operation: &str) {
    if let Some(expected) = example(operation, "request") {
        assert_eq!(body_of(endpoint), expected);
    }
}

#[test]
fn a_grant_to_a_person_is_the_contracts_example() {
    use wire::PersonPermissionType::{CredentialsRead, Introspection, InvoiceRead, InvoiceWrite};

    let permissions = [InvoiceRead, InvoiceWrite, Introspection, CredentialsRead];
    let grant = GrantPerson::new(person(), permissions, "Opis uprawnienia");
    is_the_example(&grant, "POST /permissions/persons/grants");
    let grant = GrantPerson::new(person(), [InvoiceRead], "invented");
    let body = r#"{"description":"invented","permissions":["InvoiceRead"],"subjectDetails":{"personById":{"firstName":"Adam","lastName":"Abacki"},"subjectDetailsType":"PersonByIdentifier"},"subjectIdentifier":{"type":"Pesel","value":"15062788702"}}"#;
    assert_eq!(shown(&grant), post("/permissions/persons/grants", body));
    assert_eq!(refused(&GrantPerson::new(person(), [], "invented")), "permissions");
    assert_eq!(refused(&GrantPerson::new(person(), [InvoiceRead], "four")), "description");
}

#[test]
fn the_details_of_a_person_fit_what_they_are_known_by() {
    let body = |person| {
        let grant = GrantPerson::new(person, [wire::PersonPermissionType::InvoiceRead], "invented");
        let body = body_of(&grant);
        (body["subjectIdentifier"]["type"].clone(), body["subjectDetails"].clone())
    };
    let known = Person::with_certificate(fingerprint(), nip("1111111111"), "Jo", "Li");
    let (kind, details) = body(known);
    assert_eq!(kind, "Fingerprint");
    let expected = json!({
        "subjectDetailsType": "PersonByFingerprintWithIdentifier",
        "personByFpWithId":
            {"firstName": "Jo", "lastName": "Li", "identifier": {"type": "Nip", "value": "1111111111"}}
    });
    assert_eq!(details, expected);
    let (kind, details) = body(Person::foreign(fingerprint(), "Jo", "Li", born(), passport()));
    assert_eq!(kind, "Fingerprint");
    let expected = json!({
        "subjectDetailsType": "PersonByFingerprintWithoutIdentifier",
        "personByFpNoId": {"firstName": "Jo", "lastName": "Li", "birthDate": "1990-02-03",
            "idDocument": {"type": "passport", "number": "X1", "country": "DE"}}
    });
    assert_eq!(details, expected);
}

#[test]
fn details_that_do_not_fit_their_fields_are_refused_and_show_nowhere() {
    let of = |person| {
        refused(&GrantPerson::new(person, [wire::PersonPermissionType::InvoiceRead], "invented"))
    };
    assert_eq!(of(Person::new(nip("1111111111"), "J", "Li")), "firstName");
    assert_eq!(of(Person::new(nip("1111111111"), "Jo", "L")), "lastName");
    let document = Document { country: "DEU".into(), ..passport() };
    let foreign = Person::foreign(fingerprint(), "Jo", "Li", born(), document);
    assert_eq!(of(foreign), "idDocument.country");
    let canary = Person::new(pesel("15062788702"), "canary", "canary");
    assert!(!format!("{canary:?}").contains("canary"));
}

#[test]
fn a_grant_to_an_entity_is_the_contracts_example() {
    use wire::EntityPermissionType::{InvoiceRead, InvoiceWrite};

    let grant = GrantEntity::new(nip("7762811692"), "Firma sp. z o.o.", "Opis uprawnienia");
    assert_eq!(refused(&grant), "permissions");
    let grant = grant.delegable_permission(InvoiceRead).delegable_permission(InvoiceWrite);
    is_the_example(&grant, "POST /permissions/entities/grants");
    let kept = GrantEntity::new(nip("1111111111"), "invented", "invented").permission(InvoiceRead);
    assert_eq!(
        body_of(&kept)["permissions"],
        json!([{"type": "InvoiceRead", "canDelegate": false}])
    );
    assert_eq!(refused(&GrantEntity::new(nip("1111111111"), "four", "invented")), "fullName");
}

#[test]
fn an_authorisation_is_the_contracts_example_and_names_the_right_kind_of_entity() {
    let grant = GrantAuthorization::new(
        Authorization::SelfInvoicing(nip("7762811692")),
        "Firma sp. z o.o.",
        "działanie w imieniu 3393244202 w kontekście 7762811692, Firma sp. z o.o.",
    );
    is_the_example(&grant, "POST /permissions/authorizations/grants");
    let of = |authorization| {
        let body = body_of(&GrantAuthorization::new(authorization, "invented", "invented"));
        (body["permission"].clone(), body["subjectIdentifier"].clone())
    };
    let taxpayer = json!({"type": "Nip", "value": "1111111111"});
    let one = || nip("1111111111");
    assert_eq!(
        of(Authorization::FlatRateInvoicing(one())),
        (json!("RRInvoicing"), taxpayer.clone())
    );
    assert_eq!(of(Authorization::TaxRepresentative(one())), (json!("TaxRepresentative"), taxpayer));
    let provider = PeppolId::parse("PPL000001").unwrap();
    let expected = (json!("PefInvoicing"), json!({"type": "PeppolId", "value": "PPL000001"}));
    assert_eq!(of(Authorization::PefInvoicing(provider)), expected);
}

#[test]
fn an_indirect_grant_is_the_contracts_example_and_may_have_any_target() {
    use wire::IndirectPermissionType::{InvoiceRead, InvoiceWrite};

    let person = Person::new(pesel("22271569167"), "Adam", "Abacki");
    let description = "praca dla klienta 5687926712; uprawniony PESEL: 22271569167, Adam Abacki; \
        pośrednik 3936518395";
    let grant = GrantIndirect::new(person, [InvoiceWrite, InvoiceRead], description);
    let grant = grant.target(Target::Partner(nip("5687926712").into()));
    is_the_example(&grant, "POST /permissions/indirect/grants");
    let plain = || GrantIndirect::new(self::person(), [InvoiceRead], "invented");
    let target = |grant: GrantIndirect| body_of(&grant)["targetIdentifier"].clone();
    assert_eq!(target(plain()), Value::Null);
    assert_eq!(target(plain().target(Target::AllPartners)), json!({"type": "AllPartners"}));
    let unit = InternalId::parse("1111111111-00000").unwrap();
    let expected = json!({"type": "InternalId", "value": "1111111111-00000"});
    assert_eq!(target(plain().target(Target::Partner(unit.into()))), expected);
}

#[test]
fn a_grant_for_a_subunit_is_the_contracts_example_and_names_internal_ones() {
    let unit = || InternalId::parse("7762811692-12345").unwrap();
    let subunit = Subunit::Internal(unit(), "Jednostka 014".into());
    let grant = GrantSubunit::new(person(), subunit, "Opis uprawnienia");
    is_the_example(&grant, "POST /permissions/subunits/grants");
    let member = GrantSubunit::new(person(), Subunit::Member(nip("1111111111")), "invented");
    let body = body_of(&member);
    assert_eq!(body["contextIdentifier"], json!({"type": "Nip", "value": "1111111111"}));
    assert_eq!(body["subunitName"], Value::Null);
    let nameless = GrantSubunit::new(person(), Subunit::Internal(unit(), "x".into()), "invented");
    assert_eq!(refused(&nameless), "subunitName");
}

#[test]
fn grants_about_entities_of_other_countries_have_the_shape_of_the_examples() {
    let hash = "CEB3643BAC2C111ADDE971BDA5A80163441867D65389FC0BC0DFF8B4C1CD4E59";
    let subject = EuSubject::person(
        Fingerprint::parse(hash).unwrap(),
        pesel("15062788702"),
        "Adam",
        "Abacki",
    );
    // The example's own VAT number has too many digits for the contract's pattern.
    let context = NipVatUe::parse("7762811692-DE123456789").unwrap();
    let entity = EuEntity::new("Firma G.m.b.H.", "Warszawa ul. Świętokrzyska 4824 00-916 Warszawa");
    let entity = entity.name("Firma G.m.b.H.");
    let grant = GrantEuAdministration::new(subject.clone(), context, entity, "Opis uprawnienia");
    let operation = "POST /permissions/eu-entities/administration/grants";
    if let Some(mut expected) = example(operation, "request") {
        expected["contextIdentifier"]["value"] = json!("7762811692-DE123456789");
        assert_eq!(body_of(&grant), expected);
    }
    let permissions =
        [wire::EuEntityPermissionType::InvoiceRead, wire::EuEntityPermissionType::InvoiceWrite];
    let grant = GrantEuEntity::new(subject, permissions, "Opis uprawnienia");
    is_the_example(&grant, "POST /permissions/eu-entities/grants");
}

#[test]
fn an_entity_of_another_country_is_named_by_name_and_address() {
    let context = NipVatUe::parse("1111111111-DE123456789").unwrap();
    let grant =
        |subject, entity| GrantEuAdministration::new(subject, context.clone(), entity, "invented");
    let seal = EuSubject::entity(fingerprint(), "Invented G.m.b.H.", "Nowhere 1");
    let body = body_of(&grant(seal.clone(), EuEntity::new("Invented G.m.b.H.", "Nowhere 1")));
    assert_eq!(body["euEntityName"], "Invented G.m.b.H., Nowhere 1");
    let expected = json!({
        "subjectDetailsType": "EntityByFingerprint",
        "entityByFp": {"fullName": "Invented G.m.b.H.", "address": "Nowhere 1"}
    });
    assert_eq!(body["subjectDetails"], expected);
    let long = EuEntity::new("Invented G.m.b.H.", "x".repeat(300));
    assert_eq!(refused(&grant(seal.clone(), long.clone())), "euEntityName");
    assert!(
        grant(seal, long.name("Invented")).request(&crate::v2::client::testing::base()).is_ok()
    );
    let foreign = EuSubject::foreign_person(fingerprint(), "Jo", "Li", born(), passport());
    let body = body_of(&grant(foreign, EuEntity::new("Invented", "Nowhere 1")));
    assert_eq!(body["subjectDetails"]["personByFpNoId"]["birthDate"], "1990-02-03");
    assert_eq!(body["subjectIdentifier"]["value"], "0A".repeat(32));
}

#[test]
fn every_grant_and_revocation_answers_the_number_of_a_change() {
    fn check<E>()
    where
        E: Endpoint<Api = KsefV2, Response = wire::PermissionsOperationResponse>,
    {
        let own = read::<E>(format!(r#"{{"referenceNumber":"{CHANGE}","new":1}}"#)).unwrap();
        assert_eq!(own.reference_number, CHANGE);
        assert!(read::<E>("{}").is_err());
        if let Some(answer) = read_example::<E>("202") {
            assert!(answer.reference_number.contains("-EG-"));
        }
    }
    check::<GrantPerson>();
    check::<GrantEntity>();
    check::<GrantAuthorization>();
    check::<GrantIndirect>();
    check::<GrantSubunit>();
    check::<GrantEuAdministration>();
    check::<GrantEuEntity>();
    check::<Revoke>();
    check::<RevokeAuthorization>();
}

#[test]
fn revocations_name_the_permission() {
    let id = || PermissionId::parse(ID).unwrap();
    let common = bare("DELETE", &format!("/permissions/common/grants/{ID}"));
    assert_eq!(shown(&Revoke(id())), common);
    let authorisation = bare("DELETE", &format!("/permissions/authorizations/grants/{ID}"));
    assert_eq!(shown(&RevokeAuthorization(id())), authorisation);
}

#[test]
fn the_status_of_a_change_is_asked_for_and_read() {
    let status = OperationStatus(reference(CHANGE));
    assert_eq!(shown(&status), bare("GET", &format!("/permissions/operations/{CHANGE}")));
    let own = read::<OperationStatus>(r#"{"status":{"code":410,"details":null}}"#).unwrap();
    assert_eq!(own.status.code, 410);
    if let Some(answer) = read_example::<OperationStatus>("200") {
        assert_eq!(answer.status.code, 200);
    }
}

#[test]
fn whether_attachments_are_allowed_is_asked_for_and_read() {
    assert_eq!(shown(&AttachmentStatus), bare("GET", "/permissions/attachments/status"));
    let answer = r#"{"isAttachmentAllowed":false,"revokedDate":"2026-04-01T10:00:00Z"}"#;
    let own = read::<AttachmentStatus>(answer).unwrap();
    assert_eq!((own.is_attachment_allowed, own.revoked_date.is_some()), (Some(false), true));
    assert_eq!(read::<AttachmentStatus>("{}").unwrap().is_attachment_allowed, None);
}

#[test]
fn texts_that_are_no_identifiers_are_refused() {
    assert!(Fingerprint::parse(&"0a".repeat(32)).is_err());
    assert!(Fingerprint::parse(&"0A".repeat(31)).is_err());
    assert!("1".parse::<PermissionId>().is_err());
    let shown = Fingerprint::parse("canary").unwrap_err().to_string();
    assert_eq!(shown, "the text is not 64 hexadecimal digits in upper case");
}

fn told(code: i32) -> Step {
    Step::answer(200, json!({"status": {"code": code, "description": "canary"}}).to_string())
}

fn taken() -> Step {
    Step::answer(202, json!({"referenceNumber": CHANGE}).to_string())
}

#[tokio::test(start_paused = true)]
async fn a_change_is_waited_for_until_it_was_made() {
    let (account, script) = account([taken(), told(100), told(100), told(200)]).await;
    let id = PermissionId::parse(ID).unwrap();
    let change = account.change_permissions(&Revoke(id)).await.unwrap();
    assert_eq!(change.reference().as_str(), CHANGE);
    change.wait(&PollSchedule::default()).await.unwrap();
    let status = format!("GET /v2/permissions/operations/{CHANGE}");
    assert_eq!(lines(&script)[1..], vec![status; 3]);
}

#[tokio::test(start_paused = true)]
async fn a_change_that_failed_says_why_and_one_that_lasts_can_be_taken_up_again() {
    let (account, _) = account([told(440), told(100), told(200)]).await;
    let change = account.permission_change(reference(CHANGE));
    let error = change.wait(&PollSchedule::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed);
    let code = error.status().unwrap().in_process(Process::PermissionOperation);
    assert!(code.meaning().unwrap().contains("together"), "{code:?}");
    assert!(!format!("{error} {error:?}").contains("canary"));
    let once = PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1));
    let error = change.wait(&once.within(Duration::ZERO)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinished);
    assert_eq!(change.poll_once().await.unwrap().class(), Class::Done);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_a_number_is_a_change_that_may_have_been_made() {
    let (account, _) = account([Step::answer(202, r#"{"referenceNumber":"?"}"#)]).await;
    let id = PermissionId::parse(ID).unwrap();
    let error = account.change_permissions(&Revoke(id)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert!(error.may_have_happened());
}
