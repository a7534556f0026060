//! What must hold for started payments, against scripted answers.

use std::{error::Error as _, time::Duration};

use common_core::money::Amount;
use common_http::{TransportErrorKind, scripted::Step};
use serde_json::json;

use super::*;
use crate::{
    client::testing::{lines, refusal, scripted, sent, success, tokens},
    model::PaymentOrderId,
};

const START: &str = "POST /api/payments";
const CONFIRM: &str = "PUT /api/payments";

fn started() -> Step {
    success(&json!({
        "paymentOrders": [{"id": 7, "amount": 1.25}, {"id": 8, "amount": 2.50}],
        "paymentIdTagName": "pa-1", "totalAmounts": 3.75, "totalCount": 2,
    }))
}

fn paid() -> Step {
    success(&json!({"paymentTagName": "п-1", "paymentIdTagName": "pa-1", "totalAmounts": 3.75}))
}

fn start() -> Start {
    let sum = Amount::parse("3.75").unwrap();
    Start::new([7, 8].map(PaymentOrderId)).expecting(sum)
}

fn otp(password: &str) -> Otp {
    Otp::new(&password.into())
}

#[tokio::test]
async fn a_payment_is_started_held_against_its_orders_and_confirmed() {
    let (client, script) = scripted([started(), paid()]).await;
    let payment = client.start_payment(&start()).await.unwrap();
    assert_eq!(payment.discrepancies(), []);
    let confirmation = payment.confirm(&otp("123456")).await.unwrap();
    assert_eq!(confirmation.payment_tag_name.as_deref(), Some("п-1"));
    assert_eq!(lines(&script), [START, CONFIRM]);
    assert_eq!(sent(&script, 1), json!({"PaymentIdTagName": "pa-1", "Token": "123456"}));
}

#[tokio::test]
async fn a_payment_that_differs_is_not_confirmed_unless_the_caller_accepts_it() {
    let (client, script) = scripted([started(), paid()]).await;
    let other = start().expecting(Amount::parse("3.76").unwrap());
    let payment = client.start_payment(&other).await.unwrap();
    assert_eq!(payment.discrepancies().len(), 1);
    let error = payment.confirm(&otp("123456")).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Discrepancy, false));
    assert_eq!(error.source().unwrap().to_string(), "3.76 was expected and 3.75 is told");
    assert_eq!(lines(&script), [START]);
    let payment = error.into_payment().unwrap();
    payment.accept_discrepancies().confirm(&otp("123456")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_payment_is_not_confirmed_after_the_deadline_that_its_caller_set() {
    let (minute, second) = (Duration::from_secs(60), Duration::from_secs(1));
    let (client, script) = scripted([started(), paid(), started()]).await;
    let in_time = client.start_payment(&start().otp_deadline(minute)).await.unwrap();
    tokio::time::advance(minute.saturating_sub(second)).await;
    in_time.confirm(&otp("123456")).await.unwrap();

    let late = client.start_payment(&start().otp_deadline(minute)).await.unwrap();
    let record = late.record().clone();
    tokio::time::advance(minute + second).await;
    let error = late.confirm(&otp("123456")).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Lapsed, false));
    // Another program that takes the payment up is told so, too, and not that nothing was paid.
    let error = client.resume_payment(record.clone()).confirm(&otp("123456")).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Lapsed, true));
    assert_eq!(error.error().recovery(), Some(crate::Recovery::PaymentState));
    assert_eq!(*error.into_payment().unwrap_err(), record);
    assert_eq!(lines(&script), [START, CONFIRM, START]);
}

#[tokio::test]
async fn no_refusal_of_a_resumed_payment_is_a_proof_that_nothing_was_paid() {
    for code in ["InvalidPaymentIdTagName", "UsedToken", "ValidationError"] {
        let (client, _) = scripted([started(), refusal(400, code)]).await;
        let record = client.start_payment(&start()).await.unwrap().record().clone();
        let resumed = client.resume_payment(record.clone());
        let error = resumed.confirm(&otp("123456")).await.unwrap_err();
        assert!(error.may_have_happened(), "{code}");
        assert_eq!(*error.into_payment().unwrap_err(), record);
    }
    let (client, _) = scripted([started(), refusal(400, "InvalidToken"), paid()]).await;
    let record = client.start_payment(&start()).await.unwrap().record().clone();
    let error = client.resume_payment(record).confirm(&otp("1")).await.unwrap_err();
    assert!(error.may_have_happened());
    error.into_payment().unwrap().confirm(&otp("123456")).await.unwrap();
}

#[tokio::test]
async fn a_wrong_password_gives_the_payment_back_and_is_not_sent_again() {
    // Under 401, too: what is refused there is not the session's token.
    let statuses = [200, 400, 401, 403, 422, 429];
    let answers = statuses.into_iter().flat_map(|status| {
        ["InvalidToken", "UsedToken", "InvalidToken."].map(|code| refusal(status, code))
    });
    for refused in answers.chain([refusal(500, "InvalidToken")]) {
        let (client, script) = scripted([started(), refused, paid()]).await;
        let payment = client.start_payment(&start()).await.unwrap();
        let error = payment.confirm(&otp("111111")).await.unwrap_err();
        let kind = error.kind();
        assert!(matches!(kind, ErrorKind::InvalidToken | ErrorKind::UsedToken), "{kind:?}");
        assert!(!error.may_have_happened());
        let again = error.into_payment().unwrap().confirm(&otp("111 111")).await.unwrap_err();
        assert_eq!((again.kind(), lines(&script).len()), (ErrorKind::UsedToken, 2));
        again.into_payment().unwrap().confirm(&otp("222222")).await.unwrap();
        assert_eq!(lines(&script), [START, CONFIRM, CONFIRM]);
    }
}

#[tokio::test]
async fn a_confirmation_with_an_expired_session_is_sent_again_with_a_new_one() {
    let (client, script) =
        scripted([started(), refusal(401, "Unauthenticated"), tokens(1), paid()]).await;
    let payment = client.start_payment(&start()).await.unwrap();
    payment.confirm(&otp("123456")).await.unwrap();
    assert_eq!(lines(&script), [START, CONFIRM, "GET /api/login/refresh", CONFIRM]);
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_without_an_answer_is_never_repeated_and_leaves_a_record() {
    for lost in [
        Step::fail(TransportErrorKind::Timeout),
        Step::fail(TransportErrorKind::Interrupted),
        Step::answer(502, ""),
        Step::answer(200, "{\"status\":{\"code\":\"Success\"},\"payload\":7}"),
        refusal(200, "Neobjasnjeno"),
        refusal(500, "UsedToken"),
        refusal(503, "ValidationError"),
        Step::answer(200, "{}"),
        Step::answer(200, "{\"status\":{\"message\":\"x\"}}"),
        success(&json!({"paymentTagName": "p-2", "paymentIdTagName": "pa-2"})),
    ] {
        let (client, script) = scripted([started(), lost]).await;
        let payment = client.start_payment(&start()).await.unwrap();
        let record = payment.record().clone();
        let error = payment.confirm(&otp("123456")).await.unwrap_err();
        assert!(error.may_have_happened(), "{error}");
        assert!(error.to_string().contains("payment_state"), "{error}");
        assert_eq!(lines(&script), [START, CONFIRM]);
        assert_eq!(*error.into_payment().unwrap_err(), record);
    }
}

#[tokio::test(start_paused = true)]
async fn a_confirmation_that_was_not_sent_can_be_made_with_the_same_password() {
    let down = || Step::fail(TransportErrorKind::Connect);
    let (client, _) = scripted([started(), down(), down(), down(), down(), paid()]).await;
    let payment = client.start_payment(&start()).await.unwrap();
    let error = payment.confirm(&otp("123456")).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Connect, false));
    error.into_payment().unwrap().confirm(&otp("123456")).await.unwrap();
}

#[tokio::test]
async fn a_started_payment_is_resumed_from_its_record_with_its_discrepancies() {
    let (client, script) = scripted([started(), paid()]).await;
    let other = start().expecting(Amount::from(1));
    let record = client.start_payment(&other).await.unwrap().record().clone();
    let text = serde_json::to_string(&record).unwrap();
    let mut record: PaymentRecord = serde_json::from_str(&text).unwrap();
    assert_eq!(client.resume_payment(record.clone()).discrepancies().len(), 1);
    record.expected = None;
    client.resume_payment(record).confirm(&otp("123456")).await.unwrap();
    assert_eq!(lines(&script), [START, CONFIRM]);
}

#[tokio::test]
async fn a_start_without_an_answer_is_not_repeated_and_says_that_it_lapses() {
    let (client, script) = scripted([Step::fail(TransportErrorKind::Timeout)]).await;
    let error = client.start_payment(&start()).await.unwrap_err();
    assert_eq!(error.recovery(), Some(crate::Recovery::PaymentLapses));
    assert_eq!(lines(&script), [START]);
}

#[tokio::test]
async fn no_password_shows_in_debug() {
    let (client, _) = scripted([started(), refusal(422, "InvalidToken")]).await;
    let payment = client.start_payment(&start()).await.unwrap();
    let error = payment.confirm(&otp("canary")).await.unwrap_err();
    let shown = format!("{error} {error:?} {:?}", error.source().map(ToString::to_string));
    assert!(!shown.contains("canary"), "{shown}");
    let shown = format!("{:?}", error.into_payment().unwrap());
    assert!(!shown.contains("canary") && shown.contains("pa-1"), "{shown}");
}
