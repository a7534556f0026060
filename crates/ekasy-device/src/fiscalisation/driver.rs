//! A run of a fiscalisation.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    FiscalisationError, Fiscalised, Order, Outcome, Task, next_task,
    steps::{Ended, Steps},
    task::stand_at,
};
use crate::{
    Client, Error, ErrorKind,
    command::FiscalisationStep,
    device::{Device, DocumentSource},
    journal::{Journal, Stage},
    worker::{
        Event, Options,
        operations::{Operations, Sink, Trouble},
    },
};

/// How often something is tried in one run, as long as it may succeed by itself.
pub(super) const TRIES: u32 = 6;

/// The first wait between two tries; each further one is twice as long.
pub(super) const WAIT: Duration = Duration::from_secs(5);

/// What is done about a CMD09 that may have happened, when its answer did not come.
///
/// What a repeated request is answered is not documented. That a repository which knows it gives
/// the same number again is an **assumption** (CRK facts §6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Unanswered {
    /// It is made again, with the same identifier and the same data, as often as any other row and
    /// by later runs too.
    #[default]
    AskAgain,
    /// The run ends with the error of the call. Later ones end with [`Outcome::Unanswered`] and
    /// send nothing, until one is told to ask again.
    Stop,
}

/// Fiscalises a register; see the [module](super).
///
/// ```no_run
/// use std::sync::Arc;
///
/// use ekasy_device::{
///     Client,
///     device::Device,
///     fiscalisation::{Fiscalisation, Order, Outcome},
///     journal::Journal,
///     worker::Options,
/// };
///
/// # async fn run(client: Client, journal: Journal, device: Arc<dyn Device>, options: Options,
/// #     order: Order) -> Result<(), Box<dyn std::error::Error>> {
/// let fiscalisation = Fiscalisation::new(client, journal, device, options, order);
/// let rehearsal = fiscalisation.rehearse().await?;
/// if rehearsal.objections().is_empty() {
///     match fiscalisation.run().await? {
///         Outcome::Fiscalised(fiscalised) => println!("{}", fiscalised.evidence_number),
///         Outcome::Refused(refusal) => println!("{:?}", refusal.advice()),
///         other => println!("somebody has to look: {other:?}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
pub struct Fiscalisation {
    client: Client,
    journal: Journal,
    device: Arc<dyn Device>,
    options: Options,
    order: Order,
    sink: Sink,
    patience: Duration,
    unanswered: Unanswered,
}

impl Fiscalisation {
    /// A fiscalisation of that register by that order. The journal must be the register's own.
    pub fn new(
        client: Client,
        journal: Journal,
        device: Arc<dyn Device>,
        options: Options,
        order: Order,
    ) -> Self {
        let sink: Sink = Arc::new(|_| {});
        let patience = Duration::from_secs(600);
        let unanswered = Unanswered::default();
        Self { client, journal, device, options, order, sink, patience, unanswered }
    }

    /// Hears of everything that happens.
    #[must_use]
    pub fn on_event(mut self, hear: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.sink = Arc::new(hear);
        self
    }

    /// Sets how long a run waits for the schedule (row 14); ten minutes without it. A later run
    /// goes on waiting. A command that nobody can open is given up after a minute, so less than that
    /// waits for ever behind one.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Sets what is done about a CMD09 whose answer did not come; it is made again without this.
    #[must_use]
    pub fn unanswered(mut self, unanswered: Unanswered) -> Self {
        self.unanswered = unanswered;
        self
    }

    /// Goes on at the first row that is not done, until the end.
    ///
    /// A row that failed and may succeed by itself is tried up to six times, with growing waits;
    /// that includes CMD09, unless [`unanswered`](Self::unanswered) says otherwise. When no
    /// connection can be made, the repository's certificates are fetched anew before the last try.
    ///
    /// # Errors
    ///
    /// [`FiscalisationError`] when a row does not succeed. Run again: nothing is lost.
    pub async fn run(&self) -> Result<Outcome, FiscalisationError> {
        self.journal.held(self.go_on()).await
    }

    async fn go_on(&self) -> Result<Outcome, FiscalisationError> {
        let mut steps = Steps::new(self.operations(), &self.order, self.patience, self.unanswered);
        steps.prepare().await.map_err(|trouble| FiscalisationError::new(None, trouble))?;
        loop {
            let registration = self.journal.registration().await;
            let registration =
                registration.map_err(|error| FiscalisationError::new(None, error.into()))?;
            match next_task(&self.order, &registration) {
                Task::Begin(step) => {
                    let change = |of: &mut _| stand_at(of, step, Stage::Intended);
                    let begun = self.journal.update_registration(change).await;
                    begun.map_err(|error| FiscalisationError::new(Some(step), error.into()))?;
                }
                Task::Do(step) => {
                    let ended = self.attempt(&mut steps, step).await;
                    let ended = ended.map_err(|why| FiscalisationError::new(Some(step), why))?;
                    if let Ended::Stop(outcome) = ended {
                        return Ok(outcome);
                    }
                }
                Task::Nothing => return Ok(fiscalised(registration)),
            }
        }
    }

    /// A row, again and again as long as that makes sense.
    async fn attempt(
        &self,
        steps: &mut Steps<'_>,
        step: FiscalisationStep,
    ) -> Result<Ended, Trouble> {
        let mut wait = WAIT;
        let mut is_unreachable = false;
        for _ in 1..TRIES {
            match steps.perform(step).await {
                Err(Trouble::Call(error)) if self.may_repeat(step, &error) => {
                    let wait = wait.max(error.retry_after().unwrap_or_default());
                    is_unreachable = error.kind() == ErrorKind::Connect;
                    (self.sink)(Event::Failed(error));
                    tokio::time::sleep(wait).await;
                }
                ended => return ended,
            }
            wait *= 2;
        }
        if is_unreachable && step != FiscalisationStep::FetchKeys {
            // The server may have another certificate by now, of which only CMD07 tells.
            let _ = steps.fetch_keys().await;
        }
        steps.perform(step).await
    }

    /// Whether a row is tried again after that error.
    fn may_repeat(&self, step: FiscalisationStep, error: &Error) -> bool {
        let is_request =
            matches!(step, FiscalisationStep::Request | FiscalisationStep::TakeEvidenceNumber);
        let stops = self.unanswered == Unanswered::Stop && is_request && error.may_have_happened();
        error.retryable() && !stops
    }

    pub(super) fn parts(&self) -> (&Client, &Journal, &Arc<dyn Device>, &Order) {
        (&self.client, &self.journal, &self.device, &self.order)
    }

    fn operations(&self) -> Operations {
        let source: Arc<dyn DocumentSource> = Arc::new(self.journal.clone());
        let (client, journal) = (self.client.clone(), self.journal.clone());
        let (device, options) = (Arc::clone(&self.device), self.options.clone());
        Operations::new(client, journal, device, source, options, Arc::clone(&self.sink))
    }
}

/// What stands in the journal when all rows are done.
fn fiscalised(registration: crate::journal::Registration) -> Outcome {
    let schedule = registration.schedule;
    match registration.evidence_number {
        Some(evidence_number) => {
            Outcome::Fiscalised(Box::new(Fiscalised { evidence_number, schedule }))
        }
        None => Outcome::NumberUnknown,
    }
}

impl fmt::Debug for Fiscalisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fiscalisation").field("order", &self.order).finish_non_exhaustive()
    }
}
