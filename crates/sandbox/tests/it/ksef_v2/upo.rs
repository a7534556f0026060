//! Receipts, by all their ways.

use base64::Engine as _;
use http::Method;

use super::client::*;

#[tokio::test(start_paused = true)]
async fn receipts_are_the_same_by_every_way_and_signed() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    ksef.set_receipt_page(2);
    let started = start_signed(ksef, ("Nip", ALFA), "seal", "certificateSubject").await;
    let alfa = redeem(ksef, &started).await;
    let session = alfa.open().await;
    let one = alfa.settled(&session, &invoice("A&amp;B/1")).await;
    for number in ["2", "3"] {
        alfa.settled(&session, &invoice(number)).await;
    }
    alfa.close(&session).await;
    let (number, reference) = (text(&one["ksefNumber"]), text(&one["referenceNumber"]));
    let by_number = alfa.get(&format!("/sessions/{session}/invoices/ksef/{number}/upo")).await;
    let by_reference = alfa.get(&format!("/sessions/{session}/invoices/{reference}/upo")).await;
    let by_link = fetch(ksef, one["upoDownloadUrl"].as_str().unwrap()).await;
    assert_eq!((by_number.status, &by_number.body), (200, &by_reference.body));
    assert_eq!(by_link.body, by_number.body);
    assert_eq!(by_link.header("x-ms-meta-hash"), hash(&by_link.body));
    let text_of = String::from_utf8(by_link.body.to_vec()).unwrap();
    assert!(text_of.contains("<NumerFaktury>A&amp;B/1</NumerFaktury>"));
    assert!(text_of.contains("<SkrotDokumentuUwierzytelniajacego>"));
    assert!(text_of.contains("środowisko testowe (TE)"));
    let pages = alfa.get(&format!("/sessions/{session}")).await.ok(200)["upo"]["pages"].clone();
    assert_eq!(pages.as_array().unwrap().len(), 2);
    let first = fetch(ksef, pages[0]["downloadUrl"].as_str().unwrap()).await;
    let path = format!("/sessions/{session}/upo/{}", text(&pages[0]["referenceNumber"]));
    assert_eq!(alfa.get(&path).await.body, first.body);
    let page = String::from_utf8(first.body.to_vec()).unwrap();
    assert_eq!(page.matches("<Dokument>").count(), 2);
    for part in
        ["<Strona>1<", "<LiczbaStron>2<", "<ZakresDokumentowDo>2<", "<CalkowitaLiczbaDokumentow>3<"]
    {
        assert!(page.contains(part), "{part}");
    }
    verify(&page);
    conforms(&page);
    conforms(&text_of);
    assert_eq!(ksef.unexpected(), []);
}

/// The references and the value of the signature, under the certificate inside.
fn verify(page: &str) {
    let certificate = page.split("<ds:X509Certificate>").nth(1).unwrap().split('<').next().unwrap();
    let der = base64::engine::general_purpose::STANDARD.decode(certificate).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let (file, key) = (folder.path().join("upo.xml"), folder.path().join("key.der"));
    std::fs::write(&file, page).unwrap();
    std::fs::write(&key, der).unwrap();
    let mut command = std::process::Command::new("xmlsec1");
    command.args(["--verify", "--id-attr:Id", "SignedProperties", "--pubkey-cert-der"]);
    match command.arg(&key).arg(&file).output() {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        Err(_) => skip("xmlsec1 is not installed"),
    }
}

/// The published schema, which knows neither the signature nor the name that the test environment
/// gives itself.
fn conforms(receipt: &str) {
    let schema = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/reference/ksef-v2/xsd/upo/upo-v4-3.xsd"
    );
    if !std::path::Path::new(schema).exists() {
        println!("SKIPPED: the folder ../shared/reference does not exist");
        return;
    }
    let mut command = std::process::Command::new("xmllint");
    command.args(["--noout", "--nonet", "--schema", schema, "-"]);
    command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let Ok(mut child) = command.spawn() else { return skip("xmllint is not installed") };
    let receipt = receipt.replace(" - środowisko testowe (TE)", "");
    let (head, _) = receipt.split_once("<ds:Signature").unwrap();
    let receipt = format!("{head}</Potwierdzenie>");
    std::io::Write::write_all(child.stdin.as_mut().unwrap(), receipt.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
}

#[expect(clippy::disallowed_methods, reason = "CI sets a variable to forbid skipping")]
fn skip(reason: &str) {
    assert!(std::env::var_os("FISKUS_REQUIRE_ORACLES").is_none(), "{reason}");
    println!("SKIPPED: {reason}");
}

#[tokio::test(start_paused = true)]
async fn unknown_receipts_have_their_codes() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let path = format!("/sessions/{session}/upo/20260131-EU-0000000000-0000000000-00");
    assert_eq!(alfa.get(&path).await.code(), 21178);
    let path = format!("/sessions/{session}/invoices/ksef/9990000103-20260131-000000000000-00/upo");
    assert_eq!(alfa.get(&path).await.code(), 21178);
    let path = format!("/sessions/{session}/invoices/20260131-EE-0000000000-0000000000-00/upo");
    assert_eq!(alfa.get(&path).await.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_session_is_refused_with_a_code_that_the_operation_has() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = "/sessions/20260131-SO-0000000000-0000000000-00";
    let invoice = "invoices/20260131-EE-0000000000-0000000000-00";
    for (path, code) in [
        (session.to_owned(), 21173),
        (format!("{session}/invoices"), 21173),
        (format!("{session}/invoices/failed"), 21173),
        (format!("{session}/upo/20260131-EU-0000000000-0000000000-00"), 21173),
        (format!("{session}/{invoice}"), 21405),
        (format!("{session}/{invoice}/upo"), 21405),
        (format!("{session}/invoices/ksef/9990000103-20260131-000000000000-00/upo"), 21178),
    ] {
        assert_eq!(alfa.get(&path).await.code(), code, "{path}");
    }
    assert_eq!(ksef.unexpected(), []);
}

#[tokio::test(start_paused = true)]
async fn the_storage_wants_its_own_links_and_no_token() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v2();
    let alfa = login(ksef, ALFA).await;
    let session = alfa.open().await;
    let status = alfa.settled(&session, &invoice("F/1")).await;
    let url = text(&status["upoDownloadUrl"]);
    assert!(url.contains("/storage/01/") && !url.contains("/v2/"), "{url}");
    let bearer = format!("Bearer {}", alfa.token);
    let answer = ask(ksef, Method::GET, &url, &[("authorization", &bearer)], "").await.unwrap();
    assert_eq!(answer.status, 403);
    assert_eq!(fetch(ksef, &url.replace("sig=", "sig=A")).await.status, 403);
    assert_eq!(ksef.unexpected().len(), 2);
    tokio::time::advance(std::time::Duration::from_secs(3 * 24 * 3600)).await;
    assert_eq!(fetch(ksef, &url).await.status, 403, "after three days");
}
