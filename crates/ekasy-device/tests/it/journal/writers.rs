//! One writer at a time, and a file that is closed and opened again.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::secret::secret_bytes;
use common_store::{MemoryStore, SealKey, SqliteStore};
use ekasy_device::journal::{Appended, Engine, Journal, JournalErrorKind, Options, Purpose};

use super::{
    clock,
    dying::{Dying, Failing, Fault, Moment},
    id, memory, open, options, pack, plan, range, receipt,
};

fn held_by(holder: &str, number: &str) -> Options {
    let key = SealKey::new(1, secret_bytes(vec![7; 32])).unwrap();
    Options::new(number.parse().unwrap(), holder, key)
}

#[tokio::test]
async fn another_holder_waits_until_the_lease_ends() {
    let clock = clock();
    let store = Arc::new(MemoryStore::new(clock.clone()));
    let journal = open(store.clone()).await;
    let other = || Journal::open(store.clone(), held_by("other", "ABC1700000017"));
    assert_eq!(other().await.unwrap_err().kind(), JournalErrorKind::Busy);
    clock.advance(Duration::from_secs(40));
    journal.renew().await.unwrap();
    clock.advance(Duration::from_secs(40));
    assert_eq!(other().await.unwrap_err().kind(), JournalErrorKind::Busy);
    clock.advance(Duration::from_secs(40));
    let taken_over = other().await.unwrap();
    taken_over.append(receipt(1, "theirs")).await.unwrap();
    for _ in 0..2 {
        let error = journal.append(receipt(1, "ours")).await.unwrap_err();
        assert_eq!(error.kind(), JournalErrorKind::Lost);
    }
    assert_eq!(journal.renew().await.unwrap_err().kind(), JournalErrorKind::Lost);
    assert_eq!(taken_over.append(receipt(1, "theirs")).await.unwrap(), Appended::Before);
    taken_over.close().await.unwrap();
    let error = taken_over.append(receipt(2, "x")).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Lost);
    open(store).await.append(receipt(2, "x")).await.unwrap();
}

#[tokio::test]
async fn a_new_run_of_the_same_program_takes_over_at_once() {
    let store = memory();
    let old = open(store.clone()).await;
    let new = open(store).await;
    new.append(receipt(1, "new")).await.unwrap();
    let error = old.append(receipt(1, "old")).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Lost);
}

/// A run that does not know what became of its last write finds out, but takes nothing from a run
/// that came after it.
#[tokio::test]
async fn a_run_without_an_answer_leaves_the_journal_to_the_next_run() {
    let mut left = 0;
    for at in 1..60 {
        let store = memory();
        let dying = Dying::new(store.clone(), Failing::new(at, Moment::After, Fault::Error));
        let Ok(old) = Journal::open(Arc::new(dying.clone()), options()).await else { continue };
        let mut next = 1;
        while !dying.around.has_failed() {
            if old.append(receipt(next, "old")).await.is_ok() {
                next += 1;
            }
        }
        let new = open(store).await;
        let last = new.progress().await.unwrap().journalled.unwrap();
        let next = last.next().unwrap().get();
        new.append(receipt(next, "new")).await.unwrap();
        for _ in 0..2 {
            let error = old.append(receipt(next, "old")).await.unwrap_err();
            assert_eq!(error.kind(), JournalErrorKind::Lost, "{at}");
        }
        new.append(receipt(next + 1, "new")).await.unwrap();
        left += 1;
    }
    assert!(left > 30, "{left}");
}

/// Clocks that are put right or wrong, a machine that sleeps, and a technician who thinks for two
/// minutes: the lease ends, and nobody else has the journal.
#[tokio::test]
async fn a_lease_that_ended_is_taken_again_by_whoever_has_the_journal() {
    let start: DateTime<Utc> = "2026-03-01T10:00:00Z".parse().unwrap();
    let years = TimeDelta::days(365 * 73);
    let jumps = [TimeDelta::minutes(2), TimeDelta::minutes(-2), years, -years];
    for jump in jumps {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("register.db");
        let (clock, of_file) = (clock(), clock());
        let file = SqliteStore::open_with_clock(&path, of_file.clone()).unwrap();
        let memory = MemoryStore::new(clock.clone());
        let engines: [(Arc<dyn Engine>, _); 2] =
            [(Arc::new(memory), clock), (Arc::new(file), of_file)];
        for (engine, clock) in engines {
            let journal = open(engine.clone()).await;
            journal.append(receipt(1, "before")).await.unwrap();
            clock.set_wall(start + jump);
            // The till is in the midst of a sale.
            assert_eq!(journal.append(receipt(2, "after")).await.unwrap(), Appended::Now);
            clock.set_wall(start);
            journal.renew().await.unwrap();
            clock.set_wall(start + jump);
            let command = "DFD.ABC1700000017.2026-03-01T10:00:00.000Z";
            let packages = pack(&journal, range(1, 2), plan(command)).await;
            journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
            clock.set_wall(start);
            let next = journal.next_package().await.unwrap().unwrap();
            journal.sent(next.position()).await.unwrap();
            clock.set_wall(start + jump);
            journal.set_secret("name", &secret_bytes(vec![1; 8])).await.unwrap();
            assert_eq!(journal.progress().await.unwrap().sent, Some(id(2)));
            assert_eq!(journal.append(receipt(1, "before")).await.unwrap(), Appended::Before);
        }
    }
}

/// The converse: whoever opened the journal while the lease was over keeps it, also after the end.
#[tokio::test]
async fn a_lease_that_ended_is_not_taken_from_the_next_run() {
    for (holder, is_closed) in [("till", false), ("other", false), ("till", true), ("other", true)]
    {
        let clock = clock();
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let old = open(store.clone()).await;
        old.append(receipt(1, "old")).await.unwrap();
        clock.advance(Duration::from_secs(120));
        let new = Journal::open(store.clone(), held_by(holder, "ABC1700000017")).await.unwrap();
        new.append(receipt(2, "new")).await.unwrap();
        if is_closed {
            new.close().await.unwrap();
        }
        // That its lease has ended, too, gives nothing back to the old run.
        for _ in 0..2 {
            clock.advance(Duration::from_secs(120));
            let error = old.append(receipt(2, "old")).await.unwrap_err();
            assert_eq!(error.kind(), JournalErrorKind::Lost);
            assert_eq!(old.renew().await.unwrap_err().kind(), JournalErrorKind::Lost);
        }
        let last = open(store).await;
        assert_eq!(last.append(receipt(2, "new")).await.unwrap(), Appended::Before);
        assert_eq!(last.append(receipt(3, "new")).await.unwrap(), Appended::Now);
    }
}

#[tokio::test]
async fn a_lease_that_ends_at_once_is_an_error_and_no_endless_recovery() {
    let options = options().lease(Duration::ZERO);
    let error = Journal::open(memory(), options).await.unwrap_err();
    assert_eq!(error.kind(), JournalErrorKind::Store);
}

#[tokio::test]
async fn registers_in_one_store_do_not_meet() {
    let store = memory();
    let first = open(store.clone()).await;
    let second = Journal::open(store, held_by("till", "ABC1700000018")).await.unwrap();
    first.append(receipt(1, "first")).await.unwrap();
    second.append(receipt(1, "second")).await.unwrap();
    assert_eq!(first.append(receipt(1, "first")).await.unwrap(), Appended::Before);
}

#[tokio::test]
async fn a_file_holds_it_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("register.db");
    let reopened = async || {
        let store = Arc::new(SqliteStore::open(&path).unwrap());
        Journal::open(store, options()).await.unwrap()
    };
    for number in 1..=20 {
        let journal = reopened().await;
        journal.append(receipt(number, "x")).await.unwrap();
    }
    let packages = {
        let journal = reopened().await;
        let command = "DFD.ABC1700000017.2026-03-01T10:00:00.000Z";
        let packages = pack(&journal, range(1, 20), plan(command)).await;
        journal.store_packages(&Purpose::Schedule, &packages).await.unwrap();
        packages
    };
    let journal = reopened().await;
    let next = journal.next_package().await.unwrap().unwrap();
    assert_eq!(next.package(), &packages[0]);
    journal.sent(next.position()).await.unwrap();
    drop(journal);
    let journal = reopened().await;
    assert_eq!(journal.progress().await.unwrap().sent, Some(id(20)));
    assert_eq!(journal.next_package().await.unwrap(), None);
    assert_eq!(journal.drop_documents(id(20)).await.unwrap(), 19);
}

#[tokio::test]
async fn callers_at_once_get_numbers_in_turn() {
    let journal = open(memory()).await;
    let sellers = (1..=20).map(|seller: u32| {
        let journal = journal.clone();
        tokio::spawn(async move {
            loop {
                let last = journal.progress().await.unwrap().journalled;
                let next = last.map_or(1, |last| last.get() + 1);
                match journal.append(receipt(next, &format!("seller {seller}"))).await {
                    Ok(_) => return next,
                    Err(error) => assert_eq!(error.kind(), JournalErrorKind::OtherBytes),
                }
            }
        })
    });
    let mut numbers = Vec::new();
    for seller in sellers.collect::<Vec<_>>() {
        numbers.push(seller.await.unwrap());
    }
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
}
