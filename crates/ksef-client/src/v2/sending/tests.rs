//! Interactive sessions on a script.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use common_core::poll::PollSchedule;
use common_http::{TransportErrorKind, scripted::Step};
use futures_util::TryStreamExt;
use ksef_crypto::{
    link::InvoiceHash,
    seal::{Measure, ReceiverKey, RsaPadding, open},
};
use serde_json::{Value, json};

use super::*;
use crate::v2::{
    ErrorKind, Feature, FormCode, Recovery,
    client::testing::{
        INVOICE, KSEF_NUMBER, SESSION, UPO, account, bearer, lines, public_keys, reference, sent,
    },
    sessions::SessionType,
};

const XML: &[u8] = "<Faktura>żółć</Faktura>".as_bytes();

fn keys() -> (Step, ReceiverKey) {
    let (list, receiver) = public_keys();
    (Step::answer(200, list.to_string()), receiver)
}

fn opened() -> Step {
    let body = json!({"referenceNumber": SESSION, "validUntil": "2026-01-01T12:00:00Z"});
    Step::answer(201, body.to_string())
}

fn taken() -> Step {
    Step::answer(202, json!({"referenceNumber": INVOICE}).to_string())
}

fn refusal(code: u32) -> Step {
    let body = json!({"errors": [{"code": code, "description": "canary"}]});
    Step::answer(400, body.to_string())
}

fn row(status: &Value) -> Value {
    json!({
        "ordinalNumber": 1, "referenceNumber": INVOICE, "invoicingDate": "2026-01-01T00:00:00Z",
        "invoiceHash": InvoiceHash::of(XML).base64(), "status": status
    })
}

fn session(code: i32) -> Step {
    Step::answer(200, json!({"status": {"code": code, "description": "x"}}).to_string())
}

fn schedule() -> PollSchedule {
    PollSchedule::new(Duration::from_secs(1), Duration::from_secs(1))
        .within(Duration::from_secs(10))
}

#[tokio::test]
async fn what_is_sent_is_what_was_given_with_its_sizes_and_hashes() {
    let (keys, receiver) = keys();
    let (account, script) = account([keys, opened(), taken(), taken()]).await;
    let opening = account.online(FormCode::FA_3).feature(Feature::SubjectIdentifierValidation);
    let session = opening.open().await.unwrap();
    let invoice = session.send(XML).await.unwrap();
    assert_eq!(invoice.hash, InvoiceHash::of(XML).base64());
    let correction = OutgoingInvoice::new(XML).correcting(InvoiceHash::of(b"refused"));
    session.send(correction).await.unwrap();

    let declared = sent(&script, 1);
    assert_eq!(declared["formCode"]["systemCode"], "FA (3)");
    let wrapped = declared["encryption"]["encryptedSymmetricKey"].as_str().unwrap();
    let wrapped = STANDARD.decode(wrapped).unwrap();
    let vector = declared["encryption"]["initializationVector"].as_str().unwrap();
    let vector = STANDARD.decode(vector).unwrap().try_into().unwrap();
    let key = receiver.open_session_key(RsaPadding::OaepSha256, &wrapped, vector).unwrap();
    let body = sent(&script, 2);
    let content = STANDARD.decode(body["encryptedInvoiceContent"].as_str().unwrap()).unwrap();
    assert_eq!(open(&key, &content).unwrap(), XML);
    let measure = Measure::of(&content);
    assert_eq!(body["encryptedInvoiceHash"], measure.sha256_base64());
    assert_eq!(body["encryptedInvoiceSize"].to_string(), measure.size.to_string());
    assert_eq!(body["invoiceSize"].to_string(), XML.len().to_string());
    assert_eq!((&body["offlineMode"], body.get("hashOfCorrectedInvoice")), (&json!(false), None));
    let body = sent(&script, 3);
    assert_eq!(body["offlineMode"], true);
    assert_eq!(body["hashOfCorrectedInvoice"], InvoiceHash::of(b"refused").base64());
    assert_eq!(bearer(&script, 2).as_deref(), Some("canary-access"));
}

#[tokio::test]
async fn an_invoice_whose_answer_is_lost_is_not_sent_again_and_is_found_by_its_hash() {
    let (keys, _) = keys();
    let other = json!({"referenceNumber": INVOICE, "invoiceHash": "x", "status": {"code": 100}});
    let page = json!({"invoices": [other, row(&json!({"code": 150}))]});
    let (account, script) = account([
        keys,
        opened(),
        Step::fail(TransportErrorKind::Timeout),
        Step::answer(200, page.to_string()),
    ])
    .await;
    let session = account.online(FormCode::FA_3).open().await.unwrap();
    let error = session.send(XML).await.unwrap_err();
    assert_eq!(error.recovery(), Some(Recovery::SessionInvoices));
    assert_eq!(script.requests().len(), 3, "nothing was repeated");
    let found = session.find(&InvoiceHash::of(XML)).await.unwrap().unwrap();
    assert!(matches!(InvoiceState::of(&found), InvoiceState::Pending(_)));
}

#[tokio::test]
async fn refusals_say_what_to_do_and_that_nothing_happened() {
    for (code, kind) in [
        (21155, ErrorKind::LimitReached),
        (21180, ErrorKind::SessionState),
        (21184, ErrorKind::SessionUnavailable),
        (21402, ErrorKind::Invalid),
        (21166, ErrorKind::Conflict),
    ] {
        let (keys, _) = keys();
        let (account, script) = account([keys, opened(), refusal(code)]).await;
        let session = account.online(FormCode::FA_3).open().await.unwrap();
        let error = session.send(XML).await.unwrap_err();
        assert_eq!((error.kind(), error.may_have_happened()), (kind, false), "{code}");
        assert!(!format!("{error} {error:?}").contains("canary"));
        assert_eq!(script.requests().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invoice_is_waited_for_until_the_service_has_decided() {
    let state = |status: Value| {
        let mut row = row(&status);
        if status["code"] == 200 {
            row["ksefNumber"] = json!(KSEF_NUMBER);
        }
        Step::answer(200, row.to_string())
    };
    let original = json!({"code": 440, "extensions": {
        "originalKsefNumber": KSEF_NUMBER, "originalSessionReferenceNumber": SESSION
    }});
    let sent = SentInvoice {
        session: reference(SESSION),
        reference: reference(INVOICE),
        hash: String::new(),
    };
    let code = |code: i32| state(json!({"code": code}));
    let steps = [code(100), code(150), code(200), state(original), code(450), code(550), code(100)];
    let (account, _) = account(steps).await;
    let state = account.wait_for(&sent, &schedule()).await.unwrap();
    let InvoiceState::Accepted(accepted) = state else { panic!("{state:?}") };
    assert_eq!(accepted.number.as_str(), KSEF_NUMBER);
    let state = account.wait_for(&sent, &schedule()).await.unwrap();
    let InvoiceState::Duplicate { original, session, .. } = state else { panic!("{state:?}") };
    assert_eq!((original.unwrap().as_str(), session.unwrap().as_str()), (KSEF_NUMBER, SESSION));
    let state = account.wait_for(&sent, &schedule()).await.unwrap();
    assert!(matches!(state, InvoiceState::Refused(status) if status.code == 450));
    let state = account.wait_for(&sent, &schedule()).await.unwrap();
    assert!(matches!(state, InvoiceState::Uncertain(_)), "550 does not say that it is not stored");
    let hurry = schedule().within(Duration::ZERO);
    let error = account.wait_for(&sent, &hurry).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinished);
}

#[test]
fn a_code_that_is_not_known_is_called_neither_a_refusal_nor_a_success() {
    let state = |code: i32| {
        let row = row(&json!({"code": code, "description": "x"}));
        InvoiceState::of(&serde_json::from_value(row).unwrap())
    };
    for code in [201, 210, 300, 399, 500, 550, 599] {
        assert!(matches!(state(code), InvoiceState::Uncertain(_)), "{code}");
    }
    for code in [0, 100, 199] {
        assert!(matches!(state(code), InvoiceState::Pending(_)), "{code}");
    }
    for code in [400, 405, 450, 499] {
        assert!(matches!(state(code), InvoiceState::Refused(_)), "{code}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_closed_session_is_confirmed_by_link_or_by_number() {
    let pages = |link: &str, until: &str| {
        let page = json!({
            "referenceNumber": UPO, "downloadUrl": link, "downloadUrlExpirationDate": until
        });
        let body = json!({
            "status": {"code": 200}, "upo": {"pages": [page]},
            "invoiceCount": 3, "successfulInvoiceCount": 2, "failedInvoiceCount": 1
        });
        Step::answer(200, body.to_string())
    };
    let link = "https://store.example.test/upo?sig=1";
    let (account, script) = account([
        session(170),
        pages(link, "2099-01-01T00:00:00Z"),
        Step::answer(200, "<Upo/>"),
        pages(link, "2020-01-01T00:00:00Z"),
        Step::answer(200, "<Upo/>"),
    ])
    .await;
    for _ in 0..2 {
        let closing = account.closing(reference(SESSION), SessionType::Online);
        let closed = closing.wait(&schedule()).await.unwrap();
        assert_eq!((closed.outcome(), closed.invoices_refused()), (Outcome::Processed, Some(1)));
        assert_eq!(closed.confirmation_pages().next(), Some(&reference(UPO)));
        let documents = closed.confirmations().await.unwrap();
        assert_eq!(&documents[0].bytes()[..], b"<Upo/>");
    }
    assert_eq!(script.requests()[2].uri(), link);
    assert!(bearer(&script, 2).is_none(), "links take no token");
    assert_eq!(lines(&script)[4], format!("GET /v2/sessions/{SESSION}/upo/{UPO}"));
}

#[tokio::test]
async fn every_end_of_a_session_is_told_apart() {
    let (account, _) = account([session(445), session(440), session(415), session(430)]).await;
    let closing = || account.closing(reference(SESSION), SessionType::Batch);
    let outcome = closing().wait(&schedule()).await.unwrap().outcome();
    assert_eq!(outcome, Outcome::NothingCorrect);
    let outcome = closing().wait(&schedule()).await.unwrap().outcome();
    assert_eq!(outcome, Outcome::Cancelled);
    for code in [415, 430] {
        let (closing, error) = closing().wait(&schedule()).await.unwrap_err().into_parts();
        assert_eq!((error.kind(), error.status().unwrap().code), (ErrorKind::Failed, code));
        assert_eq!(closing.reference(), &reference(SESSION));
    }
}

#[tokio::test]
async fn closing_again_what_is_closed_is_no_failure() {
    let (keys, _) = keys();
    let (account, script) = account([
        keys,
        opened(),
        Step::fail(TransportErrorKind::Interrupted),
        refusal(21180),
        session(170),
    ])
    .await;
    let session = account.online(FormCode::FA_3).open().await.unwrap();
    let unfinished = session.close().await.unwrap_err();
    assert_eq!(unfinished.error().recovery(), Some(Recovery::SessionStatus));
    let closing = unfinished.into_handle().close().await.unwrap();
    assert_eq!((closing.reference(), closing.kind()), (&reference(SESSION), SessionType::Online));
    assert_eq!(script.requests().len(), 5);
}

#[tokio::test]
async fn another_process_goes_on_with_the_same_key() {
    let (keys, _) = keys();
    let (first, script) = account([keys, opened(), taken()]).await;
    let session = first.online(FormCode::FA_RR).open().await.unwrap();
    session.send(XML).await.unwrap();
    let state = OnlineSessionState::from_json(&session.export().expose_json()).unwrap();
    let (second, other) = account([taken(), Step::answer(200, "{\"invoices\":[]}")]).await;
    let session = second.resume_online(state);
    session.send(XML).await.unwrap();
    assert_eq!(sent(&script, 2), sent(&other, 0));
    let failed: Vec<_> = session.failed_invoices().try_collect().await.unwrap();
    assert_eq!((failed.len(), session.form()), (0, &FormCode::FA_RR));
}
