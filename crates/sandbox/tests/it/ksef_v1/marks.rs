//! Hiding invoices and reporting them as a scam.

use serde_json::{Value, json};

use super::client::*;

fn hide(number: &str) -> Value {
    json!({"invoiceHideRequest": {"ksefReferenceNumber": number, "hidingReason": "pomyłka"}})
}

fn show(number: &str) -> Value {
    json!({"invoiceHideCancelationRequest": {"ksefReferenceNumber": number, "hidingCancelationReason": "jednak"}})
}

fn report(number: &str) -> Value {
    json!({"scamReport": {"ksefReferenceNumber": number, "reportReason": "oszustwo"}})
}

fn cancel(number: &str) -> Value {
    json!({"scamReportCancelation": {"ksefReferenceNumber": number, "reportCancelationReason": "jednak"}})
}

/// Starts a change, waits, and asks how it went.
async fn done(session: &Session, path: &str, body: &Value) {
    let answer = session.post(path, body).await.ok(200);
    assert_eq!(answer["processingCode"], 100);
    session.ksef.settle().await;
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    let folder = path.rsplit_once('/').unwrap().0;
    let status = session.get(&format!("{folder}/Status/{element}")).await.ok(200);
    assert_eq!(status["processingCode"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_buyer_hides_and_shows_an_invoice() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let seller = login(ksef, ALFA).await;
    let number = seller.accepted(&invoice("A/1")).await;
    let buyer = login(ksef, BETA).await;
    let path = "/online/Invoice/Visibility/";
    assert_eq!(seller.post(&format!("{path}Hide"), &hide(&number)).await.code(), 21186);
    assert_eq!(buyer.post(&format!("{path}Show"), &show(&number)).await.code(), 21188);
    done(&buyer, &format!("{path}Hide"), &hide(&number)).await;
    assert_eq!(buyer.post(&format!("{path}Hide"), &hide(&number)).await.code(), 21187);
    let state = buyer.get(&format!("{path}{number}")).await.ok(200);
    let state = &state["visibilityInvoiceGetResponseType"];
    assert_eq!((&state["isHidden"], &state["reason"]), (&json!(true), &json!("pomyłka")));
    let other = seller.get(&format!("{path}{number}")).await.ok(200);
    assert_eq!(
        other["visibilityInvoiceGetResponseType"]["isHidden"], false,
        "each context for itself"
    );
    let mut query = super::queries::incremental("subject2");
    for (wanted, count) in [(json!(true), 1), (json!(false), 0), (Value::Null, 1)] {
        query["queryCriteria"]["isHidden"] = wanted;
        let answer =
            buyer.post("/online/Query/Invoice/Sync?PageSize=10&PageOffset=0", &query).await.ok(200);
        assert_eq!(answer["numberOfElements"], count);
    }
    done(&buyer, &format!("{path}Show"), &show(&number)).await;
    let state = buyer.get(&format!("{path}{number}")).await.ok(200);
    assert_eq!(state["visibilityInvoiceGetResponseType"]["isHidden"], false);
    let stranger = login(ksef, GAMMA).await;
    assert_eq!(stranger.post(&format!("{path}Hide"), &hide(&number)).await.code(), 21169);
    assert_eq!(buyer.post(&format!("{path}Hide"), &hide("nonsense")).await.code(), 21405);
    assert_eq!(ksef.unexpected().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_buyer_reports_a_scam_and_takes_it_back() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let seller = login(ksef, ALFA).await;
    let number = seller.accepted(&invoice("A/1")).await;
    let buyer = login(ksef, BETA).await;
    let path = "/online/Invoice/Scam/";
    assert_eq!(seller.post(&format!("{path}Report"), &report(&number)).await.code(), 21189);
    assert_eq!(buyer.post(&format!("{path}Cancel"), &cancel(&number)).await.code(), 21191);
    done(&buyer, &format!("{path}Report"), &report(&number)).await;
    assert_eq!(buyer.post(&format!("{path}Report"), &report(&number)).await.code(), 21190);
    let state = buyer.get(&format!("{path}{number}")).await.ok(200);
    assert_eq!(state["activeScamReport"], true);
    done(&buyer, &format!("{path}Cancel"), &cancel(&number)).await;
    let state = buyer.get(&format!("{path}{number}")).await.ok(200);
    assert_eq!((&state["activeScamReport"], &state["reason"]), (&json!(false), &json!("jednak")));
    let unknown = "/online/Invoice/Scam/Status/20260131-EM-0123456789-0123456789-AB";
    assert_eq!(buyer.get(unknown).await.code(), 21164);
}

#[tokio::test(start_paused = true)]
async fn of_two_changes_at_once_one_fails() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let number = login(ksef, ALFA).await.accepted(&invoice("A/1")).await;
    let buyer = login(ksef, BETA).await;
    ksef.set_pace(std::time::Duration::from_secs(1));
    let mut elements = Vec::new();
    for _ in 0..2 {
        let answer = buyer.post("/online/Invoice/Visibility/Hide", &hide(&number)).await.ok(200);
        elements.push(answer["elementReferenceNumber"].as_str().unwrap().to_owned());
    }
    ksef.settle().await;
    let mut codes = Vec::new();
    for element in elements {
        let path = format!("/online/Invoice/Visibility/Status/{element}");
        codes.push(buyer.get(&path).await.ok(200)["processingCode"].as_u64().unwrap());
    }
    assert_eq!(codes, [200, 420]);
}
