//! Requests and answers as bytes.

use common_core::{
    ident::{Nip, Pesel},
    open::Open,
};
use common_http::{Endpoint, Paged};
use ksef_crypto::number::{InternalId, NipVatUe, PeppolId};
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    KsefV2,
    client::testing::{bare, body_of, example, post, read, read_example, refused, shown},
    permissions::{Entity, Fingerprint, Identifier, Target, Unit},
    wire,
};

fn nip(text: &str) -> Nip {
    Nip::parse(text).unwrap()
}

fn unit() -> Unit {
    InternalId::parse("7762811692-12345").unwrap().into()
}

/// A query is the contract's own example of it, if that is at hand.
fn is_the_example(query: &impl Endpoint<Api = KsefV2>, path: &str) {
    if let Some(expected) = example(&format!("POST {path}"), "request") {
        assert_eq!(body_of(query), expected);
    }
}

/// The example of an answer has that many rows and is the last page.
fn reads_the_example<E: Paged<Api = KsefV2>>(query: &E, rows: usize) {
    if let Some(page) = read_example::<E>("200") {
        assert!(query.next(&page).is_none());
        assert_eq!(E::items(page).len(), rows);
    }
}

#[test]
fn ones_own_permissions_are_asked_for_as_in_the_example() {
    let query = Personal::new()
        .context(&nip("3568707925").into())
        .permissions([wire::PersonalPermissionType::InvoiceWrite])
        .state(wire::PermissionState::Active);
    is_the_example(&query, "/permissions/query/personal/grants");
    let path = "/permissions/query/personal/grants?pageOffset=2&pageSize=10";
    assert_eq!(shown(&Personal::new().page_index(2).page_size(10)), post(path, "{}"));
    let target = body_of(&Personal::new().target(&Target::AllPartners))["targetIdentifier"].clone();
    assert_eq!(target, json!({"type": "AllPartners"}));
    assert_eq!(refused(&Personal::new().page_size(101)), "pageSize");
}

#[test]
fn ones_own_permissions_are_read_with_those_of_an_owner_and_pages_follow() {
    reads_the_example(&Personal::new(), 1);
    let page = r#"{"hasMore":true,"ownerPermissions":["InvoiceRead","Future"],"permissions":[{"id":"x"}]}"#;
    let page = read::<Personal>(page).unwrap();
    assert_eq!(page.owner_permissions[1], Open::Unknown("Future".to_owned()));
    let query = Personal::new().page_size(10);
    assert_eq!(query.next(&page), Some(query.clone().page_index(1)));
    assert_eq!(Personal::items(page).len(), 1);
    let none = read::<Personal>(r#"{"hasMore":false,"permissions":null}"#).unwrap();
    assert!(query.next(&none).is_none() && Personal::items(none).is_empty());
}

#[test]
fn permissions_of_people_are_asked_for_as_in_the_example() {
    use wire::PersonPermissionType::{CredentialsManage, CredentialsRead, InvoiceWrite};

    let query = Persons::in_context()
        .author(&Author::Subject(nip("7762811692").into()))
        .permissions([CredentialsManage, CredentialsRead, InvoiceWrite])
        .state(wire::PermissionState::Active);
    is_the_example(&query, "/permissions/query/persons/grants");
    let query = Persons::granted_in_context()
        .author(&Author::System)
        .subject(&Identifier::Pesel(Pesel::parse("15062788702").unwrap()))
        .context(&unit())
        .target(&Target::Partner(nip("1111111111").into()));
    let expected = json!({
        "authorIdentifier": {"type": "System"},
        "authorizedIdentifier": {"type": "Pesel", "value": "15062788702"},
        "contextIdentifier": {"type": "InternalId", "value": "7762811692-12345"},
        "targetIdentifier": {"type": "Nip", "value": "1111111111"},
        "queryType": "PermissionsGrantedInCurrentContext"
    });
    assert_eq!(body_of(&query), expected);
}

#[test]
fn permissions_of_people_are_read() {
    reads_the_example(&Persons::in_context(), 1);
    let page = r#"{"hasMore":false,"permissions":[{"id":"x","permissionScope":"Future","authorIdentifier":{"type":"System"}}]}"#;
    let rows = Persons::items(read::<Persons>(page).unwrap());
    assert_eq!(rows[0].permission_scope, Some(Open::Unknown("Future".to_owned())));
    assert_eq!(rows[0].author_identifier.as_ref().unwrap().value, None);
}

#[test]
fn administrators_of_subunits_are_asked_for_as_in_the_example() {
    let query = Subunits::new().subunit(&unit());
    is_the_example(&query, "/permissions/query/subunits/grants");
    let path = "/permissions/query/subunits/grants?pageOffset=0&pageSize=100";
    assert_eq!(shown(&Subunits::new()), post(path, "{}"));
}

#[test]
fn administrators_of_subunits_are_read() {
    reads_the_example(&Subunits::new(), 1);
    let page = read::<Subunits>(r#"{"permissions":[{"subunitName":"x"}],"hasMore":true}"#).unwrap();
    assert_eq!(page.permissions[0].subunit_name.as_deref(), Some("x"));
    assert!(Subunits::new().next(&page).is_some());
}

#[test]
fn permissions_of_entities_are_asked_for_as_in_the_example() {
    let query = Entities::new().context(&nip("3568707925").into());
    is_the_example(&query, "/permissions/query/entities/grants");
    assert_eq!(refused(&Entities::new().page_size(9)), "pageSize");
}

#[test]
fn permissions_of_entities_are_read() {
    reads_the_example(&Entities::new(), 1);
    let page =
        read::<Entities>(r#"{"permissions":[{"canDelegate":true}],"hasMore":false}"#).unwrap();
    assert_eq!(page.permissions[0].can_delegate, Some(true));
}

#[test]
fn roles_are_asked_for() {
    let path = "/permissions/query/entities/roles?pageOffset=0&pageSize=100";
    assert_eq!(shown(&EntityRoles::new()), bare("GET", path));
    let query = SubordinateRoles::new().entity(&nip("7762811692"));
    is_the_example(&query, "/permissions/query/subordinate-entities/roles");
    let path = "/permissions/query/subordinate-entities/roles?pageOffset=0&pageSize=100";
    assert_eq!(shown(&SubordinateRoles::new()), post(path, "{}"));
}

#[test]
fn roles_are_read() {
    reads_the_example(&EntityRoles::new(), 1);
    reads_the_example(&SubordinateRoles::new(), 1);
    let page =
        read::<EntityRoles>(r#"{"roles":[{"role":"CourtBailiff"}],"hasMore":true}"#).unwrap();
    assert_eq!(EntityRoles::new().next(&page), Some(EntityRoles::new().page_index(1)));
    assert_eq!(EntityRoles::items(page)[0].role, Some(wire::EntityRoleType::CourtBailiff.into()));
    let page = r#"{"roles":[{"role":"VatGroupSubUnit"}],"hasMore":false}"#;
    let page = read::<SubordinateRoles>(page).unwrap();
    assert_eq!(SubordinateRoles::items(page).len(), 1);
}

#[test]
fn authorisations_are_asked_for_as_in_the_example() {
    use wire::InvoicePermissionType::{RrInvoicing, SelfInvoicing, TaxRepresentative};

    let query = Authorizations::granted()
        .authorized(&Entity::Nip(nip("7762811692")))
        .permissions([SelfInvoicing, TaxRepresentative, RrInvoicing]);
    is_the_example(&query, "/permissions/query/authorizations/grants");
    let provider = PeppolId::parse("PPL000001").unwrap();
    let query =
        Authorizations::received().authorizing(&nip("1111111111")).authorized(&provider.into());
    let expected = json!({
        "queryType": "Received",
        "authorizingIdentifier": {"type": "Nip", "value": "1111111111"},
        "authorizedIdentifier": {"type": "PeppolId", "value": "PPL000001"}
    });
    assert_eq!(body_of(&query), expected);
}

#[test]
fn authorisations_are_read() {
    reads_the_example(&Authorizations::granted(), 1);
    let page = r#"{"hasMore":false,"authorizationGrants":[{"authorizationScope":"PefInvoicing"}]}"#;
    let rows = Authorizations::items(read::<Authorizations>(page).unwrap());
    let expected = Some(wire::InvoicePermissionType::PefInvoicing.into());
    assert_eq!(rows[0].authorization_scope, expected);
}

#[test]
fn permissions_of_entities_of_other_countries_are_asked_for() {
    use wire::EuEntityPermissionsQueryPermissionType::{Introspection, VatUeManage};

    let entity = NipVatUe::parse("1111111111-DE123456789").unwrap();
    let fingerprint = Fingerprint::parse(&"0A".repeat(32)).unwrap();
    let query = EuEntities::new().permissions([VatUeManage, Introspection]).entity(&entity);
    // The example's own VAT number has too many digits for the contract's pattern.
    if let Some(mut expected) = example("POST /permissions/query/eu-entities/grants", "request") {
        expected["vatUeIdentifier"] = json!("DE123456789");
        assert_eq!(body_of(&query), expected);
    }
    let body = body_of(&query.subject(&fingerprint));
    assert_eq!(body["authorizedFingerprintIdentifier"], "0A".repeat(32));
    assert_eq!(body_of(&EuEntities::new()), Value::Object(serde_json::Map::new()));
}

#[test]
fn permissions_of_entities_of_other_countries_are_read() {
    reads_the_example(&EuEntities::new(), 1);
    let page = r#"{"permissions":[{"vatUeIdentifier":"DE123456789"}],"hasMore":true}"#;
    let page = read::<EuEntities>(page).unwrap();
    assert!(EuEntities::new().next(&page).is_some());
    assert_eq!(page.permissions[0].vat_ue_identifier.as_deref(), Some("DE123456789"));
}
