//! Every step of every process of chapter 15, as a client sees it: under way, and failed.

use std::time::Duration;

use ksef_client::v1::{
    Client, Element, Error, ErrorKind, ExceptionCode, FormCode, InvoiceStatus, Outgoing, Progress,
    Session,
    batch::{BatchOutcome, BatchStatus, Uploaded},
    credentials, pki,
    process::{self, ProcessingCode},
    queries::QueryStatus,
    session::{Confirmation, Readiness},
    tokens, wire,
};
use ksef_crypto::{
    certificate::name::AttributeType, csr::CertificateRequest, keys::PrivateKey,
    number::ReferenceNumber,
};
use sandbox::{
    Sandbox,
    ksef_v1::{Process, Stage, StepFault},
};

use crate::support::{
    ALFA, BETA, assert_expected, beside, context, in_process, invoice, issued, opened, owner,
    quick, session, signer,
};

/// What scripted steps fail with.
const SCRIPTED: u32 = 30012;

/// The processes of the double and of the client, which were written from the same tables.
const PROCESSES: [(Process, process::Process); 7] = [
    (Process::Authentication, process::Process::Authentication),
    (Process::Batch, process::Process::Batch),
    (Process::Session, process::Process::Session),
    (Process::Invoice, process::Process::Invoice),
    (Process::Query, process::Process::Query),
    (Process::QueryPart, process::Process::QueryPart),
    (Process::Credentials, process::Process::Credentials),
];

#[test]
fn both_sides_know_the_same_steps() {
    let mut count = 0;
    for (double, client) in PROCESSES {
        let named = |stage: &Stage| {
            let code = u32::from;
            let name = format!("{:?}", stage.step);
            (name, code(stage.start), code(stage.success), code(stage.failure))
        };
        let double: Vec<_> = double.stages().iter().map(named).collect();
        let steps = client.steps().iter();
        let client: Vec<_> =
            steps.map(|it| (it.name.to_owned(), it.start, it.success, it.failure)).collect();
        assert_eq!(double, client);
        count += client.len();
    }
    assert_eq!(count, 35);
}

/// A sandbox in which that step fails.
async fn failing(process: Process, stage: &Stage) -> Sandbox {
    let sandbox = in_process().await;
    sandbox.ksef_v1().fail_step(StepFault::new(process, stage.step, SCRIPTED));
    sandbox
}

/// The failure names the code, the step and the exception.
#[track_caller]
fn assert_failed(progress: &Progress, stage: Stage) {
    assert_eq!(progress.code, ProcessingCode::new(stage.failure.into()), "{stage:?}");
    assert_eq!(progress.step().unwrap().name, format!("{:?}", stage.step));
    assert_eq!(progress.exception(), Some(ExceptionCode::new(SCRIPTED)));
}

#[track_caller]
fn assert_error(error: &Error, stage: Stage) {
    assert_eq!(error.kind(), ErrorKind::Failed, "{error:?}");
    assert_failed(error.progress().unwrap(), stage);
}

/// The codes that come one after another when a status is asked for four times a second.
async fn seen(mut ask: impl AsyncFnMut() -> Option<Progress>) -> Vec<u32> {
    let mut codes = Vec::new();
    while let Some(progress) = ask().await {
        let code = progress.code.number();
        assert!(progress.step().is_some(), "{progress:?}");
        if codes.last() != Some(&code) {
            codes.push(code);
        }
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    codes
}

/// The codes of the steps from one on; each is seen while the step is under way.
fn starts(process: Process, from: usize) -> Vec<u32> {
    process.stages()[from..].iter().map(|stage| stage.start.into()).collect()
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_session_is_seen_and_can_fail() {
    let sandbox = in_process().await;
    sandbox.ksef_v1().set_pace(Duration::from_secs(1));
    let client = beside(&sandbox);
    let authorised = opened(&client, &sandbox, ALFA).await;
    let opening = seen(async || match authorised.poll_once().await.unwrap() {
        Readiness::NotYet(progress) => Some(progress),
        _ => None,
    });
    assert_eq!(opening.await, [100, 310]);
    let session = authorised.wait(&quick()).await.unwrap();
    issued(&session, &invoice("S/1")).await;
    let closing = session.terminate().await.unwrap();
    let ending = seen(async || match closing.poll_once().await.unwrap() {
        Confirmation::NotYet(progress) => Some(progress),
        _ => None,
    });
    assert_eq!(ending.await, starts(Process::Session, 3));

    for (index, stage) in Process::Session.stages().iter().enumerate() {
        let sandbox = failing(Process::Session, stage).await;
        let client = beside(&sandbox);
        let authorised = opened(&client, &sandbox, ALFA).await;
        if index < 2 {
            assert_error(authorised.wait(&quick()).await.unwrap_err().error(), *stage);
            continue;
        }
        let session = authorised.wait(&quick()).await.unwrap();
        issued(&session, &invoice("S/1")).await;
        let closing = session.terminate().await.unwrap();
        assert_error(closing.wait(&quick()).await.unwrap_err().error(), *stage);
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn each_step_of_the_authentication_can_fail() {
    let waiting = &Process::Session.stages()[1];
    for stage in Process::Authentication.stages() {
        let sandbox = failing(Process::Authentication, stage).await;
        let authorised = opened(&beside(&sandbox), &sandbox, ALFA).await;
        let error = authorised.wait(&quick()).await.unwrap_err();
        // The session waits for it in a step of its own, which is the one that fails.
        assert_error(error.error(), *waiting);
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn each_step_of_an_invoice_is_seen_and_can_fail() {
    let sandbox = in_process().await;
    let session_of = async |sandbox: &Sandbox| session(&beside(sandbox), sandbox, ALFA).await;
    let session = session_of(&sandbox).await;
    sandbox.ksef_v1().set_pace(Duration::from_secs(1));
    let sent = session.send_invoice(&invoice("S/1")).await.unwrap();
    let codes = seen(async || match session.invoice_status(&sent).await.unwrap() {
        InvoiceStatus::Pending(progress) => Some(progress),
        InvoiceStatus::Accepted(_) => None,
        other => panic!("{other:?}"),
    });
    assert_eq!(codes.await, starts(Process::Invoice, 0));
    for stage in Process::Invoice.stages() {
        let sandbox = failing(Process::Invoice, stage).await;
        let session = session_of(&sandbox).await;
        let sent = session.send_invoice(&invoice("S/1")).await.unwrap();
        match session.wait_for_invoice(&sent, &quick()).await.unwrap() {
            InvoiceStatus::Rejected(progress) => assert_failed(&progress, *stage),
            other => panic!("{other:?}"),
        }
        // A rejected invoice does not make its session fail.
        let closed = session.terminate().await.unwrap().wait(&quick()).await.unwrap();
        assert!(closed.pages().is_empty() || stage.start == 340);
        assert_expected(&sandbox);
    }
}

/// A batch of two invoices whose parts are there.
async fn uploaded(sandbox: &Sandbox, client: &Client) -> Uploaded {
    let folder = tempfile::tempdir().unwrap();
    let key = client.authority_key().await.unwrap();
    let two = (1..=2).map(|n| Outgoing::bytes(format!("{n}.xml"), invoice(&format!("B/{n}"))));
    let preparation = client.batch(context(ALFA), FormCode::FA_2, key);
    let prepared = preparation.pack(two, folder.path()).await.unwrap();
    let signed = prepared.sign(&signer(sandbox, "seal")).unwrap();
    signed.announce().await.unwrap().upload(1, |_| {}).await.unwrap()
}

#[tokio::test]
async fn each_step_of_a_batch_is_seen() {
    let sandbox = in_process().await;
    let uploaded = uploaded(&sandbox, &beside(&sandbox)).await;
    // Files take real time, steps do not.
    tokio::time::pause();
    sandbox.ksef_v1().set_pace(Duration::from_secs(1));
    let processing = uploaded.finish().await.unwrap();
    let codes = seen(async || match processing.poll_once().await.unwrap() {
        BatchStatus::Pending(progress) => Some(progress),
        BatchStatus::Ended(BatchOutcome::Accepted(_)) => None,
        other => panic!("{other:?}"),
    });
    assert_eq!(codes.await, starts(Process::Batch, 0));
    assert_expected(&sandbox);
}

#[tokio::test]
async fn each_step_of_a_batch_and_of_its_invoices_can_fail() {
    let of_batch = Process::Batch.stages().iter().map(|stage| (Process::Batch, stage, stage));
    // An invoice that is rejected makes the step fail that waits for all of them.
    let waiting = &Process::Batch.stages()[7];
    let of_invoice = Process::Invoice.stages().iter().map(|it| (Process::Invoice, it, waiting));
    for (process, stage, told) in of_batch.chain(of_invoice) {
        let sandbox = failing(process, stage).await;
        let uploaded = uploaded(&sandbox, &beside(&sandbox)).await;
        let processing = uploaded.finish().await.unwrap();
        match processing.wait(&quick()).await.unwrap() {
            BatchOutcome::Rejected(progress) => assert_failed(&progress, *told),
            other => panic!("{stage:?}: {other:?}"),
        }
        assert!(
            sandbox.ksef_v1().invoices().is_empty() || stage.failure == 445,
            "{stage:?}: all or nothing"
        );
        assert_expected(&sandbox);
    }
}

fn today() -> wire::QueryCriteriaInvoiceV2 {
    let at = |text: &str| text.parse().unwrap();
    let (from, to) = (at("2026-01-31T00:00:00Z"), at("2026-01-31T16:00:00Z"));
    let role = wire::SubjectRole::Subject1;
    wire::QueryCriteriaInvoiceV2::Incremental(wire::QueryCriteriaInvoiceIncremental::new(
        from, to, role,
    ))
}

#[tokio::test(start_paused = true)]
async fn each_step_of_a_query_and_of_its_parts_is_seen_and_can_fail() {
    let sandbox = in_process().await;
    let session_of = async |sandbox: &Sandbox| {
        let session = session(&beside(sandbox), sandbox, ALFA).await;
        issued(&session, &invoice("Q/1")).await;
        session
    };
    let session = session_of(&sandbox).await;
    sandbox.ksef_v1().set_pace(Duration::from_secs(1));
    let query = session.start_query(today()).await.unwrap();
    let codes = seen(async || match session.query_status(&query).await.unwrap() {
        QueryStatus::Pending(progress) => Some(progress),
        _ => None,
    });
    assert_eq!(codes.await, starts(Process::Query, 0));
    let of_query = Process::Query.stages().iter().map(|stage| (Process::Query, stage, stage));
    // The step that waits for the parts fails with them.
    let waiting = &Process::Query.stages()[4];
    let of_part = Process::QueryPart.stages().iter().map(|it| (Process::QueryPart, it, waiting));
    for (process, stage, told) in of_query.chain(of_part) {
        let sandbox = failing(process, stage).await;
        let session = session_of(&sandbox).await;
        let query = session.start_query(today()).await.unwrap();
        let error = session.wait_for_query(&query, &quick()).await.unwrap_err();
        assert_error(&error, *told);
        assert_expected(&sandbox);
    }
}

/// Each kind of change: they all go the way of chapter 15.7.
#[derive(Clone, Copy, Debug)]
enum Change {
    Grant,
    Token,
    Hide,
    Report,
    Payment,
}

const CHANGES: [Change; 5] =
    [Change::Grant, Change::Token, Change::Hide, Change::Report, Change::Payment];

impl Change {
    /// Whoever may make it, with two invoices that both stand on.
    async fn made(self, sandbox: &Sandbox, pace: Duration) -> (Session, Element) {
        let client = beside(sandbox);
        let seller = owner(&client, sandbox).await;
        let first = issued(&seller, &invoice("C/1")).await.number;
        let second = issued(&seller, &invoice("C/2")).await.number;
        let buyer = session(&client, sandbox, BETA).await;
        sandbox.ksef_v1().set_pace(pace);
        let person = wire::GranteeIdentifier::Pesel("00810100026".to_owned());
        match self {
            Self::Grant => {
                let role = wire::DescribedRole::new("odczyt faktur", wire::Role::InvoiceRead);
                let grant = credentials::Grant::new(person, [role]);
                let element = seller.change_credentials(&grant).await.unwrap();
                (seller, element)
            }
            Self::Token => {
                let role = wire::TokenRole::new("wystawianie", wire::Role::InvoiceWrite);
                let new = seller.generate_token(&tokens::Generate::new("program", [role])).await;
                (seller, new.unwrap().element.unwrap())
            }
            Self::Hide => {
                let element = buyer.hide(&first, "nie nasza").await.unwrap();
                (buyer, element)
            }
            Self::Report => {
                let element = buyer.report_scam(&first, "nie było sprzedaży").await.unwrap();
                (buyer, element)
            }
            Self::Payment => {
                let element = seller.request_payment_identifier([first, second]).await.unwrap();
                (seller, element)
            }
        }
    }

    /// Of hiding, reports and payments only the classes of codes are known.
    fn has_steps(self) -> bool {
        matches!(self, Self::Grant | Self::Token)
    }
}

#[tokio::test(start_paused = true)]
async fn each_step_of_every_change_is_seen_and_can_fail() {
    for change in CHANGES {
        let sandbox = in_process().await;
        let (session, element) = change.made(&sandbox, Duration::from_secs(1)).await;
        let mut codes = Vec::new();
        while codes.last() != Some(&200) {
            let progress = session.progress(&element).await.unwrap();
            if codes.last() != Some(&progress.code.number()) {
                codes.push(progress.code.number());
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
        assert_eq!(codes, [100, 310, 315, 200], "{change:?}");
        for stage in Process::Credentials.stages() {
            let sandbox = failing(Process::Credentials, stage).await;
            let (session, element) = change.made(&sandbox, Duration::ZERO).await;
            let error = session.wait_for(&element, &quick()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Failed, "{change:?}: {error:?}");
            let progress = error.progress().unwrap();
            if change.has_steps() {
                assert_failed(progress, *stage);
            }
            assert_eq!(progress.code.number(), u32::from(stage.failure));
            assert_eq!(progress.exception(), Some(ExceptionCode::new(SCRIPTED)));
            assert_expected(&sandbox);
        }
    }
}

/// The element of a request for a certificate of Jan Wymyślony.
async fn certificate(sandbox: &Sandbox) -> (Session, ReferenceNumber) {
    let client = beside(sandbox);
    let opening = client.session(context(ALFA), FormCode::FA_2);
    let person = opening.by_signature(&signer(sandbox, "person-pesel")).await.unwrap();
    let person = person.wait(&quick()).await.unwrap();
    let holder = [(AttributeType::SERIAL_NUMBER, "PNOPL-00810100019")];
    let key = sandbox.ksef_v1().certificate("person-pesel").unwrap().key_pem;
    let request = CertificateRequest::new(holder, &PrivateKey::from_pem(&key).unwrap()).unwrap();
    let generate = pki::GenerateCertificate::new(request.as_der(), [wire::Role::InvoiceWrite]);
    let element = person.send(&generate).await.unwrap().element().unwrap();
    (person, element)
}

#[tokio::test]
async fn each_step_of_a_certificate_can_fail() {
    for stage in Process::Credentials.stages() {
        let sandbox = failing(Process::Credentials, stage).await;
        let (person, element) = certificate(&sandbox).await;
        sandbox.ksef_v1().settle().await;
        let status = person.send(&pki::Status(element.clone())).await.unwrap();
        assert_eq!(status.code(), Some(ProcessingCode::new(stage.failure.into())));
        let text = status.0["processingDescription"].as_str().unwrap();
        assert_eq!(ExceptionCode::in_description(text), Some(ExceptionCode::new(SCRIPTED)));
        let error = person.send(&pki::FetchCertificate(element)).await.unwrap_err();
        assert_eq!(error.code(), Some(ExceptionCode::NO_SUCH_CREDENTIALS));
        assert_expected(&sandbox);
    }
}
