//! Test data, limits, providers and collective identifiers of KSeF 2.0.

use futures_util::TryStreamExt;
use ksef_client::v2::{
    ErrorCode, ErrorKind, collective_identifiers, limits, peppol,
    permissions::AttachmentStatus,
    test_data::{
        AllowAttachments, BlockContext, CreatePerson, CreateSubject, ForbidAttachments,
        GrantPermissions, RemovePerson, RemoveSubject, ResetRateLimits, ResetSessionLimits,
        RevokePermissions, SessionLimits, SetRateLimits, SetSessionLimits, UnblockContext,
    },
    wire::{ApiRateLimitValuesOverride, SubjectType, TestDataPermissionType},
};

use crate::{
    support::{ALFA, BETA},
    v2_support::{account, assert_expected, in_process, invoice, nip as context},
    v2_test_data_support::{all, by_certificate, client, nip, person},
};

const STRANGER: &str = "00810100026";

#[tokio::test]
async fn a_subject_is_created_once_and_removed() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let create = || CreateSubject::new(nip(ALFA), SubjectType::VatGroup, "zmyślona grupa");
    client.send(&create().subunit(nip(BETA), "zmyślony członek")).await.unwrap();
    let error = client.send(&create()).await.unwrap_err();
    assert_eq!(error.code().map(ErrorCode::number), Some(30001));
    assert_eq!(error.kind(), ErrorKind::Conflict);
    client.send(&RemoveSubject(nip(ALFA))).await.unwrap();
}

#[tokio::test]
async fn permissions_of_test_data_open_the_way_in_and_close_it() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let clerk = person(STRANGER).identifier();
    let before = by_certificate(&client, &sandbox, "stranger", ALFA).await.unwrap_err();
    assert_eq!(before.status().map(|status| status.code), Some(415));
    let grant = GrantPermissions::new(nip(ALFA), clerk.clone())
        .permission(TestDataPermissionType::InvoiceRead, "odczyt faktur");
    client.send(&grant).await.unwrap();
    by_certificate(&client, &sandbox, "stranger", ALFA).await.unwrap();
    client.send(&RevokePermissions::new(nip(ALFA), clerk)).await.unwrap();
    let after = by_certificate(&client, &sandbox, "stranger", ALFA).await.unwrap_err();
    assert_eq!(after.status().map(|status| status.code), Some(415));
}

#[tokio::test]
async fn a_blocked_context_lets_nobody_in() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    client.send(&BlockContext(context(ALFA))).await.unwrap();
    let error = by_certificate(&client, &sandbox, "seal", ALFA).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.code), Some(480));
    client.send(&UnblockContext(context(ALFA))).await.unwrap();
    by_certificate(&client, &sandbox, "seal", ALFA).await.unwrap();
}

#[tokio::test]
async fn a_deceased_person_cannot_log_in() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let pesel = common_core::ident::Pesel::parse(STRANGER).unwrap();
    let dead = CreatePerson::new(nip(ALFA), pesel, "zmyślona osoba").deceased();
    client.send(&dead).await.unwrap();
    let error = by_certificate(&client, &sandbox, "stranger", ALFA).await.unwrap_err();
    assert_eq!(error.status().map(|status| status.code), Some(470));
    client.send(&RemovePerson(nip(ALFA))).await.unwrap();
}

#[tokio::test]
async fn attachments_are_allowed_and_forbidden() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = account(&client, &sandbox, ALFA);
    client.send(&AllowAttachments(nip(ALFA))).await.unwrap();
    let status = owner.send(&AttachmentStatus).await.unwrap();
    assert_eq!(status.is_attachment_allowed, Some(true));
    client.send(&ForbidAttachments::new(nip(ALFA))).await.unwrap();
    let status = owner.send(&AttachmentStatus).await.unwrap();
    assert_eq!(status.is_attachment_allowed, Some(false));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn limits_are_set_for_a_context_told_and_reset() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = account(&client, &sandbox, ALFA);
    let usual = owner.send(&limits::Context).await.unwrap();
    let small = SessionLimits { invoice_size: 2, invoice_with_attachment_size: 4, invoices: 7 };
    owner.send(&SetSessionLimits { online: small, batch: small, paid_together: 3 }).await.unwrap();
    let set = owner.send(&limits::Context).await.unwrap();
    assert_eq!(set.online_session.unwrap().max_invoices, Some(7));
    assert_eq!(set.collective_identifier.unwrap().max_invoices, Some(3));
    owner.send(&ResetSessionLimits).await.unwrap();
    assert_eq!(owner.send(&limits::Context).await.unwrap(), usual);

    let values = ApiRateLimitValuesOverride::new(300, 200, 100);
    owner.send(&SetRateLimits::all(&values)).await.unwrap();
    let rates = owner.send(&limits::Rates).await.unwrap();
    assert_eq!(rates.invoice_send.as_ref().unwrap().per_hour, Some(300));
    owner.adopt_rates(&rates);
    owner.send(&ResetRateLimits).await.unwrap();
    let rates = owner.send(&limits::Rates).await.unwrap();
    assert_eq!(rates.invoice_send.unwrap().per_hour, Some(180));
    assert!(owner.send(&limits::Subject).await.unwrap().certificate.is_some());
    assert_expected(&sandbox);
}

#[tokio::test]
async fn providers_are_listed_without_a_login() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let providers: Vec<_> =
        client.items(peppol::List::new().page_size(10)).try_collect().await.unwrap();
    assert!(providers.iter().all(|provider| provider.id.is_some()));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn invoices_are_paid_under_one_identifier() {
    let sandbox = in_process().await;
    for number in 0..12 {
        let bytes = invoice(ALFA, BETA, &format!("IZ/{number}"));
        sandbox.ksef_v2().add_invoice(bytes.into()).unwrap();
    }
    let client = client(&sandbox);
    let owner = account(&client, &sandbox, ALFA);
    let numbers: Vec<ksef_crypto::number::KsefNumber> = sandbox
        .ksef_v2()
        .invoices()
        .into_iter()
        .map(|invoice| invoice.ksef_number.parse().unwrap())
        .collect();
    let paid = numbers.iter().cloned().map(|number| {
        let invoice = collective_identifiers::Invoice::new(number);
        invoice.payment("10.50".parse().unwrap(), "PLN").description("zaliczka")
    });
    let request = collective_identifiers::Generate::new(paid);
    let answer = owner.send(&request).await.unwrap();
    let identifier: ksef_crypto::number::CollectiveIdentifier =
        answer.collective_identifier_number.parse().unwrap();
    assert_eq!(identifier.checksum_ok(), Some(true));

    let list = collective_identifiers::ListInvoices::new([identifier.clone()]).page_size(10);
    let invoices = all(&owner, list).await;
    assert_eq!(invoices.len(), numbers.len());
    let first = invoices[0].payment.as_ref().unwrap();
    assert_eq!(first.amount.unwrap().to_string(), "10.50");
    let of_invoice = collective_identifiers::ListOfInvoice::new(numbers[0].clone());
    assert_eq!(all(&owner, of_invoice).await.len(), 1);
    let from = client.clock().now() - chrono::TimeDelta::hours(1);
    let list = collective_identifiers::List::new(from, from + chrono::TimeDelta::days(1));
    let found = all(&owner, list.number(&identifier).at_least(2).of_this_context()).await;
    assert_eq!(found.len(), 1);
    assert_expected(&sandbox);
}
