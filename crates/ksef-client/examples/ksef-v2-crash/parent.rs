//! One seed: the sandbox, the wire, the processes and their deaths.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, Utc};
use common_core::store::Position;
use http::Method;
use ksef_client::v2::wire::InvoiceQuerySubjectType::Subject2;
use rand::{RngExt, rngs::StdRng};
use sandbox::{
    Sandbox,
    fault::{Fault, Rule, Turn},
    ksef_v2::{KsefV2, Limits, Outage, OutageKind},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, sleep, timeout},
};
use trial::{Failure, Relay, Tearing, child::Child};

use crate::{
    child::CHILD,
    invoices::{self, BUYER, SELLER, rng},
    judge::{self, Told},
    state::Task,
    tally::{Row, Verdict},
};

/// Workers of a fleet.
const WORKERS: usize = 4;

/// A seed that takes longer has got stuck.
const LONGEST: Duration = Duration::from_secs(120);

/// Paths at which answers get lost.
const PATHS: [(Method, &str); 8] = [
    (Method::POST, "/sessions/online"),
    (Method::POST, "/sessions/online/{referenceNumber}/invoices"),
    (Method::POST, "/sessions/online/{referenceNumber}/close"),
    (Method::POST, "/sessions/batch"),
    (Method::POST, "/sessions/batch/{referenceNumber}/close"),
    (Method::GET, "/sessions/{referenceNumber}"),
    (Method::GET, "/sessions/{referenceNumber}/invoices"),
    (Method::POST, "/invoices/query/metadata"),
];

/// Runs one seed.
pub(crate) async fn seed(seed: u64, postgres: Option<&str>) -> Result<Verdict, Failure> {
    let mut chance = rng(seed, 2);
    let sandbox = Sandbox::builder().seed(seed).start().await?;
    let ksef = sandbox.ksef_v2();
    ksef.set_limits(Limits::none());
    ksef.set_pace(Duration::from_millis(chance.random_range(0..40)));
    ksef.set_high_water_lag(Duration::from_millis(chance.random_range(0..200)));
    disturb(ksef, &mut chance);
    let service = address(&ksef.base_url())?;
    let tearing = Tearing { in_ten: chance.random_range(0..3), ..Tearing::default() };
    let relay = Relay::start(service, tearing, rng(seed, 3)).await?;
    let folder = tempfile::tempdir()?;
    let is_fleet = postgres.is_some() && matches!(seed % 5, 0 | 2);
    let through = |url: String| url.replace(&service.to_string(), &relay.address().to_string());
    let task = Task {
        seed,
        api: through(ksef.base_url()),
        latarnia: through(ksef.latarnia_url()),
        tokens: [token(ksef, SELLER)?, token(ksef, BUYER)?],
        postgres: postgres
            .filter(|_| is_fleet)
            .map(|url| [url.to_owned(), format!("crash_{seed}")]),
        batches: chance.random_bool(0.5),
        documents: chance.random_bool(0.4),
        lease: if is_fleet { 1_500 } else { 20_000 },
    };
    task.write(folder.path())?;

    let mut house = House::new(folder.path(), &task, ksef);
    house.verdict.tally.count(if is_fleet { Row::SeedsFleet } else { Row::SeedsAlone });
    house.live_and_die(is_fleet, &mut chance).await?;
    ksef.settle().await;
    let House { mut verdict, told, .. } = house;
    verdict.tally.add(Row::Torn, relay.torn());
    judge::judge(&mut verdict, &task, folder.path(), ksef, &told).await?;
    drop(relay);
    sandbox.shutdown().await?;
    Ok(verdict)
}

/// Lets answers get lost, and calls take their time.
fn disturb(ksef: &KsefV2, chance: &mut StdRng) {
    for (method, path) in &PATHS {
        let ms = chance.random_range(0..25);
        ksef.faults().push(Rule::new(Fault::DelayBefore { ms }).on(method, path));
        for _ in 0..chance.random_range(0..3) {
            let fault = match chance.random_range(0..5) {
                0 => Fault::LoseAnswer,
                1 => Fault::MaskAnswer { status: 502 },
                2 => Fault::DropRequest,
                3 => Fault::CutAnswer { after: chance.random_range(0..120) },
                _ => Fault::Reply { status: 503, retry_after: None },
            };
            let turn = Turn::Nth(chance.random_range(1..8));
            ksef.faults().push(Rule::new(fault).on(method, path).turn(turn));
        }
    }
}

/// The processes of a seed, and what they said.
struct House<'a> {
    folder: &'a Path,
    task: &'a Task,
    ksef: &'a KsefV2,
    told: Told,
    verdict: Verdict,
    born: usize,
}

/// A process with what it says.
struct Process {
    child: Child,
    words: UnboundedReceiver<String>,
}

impl<'a> House<'a> {
    fn new(folder: &'a Path, task: &'a Task, ksef: &'a KsefV2) -> Self {
        let (told, verdict) = (Told::default(), Verdict::default());
        Self { folder, task, ksef, told, verdict, born: 0 }
    }

    /// Processes are started, killed and replaced, and left alone in the end until all is done.
    async fn live_and_die(&mut self, is_fleet: bool, chance: &mut StdRng) -> Result<(), Failure> {
        let mut processes = Vec::new();
        for _ in 0..if is_fleet { WORKERS } else { 1 } {
            processes.push(self.start()?);
        }
        let outage_at = chance.random_bool(0.3).then(|| chance.random_range(0..3));
        for round in 0..chance.random_range(2..6) {
            let outage = (outage_at == Some(round)).then(|| self.announce());
            self.listen(&mut processes, chance).await?;
            let victim = chance.random_range(0..processes.len());
            let mut dead = processes.swap_remove(victim);
            dead.kill()?;
            self.look().await?;
            while let Some(word) = dead.words.recv().await {
                self.hear(&word);
            }
            if let Some(outage) = outage {
                self.ksef.end_outage(outage);
            }
            processes.push(self.start()?);
        }
        let since = Instant::now();
        while !self.is_done().await? {
            if since.elapsed() > LONGEST {
                self.verdict.lost("the work was not done in two minutes");
                break;
            }
            sleep(Duration::from_millis(150)).await;
            for process in &mut processes {
                while let Ok(word) = process.words.try_recv() {
                    self.hear(&word);
                }
            }
        }
        for mut process in processes {
            process.kill()?;
            while let Some(word) = process.words.recv().await {
                self.hear(&word);
            }
        }
        Ok(())
    }

    fn start(&mut self) -> Result<Process, Failure> {
        // In a fleet every worker has a name of its own; a process that is alone is always the same.
        let name = if self.task.postgres.is_some() { self.born } else { 0 };
        self.born += 1;
        let folder = self.folder.to_str().ok_or("the folder has a strange name")?;
        Process::start([CHILD, folder, &format!("w{name}")])
    }

    /// Hears words until the seed's moment.
    async fn listen(&mut self, all: &mut [Process], chance: &mut StdRng) -> Result<(), Failure> {
        let words = chance.random_range(0..24);
        let which = chance.random_range(0..all.len());
        for _ in 0..words {
            match timeout(Duration::from_secs(2), all[which].words.recv()).await {
                Ok(Some(word)) => self.hear(&word),
                Ok(None) => return Err("a process ended by itself".into()),
                // It rests, as during an outage.
                Err(_) => break,
            }
        }
        sleep(Duration::from_micros(chance.random_range(0..60_000))).await;
        Ok(())
    }

    fn hear(&mut self, word: &str) {
        match word.split_once(' ') {
            Some(("put", hash)) => {
                self.told.put.insert(hash.to_owned());
            }
            _ if word == "rested" => self.verdict.tally.count(Row::Rested),
            _ if word == "failed" => self.verdict.tally.count(Row::Failed),
            _ if word == "stopped" => self.verdict.untrue("a process met a failure for good"),
            _ => {}
        }
    }

    fn announce(&mut self) -> u64 {
        self.verdict.tally.count(Row::Outages);
        #[expect(clippy::disallowed_methods, reason = "the outage begins now")]
        let now = DateTime::<Utc>::from(SystemTime::now());
        self.ksef.announce_outage(&Outage::new(OutageKind::Failure, now))
    }

    /// What stood where when a process was killed.
    async fn look(&mut self) -> Result<(), Failure> {
        let (outbox, inbox) = self.task.boxes(self.folder).await?;
        let all = invoices::of_seed(self.task.seed).len();
        let fates = outbox.fates(None, 1_000).await?;
        let decided = fates.iter().filter(|(_, fate)| fate.is_final()).count();
        let arrived = inbox.arrivals(Subject2, Position::START, 1_000).await?.len();
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

    /// Whether every invoice has its fate and everything that is issued has arrived.
    async fn is_done(&self) -> Result<bool, Failure> {
        let (outbox, inbox) = self.task.boxes(self.folder).await?;
        let fates = outbox.fates(None, 1_000).await?;
        let all = invoices::of_seed(self.task.seed).len();
        if fates.len() < all || fates.iter().any(|(_, fate)| !fate.is_final()) {
            return Ok(false);
        }
        let arrived = inbox.arrivals(Subject2, Position::START, 1_000).await?.len();
        Ok(arrived >= self.ksef.invoices().len())
    }
}

impl Process {
    fn start<const N: usize>(arguments: [&str; N]) -> Result<Self, Failure> {
        let mut child = Child::start(arguments)?;
        let mut out = child.words().ok_or("the process has no words")?;
        let (said, words) = unbounded_channel();
        std::thread::spawn(move || {
            while let Ok(Some(word)) = out.hear() {
                if said.send(word).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, words })
    }

    fn kill(&mut self) -> Result<(), Failure> {
        self.child.kill_after(Duration::ZERO).map(drop)
    }
}

fn token(ksef: &KsefV2, nip: &str) -> Result<String, Failure> {
    Ok(ksef.token(nip).ok_or("the sandbox has no token of a company")?)
}

/// The address in a base URL.
fn address(url: &str) -> Result<std::net::SocketAddr, Failure> {
    let rest = url.split("://").nth(1).ok_or("the base URL has no scheme")?;
    Ok(rest.split('/').next().unwrap_or_default().parse()?)
}
