//! The process that is killed: several tasks at once on one file, each with a seeded plan.

use std::{
    io::{self, Write as _},
    path::Path,
};

use common_store::{
    Change, Entries, Expect, Journals, Position, Records, SqliteStore, StoreError, Swap, Version,
};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::{
    Failure,
    words::{COUNTER, JOURNALS, Step, Word, key, payload, writer},
};

pub(crate) const TASKS: u64 = 4;

/// Works until it is killed.
pub(crate) fn run(seed: &str, round: &str, path: &Path) -> Result<(), Failure> {
    let (seed, round): (u64, u64) = (seed.parse()?, round.parse()?);
    let store = SqliteStore::open(path)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build()?;
    runtime.block_on(async {
        let tasks: Vec<_> = (0..TASKS)
            .map(|task| {
                let random = StdRng::seed_from_u64(seed * 10_000 + writer(round, task));
                let store = store.clone();
                tokio::spawn(
                    Worker { task, round, store, random, next: 0, own: None, open: vec![] }.run(),
                )
            })
            .collect();
        for task in tasks {
            task.await??;
        }
        Ok(())
    })
}

/// One of the tasks of a child.
struct Worker {
    task: u64,
    round: u64,
    store: SqliteStore,
    random: StdRng,
    /// The number of the next entry or value.
    next: u64,
    /// The version of the own key.
    own: Option<Version>,
    /// Places that this task appended and did not acknowledge yet.
    open: Vec<(u64, u64)>,
}

impl Worker {
    async fn run(mut self) -> Result<(), Failure> {
        loop {
            let step = match self.random.random_range(0..20) {
                0..8 => self.append(),
                8..12 => self.acknowledge(),
                12 => Step::Compact { journal: self.random.random_range(0..JOURNALS) },
                13..16 => self.put(),
                16 if self.own.is_some() => Step::Remove,
                _ => {
                    self.count().await?;
                    continue;
                }
            };
            self.say(&Word::Try(step.clone()))?;
            let word = Word::Did(self.act(&step).await?);
            self.say(&word)?;
        }
    }

    fn append(&mut self) -> Step {
        let journal = self.random.random_range(0..JOURNALS);
        let count = self.random.random_range(1..5);
        self.next += count;
        Step::Append { journal, first: self.next - count, count }
    }

    /// Acknowledges some of the own entries, of one journal.
    fn acknowledge(&mut self) -> Step {
        let journal = self.random.random_range(0..JOURNALS);
        let taken: Vec<_> = self.open.extract_if(.., |(of, _)| *of == journal).collect();
        Step::Acknowledge { journal, places: taken.into_iter().map(|(_, place)| place).collect() }
    }

    fn put(&mut self) -> Step {
        self.next += 1;
        Step::Put { number: self.next }
    }

    /// Does it; the numbers of the answer.
    async fn act(&mut self, step: &Step) -> Result<Vec<u64>, Failure> {
        let writer = writer(self.round, self.task);
        match step {
            Step::Append { journal, first, count } => {
                let numbers = *first..first + count;
                let entries = numbers.map(|number| payload(writer, number, *first, *count));
                let journal_name = journal.to_string();
                let places = self.store.append(&journal_name, entries.collect(), None).await?;
                let places: Vec<_> = places.into_iter().map(Position::number).collect();
                self.open.extend(places.iter().map(|place| (*journal, *place)));
                Ok(places)
            }
            Step::Acknowledge { journal, places } => {
                let places: Vec<_> = places.iter().copied().map(Position::new).collect();
                Ok(vec![self.store.acknowledge(&journal.to_string(), &places, None).await?])
            }
            Step::Compact { journal } => Ok(vec![self.store.compact(&journal.to_string()).await?]),
            Step::Put { number } => {
                let version = self.change(put(*number)).await?;
                self.own = Some(version);
                Ok(vec![version.number()])
            }
            Step::Remove => {
                let version = self.change(Change::Remove).await?;
                self.own = None;
                Ok(vec![version.number()])
            }
            Step::Count { .. } => Err("counting is no step of its own".into()),
        }
    }

    /// Changes the own key, which nobody else touches.
    async fn change(&self, change: Change) -> Result<Version, Failure> {
        let expect = self.own.map_or(Expect::Absent, Expect::Version);
        let key = key(writer(self.round, self.task));
        match self.store.swap(&key, expect, change, None).await? {
            Swap::Done(version) => Ok(version),
            Swap::Conflict(_) => Err("somebody changed the key of a task".into()),
        }
    }

    /// Raises the counter by one, against all other tasks.
    async fn count(&mut self) -> Result<(), Failure> {
        let record = self.store.get(COUNTER).await?;
        let number = match &record {
            Some(record) => std::str::from_utf8(&record.value)?.parse::<u64>()? + 1,
            None => 1,
        };
        let expect = record.map_or(Expect::Absent, |record| Expect::Version(record.version));
        self.say(&Word::Try(Step::Count { number }))?;
        let word = match self.store.swap(COUNTER, expect, put(number), None).await? {
            Swap::Done(version) => Word::Did(vec![version.number()]),
            Swap::Conflict(_) => Word::Refused,
        };
        // A look at the journal belongs to the mix, too.
        self.look().await?;
        self.say(&word)
    }

    async fn look(&self) -> Result<(), StoreError> {
        self.store.read("0", Entries::Open, Position::START, 20).await.map(drop)
    }

    /// One line in one write, so that lines of tasks do not mix.
    fn say(&self, word: &Word) -> Result<(), Failure> {
        let mut out = io::stdout().lock();
        out.write_all(format!("{} {word}\n", self.task).as_bytes())?;
        Ok(out.flush()?)
    }
}

fn put(number: u64) -> Change {
    Change::Put { value: number.to_string().into_bytes(), expires_at: None }
}
