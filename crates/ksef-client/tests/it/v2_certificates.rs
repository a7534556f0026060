//! Certificates of KSeF 2.0: requested, fetched, used, and revoked.

use ksef_client::v2::{
    ErrorCode, ErrorKind,
    certificates::{self, EnrollmentProgress, NewCertificate},
    test_data::{SetCertificateLimits, UpdateCertificate},
    wire::{CertificateListItemStatus, CertificateRevocationReason},
};
use ksef_crypto::{
    keys::{LocalSigner, PrivateKey},
    number::CertificateSerial,
};

use crate::{
    support::ALFA,
    v2_support::{account, assert_expected, in_process, nip as context, quick},
    v2_test_data_support::{all, by_certificate, client},
};

#[tokio::test]
async fn a_certificate_is_requested_fetched_used_and_revoked() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = by_certificate(&client, &sandbox, "seal", ALFA).await.unwrap();
    let key = PrivateKey::generate_p256().unwrap();
    let wanted = NewCertificate::authentication("Logowanie 1");
    let enrollment = owner.request_certificate(&wanted, &key).await.unwrap();
    // Another process could go on here with the number alone.
    let enrollment = owner.enrollment(enrollment.reference().clone());
    let serial = enrollment.wait(&quick()).await.unwrap();
    let progress = enrollment.poll_once().await.unwrap();
    assert_eq!(progress, EnrollmentProgress::Issued(serial.clone()));
    let certificate = enrollment.finish(&quick()).await.unwrap();
    assert_eq!(CertificateSerial::of_certificate(&certificate).unwrap(), serial);

    // The certificate belongs to the key and opens the way in.
    let signer = LocalSigner::new(key, certificate).unwrap();
    let login = client.login(context(ALFA)).by_signature(&signer).await.unwrap();
    login.finish(&quick()).await.unwrap();

    let list = || certificates::List::new().state(CertificateListItemStatus::Active).page_size(10);
    let found = all(&owner, list().serial(&serial)).await;
    assert_eq!(found[0].name.as_deref(), Some("Logowanie 1"));
    let reason = CertificateRevocationReason::Superseded;
    owner.send(&certificates::Revoke::new(serial.clone()).reason(reason)).await.unwrap();
    assert!(all(&owner, list()).await.is_empty());
    let error = owner.send(&certificates::Revoke::new(serial)).await.unwrap_err();
    assert_eq!(error.code().map(ErrorCode::number), Some(25009));
    assert_eq!(error.kind(), ErrorKind::Conflict);
}

#[tokio::test]
async fn a_certificate_for_links_may_end_earlier() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = by_certificate(&client, &sandbox, "seal", ALFA).await.unwrap();
    let key = PrivateKey::generate_rsa_2048().unwrap();
    let wanted = NewCertificate::offline("Kody 2");
    let certificate = owner.request_certificate(&wanted, &key).await.unwrap();
    let certificate = certificate.finish(&quick()).await.unwrap();
    let serial = CertificateSerial::of_certificate(&certificate).unwrap();
    let end = certificate.not_after() - chrono::TimeDelta::days(100);
    owner.send(&UpdateCertificate::new(serial.clone(), end)).await.unwrap();
    let found = all(&owner, certificates::List::new().serial(&serial)).await;
    assert_eq!(found[0].valid_to, Some(end));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_limit_of_certificates_is_seen_before_anything_is_requested() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = by_certificate(&client, &sandbox, "seal", ALFA).await.unwrap();
    owner.send(&SetCertificateLimits::new().certificates(0).enrollments(0)).await.unwrap();
    let key = PrivateKey::generate_p256().unwrap();
    let wanted = NewCertificate::offline("Kody 3");
    let error = owner.request_certificate(&wanted, &key).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitReached);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_login_by_token_gets_no_certificate() {
    let sandbox = in_process().await;
    let client = client(&sandbox);
    let owner = account(&client, &sandbox, ALFA);
    let error = owner.send(&certificates::EnrollmentData).await.unwrap_err();
    assert_eq!(error.code().map(ErrorCode::number), Some(25001));
    assert!(error.code().unwrap().advice().unwrap().contains("signature"));
}
