//! The processes of a seed: they are started, heard, killed and replaced.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use common_core::store::{Position, Store};
use ksef_client::v2::{inbox::Inbox, outbox::Outbox, wire::InvoiceQuerySubjectType::Subject2};
use rand::{RngExt, rngs::StdRng};
use sandbox::ksef_v2::{KsefV2, Outage, OutageKind};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, sleep, timeout},
};
use trial::{Failure, child::Child};

use crate::{
    child::CHILD,
    invoices,
    judge::Told,
    moments::{Plan, Way},
    state::Task,
    tally::{Row, Verdict},
};

/// Workers of a fleet.
const WORKERS: usize = 4;

/// A seed that takes longer has got stuck.
const LONGEST: Duration = Duration::from_secs(300);

/// So long a process is waited for that is to be killed at its moment.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// The processes of a seed, and what they said.
pub(crate) struct House<'a> {
    folder: &'a Path,
    task: &'a Task,
    ksef: &'a KsefV2,
    outbox: Outbox,
    inbox: Inbox,
    processes: Vec<Process>,
    mouth: UnboundedSender<(usize, Option<String>)>,
    ear: UnboundedReceiver<(usize, Option<String>)>,
    born: usize,
    pub(crate) told: Told,
    pub(crate) verdict: Verdict,
}

/// A living process.
struct Process {
    number: usize,
    child: Child,
    plan: Option<Plan>,
    /// Whether it is at the moment of its plan.
    is_there: bool,
    /// The leases on tokens that it holds.
    renewing: BTreeSet<String>,
}

impl<'a> House<'a> {
    pub(crate) fn new(
        folder: &'a Path,
        task: &'a Task,
        ksef: &'a KsefV2,
        store: Arc<dyn Store>,
    ) -> Result<Self, Failure> {
        let outbox = Outbox::new(Arc::clone(&store), "seller")?;
        let inbox = Inbox::new(store, "buyer")?;
        let (mouth, ear) = unbounded_channel();
        let (told, verdict) = (Told::default(), Verdict::default());
        let processes = Vec::new();
        Ok(Self {
            folder,
            task,
            ksef,
            outbox,
            inbox,
            processes,
            mouth,
            ear,
            born: 0,
            told,
            verdict,
        })
    }

    /// Processes are started, killed and replaced, and left alone in the end until all is done.
    pub(crate) async fn live_and_die(&mut self, chance: &mut StdRng) -> Result<(), Failure> {
        let is_fleet = self.task.postgres.is_some();
        for number in 0..if is_fleet { WORKERS } else { 1 } {
            let sleeps = is_fleet && number == 0 && chance.random_bool(0.4);
            let plan = if sleeps {
                Plan::to_sleep(self.task, chance)
            } else {
                Plan::to_die(self.task, true, chance)
            };
            self.start(Some(plan))?;
        }
        let outage_at = chance.random_bool(0.3).then(|| chance.random_range(0..3));
        for round in 0..chance.random_range(2..6) {
            let outage = (outage_at == Some(round)).then(|| self.announce());
            let is_aimed = chance.random_bool(0.7);
            let aimed = if is_aimed { self.wait_for_moment().await? } else { None };
            let victim = match aimed {
                Some(victim) => victim,
                None => self.wait_a_little(chance).await?,
            };
            self.kill(victim).await?;
            if let Some(outage) = outage {
                self.ksef.end_outage(outage);
            }
            let plan = Plan::to_die(self.task, false, chance);
            self.start(chance.random_bool(0.8).then_some(plan))?;
        }
        let since = Instant::now();
        while !self.is_done().await? {
            if since.elapsed() > LONGEST {
                let state = self.state().await?;
                self.verdict.lost(format!("the work was not done in two minutes: {state}"));
                break;
            }
            self.hear_for(Duration::from_millis(150)).await?;
        }
        while let Some(last) = self.processes.last() {
            let number = last.number;
            self.bury(number).await?;
        }
        self.verdict.tally.add(Row::Born, self.born as u64);
        Ok(())
    }

    fn start(&mut self, plan: Option<Plan>) -> Result<(), Failure> {
        // In a fleet every worker has a name of its own; a process that is alone is always the same.
        let name = if self.task.postgres.is_some() { self.born } else { 0 };
        let folder = self.folder.to_str().ok_or("the folder has a strange name")?;
        let plan_text = serde_json::to_string(&plan)?;
        let mut child = Child::start([CHILD, folder, &format!("w{name}"), &plan_text])?;
        let mut words = child.words().ok_or("the process has no words")?;
        let (number, mouth) = (self.born, self.mouth.clone());
        std::thread::spawn(move || {
            while let Ok(Some(word)) = words.hear() {
                if mouth.send((number, Some(word))).is_err() {
                    return;
                }
            }
            // Nobody may be there any more to hear of the end.
            let _ = mouth.send((number, None));
        });
        let renewing = BTreeSet::new();
        self.processes.push(Process { number, child, plan, is_there: false, renewing });
        self.born += 1;
        Ok(())
    }

    /// Hears what is said until somebody is at the moment to die in; nobody, if that takes long.
    async fn wait_for_moment(&mut self) -> Result<Option<usize>, Failure> {
        let until = Instant::now() + PATIENCE;
        loop {
            let waits = |process: &&Process| {
                process.is_there && process.plan.is_some_and(|plan| plan.way == Way::Wait)
            };
            if let Some(process) = self.processes.iter().find(waits) {
                return Ok(Some(process.number));
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.hear_one(left).await?;
        }
    }

    /// Hears some words, and lets chance choose.
    async fn wait_a_little(&mut self, chance: &mut StdRng) -> Result<usize, Failure> {
        for _ in 0..chance.random_range(0..24) * self.processes.len() {
            // It rests, as during an outage, when nothing is said for long.
            if !self.hear_one(Duration::from_secs(2)).await? {
                break;
            }
        }
        sleep(Duration::from_micros(chance.random_range(0..60_000))).await;
        Ok(self.processes[chance.random_range(0..self.processes.len())].number)
    }

    async fn hear_for(&mut self, time: Duration) -> Result<(), Failure> {
        let until = Instant::now() + time;
        while self.hear_one(until.saturating_duration_since(Instant::now())).await? {}
        Ok(())
    }

    /// Hears one word; `false` when none came in that time.
    async fn hear_one(&mut self, time: Duration) -> Result<bool, Failure> {
        match timeout(time, self.ear.recv()).await {
            Ok(Some((number, Some(word)))) => self.hear(number, &word),
            Ok(_) => return Err("a process ended by itself".into()),
            Err(_) => return Ok(false),
        }
        Ok(true)
    }

    fn hear(&mut self, number: usize, word: &str) {
        let (word, rest) = word.split_once(' ').unwrap_or((word, ""));
        let tally = &mut self.verdict.tally;
        let process = self.processes.iter_mut().find(|process| process.number == number);
        match (word, process) {
            ("put", _) => {
                self.told.put.insert(rest.to_owned());
            }
            ("rested", _) => tally.count(Row::Rested),
            ("failed", _) => tally.count(Row::Failed),
            ("shared", _) => tally.count(Row::Shared),
            ("resumed", _) => tally.count(Row::Resumed),
            ("waits", _) => tally.count(Row::Waits),
            ("late", _) => self.told.late += 1,
            ("unanswered", _) => self.told.unanswered += 1,
            ("stopped", _) => self.verdict.untrue("a process met a failure for good"),
            ("at", Some(process)) => process.is_there = true,
            ("past", Some(process)) => {
                process.is_there = false;
                if process.plan.is_some_and(|plan| plan.way == Way::Sleep) {
                    self.told.slept += 1;
                }
            }
            ("renewing", Some(process)) => {
                process.renewing.insert(rest.to_owned());
                self.told.renewals += 1;
                let holders = |one: &&Process| one.renewing.contains(rest);
                if self.processes.iter().filter(holders).count() > 1 {
                    self.told.lapsed += 1;
                }
            }
            ("renewed", Some(process)) => {
                process.renewing.remove(rest);
            }
            _ => {}
        }
    }

    fn announce(&mut self) -> u64 {
        self.verdict.tally.count(Row::Outages);
        #[expect(clippy::disallowed_methods, reason = "the outage begins now")]
        let now = DateTime::<Utc>::from(SystemTime::now());
        self.ksef.announce_outage(&Outage::new(OutageKind::Failure, now))
    }

    /// Kills a process, and looks what stood where.
    async fn kill(&mut self, number: usize) -> Result<(), Failure> {
        let dead = self.bury(number).await?;
        if let Some(plan) = dead.plan.filter(|_| dead.is_there) {
            self.verdict.tally.count(plan.moment.row());
        }
        if !dead.renewing.is_empty() {
            self.verdict.tally.count(Row::KilledRenewing);
        }
        self.look().await
    }

    /// Kills a process, and hears everything that it had said.
    async fn bury(&mut self, number: usize) -> Result<Process, Failure> {
        let found = self.processes.iter_mut().find(|process| process.number == number);
        found.ok_or("nobody has that number")?.child.kill_after(Duration::ZERO)?;
        loop {
            match self.ear.recv().await {
                Some((speaker, Some(word))) => self.hear(speaker, &word),
                Some((speaker, None)) if speaker == number => break,
                _ => return Err("a process ended by itself".into()),
            }
        }
        let place = self.processes.iter().position(|process| process.number == number);
        let dead = self.processes.swap_remove(place.ok_or("nobody has that number")?);
        self.told.cut_off += dead.renewing.len() as u64;
        Ok(dead)
    }

    /// What stood where when a process was killed.
    async fn look(&mut self) -> Result<(), Failure> {
        let all = invoices::of_seed(self.task.seed).len();
        let fates = self.outbox.fates(None, 1_000).await?;
        let decided = fates.iter().filter(|(_, fate)| fate.is_final()).count();
        let arrived = self.inbox.arrivals(Subject2, Position::START, 1_000).await?.len();
        let issued = self.ksef.invoices().len();
        let sessions = self.ksef.sessions();
        let has = |kind: &str, codes: std::ops::RangeInclusive<u16>| {
            sessions.iter().any(|one| one.kind == kind && codes.contains(&one.status))
        };
        let seen = [
            (Row::Killed, true),
            (Row::KilledPutting, fates.len() < all),
            (Row::KilledInSession, has("Online", 100..=100)),
            (Row::KilledUploading, has("Batch", 100..=100)),
            (Row::KilledProcessing, has("Online", 150..=199) || has("Batch", 150..=199)),
            (Row::KilledUndecided, decided < issued),
            (Row::KilledCollecting, arrived < issued),
        ];
        for (row, _) in seen.into_iter().filter(|(_, is_met)| *is_met) {
            self.verdict.tally.count(row);
        }
        Ok(())
    }

    /// In what state the work is, for whoever wants to know why it does not end.
    async fn state(&self) -> Result<String, Failure> {
        let fates = self.outbox.fates(None, 1_000).await?;
        let decided = fates.iter().filter(|(_, fate)| fate.is_final()).count();
        let arrived = self.inbox.arrivals(Subject2, Position::START, 1_000).await?.len();
        let (put, issued) = (fates.len(), self.ksef.invoices().len());
        let mut open = BTreeMap::<_, usize>::new();
        for session in self.ksef.sessions().into_iter().filter(|one| one.status < 200) {
            *open.entry((session.kind, session.status)).or_default() += 1;
        }
        Ok(format!("{decided} of {put} decided, {arrived} of {issued} arrived, open: {open:?}"))
    }

    /// Whether every invoice has its fate and everything that is issued has arrived.
    async fn is_done(&self) -> Result<bool, Failure> {
        let fates = self.outbox.fates(None, 1_000).await?;
        let all = invoices::of_seed(self.task.seed).len();
        if fates.len() < all || fates.iter().any(|(_, fate)| !fate.is_final()) {
            return Ok(false);
        }
        let arrived = self.inbox.arrivals(Subject2, Position::START, 1_000).await?.len();
        Ok(arrived >= self.ksef.invoices().len())
    }
}
