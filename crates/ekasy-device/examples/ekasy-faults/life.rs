//! The lives of a register between two breaks.

use std::{
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use ekasy_device::{
    code::ReadOnlyReason,
    fiscalisation::{Fiscalisation, Outcome},
    journal::{Journal, Journalled},
    worker::{Event, Handle, Options, Timing, Worker},
};
use rand::RngExt;
use tokio::{task::JoinHandle, time::sleep, time::timeout};
use trial::{Failure, Verdict};

use crate::{
    entries::{entry, is_in_gap, options},
    orders::rng,
    register::{Note, Till, order},
    scene::Scene,
    tally::Row,
};

/// How far a register has come.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// The life it is in.
    round: u64,
    /// The last number that was journalled.
    pub(crate) last: u64,
}

/// Steps of half an hour or so, in each of which something happens.
const STEPS: u64 = 48;

/// Runs of a fiscalisation; each goes on where the one before broke off.
const RUNS: u64 = 40;

pub(crate) async fn fiscalise(
    scene: &Scene,
    progress: &mut Progress,
    verdict: &mut Verdict<Row>,
) -> Result<bool, Failure> {
    let mut random = rng(scene.seed, 3);
    for _ in 0..RUNS {
        progress.round += 1;
        let order = order(scene.make, &scene.number().parse()?)?;
        let device = Arc::new(Till::new(scene.make, note(scene, progress.round)));
        let journal = scene.journal().await?;
        let client = scene.client()?;
        let run = Fiscalisation::new(client, journal, device, slow(scene), order);
        let longest = match random.random_range(0..3) {
            0 => Scene::seconds(&mut random, 1, 200),
            _ => Duration::from_secs(7200),
        };
        match timeout(longest, run.run()).await {
            Err(_) => verdict.tally.count(Row::FiscalisationCut),
            // Tried often enough for one run; the next one goes on.
            Ok(Err(_)) => sleep(Duration::from_secs(300)).await,
            Ok(Ok(Outcome::Fiscalised(done))) => {
                write(&scene.log, progress.round, &format!("evidence {}", done.evidence_number));
                verdict.tally.count(Row::Fiscalised);
                return Ok(true);
            }
            Ok(Ok(other)) => {
                verdict.untrue(format!("the fiscalisation ended with {other:?}"));
                return Ok(false);
            }
        }
    }
    verdict.lost("the register was not fiscalised");
    Ok(false)
}

/// A worker with what belongs to its life.
struct Running {
    handle: Handle,
    journal: Journal,
    task: JoinHandle<Result<(), ekasy_device::worker::WorkerError>>,
}

impl Running {
    async fn start(scene: &Scene, progress: &mut Progress) -> Result<Self, Failure> {
        progress.round += 1;
        let (log, round) = (Arc::clone(&scene.log), progress.round);
        let device = Arc::new(Till::new(scene.make, note(scene, round)));
        let journal = scene.journal().await?;
        let worker = Worker::new(scene.client()?, journal.clone(), device, slow(scene));
        let worker = worker.on_event(move |event| hear(&log, round, &event));
        let handle = worker.handle();
        Ok(Self { handle, journal, task: tokio::spawn(worker.run()) })
    }
}

/// Some days of selling under faults, then the time that it takes to put everything right.
pub(crate) async fn work(
    scene: &Scene,
    progress: &mut Progress,
    verdict: &mut Verdict<Row>,
) -> Result<(), Failure> {
    let mut random = rng(scene.seed, 4);
    let mut running = Running::start(scene, progress).await?;
    for step in 0..STEPS {
        sleep(Scene::seconds(&mut random, 1, 3600)).await;
        for _ in 0..random.random_range(0..=2) {
            sell(scene, progress, &running).await?;
        }
        match random.random_range(0..24) {
            0 | 1 => {
                running.task.abort();
                verdict.tally.count(Row::WorkCut);
                running = Running::start(scene, progress).await?;
            }
            2..5 => scene.ask(step),
            5 => {
                scene.crk().expire_tokens();
                verdict.tally.count(Row::TokensExpired);
            }
            6 => running.handle.poll_now(),
            _ => {}
        }
        if running.task.is_finished() {
            return Err(format!("the worker ended: {:?}", running.task.await).into());
        }
    }
    scene.heal();
    // A daily report sends everything that is left, whatever the schedule says.
    while progress.last == 0 || !progress.last.is_multiple_of(11) || is_in_gap(progress.last) {
        sell(scene, progress, &running).await?;
    }
    if scene.ends_read_only() {
        running.handle.become_read_only(ReadOnlyReason::SettlementReport);
    }
    if !scene.rest(&running.journal, progress.last).await? {
        verdict.lost("the register did not come to an end after the network had healed");
    }
    running.handle.stop();
    running.task.await??;
    Ok(())
}

async fn sell(scene: &Scene, progress: &mut Progress, running: &Running) -> Result<(), Failure> {
    let next = running.journal.progress().await?.journalled.map_or(1, |last| last.get() + 1);
    let made = entry(scene.seed, next)?;
    progress.last = made.last().get();
    match made {
        Journalled::Document(document) => {
            running.handle.append(document).await?;
        }
        gap @ Journalled::Gap(_) => {
            running.journal.append_all(vec![gap]).await?;
            running.handle.journalled();
        }
    }
    write(&scene.log, progress.round, &format!("sold {}", progress.last));
    Ok(())
}

/// A lease that lasts long needs to be renewed rarely.
fn slow(scene: &Scene) -> Options {
    let timing = Timing::default().renew_lease(Duration::from_secs(24 * 3600));
    options(scene.make, scene.seed).timing(timing)
}

fn note(scene: &Scene, round: u64) -> Note {
    let log = Arc::clone(&scene.log);
    Arc::new(move |line| {
        write(&log, round, &format!("did {line}"));
        Ok(())
    })
}

fn hear(log: &Mutex<String>, round: u64, event: &Event) {
    match event {
        Event::Accepted(id, _) => write(log, round, &format!("accepted {id}")),
        Event::Finished(id, outcome) => write(log, round, &format!("finished {id} {outcome:?}")),
        // A command that cannot be read is among the orders on purpose.
        Event::Unopened(..) => {}
        other if other.is_alarm() => write(log, round, &format!("alarm {other:?}")),
        _ => {}
    }
}

fn write(log: &Mutex<String>, round: u64, line: &str) {
    let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
    // Writing to a string does not fail.
    let _ = writeln!(log, "{round} {line}");
}
