//! Metadata of invoices, and the high water mark.

use std::time::Duration;

use http::Method;
use sandbox::ksef_v2::{KsefV2, SeedPlan};
use serde_json::{Value, json};

use super::client::*;

fn filters(subject: &str, kind: &str, from: &str) -> Value {
    json!({"subjectType": subject, "dateRange": {"dateType": kind, "from": from}})
}

async fn seeded(count: u32) -> (sandbox::Sandbox, Caller) {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let from = "2026-01-30T00:00:00Z".parse().unwrap();
    ksef.seed_invoices(&SeedPlan::new(ALFA, BETA, count, from));
    let alfa = login(ksef, ALFA).await;
    (sandbox, alfa)
}

async fn page(caller: &Caller, query: &str, filters: &Value) -> Value {
    caller.post(&format!("/invoices/query/metadata?{query}"), filters).await.ok(200)
}

fn numbers(page: &Value) -> Vec<String> {
    page["invoices"].as_array().unwrap().iter().map(|it| text(&it["ksefNumber"])).collect()
}

#[tokio::test(start_paused = true)]
async fn pages_follow_each_other_in_both_orders() {
    let (_sandbox, alfa) = seeded(25).await;
    let filters = filters("Subject1", "PermanentStorage", "2026-01-01T00:00:00Z");
    let mut all = Vec::new();
    let mut mark = Value::Null;
    for offset in 0..3 {
        let page = page(&alfa, &format!("pageOffset={offset}&pageSize=10"), &filters).await;
        assert_eq!(page["hasMore"], json!(offset < 2));
        assert_eq!(page["isTruncated"], false);
        if offset > 0 {
            assert_eq!(page["permanentStorageHwmDate"], mark, "one mark for all pages");
        }
        mark = page["permanentStorageHwmDate"].clone();
        all.extend(numbers(&page));
        tokio::time::advance(Duration::from_secs(1)).await;
    }
    let mut distinct = all.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!((all.len(), distinct.len()), (25, 25));
    let down = page(&alfa, "sortOrder=Desc&pageSize=50", &filters).await;
    all.reverse();
    assert_eq!(numbers(&down), all);
    let buyer = login(&alfa.ksef, BETA).await;
    let mut other = filters.clone();
    other["subjectType"] = json!("Subject2");
    assert_eq!(numbers(&page(&buyer, "pageSize=100", &other).await).len(), 25);
    assert_eq!(numbers(&page(&buyer, "pageSize=100", &filters).await).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn too_many_results_are_truncated() {
    let (sandbox, alfa) = seeded(45).await;
    sandbox.ksef_v2().set_largest_result(40);
    let mut filters = filters("Subject1", "PermanentStorage", "2026-01-01T00:00:00Z");
    let flags = |page: &Value| (page["hasMore"] == true, page["isTruncated"] == true);
    let first = page(&alfa, "pageSize=20", &filters).await;
    assert_eq!(flags(&first), (true, false));
    let second = page(&alfa, "pageSize=20&pageOffset=1", &filters).await;
    assert_eq!(flags(&second), (true, true));
    let last = second["invoices"][19].clone();
    filters["dateRange"]["from"] = last["permanentStorageDate"].clone();
    let third = page(&alfa, "pageSize=20", &filters).await;
    assert_eq!(third["invoices"][0]["ksefNumber"], last["ksefNumber"], "the edge comes twice");
    assert_eq!((numbers(&third).len(), flags(&third)), (6, (false, false)));
    let beyond = alfa.post("/invoices/query/metadata?pageSize=20&pageOffset=2", &filters).await;
    assert_eq!(beyond.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn every_filter_narrows() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    alfa.settled(&session, &invoice("F/1")).await;
    let other = invoice("F/2")
        .replace(">PLN<", ">EUR<")
        .replace("<P_15>123.00", "<P_15>50.00")
        .replace("<RodzajFaktury>VAT", "<RodzajFaktury>KOR")
        .replace("<P_1>2026-01-31", "<P_1>2026-01-29")
        .replace("<P_17>2", "<P_17>1");
    alfa.settled(&session, &other).await;
    let base = filters("Subject1", "Issue", "2026-01-01T00:00:00Z");
    for (name, value) in [
        ("invoiceNumber", json!("F/2")),
        ("currencyCodes", json!(["EUR", "USD"])),
        ("amount", json!({"type": "Brutto", "to": 60.5})),
        ("invoiceTypes", json!(["Kor"])),
        ("invoicingMode", json!("Offline")),
        ("isSelfInvoicing", json!(true)),
        (
            "dateRange",
            json!({"dateType": "Issue", "from": "2026-01-01T00:00:00Z", "to": "2026-01-30T00:00:00+01:00"}),
        ),
    ] {
        let mut filters = base.clone();
        filters[name] = value;
        let page = page(&alfa, "pageSize=10", &filters).await;
        assert_eq!(page["invoices"].as_array().unwrap().len(), 1, "{name}");
        assert_eq!(page["invoices"][0]["invoiceNumber"], "F/2", "{name}");
        assert!(page.get("permanentStorageHwmDate").is_none());
    }
    for (name, value, count) in [
        ("sellerNip", json!(ALFA), 2),
        ("buyerIdentifier", json!({"type": "Nip", "value": BETA}), 2),
        ("buyerIdentifier", json!({"type": "None"}), 0),
        ("formType", json!("FA_RR"), 0),
        ("hasAttachment", json!(true), 0),
        ("ksefNumber", json!("9990000103-20260131-000000000000-00"), 0),
    ] {
        let mut filters = base.clone();
        filters[name] = value;
        let page = page(&alfa, "pageSize=10", &filters).await;
        assert_eq!(page["invoices"].as_array().unwrap().len(), count, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_range_has_at_most_a_hundred_days_and_an_offset() {
    let (_sandbox, alfa) = seeded(1).await;
    let ask = |from: &str| {
        let (alfa, filters) = (alfa.clone(), filters("Subject1", "Issue", from));
        async move { alfa.post("/invoices/query/metadata", &filters).await }
    };
    assert_eq!(ask("2025-10-01T00:00:00Z").await.code(), 21405);
    assert_eq!(ask("2026-01-01T00:00:00").await.code(), 21405);
    assert_eq!(ask("2025-10-24T00:00:00Z").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn nothing_comes_before_the_high_water_mark_any_more() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    ksef.set_pace(Duration::from_secs(10));
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    alfa.send_invoice(&session, &invoice("F/1")).await;
    tokio::time::sleep(Duration::from_secs(25)).await;
    let status = alfa.get(&format!("/sessions/{session}/invoices")).await.ok(200);
    let number = text(&status["invoices"][0]["ksefNumber"]);
    assert!(status["invoices"][0].get("permanentStorageDate").is_none());
    assert_eq!(alfa.get(&format!("/invoices/ksef/{number}")).await.code(), 21165);
    let mut filters = filters("Subject1", "PermanentStorage", "2026-01-01T00:00:00Z");
    let early = page(&alfa, "pageSize=10", &filters).await;
    assert_eq!(numbers(&early).len(), 0);
    ksef.settle().await;
    let late = page(&alfa, "pageSize=10", &filters).await;
    assert_eq!(numbers(&late), [number]);
    let moment =
        |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    let stored = moment(&late["invoices"][0]["permanentStorageDate"]);
    assert!(moment(&early["permanentStorageHwmDate"]) < stored);
    assert!(moment(&late["permanentStorageHwmDate"]) >= stored);
    ksef.set_high_water_lag(Duration::from_secs(3600));
    filters["dateRange"]["restrictToPermanentStorageHwmDate"] = json!(true);
    assert_eq!(numbers(&page(&alfa, "pageSize=10", &filters).await).len(), 0);
    filters["dateRange"]["from"] = json!("2026-01-31T11:00:00Z");
    assert_eq!(alfa.post("/invoices/query/metadata", &filters).await.code(), 21183);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_is_given_to_those_who_stand_on_it() {
    let (sandbox, alfa) = seeded(1).await;
    let ksef: &KsefV2 = sandbox.ksef_v2();
    let filters = filters("Subject1", "PermanentStorage", "2026-01-01T00:00:00Z");
    let metadata = page(&alfa, "pageSize=10", &filters).await["invoices"][0].clone();
    let path = format!("/invoices/ksef/{}", text(&metadata["ksefNumber"]));
    let document = login(ksef, BETA).await.get(&path).await;
    assert_eq!(metadata["invoiceHash"], hash(&document.body));
    assert_eq!(login(ksef, OMEGA).await.get(&path).await.code(), 21164);
    let missing = "/invoices/ksef/9990000103-20260131-000000000000-00";
    assert_eq!(alfa.get(missing).await.code(), 21164);
    assert_eq!(alfa.get("/invoices/ksef/1").await.code(), 21405);
    let more = [("x-error-format", "problem-details")];
    let modern = alfa.send(Method::GET, missing, &more, "").await;
    assert_eq!(modern.header("content-type"), "application/problem+json");
    assert_eq!(modern.json()["errors"][0]["code"], 21164);
}
