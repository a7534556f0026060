//! What must hold for errors: the kind of every status and code, and what is known after each.

use std::error::Error as _;

use common_core::retry::RetryPolicy;
use common_http::{CallOptions, Endpoint, TransportErrorKind, scripted::Step};

use super::*;
use crate::{
    client::testing::{refusal, scripted},
    model::PaymentOrderId,
    payment_orders,
    payments::{Confirm, Otp, Start},
    session::Ping,
};

/// The error of a confirmation, or of a read, that met that answer.
async fn confirming(step: Step) -> Error {
    let (client, script) = scripted([step]).await;
    let confirm = Confirm::new("pa-1", Otp::new(&"123456".into()));
    let options = CallOptions::new().retry(RetryPolicy::never());
    let error = client.send_with(&confirm, options).await.unwrap_err();
    assert_eq!(script.requests().len(), 1);
    error
}

#[tokio::test]
async fn each_status_has_its_kind_and_says_whether_it_may_have_happened() {
    for (status, kind, happened) in [
        (400, ErrorKind::Invalid, false),
        (403, ErrorKind::Forbidden, false),
        (404, ErrorKind::NotFound, false),
        (408, ErrorKind::Server, true),
        (409, ErrorKind::Conflict, false),
        (410, ErrorKind::Gone, false),
        (413, ErrorKind::Input, false),
        (418, ErrorKind::Unexpected, true),
        (422, ErrorKind::Invalid, false),
        (429, ErrorKind::TooManyRequests, false),
        (301, ErrorKind::Unexpected, true),
        (500, ErrorKind::Server, true),
        (503, ErrorKind::Server, true),
    ] {
        let error = confirming(Step::answer(status, "")).await;
        assert_eq!((error.kind(), error.may_have_happened()), (kind, happened), "{status}");
        assert_eq!(error.problem().map(|problem| problem.status), Some(status));
        assert_eq!(error.recovery(), happened.then_some(Recovery::PaymentState), "{status}");
    }
}

#[tokio::test]
async fn each_code_has_its_kind_in_an_answer_of_any_status() {
    for (code, kind) in [
        ("InvalidToken", ErrorKind::InvalidToken),
        ("UsedToken", ErrorKind::UsedToken),
        ("UsedToken.", ErrorKind::UsedToken),
        ("ValidationError", ErrorKind::Invalid),
        ("403", ErrorKind::Forbidden),
        ("NotFound", ErrorKind::NotFound),
    ] {
        for status in [200, 400, 409, 422, 408, 500, 503] {
            let error = confirming(refusal(status, code)).await;
            // Of a service in trouble only a wrong password is believed to have paid nothing.
            let is_trouble = [408, 500, 503].contains(&status);
            let happened = is_trouble && kind != ErrorKind::InvalidToken;
            assert_eq!(
                (error.kind(), error.may_have_happened()),
                (kind, happened),
                "{status} {code}"
            );
            let told = error.problem().unwrap().code.as_deref();
            assert_eq!(told, Some(code.trim_end_matches('.')));
        }
    }
    // The codes of the confirmation are more than the statuses that mean a missing right.
    assert_eq!(confirming(refusal(403, "UsedToken")).await.kind(), ErrorKind::UsedToken);
}

#[tokio::test]
async fn a_creation_is_not_undone_by_a_code_of_a_service_in_trouble() {
    for (status, code, happened) in [
        (500, "ValidationError", true),
        (503, "InvalidToken", true),
        (408, "NotFound", true),
        (400, "ValidationError", false),
    ] {
        let (client, _) = scripted([refusal(status, code)]).await;
        let orders = [crate::model::NewPaymentOrder::default()];
        let create = payment_orders::Create::new(&orders).unwrap();
        let error = client.send(&create).await.unwrap_err();
        assert_eq!(error.may_have_happened(), happened, "{status} {code}");
    }
}

#[tokio::test]
async fn an_undocumented_code_promises_nothing() {
    let error = confirming(refusal(200, "Neobjasnjeno")).await;
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Refused, true));
    assert_eq!(
        error.to_string(),
        "epp payments.confirm: the service refused (status 200, code Neobjasnjeno); \
         it may have taken effect: look at the payment's orders (payment_state)"
    );
    let (client, _) = scripted([refusal(200, "Neobjasnjeno")]).await;
    let error = client.send(&Ping).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Refused, false));
}

#[tokio::test]
async fn each_call_that_is_made_once_names_its_recovery() {
    let lost = || Step::fail(TransportErrorKind::Interrupted);
    let (client, script) = scripted([lost(), lost()]).await;
    let start = client.send(&Start::new([PaymentOrderId(7)])).await.unwrap_err();
    assert_eq!(start.recovery(), Some(Recovery::PaymentLapses));
    let orders = [crate::model::NewPaymentOrder::default()];
    let create = payment_orders::Create::new(&orders).unwrap();
    let create = client.send(&create).await.unwrap_err();
    assert_eq!(create.recovery(), Some(Recovery::OrdersByTag));
    assert!(create.to_string().contains("filter[UserTag]"), "{create}");
    // Neither was sent again.
    assert_eq!(script.requests().len(), 2);
}

#[tokio::test]
async fn nothing_is_sent_again_after_bytes_may_have_left() {
    for failure in [TransportErrorKind::Timeout, TransportErrorKind::Interrupted] {
        let (client, script) = scripted([Step::fail(failure)]).await;
        let confirm = Confirm::new("pa-1", Otp::new(&"123456".into()));
        let error = client.send(&confirm).await.unwrap_err();
        assert!(error.may_have_happened());
        assert_eq!(script.requests().len(), 1);
    }
}

#[tokio::test]
async fn the_services_sentences_stay_out_of_display_and_debug() {
    let error = confirming(refusal(422, "InvalidToken")).await;
    assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    assert_eq!(error.problem().unwrap().message.as_deref(), Some("canary-message"));
    let long = "x".repeat(65);
    let body = format!(r#"{{"status":{{"code":"{long}"}}}}"#);
    let error = confirming(Step::answer(400, body)).await;
    assert!(!error.to_string().contains("xxx"), "{error}");
}

#[test]
fn the_cause_is_the_source_and_not_part_of_the_sentence() {
    let cause = BuildError::new("PerPage", "must be at least 1");
    let error = Error::input(&payment_orders::List::INFO, cause);
    assert_eq!(error.to_string(), "epp payment_orders.list: the request could not be built");
    assert_eq!(error.source().unwrap().to_string(), "PerPage: must be at least 1");
    assert_eq!((error.request_id(), error.retry_after(), error.recovery()), (None, None, None));
}

#[tokio::test]
async fn what_the_service_asks_to_wait_is_told() {
    let step = Step::answer(429, "").header("retry-after", "7").header("x-request-id", "r-1");
    let error = confirming(step).await;
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(error.request_id(), Some("r-1"));
}
