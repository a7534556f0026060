//! What the service refuses, and what is not sent at all.

use std::collections::BTreeMap;

use common_core::secret::{ExposeSecret, SecretString};
use common_http::Endpoint;
use http::Method;
use ksef_client::v1::{
    ErrorKind, ExceptionCode, InvoiceStatus, common, invoices, pki, queries,
    session::{SessionState, Status},
    tokens, wire,
};
use sandbox::{
    fault::{Code, Fault, Rule},
    ksef_v1::{Process, Role, StepFault},
};

use crate::support::{
    ALFA, assert_expected, beside, context, in_process, invoice, issued, quick, session,
};

const NOBODY: &str = "20240401-SE-0123456789-ABCDEF0123-45";

#[tokio::test]
async fn a_call_without_its_role_is_refused() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let token: SecretString = sandbox.ksef_v1().issue_token(ALFA, &[Role::InvoiceRead]).into();
    let key = client.authority_key().await.unwrap();
    let opening = client.session(context(ALFA), ksef_client::v1::FormCode::FA_2);
    let session = opening.by_token(&token, &key).await.unwrap().wait(&quick()).await.unwrap();
    let error = session.send_invoice(&invoice("no")).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Forbidden, false));
    assert_eq!(error.code(), Some(ExceptionCode::NOT_AUTHORISED));
}

#[tokio::test]
async fn what_does_not_exist_is_not_found() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let session = session(&client, &sandbox, ALFA).await;
    let nobody = || NOBODY.parse().unwrap();
    let number = "9990000103-20240401-0123456789AB-CD".parse().unwrap();
    let error = session.send(&invoices::Fetch(number)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    let error = session.send(&invoices::Status::new(nobody())).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), "{error:?}");
    let error = client.send(&common::Status(nobody())).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid), "{error:?}");
    assert!(error.problem().is_some_and(|problem| problem.service_code.is_some()), "{error:?}");
}

#[tokio::test]
async fn a_session_token_is_needed_and_must_be_right() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let error = client.send(&Status::new()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NoSession);
    assert!(sandbox.ksef_v1().requests().is_empty());
    let open = session(&client, &sandbox, ALFA).await;
    let state = open.export().expose_json();
    let mut state: serde_json::Value = serde_json::from_str(state.expose_secret()).unwrap();
    state["token"] = "0".repeat(64).into();
    let state = SessionState::from_json(&state.to_string().into()).unwrap();
    let wrong = client.resume(state).unwrap().without_waiting();
    let error = wrong.send(&Status::new()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::SessionEnded, false));
}

#[tokio::test(start_paused = true)]
async fn what_passes_is_tried_again_and_what_does_not_is_told() {
    let sandbox = in_process().await;
    let patient = crate::support::over_socket(&sandbox)
        .transport(crate::support::InProcess(sandbox.ksef_v1().service()))
        .build()
        .unwrap();
    let session = session(&patient, &sandbox, ALFA).await;
    let faults = sandbox.ksef_v1().faults();
    let path = "/online/Session/Status";
    faults.push(
        Rule::new(Fault::Reply { status: 503, retry_after: None }).on(&Method::GET, path).once(),
    );
    faults.push(
        Rule::new(Fault::Reply { status: 429, retry_after: None }).on(&Method::GET, path).once(),
    );
    faults.push(Rule::new(Fault::DropRequest).on(&Method::GET, path).once());
    assert_eq!(session.send(&Status::new()).await.unwrap().processing_code, 315);
    // A sending is repeated when nothing was done, and not when that is open.
    let path = "/online/Invoice/Send";
    faults.push(
        Rule::new(Fault::Reply { status: 429, retry_after: None }).on(&Method::PUT, path).once(),
    );
    issued(&session, &invoice("again")).await;
    faults.push(
        Rule::new(Fault::Reply { status: 503, retry_after: None }).on(&Method::PUT, path).once(),
    );
    let error = session.send_invoice(&invoice("once")).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::Server, true));
}

#[tokio::test]
async fn unverified_operations_are_answered_in_whatever_shape() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let owner = crate::support::owner(&client, &sandbox).await;
    let data = owner.send(&pki::CsrData).await.unwrap();
    assert!(data.0.is_object(), "{data:?}");
    let listed = owner.send(&pki::RetrieveCertificates::all()).await.unwrap();
    assert!(!listed.0.is_null());
    assert!(owner.send(&queries::Certificates::default()).await.is_ok());
}

#[tokio::test]
async fn a_request_that_cannot_be_right_is_not_sent() {
    let sandbox = in_process().await;
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let before = sandbox.ksef_v1().requests().len();
    let none = tokens::Generate::new("x", Vec::<wire::TokenRole>::new());
    let error = session.send(&none).await.unwrap_err();
    assert_eq!((error.kind(), error.endpoint()), (ErrorKind::Input, tokens::Generate::INFO.name));
    assert_eq!(sandbox.ksef_v1().requests().len(), before);
    assert_expected(&sandbox);
}

/// How an exception is read: from the envelope of a refusal, and from the words of a failed step.
#[tokio::test]
async fn every_code_is_read_from_a_refusal_and_from_a_failed_step() {
    let sandbox = in_process().await;
    let ksef = sandbox.ksef_v1();
    let session = session(&beside(&sandbox), &sandbox, ALFA).await;
    let step = Process::Invoice.stages()[3].step;
    let (mut number, mut kinds) = (0, BTreeMap::new());
    for code in ExceptionCode::known() {
        let fault = Fault::Code(Code::new(&code.to_string()).unwrap());
        ksef.faults().push(Rule::new(fault).on(&Method::PUT, "/online/Invoice/Send").once());
        number += 1;
        let bytes = invoice(&format!("N/{number}"));
        let error = session.send_invoice(&bytes).await.unwrap_err();
        assert_eq!(error.code(), Some(code));
        assert!(error.problem().unwrap().service_code.is_some());
        // Only what says nothing, or that the service itself failed, leaves open what happened.
        let is_open = matches!(error.kind(), ErrorKind::Server | ErrorKind::Unexpected);
        assert_eq!(error.may_have_happened(), is_open, "{code}");
        assert_eq!(error.recovery().is_some(), is_open, "{code}");
        *kinds.entry(format!("{:?}", error.kind())).or_insert(0) += 1;

        ksef.fail_step(StepFault::new(Process::Invoice, step, code.number()).once());
        let sent = session.send_invoice(&bytes).await.unwrap();
        match session.wait_for_invoice(&sent, &quick()).await.unwrap() {
            InvoiceStatus::Rejected(progress) => {
                assert_eq!(progress.exception(), Some(code));
                assert!(progress.to_string().contains(code.meaning().unwrap()));
            }
            other => panic!("{code}: {other:?}"),
        }
        ksef.clear_steps();
    }
    assert_eq!(number, 115, "114 of the list and 30012");
    assert_eq!(kinds.values().sum::<usize>(), 115);
    assert_eq!((kinds["Server"], kinds["Unexpected"]), (1, 1), "{kinds:?}");
    assert!(ksef.invoices().is_empty());
}
