//! Permissions, tokens, certificates, collective identifiers, limits, and test data.

use chrono::TimeDelta;
use common_core::ident::Pesel;
use common_http::Endpoint;
use ksef_client::v2::{
    Account, KsefV2, certificates, collective_identifiers as collective, limits,
    permission_queries::{
        Authorizations, Entities, EntityRoles, EuEntities, Personal, Persons, SubordinateRoles,
        Subunits,
    },
    permissions::{
        AttachmentStatus, Authorization, GrantAuthorization, GrantEntity, GrantIndirect,
        GrantPerson, GrantSubunit, PermissionId, Revoke, RevokeAuthorization, Subunit,
        Target as Of,
    },
    test_data as data, tokens,
    wire::{
        ApiRateLimitValuesOverride, EntityPermissionType, IndirectPermissionType,
        PermissionsOperationResponse, PersonPermissionType, SubjectType, TestDataPermissionType,
        TokenPermissionType,
    },
};
use ksef_crypto::{
    keys::PrivateKey,
    number::{CollectiveIdentifier, InternalId, KsefNumber},
};

use super::Stage;
use crate::{
    support::{ALFA, BETA},
    v2_support::{account, invoice, nip as context, quick},
    v2_test_data_support::{all, by_certificate, nip, person},
};

/// The PESEL of the certificate `stranger`.
const STRANGER: &str = "00810100026";

async fn changed<E>(account: &Account, change: &E)
where
    E: Endpoint<Api = KsefV2, Response = PermissionsOperationResponse>,
{
    account.change_permissions(change).await.unwrap().wait(&quick()).await.unwrap();
}

/// Every kind of grant but those of foreign buyers, every query, and both revocations.
pub(super) async fn permissions(stage: &Stage) {
    let Stage { sandbox, client } = stage;
    let group = data::CreateSubject::new(nip(ALFA), SubjectType::VatGroup, "zmyślona grupa VAT");
    client.send(&group.subunit(nip(BETA), "zmyślony członek")).await.unwrap();
    let (alfa, beta) = (account(client, sandbox, ALFA), account(client, sandbox, BETA));
    let clerk = || person(STRANGER);
    let read = [PersonPermissionType::InvoiceRead];
    changed(&alfa, &GrantPerson::new(clerk(), read, "odczyt faktur")).await;
    let entity = GrantEntity::new(nip(BETA), "Zmyślona Beta", "obsługa faktur");
    let entity = entity.delegable_permission(EntityPermissionType::InvoiceRead);
    changed(&alfa, &entity).await;
    let kinds = [IndirectPermissionType::InvoiceRead];
    let indirect = GrantIndirect::new(clerk(), kinds, "praca dla klienta");
    changed(&beta, &indirect.target(Of::Partner(nip(ALFA).into()))).await;
    let authorization = Authorization::TaxRepresentative(nip(BETA));
    changed(&alfa, &GrantAuthorization::new(authorization, "Zmyślona Beta", "zastępstwo")).await;
    let unit = InternalId::compose(&nip(ALFA), 7).unwrap();
    let subunit = Subunit::Internal(unit.clone(), "Oddział siódmy".to_owned());
    changed(&alfa, &GrantSubunit::new(clerk(), subunit, "administrator oddziału")).await;

    assert_eq!(all(&alfa, Persons::in_context().subject(&clerk().identifier())).await.len(), 1);
    assert_eq!(all(&beta, Entities::new()).await.len(), 1);
    assert!(!all(&alfa, EntityRoles::new()).await.is_empty());
    assert_eq!(all(&alfa, SubordinateRoles::new().entity(&nip(BETA))).await.len(), 1);
    assert_eq!(all(&alfa, Subunits::new().subunit(&unit.into())).await.len(), 1);
    assert_eq!(all(&alfa, EuEntities::new()).await.len(), 0);
    let own = by_certificate(client, sandbox, "stranger", ALFA).await.unwrap();
    assert!(!all(&own, Personal::new()).await.is_empty());
    assert_eq!(alfa.send(&AttachmentStatus).await.unwrap().is_attachment_allowed, Some(false));

    let given = all(&alfa, Authorizations::granted()).await;
    changed(&alfa, &RevokeAuthorization(given[0].id.as_ref().unwrap().parse().unwrap())).await;
    for row in all(&alfa, Persons::in_context().subject(&clerk().identifier())).await {
        let id: PermissionId = row.id.as_ref().unwrap().parse().unwrap();
        changed(&alfa, &Revoke(id)).await;
    }
    client.send(&data::RemoveSubject(nip(ALFA))).await.unwrap();
}

/// A token and a certificate, each from its making to its end.
pub(super) async fn tokens_and_certificates(stage: &Stage) {
    let Stage { sandbox, client } = stage;
    let owner = by_certificate(client, sandbox, "seal", ALFA).await.unwrap();
    let wanted = tokens::Generate::new([TokenPermissionType::InvoiceRead], "do opowieści");
    let made = owner.generate_token(&wanted).await.unwrap();
    made.token.wait_until_active(&quick()).await.unwrap();
    assert!(!all(&owner, tokens::List::new()).await.is_empty());
    made.token.revoke().await.unwrap();

    assert_eq!(owner.send(&certificates::Limits).await.unwrap().can_request, Some(true));
    let key = PrivateKey::generate_p256().unwrap();
    let wanted = certificates::NewCertificate::offline("Kody 1");
    let enrollment = owner.request_certificate(&wanted, &key).await.unwrap();
    let serial = enrollment.wait(&quick()).await.unwrap();
    let certificate = owner.certificate(&serial).await.unwrap();
    assert_eq!(all(&owner, certificates::List::new()).await.len(), 1);
    let end = certificate.not_after() - TimeDelta::days(100);
    owner.send(&data::UpdateCertificate::new(serial.clone(), end)).await.unwrap();
    owner.send(&certificates::Revoke::new(serial)).await.unwrap();
}

/// Test data, limits, and identifiers of several invoices.
pub(super) async fn invented_subjects(stage: &Stage) {
    let Stage { sandbox, client } = stage;
    let pesel = Pesel::parse(STRANGER).unwrap();
    let bailiff = data::CreatePerson::new(nip(ALFA), pesel, "zmyślona osoba").bailiff();
    client.send(&bailiff).await.unwrap();
    client.send(&data::RemovePerson(nip(ALFA))).await.unwrap();
    let clerk = person(STRANGER).identifier();
    let grant = data::GrantPermissions::new(nip(ALFA), clerk.clone())
        .permission(TestDataPermissionType::InvoiceRead, "odczyt faktur");
    client.send(&grant).await.unwrap();
    client.send(&data::RevokePermissions::new(nip(ALFA), clerk)).await.unwrap();
    client.send(&data::AllowAttachments(nip(ALFA))).await.unwrap();
    client.send(&data::ForbidAttachments::new(nip(ALFA))).await.unwrap();
    client.send(&data::BlockContext(context(ALFA))).await.unwrap();
    client.send(&data::UnblockContext(context(ALFA))).await.unwrap();

    let owner = account(client, sandbox, ALFA);
    let small =
        data::SessionLimits { invoice_size: 2, invoice_with_attachment_size: 4, invoices: 7 };
    let set = data::SetSessionLimits { online: small, batch: small, paid_together: 3 };
    owner.send(&set).await.unwrap();
    let told = owner.send(&limits::Context).await.unwrap();
    assert_eq!(told.batch_session.unwrap().max_invoices, Some(7));
    owner.send(&data::ResetSessionLimits).await.unwrap();
    let certificates = data::SetCertificateLimits::new().certificates(3).enrollments(4);
    owner.send(&certificates).await.unwrap();
    let told = owner.send(&limits::Subject).await.unwrap();
    assert_eq!(told.certificate.unwrap().max_certificates, Some(3));
    owner.send(&data::ResetCertificateLimits).await.unwrap();
    let rates = ApiRateLimitValuesOverride::new(3_000, 2_000, 1_000);
    owner.send(&data::SetRateLimits::all(&rates)).await.unwrap();
    assert!(owner.send(&limits::Rates).await.unwrap().other.is_some());
    owner.send(&data::ResetRateLimits).await.unwrap();
    owner.send(&data::UseProductionRateLimits).await.unwrap();

    let numbers: Vec<KsefNumber> = (0..2)
        .map(|n| {
            let bytes = invoice(ALFA, BETA, &format!("IZ/{n}")).into();
            sandbox.ksef_v2().add_invoice(bytes).unwrap().ksef_number.parse().unwrap()
        })
        .collect();
    let paid = numbers.iter().cloned().map(collective::Invoice::new);
    let made = owner.send(&collective::Generate::new(paid)).await.unwrap();
    let made: CollectiveIdentifier = made.collective_identifier_number.parse().unwrap();
    let now = owner.clock().now();
    let list = collective::List::new(now - TimeDelta::hours(1), now + TimeDelta::hours(1));
    assert_eq!(all(&owner, list).await.len(), 1);
    assert_eq!(all(&owner, collective::ListInvoices::new([made])).await.len(), 2);
    assert_eq!(all(&owner, collective::ListOfInvoice::new(numbers[0].clone())).await.len(), 1);
}
