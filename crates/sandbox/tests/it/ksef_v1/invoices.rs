//! Sending and reading single invoices.

use http::Method;
use serde_json::json;

use super::client::*;

#[tokio::test(start_paused = true)]
async fn an_accepted_invoice_is_there_for_both_sides_byte_by_byte() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let seller = login(ksef, ALFA).await;
    let xml = invoice("A/1");
    let number = seller.accepted(&xml).await;
    assert_eq!(number.len(), 35);
    let path = format!("/online/Invoice/Get/{number}");
    assert_eq!(seller.get(&path).await.body, xml);
    assert_eq!(login(ksef, BETA).await.get(&path).await.body, xml);
    let stranger = login(ksef, GAMMA).await;
    assert_eq!(stranger.get(&path).await.code(), 21169);
    assert_eq!(ksef.invoices()[0].ksef_number, number);
    assert_eq!(ksef.invoices()[0].session, seller.reference);
    assert!(ksef.unexpected().is_empty(), "{:?}", ksef.unexpected());
}

#[tokio::test(start_paused = true)]
async fn an_encrypted_session_takes_encrypted_invoices_only() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login_encrypted(ksef, ALFA).await;
    let xml = invoice("A/1");
    assert_eq!(session.put_plain(xml.as_bytes()).await.code(), 21413);
    session.put_encrypted(xml.as_bytes()).await.ok(202);
    ksef.settle().await;
    let number = ksef.invoices()[0].ksef_number.clone();
    assert_eq!(session.get(&format!("/online/Invoice/Get/{number}")).await.body, xml);
    let plain = login(ksef, ALFA).await;
    assert_eq!(plain.put_encrypted(invoice("A/2").as_bytes()).await.code(), 21413);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_key_fails_at_decryption() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login_encrypted(ksef, ALFA).await;
    let mut body = encrypted(invoice("A/1").as_bytes());
    let garbage = vec![1; 32];
    body["invoicePayload"]["encryptedInvoiceHash"] = sized(&garbage);
    body["invoicePayload"]["encryptedInvoiceBody"] = json!(base64_of(&garbage));
    let answer = session.send(Method::PUT, "/online/Invoice/Send", &body).await.ok(202);
    ksef.settle().await;
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    let status = session.invoice_status(element).await;
    assert_eq!(status["processingCode"], 420);
    assert!(status["processingDescription"].as_str().unwrap().starts_with("20005:"), "{status}");
    let mut body = encrypted(invoice("A/2").as_bytes());
    body["invoiceHash"] = sized(invoice("A/3").as_bytes());
    let answer = session.send(Method::PUT, "/online/Invoice/Send", &body).await.ok(202);
    ksef.settle().await;
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    let status = session.invoice_status(element).await;
    assert_eq!(status["processingCode"], 420, "the plain digest is checked after decryption");
    assert!(status["processingDescription"].as_str().unwrap().starts_with("21403:"), "{status}");
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test(start_paused = true)]
async fn sizes_digests_and_forms_are_checked_at_once() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let xml = invoice("A/1");
    let good = plain(xml.as_bytes());
    let changed = |pointer: &str, value: serde_json::Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        body
    };
    let large = "x".repeat(1_048_577);
    let cases = [
        (changed("/invoiceHash/fileSize", json!(1)), 21402),
        (plain(large.as_bytes()), 21402),
        (changed("/invoiceHash/hashSHA", hash(b"other")), 21403),
        (changed("/invoiceHash/hashSHA/algorithm", json!("SHA-1")), 21405),
        (changed("/invoicePayload/invoiceBody", json!("?")), 20004),
        (changed("/invoiceHash/hashSHA/encoding", json!("hex")), 21411),
        (changed("/invoicePayload/type", json!("other")), 21146),
        (changed("/invoicePayload/type", json!("encrypted")), 21147),
        (changed("/invoicePayload/invoiceBody", json!("")), 21133),
        (json!({"invoicePayload": {}}), 21137),
        (json!({"invoiceHash": good["invoiceHash"]}), 21133),
        (json!({"a": 1}), 21405),
    ];
    for (body, code) in cases {
        let answer = session.send(Method::PUT, "/online/Invoice/Send", &body).await;
        assert_eq!(answer.code(), code);
    }
    assert_eq!(ksef.statistics().sent, 0);
}

#[tokio::test(start_paused = true)]
async fn bad_documents_fail_at_the_semantics() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let good = invoice("A/1");
    let cases: [(Vec<u8>, &str); 8] = [
        (format!("\u{feff}{good}").into_bytes(), "20001:"),
        (good.replace("<Faktura", "<!DOCTYPE x><Faktura").into_bytes(), "20002:"),
        (good.replace("A/1", "<![CDATA[A/1]]>").into_bytes(), "20003:"),
        (b"no xml".to_vec(), "21001:"),
        (b"<Faktura>\xff\xfe</Faktura>".to_vec(), "21217:"),
        (good.replace("<P_15>123.00</P_15>", "").into_bytes(), "21401:"),
        (good.replace("2023/06/29/12648", "2021/11/29/11089").into_bytes(), "21416:"),
        (good.replace("wersjaSchemy=\"1-0E\"", "wersjaSchemy=\"1-1E\"").into_bytes(), "21416:"),
    ];
    for (xml, start) in cases {
        let (code, text) = session.refused(&xml).await;
        assert_eq!(code, 425, "{text}");
        assert!(text.starts_with(start), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn duplicates_are_refused_in_the_session_and_in_the_system() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let xml = invoice("A/1");
    session.accepted(&xml).await;
    assert_eq!(session.put_plain(xml.as_bytes()).await.code(), 21176);
    let next = login(ksef, ALFA).await;
    let (code, text) = next.refused(xml.as_bytes()).await;
    assert_eq!(code, 440);
    assert!(text.starts_with("21176:"), "{text}");
    let other = xml.replace("100.00", "100.01");
    assert_eq!(next.refused(other.as_bytes()).await.0, 440, "the same number of the same seller");
    assert_eq!(ksef.invoices().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refused_invoice_may_come_again() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let wrong = invoice_of(BETA, GAMMA, "B/1");
    assert_eq!(session.refused(wrong.as_bytes()).await.0, 430);
    assert_eq!(session.refused(wrong.as_bytes()).await.0, 430);
}

#[tokio::test(start_paused = true)]
async fn who_may_issue_what_is_checked() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let alfa = login(ksef, ALFA).await;
    let refused = |text: &str, code: u32| assert!(text.starts_with(&format!("{code}:")), "{text}");
    let (code, text) = alfa.refused(invoice_of(BETA, GAMMA, "1").as_bytes()).await;
    assert_eq!(code, 430);
    refused(&text, 21212);
    // Gamma may issue for Alfa, when the invoice says so.
    let gamma = login(ksef, GAMMA).await;
    let own = invoice_of(ALFA, GAMMA, "2");
    refused(&gamma.refused(own.as_bytes()).await.1, 21301);
    gamma.accepted(&own.replace("<P_17>2", "<P_17>1")).await;
    // Beta may not.
    let beta = login(ksef, BETA).await;
    let own = invoice_of(ALFA, BETA, "3").replace("<P_17>2", "<P_17>1");
    refused(&beta.refused(own.as_bytes()).await.1, 21301);
    // The representative and the bailiff stand on the invoice themselves.
    let authorized = |nip: &str, role: &str| {
        format!(
            "<PodmiotUpowazniony><DaneIdentyfikacyjne><NIP>{nip}</NIP><Nazwa>X</Nazwa>\
             </DaneIdentyfikacyjne><RolaPU>{role}</RolaPU></PodmiotUpowazniony><Fa>"
        )
    };
    let (bailiff, representative) = ("9990000161", "9990000184");
    let xml = invoice_of(ALFA, BETA, "4").replace("<Fa>", &authorized(representative, "3"));
    login(ksef, representative).await.accepted(&xml).await;
    let xml = invoice_of(ALFA, BETA, "5").replace("<Fa>", &authorized(bailiff, "2"));
    login(ksef, bailiff).await.accepted(&xml).await;
    let xml = invoice_of(ALFA, BETA, "6").replace("<Fa>", &authorized(BETA, "2"));
    refused(&beta.refused(xml.as_bytes()).await.1, 21301);
}

#[tokio::test(start_paused = true)]
async fn the_long_form_of_a_number_is_given_and_taken() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = login(ksef, ALFA).await;
    let element = session.put_invoice(&invoice("A/1")).await;
    ksef.settle().await;
    let headers = [("SessionToken", session.token.as_str()), ("ksef-number-variant", "v36")];
    let path = format!("/online/Invoice/Status/{element}");
    let status = get(ksef, &path, &headers).await.ok(200);
    let number = status["invoiceStatus"]["ksefReferenceNumber"].as_str().unwrap().to_owned();
    assert_eq!(number.len(), 36);
    session.get(&format!("/online/Invoice/Get/{number}")).await;
    assert_eq!(session.get("/online/Invoice/Get/nonsense").await.code(), 21180);
    assert_eq!(session.get("/online/Invoice/Status/nonsense").await.code(), 21180);
    let unknown = "20260131-EE-0123456789-0123456789-AB";
    assert_eq!(session.get(&format!("/online/Invoice/Status/{unknown}")).await.code(), 21164);
}
