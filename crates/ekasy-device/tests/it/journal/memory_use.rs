//! Going through a long journal, and checking its numbers, takes the memory of a few pages.

use std::future::Future;

use allocation_counter::measure;
use ekasy_device::{
    continuity::{Checker, Form, Sighting},
    ident::JpkId,
    journal::Journalled,
};

use super::{id, memory, open, range, receipt};

/// Documents of about a kilobyte.
const DOCUMENTS: u64 = 50_000;

/// Waits for something that is in memory and never waits itself.
fn finish<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(work)
}

#[test]
fn reading_and_checking_a_long_journal_takes_little_memory() {
    let journal = finish(async {
        let journal = open(memory()).await;
        let text = "x".repeat(1_000);
        for first in (1..=DOCUMENTS).step_by(1_000) {
            let documents = (first..first + 1_000).map(|number| receipt(number, &text));
            journal.append_all(documents.map(Journalled::Document).collect()).await.unwrap();
        }
        journal
    });
    let mut report = None;
    let used = measure(|| {
        report = Some(finish(async {
            let mut reader = journal.read(range(1, DOCUMENTS)).await.unwrap();
            let mut checker = Checker::new(JpkId::MIN).window(100);
            loop {
                let page = reader.next_page().await.unwrap();
                if page.is_empty() {
                    return checker.finish(Some(id(DOCUMENTS)));
                }
                for entry in page {
                    let Journalled::Document(document) = entry else { panic!("no gap was made") };
                    let bytes = document.bytes();
                    checker.see(&Sighting::of_bytes(document.id(), Form::Detailed, bytes));
                }
            }
        }));
    });
    let report = report.unwrap();
    assert!(report.is_continuous());
    assert_eq!(report.numbers, DOCUMENTS);
    assert!(used.bytes_total > 50_000_000, "all of it was read: {}", used.bytes_total);
    assert!(used.bytes_max < 2_000_000, "{} bytes at once", used.bytes_max);
}
