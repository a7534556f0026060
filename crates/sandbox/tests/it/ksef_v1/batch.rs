//! Sending packages.

use std::time::Duration;

use http::Method;
use sandbox::ksef_v1::KsefV1;
use serde_json::{Value, json};
use zip::CompressionMethod;

use super::client::*;
use super::sign;

const INIT: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/batch/init/request/2021/10/01/0001";
const BATCH: &str = "http://ksef.mf.gov.pl/schema/gtw/svc/batch/types/2021/10/01/0001";

/// A package that is ready to be sent.
pub(crate) struct Package {
    pub(crate) archive: Vec<u8>,
    pub(crate) parts: Vec<Vec<u8>>,
    pub(crate) key: Vec<u8>,
    pub(crate) nip: &'static str,
    pub(crate) certificate: &'static str,
}

/// A package of these files in so many parts.
pub(crate) fn package(files: &[(String, Vec<u8>)], parts: usize) -> Package {
    packed(zipped(files, CompressionMethod::Deflated), parts)
}

pub(crate) fn packed(archive: Vec<u8>, parts: usize) -> Package {
    let size = archive.len().div_ceil(parts).max(1);
    let parts = archive.chunks(size).map(encrypt).collect();
    Package { archive, parts, key: KEY.to_vec(), nip: ALFA, certificate: "seal" }
}

/// So many invoices of Alfa.
pub(crate) fn files(count: usize) -> Vec<(String, Vec<u8>)> {
    (1..=count).map(|n| (format!("f{n}.xml"), invoice(&format!("P/{n}")).into_bytes())).collect()
}

impl Package {
    /// The request, not signed.
    pub(crate) fn request(&self, ksef: &KsefV1) -> String {
        let file = |bytes: &[u8]| {
            let hash = hash(bytes)["value"].as_str().unwrap().to_owned();
            format!(
                "<t:HashSHA><t:Algorithm>SHA-256</t:Algorithm><t:Encoding>Base64</t:Encoding>\
                 <t:Value>{hash}</t:Value></t:HashSHA><t:FileSize>{}</t:FileSize>",
                bytes.len()
            )
        };
        let part = |(index, bytes): (usize, &Vec<u8>)| {
            format!(
                "<i:PackagePartSignature><b:OrdinalNumber>{}</b:OrdinalNumber>\
                 <b:PartFileName>package.zip.{index:03}</b:PartFileName>\
                 <b:PartFileHash>{}</b:PartFileHash></i:PackagePartSignature>",
                index + 1,
                file(bytes)
            )
        };
        let parts: String = self.parts.iter().enumerate().map(part).collect();
        format!(
            "<i:InitRequest xmlns:i=\"{INIT}\" xmlns:b=\"{BATCH}\" xmlns:t=\"{TYPES}\" \
             xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <i:Identifier xsi:type=\"t:SubjectIdentifierByCompanyType\">\
             <t:Identifier>{}</t:Identifier></i:Identifier>\
             <i:DocumentType>{FORM}</i:DocumentType>{}\
             <i:PackageSignature><i:Package><b:PackageType>split</b:PackageType>\
             <b:CompressionType>zip</b:CompressionType><b:Value>package.zip</b:Value></i:Package>\
             <i:PackageFileHash>{}</i:PackageFileHash>\
             <i:PackagePartsList>{parts}</i:PackagePartsList></i:PackageSignature></i:InitRequest>",
            self.nip,
            encryption(ksef, "i", &self.key),
            file(&self.archive)
        )
    }

    pub(crate) async fn try_init(&self, ksef: &KsefV1) -> Answer {
        let certificate = ksef.certificate(self.certificate).unwrap();
        let request = sign::enveloped(&self.request(ksef), &certificate);
        post_bytes(ksef, "/batch/Init", &[], request).await
    }

    /// Initialises, uploads everything, and ends.
    pub(crate) async fn send(&self, ksef: &KsefV1) -> String {
        let init = self.try_init(ksef).await.ok(201);
        for (index, part) in self.parts.iter().enumerate() {
            upload(ksef, &init, index, part).await.ok(201);
        }
        let reference = init["referenceNumber"].as_str().unwrap().to_owned();
        finish(ksef, &reference).await.ok(200);
        ksef.settle().await;
        reference
    }
}

/// Uploads a part as the answer to the initialisation says.
pub(crate) async fn upload(ksef: &KsefV1, init: &Value, index: usize, part: &[u8]) -> Answer {
    let place = &init["packageSignature"]["packagePartSignatureList"][index];
    let url = place["url"].as_str().unwrap();
    let path = url.strip_prefix(ksef.base_url()).unwrap();
    let entries = place["headerEntryList"].as_array().unwrap();
    let mut headers: Vec<(&str, &str)> = entries
        .iter()
        .map(|entry| (entry["key"].as_str().unwrap(), entry["value"].as_str().unwrap()))
        .collect();
    headers.push(("content-type", "application/octet-stream"));
    ask(ksef, Method::PUT, path, &headers, part.to_vec()).await.unwrap()
}

pub(crate) async fn finish(ksef: &KsefV1, reference: &str) -> Answer {
    post(ksef, "/batch/Finish", &json!({"referenceNumber": reference})).await
}

/// The code of a batch and what is said about it.
async fn outcome(ksef: &KsefV1, reference: &str) -> (u64, String) {
    let status = status(ksef, reference).await;
    let text = status["processingDescription"].as_str().unwrap().to_owned();
    (status["processingCode"].as_u64().unwrap(), text)
}

async fn refused(ksef: &KsefV1, package: &Package, code: u64, exception: u32) {
    let reference = package.send(ksef).await;
    let (found, text) = outcome(ksef, &reference).await;
    assert_eq!(found, code, "{text}");
    assert!(text.starts_with(&format!("{exception}:")), "{text}");
    assert!(ksef.invoices().is_empty(), "nothing of a refused package is accepted");
}

#[tokio::test(start_paused = true)]
async fn two_thousand_invoices_in_three_parts_are_accepted_together() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let reference = package(&files(2000), 3).send(ksef).await;
    assert_eq!(outcome(ksef, &reference).await.0, 200);
    assert_eq!(ksef.invoices().len(), 2000);
    let session = login(ksef, ALFA).await;
    let path = format!("/online/Session/Status/{reference}?PageSize=100&PageOffset=19");
    let page = session.get(&path).await.ok(200);
    assert_eq!(page["numberOfElements"], 2000);
    assert_eq!(page["invoiceStatusList"].as_array().unwrap().len(), 100);
    assert_eq!(page["entityType"], "batch");
    assert!(ksef.unexpected().is_empty(), "{:?}", ksef.unexpected());
}

#[tokio::test(start_paused = true)]
async fn one_bad_invoice_refuses_all() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let mut bad = files(3);
    bad[1].1 = invoice("P/2").replace("<P_15>123.00</P_15>", "").into_bytes();
    let reference = package(&bad, 1).send(ksef).await;
    let (code, text) = outcome(ksef, &reference).await;
    assert_eq!(code, 440);
    assert!(text.starts_with("21401:"), "{text}");
    assert!(ksef.invoices().is_empty());
    let session = login(ksef, ALFA).await;
    let page = session.get(&format!("/online/Session/Status/{reference}")).await.ok(200);
    let codes: Vec<u64> = page["invoiceStatusList"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["processingCode"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [435, 425, 435]);
    // Another try with the mistake made good.
    package(&files(3), 1).send(ksef).await;
    assert_eq!(ksef.invoices().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn duplicates_refuse_the_package() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let mut twice = files(2);
    twice[1].1 = twice[0].1.clone();
    refused(ksef, &package(&twice, 1), 435, 21218).await;
    let mut renumbered = files(2);
    renumbered[1].1 = invoice("P/1").replace("100.00", "90.00").into_bytes();
    refused(ksef, &package(&renumbered, 1), 440, 21176).await;
    package(&files(1), 1).send(ksef).await;
    assert_eq!(package(&files(1), 1).try_init(ksef).await.code(), 21204);
    let mut more = files(2);
    more.reverse();
    let reference = package(&more, 1).send(ksef).await;
    assert_eq!(outcome(ksef, &reference).await.0, 440);
    assert_eq!(ksef.invoices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_package_fails_for_its_own_reason() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let good = || package(&files(3), 2);
    let wrong_key = Package { key: vec![1; 24], ..good() };
    refused(ksef, &wrong_key, 415, 21412).await;
    let expired = Package { certificate: "expired-seal", ..good() };
    refused(ksef, &expired, 415, 21305).await;
    let mut one_stream = good();
    let whole = encrypt(&one_stream.archive);
    let (head, tail) = whole.split_at(whole.len() / 32 * 16);
    one_stream.parts = vec![head.to_vec(), tail.to_vec()];
    // Each part needs its own padding.
    refused(ksef, &one_stream, 420, 20005).await;
    let mut cut = good();
    cut.parts[1] = vec![5; 47];
    refused(ksef, &cut, 420, 20005).await;
    let mut other = good();
    other.parts[0] = encrypt(b"something else");
    refused(ksef, &other, 425, 21402).await;
    refused(ksef, &packed(b"no archive".to_vec(), 1), 430, 21216).await;
    let stored = zipped(&files(2), CompressionMethod::Stored);
    refused(ksef, &packed(stored, 1), 430, 21216).await;
    refused(ksef, &package(&[], 1), 435, 21205).await;
    let text = [("a.txt".to_owned(), b"no invoice".to_vec())];
    refused(ksef, &package(&text, 1), 440, 21001).await;
}

#[tokio::test(start_paused = true)]
async fn missing_parts_and_late_ends_are_told_apart() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let package = package(&files(3), 2);
    let init = package.try_init(ksef).await.ok(201);
    let reference = init["referenceNumber"].as_str().unwrap().to_owned();
    upload(ksef, &init, 0, &package.parts[0]).await.ok(201);
    finish(ksef, &reference).await.ok(200);
    ksef.settle().await;
    let (code, text) = outcome(ksef, &reference).await;
    assert_eq!(code, 405);
    assert!(text.starts_with("21206:"), "{text}");
    assert_eq!(upload(ksef, &init, 1, &package.parts[1]).await.code(), 21151);
    assert_eq!(finish(ksef, &reference).await.code(), 21151);
    let init = package.try_init(ksef).await.ok(201);
    let reference = init["referenceNumber"].as_str().unwrap().to_owned();
    tokio::time::advance(Duration::from_secs(2 * 3600)).await;
    assert_eq!(upload(ksef, &init, 0, &package.parts[0]).await.code(), 21151);
    finish(ksef, &reference).await.ok(200);
    ksef.settle().await;
    assert!(outcome(ksef, &reference).await.1.starts_with("21208:"));
}

#[tokio::test(start_paused = true)]
async fn parts_are_checked_when_they_come() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let package = package(&files(3), 2);
    let init = package.try_init(ksef).await.ok(201);
    let part = &package.parts[0];
    assert_eq!(upload(ksef, &init, 0, &part[1..]).await.code(), 21157);
    let mut changed = part.clone();
    changed[0] ^= 1;
    assert_eq!(upload(ksef, &init, 0, &changed).await.code(), 21158);
    upload(ksef, &init, 0, part).await.ok(201);
    upload(ksef, &init, 0, part).await.ok(201);
    assert!(ksef.unexpected().is_empty());
    let reference = init["referenceNumber"].as_str().unwrap();
    let url = init["packageSignature"]["packagePartSignatureList"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix(ksef.base_url()).unwrap();
    let headers = [("content-type", "application/octet-stream")];
    let bare = ask(ksef, Method::PUT, path, &headers, part.clone()).await.unwrap();
    assert_eq!(bare.code(), 21162, "the given headers are needed");
    assert_eq!(ksef.unexpected().len(), 1);
    let unknown = format!("/batch/Upload/{reference}/20260131-EA-0123456789-0123456789-AB");
    let answer = ask(ksef, Method::PUT, &unknown, &headers, part.clone()).await.unwrap();
    assert_eq!(answer.code(), 21174);
}

#[tokio::test(start_paused = true)]
async fn the_request_is_checked() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let good = package(&files(1), 1);
    let request = good.request(ksef);
    assert_eq!(post_bytes(ksef, "/batch/Init", &[], request.clone()).await.code(), 9102);
    let seal = ksef.certificate("seal").unwrap();
    for (from, to, code) in [
        ("<b:OrdinalNumber>1<", "<b:OrdinalNumber>2<", 21156),
        ("<b:OrdinalNumber>1<", "<b:OrdinalNumber>0<", 21401),
        ("FA (2)", "FA (9)", 21211),
        ("<b:CompressionType>zip<", "<b:CompressionType>tar<", 21401),
        ("<b:Value>package.zip<", "<b:Value>p?<", 21401),
    ] {
        let changed = sign::enveloped(&request.replace(from, to), &seal);
        assert_eq!(post_bytes(ksef, "/batch/Init", &[], changed).await.code(), code, "{to}");
    }
    let foreign = Package { certificate: "seal-beta", ..package(&files(1), 1) };
    assert_eq!(foreign.try_init(ksef).await.code(), 21301);
    assert_eq!(finish(ksef, "20260131-SE-0123456789-0123456789-AB").await.code(), 21173);
    assert_eq!(finish(ksef, "nonsense").await.code(), 24001);
}

#[tokio::test(start_paused = true)]
async fn receipts_of_packages_have_pages() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    ksef.set_receipt_size(4);
    let reference = package(&files(10), 1).send(ksef).await;
    let newest = status(ksef, &reference).await;
    assert_eq!(newest["upoPageCount"], 3);
    let mut numbers = Vec::new();
    for page in newest["upoPageList"].as_array().unwrap() {
        let path =
            page["upoUrl"].as_str().unwrap().strip_prefix(ksef.base_url()).unwrap().to_owned();
        let answer = get(ksef, &path, &[("accept", "application/vnd.v3+octet-stream")]).await;
        assert_eq!(answer.status, 200);
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        numbers.extend(ksef.invoices().into_iter().filter(|one| text.contains(&one.ksef_number)));
    }
    assert_eq!(numbers.len(), 10);
    let older = [("accept", "application/vnd.v3+json")];
    let older = get(ksef, &format!("/common/Status/{reference}"), &older).await.ok(200);
    assert!(older["upoReferenceNumber"].is_null(), "the older form knows one page only");
}
