//! Packages: their announcement, their parts, and their processing.

use std::time::Duration;

use http::Method;
use sandbox::ksef_v1::KsefV1;
use serde_json::json;
use zip::CompressionMethod;

use super::super::batch::{Package, files, finish, package, packed, upload};
use super::super::client::*;
use super::super::sign;
use super::{Provoked, provoked, told};

/// The announcement without the elements from one tag to another, both included.
fn cut(request: &str, from: &str, to: &str) -> String {
    let (start, end) = (request.find(from).unwrap(), request.rfind(to).unwrap() + to.len());
    format!("{}{}", &request[..start], &request[end..])
}

async fn announcements(ksef: &KsefV1) -> Vec<Provoked> {
    let request = package(&files(1), 1).request(ksef);
    let element = |name: &str| cut(&request, &format!("<i:{name}>"), &format!("</i:{name}>"));
    let rows = [
        (21135, element("Package"), "an announcement without the package"),
        (21136, element("Encryption"), "an announcement without encryption"),
        (21139, element("PackageFileHash"), "an announcement without the digest of the archive"),
        (21140, element("PackageSignature"), "an announcement without size, digest and parts"),
        (21141, element("PackagePartsList"), "an announcement without a list of parts"),
        (21207, element("PackagePartSignature"), "an empty list of parts"),
        (
            21156,
            request.replace("<b:OrdinalNumber>1<", "<b:OrdinalNumber>2<"),
            "parts whose numbers have a gap",
        ),
    ];
    let seal = ksef.certificate("seal").unwrap();
    let mut found = Vec::new();
    for (code, request, cause) in rows {
        let request = sign::enveloped(&request, &seal);
        let answer = post_bytes(ksef, "/batch/Init", &[], request).await.code();
        found.push(provoked(code, answer, cause));
    }
    found
}

async fn parts(ksef: &KsefV1) -> Vec<Provoked> {
    let package = package(&files(3), 2);
    let init = package.try_init(ksef).await.ok(201);
    let reference = init["referenceNumber"].as_str().unwrap().to_owned();
    let twice = package.try_init(ksef).await.code();
    let part = &package.parts[0];
    let short = upload(ksef, &init, 0, &part[1..]).await.code();
    let mut changed = part.clone();
    changed[0] ^= 1;
    let changed = upload(ksef, &init, 0, &changed).await.code();
    let url = init["packageSignature"]["packagePartSignatureList"][0]["url"].as_str().unwrap();
    let path = url.strip_prefix(ksef.base_url()).unwrap();
    let put = async |path: &str| {
        let headers = [("content-type", "application/octet-stream")];
        ask(ksef, Method::PUT, path, &headers, part.clone()).await.unwrap().code()
    };
    let bare = put(path).await;
    let unnamed = put(&format!("/batch/Upload/{reference}/part-of-nothing")).await;
    upload(ksef, &init, 0, part).await.ok(201);
    finish(ksef, &reference).await.ok(200);
    ksef.settle().await;
    let incomplete = told(&status(ksef, &reference).await);
    let closed = upload(ksef, &init, 1, &package.parts[1]).await.code();
    let missing = post(ksef, "/batch/Finish", &json!({})).await.code();
    let malformed = finish(ksef, "nonsense").await.code();
    let init = package.try_init(ksef).await.ok(201);
    let reference = init["referenceNumber"].as_str().unwrap().to_owned();
    tokio::time::advance(Duration::from_secs(2 * 3600)).await;
    finish(ksef, &reference).await.ok(200);
    ksef.settle().await;
    let late = told(&status(ksef, &reference).await);
    vec![
        provoked(21148, missing, "the end of a batch without its number"),
        provoked(21151, closed, "a part after the end of the batch"),
        provoked(21157, short, "a part of another size than announced"),
        provoked(21158, changed, "a part of another digest than announced"),
        provoked(21162, bare, "a part without the headers that were given for it"),
        provoked(21174, unnamed, "a part of a name that was not given"),
        provoked(21204, twice, "the same package again, which has not failed"),
        provoked(21206, incomplete, "the end of a batch before its last part"),
        provoked(21208, late, "the end of a batch two hours after its announcement"),
        provoked(24001, malformed, "the end of a batch with a malformed number"),
    ]
}

async fn processing(ksef: &KsefV1) -> Vec<Provoked> {
    let mut twice = files(2);
    twice[1].1 = twice[0].1.clone();
    let stored = zipped(&files(2), CompressionMethod::Stored);
    let rows: [(u32, Package, &str); 3] = [
        (21205, package(&[], 1), "an empty archive, or no part at all"),
        (21216, packed(stored, 1), "an archive that was not deflated"),
        (21218, package(&twice, 1), "the same file twice in an archive"),
    ];
    let mut found = Vec::new();
    for (code, package, cause) in rows {
        let reference = package.send(ksef).await;
        found.push(provoked(code, told(&status(ksef, &reference).await), cause));
    }
    found
}

pub(super) async fn provoke() -> Vec<Provoked> {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let mut found = announcements(ksef).await;
    found.extend(parts(ksef).await);
    found.extend(processing(ksef).await);
    found
}
