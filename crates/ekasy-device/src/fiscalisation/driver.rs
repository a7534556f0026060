//! A run of a fiscalisation.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    FiscalisationError, Fiscalised, Order, Outcome, Task, next_task,
    steps::{Ended, Steps},
    task::stand_at,
};
use crate::{
    Client,
    command::FiscalisationStep,
    device::{Device, DocumentSource},
    journal::{Journal, Stage},
    worker::{
        Event, Options,
        operations::{Operations, Sink, Trouble},
    },
};

/// How often a row is tried in one run, as long as it may succeed by itself.
const TRIES: u32 = 6;

/// The first wait between two tries.
const WAIT: Duration = Duration::from_secs(5);

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
        Self { client, journal, device, options, order, sink, patience }
    }

    /// Hears of everything that happens.
    #[must_use]
    pub fn on_event(mut self, hear: impl Fn(Event) + Send + Sync + 'static) -> Self {
        self.sink = Arc::new(hear);
        self
    }

    /// Sets how long a run waits for the schedule (row 14); ten minutes without it. A later run
    /// goes on waiting.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Goes on at the first row that is not done, until the end.
    ///
    /// A row that failed and may succeed by itself is tried up to six times, with growing waits.
    ///
    /// # Errors
    ///
    /// [`FiscalisationError`] when a row does not succeed. Run again: nothing is lost.
    pub async fn run(&self) -> Result<Outcome, FiscalisationError> {
        self.journal.held(self.go_on()).await
    }

    async fn go_on(&self) -> Result<Outcome, FiscalisationError> {
        let mut steps = Steps::new(self.operations(), &self.order, self.patience);
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
        for _ in 1..TRIES {
            match steps.perform(step).await {
                Err(Trouble::Call(error)) if error.retryable() => {
                    let wait = wait.max(error.retry_after().unwrap_or_default());
                    (self.sink)(Event::Failed(error));
                    tokio::time::sleep(wait).await;
                }
                ended => return ended,
            }
            wait *= 2;
        }
        steps.perform(step).await
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
