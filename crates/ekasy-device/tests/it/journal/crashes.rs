//! A life that is cut off at every operation of the store, and begun again.

use std::{sync::Arc, time::Duration};

use common_store::MemoryStore;
use ekasy_device::journal::Journal;
use tokio::time::timeout;

use super::{
    dying::{Dying, Failing, Fault, Moment},
    id,
    life::{LAST, World, is_of_the_store, live},
    memory, open, options, range, read,
};

/// Longer than anything takes that is answered at all, on paused time.
const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_life_without_trouble_is_complete() {
    let (store, mut world) = (memory(), World::default());
    let journal = open(store).await;
    live(&journal, &mut world).await.unwrap();
    world.judge(&journal).await;
}

/// Cut off at that operation, in that way; whether the operation was reached.
async fn cut_off(at: usize, moment: Moment, fault: Fault) -> bool {
    let store = memory();
    let dying = Dying::new(store.clone(), Failing::new(at, moment, fault));
    live_on(store, dying, fault, &format!("{at} {moment:?}")).await
}

/// A life on a store that fails; whether it did.
async fn live_on(store: Arc<MemoryStore>, dying: Dying, fault: Fault, which: &str) -> bool {
    let mut world = World::default();
    if let Ok(Ok(journal)) =
        timeout(PATIENCE, Journal::open(Arc::new(dying.clone()), options())).await
    {
        // After an error or silence, the same journal goes on; after a death it never answers.
        for _ in 0..4 {
            match timeout(PATIENCE, live(&journal, &mut world)).await {
                Ok(Ok(())) => break,
                Ok(Err(error)) => assert!(is_of_the_store(&error), "{which}: {error}"),
                Err(_) => assert_eq!(fault, Fault::Silence),
            }
        }
    }
    let has_failed = dying.around.has_failed();
    let journal = open(store).await;
    live(&journal, &mut world).await.unwrap();
    world.judge(&journal).await;
    has_failed
}

/// Cuts a life off at each of its operations, before and after it.
async fn cut_off_everywhere(fault: Fault) {
    let mut at = 1;
    while cut_off(at, Moment::Before, fault).await {
        assert!(cut_off(at, Moment::After, fault).await);
        at += 1;
    }
    assert!(at > 100, "the life has only {at} operations");
}

#[tokio::test(start_paused = true)]
async fn death_at_any_operation_loses_nothing() {
    cut_off_everywhere(Fault::Death).await;
}

#[tokio::test(start_paused = true)]
async fn an_error_of_the_store_at_any_operation_loses_nothing() {
    cut_off_everywhere(Fault::Error).await;
}

#[tokio::test(start_paused = true)]
async fn a_dropped_future_at_any_operation_loses_nothing() {
    cut_off_everywhere(Fault::Silence).await;
}

/// Cut off, and cut off once more while it finds out what happened.
#[tokio::test(start_paused = true)]
async fn recovery_may_be_cut_off_too() {
    for fault in [Fault::Error, Fault::Silence] {
        for (moment, later) in (1..=12).flat_map(|n| [(Moment::Before, n), (Moment::After, n)]) {
            for at in (5..90).step_by(7) {
                let store = memory();
                let dying =
                    Dying::new(store.clone(), Failing::new(at, moment, fault).and_again(later));
                let which = format!("{at} and {later} later {moment:?}");
                assert!(live_on(store, dying, fault, &which).await, "{which}");
            }
        }
    }
}

/// Dies again and again, each time a few operations after it was opened.
#[tokio::test]
async fn many_deaths_lose_nothing() {
    for stride in 4..60 {
        let (store, mut world) = (memory(), World::default());
        let mut at = stride;
        for death in 0..400 {
            let moment = if death % 2 == 0 { Moment::Before } else { Moment::After };
            let dying = Dying::new(store.clone(), Failing::new(at, moment, Fault::Death));
            if let Ok(journal) = Journal::open(Arc::new(dying), options()).await
                && live(&journal, &mut world).await.is_ok()
            {
                break;
            }
            // With a stride too short to get anywhere, lives get longer.
            at = stride + death % 40;
        }
        let journal = open(store).await;
        live(&journal, &mut world).await.unwrap();
        world.judge(&journal).await;
    }
}

/// Drops documents and dies at that operation; whether it was reached.
async fn cut_off_while_dropping(at: usize, moment: Moment) -> bool {
    let (store, mut world) = (memory(), World::default());
    live(&open(store.clone()).await, &mut world).await.unwrap();
    let dying = Dying::new(store.clone(), Failing::new(at, moment, Fault::Death));
    if let Ok(journal) = Journal::open(Arc::new(dying.clone()), options()).await {
        drop(journal.drop_documents(id(9)).await);
    }
    let has_failed = dying.around.has_failed();
    let journal = open(store).await;
    let left = read(&journal, range(1, LAST)).await;
    let numbers: Vec<_> = left.iter().map(|entry| entry.first().get()).collect();
    let (all, behind) = ([1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12], [10, 11, 12]);
    assert!(numbers == all || numbers == behind, "{numbers:?}");
    journal.drop_documents(id(9)).await.unwrap();
    assert_eq!(read(&journal, range(1, LAST)).await.len(), 3);
    let progress = journal.progress().await.unwrap();
    assert_eq!((progress.journalled, progress.sent), (Some(id(LAST)), Some(id(LAST))));
    has_failed
}

#[tokio::test]
async fn death_while_dropping_leaves_what_was_not_dropped() {
    let mut at = 1;
    while cut_off_while_dropping(at, Moment::Before).await {
        assert!(cut_off_while_dropping(at, Moment::After).await);
        at += 1;
    }
    assert!(at > 10);
}
