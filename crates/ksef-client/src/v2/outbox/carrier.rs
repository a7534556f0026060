//! Who takes invoices to KSeF.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use common_core::{
    open::Open,
    poll::PollSchedule,
    store::{Change, Expect, Lease},
};
use tokio::time::{Instant, sleep};

use super::{Outbox, journey::Progress, parcel::Parcel};
use crate::v2::{
    Account,
    durable::{DurableError, under_lease},
    latarnia::{Latarnia, State},
    offline::Outage,
};

/// How many parcels are listed at a time.
const SLICE: usize = 16;

/// How long what Latarnia said is believed.
const LAMP_LIFE: Duration = Duration::from_secs(60);

/// Settings of a [`Carrier`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CarrierOptions {
    pub(super) holder: String,
    pub(super) lease: Duration,
    pub(super) session: usize,
    pub(super) batch: usize,
    pub(super) batch_from: usize,
    pub(super) folder: Option<PathBuf>,
    pub(super) at_a_time: usize,
    pub(super) most_parcels: usize,
    pub(super) patience: PollSchedule,
    pub(super) pause: Duration,
}

impl CarrierOptions {
    /// For a carrier of that name, which is unique among those of an outbox: the host's name and a
    /// number, for instance. A carrier of the same name takes over at once what the former one held,
    /// so two that run at the same time must not share a name.
    pub fn new(holder: impl Into<String>) -> Self {
        Self {
            holder: holder.into(),
            lease: Duration::from_secs(60),
            session: 500,
            batch: 10_000,
            batch_from: 100,
            folder: None,
            at_a_time: 8,
            most_parcels: 16,
            patience: PollSchedule::default(),
            pause: Duration::from_secs(5),
        }
    }

    /// How long a parcel stays with a carrier that has died, a minute without it.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How many invoices go into an interactive session at most, 500 without it.
    pub fn session_size(mut self, most: usize) -> Self {
        self.session = most.max(1);
        self
    }

    /// Sends many invoices of one form as batches, whose files are made in that folder: from so many
    /// on, and at most so many in one.
    ///
    /// Each carrier needs a folder of its own.
    pub fn batches(mut self, folder: impl Into<PathBuf>, from: usize, most: usize) -> Self {
        (self.folder, self.batch_from, self.batch) = (Some(folder.into()), from, most.max(1));
        self
    }

    /// How many invoices, or parts of a batch, are sent at the same time, 8 without it.
    pub fn at_a_time(mut self, count: usize) -> Self {
        self.at_a_time = count.max(1);
        self
    }

    /// How a session is waited for in one step, ten minutes without it. Afterwards the parcel rests,
    /// and a later step goes on.
    pub fn patience(mut self, patience: PollSchedule) -> Self {
        self.patience = patience;
        self
    }

    /// How long [`run`](Carrier::run) rests when there is nothing to do, and at least after a
    /// failure; five seconds without it.
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }
}

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
        /// So many of the same parcel are still to be decided about.
        left: usize,
    },
    /// KSeF does not work, says Latarnia, so nothing was sent.
    Resting(Open<State>),
}

/// Takes the invoices of an outbox to KSeF.
///
/// Any number of carriers may work for an outbox, in one process or in many. A future that is
/// dropped, and a process that dies, leave everything in the store; the next step goes on.
pub struct Carrier {
    pub(super) outbox: Outbox,
    pub(super) account: Account,
    pub(super) options: CarrierOptions,
    latarnia: Option<Latarnia>,
    lamp: std::sync::Mutex<Option<(Instant, Arc<Lamp>)>>,
}

/// What Latarnia said last.
struct Lamp {
    state: Option<Open<State>>,
    outages: Vec<Outage>,
}

impl Outbox {
    /// A carrier that works by that account.
    pub fn carrier(&self, account: Account, options: CarrierOptions) -> Carrier {
        let (outbox, lamp) = (self.clone(), std::sync::Mutex::default());
        Carrier { outbox, account, options, latarnia: None, lamp }
    }
}

impl Carrier {
    /// Asks Latarnia before it sends: during an announced outage nothing is sent, and the deadlines
    /// of offline invoices, by which they are sent, know of outages. When Latarnia does not answer,
    /// sending is tried all the same.
    #[must_use]
    pub fn heeding(mut self, latarnia: Latarnia) -> Self {
        self.latarnia = Some(latarnia);
        self
    }

    /// Takes one parcel as far as it goes: to a session, to its end, to the fates of its invoices.
    ///
    /// After an error the parcel stays as it is, and the next step goes on with it.
    pub async fn step(&self) -> Result<Step, DurableError> {
        let lamp = self.look_at_lamp().await;
        let rests = lamp.state.as_ref().filter(|state| is_outage(state));
        if let Some(state) = rests {
            return Ok(Step::Resting(state.clone()));
        }
        self.sort(&lamp.outages).await?;
        let mut carried = None;
        let mut failed = None;
        for (key, _) in self.parcels().await? {
            match self.carry_if_free(&key).await {
                Ok(Some(Progress { decided: 0, left, .. })) if left > 0 => {
                    carried = Some(Step::Carried { decided: 0, left });
                }
                Ok(Some(Progress { decided, left, .. })) => {
                    return Ok(Step::Carried { decided, left });
                }
                Ok(None) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) => Err(error),
            None => Ok(carried.unwrap_or(Step::Idle)),
        }
    }

    /// Works until the future is dropped, or a failure comes that waiting does not help against: a
    /// login that was refused, a permission that lacks, a store that holds something else.
    ///
    /// Other failures are told to `hear`, and tried again after the pause of the options or what the
    /// service asks for.
    pub async fn run(&self, mut hear: impl FnMut(&Result<Step, DurableError>)) -> DurableError {
        loop {
            let step = self.step().await;
            hear(&step);
            let pause = self.options.pause;
            match step {
                Ok(Step::Carried { decided: 1.., .. }) => {}
                Ok(_) => sleep(pause).await,
                Err(error) if error.is_transient() => sleep(error.rest(pause)).await,
                Err(error) => return error,
            }
        }
    }

    /// Carries a parcel unless another carrier has it.
    async fn carry_if_free(&self, key: &str) -> Result<Option<Progress>, DurableError> {
        let work = |lease| async move { self.carry(key, &lease).await };
        Ok(under_lease(&*self.outbox.store, key, self.holder(), work).await?.flatten())
    }

    /// Who holds leases, and how long they last.
    pub(super) fn holder(&self) -> (&str, Duration) {
        (&self.options.holder, self.options.lease)
    }

    /// All parcels with their keys, in the order in which they were made.
    pub(super) async fn parcels(&self) -> Result<Vec<(String, Parcel)>, DurableError> {
        let mut parcels: Vec<(String, Parcel)> = Vec::new();
        loop {
            let after = parcels.last().map(|(key, _)| key.clone());
            let prefix = self.outbox.names.parcels();
            let records = self.outbox.store.list(prefix, after.as_deref(), SLICE).await?;
            if records.is_empty() {
                return Ok(parcels);
            }
            for (key, record) in records {
                parcels.push((key, Parcel::decode(&record.value)?));
            }
        }
    }

    /// What Latarnia says, asked at most once a minute.
    async fn look_at_lamp(&self) -> Arc<Lamp> {
        let Some(latarnia) = &self.latarnia else { return Arc::new(Lamp::dark()) };
        let kept = self.lock().clone();
        if let Some((asked, lamp)) = kept
            && asked.elapsed() < LAMP_LIFE
        {
            return lamp;
        }
        let lamp = Lamp::asked(latarnia).await;
        // Outages that were told once stay told while Latarnia is silent.
        let former = self.lock().take().map(|(_, lamp)| lamp);
        let lamp = Arc::new(lamp.or(former));
        *self.lock() = Some((Instant::now(), Arc::clone(&lamp)));
        lamp
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Arc<Lamp>)>> {
        self.lamp.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Changes a record of the outbox under a lease, whatever stands there.
    pub(super) async fn write(
        &self,
        key: &str,
        value: Vec<u8>,
        lease: &Lease,
    ) -> Result<(), DurableError> {
        let change = Change::Put { value, expires_at: None };
        self.outbox.store.swap(key, Expect::Anything, change, Some(lease)).await?;
        Ok(())
    }
}

impl Lamp {
    fn dark() -> Self {
        Self { state: None, outages: Vec::new() }
    }

    async fn asked(latarnia: &Latarnia) -> Self {
        let state = latarnia.status().await.map(|told| told.status);
        let outages = latarnia.messages().await.map(|told| Outage::of_messages(&told));
        Self { state: state.ok(), outages: outages.unwrap_or_default() }
    }

    fn or(self, former: Option<Arc<Self>>) -> Self {
        match former {
            Some(former) if self.outages.is_empty() => {
                Self { outages: former.outages.clone(), ..self }
            }
            _ => self,
        }
    }
}

fn is_outage(state: &Open<State>) -> bool {
    matches!(state.known(), Some(State::Maintenance | State::Failure | State::TotalFailure))
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Carrier")
            .field("outbox", &self.outbox)
            .field("holder", &self.options.holder)
            .finish_non_exhaustive()
    }
}
