//! Futures dropped at every await point: what was begun can be found out, and handles stay usable.

use std::collections::BTreeSet;

use ksef_client::v1::{FormCode, invoices::Found};

use crate::support::{
    ALFA, assert_expected, beside, context, dropped_after, in_process, invoice, opened, owner,
    quick, signer,
};

#[tokio::test]
async fn a_sending_that_was_dropped_is_found_or_absent_and_issued_once() {
    let sandbox = in_process().await;
    let session = owner(&beside(&sandbox), &sandbox).await;
    let mut known = BTreeSet::new();
    let mut ended = false;
    for pauses in 0.. {
        let bytes = invoice(&format!("C/{pauses}"));
        let before = sandbox.ksef_v1().invoices().len();
        let sent = dropped_after(session.send_invoice(&bytes), pauses).await;
        sandbox.ksef_v1().settle().await;
        let issued = sandbox.ksef_v1().invoices().len() - before;
        match sent {
            Some(sent) => {
                known.insert(sent.unwrap().element);
                ended = issued == 1;
                break;
            }
            None => match session.find_sent(&bytes, &known).await.unwrap() {
                Found::Accepted(found) => {
                    assert_eq!(issued, 1);
                    known.insert(found.element);
                }
                Found::Absent => assert_eq!(issued, 0),
                other => panic!("everything has ended: {other:?}"),
            },
        }
    }
    assert!(ended && known.len() > 1, "{known:?}");
    assert_expected(&sandbox);
}

#[tokio::test]
async fn an_opening_that_was_dropped_leaves_a_session_that_ends_by_itself() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    let signer = signer(&sandbox, "seal-ec");
    for pauses in 0.. {
        let opening = client.session(context(ALFA), FormCode::FA_2);
        let opened = dropped_after(opening.by_signature(&signer), pauses).await;
        if let Some(opened) = opened {
            let session = opened.unwrap().wait(&quick()).await.unwrap();
            let opened = sandbox.ksef_v1().sessions();
            assert!(
                pauses > 3
                    && opened.iter().any(|one| one.reference == session.reference().as_str())
            );
            break;
        }
    }
    assert_expected(&sandbox);
}

#[tokio::test]
async fn an_end_that_was_dropped_can_be_taken_up_by_the_number() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    for pauses in 0..3 {
        let session = opened(&client, &sandbox, ALFA).await.wait(&quick()).await.unwrap();
        let state = session.export();
        let reference = session.reference().clone();
        if dropped_after(session.terminate(), pauses).await.is_none() {
            // Either it still can be used, and is terminated again, or it is closing already.
            if let Ok(session) = client.resume(state).unwrap().wait(&quick()).await {
                let closing = session.terminate().await.unwrap();
                assert_eq!(closing.reference(), &reference);
            }
        }
        client.closing(reference).wait(&quick()).await.unwrap();
    }
    assert_expected(&sandbox);
}
