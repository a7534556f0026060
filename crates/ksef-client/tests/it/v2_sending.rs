//! Interactive sessions of KSeF 2.0 against the double.

use futures_util::TryStreamExt;
use http::Method;
use ksef_client::v2::{
    ErrorKind, FormCode, Recovery,
    sending::{InvoiceState, OnlineSessionState, Outcome, OutgoingInvoice},
    sessions::{self, SessionType},
};
use ksef_crypto::{
    link::InvoiceHash,
    xades::{Policy, Sha1, Trust},
};
use sandbox::{
    fault::Fault,
    ksef_v2::{Maintenance, Rotation},
};

use crate::{
    support::{ALFA, BETA},
    v2_support::{account, assert_expected, beside, in_process, invoice, once, quick},
};

#[tokio::test(start_paused = true)]
async fn an_invoice_goes_through_a_session_to_a_signed_confirmation() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let alfa = account(&client, &sandbox, ALFA);
    let session = alfa.online(FormCode::FA_3).open().await.unwrap();
    let good = invoice(ALFA, BETA, "FV/1");
    let sent = session.send(good.clone()).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    let InvoiceState::Accepted(accepted) = state else { panic!("{state:?}") };
    let twice = session.send(good.clone()).await.unwrap();
    let state = session.wait_for(&twice, &quick()).await.unwrap();
    let InvoiceState::Duplicate { original, .. } = state else { panic!("{state:?}") };
    assert_eq!(original.as_ref(), Some(&accepted.number));
    let wrong = session.send(&b"<Faktura/>"[..]).await.unwrap();
    let state = session.wait_for(&wrong, &quick()).await.unwrap();
    assert!(matches!(state, InvoiceState::Refused(_)), "{state:?}");

    let single = session.confirmation(&accepted.number).await.unwrap();
    assert!(single.is_checked());
    assert!(single.read_upo().unwrap().confirmation_of(&good).is_some());
    let row = session.find(&InvoiceHash::of(&good)).await.unwrap().unwrap();
    let by_link = client.fetch(row.upo_download_url.unwrap().secret()).await.unwrap();
    assert_eq!(by_link, single);
    let closed = session.close().await.unwrap().wait(&quick()).await.unwrap();
    let counts = (closed.invoices_sent(), closed.invoices_issued(), closed.invoices_refused());
    assert_eq!((closed.outcome(), counts), (Outcome::Processed, (Some(3), Some(1), Some(2))));
    let failed: Vec<_> = closed.failed_invoices().try_collect().await.unwrap();
    assert_eq!(failed.len(), 2);
    let pages = closed.confirmations().await.unwrap();
    let policy = Policy::new(Trust::AnyCertificate).sha1(Sha1::CertificateDigest);
    let (upo, _) = pages[0].verify_upo(&policy).unwrap();
    let row = upo.confirmation_of(&good).unwrap();
    assert_eq!(row.ksef_number, accepted.number.as_str());
    assert_eq!(sandbox.ksef_v2().invoices().len(), 1);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn every_form_goes_in_a_session_of_its_own() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let alfa = account(&client, &sandbox, ALFA);
    for form in [FormCode::FA_2, FormCode::FA_3, FormCode::FA_RR] {
        let session = alfa.online(form.clone()).open().await.unwrap();
        assert_eq!(session.form(), &form);
        let closed = session.close().await.unwrap().wait(&quick()).await.unwrap();
        assert_eq!((closed.outcome(), closed.status().code), (Outcome::Cancelled, 440));
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_invoice_whose_answer_is_lost_is_there_once_and_one_that_never_left_is_not() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let session = account(&client, &sandbox, ALFA).online(FormCode::FA_3).open().await.unwrap();
    let path = "/sessions/online/{referenceNumber}/invoices";
    for (number, fault, arrives) in [
        ("FV/lost", Fault::LoseAnswer, true),
        ("FV/masked", Fault::MaskAnswer { status: 502 }, true),
        ("FV/dropped", Fault::DropRequest, false),
    ] {
        once(&sandbox, &Method::POST, path, fault);
        let bytes = invoice(ALFA, BETA, number);
        let error = session.send(bytes.clone()).await.unwrap_err();
        assert_eq!(error.recovery(), Some(Recovery::SessionInvoices), "{error:?}");
        let found = session.find(&InvoiceHash::of(&bytes)).await.unwrap();
        assert_eq!(found.is_some(), arrives, "{number}");
    }
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_session_that_may_have_been_opened_is_in_the_list() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let alfa = account(&client, &sandbox, ALFA);
    once(&sandbox, &Method::POST, "/sessions/online", Fault::LoseAnswer);
    let error = alfa.online(FormCode::FA_3).open().await.unwrap_err();
    assert_eq!(error.recovery(), Some(Recovery::ListSessions));
    let list = sessions::List::new(SessionType::Online).page_size(10);
    let listed: Vec<_> = alfa.items(list).try_collect().await.unwrap();
    assert_eq!(listed.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_rotated_key_is_fetched_again_without_the_caller_noticing() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let alfa = account(&client, &sandbox, ALFA);
    drop(alfa.online(FormCode::FA_3).open().await.unwrap());
    sandbox.ksef_v2().rotate_keys(Rotation::Done);
    let session = alfa.online(FormCode::FA_3).open().await.unwrap();
    let sent = session.send(invoice(ALFA, BETA, "FV/2")).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    assert!(matches!(state, InvoiceState::Accepted(_)), "{state:?}");
}

#[tokio::test(start_paused = true)]
async fn maintenance_asks_for_another_session() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let session = account(&client, &sandbox, ALFA).online(FormCode::FA_3).open().await.unwrap();
    sandbox.ksef_v2().set_maintenance(Maintenance::On);
    let error = session.send(invoice(ALFA, BETA, "FV/3")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::SessionUnavailable);
    assert!(!error.may_have_happened());
}

#[tokio::test(start_paused = true)]
async fn another_process_goes_on_and_a_technical_correction_names_the_refused_file() {
    let sandbox = in_process().await;
    let client = beside(&sandbox).build().unwrap();
    let alfa = account(&client, &sandbox, ALFA);
    let session = alfa.online(FormCode::FA_3).open().await.unwrap();
    let refused = b"<Faktura/>".to_vec();
    let offline = OutgoingInvoice::new(refused.clone()).offline();
    let sent = session.send(offline).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    assert!(matches!(state, InvoiceState::Refused(_)), "{state:?}");
    let state = OnlineSessionState::from_json(&session.export().expose_json()).unwrap();
    let elsewhere = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let session = elsewhere.resume_online(state);
    let corrected = OutgoingInvoice::new(invoice(ALFA, BETA, "FV/4"));
    let sent = session.send(corrected.correcting(InvoiceHash::of(&refused))).await.unwrap();
    let state = session.wait_for(&sent, &quick()).await.unwrap();
    assert!(matches!(state, InvoiceState::Accepted(_)), "{state:?}");
    assert!(sandbox.ksef_v2().invoices()[0].offline);
    assert_expected(&sandbox);
}
