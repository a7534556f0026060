//! Receiving from KSeF 2.0: the double's invoices one by one, as metadata, and in packages.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use futures_util::TryStreamExt;
use ksef_client::v2::{
    Account, ErrorKind,
    receiving::ExportState,
    wire::{
        InvoiceQueryDateRange, InvoiceQueryDateType, InvoiceQueryFilters, InvoiceQuerySubjectType,
    },
};
use ksef_crypto::package::ArchiveFormat;
use sandbox::{Sandbox, ksef_v2::SeedPlan};

use crate::{
    support::{ALFA, BETA},
    v2_support::{account, assert_expected, beside, in_process, invoice, quick},
};

/// All that Beta bought since that day.
fn bought(from: DateTime<Utc>) -> InvoiceQueryFilters {
    let range = InvoiceQueryDateRange::new(InvoiceQueryDateType::PermanentStorage, from)
        .restrict_to_permanent_storage_hwm_date(true);
    InvoiceQueryFilters::new(range, InvoiceQuerySubjectType::Subject2)
}

/// A sandbox with that many invoices of Alfa to Beta, a minute apart, the last one some hours ago.
async fn seeded(count: u32) -> (Sandbox, Account, DateTime<Utc>) {
    let sandbox = in_process().await;
    let buyer = account(&beside(&sandbox).build().unwrap(), &sandbox, BETA);
    let from = buyer.clock().now() - TimeDelta::minutes(i64::from(count)) - TimeDelta::hours(3);
    let plan = SeedPlan::new(ALFA, BETA, count, from).step_us(60_000_000);
    sandbox.ksef_v2().seed_invoices(&plan);
    (sandbox, buyer, from - TimeDelta::hours(1))
}

#[tokio::test(start_paused = true)]
async fn an_invoice_comes_back_byte_for_byte() {
    let sandbox = in_process().await;
    let bytes = invoice(ALFA, BETA, "FV/9");
    let kept = sandbox.ksef_v2().add_invoice(bytes.clone().into()).unwrap();
    let buyer = account(&beside(&sandbox).build().unwrap(), &sandbox, BETA);
    let document = buyer.invoice(&kept.ksef_number.parse().unwrap()).await.unwrap();
    assert_eq!(document.bytes()[..], bytes);
    assert!(document.is_checked());
    let unknown = "9990000103-20260401-0123456789AB-CD".parse().unwrap();
    assert_eq!(buyer.invoice(&unknown).await.unwrap_err().kind(), ErrorKind::NotFound);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn metadata_come_once_each_over_cut_queries_and_can_be_continued() {
    let (sandbox, buyer, from) = seeded(1_000).await;
    sandbox.ksef_v2().set_largest_result(300);
    let mut metadata = buyer.metadata(bought(from));
    let (mut numbers, mut pages, mut cuts) = (Vec::new(), 0, 0);
    while let Some(page) = metadata.next_page().await.unwrap() {
        pages += 1;
        cuts += usize::from(page.is_truncated);
        numbers.extend(page.invoices.into_iter().map(|row| row.ksef_number));
    }
    let distinct: BTreeSet<_> = numbers.iter().collect();
    assert_eq!((numbers.len(), distinct.len()), (1_000, 1_000));
    assert!(pages > 4 && cuts >= 3, "{pages} pages, {cuts} cuts");
    let checkpoint = metadata.checkpoint().unwrap();
    assert_eq!(Some(checkpoint), metadata.high_water_mark());
    tokio::time::sleep(Duration::from_secs(1)).await;
    sandbox.ksef_v2().add_invoice(invoice(ALFA, BETA, "FV/later").into()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let later: Vec<_> =
        buyer.metadata(bought(checkpoint)).into_stream().try_collect().await.unwrap();
    assert_eq!(later.len(), 1);
    assert_expected(&sandbox);
}

#[tokio::test(start_paused = true)]
async fn packages_hold_every_invoice_with_its_hash() {
    for format in [ArchiveFormat::Zip, ArchiveFormat::TarGz] {
        let (sandbox, buyer, from) = seeded(250).await;
        sandbox.ksef_v2().set_export_part(10_000);
        sandbox.ksef_v2().set_largest_result(200);
        let folder = tempfile::tempdir().unwrap();
        let mut all = BTreeSet::new();
        let mut begin = from;
        for expected in [200, 51] {
            let export = buyer.export(bought(begin)).format(format).start().await.unwrap();
            let state = ExportState::from_json(&export.export().expose_json()).unwrap();
            let package = buyer.resume_export(state).wait(&quick()).await.unwrap();
            let found = Arc::new(Mutex::new(Vec::new()));
            let visited = Arc::clone(&found);
            let fetched = package.fetch(folder.path()).await.unwrap();
            let visit = move |name: &str, content: &[u8]| {
                visited.lock().unwrap().push((name.to_owned(), content.to_vec()));
                Ok(())
            };
            let (count, metadata) = fetched.read(visit).await.unwrap();
            assert_eq!(count, metadata.len() as u64);
            assert!(count <= expected, "{count} of {expected}");
            for (name, content) in found.lock().unwrap().iter() {
                let number = name.strip_suffix(".xml").unwrap();
                assert_eq!(sandbox.ksef_v2().invoice_bytes(number).unwrap(), content.as_slice());
                all.insert(number.to_owned());
            }
            begin = package.checkpoint().unwrap();
        }
        assert_eq!(all.len(), 250);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        assert_expected(&sandbox);
    }
}

#[tokio::test(start_paused = true)]
async fn links_that_have_expired_are_made_anew() {
    let (sandbox, buyer, from) = seeded(5).await;
    sandbox.ksef_v2().set_link_life(Duration::from_secs(10));
    let export = buyer.export(bought(from)).start().await.unwrap();
    let package = export.wait(&quick()).await.unwrap();
    tokio::time::sleep(Duration::from_secs(20)).await;
    let folder = tempfile::tempdir().unwrap();
    let error = package.fetch(folder.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    let package = export.poll_once().await.unwrap().unwrap();
    let fetched = package.fetch(folder.path()).await.unwrap();
    assert_eq!(fetched.read(|_, _| Ok(())).await.unwrap().0, 5);
}
