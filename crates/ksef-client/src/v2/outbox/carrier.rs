//! Who takes invoices to KSeF.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use common_core::{
    open::Open,
    store::{Record, Version},
};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    CarrierOptions, Outbox,
    journey::{Next, Progress},
    lamp::Lamp,
    parcel::Parcel,
};
use crate::v2::{
    Account,
    batch::BatchState,
    durable::{DurableError, under_lease_kept},
    latarnia::{Latarnia, State},
    offline::{Outage, end_of, polish_day},
};

/// How many parcels are listed at a time.
const SLICE: usize = 16;

/// The service may ask for longer rests than parcels have by themselves.
const SHORTEST_GAP: Duration = Duration::from_secs(2 * 3600);

/// What is put in may wait so long for a parcel that rests.
const SOON: Duration = Duration::from_secs(60);

/// The longest rest of a parcel that fails, as a power of two of pauses.
const LONGEST: u32 = 9;

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// There was nothing to do, or others are at it.
    Idle,
    /// Invoices were taken to KSeF.
    Carried {
        /// So many were decided about.
        decided: usize,
        /// So many of the parcels that this carrier has are still to be decided about.
        left: usize,
    },
    /// KSeF does not work, says Latarnia, so nothing was sent.
    Resting(Open<State>),
}

/// Takes the invoices of an outbox to KSeF.
///
/// Any number of carriers may work for an outbox, in one process or in many. A future that is
/// dropped, and a process that dies, leave everything in the store; the next step goes on.
///
/// One step is made at a time; a second one of the same carrier would take away what the first holds.
/// Parcels have their turns one after the other, the nearest deadline first: a parcel is sent, for a
/// minute at most ([`CarrierOptions::turn`]) unless it is a package, which is made and uploaded in one
/// turn, or its session is looked at once. None waits for another one's session, and what is put in
/// meanwhile joins in.
pub struct Carrier {
    pub(super) outbox: Outbox,
    pub(super) account: Account,
    pub(super) options: CarrierOptions,
    lamp: Option<Lamp>,
    uploads: Mutex<Uploads>,
    watches: Mutex<HashMap<String, Watch>>,
}

/// How far uploads of this carrier are, by the keys of their parcels.
pub(super) type Uploads = HashMap<String, BatchState>;

/// When a parcel has its next turn.
#[derive(Clone, Copy)]
struct Watch {
    looks: u32,
    next: Instant,
    /// How much of its session was seen.
    seen: u64,
}

/// What all parcels did in their turns.
#[derive(Default)]
struct Round {
    decided: usize,
    left: usize,
    next: Option<Instant>,
    failed: Option<DurableError>,
}

/// Why nothing went on.
struct Failure {
    error: DurableError,
    /// Whether nothing else can be done, and waiting does not help.
    is_hopeless: bool,
}

/// A parcel as it is stored.
pub(super) struct Stored {
    pub(super) key: String,
    pub(super) version: Version,
    pub(super) parcel: Parcel,
}

impl Outbox {
    /// A carrier that works by that account.
    pub fn carrier(&self, account: Account, options: CarrierOptions) -> Carrier {
        let (outbox, uploads, watches) = (self.clone(), Mutex::default(), Mutex::default());
        // Nothing else may be held up by a limit that is used up.
        let account = account.impatient(options.turn);
        Carrier { outbox, account, options, lamp: None, uploads, watches }
    }
}

impl Carrier {
    /// Asks Latarnia before it sends: during an announced outage nothing is sent, and outages that it
    /// tells are kept in the outbox, because deadlines move by them. When Latarnia does not answer,
    /// sending is tried all the same.
    #[must_use]
    pub fn heeding(mut self, latarnia: Latarnia) -> Self {
        self.lamp = Some(Lamp::new(latarnia));
        self
    }

    /// Takes invoices to KSeF until it has decided about some of them, or there is nothing to wait
    /// for, or the patience of the options is over.
    ///
    /// A failure is answered when nothing was decided in the same round; all of them are told to
    /// `tracing`. Parcels stay as they are then, and the next step goes on with them.
    pub async fn step(&self) -> Result<Step, DurableError> {
        self.advance().await.map_err(|failure| failure.error)
    }

    /// Works until the future is dropped, or nothing can be done any more and waiting does not help: a
    /// login that was refused, a permission to send that lacks, a store that holds something else.
    ///
    /// Other failures are told to `hear`. A parcel that fails rests by itself, as long as the service
    /// asks for and twice as long each time, up to 512 pauses; the others go on after one pause.
    pub async fn run(&self, mut hear: impl FnMut(&Result<Step, DurableError>)) -> DurableError {
        loop {
            let (step, is_hopeless) = match self.advance().await {
                Ok(step) => (Ok(step), false),
                Err(Failure { error, is_hopeless }) => (Err(error), is_hopeless),
            };
            hear(&step);
            let pause = self.options.pause;
            match step {
                Ok(Step::Carried { decided: 1.., .. }) => {}
                Err(error) if is_hopeless => return error,
                Ok(_) | Err(_) => sleep(pause).await,
            }
        }
    }

    async fn advance(&self) -> Result<Step, Failure> {
        let began = Instant::now();
        loop {
            if let Some(lamp) = &self.lamp
                && let Some(state) = lamp.outage(&self.outbox, self.account.clock().now()).await?
            {
                return Ok(Step::Resting(state));
            }
            let outages = self.outbox.outages().await?;
            self.sort(&outages).await?;
            let Round { decided, left, next, failed } = self.round(&outages).await?;
            match (failed, next) {
                _ if decided > 0 => return Ok(Step::Carried { decided, left }),
                (Some(error), next) => {
                    let is_hopeless = next.is_none() && error.is_about_account();
                    return Err(Failure { error, is_hopeless });
                }
                (None, None) => return Ok(Step::Idle),
                (None, Some(next)) => {
                    // What is put in meanwhile need not wait for those that do.
                    let next = next.min(Instant::now() + self.options.pause);
                    let rest = next.saturating_duration_since(Instant::now());
                    if self.options.patience.next(0, began.elapsed(), Some(rest)).is_none() {
                        return Ok(Step::Carried { decided, left });
                    }
                    sleep_until(next).await;
                }
            }
        }
    }

    /// Gives every parcel its turn, the nearest deadline first.
    async fn round(&self, outages: &[Outage]) -> Result<Round, DurableError> {
        let today = self.end_of_today();
        let mut round = Round::default();
        let mut parcels = Vec::new();
        for stored in self.parcels().await? {
            match stored {
                Ok(stored) => parcels.push(stored),
                Err(error) => round.failed = Some(error),
            }
        }
        parcels.sort_by_cached_key(|one| (one.parcel.due(outages, today), one.key.clone()));
        let keys: HashSet<_> = parcels.iter().map(|one| one.key.clone()).collect();
        self.watches().retain(|key, _| keys.contains(key));
        self.uploads().retain(|key, _| keys.contains(key));
        for Stored { key, parcel, .. } in parcels {
            let watch = self.watches().get(&key).copied();
            if let Some(Watch { next, .. }) = watch.filter(|watch| Instant::now() < watch.next) {
                round.wait(parcel.letters.len(), next);
                continue;
            }
            let seen = watch.map_or(0, |watch| watch.seen);
            match self.carry_if_free(&key, seen).await {
                Ok(Some(progress)) => {
                    round.decided += progress.decided;
                    if progress.left > 0 {
                        round.wait(progress.left, self.watch(&key, progress, Duration::ZERO));
                    }
                }
                Ok(None) => drop(self.watches().remove(&key)),
                Err(error) => {
                    tracing::warn!(%error, parcel = key, "a parcel could not go on");
                    let (decided, left, next) = (0, parcel.letters.len(), Next::Patience);
                    let progress = Progress { decided, left, next, seen };
                    self.watch(&key, progress, error.rest(self.options.pause));
                    round.left += parcel.letters.len();
                    round.failed = round.failed.or(Some(error));
                }
            }
        }
        Ok(round)
    }

    /// Decides when a parcel has its next turn.
    fn watch(&self, key: &str, progress: Progress, least: Duration) -> Instant {
        let Progress { decided, next, seen, .. } = progress;
        let mut watches = self.watches();
        let looks = watches.get(key).map_or(0, |watch| watch.looks);
        let looks = if decided > 0 { 0 } else { looks };
        let pauses = |count: u32| self.pauses(count);
        let rest = match next {
            // The time of the schedule is that of a step, not that of a parcel.
            Next::Look => self.options.patience.next(looks, Duration::ZERO, None),
            Next::Patience => Some(pauses(looks)),
            Next::Session(0) => Some(Duration::ZERO),
            Next::Session(tries) => Some(pauses(tries - 1)),
        };
        let next = Instant::now() + rest.unwrap_or(self.options.pause).max(least);
        watches.insert(key.to_owned(), Watch { looks: looks.saturating_add(1), next, seen });
        next
    }

    /// Whether the next turn of a parcel is so far away that nothing new should wait for it.
    pub(super) fn rests_long(&self, key: &str) -> bool {
        self.watches().get(key).is_some_and(|watch| Instant::now() + SOON < watch.next)
    }

    /// Carries a parcel unless another carrier has it. One whose session is only to be looked at
    /// again stays with this carrier, as long as its lease lasts.
    async fn carry_if_free(&self, key: &str, seen: u64) -> Result<Option<Progress>, DurableError> {
        let work = |lease| async move { self.carry(key, seen, &lease).await };
        let is_kept = |done: &Option<Progress>| {
            done.as_ref().is_some_and(|progress| progress.left > 0 && progress.next == Next::Look)
        };
        let store = &*self.outbox.store;
        let done = under_lease_kept(store, key, self.holder(), work, is_kept).await?;
        Ok(done.flatten())
    }

    /// So many pauses, doubled each time.
    fn pauses(&self, count: u32) -> Duration {
        self.options.pause * 2_u32.pow(count.min(LONGEST))
    }

    /// After so long without a try of a parcel nobody carried it: no parcel rests that long.
    pub(super) fn gap(&self) -> Duration {
        (self.pauses(LONGEST) * 2).max(SHORTEST_GAP)
    }

    /// When a turn that begins now is over.
    pub(super) fn end_of_turn(&self) -> Instant {
        Instant::now() + self.options.turn
    }

    /// Who holds leases, and how long they last.
    pub(super) fn holder(&self) -> (&str, Duration) {
        (&self.options.holder, self.options.lease)
    }

    /// When this day is over in Poland.
    pub(super) fn end_of_today(&self) -> DateTime<Utc> {
        end_of(polish_day(self.account.clock().now()))
    }

    /// All parcels, in the order in which they were made. One that cannot be read, as it may be that
    /// a newer version of this program wrote it, is an error of its own.
    pub(super) async fn parcels(&self) -> Result<Vec<Result<Stored, DurableError>>, DurableError> {
        let mut parcels = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let prefix = self.outbox.names.parcels();
            let records = self.outbox.store.list(prefix, after.as_deref(), SLICE).await?;
            let Some((last, _)) = records.last() else { return Ok(parcels) };
            after = Some(last.clone());
            let read = |(key, record): (String, Record)| {
                let parcel = Parcel::decode(&record.value)?;
                Ok(Stored { key, version: record.version, parcel })
            };
            parcels.extend(records.into_iter().map(read));
        }
    }

    pub(super) fn uploads(&self) -> MutexGuard<'_, Uploads> {
        self.uploads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn watches(&self) -> MutexGuard<'_, HashMap<String, Watch>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<DurableError> for Failure {
    fn from(error: DurableError) -> Self {
        let is_hopeless = !error.is_transient();
        Self { error, is_hopeless }
    }
}

impl Round {
    fn wait(&mut self, left: usize, next: Instant) {
        self.left += left;
        self.next = Some(self.next.map_or(next, |known| known.min(next)));
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier")
            .field("outbox", &self.outbox)
            .field("holder", &self.options.holder)
            .finish_non_exhaustive()
    }
}
