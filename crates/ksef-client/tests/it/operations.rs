//! Operations that no handle makes and no other scenario needs: invoices without a session, units
//! and partners, providers, and what was never published.

use common_core::money::Amount;
use ksef_client::v1::{
    Client, Error, ErrorKind, ExceptionCode, FormCode, Session, common, credentials, pki, queries,
    wire,
};
use ksef_crypto::{link::InvoiceHash, number::ReferenceNumber, xades};
use sandbox::{
    Sandbox,
    ksef_v1::{IdKind, Identifier, Role},
};

use crate::support::{
    ALFA, BETA, assert_expected, beside, context, in_process, invoice, issued, quick, session,
    signer,
};

const PERSON: &str = "00810100026";

fn person() -> wire::PersonIdentifier {
    wire::PersonIdentifier::Pesel(PERSON.to_owned())
}

async fn by_signature(client: &Client, sandbox: &Sandbox, nip: &str, name: &str) -> Session {
    let opening = client.session(context(nip), FormCode::FA_2);
    let authorised = opening.by_signature(&signer(sandbox, name)).await.unwrap();
    authorised.wait(&quick()).await.unwrap()
}

#[tokio::test]
async fn an_invoice_is_had_without_a_session_by_what_stands_on_it() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let seller = session(&client, &sandbox, ALFA).await;
    let bytes = invoice("O/1");
    let number = issued(&seller, &bytes).await.number;
    let total = || Amount::parse("246.00").unwrap();
    let buyer = || wire::AnonymousSubjectIdentifierTo::Company(BETA.to_owned());
    let name = wire::SubjectName::FullName(wire::SubjectFullName::new("Zmyślony Nabywca"));
    let named = wire::AnonymousSubjectTo::new(buyer(), name);
    for (text, is_right) in [("O/1", true), ("O/2", false)] {
        let fetch = common::FetchInvoice::new(number.clone(), total(), text, named.clone());
        let fetched = client.send(&fetch).await.map_err(|error| error.kind());
        assert_eq!(
            fetched,
            if is_right { Ok(bytes.clone().into()) } else { Err(ErrorKind::NotFound) }
        );
    }
    for (hash, is_right) in [(InvoiceHash::of(&bytes), true), (InvoiceHash::of(b"other"), false)] {
        let download = common::DownloadInvoice::new(number.clone(), hash, total(), "O/1", buyer());
        let fetched = client.send(&download).await.map_err(|error| error.kind());
        assert_eq!(
            fetched,
            if is_right { Ok(bytes.clone().into()) } else { Err(ErrorKind::NotFound) }
        );
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_local_government_makes_managers_of_its_units_and_takes_it_back() {
    let (local, unit) = ("9990000149", "9990000155");
    let sandbox = in_process().await;
    let grantee = Identifier::new(IdKind::Pesel, "00810100019");
    sandbox.ksef_v1().grant(local, grantee, Role::SubunitManage);
    let manager = by_signature(&beside(&sandbox), &sandbox, local, "person-pesel").await;
    let within = || wire::ContextIdentifier::Company(unit.to_owned());
    let role = wire::DescribedContextRole::new("kierowanie", wire::Role::CredentialsManage);
    let grant = credentials::ContextGrant::new(within(), person(), role);
    let element = manager.change_credentials(&grant).await.unwrap();
    manager.wait_for(&element, &quick()).await.unwrap();
    let query = queries::ContextCredentials::new().context_nip(unit);
    let found = manager.send(&query).await.unwrap().credentials_list;
    assert!(format!("{found:?}").contains(PERSON), "{found:?}");
    let role = wire::ContextRole::new(wire::Role::CredentialsManage);
    let revoke = credentials::ContextRevoke::new(within(), person(), role);
    let element = manager.change_credentials(&revoke).await.unwrap();
    manager.wait_for(&element, &quick()).await.unwrap();
    let again = manager.change_credentials(&revoke).await.unwrap_err();
    assert_eq!(again.code().map(ExceptionCode::number), Some(21168));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_bureau_lets_its_accountant_work_for_all_partners_and_takes_it_back() {
    let sandbox = in_process().await;
    let (client, bureau) = (beside(&sandbox), "9990000178");
    let roles = [Role::CredentialsManage, Role::CredentialsRead];
    let token = sandbox.ksef_v1().issue_token(bureau, &roles).into();
    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(bureau), FormCode::FA_2);
    let session = opening.by_token(&token, &key).await.unwrap().wait(&quick()).await.unwrap();
    let all = || wire::PartnerIdentifier::AllPartners;
    let accountant = || wire::GranteeIdentifier::Pesel(PERSON.to_owned());
    let role = || wire::AccountingRole::new("księgowa", wire::Role::InvoiceWrite);
    let grant = credentials::AccountingGrant::new(all(), accountant(), [role()]);
    let element = session.change_credentials(&grant).await.unwrap();
    session.wait_for(&element, &quick()).await.unwrap();
    let criteria = wire::QueryCriteriaAccountingCredentials::new();
    let found = session.send(&queries::AccountingCredentials::new(criteria)).await.unwrap();
    assert_eq!(found["numberOfElements"], 1);
    let revoke = credentials::AccountingRevoke::new(all(), accountant(), [role()]);
    let element = session.change_credentials(&revoke).await.unwrap();
    session.wait_for(&element, &quick()).await.unwrap();
    let again = session.change_credentials(&revoke).await.unwrap_err();
    assert_eq!(again.code().map(ExceptionCode::number), Some(21168));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn certificates_and_providers_are_looked_at() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let seal = sandbox.ksef_v1().certificate("seal").unwrap();
    let thumbprint = credentials::Thumbprint::new(seal.certificate_pem.clone());
    let found = client.send(&thumbprint).await.unwrap();
    assert_eq!(found["thumbprint"], seal.fingerprint.as_str());

    let code = |error: Error| {
        assert!(!error.may_have_happened(), "{error:?}");
        error.code().map(ExceptionCode::number)
    };
    let options = xades::Options::v1(client.clock().now());
    let document = xades::sign(b"<a xmlns=\"urn:x\"></a>", &signer(&sandbox, "seal"), &options);
    let register = common::RegisterAccessPoint::new(document.unwrap());
    assert_eq!(code(client.send(&register).await.unwrap_err()), Some(21420));

    let person = by_signature(&client, &sandbox, ALFA, "person-pesel").await;
    let nobody: ReferenceNumber = "20260131-EK-0123456789-0123456789-AB".parse().unwrap();
    let generate = pki::GenerateCertificate::new(b"no request", [wire::Role::InvoiceWrite]);
    assert_eq!(code(person.send(&generate).await.unwrap_err()), Some(21420));
    let fetch = pki::FetchCertificate(nobody.clone());
    assert_eq!(code(person.send(&fetch).await.unwrap_err()), Some(21168));
    assert!(code(person.send(&pki::Status(nobody)).await.unwrap_err()).is_some());
    let revoke = pki::RevokeCertificate::new("0123");
    assert_eq!(code(person.send(&revoke).await.unwrap_err()), Some(21168));
    assert_expected(&sandbox);
}
