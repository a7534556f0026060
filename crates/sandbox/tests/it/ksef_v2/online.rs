//! Interactive sessions.

use std::time::Duration;

use base64::Engine as _;
use http::Method;
use sandbox::ksef_v2::{Identity, Maintenance, Rotation};
use serde_json::json;

use super::client::*;

#[tokio::test(start_paused = true)]
async fn an_invoice_is_sent_numbered_and_confirmed() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let status = alfa.settled(&session, &invoice("F/1")).await;
    assert_eq!(status["status"]["code"], 200, "{status}");
    assert_eq!(status["invoiceNumber"], "F/1");
    assert_eq!(status["invoicingMode"], "Online");
    let number = text(&status["ksefNumber"]);
    assert!(number.starts_with("9990000103-20260131-") && number.len() == 35);
    assert!(status["permanentStorageDate"].is_string());
    assert_eq!(alfa.close(&session).await.status, 204);
    let status = alfa.get(&format!("/sessions/{session}")).await.ok(200);
    assert_eq!(status["status"]["code"], 200);
    assert_eq!(
        (&status["invoiceCount"], &status["successfulInvoiceCount"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(status["upo"]["pages"].as_array().unwrap().len(), 1);
    let document = alfa.get(&format!("/invoices/ksef/{number}")).await;
    assert_eq!(document.body, invoice("F/1").as_bytes());
    assert_eq!(document.header("x-ms-meta-hash"), hash(invoice("F/1").as_bytes()));
    assert_eq!(ksef.invoices()[0].ksef_number, number);
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn a_duplicate_names_the_original() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let first = alfa.open().await;
    let original = alfa.settled(&first, &invoice("F/1")).await;
    let second = alfa.open().await;
    let status = alfa.settled(&second, &invoice("F/1").replace("Nabywca", "Kupiec")).await;
    assert_eq!(status["status"]["code"], 440);
    let extensions = &status["status"]["extensions"];
    assert_eq!(extensions["originalKsefNumber"], original["ksefNumber"]);
    assert_eq!(extensions["originalSessionReferenceNumber"], first.as_str());
    assert!(status.get("ksefNumber").is_none());
    let failed = alfa.get(&format!("/sessions/{second}/invoices/failed")).await.ok(200);
    assert_eq!(failed["invoices"].as_array().unwrap().len(), 1);
    alfa.close(&second).await;
    let status = alfa.get(&format!("/sessions/{second}")).await.ok(200);
    assert_eq!((&status["status"]["code"], status.get("upo")), (&json!(445), None));
    assert_eq!(ksef.statistics().duplicates, 1);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_invoice_is_its_status() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    for (xml, code) in [
        (format!("\u{feff}{}", invoice("1")), 430),
        (invoice("2").replace("<Fa>", "<?pi x?><Fa>"), 430),
        (invoice("3").replace("2025/06/25/13775", "2023/06/29/12648"), 450),
        (invoice("4").replace("<P_15>123.00</P_15>", ""), 450),
        (invoice("5").replace("<P_1>2026-01-31", "<P_1>2026-02-01"), 450),
        (invoice_of(BETA, ALFA, "6"), 410),
        (invoice("7").replace("</Fa>", "</Fa><Zalacznik/>"), 415),
        (invoice("8").replace("Nabywca", &"N".repeat(1_000_000)), 430),
    ] {
        let status = alfa.settled(&session, &xml).await;
        assert_eq!(status["status"]["code"], code, "{status}");
    }
    let mut body = sending(&invoice("9"));
    body["invoiceHash"] = json!(hash(b"another"));
    let path = format!("/sessions/online/{session}/invoices");
    let reference = text(&alfa.post(&path, &body).await.ok(202)["referenceNumber"]);
    ksef.settle().await;
    let status = alfa.get(&format!("/sessions/{session}/invoices/{reference}")).await.ok(200);
    assert_eq!(status["status"]["code"], 430);
    let sealed = vec![1; 48];
    body["encryptedInvoiceHash"] = json!(hash(&sealed));
    body["encryptedInvoiceSize"] = json!(48);
    let content = base64::engine::general_purpose::STANDARD.encode(&sealed);
    body["encryptedInvoiceContent"] = json!(content);
    let reference = text(&alfa.post(&path, &body).await.ok(202)["referenceNumber"]);
    ksef.settle().await;
    let status = alfa.get(&format!("/sessions/{session}/invoices/{reference}")).await.ok(200);
    assert_eq!(status["status"]["code"], 435);
}

#[tokio::test(start_paused = true)]
async fn sizes_hashes_and_states_are_checked_at_once() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let path = format!("/sessions/online/{session}/invoices");
    let good = sending(&invoice("F/1"));
    let with = |name: &str, value: serde_json::Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    assert_eq!(alfa.post(&path, &with("encryptedInvoiceSize", json!(7))).await.code(), 21402);
    let other = json!(hash(b"x"));
    assert_eq!(alfa.post(&path, &with("encryptedInvoiceHash", other)).await.code(), 21403);
    assert_eq!(alfa.post(&path, &with("invoiceSize", json!("1"))).await.code(), 21405);
    let answer = alfa.send(Method::POST, &path, &[], "{").await;
    assert_eq!(answer.code(), 21001);
    let unknown = "/sessions/online/20260131-SO-0000000000-0000000000-00/invoices";
    assert_eq!(alfa.post(unknown, &good).await.code(), 21173);
    let beta = login(ksef, BETA).await;
    assert_eq!(beta.post(&path, &good).await.code(), 21173);
    ksef.set_maintenance(Maintenance::On);
    assert_eq!(alfa.post(&path, &good).await.code(), 21184);
    ksef.set_maintenance(Maintenance::Off);
    alfa.close(&session).await;
    assert_eq!(alfa.post(&path, &good).await.code(), 21180);
    assert_eq!(alfa.close(&session).await.code(), 21180);
    let status = alfa.get(&format!("/sessions/{session}")).await.ok(200);
    assert_eq!(status["status"]["code"], 440, "closed without an invoice");
}

#[tokio::test(start_paused = true)]
async fn opening_needs_a_form_a_vector_and_a_key() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let encryption = encryption(ksef).await;
    let body =
        |form, encryption: &serde_json::Value| json!({"formCode": form, "encryption": encryption});
    let answer = alfa.post("/sessions/online", &body(form("FA (1)"), &encryption)).await;
    assert_eq!(answer.code(), 21405);
    let mut other = encryption.clone();
    other["initializationVector"] = json!("AAAA");
    assert_eq!(alfa.post("/sessions/online", &body(form("FA (3)"), &other)).await.code(), 21405);
    let mut other = encryption.clone();
    other["encryptedSymmetricKey"] = json!("AAAA");
    let opened = alfa.post("/sessions/online", &body(form("FA (3)"), &other)).await.ok(201);
    let status = alfa.get(&format!("/sessions/{}", text(&opened["referenceNumber"]))).await.ok(200);
    assert_eq!(status["status"]["code"], 415);
    ksef.rotate_keys(Rotation::Done);
    let answer = alfa.post("/sessions/online", &body(form("FA (3)"), &encryption)).await;
    assert_eq!(answer.code(), 21470);
}

#[tokio::test(start_paused = true)]
async fn a_session_left_open_is_closed_after_twelve_hours() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    ksef.set_access_life(Duration::from_secs(100_000));
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    alfa.settled(&session, &invoice("F/1")).await;
    tokio::time::advance(Duration::from_secs(12 * 3600)).await;
    let status = alfa.get(&format!("/sessions/{session}")).await.ok(200);
    assert_eq!(status["status"]["code"], 170);
    ksef.settle().await;
    let status = alfa.get(&format!("/sessions/{session}")).await.ok(200);
    assert_eq!(status["status"]["code"], 200);
}

#[tokio::test(start_paused = true)]
async fn offline_is_declared_or_decided_by_the_day() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let early = invoice("F/1").replace("<P_1>2026-01-31", "<P_1>2026-01-30");
    assert_eq!(alfa.settled(&session, &early).await["invoicingMode"], "Offline");
    let mut body = sending(&invoice("F/2"));
    body["offlineMode"] = json!(true);
    alfa.post(&format!("/sessions/online/{session}/invoices"), &body).await.ok(202);
    ksef.settle().await;
    assert!(ksef.invoices().iter().all(|invoice| invoice.offline));
}

#[tokio::test(start_paused = true)]
async fn a_refused_document_is_corrected_once() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let path = format!("/sessions/online/{session}/invoices");
    let broken = invoice("F/1").replace("<KodWaluty>PLN</KodWaluty>", "");
    alfa.settled(&session, &broken).await;
    let correction = |xml: &str, of: &str| {
        let mut body = sending(xml);
        body["offlineMode"] = json!(true);
        body["hashOfCorrectedInvoice"] = json!(hash(of.as_bytes()));
        body
    };
    let mut online = correction(&invoice("F/1"), &broken);
    online["offlineMode"] = json!(false);
    assert_eq!(alfa.post(&path, &online).await.code(), 21405);
    alfa.post(&path, &correction(&invoice("F/1"), &broken)).await.ok(202);
    ksef.settle().await;
    assert_eq!(alfa.post(&path, &correction(&invoice("F/2"), &broken)).await.code(), 21166);
    let accepted = invoice("F/1");
    assert_eq!(alfa.post(&path, &correction(&invoice("F/2"), &accepted)).await.code(), 21167);
}

#[tokio::test(start_paused = true)]
async fn sessions_and_invoices_are_listed_with_filters_and_pages() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let first = alfa.open().await;
    for number in 0..12 {
        alfa.send_invoice(&first, &invoice(&format!("F/{number}"))).await;
    }
    ksef.settle().await;
    let path = format!("/sessions/{first}/invoices");
    let page = alfa.get(&path).await.ok(200);
    assert_eq!(page["invoices"].as_array().unwrap().len(), 10);
    let token = text(&page["continuationToken"]);
    let more = alfa.send(Method::GET, &path, &[("x-continuation-token", &token)], "").await.ok(200);
    assert_eq!(more["invoices"][1]["ordinalNumber"], 12);
    let failed = format!("/sessions/{first}/invoices/failed");
    let answer = alfa.send(Method::GET, &failed, &[("x-continuation-token", &token)], "").await;
    assert_eq!(answer.code(), 21418, "of another list");
    alfa.close(&first).await;
    alfa.open().await;
    let count = |query: &'static str| {
        let alfa = alfa.clone();
        async move {
            let list = alfa.get(&format!("/sessions?{query}")).await.ok(200);
            list["sessions"].as_array().unwrap().len()
        }
    };
    assert_eq!(count("sessionType=Online").await, 2);
    assert_eq!(count("sessionType=Batch").await, 0);
    assert_eq!(count("sessionType=Online&statuses=Succeeded").await, 1);
    assert_eq!(count("sessionType=Online&statuses=Succeeded&statuses=InProgress").await, 2);
    assert_eq!(count("sessionType=Online&dateCreatedFrom=2026-02-01T00:00:00Z").await, 0);
    assert_eq!(count("sessionType=Online&dateClosedFrom=2026-01-01T00:00:00%2B01:00").await, 1);
    assert_eq!(alfa.get("/sessions").await.code(), 21405, "the type is required");
}

#[tokio::test(start_paused = true)]
async fn a_stranger_in_the_same_context_needs_the_history() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let clerk = start_signed(ksef, ("Nip", ALFA), "person-pesel", "certificateSubject").await;
    let clerk = redeem(ksef, &clerk).await;
    let answer = clerk.get(&format!("/sessions/{session}")).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["reasonCode"], "insufficient-resource-access");
    let person = Identity::new(sandbox::ksef_v2::IdentityKind::Pesel, "00810100019");
    ksef.grant(&Identity::nip(ALFA), &person, &[sandbox::ksef_v2::Permission::Introspection]);
    assert_eq!(clerk.get(&format!("/sessions/{session}")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn check_digits_are_asked_for_by_a_feature() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let wrong = |number: &str| invoice_of(ALFA, "9990000127", number);
    let body = json!({"formCode": form("FA (3)"), "encryption": encryption(ksef).await});
    for (feature, code) in
        [("subject-identifier-validation", 450), ("a, subject-identifier-validation", 200)]
    {
        let more = [("x-ksef-feature", feature)];
        let opened = alfa.send(Method::POST, "/sessions/online", &more, body.to_string()).await;
        let session = text(&opened.ok(201)["referenceNumber"]);
        assert_eq!(alfa.settled(&session, &wrong(feature)).await["status"]["code"], code);
    }
}
