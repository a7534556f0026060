//! The machine at work: asks it what to do, does it, tells it what came of it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::{
    Event, Machine, Now, Options, ReadOnly,
    action::{Action, Answer},
    operations::{DUES, Operations, Sink, Trouble, failed},
};
use crate::{
    Client,
    code::ReadOnlyReason,
    device::{Device, DocumentSource},
    journal::{Appended, Document, Journal, JournalError, JournalErrorKind, Schedule},
};

/// Keeps a fiscalised register in touch with the repository; see the [module](super).
pub struct Worker {
    operations: Operations,
    shared: Arc<Shared>,
}

/// What the host may ask of a running worker. Clones ask the same worker.
#[derive(Clone)]
pub struct Handle {
    journal: Journal,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    wishes: Mutex<Wishes>,
    notify: Notify,
}

#[derive(Clone, Copy, Default)]
struct Wishes {
    stop: bool,
    poll: bool,
    read_only: Option<ReadOnlyReason>,
}

impl Worker {
    /// A worker of that register. The journal must be the register's own, and open.
    pub fn new(
        client: Client,
        journal: Journal,
        device: Arc<dyn Device>,
        options: Options,
    ) -> Self {
        let source: Arc<dyn DocumentSource> = Arc::new(journal.clone());
        let sink: Sink = Arc::new(|_| {});
        let operations = Operations::new(client, journal, device, source, options, sink);
        Self { operations, shared: Arc::default() }
    }

    /// Takes the documents that the repository asks for from somewhere else than the journal.
    #[must_use]
    pub fn source(mut self, source: impl DocumentSource + 'static) -> Self {
        self.operations.source = Arc::new(source);
        self
    }

    /// Hears of everything that happens. It is called between two actions, so it must be quick:
    /// whoever has more to do puts the event into a channel.
    #[must_use]
    pub fn on_event(mut self, hear: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.operations.sink = Arc::new(hear);
        self
    }

    /// What the host may ask while the worker runs.
    pub fn handle(&self) -> Handle {
        Handle { journal: self.operations.journal.clone(), shared: Arc::clone(&self.shared) }
    }

    /// Works until it is [stopped](Handle::stop).
    ///
    /// What if the future is dropped, or the process dies? Whatever was under way is found in the
    /// journal by the next run; [`stop`](Handle::stop) only spares it the repetition.
    ///
    /// # Errors
    ///
    /// [`WorkerError`] when the journal is in other hands or cannot be read: only then is going on
    /// of no use. Everything else is tried again.
    pub async fn run(mut self) -> Result<(), WorkerError> {
        let start = match self.operations.prepare().await {
            Ok(start) => start,
            Err(trouble) => return Err(WorkerError::of(trouble)),
        };
        if !start.schedule.as_ref().is_some_and(Schedule::says_when_to_send) {
            self.operations.tell(Event::NoSchedule);
        }
        let clock = Arc::clone(self.operations.client.clock());
        let seed = self.operations.options.seed;
        let timing = self.operations.options.timing;
        let mut machine = Machine::new(timing, start, Now::of(&*clock), seed);
        let mut marks = machine.marks();
        loop {
            self.take_wishes(&mut machine, Now::of(&*clock));
            let facts = match self.operations.facts().await {
                Ok(facts) => facts,
                Err(trouble) => {
                    self.stumble(&mut machine, &Action::Wait(std::time::Duration::ZERO), trouble)?;
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    continue;
                }
            };
            let action = machine.next(Now::of(&*clock), &facts);
            match &action {
                Action::Stop => return self.end(&machine).await,
                Action::Wait(wait) => {
                    // Whether it was the time or somebody's wish is seen by the next question.
                    let _ = tokio::time::timeout(*wait, self.shared.notify.notified()).await;
                    self.told(&mut machine, &action, Answer::Done);
                    continue;
                }
                _ => {}
            }
            let journal = self.operations.journal.clone();
            match journal.held(self.operations.act(&action, machine.smaller())).await {
                Ok(answer) => self.told(&mut machine, &action, answer),
                Err(trouble) => self.stumble(&mut machine, &action, trouble)?,
            }
            if machine.marks() != marks {
                marks = machine.marks();
                let dues = machine.dues(Now::of(&*clock));
                let kept = self.operations.journal.keep(DUES, &dues).await;
                if let Err(error) = kept {
                    self.stumble(&mut machine, &action, error.into())?;
                }
            }
        }
    }

    /// What was wished and is not begun must not be forgotten.
    async fn end(&self, machine: &Machine) -> Result<(), WorkerError> {
        let ReadOnly::Asked(reason) = machine.read_only() else { return Ok(()) };
        self.operations.intend_read_only(reason).await.map_err(WorkerError::of)
    }

    fn take_wishes(&self, machine: &mut Machine, now: Now) {
        let wishes = {
            let mut wishes = self.shared.wishes.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *wishes)
        };
        if wishes.stop {
            machine.stop();
        }
        if wishes.poll {
            machine.poll_now(now);
        }
        if let Some(reason) = wishes.read_only {
            machine.become_read_only(reason);
        }
    }

    fn told(&self, machine: &mut Machine, action: &Action, answer: Answer) {
        let now = Now::of(&**self.operations.client.clock());
        for event in machine.answer(now, action, answer) {
            self.operations.tell(event);
        }
    }

    /// What to do about trouble: a call is made again when its channel is open again, the rest a
    /// little later, unless the journal is gone.
    fn stumble(
        &self,
        machine: &mut Machine,
        action: &Action,
        trouble: Trouble,
    ) -> Result<(), WorkerError> {
        match trouble {
            Trouble::Call(error) => {
                self.told(machine, action, Answer::Failed(failed(&error)));
                self.operations.tell(Event::Failed(error));
            }
            Trouble::Journal(error) if is_the_end(error.kind()) => {
                return Err(WorkerError::Journal(error));
            }
            other => {
                self.told(machine, action, Answer::Stumbled);
                self.operations.tell(Event::Stumbled(other.into()));
            }
        }
        Ok(())
    }
}

impl Handle {
    /// Journals a document and tells the worker, who may have to send it at once.
    ///
    /// # Errors
    ///
    /// As [`Journal::append`].
    pub async fn append(&self, document: Document) -> Result<Appended, JournalError> {
        let appended = self.journal.append(document).await?;
        self.shared.notify.notify_one();
        Ok(appended)
    }

    /// Tells the worker that something was journalled past this handle.
    pub fn journalled(&self) {
        self.shared.notify.notify_one();
    }

    /// Asks the WebApi for commands at once, whatever the schedule says.
    pub fn poll_now(&self) {
        self.wish(|wishes| wishes.poll = true);
    }

    /// Has the register become read-only: the device is told, everything that is left goes out,
    /// and the repository is told (CMD15). **For good**; later runs finish it, also when this one
    /// is [stopped](Self::stop) right behind it. A run that has ended hears no wish.
    pub fn become_read_only(&self, reason: ReadOnlyReason) {
        self.wish(|wishes| wishes.read_only = Some(reason));
    }

    /// Ends the run after the action that is under way. The journal stays open: closing it is the
    /// caller's.
    pub fn stop(&self) {
        self.wish(|wishes| wishes.stop = true);
    }

    fn wish(&self, wish: impl FnOnce(&mut Wishes)) {
        wish(&mut self.shared.wishes.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.notify.notify_one();
    }
}

/// Whether going on is of no use.
fn is_the_end(kind: JournalErrorKind) -> bool {
    matches!(kind, JournalErrorKind::Lost | JournalErrorKind::Corrupt | JournalErrorKind::Busy)
}

/// The worker cannot go on. Nothing is lost: what was journalled is there for the next run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The journal is in other hands, closed, or unreadable; or the run was stopped and could not
    /// journal that the register is to become read-only, so that this has to be wished again.
    #[error("the journal cannot be worked with")]
    Journal(#[source] JournalError),
    /// What the journal holds cannot be used to begin with.
    #[error("the worker cannot begin")]
    Start(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl WorkerError {
    fn of(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Journal(error) => Self::Journal(error),
            other => Self::Start(other.into()),
        }
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("client", &self.operations.client).finish_non_exhaustive()
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("journal", &self.journal).finish_non_exhaustive()
    }
}
