//! Exports.

use std::io::{Cursor, Read as _};
use std::time::Duration;

use sandbox::ksef_v2::SeedPlan;
use serde_json::{Value, json};

use super::client::*;

async fn order(caller: &Caller, change: impl Fn(&mut Value)) -> Answer {
    let range = json!({"dateType": "PermanentStorage", "from": "2026-01-01T00:00:00Z"});
    let mut body = json!({
        "encryption": encryption(&caller.ksef).await,
        "filters": {"subjectType": "Subject1", "dateRange": range},
    });
    change(&mut body);
    caller.post("/invoices/exports", &body).await
}

async fn status(caller: &Caller, ordered: &Answer) -> Value {
    let reference = text(&ordered.ok(201)["referenceNumber"]);
    caller.get(&format!("/invoices/exports/{reference}")).await.ok(200)
}

/// Downloads, checks and joins the parts.
async fn archive(caller: &Caller, package: &Value) -> Vec<u8> {
    let mut parts = package["parts"].as_array().unwrap().clone();
    parts.sort_by_key(|part| part["ordinalNumber"].as_u64());
    let mut archive = Vec::new();
    for part in parts {
        let sealed = fetch(&caller.ksef, part["url"].as_str().unwrap()).await;
        assert_eq!(sealed.status, 200);
        assert_eq!(part["encryptedPartHash"], hash(&sealed.body));
        assert_eq!(sealed.header("x-ms-meta-hash"), hash(&sealed.body));
        assert_eq!(part["encryptedPartSize"], sealed.body.len());
        let plain = decrypt(&sealed.body);
        assert_eq!(
            (&part["partHash"], &part["partSize"]),
            (&json!(hash(&plain)), &json!(plain.len()))
        );
        archive.extend(plain);
    }
    assert_eq!(package["size"], archive.len());
    archive
}

async fn seeded(count: u32) -> (sandbox::Sandbox, Caller) {
    let sandbox = calm().await;
    let from = "2026-01-30T00:00:00Z".parse().unwrap();
    sandbox.ksef_v2().seed_invoices(&SeedPlan::new(ALFA, BETA, count, from));
    let alfa = login(sandbox.ksef_v2(), ALFA).await;
    (sandbox, alfa)
}

#[tokio::test]
async fn a_package_has_the_documents_and_their_metadata() {
    let (sandbox, alfa) = seeded(60).await;
    let ksef = sandbox.ksef_v2();
    ksef.set_export_part(9_000);
    for compression in ["Zip", "TarGz"] {
        let ordered = order(&alfa, |body| body["compressionType"] = json!(compression)).await;
        ksef.settle().await;
        let done = status(&alfa, &ordered).await;
        assert_eq!(done["status"]["code"], 200);
        let package = &done["package"];
        assert_eq!(
            (&package["invoiceCount"], &package["isTruncated"]),
            (&json!(60), &json!(false))
        );
        assert!(package["parts"].as_array().unwrap().len() > 1 || compression == "TarGz");
        let archive = archive(&alfa, package).await;
        let mut metadata = String::new();
        if compression == "Zip" {
            let mut zip = zip::ZipArchive::new(Cursor::new(archive)).unwrap();
            assert_eq!(zip.len(), 61);
            zip.by_name("_metadata.json").unwrap().read_to_string(&mut metadata).unwrap();
            let metadata: Value = serde_json::from_str(&metadata).unwrap();
            for invoice in metadata["invoices"].as_array().unwrap() {
                let mut document = Vec::new();
                let name = format!("{}.xml", text(&invoice["ksefNumber"]));
                zip.by_name(&name).unwrap().read_to_end(&mut document).unwrap();
                assert_eq!(invoice["invoiceHash"], hash(&document));
            }
        } else {
            let mut plain = Vec::new();
            flate2::read::GzDecoder::new(archive.as_slice()).read_to_end(&mut plain).unwrap();
            assert_eq!(&plain[257..262], b"ustar");
            assert_eq!(plain.len() % 512, 0);
        }
    }
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test]
async fn a_truncated_package_tells_where_to_go_on() {
    let (sandbox, alfa) = seeded(30).await;
    sandbox.ksef_v2().set_largest_result(20);
    let ordered = order(&alfa, |body| body["onlyMetadata"] = json!(true)).await;
    sandbox.ksef_v2().settle().await;
    let done = status(&alfa, &ordered).await;
    assert_eq!(done["package"]["isTruncated"], true);
    let last = done["package"]["lastPermanentStorageDate"].as_str().unwrap();
    assert!(last.starts_with("2026-01-30T00:00:19"), "{last}");
    let archive = archive(&alfa, &done["package"]).await;
    assert_eq!(zip::ZipArchive::new(Cursor::new(archive)).unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn links_packages_and_statuses_expire_one_after_the_other() {
    let (sandbox, alfa) = seeded(1).await;
    let ksef = sandbox.ksef_v2();
    ksef.set_access_life(Duration::from_secs(100 * 24 * 3600));
    let alfa = Caller { token: login(ksef, ALFA).await.token, ..alfa };
    let ordered = order(&alfa, |_| {}).await;
    ksef.settle().await;
    let url = text(&status(&alfa, &ordered).await["package"]["parts"][0]["url"]);
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!(fetch(ksef, &url).await.status, 403);
    let url = text(&status(&alfa, &ordered).await["package"]["parts"][0]["url"]);
    assert_eq!(fetch(ksef, &url).await.status, 200, "a new link");
    tokio::time::advance(Duration::from_secs(3 * 24 * 3600)).await;
    let late = status(&alfa, &ordered).await;
    assert_eq!((&late["status"]["code"], late.get("package")), (&json!(210), None));
    tokio::time::advance(Duration::from_secs(5 * 24 * 3600)).await;
    let reference = text(&ordered.ok(201)["referenceNumber"]);
    assert_eq!(alfa.get(&format!("/invoices/exports/{reference}")).await.status, 410);
    let unknown = "/invoices/exports/20260131-EH-0000000000-0000000000-00";
    assert_eq!(alfa.get(unknown).await.code(), 21175);
}

#[tokio::test(start_paused = true)]
async fn what_is_wrong_with_an_export_is_told() {
    let (sandbox, alfa) = seeded(1).await;
    let ksef = sandbox.ksef_v2();
    let ordered =
        order(&alfa, |body| body["encryption"]["encryptedSymmetricKey"] = json!("AAAA")).await;
    ksef.settle().await;
    assert_eq!(status(&alfa, &ordered).await["status"]["code"], 415);
    ksef.set_high_water_lag(Duration::from_secs(3600));
    let ordered = order(&alfa, |body| {
        body["filters"]["dateRange"]["restrictToPermanentStorageHwmDate"] = json!(true);
        body["filters"]["dateRange"]["from"] = json!("2026-01-31T11:00:00Z");
    })
    .await;
    ksef.settle().await;
    assert_eq!(status(&alfa, &ordered).await["status"]["code"], 420);
    let long =
        order(&alfa, |body| body["filters"]["dateRange"]["from"] = json!("2025-01-01T00:00:00Z"));
    assert_eq!(long.await.code(), 21405);
    ksef.set_pace(Duration::from_secs(60));
    for _ in 0..10 {
        assert_eq!(status(&alfa, &order(&alfa, |_| {}).await).await["status"]["code"], 100);
    }
    assert_eq!(order(&alfa, |_| {}).await.code(), 21182);
}
