//! Each endpoint over a real socket, against hostile sandboxes, with the typed answer asserted.

use common_core::open::Open;
use futures_util::{StreamExt, TryStreamExt, pin_mut};
use kros_client::{
    Client, Error, ErrorKind, auth, catalog_items, expenses, invoices, invoices::ReportKind,
    model::AccountId, model::ExpenseDocumentType, model::PaymentStatus, numbering_sequences,
    payments, proforma_invoices, raw, tags,
};
use sandbox::{Sandbox, kros::Profile};
use serde_json::Value;

use crate::support::{
    SEEDS, amount, assert_expected, calm, hostile, invoice, over_socket, payment, stored,
    unlimited_client,
};

fn client_of(sandbox: &Sandbox) -> Client {
    over_socket(sandbox).build().unwrap()
}

#[tokio::test]
async fn registers_are_listed() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client_of(&sandbox);
        client.send(&auth::Check).await.unwrap();
        let sequences = client.send(&numbering_sequences::List).await.unwrap();
        assert_eq!(sequences[0].name.as_deref(), Some("Odoslané faktúry"));
        let tags = client.send(&tags::List).await.unwrap();
        let names: Vec<_> = tags.iter().map(|tag| tag.name.as_deref().unwrap()).collect();
        assert_eq!(names, ["eshop", "materiál", "skúška"]);
        let accounts = client.send(&payments::Accounts).await.unwrap();
        assert_eq!((accounts[0].id, accounts[1].currency.as_deref()), (AccountId(3), Some("CZK")));
        let items = client.send(&catalog_items::List::new().top(3)).await.unwrap();
        let codes: Vec<_> = items.iter().map(|item| item.item_code.as_deref().unwrap()).collect();
        assert_eq!(codes, ["T-001", "T-002", "T-003"]);
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn expenses_and_proformas_are_listed_and_fetched() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client_of(&sandbox);
        let listed = client.send(&expenses::List::new()).await.unwrap();
        let kinds: Vec<_> = listed.iter().map(|one| one.document_type.unwrap()).collect();
        assert_eq!(kinds[0], Open::Known(ExpenseDocumentType::ReceivedInvoice));
        assert_eq!(kinds[2], Open::Known(ExpenseDocumentType::ReceivedCreditNote));
        let fetched = client.send(&expenses::Fetch(listed[0].id)).await.unwrap();
        assert_eq!(
            (fetched.id, &fetched.document_number),
            (listed[0].id, &listed[0].document_number)
        );
        let sums = fetched.prices.unwrap().document_prices.unwrap();
        assert_eq!(sums.total_price_incl_vat, Some(amount("24.60")));
        let proformas = client.send(&proforma_invoices::List::new()).await.unwrap();
        let numbers: Vec<_> =
            proformas.iter().map(|one| one.document.document_number.as_deref().unwrap()).collect();
        assert_eq!(numbers, ["ZF0001", "ZF0002"]);
        assert_eq!(proformas[1].sum_for_payment, Some(amount("59.99")));
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn an_invoice_is_created_listed_fetched_and_printed() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = client_of(&sandbox);
        let creation = invoices::Create::new(&invoice("order-1")).unwrap();
        // A hostile service may say 503 without having taken the document.
        while let Err(error) = client.send(&creation).await {
            assert!(error.may_have_happened(), "{error}");
            assert_eq!(sandbox.kros().documents(), []);
        }
        sandbox.kros().settle().await;
        let listed = client.send(&invoices::List::new()).await.unwrap();
        assert_eq!(listed.len(), 1);
        assert_eq!(listed[0].document.external_id.as_deref(), Some("order-1"));
        assert!(listed[0].document.items.is_empty(), "a list leaves the lines out");
        let fetched = client.send(&invoices::Fetch(listed[0].id)).await.unwrap();
        assert_eq!(fetched.document.items[0].name.as_deref(), Some("Chlieb"));
        assert_eq!(fetched.payment_status, Some(Open::Known(PaymentStatus::NotPaid)));
        assert_eq!(fetched.to_pay().map(|sum| sum == amount("5")), Some(true));
        let report = invoices::Report::new(fetched.id, ReportKind::BlackAndWhite);
        let printed = client.send(&report).await.unwrap();
        let link = invoices::ReportByLink(fetched.pdf_report_link.unwrap());
        assert_eq!(client.send(&link).await.unwrap(), printed);
        assert!(printed.bytes().starts_with(b"%PDF-"));
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn a_print_is_downloaded_into_a_file() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    client.send(&invoices::Create::new(&invoice("a")).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    let id = client.send(&invoices::List::new()).await.unwrap()[0].id;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("invoice.pdf");
    let report = invoices::Report::new(id, ReportKind::Colour);
    let written = client.download(&report).await.unwrap().save(&path).await.unwrap();
    let saved = std::fs::read(&path).unwrap();
    assert_eq!(saved.len() as u64, written);
    assert_eq!(client.send(&report).await.unwrap().bytes(), &saved);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let nowhere = folder.path().join("no-such-folder").join("invoice.pdf");
    let error = client.download(&report).await.unwrap().save(&nowhere).await.unwrap_err();
    let error = Error::from(error);
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::File, false));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn batches_and_payments_are_taken_and_listed() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    let batch = invoices::CreateBatch::new(&[invoice("a"), invoice("b")]).unwrap();
    client.send(&batch).await.unwrap();
    sandbox.kros().settle().await;
    assert_eq!(stored(&sandbox), ["a", "b"]);
    let symbol = sandbox.kros().documents()[0].variable_symbol.clone();
    let paid = payment("p").variable_symbol(symbol).account_id(AccountId(3));
    client.send(&payments::CreateBatch::new(&[paid]).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    let listed = client.send(&payments::List::new()).await.unwrap();
    assert_eq!(listed[0].external_id.as_deref(), Some("p"));
    assert_eq!(listed[0].matched_documents[0]["id"], sandbox.kros().documents()[0].id);
    let invoices = client.send(&invoices::List::new()).await.unwrap();
    assert_eq!(invoices[0].payment_status, Some(Open::Known(PaymentStatus::FullyPaid)));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn resources_without_types_are_reached_by_their_paths() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    for (path, number) in [("delivery-notes", "DL001"), ("received-orders", "PO001")] {
        let list = raw::List::<Value>::new(path).top(10);
        let rows: Vec<Value> = client.items(list).try_collect().await.unwrap();
        assert_eq!(rows[0]["documentNumber"], number);
    }
    let post = raw::Post::one("invoices/single", &invoice("single")).unwrap();
    client.send(&post).await.unwrap();
    sandbox.kros().settle().await;
    assert_eq!(stored(&sandbox), ["single"]);
    let id = sandbox.kros().documents()[0].id;
    let fetched = client.send(&raw::Get::<Value>::new(format!("invoices/{id}"))).await.unwrap();
    assert_eq!(fetched["externalId"], "single");
    let bytes = client.send(&raw::GetBytes::new(format!("invoices/{id}/reports/19"))).await;
    assert!(bytes.unwrap().starts_with(b"%PDF-"));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn every_item_of_every_page_comes_once_and_in_order() {
    for seed in SEEDS {
        let builder = Sandbox::builder().seed(seed).hostile().without_sockets();
        let sandbox = builder.start().await.unwrap();
        sandbox.kros().set_limits(Profile::Unlimited);
        let client = unlimited_client(&sandbox);
        let expected: Vec<_> = (1..=120).map(|number| format!("T-{number:03}")).collect();
        for top in [7, 50, 60, 100] {
            let items = client.items(catalog_items::List::new().top(top));
            let codes: Vec<_> =
                items.map_ok(|item| item.item_code.unwrap()).try_collect().await.unwrap();
            assert_eq!(codes, expected, "{top} to a page");
        }
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn pages_can_be_resumed_where_they_were_left() {
    let sandbox = calm().await;
    let client = client_of(&sandbox);
    let pages = client.pages(catalog_items::List::new().top(50));
    pin_mut!(pages);
    let (first, next) = pages.next().await.unwrap().unwrap();
    assert_eq!(
        (first.len(), next.clone()),
        (50, Some(catalog_items::List::new().top(50).skip(50)))
    );
    // Another client, as in another process, goes on with the stored request.
    let other = client_of(&sandbox);
    let rest: Vec<_> = other.pages(next.unwrap()).try_collect().await.unwrap();
    let sizes: Vec<_> = rest.iter().map(|(page, _)| page.len()).collect();
    assert_eq!(sizes, [50, 20]);
    assert_eq!(rest[1].0[19].item_code.as_deref(), Some("T-120"));
    assert!(rest[1].1.is_none());
    assert_expected(&sandbox);
}
