//! The whole flow of a session, over several seeds and without sockets.

use futures_util::TryStreamExt;
use ksef_client::v1::{
    ErrorKind, InvoiceStatus,
    session::{Confirmation, Readiness, SessionState},
};
use ksef_crypto::upo::Upo;

use crate::support::{
    ALFA, SEEDS, assert_expected, beside, hostile, in_process, invoice, issued, opened,
    over_socket, owner, quick, session,
};

/// The numbers that a confirmation confirms.
fn confirmed(pages: &[bytes::Bytes]) -> Vec<String> {
    let pages = pages.iter().map(|page| Upo::read(page).unwrap());
    pages.flat_map(|upo| upo.documents).map(|document| document.ksef_number).collect()
}

#[tokio::test]
async fn a_session_by_token_sends_ends_and_is_confirmed_whatever_disturbs_it() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let client = over_socket(&sandbox).build().unwrap();
        let session = session(&client, &sandbox, ALFA).await;
        let mut numbers = Vec::new();
        for number in 1..=3 {
            let bytes = invoice(&format!("T/{number}"));
            let sent = match session.send_invoice(&bytes).await {
                Ok(sent) => sent,
                Err(error) => {
                    // A sending is not repeated; what became of it has to be found out.
                    assert!(error.may_have_happened(), "{seed}: {error:?}");
                    continue;
                }
            };
            let status = session.wait_for_invoice(&sent, &quick()).await.unwrap();
            let InvoiceStatus::Accepted(accepted) = status else { panic!("{seed}: {status:?}") };
            numbers.push(accepted.number.to_string());
        }
        let closed = session.terminate().await.unwrap().wait(&quick()).await.unwrap();
        let confirmed = confirmed(&closed.confirmations().await.unwrap());
        assert!(numbers.iter().all(|number| confirmed.contains(number)), "{seed}");
        let accepted = sandbox.ksef_v1().invoices();
        assert_eq!(confirmed.len(), accepted.len(), "{seed}");
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn a_session_by_seal_sends_encrypted_and_fetches_the_very_bytes() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let session = owner(&client, &sandbox).await;
    let bytes = invoice("S/1");
    let accepted = issued(&session, &bytes).await;
    assert_eq!(session.fetch(&accepted.number).await.unwrap(), bytes);
    assert_eq!(sandbox.ksef_v1().invoice_bytes(accepted.number.as_str()).unwrap(), bytes);
    let closed = session.terminate().await.unwrap().wait(&quick()).await.unwrap();
    let pages = closed.confirmations().await.unwrap();
    assert!(Upo::read(&pages[0]).unwrap().confirmation_of(&bytes).is_some());
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_session_without_invoices_ends_without_a_confirmation() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let session = session(&client, &sandbox, ALFA).await;
    let closed = session.terminate().await.unwrap().wait(&quick()).await.unwrap();
    assert!(closed.pages().is_empty());
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_session_is_waited_for_step_by_step() {
    let sandbox = in_process().await;
    sandbox.ksef_v1().set_pace(std::time::Duration::from_secs(5));
    let client = beside(&sandbox);
    let authorised = opened(&client, &sandbox, ALFA).await;
    assert!(matches!(authorised.poll_once().await.unwrap(), Readiness::NotYet(_)));
    let schedule = common_core::poll::PollSchedule::default();
    let session = authorised.wait(&schedule).await.unwrap();
    issued_slowly(&session).await;
    let closing = session.terminate().await.unwrap();
    assert!(matches!(closing.poll_once().await.unwrap(), Confirmation::NotYet(_)));
    assert_eq!(closing.wait(&schedule).await.unwrap().pages().len(), 1);
    assert_expected(&sandbox);
}

async fn issued_slowly(session: &ksef_client::v1::Session) {
    let sent = session.send_invoice(&invoice("slow")).await.unwrap();
    let first = session.invoice_status(&sent).await.unwrap();
    let InvoiceStatus::Pending(progress) = first else { panic!("{first:?}") };
    assert!(progress.step().is_some());
    let schedule = common_core::poll::PollSchedule::default();
    let status = session.wait_for_invoice(&sent, &schedule).await.unwrap();
    assert!(matches!(status, InvoiceStatus::Accepted(_)));
}

#[tokio::test]
async fn a_session_goes_on_in_another_process() {
    let sandbox = in_process().await;
    let first = owner(&beside(&sandbox), &sandbox).await;
    let accepted = issued(&first, &invoice("R/1")).await;
    let text = first.export().expose_json();
    drop(first);
    // Another client, as another process has it.
    let state = SessionState::from_json(&text).unwrap();
    let resumed = beside(&sandbox).resume(state).unwrap().wait(&quick()).await.unwrap();
    let bytes = invoice("R/2");
    let second = issued(&resumed, &bytes).await;
    assert_ne!(second.number, accepted.number);
    let rows: Vec<_> = resumed.invoices().try_collect().await.unwrap();
    assert_eq!(rows.len(), 2);
    let reference = resumed.terminate().await.unwrap().reference().clone();
    let closed = beside(&sandbox).closing(reference).wait(&quick()).await.unwrap();
    assert_eq!(confirmed(&closed.confirmations().await.unwrap()).len(), 2);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn an_idle_session_ends_and_every_call_says_so() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let session = session(&client, &sandbox, ALFA).await;
    let state = session.export();
    sandbox.ksef_v1().expire_session(session.reference().as_str());
    let error = session.send_invoice(&invoice("late")).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::SessionEnded, false));
    let error = client.resume(state).unwrap().wait(&quick()).await.unwrap_err();
    assert_eq!(error.error().kind(), ErrorKind::SessionEnded);
    // It can be terminated all the same, and comes to its end.
    session.terminate().await.unwrap().wait(&quick()).await.unwrap();
}

#[tokio::test]
async fn a_session_that_was_dropped_stays_open() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let session = session(&client, &sandbox, ALFA).await;
    let state = session.export();
    drop(session);
    let resumed = client.resume(state).unwrap().wait(&quick()).await.unwrap();
    issued(&resumed, &invoice("D/1")).await;
    assert_expected(&sandbox);
}
