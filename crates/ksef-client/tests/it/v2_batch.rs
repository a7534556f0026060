//! Batches of KSeF 2.0 against the double.

use futures_util::TryStreamExt;
use http::Method;
use ksef_client::v2::{
    ErrorCode, ErrorKind, FormCode, Recovery,
    batch::{BatchState, PackedBatch, Packing, pack},
    sending::Outcome,
};
use ksef_crypto::package::{ArchiveFormat, Entry, PackLimits, PartLimit};
use sandbox::fault::Fault;

use crate::{
    support::{ALFA, BETA, SEEDS},
    v2_support::{
        account, assert_expected, beside, hostile, in_process, invoice, once, over_socket, quick,
    },
};

/// A package of so many invoices in parts of a few kilobytes.
async fn packed(folder: &tempfile::TempDir, format: ArchiveFormat, count: usize) -> PackedBatch {
    let limits = PackLimits::v2().part(PartLimit::Plain(4_000));
    let packing = Packing::new(folder.path()).format(format).limits(limits);
    let entry =
        |n: usize| Entry::bytes(format!("FV-{n}.xml"), invoice(ALFA, BETA, &format!("FV/{n}")));
    pack(packing, (0..count).map(entry)).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn both_formats_go_up_in_parts_and_come_back_confirmed() {
    for format in [ArchiveFormat::Zip, ArchiveFormat::TarGz] {
        let sandbox = in_process().await;
        let folder = tempfile::tempdir().unwrap();
        let packed = packed(&folder, format, 40).await;
        let alfa = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
        let mut upload = alfa.batch(FormCode::FA_3).open(&packed).await.unwrap();
        upload.upload(4).await.unwrap();
        let closed = upload.close().await.unwrap().wait(&quick()).await.unwrap();
        assert_eq!((closed.outcome(), closed.invoices_issued()), (Outcome::Processed, Some(40)));
        let rows: Vec<_> = closed.invoices().try_collect().await.unwrap();
        assert!(rows.iter().any(|row| row.invoice_file_name.as_deref() == Some("FV-7.xml")));
        let upo = closed.confirmations().await.unwrap()[0].read_upo().unwrap();
        assert!(upo.confirmation_of(&invoice(ALFA, BETA, "FV/7")).is_some());
        assert_expected(&sandbox);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_get_through_whatever_the_weather() {
    for seed in SEEDS {
        let sandbox = hostile(seed).await;
        let folder = tempfile::tempdir().unwrap();
        let packed = packed(&folder, ArchiveFormat::Zip, 30).await;
        let alfa = account(&over_socket(&sandbox).build().unwrap(), &sandbox, ALFA);
        let mut opened = None;
        for _ in 0..30 {
            match alfa.batch(FormCode::FA_3).open(&packed).await {
                Ok(upload) => {
                    opened = Some(upload);
                    break;
                }
                Err(error) => {
                    assert!(error.is_transient(), "{error:?}");
                }
            }
        }
        let mut upload = opened.unwrap();
        upload.upload(3).await.unwrap();
        let closing = loop {
            match upload.close().await {
                Ok(closing) => break closing,
                Err(unfinished) => {
                    let (left, error) = unfinished.into_parts();
                    assert!(error.is_transient(), "{error:?}");
                    upload = left;
                }
            }
        };
        let closed = closing.wait(&quick()).await.unwrap();
        assert!(closed.invoices_issued().is_some_and(|issued| issued > 0));
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_broke_off_is_resumed_by_another_process() {
    let sandbox = in_process().await;
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip, 60).await;
    let parts = packed.parts().len();
    assert!(parts > 2);
    let alfa = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let mut upload = alfa.batch(FormCode::FA_3).open(&packed).await.unwrap();
    let mut noted = vec![upload.export().expose_json()];
    let error = {
        let mut count = 0;
        let note = |state: &BatchState| {
            noted.push(state.expose_json());
            count += 1;
            if count == 1 {
                let rule = sandbox::fault::Rule::new(Fault::DropRequest).method(&Method::PUT);
                sandbox.ksef_v2().faults().push(rule);
            }
        };
        upload.upload_noting(1, note).await.unwrap_err()
    };
    assert_eq!(error.kind(), ErrorKind::Interrupted);
    sandbox.ksef_v2().faults().clear();
    drop(upload);
    let state = BatchState::from_json(noted.last().unwrap()).unwrap();
    let elsewhere = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let mut upload = elsewhere.resume_batch(state);
    assert_eq!(upload.missing().count(), parts - 1);
    upload.upload(2).await.unwrap();
    let closed = upload.close().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!(closed.invoices_issued(), Some(60));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn a_batch_whose_end_was_lost_is_closed_all_the_same() {
    let sandbox = in_process().await;
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip, 3).await;
    let alfa = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let mut upload = alfa.batch(FormCode::FA_3).open(&packed).await.unwrap();
    upload.upload(1).await.unwrap();
    let path = "/sessions/batch/{referenceNumber}/close";
    once(&sandbox, &Method::POST, path, Fault::LoseAnswer);
    let unfinished = upload.close().await.unwrap_err();
    assert_eq!(unfinished.error().recovery(), Some(Recovery::SessionStatus));
    let closing = unfinished.into_handle().close().await.unwrap();
    assert_eq!(closing.wait(&quick()).await.unwrap().invoices_issued(), Some(3));
}

#[tokio::test(start_paused = true)]
async fn a_part_that_the_storage_has_lost_is_uploaded_again() {
    let sandbox = in_process().await;
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip, 3).await;
    let alfa = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let mut upload = alfa.batch(FormCode::FA_3).open(&packed).await.unwrap();
    let lost = Fault::Reply { status: 201, retry_after: None };
    once(&sandbox, &Method::PUT, "/storage/batch-parts", lost);
    upload.upload(1).await.unwrap();
    let (mut upload, error) = upload.close().await.unwrap_err().into_parts();
    assert_eq!(error.code().map(ErrorCode::number), Some(21205));
    upload.upload(1).await.unwrap();
    let closed = upload.close().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!(closed.invoices_issued(), Some(3));
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn changed_parts_are_found_by_the_service() {
    let sandbox = in_process().await;
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip, 3).await;
    let part = &packed.parts()[0];
    let mut bytes = std::fs::read(&part.path).unwrap();
    bytes[0] ^= 1;
    std::fs::write(&part.path, bytes).unwrap();
    let alfa = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let mut upload = alfa.batch(FormCode::FA_3).open(&packed).await.unwrap();
    upload.upload(1).await.unwrap();
    let outcome = match upload.close().await {
        Ok(closing) => closing
            .wait(&quick())
            .await
            .map(|closed| closed.outcome())
            .map_err(|unfinished| unfinished.into_parts().1),
        Err(unfinished) => Err(unfinished.into_parts().1),
    };
    let error = outcome.unwrap_err();
    assert_eq!((error.kind(), error.status().unwrap().code), (ErrorKind::Failed, 405));
}

#[tokio::test(start_paused = true)]
async fn a_part_counts_as_there_only_when_the_storage_says_that_it_was_made() {
    let sandbox = in_process().await;
    let folder = tempfile::tempdir().unwrap();
    let packed = packed(&folder, ArchiveFormat::Zip, 3).await;
    let alfa = account(&beside(&sandbox).build().unwrap(), &sandbox, ALFA);
    let mut upload = alfa.batch(FormCode::FA_3).open(&packed).await.unwrap();
    let by_somebody_else = Fault::Reply { status: 200, retry_after: None };
    once(&sandbox, &Method::PUT, "/storage/batch-parts", by_somebody_else);
    let error = upload.upload(1).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreadable);
    assert!(upload.missing().next().is_some());
    upload.upload(1).await.unwrap();
    let closed = upload.close().await.unwrap().wait(&quick()).await.unwrap();
    assert_eq!(closed.invoices_issued(), Some(3));
}
