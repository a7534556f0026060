//! One seed from its beginning to its verdict.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use common_core::secret::secret_bytes;
use common_http::VirtualClock;
use common_store::{MemoryStore, SealKey};
use ekasy_device::{
    Client, Environment,
    channel::Tls,
    journal::{Journal, Options as JournalOptions},
};
use rand::RngExt;
use sandbox::{
    Sandbox,
    crk::{Command, Crk, Kind, Register, State},
};
use tokio::time::sleep;
use trial::{Failure, Relay, Tearing, Verdict};

use crate::{
    entries::answered,
    judge::{Life, judge},
    life::{Progress, fiscalise, work},
    orders::{command, rng, timetable},
    plan::{plan, row},
    register::{Given, Make, credentials},
    still::Still,
    tally::Row,
    told::Told,
};

/// When the first day begins.
const MORNING: &str = "2026-03-02T06:00:00Z";

/// After this much time on a healed network everything must have arrived.
const PATIENCE: u32 = 6 * 24 * 3;

/// Everything that stands around one register.
pub(crate) struct Scene {
    pub(crate) seed: u64,
    pub(crate) sandbox: Sandbox,
    pub(crate) register: Register,
    pub(crate) make: Make,
    pub(crate) log: Arc<Mutex<String>>,
    clock: Arc<VirtualClock>,
    store: Arc<MemoryStore>,
    relays: BTreeMap<u16, Relay>,
}

pub(crate) async fn play(seed: u64) -> Result<Verdict<Row>, Failure> {
    let scene = Scene::set(seed).await?;
    let mut verdict = Verdict::default();
    for rule in plan(seed) {
        scene.crk().faults().push(rule);
    }
    let mut progress = Progress::default();
    if fiscalise(&scene, &mut progress, &mut verdict).await? {
        work(&scene, &mut progress, &mut verdict).await?;
    }
    for fault in scene.crk().faults().met() {
        verdict.tally.count(row(fault));
    }
    let torn = scene.relays.values().map(Relay::torn).sum();
    verdict.tally.add(Row::TornRequest, torn);
    scene.conclude(&progress, &mut verdict).await?;
    scene.sandbox.shutdown().await?;
    Ok(verdict)
}

impl Scene {
    async fn set(seed: u64) -> Result<Self, Failure> {
        let morning: DateTime<Utc> = MORNING.parse()?;
        let builder = Sandbox::builder().seed(seed).starting_at(morning);
        let builder = if seed.is_multiple_of(5) { builder.hostile() } else { builder.calm() };
        let sandbox = builder.start().await?;
        let clock = Arc::new(VirtualClock::starting_at(morning));
        let crk = sandbox.crk();
        crk.set_timetable(timetable(seed));
        crk.set_token_life(Duration::from_secs(600 + seed % 7 * 1000));
        let (kind, make) = match seed % 2 {
            0 => (Kind::Software, Make::Software),
            _ => (Kind::Hardware, Make::Hardware),
        };
        let register = crk.registers().into_iter().find(|register| register.kind == kind);
        let register = register.ok_or("the sandbox has no such register")?;
        let mut relays = BTreeMap::new();
        for (part, address) in [crk.cpd_url(), crk.webapi_url(), crk.hub_url()].iter().enumerate() {
            let address: std::net::SocketAddr = address.trim_start_matches("https://").parse()?;
            let chance = rng(seed, 10 + part as u64);
            let relay = Relay::start(address, Tearing::default(), chance).await?;
            relays.insert(address.port(), relay);
        }
        let store = Arc::new(MemoryStore::new(clock.clone()));
        let log = Arc::default();
        Ok(Self { seed, sandbox, register, make, log, clock, store, relays })
    }

    pub(crate) fn crk(&self) -> &Crk {
        self.sandbox.crk()
    }

    pub(crate) fn number(&self) -> &str {
        &self.register.unique_number
    }

    pub(crate) async fn journal(&self) -> Result<Journal, Failure> {
        let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
        let options = JournalOptions::new(self.number().parse()?, "till", key);
        let lease = Duration::from_secs(30 * 24 * 3600);
        Ok(Journal::open(self.store.clone(), options.lease(lease)).await?)
    }

    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let crk = self.crk();
        let (tls, encryption) = (self.register.tls(), self.register.encryption());
        let identity =
            [tls.certificate_pem(), self.register.producer_pem(), tls.key_pem().to_owned()];
        let tls =
            Tls::new("ekasy-faults", secret_bytes(identity.concat().into_bytes()), crk.ca_pem());
        let ways = self.relays.iter().map(|(port, relay)| (*port, relay.address().port()));
        let environment = Environment::at(crk.cpd_url(), crk.webapi_url(), crk.hub_url())?;
        let given = Given {
            tls: self.register.tls().certificate_der(),
            encryption: encryption.certificate_der(),
            key: encryption.key_der(),
            producer: self.register.producer_der(),
        };
        let connect = Still { tls, ways: ways.collect() };
        let number = self.number().parse()?;
        let builder = Client::builder(number, environment, connect, credentials(given)?);
        Ok(builder.clock(self.clock.clone()).build()?)
    }

    /// Gives the register something to do. Documents are asked for once they have arrived.
    pub(crate) fn ask(&self, which: u64) {
        let highest = self.crk().archive(self.number()).highest;
        let chosen = match command(self.seed, which, highest) {
            Command::Documents { .. } if highest == 0 => Command::QrCode { threshold: -1 },
            chosen => chosen,
        };
        self.crk().queue(self.number(), chosen);
    }

    /// No faults from now on.
    pub(crate) fn heal(&self) {
        self.crk().faults().clear();
        self.relays.values().for_each(Relay::calm_down);
    }

    /// Waits until nothing is left to do; false when that never comes.
    pub(crate) async fn rest(&self, journal: &Journal, last: u64) -> Result<bool, Failure> {
        for _ in 0..PATIENCE {
            sleep(Duration::from_secs(600)).await;
            let commands = self.crk().commands(self.number());
            let is_confirmed = commands.iter().all(|one| one.confirmation.is_some());
            let has_all = self.crk().archive(self.number()).highest >= last;
            let is_ended = self.crk().state(self.number()) == Some(State::ReadOnly);
            let is_empty = journal.waiting().await? == 0
                && journal.open_commands().await?.is_empty()
                && journal.progress().await?.sent == journal.progress().await?.journalled;
            if is_confirmed && has_all && is_empty && (is_ended || !self.ends_read_only()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(crate) fn ends_read_only(&self) -> bool {
        self.seed.is_multiple_of(3)
    }

    /// Holds everything together.
    async fn conclude(
        &self,
        progress: &Progress,
        verdict: &mut Verdict<Row>,
    ) -> Result<(), Failure> {
        self.sandbox.settle().await;
        let text = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let told = Told::read(&text)?;
        let commands = self.crk().commands(self.number());
        told.judge_commands(&commands, verdict);
        let registration = self.journal().await?.registration().await?;
        let Some(evidence) = registration.evidence_number else {
            verdict.lost("the journal has no evidence number");
            return Ok(());
        };
        told.judge_evidence(evidence.as_str(), verdict);
        let asked = commands.iter().map(|one| match one.command {
            Command::Documents { from, to, .. } => answered(from, to),
            _ => 0,
        });
        let life = Life {
            seed: self.seed,
            last: progress.last,
            requested: asked.sum(),
            evidence: evidence.as_str(),
            is_read_only: self.ends_read_only(),
        };
        let archive = self.crk().archive(self.number());
        let standing = self.crk().standing(self.number()).ok_or("the register is unknown")?;
        judge(&life, &archive, &standing, verdict)?;
        for one in self.crk().unexpected() {
            if !archive.violations.contains(&one.what) {
                verdict.untrue(format!("the register sent what it must not: {}", one.what));
            }
        }
        let asked = self.crk().statistics().cpd.get("MFP").copied().unwrap_or_default();
        verdict.tally.add(Row::AskedAgain, asked.saturating_sub(1));
        verdict.tally.add(Row::Ended, u64::from(self.ends_read_only()));
        Ok(())
    }

    /// A time between the shortest and the longest, in seconds.
    pub(crate) fn seconds(
        random: &mut rand::rngs::StdRng,
        shortest: u64,
        longest: u64,
    ) -> Duration {
        Duration::from_millis(random.random_range(shortest * 1000..longest * 1000))
    }
}
