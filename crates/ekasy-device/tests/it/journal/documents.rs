//! Documents: numbers without holes, bytes without change.

use common_core::store::{Entries, Journals as _, Position};
use ekasy_device::{
    ident::JpkId,
    journal::{Appended, JournalErrorKind, Journalled, Purpose},
    packing::DocumentKind,
};

use super::{document, gap, id, memory, open, options, pack, plan, range, read, receipt};

const FIRST_SHIPMENT: &str = "DFD.ABC1700000017.2026-03-01T10:00:00.000Z";

#[tokio::test]
async fn bytes_come_back_as_they_were_given() {
    let journal = open(memory()).await;
    let bytes = b"{ \"paragon\" : {\"x\": 1.10, \"\\u0142\":\"\xc5\x82\"} }".to_vec();
    let document =
        ekasy_device::journal::Document::new(id(1), DocumentKind::Event(13), bytes.clone());
    journal.append(document.unwrap()).await.unwrap();
    let Some(Journalled::Document(kept)) = journal.find(id(1)).await.unwrap() else { panic!() };
    assert_eq!((kept.bytes(), kept.kind()), (&bytes[..], DocumentKind::Event(13)));
}

#[tokio::test]
async fn only_the_next_number_is_taken() {
    let store = memory();
    let journal = open(store.clone()).await;
    for number in [2, 3] {
        let error = journal.append(receipt(number, "x")).await.unwrap_err();
        assert_eq!(error.kind(), JournalErrorKind::NotNext);
        assert_eq!(error.to_string(), format!("document {number} came where 1 is next"));
    }
    journal.append(receipt(1, "x")).await.unwrap();
    assert_eq!(journal.append(receipt(1, "x")).await.unwrap(), Appended::Before);
    let error = journal.append(receipt(1, "y")).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::OtherBytes);
    let error = journal.append(document(1, DocumentKind::Invoice, "x")).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::OtherBytes);
    // A batch with an entry that does not fit leaves nothing behind.
    let batch = [2, 4].map(|number| Journalled::Document(receipt(number, "x"))).to_vec();
    let error = journal.append_all(batch).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::NotNext);
    assert_eq!(read(&journal, range(1, 9)).await.len(), 1);
    // A batch of which a part is there adds the rest.
    let batch = [1, 2, 3].map(|number| Journalled::Document(receipt(number, "x"))).to_vec();
    assert_eq!(journal.append_all(batch.clone()).await.unwrap(), Appended::Now);
    assert_eq!(journal.append_all(batch.clone()).await.unwrap(), Appended::Before);
    assert_eq!(read(&open(store).await, range(1, 9)).await, batch);
}

#[tokio::test]
async fn a_gap_must_be_declared_and_may_not_be_endless() {
    let store = memory();
    let journal = open(store.clone()).await;
    journal.append(receipt(1, "x")).await.unwrap();
    let passed_over = vec![gap(2, 4), Journalled::Document(receipt(5, "x"))];
    journal.append_all(passed_over.clone()).await.unwrap();
    let error = journal.append_all(vec![gap(6, 1_000_006)]).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
    journal.append_all(vec![gap(6, 7)]).await.unwrap();
    let journal = open(store).await;
    assert_eq!(journal.progress().await.unwrap().journalled, Some(id(7)));
    assert_eq!(journal.find(id(3)).await.unwrap(), Some(gap(2, 4)));
    assert_eq!(journal.find(id(8)).await.unwrap(), None);
    // A range that begins and ends in the midst of gaps.
    let middle = vec![gap(3, 4), passed_over[1].clone(), gap(6, 6)];
    assert_eq!(read(&journal, range(3, 6)).await, middle);
    let error = journal.append(receipt(3, "x")).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::OtherBytes);
}

#[tokio::test]
async fn a_register_that_was_at_work_before_goes_on_at_its_number() {
    let options = options().first(id(41_324));
    let journal = ekasy_device::journal::Journal::open(memory(), options).await.unwrap();
    let error = journal.append(receipt(1, "x")).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::NotNext);
    journal.append(receipt(41_324, "x")).await.unwrap();
    let due = journal.progress().await.unwrap().unpacked().unwrap();
    let packages = pack(&journal, due, plan(FIRST_SHIPMENT)).await;
    journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
    assert_eq!(journal.progress().await.unwrap().packed, Some(id(41_324)));
}

#[tokio::test]
async fn the_last_number_is_the_last() {
    let options = options().first(JpkId::MAX);
    let journal = ekasy_device::journal::Journal::open(memory(), options).await.unwrap();
    let last = JpkId::MAX.get();
    journal.append(receipt(last, "x")).await.unwrap();
    assert_eq!(journal.append(receipt(last, "x")).await.unwrap(), Appended::Before);
    assert_eq!(read(&journal, range(1, last)).await.len(), 1);
}

#[tokio::test]
async fn any_range_is_found_in_a_long_journal() {
    let store = memory();
    let journal = open(store.clone()).await;
    let mut next = 1;
    while next <= 3_000 {
        let mut batch = Vec::new();
        for (at, number) in (0..).zip(next..next + 97) {
            let at = at * 67;
            batch.push(if number % 10 == 0 {
                gap(number, number)
            } else {
                Journalled::Document(receipt(number, &"x".repeat(at)))
            });
        }
        journal.append_all(batch).await.unwrap();
        next += 97;
    }
    let journal = open(store).await;
    for (first, last) in [(1, 1), (1, 3_000), (9, 11), (10, 10), (2_999, 3_000), (1_234, 1_999)] {
        let found = read(&journal, range(first, last)).await;
        let numbers: Vec<_> = found.iter().map(|entry| entry.first().get()).collect();
        assert_eq!(numbers, (first..=last).collect::<Vec<_>>());
    }
    assert_eq!(journal.progress().await.unwrap().journalled, Some(id(next - 1)));
}

#[tokio::test]
async fn pages_get_as_small_as_documents_are_large() {
    let journal = open(memory()).await;
    for number in 1..=360 {
        let size = if number <= 330 { 50 } else { 1_500_000 };
        journal.append(receipt(number, &"x".repeat(size))).await.unwrap();
    }
    let mut reader = journal.read(range(1, 999)).await.unwrap();
    let mut pages = Vec::new();
    loop {
        let page = reader.next_page().await.unwrap();
        if page.is_empty() {
            break;
        }
        pages.push(page.len());
    }
    assert_eq!(pages.iter().sum::<usize>(), 360);
    assert_eq!(pages[..4], [16, 64, 128, 128]);
    assert!(pages.ends_with(&[1; 5]), "{pages:?}");
}

#[tokio::test]
async fn only_what_was_sent_can_be_dropped_and_never_the_last() {
    let store = memory();
    let journal = open(store.clone()).await;
    for number in 1..=6 {
        journal.append(receipt(number, "x")).await.unwrap();
    }
    assert_eq!(journal.drop_documents(id(6)).await.unwrap(), 0, "nothing was sent");
    let packages = pack(&journal, range(1, 4), plan(FIRST_SHIPMENT)).await;
    journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
    assert_eq!(journal.drop_documents(id(6)).await.unwrap(), 0, "it was only packed");
    let next = journal.next_package().await.unwrap().unwrap();
    journal.sent(next.position()).await.unwrap();
    assert_eq!(journal.drop_documents(id(2)).await.unwrap(), 2);
    assert_eq!(journal.drop_documents(id(6)).await.unwrap(), 2);
    assert_eq!(journal.find(id(4)).await.unwrap(), None);
    assert_eq!(read(&journal, range(1, 9)).await.len(), 2);

    let second = "DFD.ABC1700000017.2026-03-01T11:00:00.000Z";
    let packages = pack(&journal, range(5, 6), plan(second)).await;
    journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
    let next = journal.next_package().await.unwrap().unwrap();
    journal.sent(next.position()).await.unwrap();
    assert_eq!(journal.drop_documents(id(6)).await.unwrap(), 1);
    let journal = open(store).await;
    assert_eq!(journal.progress().await.unwrap().sent, Some(id(6)));
    journal.append(receipt(7, "x")).await.unwrap();
}

#[tokio::test]
async fn foreign_entries_are_refused_and_left_alone() {
    let store = memory();
    drop(open(store.clone()).await);
    let name = "ekasy/ABC1700000017/documents";
    store.append(name, vec![vec![9, 9]], None).await.unwrap();
    let error = ekasy_device::journal::Journal::open(store.clone(), options()).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Corrupt);
    assert_eq!(store.read(name, Entries::All, Position::START, 9).await.unwrap().len(), 1);
}
