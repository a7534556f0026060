//! Payments with a one-time password.

use std::time::Duration;

use common_core::money::Amount;
use epp_client::{
    ErrorKind,
    model::TwoFactorChannel,
    payments::{Otp, Start, Verdict},
};

use crate::support::{assert_expected, calm, client, created, totp};

#[tokio::test]
async fn a_payment_is_confirmed_with_the_authenticator_and_its_state_is_paid() {
    let sandbox = calm().await;
    let client = client(&sandbox);
    let ids = created(&sandbox, &client, 3).await;
    let start = Start::new(ids).channel(TwoFactorChannel::Authenticator).expecting(Amount::from(6));
    let payment = client.start_payment(&start).await.unwrap();
    let record = payment.record().clone();
    let before = client.payment_state(&record).await.unwrap();
    assert_eq!(before.verdict(), Verdict::NotPaid);
    let password = totp(&sandbox).password(client.clock().now()).unwrap();
    let paid = payment.confirm(&password).await.unwrap();
    assert_eq!((paid.total_amount, paid.total_count), (Some(Amount::from(6)), Some(3)));
    assert_eq!(client.payment_state(&record).await.unwrap().verdict(), Verdict::Paid);
    assert_eq!(sandbox.epp().payments().len(), 1);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn wrong_and_used_passwords_are_told_apart_and_the_payment_stays_open() {
    let sandbox = calm().await;
    let client = client(&sandbox);
    let ids = created(&sandbox, &client, 2).await;
    let mut totp = totp(&sandbox);
    let password = totp.password(client.clock().now()).unwrap();
    let first = client.start_payment(&Start::new(ids[..1].to_vec())).await.unwrap();
    let error = first.confirm(&Otp::new(&"00000x".into())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidToken);
    error.into_payment().unwrap().confirm(&password).await.unwrap();
    let second = client.start_payment(&Start::new(ids[1..].to_vec())).await.unwrap();
    let record = second.record().clone();
    let error = second.confirm(&password).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::UsedToken, false));
    assert_eq!(client.payment_state(&record).await.unwrap().verdict(), Verdict::NotPaid);
}

#[tokio::test]
async fn a_payment_by_text_message_is_resumed_by_another_client() {
    let sandbox = calm().await;
    let first = client(&sandbox);
    let ids = created(&sandbox, &first, 1).await;
    let start = Start::new(ids).channel(TwoFactorChannel::Nth);
    let record = first.start_payment(&start).await.unwrap().record().clone();
    let text = serde_json::to_string(&record).unwrap();
    let record: epp_client::payments::PaymentRecord = serde_json::from_str(&text).unwrap();
    let password = sandbox.epp().one_time_password(&record.tag).unwrap();
    let payment = client(&sandbox).resume_payment(record);
    payment.confirm(&Otp::new(&password.as_str().into())).await.unwrap();
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_payment_whose_countdown_has_ended_is_not_made() {
    let sandbox = calm().await;
    sandbox.epp().set_otp_countdown(Duration::ZERO);
    let client = client(&sandbox);
    let ids = created(&sandbox, &client, 1).await;
    let payment = client.start_payment(&Start::new(ids)).await.unwrap();
    let record = payment.record().clone();
    let password = totp(&sandbox).password(client.clock().now()).unwrap();
    let error = payment.confirm(&password).await.unwrap_err();
    assert!(error.error().problem().is_some(), "{error}");
    assert_eq!(client.payment_state(&record).await.unwrap().verdict(), Verdict::NotPaid);
}
