//! What every engine must do: one suite, run for each of them on a clock that the suite moves.
//!
//! A new engine gives [`all`] a function that makes an empty store which lives by the given clock.

mod journals;
mod leases;
mod limits;
mod records;

use std::{sync::Arc, time::Duration};

use common_core::clock::ManualClock;
use common_store::{Change, Lease, Store, StoreErrorKind, StoreResult};

/// An empty store and its clock.
pub(crate) struct Scene {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<ManualClock>,
}

/// Runs the whole suite; each part gets an empty store of its own.
pub(crate) async fn all<S: Store + 'static>(make: impl AsyncFn(Arc<ManualClock>) -> S) {
    let fresh = async || {
        let clock = Arc::new(ManualClock::at("2026-03-01T06:00:00Z".parse().unwrap()));
        Scene { store: Arc::new(make(clock.clone()).await), clock }
    };
    journals::all(&fresh).await;
    records::all(&fresh).await;
    leases::all(&fresh).await;
    limits::all(&fresh).await;
}

impl Scene {
    /// A lease that has ended, and whose name somebody else holds now.
    async fn lost_lease(&self) -> Lease {
        let lease = self.store.acquire("work", "first", Duration::from_secs(10)).await.unwrap();
        self.clock.advance(Duration::from_secs(10));
        self.store.acquire("work", "second", Duration::from_secs(10)).await.unwrap().unwrap();
        lease.unwrap()
    }
}

async fn assert_lease_lost<T: std::fmt::Debug>(answer: StoreResult<'_, T>) {
    assert_eq!(answer.await.unwrap_err().kind(), StoreErrorKind::LeaseLost);
}

/// A change that puts a value there for good.
fn put(value: impl Into<Vec<u8>>) -> Change {
    Change::Put { value: value.into(), expires_at: None }
}
