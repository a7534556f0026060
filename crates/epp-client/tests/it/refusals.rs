//! Every refusal of the service, provoked, and what the client makes of it.

use std::time::Duration;

use epp_client::{
    ErrorKind, Recovery, SortDirection,
    accounts::{self, StatementFormat, StatementUrl},
    batch::Outcome,
    model::{NewPaymentOrder, PaymentOrderId, ReferenceModel, TwoFactorChannel},
    payment_orders,
    payments::{Otp, Start, Verdict},
    session::Credentials,
};
use http::Method;
use sandbox::fault::{Fault, Rule};

use crate::support::{
    DAY, account, assert_error, assert_expected, beside, created, in_process, once, order, orders,
    otp, started,
};

/// The code of the service's refusal.
fn refusal_code(error: &epp_client::Error) -> Option<&str> {
    error.problem()?.code.as_deref()
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_not_tried_again_until_it_is_set_again() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    let (list, epp) = (accounts::List::new(), sandbox.epp());
    client.session().log_in_as(Credentials::new("prvi", "pogrešna".into()));
    for _ in 0..5 {
        let error = client.send(&list).await.unwrap_err();
        assert_error(&error, ErrorKind::LoginRefused, false);
        assert_eq!(refusal_code(&error), Some("InvalidLogin"));
    }
    assert_eq!(epp.statistics().refused_logins, 1, "three refusals would lock the user");
    for _ in 0..2 {
        client.session().log_in_as(Credentials::new("prvi", "pogrešna".into()));
        client.send(&list).await.unwrap_err();
    }
    let right = Credentials::new("prvi", epp.user("prvi").unwrap().password().into());
    client.session().log_in_as(right.clone());
    let error = client.send(&list).await.unwrap_err();
    assert_error(&error, ErrorKind::LoginRefused, false);
    assert_eq!(refusal_code(&error), Some("UserBlocked"));
    tokio::time::advance(Duration::from_secs(61)).await;
    client.session().log_in_as(right);
    client.send(&list).await.unwrap();
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_expired_refresh_token_leads_to_one_login() {
    let sandbox = in_process().await;
    let (client, epp) = (beside(&sandbox, "prvi"), sandbox.epp());
    client.send(&accounts::List::new()).await.unwrap();
    epp.expire_tokens();
    epp.expire_refresh_tokens();
    client.send(&accounts::List::new()).await.unwrap();
    let told = epp.statistics();
    assert_eq!((told.logins, told.refused_refreshes, told.refreshes), (2, 1, 0));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_allowed_or_not_there_is_told_by_its_kind() {
    let sandbox = in_process().await;
    let nobody = beside(&sandbox, "niko");
    let error = nobody.send(&accounts::List::new()).await.unwrap_err();
    assert_error(&error, ErrorKind::Forbidden, false);
    let reader = beside(&sandbox, "pregled");
    let create = payment_orders::Create::new(&orders(&sandbox, "a", 1)).unwrap();
    assert_error(&reader.send(&create).await.unwrap_err(), ErrorKind::Forbidden, false);
    let missing = payment_orders::Fetch(PaymentOrderId(1));
    assert_error(&reader.send(&missing).await.unwrap_err(), ErrorKind::NotFound, false);
    let stranger = accounts::Fetch("7".parse().unwrap());
    assert_error(&reader.send(&stranger).await.unwrap_err(), ErrorKind::NotFound, false);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_question_that_cannot_be_answered_is_refused() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    let by_nothing = accounts::List::new().sort_by("nista", SortDirection::Ascending);
    let error = client.send(&by_nothing).await.unwrap_err();
    assert_error(&error, ErrorKind::Invalid, false);
    assert_eq!(refusal_code(&error), Some("ValidationError"));
    let number = account(&sandbox).number.parse().unwrap();
    let tomorrow =
        StatementUrl::daily(&number, "2026-02-01".parse().unwrap(), StatementFormat::Xml);
    let error = client.statement(&tomorrow).await.unwrap_err();
    assert_error(&error, ErrorKind::NotFound, false);
    assert_eq!(refusal_code(&error), Some("NotFound"));
}

/// Each order with one thing wrong, and the message of its refusal.
fn wrong_orders(sandbox: &sandbox::Sandbox) -> Vec<(NewPaymentOrder, &'static str)> {
    let good = || order(sandbox, "w", 5);
    let blank = |change: fn(&mut NewPaymentOrder)| {
        let mut order = good();
        change(&mut order);
        order
    };
    vec![
        (good().external_id("x".repeat(50)), "InvalidExternalIdValidation"),
        (good().payment_basis("x".repeat(106)), "InvalidPaymentBasisValidation"),
        (blank(|one| one.payment_basis = None), "InvalidPaymentBasisValidation"),
        (blank(|one| one.payment_code = None), "InvalidPaymentCodeValidation"),
        (good().amount(0), "InvalidAmountValidation"),
        (good().amount(10_000_001), "InvalidAmountValidation"),
        (good().debtor_bank_account("840000000000162490"), "InvalidDebtorBankAccountValidation"),
        (good().creditor_bank_account("12"), "InvalidCreditorBankAccountValidation"),
        (blank(|one| one.creditor_name = None), "InvalidCreditorNameValidation"),
        (good().creditor_address(""), "InvalidCreditorAddressValidation"),
        (
            good().creditor_code("8523201").creditor_code_model(ReferenceModel::Model97),
            "InvalidCreditorCodeValidation",
        ),
    ]
}

#[tokio::test(start_paused = true)]
async fn each_wrong_order_is_refused_by_its_property_and_the_others_are_created() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    let (mut all, messages): (Vec<_>, Vec<_>) = wrong_orders(&sandbox).into_iter().unzip();
    all.push(order(&sandbox, "good", 5));
    let outcome = client.create_orders(&all).await;
    for (outcome, message) in outcome.outcomes().iter().zip(messages) {
        let Outcome::Refused(error) = outcome else { panic!("{message}: {outcome:?}") };
        assert_eq!(error.code.as_deref(), Some("ValidationError"));
        assert_eq!(error.message.as_deref(), Some(message));
    }
    assert_eq!(outcome.accepted(), 1);
    assert_eq!(sandbox.epp().orders().len(), 1);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_does_not_pay_and_the_right_one_does() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    let ids = created(&client, &sandbox, "a", 2).await;
    let payment = started(&client, &ids).await;
    let record = payment.record().clone();
    let right = otp(&sandbox, &record);
    let error = payment.confirm(&Otp::new(&"x".into())).await.unwrap_err();
    assert_error(error.error(), ErrorKind::InvalidToken, false);
    let payment = error.into_payment().unwrap();
    // The very same wrong password is not even sent.
    let error = payment.confirm(&Otp::new(&"x".into())).await.unwrap_err();
    assert_error(error.error(), ErrorKind::UsedToken, false);
    let confirmations =
        || sandbox.epp().requests().iter().filter(|one| one.method == "PUT").count();
    assert_eq!(confirmations(), 1);
    error.into_payment().unwrap().confirm(&right).await.unwrap();
    assert_eq!(confirmations(), 2);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_authenticators_password_works_once() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    for (name, refused) in [("a", false), ("b", true)] {
        let ids = created(&client, &sandbox, name, 1).await;
        let start = Start::new(ids).channel(TwoFactorChannel::Authenticator);
        let payment = client.start_payment(&start).await.unwrap();
        let otp = otp(&sandbox, payment.record());
        match payment.confirm(&otp).await {
            Ok(_) => assert!(!refused),
            Err(error) => {
                assert!(refused);
                assert_error(error.error(), ErrorKind::UsedToken, false);
            }
        }
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_password_after_the_countdown_does_not_pay() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    let ids = created(&client, &sandbox, "a", 1).await;
    let payment = started(&client, &ids).await;
    let otp = otp(&sandbox, payment.record());
    tokio::time::advance(Duration::from_secs(121)).await;
    let error = payment.confirm(&otp).await.unwrap_err();
    let code = error.error().problem().unwrap().code.clone();
    assert_eq!((code.as_deref(), error.may_have_happened()), (Some("ExpiredToken"), false));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn what_is_locked_or_paid_or_not_ones_own_is_not_started() {
    let sandbox = in_process().await;
    let (first, second) = (beside(&sandbox, "prvi"), beside(&sandbox, "drugi"));
    let other = beside(&sandbox, "treci");
    let ids = created(&first, &sandbox, "a", 1).await;
    let payment = started(&first, &ids).await;
    let start = Start::new(ids);
    let code = async |client: &epp_client::Client, start: &Start| {
        let error = client.start_payment(start).await.unwrap_err();
        assert!(!error.may_have_happened(), "{error}");
        error.problem().unwrap().code.clone().unwrap()
    };
    assert_eq!(code(&second, &start).await, "PaymentOrderLocked");
    assert_eq!(code(&other, &start).await, "InvalidPaymentOrderIds");
    let zimbra = start.clone().channel(TwoFactorChannel::Zimbra);
    assert_eq!(code(&first, &zimbra).await, "InvalidTwoFactorAuthenticationChannel");
    let otp = otp(&sandbox, payment.record());
    let record = payment.record().clone();
    payment.confirm(&otp).await.unwrap();
    assert_eq!(code(&first, &start).await, "PaymentOrderPaid");
    // Another run that does not know of the confirmation is not told that nothing was paid.
    let again = first.resume_payment(record).confirm(&otp).await.unwrap_err();
    assert_error(again.error(), ErrorKind::Invalid, true);
    assert_eq!(refusal_code(again.error()), Some("InvalidPaymentIdTagName"));
    let state = first.payment_state(&again.into_payment().unwrap_err()).await.unwrap();
    assert_eq!(state.verdict(), Verdict::Paid);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_link_that_has_ended_is_replaced_once_and_then_told() {
    let sandbox = in_process().await;
    let client = beside(&sandbox, "prvi");
    let number = account(&sandbox).number.parse().unwrap();
    let url = StatementUrl::daily(&number, DAY.parse().unwrap(), StatementFormat::Xml);
    let late = Fault::DelayBefore { ms: 61_000 };
    once(&sandbox, &Method::GET, "/izvodi/{path}", late);
    client.statement(&url).await.unwrap();
    assert_eq!(sandbox.epp().statistics().downloads, 1);
    sandbox.epp().faults().push(Rule::new(late).on(&Method::GET, "/izvodi/{path}"));
    assert_error(&client.statement(&url).await.unwrap_err(), ErrorKind::Gone, false);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn trouble_on_the_way_is_told_by_its_kind_and_by_whether_it_may_have_happened() {
    let reply = |status| Fault::Reply { status, retry_after: None };
    for (fault, kind, may_have_happened) in [
        (reply(400), ErrorKind::Invalid, false),
        (reply(401), ErrorKind::Unauthenticated, false),
        (reply(403), ErrorKind::Forbidden, false),
        (reply(404), ErrorKind::NotFound, false),
        (reply(409), ErrorKind::Conflict, false),
        (reply(410), ErrorKind::Gone, false),
        (reply(413), ErrorKind::Input, false),
        (reply(422), ErrorKind::Invalid, false),
        (reply(429), ErrorKind::TooManyRequests, false),
        (reply(408), ErrorKind::Server, true),
        (reply(500), ErrorKind::Server, true),
        (reply(503), ErrorKind::Server, true),
        (Fault::MaskAnswer { status: 503 }, ErrorKind::Server, true),
        (Fault::DropRequest, ErrorKind::Interrupted, true),
        (Fault::LoseAnswer, ErrorKind::Interrupted, true),
        (Fault::CutAnswer { after: 10 }, ErrorKind::Interrupted, true),
        (Fault::DelayAfter { ms: 600_000 }, ErrorKind::Timeout, true),
    ] {
        let sandbox = in_process().await;
        let client = beside(&sandbox, "prvi");
        client.send(&accounts::List::new()).await.unwrap();
        let (method, path) = (Method::POST, "/payment-orders");
        sandbox.epp().faults().push(Rule::new(fault).on(&method, path));
        let create = payment_orders::Create::new(&orders(&sandbox, "a", 1)).unwrap();
        let error = client.send(&create).await.unwrap_err();
        assert_error(&error, kind, may_have_happened);
        if may_have_happened {
            assert_eq!(error.recovery(), Some(Recovery::OrdersByTag));
        }
        let requests = sandbox.epp().requests();
        let sent = requests.iter().filter(|one| one.method == "POST" && one.path.ends_with(path));
        // A refused token is replaced once, since nothing was processed.
        let expected = if kind == ErrorKind::Unauthenticated { 2 } else { 1 };
        assert_eq!(sent.count(), expected, "{fault:?}");
    }
}
