//! Permissions of KSeF 2.0: given, used, found, and taken back.

use common_http::{Endpoint, Paged};
use ksef_client::v2::{
    Account, ErrorCode, ErrorKind, KsefV2,
    catalogue::Process,
    permission_queries::{Authorizations, Entities, EntityRoles, Personal, Persons, Subunits},
    permissions::{
        Authorization, GrantAuthorization, GrantEntity, GrantIndirect, GrantPerson, GrantSubunit,
        OperationStatus, PermissionId, Revoke, RevokeAuthorization, Subunit, Target,
    },
    test_data::CreateSubject,
    wire::{
        EntityPermissionType, IndirectPermissionType, InvoicePermissionType,
        PermissionsOperationResponse, PersonPermission, PersonPermissionType, SubjectType,
    },
};
use ksef_crypto::number::InternalId;
use sandbox::ksef_v2::Limits;

use crate::{
    support::{ALFA, BETA, SEEDS},
    v2_support::{account, assert_expected, hostile, in_process, over_socket, quick},
    v2_test_data_support::{all, by_certificate, client, nip, person},
};

/// The PESEL of the certificate `stranger`, who has no permissions at first.
const STRANGER: &str = "00810100026";

#[tokio::test]
async fn a_permission_is_given_found_and_taken_back() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = account(&client, &sandbox, ALFA);
    let clerk = person(STRANGER);
    let grant =
        GrantPerson::new(clerk.clone(), [PersonPermissionType::InvoiceRead], "odczyt faktur");
    let change = owner.change_permissions(&grant).await.unwrap();
    // Another process could go on here with the number alone.
    let change = owner.permission_change(change.reference().clone());
    change.wait(&quick()).await.unwrap();

    let query = Persons::in_context().subject(&clerk.identifier()).page_size(10);
    let found = all(&owner, query.clone()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].description.as_deref(), Some("odczyt faktur"));
    let id: PermissionId = found[0].id.as_ref().unwrap().parse().unwrap();
    let change = owner.change_permissions(&Revoke(id)).await.unwrap();
    change.wait(&quick()).await.unwrap();
    assert_eq!(all(&owner, query).await.len(), 0);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_change_that_the_service_refuses_says_why() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = account(&client, &sandbox, ALFA);
    let unknown = PermissionId::parse("00000000-0000-0000-0000-000000000000").unwrap();
    let error = match owner.change_permissions(&Revoke(unknown)).await {
        Ok(change) => change.wait(&quick()).await.unwrap_err(),
        Err(error) => error,
    };
    if let Some(status) = error.status() {
        assert_eq!(error.kind(), ErrorKind::Failed);
        let code = status.in_process(Process::PermissionOperation);
        assert!(code.meaning().is_some() && code.advice().is_some(), "{code:?}");
    } else {
        assert!(error.code().and_then(ErrorCode::meaning).is_some(), "{error:?}");
    }
    let nobody = "20260131-EG-0123456789-ABCDEF0123-4B".parse().unwrap();
    assert!(owner.send(&OperationStatus(nobody)).await.is_err());
}

#[tokio::test]
async fn what_a_partner_gave_is_passed_on_to_a_person() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let (alfa, beta) = (account(&client, &sandbox, ALFA), account(&client, &sandbox, BETA));
    let grant = GrantEntity::new(nip(BETA), "Zmyślona Beta", "obsługa faktur")
        .delegable_permission(EntityPermissionType::InvoiceRead);
    alfa.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();
    let received = all(&beta, Entities::new().page_size(10)).await;
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].can_delegate, Some(true));

    let grant = GrantIndirect::new(
        person(STRANGER),
        [IndirectPermissionType::InvoiceRead],
        "praca dla klienta",
    );
    let grant = grant.target(Target::Partner(nip(ALFA).into()));
    beta.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();
    let clerk = by_certificate(&client, &sandbox, "stranger", ALFA).await.unwrap();
    let own = all(&clerk, Personal::new().page_size(10)).await;
    assert!(!own.is_empty(), "the clerk sees the permission that let the login succeed");
    assert_expected(&sandbox);
}

#[tokio::test]
async fn an_authorisation_is_given_and_taken_back_on_both_sides() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let (alfa, beta) = (account(&client, &sandbox, ALFA), account(&client, &sandbox, BETA));
    let authorization = Authorization::SelfInvoicing(nip(BETA));
    let grant = GrantAuthorization::new(authorization, "Zmyślona Beta", "samofakturowanie");
    alfa.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();
    let kind = [InvoicePermissionType::SelfInvoicing];
    let mine = |query: Authorizations| query.permissions(kind).page_size(10);
    let given = mine(Authorizations::granted()).authorized(&nip(BETA).into());
    let given = all(&alfa, given).await;
    let received = mine(Authorizations::received()).authorizing(&nip(ALFA));
    let received = all(&beta, received).await;
    assert_eq!((given.len(), received.len()), (1, 1));
    assert_eq!(given[0].id, received[0].id);
    let id = given[0].id.as_ref().unwrap().parse().unwrap();
    let change = alfa.change_permissions(&RevokeAuthorization(id)).await.unwrap();
    change.wait(&quick()).await.unwrap();
    assert_eq!(all(&beta, mine(Authorizations::received())).await.len(), 0);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_subunit_gets_an_administrator_of_its_own() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let group = CreateSubject::new(nip(ALFA), SubjectType::VatGroup, "zmyślona grupa VAT");
    client.send(&group.subunit(nip(BETA), "zmyślony członek")).await.unwrap();
    let owner = account(&client, &sandbox, ALFA);
    let roles = all(&owner, EntityRoles::new()).await;
    assert!(!roles.is_empty());
    let unit = InternalId::compose(&nip(ALFA), 7).unwrap();
    let subunit = Subunit::Internal(unit.clone(), "Oddział siódmy".to_owned());
    let grant = GrantSubunit::new(person(STRANGER), subunit, "administrator oddziału");
    owner.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();
    let query = Subunits::new().subunit(&unit.into()).page_size(10);
    let found = all(&owner, query).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].subunit_name.as_deref(), Some("Oddział siódmy"));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn long_lists_come_page_by_page_without_gaps() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().set_limits(Limits::none());
    let client = client(&sandbox);
    let owner = account(&client, &sandbox, ALFA);
    for number in 0..12 {
        let clerk = person(&format!("000101000{number:02}"));
        let permissions = [PersonPermissionType::InvoiceRead, PersonPermissionType::InvoiceWrite];
        let grant = GrantPerson::new(clerk, permissions, format!("osoba numer {number}"));
        owner.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();
    }
    let query = Persons::in_context().page_size(10);
    let first = owner.send(&query).await.unwrap();
    assert_eq!(first.permissions.len(), 10);
    assert!(query.next(&first).is_some());
    let mut ids: Vec<_> =
        all(&owner, query).await.into_iter().filter_map(|found| found.id).collect();
    assert!(ids.len() >= 24);
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_permission_is_given_and_taken_back_whatever_the_weather() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let owner = account(&client, &sandbox, ALFA);
        let clerk = person(STRANGER);
        let permissions = [PersonPermissionType::Introspection];
        let grant = GrantPerson::new(clerk.clone(), permissions, "wgląd w sesje");
        let query = Persons::in_context().subject(&clerk.identifier()).permissions(permissions);
        let found = persistently(&owner, &grant, &query, 1).await;
        let id: PermissionId = found[0].id.as_ref().unwrap().parse().unwrap();
        persistently(&owner, &Revoke(id), &query, 0).await;
    }
}

/// Asks for a change until the list has that many rows. A change whose answer was lost may have
/// been made, so the list decides whether it is asked for again.
async fn persistently<E>(
    owner: &Account,
    change: &E,
    query: &Persons,
    rows: usize,
) -> Vec<PersonPermission>
where
    E: Endpoint<Api = KsefV2, Response = PermissionsOperationResponse>,
{
    for _ in 0..50 {
        match owner.change_permissions(change).await {
            // The service may cancel an operation by itself.
            Ok(change) => match change.wait(&quick()).await {
                Err(error) if error.kind() != ErrorKind::Failed => panic!("{error:?}"),
                _ => {}
            },
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
        let found = all(owner, query.clone()).await;
        if found.len() == rows {
            return found;
        }
    }
    panic!("the change is never made")
}
