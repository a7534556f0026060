//! Single invoices: as they come in, and as they are looked at.

use http::Method;
use sandbox::ksef_v1::KsefV1;
use serde_json::{Value, json};

use super::super::client::*;
use super::{Provoked, provoked, told};

const SEND: &str = "/online/Invoice/Send";

async fn requests(ksef: &KsefV1) -> Vec<Provoked> {
    let session = login(ksef, ALFA).await;
    let good = plain(invoice("C/1").as_bytes());
    let changed = async |pointer: &str, value: Value| {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value;
        session.send(Method::PUT, SEND, &body).await.code()
    };
    let without = async |name: &str| {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        session.send(Method::PUT, SEND, &body).await.code()
    };
    let found = vec![
        provoked(
            20004,
            changed("/invoicePayload/invoiceBody", json!("?")).await,
            "an invoice that is not Base64",
        ),
        provoked(21133, without("invoicePayload").await, "a sending without an invoice"),
        provoked(21137, without("invoiceHash").await, "a sending without size and digest"),
        provoked(
            21146,
            changed("/invoicePayload/type", json!("signed")).await,
            "a sending of an unknown type",
        ),
        provoked(
            21147,
            changed("/invoicePayload/type", json!("encrypted")).await,
            "a sending that says encrypted and holds a plain invoice",
        ),
        provoked(21402, changed("/invoiceHash/fileSize", json!(1)).await, "another size"),
        provoked(21403, changed("/invoiceHash/hashSHA", hash(b"other")).await, "another digest"),
        provoked(
            21411,
            changed("/invoiceHash/hashSHA/encoding", json!("hex")).await,
            "a digest written in hex",
        ),
        provoked(
            21413,
            session.put_encrypted(invoice("C/2").as_bytes()).await.code(),
            "an encrypted invoice in a plain session, or the other way round",
        ),
    ];
    session.accepted(&invoice("C/1")).await;
    let twice = session.put_plain(invoice("C/1").as_bytes()).await.code();
    let unknown = "/online/Invoice/Status/20260131-EE-0123456789-0123456789-AB";
    let unknown = session.get(unknown).await.code();
    let foreign = "/online/Invoice/Get/9990000103-20260131-0123456789AB-CD";
    let foreign = session.get(foreign).await.code();
    let more = [
        provoked(21176, twice, "an invoice that the session holds"),
        provoked(21164, unknown, "the status of an invoice that was never sent"),
        provoked(21169, foreign, "an invoice that does not exist or concerns others"),
    ];
    found.into_iter().chain(more).collect()
}

async fn documents(ksef: &KsefV1) -> Vec<Provoked> {
    let good = invoice("D/1");
    let buyer = |with: &str| {
        let own = format!("<NIP>{BETA}</NIP>");
        good.replace(&own, with).replace("<P_17>2", "<P_17>1")
    };
    let original = "<RodzajFaktury>KOR</RodzajFaktury><DaneFaKorygowanej>\
         <DataWystFaKorygowanej>2026-01-30</DataWystFaKorygowanej><NrFaKorygowanej>D/0\
         </NrFaKorygowanej><NrKSeF>1</NrKSeF><NrKSeFFaKorygowanej>9990000103-20260130-\
         0123456789AB-CD</NrKSeFFaKorygowanej></DaneFaKorygowanej>";
    let correction = good.replace("<RodzajFaktury>VAT</RodzajFaktury>", original);
    let rows: Vec<(u32, &str, Vec<u8>, u64, &str)> = vec![
        (20001, ALFA, format!("\u{feff}{good}").into(), 425, "an invoice with a byte order mark"),
        (
            20002,
            ALFA,
            good.replace("<Faktura", "<!DOCTYPE x><Faktura").into(),
            425,
            "an invoice with a DTD",
        ),
        (21001, ALFA, b"no xml".to_vec(), 425, "an invoice that is no XML"),
        (
            21401,
            ALFA,
            good.replace("<P_15>123.00</P_15>", "").into(),
            425,
            "an invoice without its total",
        ),
        (
            21416,
            ALFA,
            good.replace("2023/06/29/12648", "2021/11/29/11089").into(),
            425,
            "an invoice of another form than its session declares",
        ),
        (
            21212,
            GAMMA,
            good.clone().into(),
            430,
            "an invoice on which the context does not stand so that it may issue",
        ),
        (
            21418,
            GAMMA,
            buyer("<BrakID>1</BrakID>").into(),
            430,
            "self-invoicing by a buyer without an identifier",
        ),
        (
            21419,
            GAMMA,
            buyer("<KodUE>DE</KodUE><NrVatUE>123456789</NrVatUE>").into(),
            430,
            "self-invoicing by a buyer with another identifier than a NIP",
        ),
        (
            21423,
            ALFA,
            correction.into(),
            430,
            "the correction of an invoice whose KSeF number is unknown",
        ),
    ];
    let mut found = Vec::new();
    for (code, nip, bytes, step, cause) in rows {
        let session = login(ksef, nip).await;
        let (failed, text) = session.refused(&bytes).await;
        assert_eq!(failed, step, "{cause}: {text}");
        let told = text.split(':').next().unwrap().parse().unwrap();
        found.push(provoked(code, told, cause));
    }
    let session = login_encrypted(ksef, ALFA).await;
    let mut body = encrypted(good.as_bytes());
    let garbage = [1; 32];
    body["invoicePayload"]["encryptedInvoiceHash"] = sized(&garbage);
    body["invoicePayload"]["encryptedInvoiceBody"] =
        json!(base64::Engine::encode(&base64::engine::general_purpose::STANDARD, garbage));
    let answer = session.send(Method::PUT, SEND, &body).await.ok(202);
    ksef.settle().await;
    let status = session.invoice_status(answer["elementReferenceNumber"].as_str().unwrap()).await;
    found.push(provoked(20005, told(&status), "an invoice encrypted with another key"));
    found
}

pub(super) async fn provoke() -> Vec<Provoked> {
    let mut found = requests(calm().await.ksef_v1()).await;
    found.extend(documents(calm().await.ksef_v1()).await);
    found
}
