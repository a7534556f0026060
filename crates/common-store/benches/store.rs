//! What a durable write costs against SQLite without this crate, and how much memory reading
//! takes, in one run, on one file system.
//!
//! `cargo bench -p common-store --bench store`, or `cargo xtask bench store`. The rows at the end
//! are the figures; criterion's output before them shows the same pairs with their spread.

use std::{fs, path::Path, process::Command, time::Duration};

use common_core::clock::{Clock, SystemClock};
use common_store::{Change, Expect, Journals, Records, SqliteStore};
use criterion::Criterion;
use rusqlite::{Connection, TransactionBehavior, params};
use tokio::{runtime::Runtime, task::JoinSet};

/// What a bench may fail with before it measures anything.
type Failure = Box<dyn std::error::Error>;

/// The size of an entry: a small document or a reference with its circumstances.
const PAYLOAD: usize = 200;

/// How many entries come together.
const BATCH: usize = 100;

/// How many callers append at once.
const CALLERS: u32 = 100;

/// Records on a page of the read-through.
const PAGE: usize = 1000;

/// What the read-through may add to the memory of the process, in megabytes.
const MEMORY_GOAL: f64 = 8.0;

/// How much is measured.
struct Extent {
    samples: usize,
    records: usize,
}

/// Makes this program the fresh process that reads through a file of records.
const READ: &str = "--read-through";

fn main() -> Result<(), Failure> {
    let arguments: Vec<_> = std::env::args().collect();
    if let [_, flag, path] = &arguments[..]
        && flag == READ
    {
        return measure_memory(Path::new(path));
    }
    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    let extent = if is_measured {
        Extent { samples: 2000, records: 1_000_000 }
    } else {
        Extent { samples: 3, records: 2 * PAGE }
    };
    // Not in the system's folder for such things: that may be memory, where nothing is durable.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    appending(&runtime, folder.path(), &extent)?;
    reading(&runtime, folder.path(), &extent)
}

/// Single and batched appends, each beside the same inserts without this crate.
fn appending(runtime: &Runtime, folder: &Path, extent: &Extent) -> Result<(), Failure> {
    let store = SqliteStore::open(folder.join("store.db"))?;
    let mut bare = Bare::open(&folder.join("bare.db"))?;
    let append = |count: usize| {
        let places = runtime.block_on(store.append("j", vec![vec![7; PAYLOAD]; count], None));
        assert!(places.is_ok_and(|places| places.len() == count));
    };
    let mut criterion = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .configure_from_args();
    criterion.bench_function("store/durable append", |one| one.iter(|| append(1)));
    criterion.bench_function("store/durable append, reference", |one| one.iter(|| bare.append(1)));
    criterion.final_summary();

    for (name, count, goal) in
        [("durable append", 1, "<= 1.20"), ("batched append (100)", BATCH, "<= 1.50")]
    {
        let (work, reference) = medians(extent.samples, || append(count), || bare.append(count));
        row(name, work, "us", work / reference, "bare sqlite", goal);
    }
    let at_once = || {
        assert_eq!(runtime.block_on(append_at_once(&store)), CALLERS as usize);
    };
    let (work, reference) = medians(extent.samples / 5 + 1, at_once, || bare.append(1));
    let each = work / f64::from(CALLERS);
    row("append by one of 100 callers", each, "us", each / reference, "bare sqlite", "<= 0.25");
    Ok(())
}

/// Appends of callers that know nothing of each other; how many were done.
async fn append_at_once(store: &SqliteStore) -> usize {
    let mut callers = JoinSet::new();
    for _ in 0..CALLERS {
        let store = store.clone();
        callers.spawn(async move { store.append("j", vec![vec![7; PAYLOAD]], None).await.is_ok() });
    }
    callers.join_all().await.into_iter().filter(|is_done| *is_done).count()
}

/// SQLite with the settings of the store and without the store.
struct Bare {
    connection: Connection,
    place: i64,
}

impl Bare {
    fn open(path: &Path) -> Result<Self, Failure> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE entries (
                 journal INTEGER NOT NULL, position INTEGER NOT NULL,
                 acknowledged INTEGER NOT NULL, payload BLOB NOT NULL,
                 PRIMARY KEY (journal, position)
             ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(Self { connection, place: 0 })
    }

    fn append(&mut self, count: usize) {
        assert!(self.try_append(count).is_ok());
    }

    fn try_append(&mut self, count: usize) -> rusqlite::Result<()> {
        let behaviour = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(behaviour)?;
        let mut insert = transaction.prepare_cached("INSERT INTO entries VALUES (1, ?1, 0, ?2)")?;
        for _ in 0..count {
            self.place += 1;
            insert.execute(params![self.place, vec![7_u8; PAYLOAD]])?;
        }
        drop(insert);
        transaction.commit()
    }
}

/// All records, page by page, beside one statement that goes through the same file.
fn reading(runtime: &Runtime, folder: &Path, extent: &Extent) -> Result<(), Failure> {
    let path = folder.join("records.db");
    runtime.block_on(fill(SqliteStore::open(&path)?, extent.records))?;
    // A fresh store: what filling left in its caches does not count.
    let store = SqliteStore::open(&path)?;
    let clock = SystemClock::new();

    let start = clock.tick();
    let bare = Connection::open(&path)?;
    let mut statement = bare.prepare("SELECT key, value, version FROM records ORDER BY key")?;
    let mut rows = statement.query([])?;
    let mut bytes = 0;
    while let Some(row) = rows.next()? {
        bytes += row.get::<_, String>(0)?.len() + row.get::<_, Vec<u8>>(1)?.len();
    }
    let reference = clock.tick().since(start).as_secs_f64();

    let start = clock.tick();
    let read = runtime.block_on(read_through(&store))?;
    let work = clock.tick().since(start).as_secs_f64();
    assert_eq!(read, (extent.records, bytes), "every record must be read to count");
    let name = format!("read-through of {} records", extent.records);
    row(&name, work, "s", work / reference, "one bare statement", "<= 3.00");
    // What filling and measuring have left in this process would hide what reading takes.
    let child = Command::new(std::env::current_exe()?).arg(READ).arg(&path).status()?;
    if child.success() { Ok(()) } else { Err("the reading process failed".into()) }
}

/// What reading through the file adds to the memory of a fresh process.
fn measure_memory(path: &Path) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build()?;
    let store = SqliteStore::open(path)?;
    let before = peak();
    let (records, bytes) = runtime.block_on(read_through(&store))?;
    if let (Some(before), Some(after)) = (before, peak()) {
        let added = after - before;
        let megabytes = bytes / 1_000_000;
        let name = format!("memory for {records} records of {megabytes} MB, read page by page");
        row(&name, added, "MB", added / MEMORY_GOAL, "8 MB", "<= 1.00");
    }
    Ok(())
}

async fn fill(store: SqliteStore, records: usize) -> Result<(), Failure> {
    for page in 0..records / PAGE {
        let mut callers = JoinSet::new();
        for index in 0..PAGE {
            let (store, key) = (store.clone(), format!("record/{:08}", page * PAGE + index));
            let change = Change::Put { value: vec![7; PAYLOAD], expires_at: None };
            callers.spawn(async move { store.swap(&key, Expect::Absent, change, None).await });
        }
        while let Some(swap) = callers.join_next().await {
            swap??;
        }
    }
    Ok(())
}

/// How many records there are, and the bytes of their keys and values.
async fn read_through(store: &SqliteStore) -> Result<(usize, usize), Failure> {
    let (mut records, mut bytes, mut after) = (0, 0, None::<String>);
    loop {
        let page = store.list("record/", after.as_deref(), PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok((records, bytes)) };
        after = Some(last.clone());
        records += page.len();
        bytes += page.iter().map(|(key, record)| key.len() + record.value.len()).sum::<usize>();
    }
}

/// The most memory that the process has held, in megabytes; only Linux tells.
fn peak() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// The medians in microseconds, taken in turns, so that a slow moment of the disk meets both.
///
/// A turn is long: a file system that forces two files by turns at each step is slower by far, and
/// would hide the difference.
fn medians(samples: usize, mut work: impl FnMut(), mut bare: impl FnMut()) -> (f64, f64) {
    const TURN: usize = 100;

    let clock = SystemClock::new();
    let mut times = (Vec::new(), Vec::new());
    while times.0.len() < samples {
        times.0.extend((0..TURN.min(samples)).map(|_| micros(&clock, &mut work)));
        times.1.extend((0..TURN.min(samples)).map(|_| micros(&clock, &mut bare)));
    }
    (median(times.0), median(times.1))
}

fn micros(clock: &SystemClock, round: &mut impl FnMut()) -> f64 {
    let start = clock.tick();
    round();
    clock.tick().since(start).as_secs_f64() * 1e6
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or(f64::NAN)
}

#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(name: &str, value: f64, unit: &str, ratio: f64, reference: &str, goal: &str) {
    println!("{name}: {value:.2} {unit}, {ratio:.2} of {reference} (goal {goal})");
}
