//! A store that takes its time and breaks down when it is told to.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicUsize, Ordering},
};

use common_core::store::{StoreError, StoreResult};
use common_store::MemoryStore;
use tokio::task::yield_now;
use trial::{Around, Wrapped};

/// What a call of a store that breaks down has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Nothing.
    Before,
    /// Everything, and its caller does not know it.
    After,
}

/// A store in memory whose every call waits before and behind its work, so that its callers can be
/// dropped there, and of which one call fails.
pub(crate) type BrittleStore = Wrapped<MemoryStore, Brittle>;

/// What makes a store so; it never fails until it is told to.
#[derive(Debug, Default)]
pub(crate) struct Brittle {
    calls: AtomicUsize,
    breaks: Mutex<Option<(usize, Broken)>>,
}

impl Brittle {
    /// Lets the call fail that comes after so many others.
    pub(crate) fn break_after(&self, calls: usize, how: Broken) {
        let at = self.calls.load(Ordering::Relaxed) + calls;
        *self.breaks.lock().unwrap_or_else(PoisonError::into_inner) = Some((at, how));
    }

    /// How many calls there were.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }
}

impl Around for Brittle {
    fn around<'a, T: Send + 'a>(&'a self, call: StoreResult<'a, T>) -> StoreResult<'a, T> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let planned = *self.breaks.lock().unwrap_or_else(PoisonError::into_inner);
        let broken = planned.filter(|(at, _)| *at == number).map(|(_, how)| how);
        Box::pin(async move {
            yield_now().await;
            if broken == Some(Broken::Before) {
                return Err(StoreError::unavailable("it broke down before"));
            }
            let answer = call.await;
            yield_now().await;
            match broken {
                Some(_) => Err(StoreError::unavailable("it broke down behind")),
                None => answer,
            }
        })
    }
}
