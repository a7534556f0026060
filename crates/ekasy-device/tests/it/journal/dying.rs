//! A store that stops in the midst of its work.

use std::{
    future::pending,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use common_core::store::{StoreError, StoreResult};
use common_store::MemoryStore;
use trial::{Around, Wrapped};

/// When the operation that fails has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// It has not.
    Before,
    /// It has, and nobody is told.
    After,
}

/// What goes wrong at that operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing works from then on, as after a kill.
    Death,
    /// It answers an error, and the next operation works again.
    Error,
    /// It never answers; whoever waits gives up.
    Silence,
}

/// A store in memory that fails.
pub(crate) type Dying = Wrapped<MemoryStore, Failing>;

/// Lets operation number `at`, counted from 1, fail, and perhaps a later one.
#[derive(Clone, Debug)]
pub(crate) struct Failing {
    at: usize,
    /// The number of a second operation that fails; none at 0.
    again: usize,
    moment: Moment,
    fault: Fault,
    done: Arc<AtomicUsize>,
}

impl Failing {
    pub(crate) fn new(at: usize, moment: Moment, fault: Fault) -> Self {
        Self { at, again: 0, moment, fault, done: Arc::default() }
    }

    /// The operation so many later fails as well.
    pub(crate) fn and_again(self, later: usize) -> Self {
        Self { again: self.at + later, ..self }
    }

    /// Whether the operation that fails was reached.
    pub(crate) fn has_failed(&self) -> bool {
        self.done.load(Ordering::SeqCst) >= self.at
    }
}

impl Around for Failing {
    fn around<'a, T: Send + 'a>(&'a self, act: StoreResult<'a, T>) -> StoreResult<'a, T> {
        let number = self.done.fetch_add(1, Ordering::SeqCst) + 1;
        let (at, moment, fault) = (self.at, self.moment, self.fault);
        let is_cut = number == at || number == self.again;
        Box::pin(async move {
            if number < at || (!is_cut && fault != Fault::Death) {
                return act.await;
            }
            if is_cut && moment == Moment::After {
                act.await?;
            }
            if fault == Fault::Silence {
                pending::<()>().await;
            }
            Err(StoreError::unavailable("the power is off"))
        })
    }
}
