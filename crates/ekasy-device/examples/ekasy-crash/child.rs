//! The process that is killed: a register that is fiscalised, sells, and serves its repository.
//!
//! On its standard output it says that something happened, for whoever chooses the moment to kill
//! it. What it says there proves nothing; what counts stands in the log, which is forced to the
//! disk line by line.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use common_core::secret::secret_bytes;
use common_store::{SealKey, SqliteStore};
use ekasy_device::{
    Client, Environment,
    channel::Tls,
    code::ReadOnlyReason,
    device::DeviceError,
    fiscalisation::{Fiscalisation, Outcome},
    journal::{Journal, Journalled, Options as JournalOptions},
    worker::{Event, Handle, Worker},
};
use rand::RngExt;
use tokio::time::{sleep, timeout};
use trial::{Failure, complain};

use crate::{
    entries::{entry, options},
    orders::rng,
    register::{Given, Note, Till, credentials, order},
    task::Task,
};

/// The file of the journal.
pub(crate) const JOURNAL: &str = "journal.db";

/// The file of what the register did.
pub(crate) const LOG: &str = "log.txt";

/// The file of the task.
pub(crate) const TASK: &str = "task.json";

/// What is said when nothing is left to do for now.
pub(crate) const IDLE: &str = "idle";

/// A register that takes longer has got stuck.
const LONGEST: Duration = Duration::from_secs(180);

pub(crate) fn run(folder: &Path, round: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(Failure::from);
    let ended = runtime.and_then(|runtime| {
        runtime.block_on(async { timeout(LONGEST, live(folder, round)).await? })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Whoever judges the log finds it there: a register has no reason to stop.
            let stopped = format!("the register stopped: {error}");
            let log = Log::open(&folder.join(LOG), round);
            if log.and_then(|log| log.write(&format!("alarm {stopped}"))).is_err() {
                complain(&stopped);
            }
            ExitCode::FAILURE
        }
    }
}

async fn live(folder: &Path, round: &str) -> Result<(), Failure> {
    let task: Task = serde_json::from_slice(&std::fs::read(folder.join(TASK))?)?;
    let log = Arc::new(Log::open(&folder.join(LOG), round)?);
    let journal = journal(folder, &task).await?;
    let client = client(folder, &task)?;
    let note = note(&log);
    let device = Arc::new(Till::new(task.make(), note));
    let options = options(task.make(), task.seed);

    let order = order(task.make(), &task.number()?)?;
    let fiscalisation =
        Fiscalisation::new(client.clone(), journal.clone(), device.clone(), options.clone(), order);
    let hear = Arc::clone(&log);
    match fiscalisation.on_event(move |event| hear.event(&event)).run().await? {
        Outcome::Fiscalised(done) => log.write(&format!("evidence {}", done.evidence_number))?,
        other => return Err(format!("not fiscalised: {other:?}").into()),
    }
    work(&task, &log, Worker::new(client, journal.clone(), device, options), &journal).await
}

/// Sells beside a worker until somebody kills the process.
async fn work(
    task: &Task,
    log: &Arc<Log>,
    worker: Worker,
    journal: &Journal,
) -> Result<(), Failure> {
    let hear = Arc::clone(log);
    let worker = worker.on_event(move |event| hear.event(&event));
    let handle = worker.handle();
    let work = worker.run();
    let sale = async {
        sell(task, log, &handle, journal).await?;
        wait_for_orders(task, &handle, journal).await
    };
    tokio::select! {
        ended = work => Ok(ended?),
        ended = sale => ended,
    }
}

async fn sell(task: &Task, log: &Log, handle: &Handle, journal: &Journal) -> Result<(), Failure> {
    let mut random = rng(task.seed, 1);
    loop {
        let next = journal.progress().await?.journalled.map_or(1, |last| last.get() + 1);
        if next > task.last {
            return Ok(());
        }
        let made = entry(task.seed, next)?;
        let last = made.last();
        match made {
            Journalled::Document(document) => {
                handle.append(document).await?;
            }
            gap @ Journalled::Gap(_) => {
                journal.append_all(vec![gap]).await?;
                handle.journalled();
            }
        }
        log.write(&format!("sold {last}"))?;
        if random.random_range(0..4) == 0 {
            handle.poll_now();
        }
        sleep(Duration::from_micros(random.random_range(0..8_000))).await;
    }
}

/// Asks for commands again and again, and says when there is nothing left to do.
async fn wait_for_orders(task: &Task, handle: &Handle, journal: &Journal) -> Result<(), Failure> {
    if task.ends_read_only {
        handle.become_read_only(ReadOnlyReason::SettlementReport);
    }
    loop {
        handle.poll_now();
        sleep(Duration::from_millis(20)).await;
        let is_sent =
            journal.waiting().await? == 0 && journal.progress().await?.unpacked().is_none();
        let is_ended =
            !task.ends_read_only || journal.registration().await?.read_only_since.is_some();
        if is_sent && is_ended && journal.open_commands().await?.is_empty() {
            say(IDLE)?;
        }
    }
}

/// The journal; also for whoever looks into it between two lives.
pub(crate) async fn journal(folder: &Path, task: &Task) -> Result<Journal, Failure> {
    let store = SqliteStore::open(folder.join(JOURNAL))?;
    let key = SealKey::new(1, secret_bytes(vec![7; 32]))?;
    let options = JournalOptions::new(task.number()?, "till", key);
    Ok(Journal::open(Arc::new(store), options).await?)
}

fn client(folder: &Path, task: &Task) -> Result<Client, Failure> {
    let read = |name: &str| std::fs::read(folder.join(name));
    let (tls, encryption) = (read("tls.der")?, read("encryption.der")?);
    let (key, producer) = (read("key.der")?, read("producer.der")?);
    let given = Given { tls: &tls, encryption: &encryption, key: &key, producer: &producer };
    let identity = secret_bytes(read("identity.pem")?);
    let connect = Tls::new("ekasy-crash", identity, read("authorities.pem")?);
    let environment = Environment::at(&task.cpd, &task.web_api, &task.hub)?;
    Ok(Client::builder(task.number()?, environment, connect, credentials(given)?).build()?)
}

/// The register's log.
struct Log {
    file: Mutex<File>,
    round: String,
}

impl Log {
    fn open(path: &Path, round: &str) -> io::Result<Self> {
        let file = Mutex::new(OpenOptions::new().append(true).create(true).open(path)?);
        Ok(Self { file, round: round.to_owned() })
    }

    /// One line, on the disk when this returns.
    fn write(&self, line: &str) -> io::Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(format!("{} {line}\n", self.round).as_bytes())?;
        file.sync_data()?;
        say(line)
    }

    fn event(&self, event: &Event) {
        let written = match event {
            Event::Finished(id, outcome) => self.write(&format!("finished {id} {outcome:?}")),
            Event::Failed(error) => say(&format!("failed {error}")),
            Event::Accepted(id, _) => self.write(&format!("accepted {id}")),
            Event::Packed { .. } => say("packed"),
            Event::Sent { .. } => say("sent"),
            // A command that cannot be read is among the orders on purpose.
            Event::Unopened(..) => Ok(()),
            other if other.is_alarm() => self.write(&format!("alarm {other:?}")),
            _ => Ok(()),
        };
        if let Err(error) = written {
            complain(&format!("the log cannot be written: {error}"));
        }
    }
}

/// One line for whoever listens.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(format!("{line}\n").as_bytes())?;
    out.flush()
}

fn note(log: &Arc<Log>) -> Note {
    let log = Arc::clone(log);
    Arc::new(move |line| {
        log.write(&format!("did {line}")).map_err(|error| DeviceError::new(error.to_string()))
    })
}
