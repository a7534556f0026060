//! Searching invoices.

use std::time::Duration;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use http::Method;
use sandbox::ksef_v1::KsefV1;
use serde_json::{Value, json};

use super::client::*;

const SYNC: &str = "/online/Query/Invoice/Sync";

/// Criteria by acceptance over the whole day.
pub(crate) fn incremental(subject: &str) -> Value {
    json!({"queryCriteria": {
        "type": "incremental",
        "subjectType": subject,
        "acquisitionTimestampThresholdFrom": "2026-01-31T00:00:00Z",
        "acquisitionTimestampThresholdTo": "2026-01-31T16:00:00+00:00",
    }})
}

fn detail(members: &Value) -> Value {
    let mut criteria = json!({
        "type": "detail",
        "subjectType": "subject1",
        "invoicingDateFrom": "2026-01-01T00:00:00Z",
        "invoicingDateTo": "2026-01-31T12:00:00Z",
    });
    for (name, value) in members.as_object().unwrap() {
        criteria[name] = value.clone();
    }
    json!({"queryCriteria": criteria})
}

/// Accepts so many invoices of Alfa to Beta.
pub(crate) async fn filled(ksef: &KsefV1, count: usize) -> Session {
    let session = login(ksef, ALFA).await;
    for number in 1..=count {
        session.accepted(&invoice(&format!("Q/{number}"))).await;
    }
    session
}

async fn found(session: &Session, body: &Value) -> Value {
    let path = format!("{SYNC}?PageSize=100&PageOffset=0");
    let headers =
        [("SessionToken", session.token.as_str()), ("content-type", "application/vnd.v2+json")];
    ask(&session.ksef, Method::POST, &path, &headers, body.to_string()).await.unwrap().ok(200)
}

#[tokio::test(start_paused = true)]
async fn pages_are_counted_by_their_index() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = filled(ksef, 23).await;
    let mut numbers = Vec::new();
    for (page, size) in [(0, 10), (1, 10), (2, 3), (3, 0)] {
        let path = format!("{SYNC}?PageSize=10&PageOffset={page}");
        let answer = session.post(&path, &incremental("subject1")).await.ok(200);
        assert_eq!(answer["numberOfElements"], 23, "the total over all pages");
        let list = answer["invoiceHeaderList"].as_array().unwrap();
        assert_eq!(list.len(), size);
        numbers.extend(list.iter().map(|one| one["invoiceReferenceNumber"].clone()));
    }
    let expected: Vec<Value> = (1..=23).map(|number| json!(format!("Q/{number}"))).collect();
    assert_eq!(numbers, expected);
    for query in [
        "",
        "?PageSize=10",
        "?PageSize=9&PageOffset=0",
        "?PageSize=101&PageOffset=0",
        "?PageSize=10&PageOffset=101",
        "?pageSize=10&pageOffset=0",
    ] {
        let answer = session.post(&format!("{SYNC}{query}"), &incremental("subject1")).await;
        assert_eq!(answer.code(), 21405, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_header_tells_what_stands_on_the_invoice() {
    let sandbox = calm().await;
    let session = filled(sandbox.ksef_v1(), 1).await;
    let header = &found(&session, &incremental("subject1")).await["invoiceHeaderList"][0];
    assert_eq!(
        (&header["net"], &header["vat"], &header["gross"]),
        (&json!("100.00"), &json!("23.00"), &json!("123.00"))
    );
    assert_eq!(header["invoiceHash"], sized(invoice("Q/1").as_bytes()));
    assert_eq!(header["invoiceHash"]["hashSHA"], hash(invoice("Q/1").as_bytes()));
    assert_eq!(header["schemaVersion"], "V2");
    assert_eq!(
        header["subjectBy"]["issuedByIdentifier"],
        json!({"type": "onip", "identifier": ALFA})
    );
    assert_eq!(header["subjectTo"]["issuedToName"]["fullName"], format!("Nabywca {BETA}"));
}

#[tokio::test(start_paused = true)]
async fn the_subject_decides_whose_invoices_are_found() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let seller = filled(ksef, 1).await;
    let buyer = login(ksef, BETA).await;
    for (session, subject, count) in [
        (&seller, "subject1", 1),
        (&seller, "subject2", 0),
        (&buyer, "subject1", 0),
        (&buyer, "subject2", 1),
        (&buyer, "subject3", 0),
        (&buyer, "subjectAuthorized", 0),
    ] {
        let answer = found(session, &incremental(subject)).await;
        assert_eq!(answer["numberOfElements"], count, "{subject}");
    }
}

#[tokio::test(start_paused = true)]
async fn details_narrow_the_result() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = filled(ksef, 3).await;
    let number = ksef.invoices()[0].ksef_number.clone();
    let buyer = |nip: &str| json!({"issuedToIdentifier": {"type": "onip", "identifier": nip}});
    for (members, count) in [
        (json!({}), 3),
        (json!({"invoiceNumber": "Q/2"}), 1),
        (json!({"ksefReferenceNumber": number}), 1),
        (json!({"amountType": "netto", "amountFrom": 100, "amountTo": 100.00}), 3),
        (json!({"amountType": "brutto", "amountTo": 122.99}), 0),
        (json!({"currencyCodes": ["EUR"]}), 0),
        (json!({"invoiceTypes": ["VAT", "KOR"]}), 3),
        (json!({"invoiceTypes": ["KOR"]}), 0),
        (json!({"faP17Annotation": true}), 0),
        (json!({"schemaType": "PEF"}), 0),
        (json!({"isHidden": true}), 0),
        (json!({"isHidden": false}), 3),
        (json!({"subjectTo": buyer(BETA)}), 3),
        (json!({"subjectTo": buyer(GAMMA)}), 0),
    ] {
        let answer = found(&session, &detail(&members)).await;
        assert_eq!(answer["numberOfElements"], count, "{members}");
    }
    let older = session
        .post(
            &format!("{SYNC}?PageSize=10&PageOffset=0"),
            &detail(&json!({"subjectTo": buyer(BETA)})),
        )
        .await;
    assert_eq!(older.code(), 21405, "the older version wants the name, too");
}

#[tokio::test(start_paused = true)]
async fn windows_have_a_floor_a_ceiling_and_a_width() {
    let sandbox = calm().await;
    let session = login(sandbox.ksef_v1(), ALFA).await;
    let path = format!("{SYNC}?PageSize=10&PageOffset=0");
    let range = |from: &str, to: &str| json!({"queryCriteria": {"type": "range", "subjectType": "subject1", "invoicingDateFrom": from, "invoicingDateTo": to}});
    for (from, to, good) in [
        ("2024-02-01T00:00:00Z", "2026-01-31T00:00:00", true),
        ("2024-01-30T00:00:00Z", "2026-01-31T00:00:00Z", false),
        ("2021-01-01T00:00:00Z", "2021-02-01T00:00:00Z", false),
        ("2026-01-31T00:00:00Z", "2026-01-30T00:00:00Z", false),
        ("2026-01-31T18:00:00Z", "2026-01-31T19:00:00Z", false),
        ("yesterday", "2026-01-30T00:00:00Z", false),
    ] {
        let answer = session.post(&path, &range(from, to)).await;
        assert_eq!(answer.status == 200, good, "{from} {to}");
    }
    let mut both = incremental("subject1");
    both["queryCriteria"]["invoicingDateFrom"] = json!("2026-01-01T00:00:00Z");
    assert_eq!(session.post(&path, &both).await.code(), 21405);
}

#[tokio::test(start_paused = true)]
async fn too_many_results_are_refused() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = filled(ksef, 3).await;
    ksef.set_largest_result(2);
    let path = format!("{SYNC}?PageSize=10&PageOffset=0");
    assert_eq!(session.post(&path, &incremental("subject1")).await.code(), 21177);
    let answer = session.post("/online/Query/Invoice/Async/Init", &incremental("subject1")).await;
    let element = answer.ok(202)["elementReferenceNumber"].as_str().unwrap().to_owned();
    ksef.settle().await;
    let path = format!("/online/Query/Invoice/Async/Status/{element}");
    let status = session.get(&path).await.ok(200);
    assert_eq!(status["processingCode"], 420);
    assert!(status["processingDescription"].as_str().unwrap().starts_with("21177:"));
}

/// Runs a query and gives its status and its parts as they were fetched.
async fn parts(session: &Session, body: &Value) -> (Value, Vec<Vec<u8>>) {
    let answer = session.post("/online/Query/Invoice/Async/Init", body).await.ok(202);
    let element = answer["elementReferenceNumber"].as_str().unwrap();
    session.ksef.settle().await;
    let path = format!("/online/Query/Invoice/Async/Status/{element}");
    let status = session.get(&path).await.ok(200);
    let mut fetched = Vec::new();
    for part in status["partList"].as_array().unwrap() {
        let number = part["partReferenceNumber"].as_str().unwrap();
        let path = format!("/online/Query/Invoice/Async/Fetch/{element}/{number}");
        let answer = session.get(&path).await;
        assert_eq!(answer.status, 200);
        fetched.push(answer.body.to_vec());
    }
    (status, fetched)
}

#[tokio::test(start_paused = true)]
async fn originals_come_in_archives_byte_by_byte() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let session = filled(ksef, 7).await;
    ksef.set_part_size(3);
    let (status, parts) = parts(&session, &incremental("subject1")).await;
    assert_eq!((&status["numberOfElements"], &status["numberOfParts"]), (&json!(7), &json!(3)));
    let mut found = Vec::new();
    for (index, archive) in parts.iter().enumerate() {
        assert_eq!(status["partList"][index]["plainPartHash"], sized(archive));
        found.extend(unzipped(archive));
    }
    for invoice in ksef.invoices() {
        let name = format!("{}.xml", invoice.ksef_number);
        let content = &found.iter().find(|(found, _)| *found == name).unwrap().1;
        assert_eq!(*content, ksef.invoice_bytes(&invoice.ksef_number).unwrap());
    }
    let element = status["elementReferenceNumber"].as_str().unwrap();
    let part = status["partList"][0]["partReferenceNumber"].as_str().unwrap();
    let path = format!("/online/Query/Invoice/Async/Fetch/{element}/{part}");
    assert_eq!(login(ksef, BETA).await.get(&path).await.code(), 21175, "of another context");
    tokio::time::advance(Duration::from_secs(119 * 60)).await;
    session.get("/online/Session/Status").await.ok(200);
    assert_eq!(session.get(&path).await.status, 200);
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(session.get(&path).await.code(), 21175, "parts expire after two hours");
    let unknown = "/online/Query/Invoice/Async/Status/20260131-EH-0123456789-0123456789-AB";
    assert_eq!(session.get(unknown).await.code(), 21175);
}

#[tokio::test(start_paused = true)]
async fn archives_of_an_encrypted_session_are_encrypted_as_a_whole() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    filled(ksef, 2).await;
    let session = login_encrypted(ksef, ALFA).await;
    let (status, parts) = parts(&session, &incremental("subject1")).await;
    let key = UnboundCipherKey::new(&AES_256, &KEY).unwrap();
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap();
    let mut sealed = parts[0].clone();
    let context = DecryptionContext::Iv128(aws_lc_rs::iv::FixedLength::from(VECTOR));
    let archive = key.decrypt(&mut sealed, context).unwrap();
    assert_eq!(status["partList"][0]["plainPartHash"], sized(archive));
    assert_eq!(unzipped(archive).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn seeded_invoices_are_found_by_their_buyer() {
    let sandbox = calm().await;
    let ksef = sandbox.ksef_v1();
    let xml = invoice_of("9990000190", BETA, "OBCA/1");
    let added = ksef.add_invoice(xml.clone().into()).unwrap();
    assert_eq!(ksef.add_invoice(xml.clone().into()).unwrap_err().code, 21176);
    assert_eq!(ksef.add_invoice("<a/>".into()).unwrap_err().code, 21401);
    let buyer = login(ksef, BETA).await;
    let answer = found(&buyer, &incremental("subject2")).await;
    assert_eq!(answer["invoiceHeaderList"][0]["ksefReferenceNumber"], added.ksef_number);
    let path = format!("/online/Invoice/Get/{}", added.ksef_number);
    assert_eq!(buyer.get(&path).await.body, xml);
}
