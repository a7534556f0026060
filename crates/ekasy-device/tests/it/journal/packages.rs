//! Packages: the same bytes until they are taken, and a cursor that moves only then.

use std::sync::Arc;

use common_core::secret::secret_bytes;
use common_store::SealKey;
use ekasy_device::{
    ident::{CommandId, CommandKind, UniqueNumber},
    journal::{Journal, JournalErrorKind, Journalled, Options, Outcome, Purpose},
    packing::{DocumentKind, Frame, Limits, Package, Plan, Selection},
};

use super::super::packing::sealing::noise;
use super::{
    document,
    dying::{Dying, Failing, Fault, Moment},
    gap, id, memory, open, pack, plan, range, receipt,
};

const SHIPMENT: &str = "DFD.ABC1700000017.2026-03-01T10:00:00.000Z";
const OTHER: &str = "DFD.ABC1700000017.2026-03-01T11:00:00.000Z";

/// Room for one or two small documents in a package.
fn small(command: &str) -> Plan {
    plan(command).limits(Limits::default().request(400).head(100))
}

/// A journal with receipts 1 to 4, of which 3 is too large for one package.
async fn four(journal: &Journal) {
    for number in [1, 2] {
        journal.append(receipt(number, "x")).await.unwrap();
    }
    let large = noise(3, 900).replace(['"', '\\'], "a");
    journal.append(receipt(3, &large)).await.unwrap();
    journal.append(receipt(4, "x")).await.unwrap();
}

async fn packed(journal: &Journal) -> Vec<Package> {
    let packages = pack(journal, range(1, 4), small(SHIPMENT)).await;
    assert!(packages.iter().filter(|package| package.is_part()).count() > 1);
    packages
}

#[tokio::test]
async fn packages_go_out_in_order_and_the_cursor_follows_whole_documents() {
    let store = memory();
    let mut journal = open(store.clone()).await;
    four(&journal).await;
    let packages = packed(&journal).await;
    journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
    let mut expected = None;
    for package in &packages {
        // Opened anew each time: everything is in the store.
        journal = open(store.clone()).await;
        let progress = journal.progress().await.unwrap();
        assert_eq!((progress.packed, progress.sent), (Some(id(4)), expected));
        let next = journal.next_package().await.unwrap().unwrap();
        assert_eq!(next.package(), package);
        assert_eq!(journal.next_package().await.unwrap().unwrap(), next, "the same until sent");
        journal.sent(next.position()).await.unwrap();
        journal.sent(next.position()).await.unwrap();
        if package.is_last() {
            expected = package.range().map(ekasy_device::ident::JpkRange::last);
        }
    }
    assert_eq!(expected, Some(id(4)));
    assert_eq!(journal.progress().await.unwrap().sent, expected);
    assert_eq!(journal.next_package().await.unwrap(), None);
    assert_eq!(open(store).await.progress().await.unwrap().sent, expected);
}

#[tokio::test]
async fn a_package_does_not_overtake_another() {
    let journal = open(memory()).await;
    four(&journal).await;
    let packages = packed(&journal).await;
    journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
    let first = journal.next_package().await.unwrap().unwrap().position();
    let second = common_core::store::Position::new(first.number() + 1);
    let error = journal.sent(second).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
}

/// With a store that fails at each operation of taking note: an error means that the package waits
/// still, and goes out once more.
#[tokio::test]
async fn a_package_that_counts_as_sent_is_never_told_as_an_error() {
    let mut operation = 0;
    loop {
        operation += 1;
        let store = memory();
        let journal = open(store.clone()).await;
        journal.append(receipt(1, "x")).await.unwrap();
        let packages = pack(&journal, range(1, 1), plan(SHIPMENT)).await;
        journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
        let dying = Dying::new(store, Failing::new(operation, Moment::Before, Fault::Error));
        let Ok(journal) = Journal::open(Arc::new(dying.clone()), super::options()).await else {
            continue;
        };
        let Ok(Some(next)) = journal.next_package().await else { continue };
        let sent = journal.sent(next.position()).await;
        let has_failed = dying.around.has_failed();
        let waiting = journal.waiting().await.unwrap();
        assert_eq!(sent.is_ok(), waiting == 0, "operation {operation}: {sent:?}");
        if !has_failed {
            assert!(operation > 5, "only {operation} operations");
            return;
        }
    }
}

#[tokio::test]
async fn packages_that_do_not_go_on_are_refused() {
    let journal = open(memory()).await;
    four(&journal).await;
    let packages = packed(&journal).await;
    let schedule = Purpose::Schedule;
    let refused = [
        // A document is left out at the beginning.
        packages[1..].to_vec(),
        // Not all parts are there.
        packages[..packages.len() - 2].to_vec(),
        // Parts are out of order.
        [&packages[..1], &packages[2..]].concat(),
        // Twice the same.
        [&packages[..1], &packages[..1]].concat(),
    ];
    for packages in refused {
        let error = journal.store_packages(&schedule, &packages).await.unwrap_err();
        assert_eq!(error.kind(), JournalErrorKind::Refused);
    }
    assert_eq!(journal.waiting().await.unwrap(), 0);
    journal.store_packages(&schedule, &packages).await.unwrap();
    let again = pack(&journal, range(1, 4), small(OTHER)).await;
    let error = journal.store_packages(&schedule, &again).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused, "sealed anew, but packed before");
}

#[tokio::test]
async fn a_withdrawn_document_is_packed_anew_with_all_behind_it() {
    let store = memory();
    let journal = open(store.clone()).await;
    four(&journal).await;
    let packages = packed(&journal).await;
    journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
    // The first package and the first part go out, the second part is refused.
    for _ in 0..2 {
        let next = journal.next_package().await.unwrap().unwrap();
        journal.sent(next.position()).await.unwrap();
    }
    let refused = journal.next_package().await.unwrap().unwrap();
    assert_eq!(refused.package().number(), 2);
    journal.withdraw(refused.position()).await.unwrap();
    let error = journal.withdraw(refused.position()).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
    for journal in [journal, open(store.clone()).await] {
        let progress = journal.progress().await.unwrap();
        assert_eq!((progress.packed, progress.sent), (Some(id(2)), Some(id(2))));
        assert_eq!(journal.next_package().await.unwrap(), None);
    }
    let journal = open(store.clone()).await;
    let due = journal.progress().await.unwrap().unpacked().unwrap();
    let anew = pack(&journal, due, plan(OTHER)).await;
    journal.store_packages(&Purpose::Schedule, &anew).await.unwrap();
    let journal = open(store).await;
    while let Some(next) = journal.next_package().await.unwrap() {
        assert_eq!(next.package().command_id().as_str(), OTHER);
        journal.sent(next.position()).await.unwrap();
    }
    assert_eq!(journal.progress().await.unwrap().sent, Some(id(4)));
}

#[tokio::test]
async fn an_answer_does_not_move_the_cursor_and_is_remembered_until_it_is_finished() {
    let store = memory();
    let journal = open(store.clone()).await;
    four(&journal).await;
    let command: CommandId = "DDD.ABC1700000017.2026-03-01T09:00:00.000Z".parse().unwrap();
    journal.accept_command(&command, "{}").await.unwrap();
    let purpose = Purpose::Request(command.clone());
    assert_eq!(journal.packed_for(&command).await.unwrap(), None);
    let packages = pack(&journal, range(1, 2), small(SHIPMENT)).await;
    journal.store_packages(&purpose, &packages).await.unwrap();
    let error = journal.store_packages(&purpose, &packages).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Refused);
    while let Some(next) = journal.next_package().await.unwrap() {
        assert_eq!(next.purpose(), &purpose);
        journal.sent(next.position()).await.unwrap();
    }
    let journal = open(store).await;
    assert_eq!(journal.packed_for(&command).await.unwrap(), Some(Some(id(2))));
    let at = "2026-03-01T10:00:00.000Z".parse().unwrap();
    journal.finish_command(&command, Outcome::Executed, at).await.unwrap();
    assert_eq!(journal.packed_for(&command).await.unwrap(), None, "nobody needs it any more");
    let progress = journal.progress().await.unwrap();
    assert_eq!((progress.packed, progress.sent), (None, None));
}

#[tokio::test]
async fn a_daily_report_asks_for_a_flush_until_it_is_packed() {
    let store = memory();
    let journal = open(store.clone()).await;
    journal.append(receipt(1, "x")).await.unwrap();
    assert_eq!(journal.progress().await.unwrap().flush, None);
    let report = document(2, DocumentKind::DailyReport, "x");
    journal.append_all(vec![Journalled::Document(report), gap(3, 3)]).await.unwrap();
    for journal in [&journal, &open(store.clone()).await] {
        assert_eq!(journal.progress().await.unwrap().flush, Some(id(2)));
    }
    let journal = open(store.clone()).await;
    let packages = pack(&journal, range(1, 3), plan(SHIPMENT)).await;
    journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
    assert_eq!(journal.progress().await.unwrap().flush, None);
    assert_eq!(open(store.clone()).await.progress().await.unwrap().flush, None);
    let journal = open(store).await;
    let next = journal.next_package().await.unwrap().unwrap();
    journal.withdraw(next.position()).await.unwrap();
    assert_eq!(journal.progress().await.unwrap().flush, Some(id(2)), "it is due again");
}

/// A register whose number has 12 characters, as the one of the ministry's test kit.
#[tokio::test]
async fn a_register_with_a_short_number_finds_its_packages_again() {
    let number = UniqueNumber::parse_lenient("TT1701003001").unwrap();
    let store = memory();
    let opened = async || {
        let key = SealKey::new(1, secret_bytes(vec![7; 32])).unwrap();
        Journal::open(store.clone(), Options::new(number.clone(), "till", key)).await.unwrap()
    };
    let mut journal = opened().await;
    journal.append(receipt(1, "x")).await.unwrap();
    let now = "2026-03-01T10:00:00Z".parse().unwrap();
    let id = journal.next_command_id(CommandKind::Documents, now).await.unwrap();
    let frame = Frame::new("{}", "{}").unwrap();
    let request = CommandId::new(CommandKind::DetailedDocuments, &number, now.into());
    for purpose in [Purpose::Schedule, Purpose::Request(request)] {
        let plan =
            Plan::new(id.clone(), frame.clone(), Selection::scheduled("ALL".parse().unwrap()));
        let packages = pack(&journal, range(1, 1), plan).await;
        journal.store_packages(&purpose, &packages).await.unwrap();
        journal = opened().await;
        let next = journal.next_package().await.unwrap().unwrap();
        assert_eq!((next.package(), next.purpose()), (&packages[0], &purpose));
        journal.sent(next.position()).await.unwrap();
    }
}
