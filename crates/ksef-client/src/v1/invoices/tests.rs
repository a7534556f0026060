//! Requests and answers as bytes, and what becomes of invoices, on a script.

use std::collections::BTreeSet;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::poll::PollSchedule;
use common_http::{TransportErrorKind, scripted::Step};
use ksef_crypto::seal::{self, Measure, SessionKey};
use serde_json::{Value, json};
use std::time::Duration;

use super::*;
use crate::v1::{
    ErrorKind, NumberVariant, Recovery,
    client::testing::{
        ELEMENT, INVOICE, SESSION, accepting, answer, get, lines, read, refusal, scripted, sent,
        shown,
    },
    session::tests::{encrypted_session, plain_session},
};

const XML: &[u8] = b"<Faktura>zmy\xC5\x9Blona</Faktura>";
const OTHER: &str = "20240401-EE-0123456789-ABCDEF0123-99";

fn key() -> SessionKey {
    SessionKey::from_parts([7; 32], [9; 16])
}

fn body(send: &Send) -> Value {
    let text = shown(send);
    serde_json::from_str(text.lines().last().unwrap()).unwrap()
}

fn quick() -> PollSchedule {
    PollSchedule::new(Duration::ZERO, Duration::ZERO).within(Duration::from_secs(1))
}

fn status(code: u32) -> Step {
    Step::answer(
        200,
        json!({
            "processingCode": code,
            "processingDescription": "21176:canary",
            "invoiceStatus": {"ksefReferenceNumber": INVOICE, "invoiceNumber": "FV 1"},
        })
        .to_string(),
    )
}

fn taken() -> Step {
    Step::answer(202, json!({"elementReferenceNumber": ELEMENT, "processingCode": 100}).to_string())
}

#[test]
fn a_plain_invoice_is_sent_with_size_and_hash_of_its_very_bytes() {
    let send = Send::plain(XML).unwrap();
    let measure = Measure::of(XML);
    assert_eq!(send.invoice(), &measure);
    let head = "PUT https://ksef.example.test/api/online/Invoice/Send\naccept: application/json\n\
        content-type: application/json; charset=utf-8";
    assert!(shown(&send).starts_with(head));
    assert_eq!(
        body(&send),
        json!({
            "invoiceHash": {
                "fileSize": XML.len(),
                "hashSHA": {
                    "algorithm": "SHA-256", "encoding": "Base64", "value": measure.sha256_base64()
                },
            },
            "invoicePayload": {"type": "plain", "invoiceBody": STANDARD.encode(XML)},
        })
    );
    assert!(!format!("{send:?}").contains("zmyślona"));
}

#[test]
fn an_encrypted_invoice_declares_both_hashes_and_opens_with_the_sessions_key() {
    let send = Send::encrypted(XML, &key()).unwrap();
    let body = body(&send);
    assert_eq!(body["invoiceHash"]["fileSize"], XML.len());
    assert_eq!(body["invoicePayload"]["type"], "encrypted");
    let payload = &body["invoicePayload"];
    let sealed = STANDARD.decode(payload["encryptedInvoiceBody"].as_str().unwrap()).unwrap();
    let hash = &payload["encryptedInvoiceHash"];
    assert_eq!(hash["fileSize"], sealed.len());
    assert_eq!(hash["hashSHA"]["value"], Measure::of(&sealed).sha256_base64());
    assert_eq!(seal::open(&key(), &sealed).unwrap(), XML);
}

#[test]
fn an_invoice_has_one_byte_to_one_mebibyte() {
    let largest = vec![b'x'; 1024 * 1024];
    assert!(Send::plain(&largest).is_ok() && Send::encrypted(&largest, &key()).is_ok());
    let larger = vec![b'x'; 1024 * 1024 + 1];
    for refused in [Send::plain(&larger), Send::encrypted(&larger, &key()), Send::plain(b"")] {
        assert_eq!(refused.unwrap_err().field(), "fileSize");
    }
}

#[test]
fn sending_answers_the_element() {
    let body = format!(r#"{{"elementReferenceNumber":"{ELEMENT}","referenceNumber":"{SESSION}"}}"#);
    assert_eq!(read::<Send>(&body).unwrap().element_reference_number, ELEMENT);
    assert!(read::<Send>("{}").is_err());
}

#[test]
fn the_status_of_an_invoice_is_asked_by_its_element() {
    let status = Status::new(ELEMENT.parse().unwrap());
    let path = format!("/online/Invoice/Status/{ELEMENT}");
    assert_eq!(shown(&status), get(&path));
    let variant = status.number_variant(NumberVariant::V36);
    assert_eq!(shown(&variant), format!("{}\nksef-number-variant: v36", get(&path)));
}

#[test]
fn the_status_of_an_invoice_is_read_without_what_is_not_there_yet() {
    let answer = read::<Status>(r#"{"processingCode":310,"invoiceStatus":{}}"#).unwrap();
    assert_eq!(
        (answer.processing_code, answer.invoice_status.unwrap().ksef_reference_number),
        (310, None)
    );
    assert!(read::<Status>(r#"{"processingCode":"x"}"#).is_err());
}

#[test]
fn an_invoice_is_fetched_by_its_number_as_bytes() {
    let fetch = Fetch(INVOICE.parse().unwrap());
    let path = format!("/online/Invoice/Get/{INVOICE}");
    assert_eq!(shown(&fetch), accepting("application/octet-stream", "GET", &path));
}

#[test]
fn an_invoice_is_given_as_it_came() {
    assert_eq!(answer::<Fetch>(XML).unwrap(), XML);
    assert_eq!(answer::<Fetch>(b"\x00\xFF").unwrap(), b"\x00\xFF".as_slice());
}

#[tokio::test(start_paused = true)]
async fn an_invoice_is_sent_and_waited_for_until_it_has_its_number() {
    let (session, script) = plain_session([taken(), status(310), refusal(400, 21304), status(200)]);
    let sent_invoice = session.send_invoice(XML).await.unwrap();
    assert_eq!(sent_invoice.element.as_str(), ELEMENT);
    assert_eq!(sent_invoice.hash, Measure::of(XML).sha256_base64());
    assert_eq!(sent(&script, 0)["invoicePayload"]["type"], "plain");
    let ended = session.wait_for_invoice(&sent_invoice, &quick()).await.unwrap();
    let InvoiceStatus::Accepted(accepted) = ended else { panic!("{ended:?}") };
    assert_eq!(accepted.number.as_str(), INVOICE);
    assert!(!format!("{accepted:?}").contains("FV 1"));
    let stored = serde_json::to_string(&sent_invoice).unwrap();
    assert_eq!(serde_json::from_str::<SentInvoice>(&stored).unwrap(), sent_invoice);
}

#[tokio::test]
async fn a_rejected_invoice_names_step_and_exception() {
    let (session, _) = plain_session([taken(), status(430)]);
    let sent_invoice = session.send_invoice(XML).await.unwrap();
    let ended = session.wait_for_invoice(&sent_invoice, &quick()).await.unwrap();
    let InvoiceStatus::Rejected(progress) = &ended else { panic!("{ended:?}") };
    assert_eq!(progress.step().map(|step| step.name), Some("VerifyInvoiceEssentials"));
    assert_eq!(progress.exception(), Some(crate::v1::ExceptionCode::DUPLICATE_IN_SESSION));
    assert!(!format!("{ended:?}").contains("canary"));
}

#[tokio::test(start_paused = true)]
async fn an_invoice_that_takes_too_long_is_not_finished() {
    let (session, _) = plain_session([taken(), status(310), status(320)]);
    let sent_invoice = session.send_invoice(XML).await.unwrap();
    let schedule = PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1));
    let schedule = schedule.within(Duration::from_millis(1500));
    let error = session.wait_for_invoice(&sent_invoice, &schedule).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::NotFinished, false));
}

#[tokio::test]
async fn an_accepted_invoice_without_a_number_cannot_be_read() {
    let (session, _) = plain_session([taken(), Step::answer(200, r#"{"processingCode":200}"#)]);
    let sent_invoice = session.send_invoice(XML).await.unwrap();
    let error = session.invoice_status(&sent_invoice).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
}

#[tokio::test]
async fn an_encrypted_session_sends_encrypted() {
    let (session, script) = encrypted_session([taken()]);
    session.send_invoice(XML).await.unwrap();
    assert_eq!(sent(&script, 0)["invoicePayload"]["type"], "encrypted");
}

#[tokio::test]
async fn an_encrypted_session_reads_plain_and_encrypted_invoices() {
    let sealed = seal::seal(&key(), XML).bytes;
    let (session, _) = encrypted_session([
        Step::answer(200, sealed.clone()),
        Step::answer(200, XML.to_vec()),
        Step::answer(200, sealed[1..].to_vec()),
    ]);
    let number = INVOICE.parse().unwrap();
    assert_eq!(session.fetch(&number).await.unwrap(), XML);
    assert_eq!(session.fetch(&number).await.unwrap(), XML);
    assert_eq!(session.fetch(&number).await.unwrap_err().kind(), ErrorKind::Encryption);
    let (session, _) = plain_session([Step::answer(200, sealed.clone())]);
    assert_eq!(session.fetch(&number).await.unwrap(), sealed);
}

#[tokio::test]
async fn an_encrypted_invoice_that_begins_like_xml_by_chance_is_decrypted() {
    let long = |number: u32| format!("<f{number:05}>{}", "x".repeat(200)).into_bytes();
    let chance = (0..).map(long).map(|plain| (seal::seal(&key(), &plain).bytes, plain));
    let (sealed, plain) = chance.into_iter().find(|(sealed, _)| sealed[0] == b'<').unwrap();
    let (session, _) = encrypted_session([Step::answer(200, sealed)]);
    assert_eq!(session.fetch(&INVOICE.parse().unwrap()).await.unwrap(), plain);
}

#[tokio::test]
async fn a_lost_answer_to_a_sending_is_not_repeated_and_names_the_way_to_find_out() {
    for step in [Step::fail(TransportErrorKind::Interrupted), Step::answer(503, "")] {
        let (session, script) = plain_session([step, taken()]);
        let error = session.send_invoice(XML).await.unwrap_err();
        assert!(error.may_have_happened());
        assert_eq!(error.recovery(), Some(Recovery::SessionStatus));
        assert_eq!(script.requests().len(), 1);
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_sent() {
    let (session, script) = plain_session([]);
    let error = session.send_invoice(b"").await.unwrap_err();
    assert_eq!((error.kind(), script.requests().len()), (ErrorKind::Input, 0));
}

fn listed(rows: &[(&str, u32)]) -> Step {
    let rows: Vec<Value> = rows
        .iter()
        .map(|(element, code)| {
            json!({
                "elementReferenceNumber": element,
                "processingCode": code,
                "ksefReferenceNumber": (*code == 200).then_some(INVOICE),
            })
        })
        .collect();
    let body = json!({
        "processingCode": 315, "numberOfElements": rows.len(), "invoiceStatusList": rows
    });
    Step::answer(200, body.to_string())
}

#[tokio::test]
async fn an_invoice_that_was_taken_is_found_by_its_bytes() {
    let known = BTreeSet::from([OTHER.parse().unwrap()]);
    let rows = listed(&[(OTHER, 200), (ELEMENT, 200)]);
    let (session, script) = plain_session([rows, Step::answer(200, XML.to_vec())]);
    let Found::Accepted(found) = session.find_sent(XML, &known).await.unwrap() else {
        panic!("it was accepted")
    };
    assert_eq!(found.element.as_str(), ELEMENT);
    assert_eq!(found.number.unwrap().as_str(), INVOICE);
    assert_eq!(
        lines(&script),
        [
            "GET /api/online/Session/Status?PageSize=100&PageOffset=0&IncludeDetails=true"
                .to_owned(),
            format!("GET /api/online/Invoice/Get/{INVOICE}"),
        ]
    );
}

#[tokio::test]
async fn an_invoice_that_was_not_taken_is_absent() {
    let known = BTreeSet::from([ELEMENT.parse().unwrap()]);
    let (session, _) = plain_session([listed(&[(ELEMENT, 200)])]);
    assert_eq!(session.find_sent(XML, &known).await.unwrap(), Found::Absent);
    // Another invoice is none of ours.
    let (session, _) = plain_session([listed(&[(ELEMENT, 200)]), Step::answer(200, "<other/>")]);
    assert_eq!(session.find_sent(XML, &BTreeSet::new()).await.unwrap(), Found::Absent);
}

#[tokio::test]
async fn what_cannot_be_told_is_said_to_be_possible() {
    let rows = || listed(&[(ELEMENT, 310), (OTHER, 430)]);
    let (session, _) = plain_session([rows()]);
    let Found::Perhaps(found) = session.find_sent(XML, &BTreeSet::new()).await.unwrap() else {
        panic!("it cannot be told")
    };
    assert_eq!(found.len(), 2);
    let (session, _) = plain_session([listed(&[(ELEMENT, 200)]), refusal(400, 21301)]);
    let found = session.find_sent(XML, &BTreeSet::new()).await.unwrap();
    assert!(matches!(found, Found::Perhaps(found) if found.len() == 1));
    let (session, _) = plain_session([refusal(400, 21154)]);
    let error = session.find_sent(XML, &BTreeSet::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SessionEnded);
}

#[tokio::test]
async fn a_row_that_names_no_element_does_not_pass_for_an_invoice_that_was_not_sent() {
    for element in ["", "no number"] {
        let (session, _) = plain_session([listed(&[(element, 200)])]);
        let error = session.find_sent(XML, &BTreeSet::new()).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Unreadable, false));
    }
}

#[tokio::test]
async fn an_invoice_is_verified_without_a_session() {
    let found = json!({"ksefReferenceNumber": INVOICE, "invoiceType": "NEW"}).to_string();
    let (client, script) = scripted([Step::answer(200, found), Step::answer(404, "")]);
    let number = INVOICE.parse().unwrap();
    let verified = client.verify_invoice(&number, XML).await.unwrap().unwrap();
    assert_eq!(verified.ksef_reference_number.as_deref(), Some(INVOICE));
    assert_eq!(sent(&script, 0)["hashSHA"]["value"], Measure::of(XML).sha256_base64());
    assert_eq!(client.verify_invoice(&number, XML).await.unwrap(), None);
}
