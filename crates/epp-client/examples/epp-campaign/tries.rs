//! Watches every try of every call through the client's own trace events, and holds one promise
//! against them: what creates, starts or pays is sent again by the client only after an answer
//! that says it was not processed (401, 429) or without a connection.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tracing::{
    Event, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt};

use crate::run::Failure;

/// What has been seen so far; clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tries(Arc<Mutex<Seen>>);

#[derive(Debug, Default)]
struct Seen {
    repeated: u64,
    /// Calls that may be repeated and have not been yet, by method and number of the try.
    allowed: BTreeMap<(String, u64), u64>,
    forbidden: u64,
}

/// The fields of one event.
#[derive(Default)]
struct Try {
    method: String,
    attempt: u64,
    status: Option<u64>,
    unconnected: bool,
}

impl Tries {
    /// Starts watching the whole process.
    pub(crate) fn watch() -> Result<Self, Failure> {
        let tries = Self::default();
        let subscriber = tracing_subscriber::registry().with(tries.clone());
        tracing::subscriber::set_global_default(subscriber)?;
        Ok(tries)
    }

    /// How many tries were repetitions.
    pub(crate) fn repeated(&self) -> u64 {
        self.seen().repeated
    }

    /// How many calls were repeated although the first try may have done its work.
    pub(crate) fn forbidden(&self) -> u64 {
        self.seen().forbidden
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, one: &Try) {
        let mut seen = self.seen();
        if one.attempt > 1 {
            seen.repeated += 1;
        }
        if one.method == "GET" {
            return;
        }
        if one.attempt > 1 {
            let allowed = seen.allowed.entry((one.method.clone(), one.attempt)).or_default();
            match allowed.checked_sub(1) {
                Some(left) => *allowed = left,
                None => seen.forbidden += 1,
            }
        }
        if matches!(one.status, Some(401 | 429)) || one.unconnected {
            *seen.allowed.entry((one.method.clone(), one.attempt + 1)).or_default() += 1;
        }
    }
}

impl<S: Subscriber> Layer<S> for Tries {
    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.target().starts_with("common_http")
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut one = Try::default();
        event.record(&mut one);
        if one.attempt > 0 {
            self.note(&one);
        }
    }
}

impl Visit for Try {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "attempt" => self.attempt = value,
            "status" => self.status = Some(value),
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "method" => value.clone_into(&mut self.method),
            "error" => self.unconnected = value == "no connection could be made",
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}
