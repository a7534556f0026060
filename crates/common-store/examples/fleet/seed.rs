//! One seed: starts the workers, hits them as planned, and gathers what is to be judged.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use common_core::clock::{Clock as _, SystemClock};
use common_store::{
    Change, Entries, Expect, Journals as _, Position, PostgresStore, Records as _,
    postgres::PostgresOptions,
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    time::{Instant, sleep},
};
use tokio_postgres::{Client, NoTls};

use crate::{
    Failure,
    judge::{self, Evidence, Fate, Line, Verdict},
    plan::{
        Blow, DONE, ENTRIES, EXPIRED, JOURNAL, LIMIT, LONGEST, Plan, SHORTEST, STOPPED, TOKEN,
        Target, WORKERS,
    },
    report::{Report, micros},
};

/// How often the parent looks.
const GLANCE: Duration = Duration::from_millis(10);

/// How often it looks into the database.
const LOOK: Duration = Duration::from_millis(200);

/// Places may have been forgotten, unseen, when more time than this lay between two looks.
const LONGEST_LOOK: Duration = Duration::from_millis(800);

/// Runs one seed.
pub(crate) async fn run(seed: u64, url: &str) -> Result<Verdict, Failure> {
    let schema = format!("seed_{seed}");
    let store = PostgresStore::connect_with(PostgresOptions::new(url)?.schema(&schema)).await?;
    let entries = (0..ENTRIES).map(|number| number.to_string().into_bytes()).collect();
    let places = store.append(JOURNAL, entries, None).await?;
    let token = Change::Put { value: EXPIRED.to_vec(), expires_at: None };
    store.swap(TOKEN, Expect::Absent, token, None).await?;

    let mut fleet = Fleet::new(url, &schema).await?;
    for _ in 0..WORKERS {
        fleet.hire()?;
    }
    let worked = fleet.watch(&store, Plan::of(seed)).await;
    fleet.dismiss();
    worked?;
    fleet.evidence.places = places.iter().map(|place| place.number()).collect();
    fleet.evidence.open = open(&store).await?;
    fleet.evidence.done = done(&store).await?;
    fleet.evidence.token = token_of(&store).await?;
    fleet.database.batch_execute(&format!("DROP SCHEMA {schema} CASCADE")).await?;
    Ok(judge::judge(&fleet.evidence))
}

/// The workers of one seed.
struct Fleet {
    url: String,
    schema: String,
    database: Client,
    clock: SystemClock,
    /// All that ever ran, by their number.
    workers: Vec<Child>,
    lines: (UnboundedSender<Line>, UnboundedReceiver<Line>),
    evidence: Evidence,
}

impl Fleet {
    async fn new(url: &str, schema: &str) -> Result<Self, Failure> {
        let (database, connection) = tokio_postgres::connect(url, NoTls).await?;
        tokio::spawn(connection);
        Ok(Self {
            url: url.to_owned(),
            schema: schema.to_owned(),
            database,
            clock: SystemClock::new(),
            workers: Vec::new(),
            lines: unbounded_channel(),
            evidence: Evidence::default(),
        })
    }

    /// Starts one more worker.
    fn hire(&mut self) -> Result<(), Failure> {
        let number = self.workers.len();
        let name = format!("worker {number}");
        let mut worker = Command::new(std::env::current_exe()?)
            .args(["--worker", &name, &self.url, &self.schema])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = worker.stdout.take().ok_or("a worker has no output")?;
        let lines = self.lines.0.clone();
        std::thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                lines.send(Line { worker: number, report: text.parse() }).ok();
            }
        });
        self.workers.push(worker);
        self.evidence.fates.push(Fate::Lives);
        Ok(())
    }

    /// Carries out the plan until all work is done.
    async fn watch(&mut self, store: &PostgresStore, mut plan: Plan) -> Result<(), Failure> {
        let start = Instant::now();
        let (mut looked, mut last_done, mut left) = (start, start, usize::MAX);
        loop {
            sleep(GLANCE).await;
            self.listen(&mut plan)?;
            if let Some((at, target, blow)) = plan.blows.first().copied()
                && start.elapsed() >= at
            {
                plan.blows.remove(0);
                self.strike(target, blow)?;
            }
            if looked.elapsed() < LOOK {
                continue;
            }
            self.evidence.looks_away |= looked.elapsed() > LONGEST_LOOK;
            looked = Instant::now();
            self.note_places().await?;
            let still = open(store).await?.len() + usize::from(token_of(store).await? == EXPIRED);
            if still < left {
                (left, last_done) = (still, Instant::now());
            }
            let done = left == 0 && start.elapsed() >= SHORTEST && plan.blows.is_empty();
            if done || last_done.elapsed() >= LONGEST {
                self.evidence.end = micros(self.clock.now());
                return Ok(());
            }
        }
    }

    /// Takes in what the workers told.
    fn listen(&mut self, plan: &mut Plan) -> Result<(), Failure> {
        while let Ok(line) = self.lines.1.try_recv() {
            let refreshing = matches!(line.report, Ok(Report::Refreshing { .. }));
            if refreshing && std::mem::take(&mut plan.kills_refresher) {
                self.kill(line.worker)?;
            }
            self.evidence.lines.push(line);
        }
        Ok(())
    }

    fn strike(&mut self, target: Target, blow: Blow) -> Result<(), Failure> {
        let worker = match target {
            Target::Worker(number) => number,
            Target::Holder => match self.holder() {
                Some(holder) => holder,
                None => return Ok(()),
            },
        };
        match blow {
            Blow::Kill => self.kill(worker),
            Blow::Stop => self.stop(worker),
        }
    }

    /// Who holds the lease on the journal, as far as is known.
    fn holder(&self) -> Option<usize> {
        let mut told = self.evidence.lines.iter().rev();
        told.find_map(|line| match line.report {
            Ok(Report::Held { .. }) => Some(line.worker),
            _ => None,
        })
    }

    /// Kills a worker (SIGKILL) and hires another.
    fn kill(&mut self, worker: usize) -> Result<(), Failure> {
        if self.evidence.fates[worker] == Fate::Killed {
            return Ok(());
        }
        self.evidence.fates[worker] = Fate::Killed;
        self.workers[worker].kill()?;
        self.workers[worker].wait()?;
        self.hire()
    }

    /// Stops a worker for a while, as a machine does that is short of memory.
    fn stop(&mut self, worker: usize) -> Result<(), Failure> {
        if self.evidence.fates[worker] != Fate::Lives {
            return Ok(());
        }
        self.evidence.fates[worker] = Fate::Stopped;
        let process = self.workers[worker].id().to_string();
        signal("-STOP", &process)?;
        tokio::spawn(async move {
            sleep(STOPPED).await;
            signal("-CONT", &process)
        });
        Ok(())
    }

    /// Notes the places of the limit while the log still holds them.
    async fn note_places(&mut self) -> Result<(), Failure> {
        let sql = format!("SELECT log FROM {}.limits WHERE key = $1", self.schema);
        let Some(row) = self.database.query_opt(&sql, &[&LIMIT]).await? else { return Ok(()) };
        let log: serde_json::Value = serde_json::from_str(row.try_get(0)?)?;
        let places = log["places"].as_array().ok_or("a log without places")?;
        for place in places {
            let number = place["number"].as_u64().ok_or("a place without a number")?;
            let seconds = place["at"]["secs"].as_i64().ok_or("a place without a time")?;
            let nanos = place["at"]["nanos"].as_i64().ok_or("a place without a time")?;
            self.evidence.grants.insert(number, seconds * 1_000_000 + nanos / 1_000);
        }
        Ok(())
    }

    /// Ends all workers; one that ended by itself had failed.
    fn dismiss(&mut self) {
        for (worker, fate) in self.workers.iter_mut().zip(&self.evidence.fates) {
            if *fate != Fate::Killed && matches!(worker.try_wait(), Ok(Some(_))) {
                self.evidence.failed += 1;
            }
            worker.kill().ok();
            worker.wait().ok();
        }
    }
}

fn signal(name: &str, process: &str) -> Result<(), Failure> {
    let status = Command::new("kill").args([name, process]).stderr(Stdio::null()).status()?;
    // One that was killed meanwhile needs no other signal.
    if status.success() || name == "-CONT" { Ok(()) } else { Err("no signal was sent".into()) }
}

async fn token_of(store: &PostgresStore) -> Result<Vec<u8>, Failure> {
    Ok(store.get(TOKEN).await?.ok_or("the token is gone")?.value)
}

/// The entries that are not acknowledged.
async fn open(store: &PostgresStore) -> Result<Vec<u64>, Failure> {
    let entries = store.read(JOURNAL, Entries::Open, Position::START, usize::MAX).await?;
    Ok(entries.iter().map(|entry| entry.position.number()).collect())
}

/// The entries that were done, with the version of their record and the fence in it.
async fn done(store: &PostgresStore) -> Result<BTreeMap<u64, (u64, u64)>, Failure> {
    let mut done = BTreeMap::new();
    for (key, record) in store.list(DONE, None, usize::MAX).await? {
        let fence = String::from_utf8(record.value)?.parse()?;
        done.insert(key[DONE.len()..].parse()?, (record.version.number(), fence));
    }
    Ok(done)
}
