//! The Event Hub: tokens, sizes, packages and parts.

use std::io::Write;
use std::time::Duration;

use flate2::write::ZlibEncoder;
use sandbox::Sandbox;
use sandbox::crk::{Compression, Cut, Profile};
use serde_json::{Value, json};

use super::client::{HARDWARE, SOFTWARE, Till, calm, encrypt_plainly};

async fn fiscalised() -> (Sandbox, Till) {
    let sandbox = calm().await;
    let till = Till::new(&sandbox, HARDWARE);
    till.fiscalise().await;
    (sandbox, till)
}

fn whats(sandbox: &Sandbox) -> Vec<String> {
    sandbox.unexpected().into_iter().map(|one| one.what).collect()
}

#[tokio::test(start_paused = true)]
async fn a_token_is_for_its_time_and_its_publisher() {
    let (sandbox, till) = fiscalised().await;
    let other = Till::new(&sandbox, SOFTWARE);
    other.fiscalise().await;
    let package = till.package(&till.receipts([1])).await.to_string();
    let (url, token) = till.token().await;
    let (_, foreign) = other.token().await;
    for wrong in [String::new(), foreign, token.replace("se=", "se=9"), "x".to_owned()] {
        assert_eq!(till.publish_with(&url, &wrong, &package).await, 401, "{wrong}");
    }
    assert_eq!(till.publish_with(&url, &token, &package).await, 201);
    tokio::time::advance(Duration::from_secs(3601)).await;
    assert_eq!(till.publish_with(&url, &token, &package).await, 401);
    let (url, token) = till.token().await;
    assert_eq!(till.publish_with(&url, &token, &package).await, 201);
    sandbox.crk().expire_tokens();
    assert_eq!(till.publish_with(&url, &token, &package).await, 401);
    let archive = sandbox.crk().archive(HARDWARE);
    assert_eq!((archive.packages, archive.resends, archive.received), (1, 1, 1));
    assert_eq!(sandbox.crk().statistics().unauthorized, 6);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn the_limit_counts_the_whole_request() {
    let (sandbox, till) = fiscalised().await;
    let (url, token) = till.token().await;
    let mut body =
        json!({"commandId": till.id("DFD"), "packageNr": 0, "isLast": 1, "encryptedData": ""});
    let path = url.strip_prefix(till.crk.hub_url()).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\ncontent-type: application/atom+xml;type=entry;charset=utf-8\r\nauthorization: {token}\r\n\r\n"
    );
    for limit in [256_000, 262_144] {
        sandbox.crk().set_hub_limit(limit);
        body["encryptedData"] = json!("");
        let room = limit - head.len() - body.to_string().len();
        body["encryptedData"] = json!("x".repeat(room));
        assert_eq!(till.publish_with(&url, &token, &body.to_string()).await, 201);
        assert_eq!(sandbox.crk().statistics().largest_package, limit);
        body["encryptedData"] = json!("x".repeat(room + 1));
        assert_eq!(till.publish_with(&url, &token, &body.to_string()).await, 413);
    }
    assert_eq!(till.publish_with(&url, &token, "").await, 400);
}

#[tokio::test]
async fn packages_that_are_not_as_described_are_taken_and_recorded() {
    let (sandbox, till) = fiscalised().await;
    let good = till.package(&till.receipts([1])).await;
    let with = |name: &str, value: Value| {
        let mut changed = good.clone();
        changed[name] = value;
        changed
    };
    let cases = [
        (json!([]), "a package that is no JSON object"),
        (with("commandId", Value::Null), "a package without `commandId`"),
        (with("commandId", json!("DFD")), "a package with a malformed `commandId`"),
        (
            with("commandId", json!(till.id("DDD"))),
            "a package whose `commandId` is not a DFD of the publisher",
        ),
        (
            with("packageNr", json!(-1)),
            "a package whose `packageNr` or `isLast` is not as described",
        ),
        (
            with("packageNr", json!("0")),
            "a package whose `packageNr` or `isLast` is not as described",
        ),
        (with("isLast", json!(2)), "a package whose `packageNr` or `isLast` is not as described"),
        (with("encryptedData", json!(1)), "a package without `encryptedData`"),
        (with("encryptedData", json!("a.b")), "a package cannot be opened: it is not a JWE"),
    ];
    for (number, (package, what)) in cases.into_iter().enumerate() {
        assert_eq!(till.publish(&package).await, 201, "{what}");
        assert_eq!(whats(&sandbox).get(number).map(String::as_str), Some(what));
    }
    assert_eq!(sandbox.crk().archive(HARDWARE).received, 0);
    assert_eq!(till.publish(&good).await, 201);
    assert_eq!(sandbox.crk().archive(HARDWARE).received, 1);
    assert_eq!(sandbox.crk().statistics().violations, 9);
}

#[tokio::test]
async fn parts_are_joined_and_repeated_parts_are_told_apart() {
    let (sandbox, till) = fiscalised().await;
    let text = till.receipts(1..=5).to_string();
    let id = till.id("DFD");
    let third = text.len() / 3;
    let pieces = [&text[..third], &text[third..2 * third], &text[2 * third..]];
    let mut packages = Vec::new();
    for (number, piece) in (1..).zip(pieces) {
        packages.push(till.part(&id, number, u8::from(number == 3), piece.as_bytes()).await);
    }
    for index in [2, 0, 0] {
        assert_eq!(till.publish(&packages[index]).await, 201);
    }
    assert_eq!(sandbox.crk().archive(HARDWARE).waiting_parts, 2);
    assert_eq!(till.publish(&packages[1]).await, 201);
    let archive = sandbox.crk().archive(HARDWARE);
    assert_eq!(
        (archive.received, archive.joined, archive.resends, archive.waiting_parts),
        (5, 1, 1, 0)
    );
    assert_eq!(sandbox.unexpected(), []);
    let again = till.part(&id, 2, 0, pieces[1].as_bytes()).await;
    assert_eq!(till.publish(&again).await, 201);
    assert_eq!(whats(&sandbox), ["part 2 came again with other bytes"]);
    assert_eq!(sandbox.crk().archive(HARDWARE).violations, whats(&sandbox));
}

#[tokio::test]
async fn a_document_may_be_cut_as_finished_text() {
    let (sandbox, till) = fiscalised().await;
    sandbox.crk().set_profile(Profile { cut: Cut::Object, ..Profile::default() });
    let sealed = till.seal(till.receipts(1..=5).to_string().as_bytes()).await;
    let id = till.id("DFD");
    let (first, second) = sealed.split_at(sealed.len() / 2);
    for (number, last, piece) in [(1, 0, first), (2, 1, second)] {
        let package =
            json!({"commandId": id, "packageNr": number, "isLast": last, "encryptedData": piece});
        assert_eq!(till.publish(&package).await, 201);
    }
    assert_eq!(sandbox.crk().archive(HARDWARE).received, 5);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn a_document_may_be_cut_after_compression() {
    let (sandbox, till) = fiscalised().await;
    let (cut, compression) = (Cut::Compressed, Compression::Zlib);
    sandbox.crk().set_profile(Profile { cut, compression, ..Profile::default() });
    let mut packer = ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(till.receipts(1..=5).to_string().as_bytes()).unwrap();
    let bytes = packer.finish().unwrap();
    let recipient = till.recipient().await;
    let id = till.id("DFD");
    let (first, second) = bytes.split_at(bytes.len() / 2);
    for (number, last, piece) in [(1, 0, first), (2, 1, second)] {
        let data = encrypt_plainly(&recipient, till.sign(piece).as_bytes(), &json!({}));
        let package =
            json!({"commandId": id, "packageNr": number, "isLast": last, "encryptedData": data});
        assert_eq!(till.publish(&package).await, 201);
    }
    assert_eq!(sandbox.crk().archive(HARDWARE).received, 5);
    assert_eq!(sandbox.unexpected(), []);
}

#[tokio::test]
async fn documents_before_fiscalisation_are_recorded() {
    let (sandbox, till) = fiscalised().await;
    let other = Till::new(&sandbox, SOFTWARE);
    other.begin().await;
    let package = other.package(&other.receipts([1])).await.to_string();
    let (url, token) = till.token().await;
    let foreign = url.replace(HARDWARE, SOFTWARE);
    assert_eq!(till.publish_with(&foreign, &token, &package).await, 401);
    assert_eq!(sandbox.crk().archive(SOFTWARE).received, 0);
}

#[tokio::test(start_paused = true)]
async fn processing_may_take_its_time_and_keeps_the_order() {
    let (sandbox, till) = fiscalised().await;
    sandbox.crk().set_processing(Duration::from_secs(5));
    for number in 1..=3 {
        let package = till.package(&till.receipts([number])).await;
        assert_eq!(till.publish(&package).await, 201);
    }
    assert_eq!(till.ask("GIS").await.attributes()["maxDocId"], 0);
    sandbox.crk().settle().await;
    let archive = sandbox.crk().archive(HARDWARE);
    assert_eq!((archive.highest, archive.out_of_order), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn a_package_that_is_processed_at_once_passes_none_that_came_before() {
    let (sandbox, till) = fiscalised().await;
    for (number, seconds) in [(1, 5), (2, 0), (3, 1)] {
        sandbox.crk().set_processing(Duration::from_secs(seconds));
        let package = till.package(&till.receipts([number])).await;
        assert_eq!(till.publish(&package).await, 201);
    }
    sandbox.crk().settle().await;
    let archive = sandbox.crk().archive(HARDWARE);
    assert_eq!((archive.highest, archive.out_of_order), (3, 0));
}
