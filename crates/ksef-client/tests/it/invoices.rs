//! Invoices: issued, refused, lost on the way, verified.

use std::collections::BTreeSet;

use http::Method;
use ksef_client::v1::{
    ErrorKind, ExceptionCode, InvoiceStatus, Recovery,
    common::{StatusV1, StatusV3, UpoOnDemand},
    invoices::Found,
};
use ksef_crypto::upo::Upo;
use sandbox::fault::{Fault, Rule};

use crate::support::{
    ALFA, BETA, assert_expected, beside, in_process, invoice, invoice_of, issued, owner, quick,
    session,
};

#[tokio::test]
async fn a_rejected_invoice_tells_the_step_and_the_exception() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let foreign = invoice_of(BETA, "X/1");
    let with_dtd = String::from_utf8(invoice("X/2")).unwrap();
    let with_dtd = with_dtd.replace("<Faktura", "<!DOCTYPE x>\n<Faktura").into_bytes();
    for (bytes, code) in [(foreign, None), (with_dtd, Some(ExceptionCode::FORBIDDEN_DTD))] {
        let sent = session.send_invoice(&bytes).await.unwrap();
        let status = session.wait_for_invoice(&sent, &quick()).await.unwrap();
        let InvoiceStatus::Rejected(progress) = &status else { panic!("{status:?}") };
        assert!(progress.step().is_some() && progress.exception().is_some(), "{status:?}");
        assert!(code.is_none() || progress.exception() == code, "{status:?}");
    }
    assert!(sandbox.ksef_v1().invoices().is_empty());
}

#[tokio::test]
async fn the_same_invoice_twice_is_issued_once() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let bytes = invoice("twice");
    issued(&session, &bytes).await;
    match session.send_invoice(&bytes).await {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Duplicate),
        Ok(sent) => {
            let status = session.wait_for_invoice(&sent, &quick()).await.unwrap();
            assert!(matches!(status, InvoiceStatus::Rejected(_)), "{status:?}");
        }
    }
    assert_eq!(sandbox.ksef_v1().invoices().len(), 1);
}

#[tokio::test]
async fn an_invoice_whose_answer_was_lost_is_found() {
    let sandbox = in_process().await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    let known = session.send_invoice(&invoice("L/1")).await.unwrap();
    let known = BTreeSet::from([known.element]);
    let lost = Rule::new(Fault::LoseAnswer).on(&Method::PUT, "/online/Invoice/Send").once();
    sandbox.ksef_v1().faults().push(lost);
    let bytes = invoice("L/2");
    let error = session.send_invoice(&bytes).await.unwrap_err();
    assert!(error.may_have_happened(), "{error:?}");
    assert_eq!(error.recovery(), Some(Recovery::SessionStatus));
    sandbox.ksef_v1().settle().await;
    let Found::Accepted(found) = session.find_sent(&bytes, &known).await.unwrap() else {
        panic!("it was sent")
    };
    let number = found.number.unwrap();
    assert_eq!(sandbox.ksef_v1().invoice_bytes(number.as_str()).unwrap(), bytes);
    assert_eq!(sandbox.ksef_v1().invoices().len(), 2);
}

#[tokio::test]
async fn an_invoice_that_never_arrived_is_absent() {
    let sandbox = in_process().await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    let drop = Rule::new(Fault::DropRequest).on(&Method::PUT, "/online/Invoice/Send").once();
    sandbox.ksef_v1().faults().push(drop);
    let bytes = invoice("A/1");
    let error = session.send_invoice(&bytes).await.unwrap_err();
    // The connection broke: from here it cannot be told from a lost answer.
    assert!(error.may_have_happened());
    assert_eq!(session.find_sent(&bytes, &BTreeSet::new()).await.unwrap(), Found::Absent);
    issued(&session, &bytes).await;
    assert_eq!(sandbox.ksef_v1().invoices().len(), 1);
}

#[tokio::test]
async fn an_invoice_is_verified_and_confirmed_by_itself_without_a_session() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let session = session(&client, &sandbox, ALFA).await;
    let bytes = invoice("V/1");
    let number = issued(&session, &bytes).await.number;
    let verified = client.verify_invoice(&number, &bytes).await.unwrap().unwrap();
    assert_eq!(verified.ksef_reference_number.as_deref(), Some(number.as_str()));
    let single = UpoOnDemand::new(session.reference().clone(), number.clone());
    let single = client.send(&single).await.unwrap().upo.unwrap();
    let single = base64::Engine::decode(&base64::engine::general_purpose::STANDARD, single);
    assert!(Upo::read(&single.unwrap()).unwrap().confirmation_of(&bytes).is_some());

    let reference = session.reference().clone();
    session.terminate().await.unwrap().wait(&quick()).await.unwrap();
    let first = client.send(&StatusV1(reference.clone())).await.unwrap();
    let whole =
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, first.upo.unwrap());
    assert!(Upo::read(&whole.unwrap()).unwrap().confirmation_of(&bytes).is_some());
    let third = client.send(&StatusV3(reference)).await.unwrap();
    assert!(third.upo_reference_number.is_some());
    assert_expected(&sandbox);
}
