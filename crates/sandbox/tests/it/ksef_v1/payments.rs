//! Payment identifiers.

use serde_json::{Value, json};

use super::client::*;

const PAGE: &str = "?PageSize=10&PageOffset=0";

async fn made(session: &Session, numbers: &[String]) -> String {
    let body = json!({"ksefReferenceNumberList": numbers});
    let answer = session.post("/online/Payment/Identifier/Request", &body).await.ok(201);
    session.ksef.settle().await;
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    let status = session.get(&format!("/online/Payment/Identifier/Status/{element}")).await.ok(200);
    assert_eq!(status["processingCode"], 200);
    status["paymentIdentifier"].as_str().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn invoices_of_one_seller_get_one_identifier() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    super::queries::filled(ksef, 3).await;
    let numbers: Vec<String> = ksef.invoices().into_iter().map(|one| one.ksef_number).collect();
    let buyer = login(ksef, BETA).await;
    let path = format!("/online/Query/PaymentIdentifier/Sync{PAGE}");
    assert_eq!(buyer.post(&path, &json!({})).await.code(), 21193);
    let identifier = made(&buyer, &numbers[..2]).await;
    assert!(identifier.starts_with(&format!("{ALFA}-")));
    let path = format!("/online/Payment/Identifier/GetReferenceNumbers/{identifier}{PAGE}");
    let listed = buyer.get(&path).await.ok(200);
    assert_eq!(listed["numberOfElements"], 2);
    assert_eq!(
        listed["ksefReferenceNumberList"][0],
        json!({"ksefReferenceNumber": numbers[0], "isSubject": 1})
    );
    let path = format!("/online/Payment/Identifier/GetPaymentIdentifiers/{}{PAGE}", numbers[1]);
    let listed = buyer.get(&path).await.ok(200);
    assert_eq!(listed["paymentIdentifiersList"][0]["paymentIdentifier"], identifier);
    made(&buyer, &numbers).await;
    let query = |criteria: Value| json!({"queryCriteria": criteria});
    let path = format!("/online/Query/PaymentIdentifier/Sync{PAGE}");
    for (criteria, count) in [
        (json!({}), 2),
        (json!({"paymentIdentifier": identifier}), 1),
        (json!({"numberOfInvoiceFrom": 3}), 1),
        (json!({"numberOfInvoiceTo": 2, "createdDateTo": "2026-01-31T23:00:00Z"}), 1),
    ] {
        let answer = buyer.post(&path, &query(criteria)).await.ok(202);
        assert_eq!(answer["numberOfElements"], count);
    }
    let later = query(json!({"createdDateFrom": "2026-02-01T00:00:00Z"}));
    assert_eq!(buyer.post(&path, &later).await.code(), 21193);
    assert!(ksef.unexpected().is_empty(), "{:?}", ksef.unexpected());
}

#[tokio::test(start_paused = true)]
async fn wrong_lists_are_refused_by_name() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    super::queries::filled(ksef, 2).await;
    ksef.add_invoice(invoice_of(GAMMA, BETA, "G/1").into()).unwrap();
    ksef.add_invoice(invoice_of(GAMMA, ALFA, "G/2").into()).unwrap();
    let numbers: Vec<String> = ksef.invoices().into_iter().map(|one| one.ksef_number).collect();
    let buyer = login(ksef, BETA).await;
    let unknown = "9990000103-20260131-0123456789AB-CD".to_owned();
    let path = "/online/Payment/Identifier/Request";
    for (list, code) in [
        (vec![numbers[0].clone()], 21405),
        (vec![numbers[0].clone(), numbers[0].clone()], 21405),
        (vec![numbers[0].clone(), "x".to_owned()], 21405),
        (vec![numbers[0].clone(), unknown.clone()], 21182),
        (vec![numbers[0].clone(), numbers[3].clone()], 21182),
        (vec![numbers[0].clone(), numbers[2].clone()], 21181),
    ] {
        let answer = buyer.post(path, &json!({"ksefReferenceNumberList": list})).await;
        assert_eq!(answer.code(), code, "{list:?}");
    }
    let path = format!("/online/Payment/Identifier/GetPaymentIdentifiers/{}{PAGE}", numbers[0]);
    assert_eq!(buyer.get(&path).await.code(), 21183);
    let absent = format!("{ALFA}-PI202601-0123456789AB-CD");
    let path = format!("/online/Payment/Identifier/GetReferenceNumbers/{absent}{PAGE}");
    assert_eq!(buyer.get(&path).await.code(), 21184);
    let path = "/online/Query/PaymentIdentifier/Sync?PageSize=51&PageOffset=0";
    assert_eq!(buyer.post(path, &json!({})).await.code(), 21405);
}
