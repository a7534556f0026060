//! Each function over real sockets, against hostile sandboxes, with the typed answer asserted
//! (ePP facts §1).

use std::io::Cursor;

use common_core::{money::Amount, open::Open, secret::secret_bytes};
use epp_client::{
    Client, SortDirection,
    accounts::{self, StatementFormat, StatementUrl},
    batch::LocatedBatch,
    model::{NewPaymentOrder, PaymentOrder, RequestStatus, TwoFactorChannel},
    payment_orders,
    payments::{Start, StartedPayment, Verdict},
    raw::Request,
    session::Ping,
    statement::{Archive, ArchiveLimits, OrderKey, Reading, match_orders},
    totp::Totp,
};
use futures_util::TryStreamExt;
use sandbox::Sandbox;

use crate::support::{
    DAY, SEEDS, account, assert_expected, calm, client_of, created, hostile, order, orders, otp,
    stored, tag,
};

/// Creates under new tags until a hostile service has taken all of them.
async fn create(client: &Client, orders: &[NewPaymentOrder]) -> LocatedBatch {
    for round in 0..20 {
        let batch = client.create_and_locate(orders, &tag(round)).await;
        if batch.is_complete() {
            return batch;
        }
        assert!(batch.ids().is_empty(), "all or nothing of these: {batch:?}");
    }
    panic!("no creation succeeded");
}

/// Starts until a hostile service answers.
async fn start(client: &Client, start: &Start) -> StartedPayment {
    loop {
        match client.start_payment(start).await {
            Ok(payment) => return payment,
            Err(error) => assert!(error.may_have_happened(), "{error}"),
        }
    }
}

#[tokio::test]
async fn the_service_is_pinged_without_a_login() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        client_of(&sandbox).send(&Ping).await.unwrap();
        assert_eq!(sandbox.epp().logins(), 0);
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn one_login_serves_all_calls_and_is_exported() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    for _ in 0..5 {
        client.send(&accounts::List::new()).await.unwrap();
    }
    let pair = client.session().export().await.unwrap();
    let other = crate::support::over_socket(&sandbox, "prvi").build().unwrap();
    other.session().import(pair).await.unwrap();
    other.send(&accounts::List::new()).await.unwrap();
    sandbox.epp().expire_tokens();
    other.send(&accounts::List::new()).await.unwrap();
    let told = sandbox.epp().statistics();
    assert_eq!((told.logins, told.refreshes, told.early_refreshes), (1, 1, 0));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn accounts_are_listed_filtered_sorted_and_fetched() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client_of(&sandbox);
        let all: Vec<_> =
            client.items(accounts::List::new().per_page(7)).try_collect().await.unwrap();
        assert_eq!(all.len(), 25);
        let down = accounts::List::new().sort_by("number", SortDirection::Descending);
        let first = client.send(&down.per_page(1)).await.unwrap().items.remove(0);
        assert_eq!(first.number, all.iter().filter_map(|one| one.number.clone()).max());
        let approved = accounts::List::new().request_status(RequestStatus::Approved).per_page(50);
        let approved = client.send(&approved).await.unwrap().items;
        let is_approved = |status| status == Some(Open::Known(RequestStatus::Approved));
        assert!(approved.len() < 25 && approved.iter().all(|one| is_approved(one.request_status)));
        let number = account(&sandbox).number.parse().unwrap();
        let fetched = client.send(&accounts::Fetch(number)).await.unwrap();
        assert_eq!(fetched.account().unwrap().to_string(), account(&sandbox).full_number());
        assert_eq!(fetched.max_amount, Some(Amount::from(10_000_000)));
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn orders_are_validated_and_none_is_created() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client_of(&sandbox);
        let mut all = orders(&sandbox, "v", 3);
        all[1].external_id = Some("x".repeat(50));
        let outcome = client.validate_orders(&all).await;
        let refused: Vec<_> = outcome.refused().collect();
        assert_eq!((outcome.accepted(), refused[0].0, refused.len()), (2, 1, 1));
        assert_eq!(refused[0].1.message.as_deref(), Some("InvalidExternalIdValidation"));
        assert!(sandbox.epp().orders().is_empty());
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn orders_are_created_found_listed_and_fetched() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client_of(&sandbox);
        let batch = create(&client, &orders(&sandbox, "c", 9)).await;
        let ids = batch.ids();
        let tag = batch.tag().as_str();
        assert_eq!((ids.len(), stored(&sandbox, tag)), (9, 9));
        let some = payment_orders::List::new()
            .user_tag(tag)
            .amount_from(Amount::from(3))
            .amount_to(Amount::from(6))
            .sort_by("id", SortDirection::Ascending)
            .per_page(3);
        let listed: Vec<_> = client.items(some).try_collect().await.unwrap();
        let found: Vec<_> = listed.iter().filter_map(PaymentOrder::known_id).collect();
        assert_eq!(found, ids[2..6]);
        let fetched = client.send(&payment_orders::Fetch(ids[0])).await.unwrap();
        assert_eq!(fetched.external_id.as_deref(), Some("c-1"));
        assert_eq!(fetched.amount, Some(Amount::from(1)));
        assert!(fetched.created_date.unwrap().day().is_some());
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn orders_are_listed_by_each_filter_alone() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    let batch = create(&client, &orders(&sandbox, "f", 9)).await;
    let (ids, tag) = (batch.ids(), batch.tag().as_str().to_owned());
    let list = payment_orders::List::new;
    let day = |text: &str| text.parse::<chrono::NaiveDate>().unwrap();
    for (filtered, expected) in [
        (list(), 9),
        (list().debtor_bank_account(account(&sandbox).full_number()), 9),
        (list().debtor_bank_account("840000000023566472"), 0),
        (list().payment_code(221_u16), 9),
        (list().payment_code(290_u16), 0),
        (list().amount_from(Amount::from(3)), 7),
        (list().amount_to(Amount::from(3)), 3),
        (list().creditor_name("Izmišljeni Dobavljač"), 9),
        (list().creditor_name("Niko"), 0),
        (list().creditor_bank_account("840000000023566472"), 9),
        (list().creditor_code("97"), 0),
        (list().created_date_from(day(DAY)), 9),
        (list().created_date_to(day("2026-01-30")), 0),
        (list().payment_date_from(day(DAY)), 0),
        (list().payment_date_to(day(DAY)), 0),
        (list().system_tag("п-798nj"), 0),
        (list().user_tag(&tag), 9),
        (list().user_tag("nepoznat"), 0),
        (list().id_from(ids[6]), 3),
        (list().id_to(ids[6]), 7),
    ] {
        let shown = format!("{filtered:?}");
        let listed: Vec<_> = client.items(filtered.per_page(4)).try_collect().await.unwrap();
        assert_eq!(listed.len(), expected, "{shown}");
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_payment_is_confirmed_and_its_statement_matches() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let (client, epp) = (client_of(&sandbox), sandbox.epp());
        let batch = create(&client, &orders(&sandbox, "p", 4)).await;
        let wanted = Start::new(batch.ids())
            .expecting(Amount::from(10))
            .channel(TwoFactorChannel::Authenticator);
        let payment = start(&client, &wanted).await;
        let record = payment.record().clone();
        assert_eq!(payment.discrepancies(), []);
        // The sandbox's day is not today's, so the authenticator's moment is its own.
        if payment.confirm(&otp(&sandbox, &record)).await.is_err() {
            // A hostile service may fail without having processed it.
            assert_eq!(client.payment_state(&record).await.unwrap().verdict(), Verdict::NotPaid);
            let again = client.resume_payment(record.clone());
            again.confirm(&otp(&sandbox, &record)).await.unwrap();
        }
        assert_eq!(client.payment_state(&record).await.unwrap().verdict(), Verdict::Paid);
        epp.settle().await;
        let tagged = payment_orders::List::new().user_tag(batch.tag().as_str());
        let paid: Vec<_> = client.items(tagged).try_collect().await.unwrap();
        let keys: Vec<_> = paid.iter().map(OrderKey::from).collect();
        let number = account(&sandbox).number.parse().unwrap();
        for format in [StatementFormat::Xml, StatementFormat::Json] {
            let url = StatementUrl::daily(&number, DAY.parse().unwrap(), format);
            let archive = Cursor::new(client.statement(&url).await.unwrap());
            let mut archive = Archive::open(archive, ArchiveLimits::default()).unwrap();
            let statement = archive.statement(Reading::Lenient).unwrap();
            assert_eq!(statement.audit(), []);
            let matches = match_orders(&statement.items, &keys);
            assert_eq!((matches.pairs.len(), matches.other_debits.len()), (4, 0));
        }
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn the_authenticator_of_this_crate_agrees_with_the_services() {
    let sandbox = Sandbox::builder().calm().start().await.unwrap();
    let client = client_of(&sandbox);
    let ids = created(&client, &sandbox, "totp", 1).await;
    let wanted = Start::new(ids).channel(TwoFactorChannel::Authenticator);
    let payment = client.start_payment(&wanted).await.unwrap();
    let secret = sandbox.epp().totp_secret("prvi").unwrap();
    let password = Totp::new(&secret_bytes(secret)).unwrap().password(client.clock().now());
    let paid = payment.confirm(&password.unwrap()).await.unwrap();
    assert_eq!((paid.total_count, paid.total_amount), (Some(1), Some(Amount::from(1))));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn statements_come_as_pdf_as_files_and_of_all_accounts() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    let (day, one) = (DAY.parse().unwrap(), account(&sandbox));
    let pdf = StatementUrl::daily(&one.number.parse().unwrap(), day, StatementFormat::Pdf);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("izvod.zip");
    let written = client.save_statement(&pdf, &path).await.unwrap();
    let file = std::fs::read(&path).unwrap();
    assert_eq!(file.len() as u64, written);
    let mut archive = Archive::open(Cursor::new(file), ArchiveLimits::default()).unwrap();
    assert!(archive.read(0).unwrap().starts_with(b"%PDF-"));
    let all = StatementUrl::all_accounts(&one.organization_id.parse().unwrap(), day);
    let all = Cursor::new(client.statement(&all).await.unwrap());
    let archive = Archive::open(all, ArchiveLimits::default()).unwrap();
    assert!(!archive.entries().is_empty());
    assert_expected(&sandbox);
}

#[tokio::test]
async fn every_other_function_is_reached_by_its_path() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    let list = Request::get("bank-accounts").query("PerPage", 3);
    let answer = client.request(&list).await.unwrap();
    assert_eq!(answer.payload["items"].as_array().map(Vec::len), Some(3));
    let one = order(&sandbox, "raw", 5).normalized();
    let post = Request::new(http::Method::POST, "payment-orders").json(&[one]).unwrap();
    client.request(&post).await.unwrap();
    assert_eq!(sandbox.epp().orders()[0].external_id.as_deref(), Some("raw"));
    assert_expected(&sandbox);
}
