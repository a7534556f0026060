//! Watches every try of every call through the trace events of the send loop, and holds one
//! promise against them: a call that changes something is sent again only after an answer that
//! says that nothing was done, or without a connection.

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

use crate::Failure;

/// Which calls are watched, and what gives leave to repeat one.
#[derive(Clone, Copy, Debug)]
pub struct Leave {
    /// Methods of calls that change something.
    pub methods: &'static [&'static str],
    /// Statuses that say that nothing was done.
    pub statuses: &'static [u64],
}

/// What has been seen so far; clones share it.
#[derive(Clone, Debug)]
pub struct Tries {
    leave: Leave,
    seen: Arc<Mutex<Seen>>,
}

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
    ///
    /// # Errors
    ///
    /// When somebody watches already.
    pub fn watch(leave: Leave) -> Result<Self, Failure> {
        let tries = Self { leave, seen: Arc::default() };
        let subscriber = tracing_subscriber::registry().with(tries.clone());
        tracing::subscriber::set_global_default(subscriber)?;
        Ok(tries)
    }

    /// How many tries were repetitions.
    pub fn repeated(&self) -> u64 {
        self.seen().repeated
    }

    /// How many calls were repeated although the first try may have done its work.
    pub fn forbidden(&self) -> u64 {
        self.seen().forbidden
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, one: &Try) {
        let mut seen = self.seen();
        if one.attempt > 1 {
            seen.repeated += 1;
        }
        if !self.leave.methods.contains(&one.method.as_str()) {
            return;
        }
        if one.attempt > 1 {
            let allowed = seen.allowed.entry((one.method.clone(), one.attempt)).or_default();
            match allowed.checked_sub(1) {
                Some(left) => *allowed = left,
                None => seen.forbidden += 1,
            }
        }
        let says_nothing_was_done =
            one.status.is_some_and(|status| self.leave.statuses.contains(&status));
        if says_nothing_was_done || one.unconnected {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn tries() -> Tries {
        let leave = Leave { methods: &["POST"], statuses: &[429] };
        Tries { leave, seen: Arc::default() }
    }

    fn one(method: &str, attempt: u64, status: Option<u64>) -> Try {
        Try { method: method.into(), attempt, status, unconnected: false }
    }

    #[test]
    fn a_repetition_after_a_refusal_is_allowed_once() {
        let tries = tries();
        tries.note(&one("POST", 1, Some(429)));
        tries.note(&one("POST", 2, Some(200)));
        assert_eq!((tries.repeated(), tries.forbidden()), (1, 0));
        tries.note(&one("POST", 2, Some(200)));
        assert_eq!((tries.repeated(), tries.forbidden()), (2, 1));
    }

    #[test]
    fn a_repetition_after_an_unknown_outcome_is_forbidden() {
        let tries = tries();
        tries.note(&one("POST", 1, None));
        tries.note(&one("POST", 2, Some(200)));
        assert_eq!(tries.forbidden(), 1);
    }

    #[test]
    fn calls_that_change_nothing_may_be_repeated() {
        let tries = tries();
        tries.note(&one("GET", 1, Some(503)));
        tries.note(&one("GET", 2, Some(200)));
        assert_eq!((tries.repeated(), tries.forbidden()), (1, 0));
    }
}
