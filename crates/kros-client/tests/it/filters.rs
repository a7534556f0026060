//! Every filter of every list has the effect that its name promises.

use common_http::Paged;
use futures_util::TryStreamExt;
use kros_client::{
    Client, catalog_items, expenses,
    invoices::{self, Extended},
    model::{AccountId, DueDateStatus, ExternalId, NewInvoice, PaymentStatus},
    payments, proforma_invoices,
};
use sandbox::Sandbox;

use crate::support::{amount, assert_expected, invoice, payment, unlimited, unlimited_client};

/// Names what a filtered list holds.
async fn names<L>(client: &Client, list: L, name: fn(L::Item) -> Option<String>) -> Vec<String>
where
    L: Paged<Api = kros_client::Kros> + Clone + Send,
    L::Response: Send,
    L::Item: Send,
{
    let items: Vec<_> = client.items(list).try_collect().await.unwrap();
    items.into_iter().map(|item| name(item).unwrap()).collect()
}

/// Invoices `1`, `2` and `3` of successive days; the second one is paid.
async fn three_invoices(sandbox: &Sandbox, client: &Client) {
    let of_day = |day: u32| -> NewInvoice {
        invoice(&day.to_string())
            .issue_date(format!("2026-01-0{day}").as_str())
            .delivery_date(format!("2026-01-1{day}").as_str())
            .due_date(if day == 3 { "2999-01-01" } else { "2026-01-20" })
            .order_number(format!("OBJ-{day}"))
            .numbering_sequence(if day == 1 { "T-OF" } else { "OF" })
            .variable_symbol(format!("{day}"))
    };
    for day in 1..=3 {
        client.send(&invoices::Create::new(&of_day(day)).unwrap()).await.unwrap();
        sandbox.kros().settle().await;
        tokio::time::advance(std::time::Duration::from_secs(3600)).await;
    }
    let paid = payment("p").variable_symbol("2");
    client.send(&payments::CreateBatch::new(&[paid]).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
}

#[tokio::test(start_paused = true)]
async fn every_filter_of_invoices_has_an_effect() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    three_invoices(&sandbox, &client).await;
    let all = client.send(&invoices::List::new()).await.unwrap();
    let number = |index: usize| all[index].document.document_number.clone().unwrap();
    let third_change = all[2].last_modified_timestamp.clone().unwrap();
    let list = invoices::List::new;
    for (filtered, expected) in [
        (list(), &["1", "2", "3"][..]),
        (list().issue_date_from("2026-01-02"), &["2", "3"]),
        (list().issue_date_to("2026-01-02"), &["1", "2"]),
        (list().delivery_date_from("2026-01-13"), &["3"]),
        (list().delivery_date_to("2026-01-11"), &["1"]),
        (list().payment_status(PaymentStatus::FullyPaid), &["2"]),
        (list().payment_status(PaymentStatus::NotPaid), &["1", "3"]),
        (list().due_date_status(DueDateStatus::InDue), &["3"]),
        (list().due_date_status(DueDateStatus::OverDue), &["1"]),
        (list().order_number("OBJ-2"), &["2"]),
        (list().numbering_sequence("T-OF"), &["1"]),
        (list().document_number_from(number(1)), &["2", "3"]),
        (list().document_number_to(number(1)), &["1", "2"]),
        // The payment changed the second one last.
        (list().last_modified_timestamp(third_change), &["2", "3"]),
        (list().skip(2), &["3"]),
        (list().top(1), &["1", "2", "3"]),
    ] {
        let shown = format!("{filtered:?}");
        let found = names(&client, filtered, |one| one.document.external_id).await;
        assert_eq!(found, expected, "{shown}");
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn extended_fields_come_when_asked_for() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    three_invoices(&sandbox, &client).await;
    for (asked, present) in [
        (Extended::ITEMS, [true, false, false, false]),
        (Extended::VAT_BREAKDOWNS, [false, true, false, false]),
        (Extended::PAYMENTS, [false, false, true, false]),
        (Extended::LINKED_DOCUMENTS, [false, false, false, true]),
        (Extended::ALL, [true; 4]),
    ] {
        let page = client.send(&invoices::List::new().extended_fields(asked)).await.unwrap();
        let parts = [
            !page[1].document.items.is_empty(),
            page[1].vat_breakdowns.is_some(),
            page[1].payments.is_some(),
            page[1].linked_documents.is_some(),
        ];
        assert_eq!(parts, present, "{asked:?}");
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn every_filter_of_proformas_has_an_effect() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    let list = proforma_invoices::List::new;
    let (first, second, both) = (&["ZF0001"][..], &["ZF0002"][..], &["ZF0001", "ZF0002"][..]);
    let none: &[&str] = &[];
    for (filtered, expected) in [
        (list(), both),
        (list().document_number_from("ZF0002"), second),
        (list().document_number_to("ZF0001"), first),
        (list().issue_date_from("2999-01-01"), none),
        (list().issue_date_to("2000-01-01"), none),
        (list().payment_status(PaymentStatus::FullyPaid), none),
        (list().due_date_status(DueDateStatus::OverDue), none),
        (list().due_date_status(DueDateStatus::InDue), both),
        (list().order_number("OBJ"), none),
        (list().numbering_sequence("OF"), none),
        (list().numbering_sequence("ZF"), both),
        (list().last_modified_timestamp("2999-01-01T00:00:00"), none),
        (list().skip(1), second),
    ] {
        let shown = format!("{filtered:?}");
        let found = names(&client, filtered, |one| one.document.document_number).await;
        assert_eq!(found, expected, "{shown}");
    }
    let items = client.send(&list().extended_fields(Extended::ITEMS)).await.unwrap();
    assert_eq!(items[0].document.items[0].name.as_deref(), Some("Záloha"));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn every_filter_of_expenses_has_an_effect() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    let list = expenses::List::new;
    let all = &["DF2026001", "DF2026002", "DF2026003"];
    for (filtered, expected) in [
        (list(), &all[..]),
        (list().issue_date_from("2026-01-11"), &all[1..]),
        (list().issue_date_to("2026-01-11"), &all[..2]),
        (list().due_date_from("2026-02-12"), &all[2..]),
        (list().due_date_to("2026-02-10"), &all[..1]),
        (list().delivery_date_from("2026-01-12"), &all[2..]),
        (list().delivery_date_to("2026-01-10"), &all[..1]),
        (list().payment_status(PaymentStatus::FullyPaid), &all[1..2]),
        (list().numbering_sequence("OF"), &[]),
        (list().document_number_from("DF2026003"), &all[2..]),
        (list().document_number_to("DF2026001"), &all[..1]),
        (list().last_modified_timestamp("2999-01-01T00:00:00"), &[]),
        (list().skip(1), &all[1..]),
    ] {
        let shown = format!("{filtered:?}");
        let found = names(&client, filtered, |one| one.document_number).await;
        assert_eq!(found, expected, "{shown}");
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn every_filter_of_the_catalogue_has_an_effect() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    let list = catalog_items::List::new;
    for (filtered, expected) in [
        (list(), 120),
        (list().item_code("T-007"), 1),
        (list().name("tovar 12"), 2),
        (list().only_marked_for_eshop(true), 60),
        (list().only_marked_for_eshop(false), 120),
        (list().catalog_item_changed_timestamp("2999-01-01T00:00:00"), 0),
        (list().skip(110), 10),
    ] {
        let shown = format!("{filtered:?}");
        let found = names(&client, filtered, |one| one.item_code).await;
        assert_eq!(found.len(), expected, "{shown}: {found:?}");
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn every_filter_of_payments_has_an_effect() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    for (day, account) in [(1, 3), (2, 4), (3, 3)] {
        let mut one = payment(&day.to_string()).account_id(AccountId(account));
        one.date_of_payment = Some(format!("2026-02-0{day}").as_str().into());
        one.sum_of_payment = Some(amount("1.00"));
        client.send(&payments::CreateBatch::new(&[one]).unwrap()).await.unwrap();
        sandbox.kros().settle().await;
        tokio::time::advance(std::time::Duration::from_secs(60)).await;
    }
    let all = client.send(&payments::List::new()).await.unwrap();
    let list = payments::List::new;
    for (filtered, expected) in [
        (list(), &["1", "2", "3"][..]),
        (list().payment_date_from("2026-02-02"), &["2", "3"]),
        (list().payment_date_to("2026-02-02"), &["1", "2"]),
        (list().account_id(AccountId(3)), &["1", "3"]),
        (list().external_id("2".parse::<ExternalId>().unwrap()), &["2"]),
        (list().last_modified_timestamp(all[2].last_modified_timestamp.clone().unwrap()), &["3"]),
        (list().skip(1), &["2", "3"]),
    ] {
        let shown = format!("{filtered:?}");
        let found = names(&client, filtered, |one| one.external_id).await;
        assert_eq!(found, expected, "{shown}");
    }
    assert_expected(&sandbox);
}
