//! Logins to every kind of context of KSeF 2.0, and what is done there.

use ksef_client::v2::{
    Account, Client, Error, FormCode,
    login::{Credential, SubjectIdentification},
    permission_queries::{Authorizations, EuEntities},
    permissions::{
        Authorization, Document, EuEntity, EuSubject, Fingerprint, GrantAuthorization,
        GrantEuAdministration, GrantEuEntity, PermissionId, Revoke, RevokeAuthorization,
    },
    sending::{InvoiceState, Outcome},
    tokens,
    wire::{EuEntityPermissionType, EuEntityPermissionsQueryPermissionType, TokenPermissionType},
};
use ksef_crypto::number::{ContextIdentifier, InternalId, NipVatUe, PeppolId};
use sandbox::Sandbox;

use crate::{
    support::{ALFA, BETA},
    v2_forms::pef,
    v2_support::{account, assert_expected, in_process, invoice, quick, signer},
    v2_test_data_support::{all, by_certificate, client, nip},
};

/// The seller together with a buyer from another country.
fn pair() -> NipVatUe {
    NipVatUe::parse(&format!("{ALFA}-DE123456789")).unwrap()
}

fn provider() -> PeppolId {
    PeppolId::parse("PPL000001").unwrap()
}

fn fingerprint(sandbox: &Sandbox, name: &str) -> Fingerprint {
    Fingerprint::parse(&sandbox.ksef_v2().certificate(name).unwrap().fingerprint).unwrap()
}

/// A login to that context by the fingerprint of that certificate.
async fn by_fingerprint(
    client: &Client,
    sandbox: &Sandbox,
    name: &str,
    context: ContextIdentifier,
) -> Result<Account, Error> {
    let login = client.login(context).identify_by(SubjectIdentification::Fingerprint);
    login.by_signature(&signer(sandbox, name)).await?.finish(&quick()).await
}

/// The account of the Peppol provider.
async fn of_provider(client: &Client, sandbox: &Sandbox) -> Account {
    let login = client.login(ContextIdentifier::PeppolId(provider()));
    let started = login.by_signature(&signer(sandbox, "peppol")).await.unwrap();
    started.finish(&quick()).await.unwrap()
}

/// An owner works in a unit, and gives it a token of its own that works there, too.
pub(crate) async fn in_a_unit(sandbox: &Sandbox, client: &Client) {
    let unit = ContextIdentifier::InternalId(InternalId::compose(&nip(ALFA), 7).unwrap());
    let login = client.login(unit.clone()).by_signature(&signer(sandbox, "seal")).await.unwrap();
    let owner = login.finish(&quick()).await.unwrap();
    let permissions = [TokenPermissionType::InvoiceRead, TokenPermissionType::InvoiceWrite];
    let wanted = tokens::Generate::new(permissions, "token oddziału");
    let made = owner.generate_token(&wanted).await.unwrap();
    made.token.wait_until_active(&quick()).await.unwrap();
    let unit = client.account(unit).credential(Credential::token(made.secret)).build();
    let session = unit.online(FormCode::FA_3).open().await.unwrap();
    let bytes = invoice(ALFA, BETA, "ODDZIAŁ/1");
    let sent = session.send(bytes.clone()).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    let InvoiceState::Accepted(accepted) = state else { panic!("{state:?}") };
    let upo = session.confirmation(&accepted.number).await.unwrap().read_upo().unwrap();
    assert!(upo.confirmation_of(&bytes).is_some());
    let closed = session.close().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!(closed.outcome(), Outcome::Processed);
}

/// A foreign buyer gets an administrator, who lets somebody else write invoices; both log in by
/// fingerprints, and are shut out one after the other.
pub(crate) async fn in_a_foreign_buyers_name(sandbox: &Sandbox, client: &Client) {
    let owner = by_certificate(client, sandbox, "seal", ALFA).await.unwrap();
    let context = || ContextIdentifier::NipVatUe(pair());
    let (first, second) = ("person-without-number", "stranger");
    let before = by_fingerprint(client, sandbox, first, context()).await.unwrap_err();
    assert_eq!(before.status().map(|status| status.code), Some(415));

    let paper =
        Document { kind: "passport".into(), number: "X0000001".into(), country: "DE".into() };
    let born = "1990-01-01".parse().unwrap();
    let person = fingerprint(sandbox, first);
    let person = EuSubject::foreign_person(person, "Ewa", "Nienumerowana", born, paper);
    let entity = EuEntity::new("Erfundene GmbH", "Nirgendwo 1, Berlin");
    let grant = GrantEuAdministration::new(person, pair(), entity, "administrator podmiotu");
    owner.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();

    let administrator = by_fingerprint(client, sandbox, first, context()).await.unwrap();
    let clerk = fingerprint(sandbox, second);
    let subject = EuSubject::entity(clerk.clone(), "Erfundene Buchhaltung", "Nirgendwo 2, Berlin");
    let permissions = [EuEntityPermissionType::InvoiceWrite, EuEntityPermissionType::InvoiceRead];
    let grant = GrantEuEntity::new(subject, permissions, "wystawianie faktur");
    administrator.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();

    let account = by_fingerprint(client, sandbox, second, context()).await.unwrap();
    let session = account.online(FormCode::FA_3).open().await.unwrap();
    let sent = session.send(invoice(ALFA, BETA, "UE/1")).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    assert!(matches!(state, InvoiceState::Accepted(_)), "{state:?}");

    let query = || EuEntities::new().entity(&pair()).subject(&clerk).page_size(10);
    let query = || query().permissions([EuEntityPermissionsQueryPermissionType::InvoiceWrite]);
    let found = all(&administrator, query()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].vat_ue_identifier.as_deref(), Some("DE123456789"));
    for row in all(&administrator, EuEntities::new().subject(&clerk)).await {
        let id: PermissionId = row.id.as_ref().unwrap().parse().unwrap();
        let change = administrator.change_permissions(&Revoke(id)).await.unwrap();
        change.wait(&quick()).await.unwrap();
    }
    assert_eq!(all(&administrator, query()).await.len(), 0);
    let after = by_fingerprint(client, sandbox, second, context()).await.unwrap_err();
    assert_eq!(after.status().map(|status| status.code), Some(415));
}

/// A provider issues invoices of public procurement for a seller who authorised it, and no longer
/// when that is taken back.
pub(crate) async fn by_a_provider(sandbox: &Sandbox, client: &Client) {
    let owner = by_certificate(client, sandbox, "seal", ALFA).await.unwrap();
    let provider = of_provider(client, sandbox).await;
    let state_of = async |number: &str| {
        let session = provider.online(FormCode::PEF).open().await.unwrap();
        let bytes = pef("Invoice", ALFA, BETA, number);
        let sent = session.send(bytes.clone()).await.unwrap();
        let state = session.wait_for(&sent, &quick()).await.unwrap();
        if let InvoiceState::Accepted(accepted) = &state {
            let upo = session.confirmation(&accepted.number).await.unwrap().read_upo().unwrap();
            assert!(upo.confirmation_of(&bytes).is_some());
        }
        session.close().await.unwrap().wait(&quick()).await.unwrap();
        state
    };
    let refused = state_of("PEF/0").await;
    assert!(matches!(&refused, InvoiceState::Refused(it) if it.code == 410), "{refused:?}");

    let id = self::provider();
    let authorization = Authorization::PefInvoicing(id.clone());
    let grant = GrantAuthorization::new(authorization, "Dostawca Zmyślony", "faktury PEF");
    owner.change_permissions(&grant).await.unwrap().wait(&quick()).await.unwrap();
    let accepted = state_of("PEF/1").await;
    assert!(matches!(accepted, InvoiceState::Accepted(_)), "{accepted:?}");

    let given = all(&owner, Authorizations::granted().authorized(&id.into())).await;
    assert_eq!(given.len(), 1);
    let id = given[0].id.as_ref().unwrap().parse().unwrap();
    let change = owner.change_permissions(&RevokeAuthorization(id)).await.unwrap();
    change.wait(&quick()).await.unwrap();
    let refused = state_of("PEF/2").await;
    assert!(matches!(&refused, InvoiceState::Refused(it) if it.code == 410), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn a_unit_is_worked_in_by_its_owner_and_by_a_token_of_its_own() {
    let sandbox = in_process().await;
    in_a_unit(&sandbox, &client(&sandbox)).await;
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_buyers_people_work_as_far_as_they_were_let_in() {
    let sandbox = in_process().await;
    in_a_foreign_buyers_name(&sandbox, &client(&sandbox)).await;
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_peppol_provider_issues_only_for_sellers_who_let_it() {
    let sandbox = in_process().await;
    by_a_provider(&sandbox, &client(&sandbox)).await;
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_another_provider_does_not_open_a_providers_context() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let context = ContextIdentifier::PeppolId(PeppolId::parse("PPL000002").unwrap());
    let error = client.login(context).by_signature(&signer(&sandbox, "peppol")).await.unwrap_err();
    assert_eq!(error.code().map(ksef_client::v2::ErrorCode::number), Some(21117));
    // A token of one context is none of another.
    let token = sandbox.ksef_v2().token(ALFA).unwrap().into();
    let unit = ContextIdentifier::InternalId(InternalId::compose(&nip(ALFA), 7).unwrap());
    let started = client.login(unit).by_token(&token).await.unwrap();
    let error = started.finish(&quick()).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.code), Some(450));
    let alfa = account(&client, &sandbox, ALFA);
    assert!(alfa.send(&ksef_client::v2::limits::Context).await.is_ok());
}
