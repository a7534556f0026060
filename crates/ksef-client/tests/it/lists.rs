//! Lists in pages, and queries for headers.

use futures_util::TryStreamExt;
use ksef_client::v1::{
    NumberVariant,
    common::ListAccessPoints,
    queries,
    session::{Details, Status, StatusOf},
    wire,
};

use crate::support::{ALFA, assert_expected, beside, in_process, invoice, issued, session};

/// Everything that was accepted on the sandbox's day, of which the session's context is the seller.
fn recent() -> wire::QueryCriteriaInvoiceV2 {
    let at = |text: &str| text.parse().unwrap();
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-31T16:00:00Z"));
    let role = wire::SubjectRole::Subject1;
    wire::QueryCriteriaInvoiceV2::Incremental(wire::QueryCriteriaInvoiceIncremental::new(
        from, to, role,
    ))
}

#[tokio::test]
async fn providers_come_page_by_page() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let list = ListAccessPoints::new().page_size(10);
    let providers: Vec<_> = client.items(list).try_collect().await.unwrap();
    assert_eq!(providers.len(), 12);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn the_invoices_of_a_session_come_page_by_page_in_either_form_of_number() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    for number in 0..13 {
        issued(&session, &invoice(&format!("I/{number}"))).await;
    }
    for (variant, length) in [(NumberVariant::V35, 35), (NumberVariant::V36, 36)] {
        let status = Status::new().page_size(10).number_variant(variant);
        let rows: Vec<_> = session.items(status).try_collect().await.unwrap();
        assert_eq!(rows.len(), 13);
        let fits = |row: &wire::SessionInvoiceStatus| {
            row.ksef_reference_number.as_ref().is_some_and(|number| number.len() == length)
        };
        assert!(rows.iter().all(fits));
    }
    let bare = session.send(&Status::new().details(Details::Omit)).await.unwrap();
    assert!(bare.invoice_status_list.is_empty());
    let same = session.send(&StatusOf::new(session.reference().clone())).await.unwrap();
    assert_eq!(same.number_of_elements, Some(13));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn headers_come_page_by_page() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    for number in 0..12 {
        issued(&session, &invoice(&format!("Q/{number}"))).await;
    }
    let query = queries::Invoices::new(recent()).page_size(10);
    let headers: Vec<_> = session.items(query).try_collect().await.unwrap();
    assert_eq!(headers.len(), 12);
    assert_eq!(headers[0].gross.unwrap().to_string(), "246.00");
    assert_expected(&sandbox);
}
