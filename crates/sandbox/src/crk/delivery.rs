//! The way of packages from the Event Hub to the repository, which takes its time and keeps their
//! order.

use std::collections::VecDeque;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;

use super::{Crk, hub};
use crate::front::Mood;

/// A package between the Event Hub and the repository.
pub(super) struct Delivery {
    pub(super) publisher: String,
    pub(super) body: Bytes,
}

impl Crk {
    /// Hands a package over to the repository, which takes packages in their order.
    pub(super) fn deliver(&self, delivery: Delivery) {
        let context = self.context();
        let set = self.with_store(|store| store.settings.processing).to_std().unwrap_or_default();
        let delay = match context.mood {
            Mood::Hostile if set.is_zero() => {
                Duration::from_millis(context.chance.between(0, 2000))
            }
            _ => set,
        };
        self.with_pending(|pending| pending.push_back(delivery));
        if delay.is_zero() {
            self.process_next();
            return;
        }
        let crk = self.clone();
        context.tasks.spawn_job(async move {
            tokio::time::sleep(delay).await;
            crk.process_next();
        });
    }

    /// Has the repository take the package that came first, whoever it was that woke first. The
    /// queue is held meanwhile, so that no other thread passes it.
    fn process_next(&self) {
        self.with_pending(|pending| {
            if let Some(next) = pending.pop_front() {
                hub::process(self, &next);
            }
        });
    }

    fn with_pending<T>(&self, act: impl FnOnce(&mut VecDeque<Delivery>) -> T) -> T {
        act(&mut self.0.pending.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
