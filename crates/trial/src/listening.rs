//! A listener for everything that is logged, by anybody and at every level.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use tracing::{
    Dispatch, Event, Subscriber,
    field::{Field, Visit},
    span,
    subscriber::DefaultGuard,
};
use tracing_subscriber::{Layer, layer::Context, layer::SubscriberExt, registry::LookupSpan};

/// Everything that anybody says, at every level: the target and the text.
#[derive(Clone, Default)]
pub struct Everything(Arc<Mutex<Vec<(String, String)>>>);

struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Everything {
    /// Listens on this thread until the guard is dropped.
    pub fn heard() -> (Self, DefaultGuard) {
        // While there is only one subscriber, a thread without any decides for all threads that an
        // event it meets first interests nobody. A second one that hears everything prevents that.
        static SECOND: OnceLock<Dispatch> = OnceLock::new();
        SECOND.get_or_init(|| Dispatch::new(tracing_subscriber::registry()));

        let everything = Self::default();
        let subscriber = tracing_subscriber::registry().with(everything.clone());
        (everything, tracing::subscriber::set_default(subscriber))
    }

    fn note(&self, metadata: &tracing::Metadata<'_>, record: impl FnOnce(&mut Text)) {
        let mut text = Text(metadata.name().to_owned());
        record(&mut text);
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push((metadata.target().to_owned(), text.0));
    }

    /// All of it.
    pub fn all(&self) -> Vec<(String, String)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the named crate of this project and those that it is built on said.
    pub fn ours(&self, name: &str) -> Vec<String> {
        let own = |target: &str| target.starts_with(name) || target.starts_with("common_");
        let said = self.all().into_iter().filter(|(target, _)| own(target));
        said.map(|(_, text)| text).collect()
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Everything {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.note(event.metadata(), |text| event.record(text));
    }

    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        self.note(attributes.metadata(), |text| attributes.record(text));
    }
}
