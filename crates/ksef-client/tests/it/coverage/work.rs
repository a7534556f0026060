//! Everything that is done within a session or without one, once.

use common_core::{money::Amount, secret::ExposeSecret as _};
use common_http::Endpoint;
use futures_util::TryStreamExt as _;
use ksef_client::v1::{
    ExceptionCode, FormCode, KsefV1, Outgoing, Session, batch::BatchOutcome, common, credentials,
    payment_identifiers, pki, process::ProcessingCode, queries, scam, tokens, visibility, wire,
};
use ksef_crypto::{
    certificate::{Certificate, name::AttributeType},
    csr::CertificateRequest,
    keys::PrivateKey,
    link::InvoiceHash,
    number::{KsefNumber, ReferenceNumber},
    test_certificates::TestCertificate,
    xades,
};
use sandbox::ksef_v1::{IdKind, Identifier, Role};

use super::{Call, Stage};
use crate::support::{ALFA, BETA, context, invoice, issued, owner, quick, session, signer};

const PERSON: &str = "00810100026";
const LOCAL: &str = "9990000149";
const UNIT: &str = "9990000155";
const BUREAU: &str = "9990000178";

pub(super) async fn tell() -> Vec<Call> {
    let stage = Stage::new().await;
    let number = an_invoice_without_a_session(&stage).await;
    marks(&stage, number).await;
    headers_and_originals(&stage).await;
    roles_and_tokens(&stage).await;
    units_and_partners(&stage).await;
    payments(&stage).await;
    certificates(&stage).await;
    providers(&stage).await;
    a_batch(&stage).await;
    stage.heard()
}

async fn an_invoice_without_a_session(stage: &Stage) -> KsefNumber {
    let client = &stage.client;
    let seller = session(client, &stage.sandbox, ALFA).await;
    let bytes = invoice("W/1");
    let number = issued(&seller, &bytes).await.number;
    assert!(client.verify_invoice(&number, &bytes).await.unwrap().is_some());
    let total = || Amount::parse("246.00").unwrap();
    let buyer = || wire::AnonymousSubjectIdentifierTo::Company(BETA.to_owned());
    let name = wire::SubjectName::FullName(wire::SubjectFullName::new("Zmyślony Nabywca"));
    let named = wire::AnonymousSubjectTo::new(buyer(), name);
    let fetch = common::FetchInvoice::new(number.clone(), total(), "W/1", named);
    assert_eq!(client.send(&fetch).await.unwrap(), bytes);
    let hash = InvoiceHash::of(&bytes);
    let download = common::DownloadInvoice::new(number.clone(), hash, total(), "W/1", buyer());
    assert_eq!(client.send(&download).await.unwrap(), bytes);
    number
}

async fn marks(stage: &Stage, number: KsefNumber) {
    let buyer = session(&stage.client, &stage.sandbox, BETA).await;
    let hidden = buyer.hide(&number, "nie nasza").await.unwrap();
    buyer.wait_for(&hidden, &quick()).await.unwrap();
    buyer.send(&visibility::Fetch::new(number.clone())).await.unwrap();
    let shown = buyer.show(&number, "jednak nasza").await.unwrap();
    buyer.wait_for(&shown, &quick()).await.unwrap();
    let reported = buyer.report_scam(&number, "nie było sprzedaży").await.unwrap();
    buyer.wait_for(&reported, &quick()).await.unwrap();
    assert_eq!(
        buyer.send(&scam::Fetch(number.clone())).await.unwrap().active_scam_report,
        Some(true)
    );
    let cancelled = buyer.cancel_scam(&number, "pomyłka").await.unwrap();
    buyer.wait_for(&cancelled, &quick()).await.unwrap();
}

async fn headers_and_originals(stage: &Stage) {
    let session = owner(&stage.client, &stage.sandbox).await;
    let at = |text: &str| text.parse().unwrap();
    let criteria = || {
        let (from, to) = (at("2026-01-31T00:00:00Z"), at("2026-01-31T16:00:00Z"));
        let role = wire::SubjectRole::Subject1;
        wire::QueryCriteriaInvoiceIncremental::new(from, to, role)
    };
    let first = || wire::QueryCriteriaInvoice::Incremental(criteria());
    let second = || wire::QueryCriteriaInvoiceV2::Incremental(criteria());
    let older: Vec<_> =
        session.items(queries::InvoicesV1::new(first())).try_collect().await.unwrap();
    let newer: Vec<_> =
        session.items(queries::Invoices::new(second())).try_collect().await.unwrap();
    assert!(!older.is_empty() && older == newer);

    let started = session.send(&queries::StartInvoicesV1::new(first())).await.unwrap();
    let of_first = queries::InvoiceQuery::new(started.element_reference_number.parse().unwrap());
    let of_second = session.start_query(second()).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    for query in [of_first, of_second] {
        let result = session.wait_for_query(&query, &quick()).await.unwrap();
        let part = session.fetch_part(&result.parts[0], folder.path()).await.unwrap();
        found.push(std::fs::read(part.path()).unwrap());
    }
    assert_eq!(found[0], found[1]);
}

/// Makes a change and waits until it is done.
async fn changed<E>(session: &Session, change: &E)
where
    E: Endpoint<Api = KsefV1, Response = wire::StatusCredentialsResponse>,
{
    let element = session.change_credentials(change).await.unwrap();
    session.wait_for(&element, &quick()).await.unwrap();
}

async fn roles_and_tokens(stage: &Stage) {
    let session = owner(&stage.client, &stage.sandbox).await;
    let person = || wire::GranteeIdentifier::Pesel(PERSON.to_owned());
    let role = wire::DescribedRole::new("odczyt faktur", wire::Role::InvoiceRead);
    changed(&session, &credentials::Grant::new(person(), [role])).await;
    let role = wire::StandardRole::new(wire::Role::InvoiceRead);
    changed(&session, &credentials::Revoke::new(person(), [role])).await;
    for description in ["pierwszy", "drugi"] {
        let role = wire::TokenRole::new("wystawianie", wire::Role::InvoiceWrite);
        let new = tokens::Generate::new(description, [role]);
        let new = session.generate_token(&new).await.unwrap();
        assert_eq!(new.token.expose_secret().len(), 64);
        session.wait_for(new.element.as_ref().unwrap(), &quick()).await.unwrap();
    }
    let held = token_numbers(&session).await;
    let number = |text: &str| held.iter().find(|(about, _)| about == text).unwrap().1.clone();
    // In version 1 whoever made the token is named, too: here the owner by the NIP.
    let maker = wire::GranteeIdentifier::PersonNip(ALFA.to_owned());
    changed(&session, &tokens::RevokeV1::new(number("pierwszy").as_str(), maker)).await;
    session.send(&tokens::Revoke(number("drugi"))).await.unwrap();
    stage.sandbox.ksef_v1().settle().await;
    for about in ["pierwszy", "drugi"] {
        let again = session.send(&tokens::Revoke(number(about))).await.unwrap_err();
        assert_eq!(again.code().map(ExceptionCode::number), Some(21303), "{about}");
    }
}

/// Description and number of each token.
async fn token_numbers(session: &Session) -> Vec<(String, ReferenceNumber)> {
    let (scope, kind) = (wire::CredentialsScope::Current, wire::CredentialsKind::Token);
    let criteria = wire::QueryCriteriaCredentialsAll::new(scope, kind);
    let query = queries::Credentials::new(wire::QueryCriteriaCredentials::All(criteria));
    let held = session.send(&query).await.unwrap().credentials_list.into_iter();
    let token = |held| match held {
        wire::HeldCredentials::Token(token) => {
            Some((token.description?, token.identifier?.identifier?.parse().ok()?))
        }
        _ => None,
    };
    held.filter_map(token).collect()
}

async fn units_and_partners(stage: &Stage) {
    let (client, sandbox) = (&stage.client, &stage.sandbox);
    let person = Identifier::new(IdKind::Pesel, "00810100019");
    sandbox.ksef_v1().grant(LOCAL, person, Role::SubunitManage);
    let opening = client.session(context(LOCAL), FormCode::FA_2);
    let manager = opening.by_signature(&signer(sandbox, "person-pesel")).await.unwrap();
    let manager = manager.wait(&quick()).await.unwrap();
    let unit = || wire::ContextIdentifier::Company(UNIT.to_owned());
    let person = || wire::PersonIdentifier::Pesel(PERSON.to_owned());
    let role = wire::DescribedContextRole::new("kierowanie", wire::Role::CredentialsManage);
    changed(&manager, &credentials::ContextGrant::new(unit(), person(), role)).await;
    let query = queries::ContextCredentials::new().context_nip(UNIT);
    assert!(!manager.send(&query).await.unwrap().credentials_list.is_empty());
    let role = wire::ContextRole::new(wire::Role::CredentialsManage);
    changed(&manager, &credentials::ContextRevoke::new(unit(), person(), role)).await;

    let roles = [Role::CredentialsManage, Role::CredentialsRead];
    let token = sandbox.ksef_v1().issue_token(BUREAU, &roles).into();
    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(BUREAU), FormCode::FA_2);
    let bureau = opening.by_token(&token, &key).await.unwrap().wait(&quick()).await.unwrap();
    let all = || wire::PartnerIdentifier::AllPartners;
    let accountant = || wire::GranteeIdentifier::Pesel(PERSON.to_owned());
    let role = || wire::AccountingRole::new("księgowa", wire::Role::InvoiceWrite);
    changed(&bureau, &credentials::AccountingGrant::new(all(), accountant(), [role()])).await;
    let criteria = wire::QueryCriteriaAccountingCredentials::new();
    let found = bureau.send(&queries::AccountingCredentials::new(criteria)).await.unwrap();
    assert_eq!(found["numberOfElements"], 1);
    changed(&bureau, &credentials::AccountingRevoke::new(all(), accountant(), [role()])).await;
}

async fn payments(stage: &Stage) {
    let session = session(&stage.client, &stage.sandbox, ALFA).await;
    let first = issued(&session, &invoice("Z/1")).await.number;
    let second = issued(&session, &invoice("Z/2")).await.number;
    let numbers = [first.clone(), second];
    let element = session.request_payment_identifier(numbers).await.unwrap();
    session.wait_for(&element, &quick()).await.unwrap();
    let identifier = session.payment_identifier(&element).await.unwrap().unwrap();
    let list = payment_identifiers::ListInvoices::new(identifier);
    assert_eq!(session.items(list).try_collect::<Vec<_>>().await.unwrap().len(), 2);
    let list = payment_identifiers::ListOfInvoice::new(first);
    assert_eq!(session.items(list).try_collect::<Vec<_>>().await.unwrap().len(), 1);
    let list = queries::PaymentIdentifiers::new();
    assert_eq!(session.items(list).try_collect::<Vec<_>>().await.unwrap().len(), 1);
}

/// An internal certificate from its request to its end; its forms are assumed on both sides.
async fn certificates(stage: &Stage) {
    let (client, sandbox) = (&stage.client, &stage.sandbox);
    let signer = signer(sandbox, "person-pesel");
    let opening = client.session(context(ALFA), FormCode::FA_2);
    let person = opening.by_signature(&signer).await.unwrap().wait(&quick()).await.unwrap();
    let data = person.send(&pki::CsrData).await.unwrap().0;
    let holder = data["serialNumber"].as_str().unwrap();
    let subject = [
        (AttributeType::COMMON_NAME, data["commonName"].as_str().unwrap()),
        (AttributeType::SERIAL_NUMBER, holder),
    ];
    // The specification wants RSA here.
    let key = sandbox.ksef_v1().certificate("person-pesel").unwrap().key_pem;
    let key = PrivateKey::from_pem(&key).unwrap();
    let request = CertificateRequest::new(subject, &key).unwrap();
    let generate = pki::GenerateCertificate::new(request.as_der(), [wire::Role::InvoiceWrite]);
    let element = person.send(&generate).await.unwrap().element().unwrap();
    sandbox.ksef_v1().settle().await;
    let status = person.send(&pki::Status(element.clone())).await.unwrap();
    assert_eq!(status.code().map(ProcessingCode::number), Some(200));
    let made = person.send(&pki::FetchCertificate(element)).await.unwrap();
    let serial = person.send(&queries::Certificates::default()).await.unwrap();
    let serial = &serial["certificates"][0]["certificateSerialNumber"];
    let serial = serial.as_str().unwrap().to_owned();
    let listed = person.send(&pki::RetrieveCertificates::of([serial.as_str()])).await.unwrap();
    assert_eq!(listed.0["certificates"].as_array().unwrap().len(), 1);
    person.send(&pki::RevokeCertificate::new(serial)).await.unwrap();
    sandbox.ksef_v1().settle().await;

    let told = client.send(&credentials::Thumbprint::new(made.clone())).await.unwrap();
    let own = Certificate::from_der(&made).unwrap().fingerprint();
    assert!(told.to_string().contains(&own), "{told}");
}

async fn providers(stage: &Stage) {
    let client = &stage.client;
    let list = || client.items(common::ListAccessPoints::new()).try_collect::<Vec<_>>();
    let before = list().await.unwrap().len();
    let subject = [(AttributeType::COMMON_NAME, "PPL999999")];
    let provider = TestCertificate::with_subject(subject);
    let provider = provider.self_signed(PrivateKey::generate_p256().unwrap()).unwrap();
    let options = xades::Options::v1(client.clock().now());
    let document = xades::sign(b"<a xmlns=\"urn:x\"></a>", &provider, &options).unwrap();
    client.send(&common::RegisterAccessPoint::new(document)).await.unwrap();
    assert_eq!(list().await.unwrap().len(), before + 1);
}

async fn a_batch(stage: &Stage) {
    let (client, folder) = (&stage.client, tempfile::tempdir().unwrap());
    let key = client.authority_key().await.unwrap();
    let invoices = (1..=3).map(|n| Outgoing::bytes(format!("{n}.xml"), invoice(&format!("K/{n}"))));
    let preparation = client.batch(context(ALFA), FormCode::FA_2, key);
    let prepared = preparation.pack(invoices, folder.path()).await.unwrap();
    let announced = prepared.sign(&signer(&stage.sandbox, "seal")).unwrap().announce().await;
    let uploaded = announced.unwrap().upload(2, |_| {}).await.unwrap();
    let outcome = uploaded.finish().await.unwrap().wait(&quick()).await.unwrap();
    assert!(matches!(outcome, BatchOutcome::Accepted(_)), "{outcome:?}");
}
