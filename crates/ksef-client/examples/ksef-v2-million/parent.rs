//! One seed: the sandbox, the process and its deaths.

use std::{
    path::Path,
    time::{Duration, SystemTime},
};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::{
    Sandbox,
    ksef_v2::{KsefV2, Limits},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::{Instant, sleep, timeout},
};
use trial::{Failure, child::Child};

use crate::{
    books::{Books, COMPANY, LAG},
    child::CHILD,
    judge,
    tally::{Row, Verdict},
    task::{self, Task},
};

/// A process that says nothing for so long has got stuck.
const LONGEST: Duration = Duration::from_secs(120);

/// What an invoice of the largest package may need, in KiB.
const PACKED_KIB: u64 = 5;

/// Runs one seed.
pub(crate) async fn seed(seed: u64, invoices: u32) -> Result<Verdict, Failure> {
    let mut chance = StdRng::seed_from_u64(seed);
    let sandbox = Sandbox::builder().seed(seed).calm().start().await?;
    let ksef = sandbox.ksef_v2();
    let documents = seed.is_multiple_of(2);
    let invoices = if documents { invoices / 5 } else { invoices };
    let mut books = Books::new(invoices);
    ksef.set_limits(Limits::none());
    ksef.set_high_water_lag(LAG);
    ksef.set_largest_result(books.cut as usize);
    books.open(ksef, invoices, now(), &mut chance);

    let folder = tempfile::tempdir()?;
    let task = Task {
        api: ksef.base_url(),
        nip: COMPANY.to_owned(),
        token: ksef.token(COMPANY).ok_or("the sandbox has no token of the company")?,
        since: now() - TimeDelta::days(290),
        pages: if documents { chance.random_range(1..4) } else { chance.random_range(1..20) },
        documents,
    };
    task.write(folder.path())?;
    let mut verdict = Verdict::default();
    verdict.tally.count(if documents { Row::Packages } else { Row::Pages });
    let mut life = Life::new(folder.path(), ksef, books, invoices, verdict, chance);
    let begun = Instant::now();
    life.go_on_to_the_end().await?;
    let took = begun.elapsed();
    let Life { mut verdict, books, memory, kills, .. } = life;
    memory.judge(&mut verdict, if documents { books.cut } else { 0 });
    judge::judge(&mut verdict, folder.path(), ksef, &books, documents).await?;
    let (each, [early, most]) =
        (u128::from(invoices) * 1000 / took.as_millis().max(1), memory.mib());
    println!(
        "seed {seed}: {invoices} invoices in {:.1} s, {each} in a second, {kills} kills; \
         {early} MiB after the first tenth, {most} MiB at most",
        took.as_secs_f64(),
    );
    sandbox.shutdown().await?;
    Ok(verdict)
}

/// The lives of the process.
struct Life<'a> {
    folder: &'a Path,
    ksef: &'a KsefV2,
    books: Books,
    invoices: u64,
    /// How many arrivals were told, by all processes together.
    told: u64,
    /// The process is killed when so many were told, the next one last.
    ends: Vec<u64>,
    kills: u64,
    memory: Memory,
    verdict: Verdict,
    chance: StdRng,
}

impl<'a> Life<'a> {
    fn new(
        folder: &'a Path,
        ksef: &'a KsefV2,
        books: Books,
        invoices: u32,
        verdict: Verdict,
        mut chance: StdRng,
    ) -> Self {
        let invoices = u64::from(invoices);
        let kills = 6 + invoices / 40_000;
        // Most of them anywhere, and some where everything but the late ones has arrived.
        let mut ends: Vec<_> = (0..kills)
            .map(|kill| {
                chance.random_range(if kill % 4 == 3 { invoices * 19 / 20 } else { 0 }..invoices)
            })
            .collect();
        ends.sort_unstable_by(|one, other| other.cmp(one));
        let (told, memory) = (0, Memory::default());
        Self { folder, ksef, books, invoices, told, ends, kills: 0, memory, verdict, chance }
    }

    /// The process is killed and started again, until it comes to its end by itself.
    async fn go_on_to_the_end(&mut self) -> Result<(), Failure> {
        let mut process = self.start()?;
        let mut last_came = Instant::now();
        let mut told = 0;
        loop {
            let word = timeout(LONGEST, process.words.recv()).await;
            let Some(word) = word.map_err(|_| "a process has got stuck")? else { break };
            told += self.hear(&word)?;
            if self.books.late() > 0 && self.told > self.invoices / 2 {
                let came = self.books.go_on(self.ksef, now(), &mut self.chance);
                self.verdict.tally.add(Row::Late, u64::from(came));
                last_came = Instant::now();
            } else if self.books.late() == 0 && last_came.elapsed() > LAG + LAG / 10 {
                task::finish(self.folder)?;
            }
            if self.ends.last().is_some_and(|end| *end <= self.told) {
                self.ends.pop();
                sleep(Duration::from_micros(self.chance.random_range(0..30_000))).await;
                process.child.kill_after(Duration::ZERO)?;
                self.kills += 1;
                while let Some(word) = process.words.recv().await {
                    told += self.hear(&word)?;
                }
                self.verdict.tally.count(Row::Killed);
                if std::mem::take(&mut told) == 0 {
                    self.verdict.tally.count(Row::KilledEmpty);
                }
                process = self.start()?;
            }
        }
        if !process.child.wait()? {
            self.verdict.untrue("a process met a failure");
        }
        Ok(())
    }

    fn start(&self) -> Result<Process, Failure> {
        let folder = self.folder.to_str().ok_or("the folder has a strange name")?;
        let mut child = Child::start([CHILD, folder])?;
        let mut out = child.words().ok_or("the process has no words")?;
        let (said, words) = unbounded_channel();
        std::thread::spawn(move || {
            while let Ok(Some(word)) = out.hear() {
                if said.send(word).is_err() {
                    break;
                }
            }
        });
        Ok(Process { child, words })
    }

    /// Hears what a step brought; how many invoices.
    fn hear(&mut self, word: &str) -> Result<u64, Failure> {
        let (count, peak) = word.split_once(' ').ok_or("a process says strange things")?;
        let count: u64 = count.parse()?;
        self.told += count;
        if count > 0 {
            self.verdict.tally.count(Row::Steps);
        }
        self.memory.hear(peak.parse()?, self.told <= self.invoices / 10);
        Ok(count)
    }
}

/// A process with what it says.
struct Process {
    child: Child,
    words: UnboundedReceiver<String>,
}

/// Peaks of the memory of all processes, in KiB.
#[derive(Clone, Copy, Debug, Default)]
struct Memory {
    /// While the first tenth of the invoices arrived.
    early: u64,
    most: u64,
}

impl Memory {
    fn hear(&mut self, peak: u64, is_early: bool) {
        if is_early || self.early == 0 {
            self.early = self.early.max(peak);
        }
        self.most = self.most.max(peak);
    }

    /// Whether it does not grow with the invoices. The largest package may come late, and an
    /// allocator keeps what one has needed; pages of the store and its log differ a little.
    fn judge(&self, verdict: &mut Verdict, package: u32) {
        // Where the system does not tell, both are 0.
        let package = u64::from(package) * PACKED_KIB;
        if self.most > self.early + self.early / 4 + 16 * 1024 + package {
            let [early, most] = self.mib();
            verdict.untrue(format!("memory grew with the invoices, from {early} to {most} MiB"));
        }
    }

    fn mib(&self) -> [u64; 2] {
        [self.early, self.most].map(|kib| kib.div_ceil(1024))
    }
}

#[expect(clippy::disallowed_methods, reason = "the sandbox's calendar is today's")]
fn now() -> DateTime<Utc> {
    DateTime::<Utc>::from(SystemTime::now())
}
