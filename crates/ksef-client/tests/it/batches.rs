//! Batches from the first invoice to the reconciled confirmation: calm, disturbed, rejected, with
//! lost answers at each call, and taken up by other processes.

use std::path::Path;

use futures_util::TryStreamExt;
use http::Method;
use ksef_client::v1::{
    Client, ErrorKind, ExceptionCode, FormCode, Outgoing, Recovery,
    batch::{
        Announced, BatchOutcome, BatchState, PackedInvoice, Prepared, Processing, ResumedBatch,
        Signed,
    },
    session::Closed,
};
use ksef_crypto::{
    link::InvoiceHash,
    package::{Level, PackLimits, PartLimit},
    xades::Trust,
};
use sandbox::{
    Sandbox,
    fault::{Fault, Rule},
    ksef_v1::{Process, Step, StepFault},
};

use crate::support::{
    ALFA, BETA, SEEDS, assert_expected, beside, context, dropped_after, hostile, in_process,
    invoice, invoice_of, over_socket, owner, quick, signer,
};

/// Invoices with numbers of their own; what differs between them does not compress away.
fn invoices(prefix: &str, count: usize) -> Vec<Outgoing> {
    let named = |number| Outgoing::bytes(format!("{number:04}.xml"), content(prefix, number));
    (0..count).map(named).collect()
}

fn content(prefix: &str, number: usize) -> Vec<u8> {
    let noise = InvoiceHash::of(&number.to_le_bytes());
    invoice(&format!("{prefix}/{number}/{noise}"))
}

/// Packs into parts of 4 KiB, so that there are several.
async fn packed(client: &Client, invoices: Vec<Outgoing>, folder: &Path) -> Prepared {
    let key = client.authority_key().await.unwrap();
    client
        .batch(context(ALFA), FormCode::FA_2, key)
        .limits(PackLimits::v1().part(PartLimit::Sealed(4096)))
        .pack(invoices, folder)
        .await
        .unwrap()
}

async fn signed(client: &Client, sandbox: &Sandbox, count: usize, folder: &Path) -> Signed {
    packed(client, invoices("B", count), folder).await.sign(&signer(sandbox, "seal")).unwrap()
}

async fn announced(client: &Client, sandbox: &Sandbox, count: usize, folder: &Path) -> Announced {
    signed(client, sandbox, count, folder).await.announce().await.unwrap()
}

async fn processing(client: &Client, sandbox: &Sandbox, count: usize, folder: &Path) -> Processing {
    let uploaded = announced(client, sandbox, count, folder).await.upload(3, |_| {}).await;
    uploaded.unwrap().finish().await.unwrap()
}

async fn accepted(processing: Processing) -> Closed {
    match processing.wait(&quick()).await.unwrap() {
        BatchOutcome::Accepted(closed) => closed,
        other => panic!("the batch was not accepted: {other:?}"),
    }
}

fn files(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

fn lose(sandbox: &Sandbox, fault: Fault, method: &Method, path: &str) {
    sandbox.ksef_v1().faults().push(Rule::new(fault).on(method, path).once());
}

#[tokio::test]
async fn a_batch_in_parts_is_accepted_and_each_invoice_confirmed_by_its_bytes() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    sandbox.ksef_v1().set_receipt_size(25);
    let client = beside(&sandbox);
    let announced = announced(&client, &sandbox, 60, folder.path()).await;
    let package = announced.package().clone();
    assert!(package.parts().len() > 3 && package.invoices() == 60, "{package:?}");
    assert!(package.parts().iter().all(|part| part.size <= 4096));
    let mut seen = Vec::new();
    let uploaded = announced.upload(3, |part| seen.push((part.ordinal, part.uploaded))).await;
    let counts: Vec<_> = seen.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, (1..=package.parts().len()).collect::<Vec<_>>());
    let closed = accepted(uploaded.unwrap().finish().await.unwrap()).await;
    assert_eq!(closed.pages().len(), 3);

    let listed = package.packed().await.unwrap();
    let sent: Vec<_> = listed.iter().filter_map(PackedInvoice::invoice_hash).collect();
    let expected: Vec<_> = (0..60).map(|number| InvoiceHash::of(&content("B", number))).collect();
    assert_eq!(sent, expected);
    let books = closed.reconcile(sent.clone(), Trust::AnyCertificate).await.unwrap();
    assert!(books.is_complete(), "{books:?}");
    assert_eq!((books.confirmed(), books.receipts().len()), (60, 3));
    let other = InvoiceHash::of(b"never sent");
    let sent = sent[1..].iter().copied().chain([other]);
    let books = closed.reconcile(sent, Trust::AnyCertificate).await.unwrap();
    assert_eq!(books.missing().collect::<Vec<_>>(), [&other]);
    assert_eq!((books.confirmed(), books.foreign().len()), (59, 1));

    package.remove_parts().await.unwrap();
    assert_eq!(files(folder.path()), [format!("{}.invoices.jsonl", package.name())]);
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_batch_comes_through_whatever_disturbs_it_and_is_issued_once() {
    for seed in SEEDS {
        let (sandbox, folder) = (hostile(seed).await, tempfile::tempdir().unwrap());
        let client = over_socket(&sandbox).build().unwrap();
        let mut signed = signed(&client, &sandbox, 40, folder.path()).await;
        let mut announced = loop {
            match signed.announce().await {
                Ok(announced) => break announced,
                Err(error) if error.error().kind() == ErrorKind::Duplicate => {
                    // The first announcement holds the package; another level makes another one.
                    let key = client.authority_key().await.unwrap();
                    let again = client.batch(context(ALFA), FormCode::FA_2, key);
                    let again = again.level(Level::BALANCED);
                    let packed = again.pack(invoices("B", 40), folder.path()).await.unwrap();
                    signed = packed.sign(&signer(&sandbox, "seal")).unwrap();
                }
                Err(error) => signed = error.into_handle(),
            }
        };
        let mut uploaded = loop {
            match announced.upload(4, |_| {}).await {
                Ok(uploaded) => break uploaded,
                Err(error) => announced = error.into_handle(),
            }
        };
        let processing = loop {
            match uploaded.finish().await {
                Ok(processing) => break processing,
                Err(error) => uploaded = error.into_handle(),
            }
        };
        let sent = processing.package().unwrap().packed().await.unwrap();
        let closed = accepted(processing).await;
        let sent = sent.iter().filter_map(PackedInvoice::invoice_hash);
        let books = closed.reconcile(sent, Trust::AnyCertificate).await.unwrap();
        assert!(books.is_complete() && books.confirmed() == 40, "{seed}: {books:?}");
        assert_eq!(sandbox.ksef_v1().invoices().len(), 40, "{seed}");
        assert_expected(&sandbox);
    }
}

#[tokio::test]
async fn one_wrong_invoice_rejects_the_whole_batch_and_a_session_tells_which() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let mut all = invoices("W", 5);
    all.push(Outgoing::bytes("wrong.xml", invoice_of(BETA, "W/foreign")));
    let signed = packed(&client, all, folder.path()).await.sign(&signer(&sandbox, "seal"));
    let uploaded = signed.unwrap().announce().await.unwrap().upload(2, |_| {}).await.unwrap();
    let processing = uploaded.finish().await.unwrap();
    let batch = processing.clone();
    let BatchOutcome::Rejected(progress) = processing.wait(&quick()).await.unwrap() else {
        panic!("an invoice is wrong")
    };
    assert_eq!(progress.step().map(|step| step.name), Some("Invoice"));
    assert_eq!(progress.code.number(), 440);
    assert_eq!(progress.exception(), Some(ExceptionCode::INVALID_ISSUER));
    let session = owner(&client, &sandbox).await;
    let rows: Vec<_> = batch.invoices(&session).try_collect().await.unwrap();
    let why = |row: &&ksef_client::v1::wire::SessionInvoiceStatus| {
        row.processing_description.as_ref().is_some_and(|text| text.starts_with("21212"))
    };
    let wrong: Vec<_> = rows.iter().filter(why).collect();
    assert_eq!((rows.len(), wrong.len()), (6, 1));
    assert_eq!(wrong[0].invoice_number.as_deref(), Some("W/foreign"));
    assert!(sandbox.ksef_v1().invoices().is_empty());
}

#[tokio::test]
async fn each_step_of_the_process_that_fails_is_named() {
    let sandbox = in_process().await;
    let client = beside(&sandbox);
    for (step, name) in [
        (Step::PartsProvidedCheck, "PartsProvidedCheck"),
        (Step::Authorise, "Authorise"),
        (Step::Security, "Security"),
        (Step::DecryptParts, "DecryptParts"),
        (Step::MergeParts, "MergeParts"),
        (Step::DecompressPackage, "DecompressPackage"),
        (Step::ExportAndInitSP, "ExportAndInitSP"),
        (Step::Invoice, "Invoice"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        sandbox.ksef_v1().fail_step(StepFault::new(Process::Batch, step, 20005).once());
        let processing = processing(&client, &sandbox, 3, folder.path()).await;
        let outcome = processing.wait(&quick()).await.unwrap();
        let BatchOutcome::Rejected(progress) = outcome else { panic!("{name} fails") };
        assert_eq!(progress.step().map(|step| step.name), Some(name));
        assert_eq!(progress.exception().map(ExceptionCode::number), Some(20005), "{name}");
    }
    assert!(sandbox.ksef_v1().invoices().is_empty());
}

#[tokio::test]
async fn a_lost_answer_to_the_announcement_ends_with_one_batch() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let signed = signed(&client, &sandbox, 8, folder.path()).await;
    lose(&sandbox, Fault::LoseAnswer, &Method::POST, "/batch/Init");
    let lost = signed.announce().await.unwrap_err();
    assert!(lost.error().may_have_happened());
    assert_eq!(lost.error().recovery(), Some(Recovery::BatchExpires));
    // The service holds this very package for the number that was lost.
    let refused = lost.into_handle().announce().await.unwrap_err();
    assert_eq!(refused.error().kind(), ErrorKind::Duplicate);
    let key = client.authority_key().await.unwrap();
    let again = client.batch(context(ALFA), FormCode::FA_2, key).level(Level::BALANCED);
    let again = again.pack(invoices("B", 8), folder.path()).await.unwrap();
    let announced = again.sign(&signer(&sandbox, "seal")).unwrap().announce().await.unwrap();
    let uploaded = announced.upload(1, |_| {}).await.unwrap();
    accepted(uploaded.finish().await.unwrap()).await;
    assert_eq!(sandbox.ksef_v1().invoices().len(), 8);
}

#[tokio::test]
async fn an_announcement_that_never_arrived_is_made_again() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let signed = signed(&client, &sandbox, 4, folder.path()).await;
    lose(&sandbox, Fault::DropRequest, &Method::POST, "/batch/Init");
    let signed = signed.announce().await.unwrap_err().into_handle();
    let uploaded = signed.announce().await.unwrap().upload(2, |_| {}).await.unwrap();
    accepted(uploaded.finish().await.unwrap()).await;
    assert_expected(&sandbox);
}

#[tokio::test]
async fn parts_whose_answers_are_lost_are_uploaded_again_and_only_these() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let announced = announced(&client, &sandbox, 60, folder.path()).await;
    let parts = announced.package().parts().len();
    lose(&sandbox, Fault::LoseAnswer, &Method::PUT, "/batch/Upload/{ReferenceNumber}/{PartName}");
    let mut done = Vec::new();
    let lost = announced.upload(2, |part| done.push(part.ordinal)).await.unwrap_err();
    assert!(lost.error().may_have_happened());
    let announced = lost.into_handle();
    let left: Vec<_> = announced.left().collect();
    assert_eq!(left.len() + done.len(), parts);
    assert!(left.iter().all(|ordinal| !done.contains(ordinal)));
    let mut again = Vec::new();
    let uploaded = announced.upload(2, |part| again.push(part.ordinal)).await.unwrap();
    again.sort_unstable();
    assert_eq!(again, left);
    accepted(uploaded.finish().await.unwrap()).await;
    assert_expected(&sandbox);
}

#[tokio::test]
async fn a_lost_answer_to_the_end_is_found_out() {
    for fault in [Fault::LoseAnswer, Fault::DropRequest, Fault::MaskAnswer { status: 502 }] {
        let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
        let client = beside(&sandbox);
        let announced = announced(&client, &sandbox, 4, folder.path()).await;
        let mut uploaded = announced.upload(2, |_| {}).await.unwrap();
        lose(&sandbox, fault, &Method::POST, "/batch/Finish");
        let mut tries = 1;
        let processing = loop {
            match uploaded.finish().await {
                Ok(processing) => break processing,
                Err(error) => {
                    assert!(error.error().may_have_happened() && tries < 3, "{error:?}");
                    uploaded = error.into_handle();
                    tries += 1;
                }
            }
        };
        accepted(processing).await;
        assert_eq!(sandbox.ksef_v1().invoices().len(), 4);
    }
}

#[tokio::test]
async fn a_part_that_was_changed_on_the_disk_is_refused() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let announced = announced(&client, &sandbox, 4, folder.path()).await;
    let path = folder.path().join(&announced.package().parts()[0].name);
    let good = std::fs::read(&path).unwrap();
    let mut wrong = good.clone();
    wrong[7] ^= 1;
    std::fs::write(&path, wrong).unwrap();
    let refused = announced.upload(1, |_| {}).await.unwrap_err();
    assert_eq!(refused.error().code().map(ExceptionCode::number), Some(21158));
    std::fs::write(&path, good).unwrap();
    let uploaded = refused.into_handle().upload(1, |_| {}).await.unwrap();
    accepted(uploaded.finish().await.unwrap()).await;
}

/// What another process makes of a state: it goes through JSON.
fn moved(sandbox: &Sandbox, state: &BatchState) -> ResumedBatch {
    let text = serde_json::to_string(state).unwrap();
    assert!(!format!("{state:?}").contains("batch/Upload"));
    beside(sandbox).resume_batch(serde_json::from_str(&text).unwrap()).unwrap()
}

#[tokio::test]
async fn a_batch_moves_to_another_process_after_each_step() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let prepared = packed(&client, invoices("M", 60), folder.path()).await;
    let ResumedBatch::Prepared(prepared) = moved(&sandbox, &prepared.export()) else { panic!() };
    let signed = prepared.sign(&signer(&sandbox, "seal")).unwrap();
    let ResumedBatch::Signed(signed) = moved(&sandbox, &signed.export()) else { panic!() };
    let announced = signed.announce().await.unwrap();
    // The process dies after two parts; the state has noted one of them.
    let mut state = announced.export();
    let upload = announced.upload(1, |part| {
        if part.uploaded == 1 {
            state.record(part.ordinal);
        }
    });
    drop(upload.await);
    let ResumedBatch::Announced(announced) = moved(&sandbox, &state) else { panic!() };
    assert_eq!(announced.left().count() + 1, announced.package().parts().len());
    let uploaded = announced.upload(2, |_| {}).await.unwrap();
    let ResumedBatch::Announced(announced) = moved(&sandbox, &uploaded.export()) else { panic!() };
    assert_eq!(announced.left().count(), 0);
    let processing = announced.upload(2, |_| {}).await.unwrap().finish().await.unwrap();
    let ResumedBatch::Processing(processing) = moved(&sandbox, &processing.export()) else {
        panic!()
    };
    let by_number = beside(&sandbox).processing_batch(processing.reference().clone());
    assert_eq!(accepted(processing).await.pages().len(), 1);
    accepted(by_number).await;
    assert_eq!(sandbox.ksef_v1().invoices().len(), 60);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn an_upload_may_be_dropped_anywhere_and_goes_on_from_its_state() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let mut announced = announced(&client, &sandbox, 40, folder.path()).await;
    let mut state = announced.export();
    let mut pauses = 0;
    let processing = loop {
        let mut noted = state.clone();
        let run = async {
            let uploaded = announced.upload(2, |part| noted.record(part.ordinal)).await.unwrap();
            uploaded.finish().await.unwrap()
        };
        match dropped_after(run, pauses).await {
            Some(processing) => break processing,
            None => state = noted,
        }
        let ResumedBatch::Announced(resumed) = moved(&sandbox, &state) else { panic!() };
        (announced, pauses) = (resumed, pauses + 1);
    };
    assert!(pauses > 3, "{pauses}");
    accepted(processing).await;
    assert_eq!(sandbox.ksef_v1().invoices().len(), 40);
}

#[tokio::test]
async fn a_package_that_is_not_finished_leaves_nothing_on_the_disk() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let key = client.authority_key().await.unwrap();
    let batch = || client.batch(context(ALFA), FormCode::FA_2, key.clone());
    let absent = vec![Outgoing::bytes("a.xml", invoice("a")), Outgoing::file("/nowhere/b.xml")];
    let error = batch().pack(absent, folder.path()).await.unwrap_err();
    assert_eq!((error.kind(), error.may_have_happened()), (ErrorKind::File, false));
    let twice = vec![Outgoing::bytes("a.xml", "<a/>"), Outgoing::bytes("a.xml", "<b/>")];
    assert_eq!(batch().pack(twice, folder.path()).await.unwrap_err().kind(), ErrorKind::Input);
    let none = batch().pack(Vec::new(), folder.path()).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::Input);
    let dropped = batch().pack(invoices("D", 3000), folder.path());
    assert!(dropped_after(dropped, 0).await.is_none());
    for _ in 0..1000 {
        if files(folder.path()).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("files are left: {:?}", files(folder.path()));
}

#[tokio::test]
async fn another_package_of_the_same_name_is_not_overwritten() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    let client = beside(&sandbox);
    let key = client.authority_key().await.unwrap();
    let name = ksef_crypto::package::PackageName::new("daily.zip").unwrap();
    let batch = || client.batch(context(ALFA), FormCode::FA_2, key.clone()).name(name.clone());
    let first = batch().pack(invoices("F", 2), folder.path()).await.unwrap();
    let before = files(folder.path());
    let error = batch().pack(invoices("G", 2), folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::File);
    assert_eq!(files(folder.path()).len(), before.len());
    assert_eq!(first.package().packed().await.unwrap().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn waiting_takes_the_time_of_the_schedule_and_gives_the_handle_back() {
    let (sandbox, folder) = (in_process().await, tempfile::tempdir().unwrap());
    sandbox.ksef_v1().set_pace(std::time::Duration::from_secs(60));
    let client = beside(&sandbox);
    let processing = processing(&client, &sandbox, 2, folder.path()).await;
    let unfinished = processing.wait(&quick()).await.unwrap_err();
    assert_eq!(unfinished.error().kind(), ErrorKind::NotFinished);
    let patience =
        common_core::poll::PollSchedule::default().within(std::time::Duration::from_secs(3600));
    let outcome = unfinished.into_handle().wait(&patience).await.unwrap();
    assert!(matches!(outcome, BatchOutcome::Accepted(_)));
}
