//! After a lost answer: finding out what became of documents and payments, and changing a document
//! without losing what this version does not know.

use std::time::Duration;

use futures_util::TryStreamExt;
use kros_client::{
    ErrorKind,
    invoices::{Create, CreateBatch, Fetch, List},
    model::{ExternalId, InvoiceId, Timestamp},
    payments,
};
use sandbox::fault::Fault;
use serde_json::json;

use crate::support::{
    amount, assert_expected, invoice, invoices, once, payment, stored, unlimited, unlimited_client,
};

fn id(text: &str) -> ExternalId {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_document_whose_answer_was_lost_is_found() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    client.send(&CreateBatch::new(&invoices("old", 100)).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    tokio::time::advance(Duration::from_secs(3600)).await;
    once(&sandbox, Fault::LoseAnswer);
    let error = client.send(&Create::new(&invoice("lost")).unwrap()).await.unwrap_err();
    assert!(error.may_have_happened());
    once(&sandbox, Fault::DropRequest);
    let error = client.send(&Create::new(&invoice("never")).unwrap()).await.unwrap_err();
    assert!(error.may_have_happened());
    sandbox.kros().settle().await;
    let documents = sandbox.kros().documents();
    let lost = documents.iter().find(|one| one.external_id.as_deref() == Some("lost")).unwrap();
    let changed = lost.body["lastModifiedTimestamp"].as_str().unwrap();
    let wanted = [id("lost"), id("never"), id("old-7")];
    let found = client.find_invoices(wanted.clone(), Timestamp::from(changed)).await.unwrap();
    let number = InvoiceId(i64::try_from(lost.id).unwrap());
    assert_eq!(found.into_iter().collect::<Vec<_>>(), [(id("lost"), vec![number])]);
    // From the beginning of time, over more than one page, the old one is found as well.
    let all = client.find_invoices(wanted, Timestamp::from("2000-01-01T00:00:00")).await.unwrap();
    assert_eq!(all.into_keys().collect::<Vec<_>>(), [id("lost"), id("old-7")]);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_document_that_was_sent_twice_is_found_twice() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    for amount_of_bread in [1, 2] {
        let mut twin = invoice("twin");
        twin.items[0].amount = Some(amount_of_bread.into());
        client.send(&Create::new(&twin).unwrap()).await.unwrap();
    }
    sandbox.kros().settle().await;
    let since = Timestamp::from("2000-01-01T00:00:00");
    let found = client.find_invoices([id("twin")], since).await.unwrap();
    assert_eq!(found[&id("twin")].len(), 2);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_payment_whose_outcome_is_unknown_is_found_by_its_external_id() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    once(&sandbox, Fault::MaskAnswer { status: 408 });
    let taken = payments::CreateBatch::new(&[payment("taken")]).unwrap();
    assert_eq!(client.send(&taken).await.unwrap_err().kind(), ErrorKind::Ambiguous);
    once(&sandbox, Fault::Reply { status: 408, retry_after: None });
    let lost = payments::CreateBatch::new(&[payment("lost")]).unwrap();
    assert_eq!(client.send(&lost).await.unwrap_err().kind(), ErrorKind::Ambiguous);
    sandbox.kros().settle().await;
    for (name, count) in [("taken", 1), ("lost", 0)] {
        let named = payments::List::new().external_id(id(name));
        let found: Vec<_> = client.items(named).try_collect().await.unwrap();
        assert_eq!(found.len(), count, "{name}");
    }
    client.send(&lost).await.unwrap();
    sandbox.kros().settle().await;
    assert_eq!(sandbox.kros().payments().len(), 2);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn what_this_version_does_not_know_survives_reading_and_writing() {
    let sandbox = unlimited().await;
    let client = unlimited_client(&sandbox);
    let exact: serde_json::Value = serde_json::from_str("12345678901234567.890").unwrap();
    let mut original = invoice("first")
        .extra("newHeaderField", json!({"deep": [null, exact.clone()]}))
        .tags(["eshop"])
        .issue_date("2026-01-15");
    original.items[0] = original.items[0].clone().extra("newItemField", "ľúbozvučné");
    original.items[0].total_price_incl_vat = Some(amount("5.10"));
    client.send(&Create::new(&original).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    let listed = client.send(&List::new()).await.unwrap().remove(0);
    let read = client.send(&Fetch(listed.id)).await.unwrap();
    let mut changed = read.to_request().external_id("second").document_number("");
    changed.printed_note = Some("Opravené".to_owned());
    client.send(&Create::new(&changed).unwrap()).await.unwrap();
    sandbox.kros().settle().await;
    assert_eq!(stored(&sandbox), ["first", "second"]);
    let documents = sandbox.kros().documents();
    let [first, second] = documents.as_slice() else { panic!("two documents") };
    for (name, of_second) in [
        ("newHeaderField", json!({"deep": [null, exact]})),
        ("items", first.body["items"].clone()),
        ("partner", first.body["partner"].clone()),
        ("tags", json!(["eshop"])),
        ("issueDate", json!("2026-01-15T00:00:00")),
        ("printedNote", json!("Opravené")),
    ] {
        assert_eq!(second.body[name], of_second, "{name}");
    }
    let written = second.body.to_string();
    assert!(written.contains("12345678901234567.890") && written.contains("5.10"), "{written}");
    assert_ne!(first.document_number, second.document_number);
    // The sandbox notes what its schema does not know, and nothing else.
    let noted: Vec<_> = sandbox.kros().unexpected().into_iter().map(|one| one.what).collect();
    let unknown = ["unknown property items[0].newItemField", "unknown property newHeaderField"];
    assert_eq!(noted.len(), 4, "{noted:?}");
    assert!(noted.iter().all(|what| unknown.contains(&what.as_str())), "{noted:?}");
}
