//! What each endpoint does when nothing goes wrong.

use http::Method;
use serde_json::{Value, json};

use crate::client::{ask, calm, get, invoice, post};

#[tokio::test(start_paused = true)]
async fn one_invoice_is_accepted_and_appears_later() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let accepted = post(kros, "/invoices", &json!({"data": invoice("a-1", "24.60")})).await;
    assert_eq!(accepted.status, 202);
    assert_eq!(accepted.json()["requestId"].as_str().unwrap().len(), 36);
    assert!(get(kros, "/invoices").await.data().is_empty(), "processing comes later");
    kros.settle().await;

    let listed = get(kros, "/invoices").await.data();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["externalId"], "a-1");
    assert_eq!(listed[0]["documentNumber"], "20260131001");
    assert_eq!(listed[0]["issueDate"], "2026-01-31T00:00:00");
    assert_eq!(listed[0]["sumForPayment"].to_string(), "24.6");
    assert_eq!(listed[0]["prices"]["documentPrices"]["totalPrice"].to_string(), "20");
    assert!(listed[0].get("items").is_none());

    let path = format!("/invoices/{}", listed[0]["id"]);
    let fetched = get(kros, &path).await.json();
    assert_eq!(fetched["data"]["items"][0]["name"], "Tovar");
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn a_batch_keeps_its_order_and_its_doubles() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let documents: Vec<Value> = ["b", "a", "b"].iter().map(|id| invoice(id, "1")).collect();
    assert_eq!(post(kros, "/invoices/batch", &json!({"data": documents})).await.status, 202);
    kros.settle().await;
    let stored = kros.documents();
    let ids: Vec<_> = stored.iter().map(|one| one.external_id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["b", "a", "b"]);
    let numbers: Vec<_> = stored.iter().map(|one| one.document_number.as_str()).collect();
    assert_eq!(numbers, ["20260131001", "20260131002", "20260131003"]);
}

#[tokio::test(start_paused = true)]
async fn companies_do_not_see_each_other() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    post(kros, "/invoices", &json!({"data": invoice("a-1", "5")})).await;
    kros.settle().await;
    let beta = kros.token("Beta").unwrap();
    let listed = ask(kros, &beta, Method::GET, "/invoices", None).await.unwrap().data();
    assert!(listed.is_empty());
    let path = format!("/invoices/{}", kros.documents()[0].id);
    assert_eq!(ask(kros, &beta, Method::GET, &path, None).await.unwrap().status, 404);
}

#[tokio::test(start_paused = true)]
async fn reports_are_pdf_and_the_link_leads_to_one() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    post(kros, "/invoices", &json!({"data": invoice("a-1", "5")})).await;
    kros.settle().await;
    let document = &kros.documents()[0];
    let link = document.body["pdfReportLink"].as_str().unwrap();
    let path = link.strip_prefix(kros.base_url()).unwrap();
    assert_eq!(path, format!("/invoices/{}/reports/19", document.id));
    for report in ["17", "19", "101"] {
        let answer = get(kros, &format!("/invoices/{}/reports/{report}", document.id)).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.headers["content-type"], "application/pdf");
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(text.starts_with("%PDF-") && text.contains(&document.document_number));
    }
    assert_eq!(sandbox.unexpected(), []);
    let other = get(kros, &format!("/invoices/{}/reports/18", document.id)).await;
    assert_eq!((other.status, sandbox.unexpected().len()), (404, 1));
}

#[tokio::test(start_paused = true)]
async fn payments_find_their_invoice_by_variable_symbol() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let mut document = invoice("a-1", "24.60");
    document["variableSymbol"] = "1234567890".into();
    post(kros, "/invoices", &json!({"data": document})).await;
    kros.settle().await;
    let payment = |sum: &str, external: &str| {
        let sum: Value = serde_json::from_str(sum).unwrap();
        json!({"dateOfPayment": "2026-02-01", "sumOfPayment": sum, "accountId": 3,
               "variableSymbol": "1234567890", "externalId": external})
    };
    let mut seen = Vec::new();
    for (index, sum) in ["10.10", "14.50", "1", "-1"].iter().enumerate() {
        let body = json!({"data": [payment(sum, &format!("p-{index}"))]});
        assert_eq!(post(kros, "/payments/batch", &body).await.status, 202);
        kros.settle().await;
        let document = kros.documents().remove(0);
        seen.push((document.sum_of_payments, document.payment_status));
    }
    let expected = [("10.1", 3), ("24.6", 1), ("25.6", 2), ("24.6", 1)];
    assert_eq!(seen, expected.map(|(sum, status)| (sum.to_owned(), status)));

    let listed = get(kros, "/payments?ExternalId=p-1").await.data();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["matchedDocuments"][0]["id"], kros.documents()[0].id);
    assert_eq!(listed[0]["isWithoutDocument"], false);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn a_payment_without_invoice_says_so() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let body = json!({"data": [{"dateOfPayment": "2026-02-01", "sumOfPayment": 5}]});
    post(kros, "/payments/batch", &body).await;
    kros.settle().await;
    assert_eq!(get(kros, "/payments").await.data()[0]["isWithoutDocument"], true);
    assert!(kros.payments()[0].matched_documents.is_empty());
}

#[tokio::test]
async fn seeded_lists_are_filled_and_filtered() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    for (path, count) in [
        ("/auth/check", None),
        ("/proforma-invoices", Some(2)),
        ("/expenses", Some(3)),
        ("/expenses?PaymentStatus=3", Some(1)),
        ("/expenses?IssueDateFrom=2026-01-11", Some(2)),
        ("/catalog-items", Some(50)),
        ("/catalog-items?Top=100&Skip=100", Some(20)),
        ("/catalog-items?Top=100&OnlyMarkedForEshop=true", Some(60)),
        ("/catalog-items?ItemCode=T-007", Some(1)),
        ("/catalog-items?Name=TOVAR%2011", Some(11)),
        ("/payments", Some(0)),
        ("/payments/accounts", Some(2)),
        ("/numberingSequences", Some(5)),
        ("/tags", Some(3)),
        ("/delivery-notes", Some(1)),
        ("/received-orders", Some(1)),
        ("/warehouses", Some(1)),
    ] {
        let answer = get(kros, path).await;
        assert_eq!(answer.status, 200, "{path}");
        match count {
            None => assert!(answer.body.is_empty(), "{path}"),
            Some(count) => assert_eq!(answer.data().len(), count, "{path}"),
        }
    }
    let first = get(kros, "/expenses?Top=1").await.data().remove(0);
    let id = first["id"].as_str().unwrap();
    assert_eq!(get(kros, &format!("/expenses/{id}")).await.json()["data"]["id"], first["id"]);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn pages_of_a_list_cover_it_once() {
    let sandbox = calm().await;
    let kros = sandbox.kros();
    let batch: Vec<Value> = (0..100).map(|index| invoice(&format!("x-{index}"), "1")).collect();
    post(kros, "/invoices/batch", &json!({"data": batch})).await;
    post(kros, "/invoices", &json!({"data": invoice("last", "1")})).await;
    kros.settle().await;
    let mut ids = Vec::new();
    for skip in [0, 50, 100] {
        let page = get(kros, &format!("/invoices?Skip={skip}")).await.data();
        ids.extend(page.iter().map(|one| one["id"].as_u64().unwrap()));
    }
    assert_eq!(ids.len(), 101);
    assert!(ids.is_sorted_by(|left, right| left < right));
}
