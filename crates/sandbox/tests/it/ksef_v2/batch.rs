//! Batch sessions.

use std::io::Write as _;
use std::time::Duration;

use flate2::write::GzEncoder;
use http::Method;
use sandbox::ksef_v2::KsefV2;
use serde_json::{Value, json};

use super::client::*;

/// An archive cut into parts of so many bytes, each encrypted.
fn parts(archive: &[u8], size: usize) -> Vec<Vec<u8>> {
    archive.chunks(size).map(encrypt).collect()
}

async fn opening(ksef: &KsefV2, archive: &[u8], parts: &[Vec<u8>], compression: &str) -> Value {
    let list: Vec<Value> = parts
        .iter()
        .enumerate()
        .map(|(index, part)| {
            json!({"ordinalNumber": index + 1, "fileSize": part.len(), "fileHash": hash(part)})
        })
        .collect();
    json!({
        "formCode": form("FA (3)"),
        "batchFile": {"fileSize": archive.len(), "fileHash": hash(archive),
            "compressionType": compression, "fileParts": list},
        "encryption": encryption(ksef).await,
    })
}

/// Puts every part to its link.
async fn upload(ksef: &KsefV2, opened: &Value, parts: &[Vec<u8>]) {
    for request in opened["partUploadRequests"].as_array().unwrap() {
        let ordinal = usize::try_from(request["ordinalNumber"].as_u64().unwrap()).unwrap();
        assert_eq!(request["method"], "PUT");
        let headers = [("x-ms-blob-type", request["headers"]["x-ms-blob-type"].as_str().unwrap())];
        let (url, part) = (request["url"].as_str().unwrap(), parts[ordinal - 1].clone());
        assert_eq!(ask(ksef, Method::PUT, url, &headers, part).await.unwrap().status, 201);
    }
}

async fn close(caller: &Caller, session: &str) -> Answer {
    let path = format!("/sessions/batch/{session}/close");
    let answer = caller.send(Method::POST, &path, &[], "").await;
    caller.ksef.settle().await;
    answer
}

/// Sends an archive, and gives the session and its status.
async fn sent(caller: &Caller, archive: &[u8], compression: &str, size: usize) -> (String, Value) {
    let parts = parts(archive, size);
    let body = opening(&caller.ksef, archive, &parts, compression).await;
    let opened = caller.post("/sessions/batch", &body).await.ok(201);
    upload(&caller.ksef, &opened, &parts).await;
    let session = text(&opened["referenceNumber"]);
    assert_eq!(close(caller, &session).await.status, 204);
    let status = caller.get(&format!("/sessions/{session}")).await.ok(200);
    (session, status)
}

fn files(count: usize, name: &str) -> Vec<(String, String)> {
    (0..count).map(|at| (format!("f{at}.xml"), invoice(&format!("{name}/{at}")))).collect()
}

#[tokio::test]
async fn a_package_in_parts_is_processed() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let mut files = files(300, "Z");
    files[7].1 = files[8].1.clone();
    files.push(("broken.xml".to_owned(), "<a".to_owned()));
    let (session, status) = sent(&alfa, &zipped(&files), "Zip", 10_000).await;
    assert_eq!(status["status"]["code"], 200);
    assert_eq!(status["invoiceCount"], 301);
    assert_eq!(
        (&status["successfulInvoiceCount"], &status["failedInvoiceCount"]),
        (&json!(299), &json!(2))
    );
    let failed = alfa.get(&format!("/sessions/{session}/invoices/failed")).await.ok(200);
    let mut names: Vec<_> = failed["invoices"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(&it["invoiceFileName"]))
        .collect();
    names.sort();
    assert_eq!(names, ["broken.xml", "f8.xml"]);
    let list = alfa.get(&format!("/sessions/{session}/invoices?pageSize=1000")).await.ok(200);
    assert!(list["invoices"].as_array().unwrap().iter().all(|it| it["ordinalNumber"].is_number()));
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test]
async fn a_tar_of_other_programs_is_processed() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let mut archive = Vec::new();
    let name = format!("{}/one.xml", "long".repeat(40));
    for (at, (name, content)) in
        [(name, invoice("T/1")), ("two.xml".to_owned(), invoice("T/2"))].into_iter().enumerate()
    {
        if at == 0 {
            let record = format!("path={name}\n");
            let length = record.len() + 4;
            entry(&mut archive, "pax", b'x', format!("{length} {record}").as_bytes());
        }
        entry(&mut archive, &name[..name.len().min(90)], b'0', content.as_bytes());
    }
    archive.extend([0; 1024]);
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(&archive).unwrap();
    let (session, status) = sent(&alfa, &encoder.finish().unwrap(), "TarGz", 100_000).await;
    assert_eq!(status["status"]["code"], 200, "{status}");
    let list = alfa.get(&format!("/sessions/{session}/invoices")).await.ok(200);
    assert_eq!(text(&list["invoices"][0]["invoiceFileName"]).len(), 128);
    assert_eq!(list["invoices"][1]["invoiceFileName"], "two.xml");
}

fn entry(archive: &mut Vec<u8>, name: &str, kind: u8, content: &[u8]) {
    let mut header = [0; 512];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[124..136].copy_from_slice(format!("{:011o} ", content.len()).as_bytes());
    header[156] = kind;
    header[257..263].copy_from_slice(b"ustar\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    archive.extend(header);
    archive.extend(content);
    archive.resize(archive.len().next_multiple_of(512), 0);
}

#[tokio::test]
async fn what_is_wrong_with_a_package_is_its_status() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let good = zipped(&files(2, "W"));
    assert_eq!(sent(&alfa, b"no archive", "Zip", 100).await.1["status"]["code"], 430);
    assert_eq!(sent(&alfa, &good, "TarGz", 100_000).await.1["status"]["code"], 430);
    assert_eq!(sent(&alfa, &zipped(&[]), "Zip", 100_000).await.1["status"]["code"], 440);
    let broken = zipped(&[("a.xml".to_owned(), "<a".to_owned())]);
    assert_eq!(sent(&alfa, &broken, "Zip", 100_000).await.1["status"]["code"], 445);
    let many: Vec<_> = (0..10_001).map(|at| (format!("{at}.xml"), "<a/>".to_owned())).collect();
    assert_eq!(sent(&alfa, &zipped(&many), "Zip", 10_000_000).await.1["status"]["code"], 420);
    let parts = parts(&good, 100_000);
    for (member, other, code) in
        [("fileHash", json!(hash(b"x")), 405), ("fileSize", json!(good.len() + 1), 405)]
    {
        let mut body = opening(ksef, &good, &parts, "Zip").await;
        body["batchFile"][member] = other;
        let opened = alfa.post("/sessions/batch", &body).await.ok(201);
        upload(ksef, &opened, &parts).await;
        let session = text(&opened["referenceNumber"]);
        close(&alfa, &session).await;
        let status = alfa.get(&format!("/sessions/{session}")).await.ok(200);
        assert_eq!(status["status"]["code"], code);
    }
    let garbage = vec![vec![3; parts[0].len()]];
    let body = opening(ksef, &good, &garbage, "Zip").await;
    let opened = alfa.post("/sessions/batch", &body).await.ok(201);
    upload(ksef, &opened, &garbage).await;
    let session = text(&opened["referenceNumber"]);
    close(&alfa, &session).await;
    let status = alfa.get(&format!("/sessions/{session}")).await.ok(200);
    assert_eq!(status["status"]["code"], 435);
}

#[tokio::test]
async fn declarations_and_closing_are_checked_at_once() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let archive = zipped(&files(2, "D"));
    let parts = parts(&archive, 500);
    let body = opening(ksef, &archive, &parts, "Zip").await;
    let with = |change: &dyn Fn(&mut Value)| {
        let mut body = body.clone();
        change(&mut body);
        body
    };
    let large = with(&|body| body["batchFile"]["fileParts"][0]["fileSize"] = json!(100_000_032));
    assert_eq!(alfa.post("/sessions/batch", &large).await.code(), 21157);
    let part = body["batchFile"]["fileParts"][0].clone();
    let many = with(&|body| body["batchFile"]["fileParts"] = json!(vec![part.clone(); 51]));
    assert_eq!(alfa.post("/sessions/batch", &many).await.code(), 21161);
    let gap = with(&|body| body["batchFile"]["fileParts"][0]["ordinalNumber"] = json!(9));
    assert_eq!(alfa.post("/sessions/batch", &gap).await.code(), 21405);
    let pef = with(&|body| body["formCode"] = form("PEF (3)"));
    assert_eq!(alfa.post("/sessions/batch", &pef).await.code(), 21405);
    let opened = alfa.post("/sessions/batch", &body).await.ok(201);
    let session = text(&opened["referenceNumber"]);
    assert_eq!(close(&alfa, &session).await.code(), 21205);
    let mut short = parts.clone();
    short[0].truncate(16);
    upload(ksef, &opened, &short).await;
    assert_eq!(close(&alfa, &session).await.code(), 21157);
    upload(ksef, &opened, &parts).await;
    assert_eq!(close(&alfa, &session).await.status, 204);
    assert_eq!(close(&alfa, &session).await.code(), 21180);
    let unknown = "20260131-SB-0000000000-0000000000-00";
    assert_eq!(close(&alfa, unknown).await.code(), 21173);
    let online = alfa.open().await;
    assert_eq!(close(&alfa, &online).await.code(), 21173, "another kind of session");
}

#[tokio::test(start_paused = true)]
async fn links_expire_and_the_session_with_them() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    ksef.set_access_life(Duration::from_secs(100_000));
    let alfa = login(ksef, ALFA).await;
    let archive = zipped(&files(1, "L"));
    let parts = parts(&archive, 100_000);
    let body = opening(ksef, &archive, &parts, "Zip").await;
    let opened = alfa.post("/sessions/batch", &body).await.ok(201);
    let url = opened["partUploadRequests"][0]["url"].as_str().unwrap();
    let headers = [("x-ms-blob-type", "BlockBlob")];
    let part = || parts[0].clone();
    assert_eq!(ask(ksef, Method::PUT, url, &[], part()).await.unwrap().status, 400);
    assert_eq!(fetch(ksef, url).await.status, 403, "a link for writing");
    tokio::time::advance(Duration::from_secs(20 * 60)).await;
    assert_eq!(ask(ksef, Method::PUT, url, &headers, part()).await.unwrap().status, 403);
    let session = text(&opened["referenceNumber"]);
    assert_eq!(close(&alfa, &session).await.code(), 21208);
    let status = alfa.get(&format!("/sessions/{session}")).await.ok(200);
    assert_eq!(status["status"]["code"], 440);
    let list = alfa.get("/sessions?sessionType=Batch&statuses=Cancelled").await.ok(200);
    assert_eq!(list["sessions"][0]["referenceNumber"], session.as_str());
}
