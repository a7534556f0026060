//! The store breaks down, collectors die or are held up between any two writes, and several are at
//! work at once.

use std::{future::poll_fn, pin::pin, task::Poll};

use common_core::store::StoreErrorKind;

use super::*;
use crate::{support::dropped_after, v2_brittle::Broken};

/// Both ways of collecting.
const WAYS: [Way; 2] = [Way::Pages, Way::Packages];

impl House {
    /// A house whose service cuts answers.
    async fn cutting() -> Self {
        let house = Self::new(24, 1).await;
        house.sandbox.ksef_v2().set_largest_result(10);
        house
    }

    /// Takes whatever has arrived; how many that were.
    async fn take_all(&self) -> u64 {
        let arrivals = self.inbox.arrivals(Subject2, Position::START, 1000).await.unwrap();
        let positions: Vec<_> = arrivals.iter().map(|arrival| arrival.position).collect();
        self.inbox.take(Subject2, &positions).await.unwrap()
    }

    /// Lets whoever held the lease be forgotten, collects the rest, and holds what arrived against
    /// the books.
    async fn assert_whole(&self, way: Way) {
        self.clock.advance(LEASE + Duration::from_secs(1));
        collect(&self.collector_of(way, "last")).await;
        self.assert_arrived(24).await;
        self.assert_documents(way).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_breaks_down_anywhere_loses_nothing_and_doubles_nothing() {
    let mut house = House::cutting().await;
    for way in WAYS {
        for broken in [Broken::Before, Broken::After] {
            let mut failures = 0;
            for calls in 0.. {
                house.forget();
                let collector = house.collector_of(way, "first");
                house.store.around.break_after(calls, broken);
                let step = collector.step(Subject2).await;
                if house.store.around.calls() <= calls {
                    assert!(calls > 10 && step.is_ok(), "{way:?} {broken:?} {calls}");
                    break;
                }
                if let Err(error) = step {
                    assert!(error.is_transient(), "{error:?}");
                    failures += 1;
                }
                house.assert_whole(way).await;
            }
            assert!(failures > 10, "{way:?} {broken:?}: {failures}");
        }
    }
}

/// A death between the arrivals and their checkpoint is among these moments: the store waits before
/// and behind each of the two.
#[tokio::test]
async fn a_collector_that_dies_between_any_two_writes_is_followed_by_one_that_goes_on() {
    let mut house = House::cutting().await;
    for (way, distance) in WAYS.into_iter().zip([1, 3]) {
        for pauses in (0..).step_by(distance) {
            house.forget();
            let first = house.collector_of(way, "first");
            let ended = dropped_after(first.step(Subject2), pauses).await;
            drop(first);
            house.assert_whole(way).await;
            if ended.is_some() {
                assert!(pauses > 20, "{way:?} {pauses}");
                break;
            }
        }
    }
}

/// Lets a future go on until it has waited so many times; its output when it ends before.
async fn until<F: Future + Unpin>(future: &mut F, pauses: usize) -> Option<F::Output> {
    let mut left = pauses;
    poll_fn(|context| match pin!(&mut *future).poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

#[tokio::test]
async fn a_collector_that_slept_past_its_lease_writes_nothing_more() {
    let mut lost = 0;
    let mut house = House::cutting().await;
    for pauses in (0..).step_by(3) {
        house.forget();
        let first = house.collector_of(Way::Pages, "first");
        let mut sleeper = Box::pin(first.step(Subject2));
        let is_ended = until(&mut sleeper, pauses).await.is_some();
        house.assert_whole(Way::Pages).await;
        if is_ended {
            break;
        }
        match sleeper.await {
            Ok(Collected::All(0)) => {}
            Err(DurableError::Store(error)) if error.kind() == StoreErrorKind::LeaseLost => {
                lost += 1;
            }
            // It had written everything and was about to say so.
            other => assert!(matches!(other, Ok(Collected::All(24))), "{other:?}"),
        }
        house.assert_whole(Way::Pages).await;
    }
    assert!(lost > 5, "{lost}");
}

#[tokio::test(start_paused = true)]
async fn of_two_collectors_one_is_at_work() {
    let house = House::cutting().await;
    let [one, other] = ["one", "other"].map(|name| house.collector_of(Way::Pages, name));
    let (one, other) = tokio::join!(one.step(Subject2), other.step(Subject2));
    let steps = [one.unwrap(), other.unwrap()];
    assert!(steps.contains(&Collected::All(24)) && steps.contains(&Collected::Nothing));
    house.assert_arrived(24).await;
}

#[tokio::test(start_paused = true)]
async fn two_collectors_of_one_name_disturb_each_other_and_double_nothing() {
    let house = House::cutting().await;
    let [one, other] = ["twin"; 2].map(|name| house.collector_of(Way::Pages, name));
    let (one, other) = tokio::join!(one.step(Subject2), other.step(Subject2));
    let lost = [one, other].into_iter().filter_map(Result::err).map(|error| match error {
        DurableError::Store(error) => error.kind(),
        other => panic!("{other:?}"),
    });
    assert_eq!(lost.collect::<Vec<_>>(), [StoreErrorKind::LeaseLost]);
    house.assert_whole(Way::Pages).await;
}

#[tokio::test]
async fn whoever_starts_over_while_a_collector_is_at_work_changes_nothing() {
    let house = House::cutting().await;
    let start = Checkpoint::starting(Subject2, house.since);
    let collector = house.collector_of(Way::Pages, "first");
    let mut refused = 0;
    let mut step = Box::pin(collector.step(Subject2));
    while until(&mut step, 4).await.is_none() {
        refused += usize::from(!house.inbox.start_over(start.clone()).await.unwrap());
    }
    assert!(refused > 5, "{refused}");
    house.assert_arrived(24).await;
    assert!(house.inbox.start_over(start).await.unwrap());
    assert_eq!(collect(&collector).await, 24);
}

#[tokio::test]
async fn room_is_made_while_a_collector_is_at_work() {
    let house = House::cutting().await;
    let collector = house.collector_of(Way::Pages, "first");
    let (mut taken, mut removed) = (0, 0);
    let mut step = Box::pin(collector.step(Subject2));
    while until(&mut step, 4).await.is_none() {
        taken += house.take_all().await;
        removed += house.inbox.compact(Subject2).await.unwrap();
    }
    assert!(taken >= 10 && removed == taken, "{taken} {removed}");
    assert_eq!(taken + house.arrived(Subject2).await.len() as u64, 24);
    assert_eq!(collect(&collector).await, 0);
}

/// The newest arrival alone knows how far the collector had come: that one is taken, and room is made.
#[tokio::test]
async fn room_is_never_made_at_the_cost_of_the_newest_checkpoint() {
    let mut house = House::cutting().await;
    for pauses in 0.. {
        house.forget();
        let first = house.collector_of(Way::Pages, "first");
        let is_ended = dropped_after(first.step(Subject2), pauses).await.is_some();
        house.clock.advance(LEASE + Duration::from_secs(1));
        let taken = house.take_all().await;
        assert_eq!(house.inbox.compact(Subject2).await.unwrap(), taken);
        assert_eq!(taken + collect(&house.collector_of(Way::Pages, "last")).await, 24);
        if is_ended {
            break;
        }
    }
}
