//! Tokens, certificates, test data and packages of KSeF 2.0 over a double that loses answers, refuses
//! by chance and breaks operations off: what the client says about it is true.

use std::time::Duration;

use chrono::TimeDelta;
use ksef_client::v2::{
    Account, Client, Error, ErrorCode, ErrorKind, Recovery, certificates,
    login::Credential,
    permissions::AttachmentStatus,
    test_data::{AllowAttachments, CreateSubject, GrantPermissions, RemoveSubject},
    tokens,
    wire::{
        AuthenticationTokenStatus, CertificateListItemStatus, InvoiceQueryDateRange,
        InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType, SubjectType,
        TestDataPermissionType, TokenPermissionType,
    },
};
use ksef_crypto::keys::{LocalSigner, PrivateKey};
use sandbox::Sandbox;

use crate::{
    support::{ALFA, BETA, SEEDS},
    v2_support::{
        account, assert_expected, beside, hostile, in_process, invoice, nip as context,
        over_socket, quick, signer,
    },
    v2_test_data_support::{all, nip, person},
};

/// Tries until it succeeds, and tells how many tries may have happened without it being known.
///
/// A failure must be one of the way, or an operation that the double broke off; `settled` are codes
/// that say that an earlier try has done it, which is true only when one may have.
async fn persistently<T>(
    settled: &[u32],
    mut call: impl AsyncFnMut() -> Result<T, Error>,
) -> (Option<T>, usize) {
    let mut unknown = 0;
    for _ in 0..80 {
        let error = match call().await {
            Ok(value) => return (Some(value), unknown),
            Err(error) => error,
        };
        if error.code().is_some_and(|code| settled.contains(&code.number())) {
            assert!(unknown > 0, "nothing could have happened before: {error:?}");
            return (None, unknown);
        }
        let is_weather = error.is_transient() || error.kind() == ErrorKind::Failed;
        assert!(is_weather, "{error:?}");
        assert_eq!(error.recovery().is_some(), error.may_have_happened());
        unknown += usize::from(error.may_have_happened());
    }
    panic!("it never succeeds")
}

/// The owner of Alfa, by its seal.
fn owner(client: &Client, sandbox: &Sandbox) -> Account {
    let credential = Credential::signer(signer(sandbox, "seal-ec"));
    client.account(context(ALFA)).credential(credential).build()
}

/// Everything that a list holds, however often it has to be asked for.
async fn listed<E>(account: &Account, list: E) -> Vec<E::Item>
where
    E: common_http::Paged<Api = ksef_client::v2::KsefV2> + Clone + Send,
    E::Response: Send,
    E::Item: Send,
{
    use futures_util::TryStreamExt;

    let rows = persistently(&[], async || account.items(list.clone()).try_collect().await).await;
    rows.0.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_left_that_nobody_knows_of() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let owner = owner(&client, &sandbox);
        let wanted = tokens::Generate::new([TokenPermissionType::InvoiceRead], "token w burzy");
        let (made, unknown) = persistently(&[], async || {
            let made = owner.generate_token(&wanted).await.inspect_err(|error| {
                let lost = error.may_have_happened();
                assert_eq!(error.recovery(), lost.then_some(Recovery::ListTokens), "{error:?}");
            })?;
            // A token that failed is another one than the next.
            made.token.wait_until_active(&quick()).await.map(|()| made)
        })
        .await;
        let made = made.unwrap();
        let list = || tokens::List::new().description("token w burzy");
        let active = || list().state(AuthenticationTokenStatus::Active);
        // What the recovery says: the others of that description are lost, and are revoked.
        let found = listed(&owner, active()).await;
        assert!((1..=1 + unknown).contains(&found.len()), "{} of {unknown}", found.len());
        for lost in found {
            let reference = lost.reference_number.unwrap().parse().unwrap();
            if reference != *made.token.reference() {
                let token = owner.token(reference);
                persistently(&[], async || token.revoke().await).await;
                persistently(&[], async || token.wait_until_revoked(&quick()).await).await;
            }
        }
        let left = listed(&owner, active()).await;
        let left: Vec<_> = left.iter().filter_map(|it| it.reference_number.as_deref()).collect();
        assert_eq!(left, [made.token.reference().as_str()]);
        let by_token = client.account(context(ALFA)).credential(Credential::token(made.secret));
        let by_token = by_token.build();
        let call = async || by_token.send(&ksef_client::v2::limits::Context).await;
        persistently(&[], call).await;
        assert_expected(&sandbox);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_got_used_and_revoked_and_lost_ones_are_found() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let owner = owner(&client, &sandbox);
        let key = PrivateKey::generate_p256().unwrap();
        let wanted = certificates::NewCertificate::authentication("Burza 1");
        let (enrollment, unknown) = persistently(&[], async || {
            let enrollment = owner.request_certificate(&wanted, &key).await?;
            // One that the system broke off (550) is asked for anew.
            let serial = enrollment.wait(&quick()).await?;
            Ok((enrollment, serial))
        })
        .await;
        let (enrollment, serial) = enrollment.unwrap();
        let (certificate, _) = persistently(&[], async || enrollment.finish(&quick()).await).await;
        let signer = LocalSigner::new(key, certificate.unwrap()).unwrap();
        let user = client.account(context(ALFA)).credential(Credential::signer(signer)).build();
        persistently(&[], async || user.send(&certificates::Limits).await).await;
        let active = || certificates::List::new().state(CertificateListItemStatus::Active);
        let found = listed(&owner, active()).await;
        assert!((1..=1 + unknown).contains(&found.len()), "{} of {unknown}", found.len());
        for one in found {
            let serial = one.certificate_serial_number.unwrap().parse().unwrap();
            let revoke = certificates::Revoke::new(serial);
            persistently(&[25009], async || owner.send(&revoke).await).await;
        }
        let left = listed(&owner, active().serial(&serial)).await;
        assert!(left.is_empty());
        assert_expected(&sandbox);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invented_subjects_are_there_once_when_the_client_says_so() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let create = CreateSubject::new(nip(ALFA), SubjectType::VatGroup, "zmyślona grupa");
        let create = create.subunit(nip(BETA), "zmyślony członek");
        persistently(&[30001], async || client.send(&create).await).await;
        let again = async || match client.send(&create).await {
            Err(error) if error.code().map(ErrorCode::number) == Some(30001) => Ok(()),
            Ok(()) => panic!("a subject is there once"),
            Err(error) => Err(error),
        };
        persistently(&[], again).await;
        let clerk = person("00810100026").identifier();
        let grant = GrantPermissions::new(nip(ALFA), clerk)
            .permission(TestDataPermissionType::CredentialsRead, "odczyt uprawnień");
        persistently(&[30001], async || client.send(&grant).await).await;
        persistently(&[], async || client.send(&AllowAttachments(nip(ALFA))).await).await;
        let clerk = Credential::signer(signer(&sandbox, "stranger"));
        let clerk = client.account(context(ALFA)).credential(clerk).build();
        let (status, _) = persistently(&[], async || clerk.send(&AttachmentStatus).await).await;
        assert_eq!(status.unwrap().is_attachment_allowed, Some(true));
        persistently(&[], async || client.send(&RemoveSubject(nip(ALFA))).await).await;
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn a_package_expires_and_so_does_what_is_known_of_it() {
    let sandbox = in_process().await;
    sandbox.ksef_v2().add_invoice(invoice(ALFA, BETA, "FV/stara").into()).unwrap();
    let beta = account(&beside(&sandbox).build().unwrap(), &sandbox, BETA);
    let from = beta.clock().now() - TimeDelta::days(1);
    let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from);
    let filters = InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2);
    let export = beta.export(filters).start().await.unwrap();
    let package = export.wait(&quick()).await.unwrap();
    let days = package.expires_at().unwrap() - beta.clock().now();
    assert!((2..=3).contains(&days.num_days()), "{days}");
    for (days, status) in [(4, Some(210)), (5, None)] {
        tokio::time::sleep(Duration::from_secs(days * 24 * 60 * 60)).await;
        let error = export.poll_once().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Gone, "{error:?}");
        assert_eq!(error.status().map(|status| status.code), status);
    }
    assert_eq!(all(&beta, tokens::List::new()).await.len(), 1);
}
