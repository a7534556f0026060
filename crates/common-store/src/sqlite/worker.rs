//! The thread that owns the connection, and the group commit.
//!
//! A commit costs one forced write to the disk, whatever it holds. While the thread commits, other
//! callers queue up; it then takes all of them into one transaction and answers them together.

use std::{
    io,
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use chrono::{DateTime, Utc};
use common_core::{clock::Clock, store::StoreError};
use rusqlite::Connection;
use tokio::sync::oneshot;

use super::fault::Fault;

/// Jobs in one transaction at most, so that the first of them does not wait for ever.
const GROUP: usize = 1024;

/// What a job does with the file.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
}

/// The sending end of the thread. Dropping it waits until everything queued is done.
pub(super) struct Worker {
    jobs: Option<mpsc::Sender<Box<dyn Job>>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    pub(super) fn start(connection: Connection, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("common-store".to_owned())
            .spawn(move || serve(&connection, &*clock, &queue))?;
        Ok(Self { jobs: Some(jobs), thread: Some(thread) })
    }

    /// Queues a job. Its answer is sent once what it did is durable; nobody need wait for it.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        access: Access,
        act: impl FnOnce(&Connection, DateTime<Utc>) -> Result<T, Fault> + Send + 'static,
    ) -> oneshot::Receiver<Result<T, StoreError>> {
        let (reply, answer) = oneshot::channel();
        let job = Task { access, act: Some(act), result: None, reply };
        // When the thread has ended, the job is dropped, and with it the sender of its answer.
        if let Some(jobs) = &self.jobs {
            jobs.send(Box::new(job)).ok();
        }
        answer
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// The error of callers whose job was never done.
pub(super) fn ended() -> StoreError {
    StoreError::unavailable("the thread of the store has ended")
}

/// A queued piece of work, whatever its answer is.
trait Job: Send {
    fn access(&self) -> Access;

    /// Does the work and keeps the answer; whether what it wrote is to stay.
    fn act(&mut self, connection: &Connection, now: DateTime<Utc>) -> bool;

    /// Hands the answer over, or the failure of the whole transaction.
    fn answer(self: Box<Self>, failure: Option<&rusqlite::Error>);
}

struct Task<T, F> {
    access: Access,
    act: Option<F>,
    result: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&Connection, DateTime<Utc>) -> Result<T, Fault> + Send,
{
    fn access(&self) -> Access {
        self.access
    }

    fn act(&mut self, connection: &Connection, now: DateTime<Utc>) -> bool {
        if let Some(act) = self.act.take() {
            self.result = Some(act(connection, now).map_err(StoreError::from));
        }
        matches!(self.result, Some(Ok(_)))
    }

    fn answer(self: Box<Self>, failure: Option<&rusqlite::Error>) {
        let result = match (self.result, failure) {
            // It knows better than the transaction what is wrong.
            (Some(Err(error)), _) => Err(error),
            (Some(answer), None) => answer,
            (_, Some(error)) => {
                Err(StoreError::unavailable("nothing was committed").because(error.to_string()))
            }
            (None, None) => Err(ended()),
        };
        // A caller that has gone away needs no answer.
        self.reply.send(result).ok();
    }
}

fn serve(connection: &Connection, clock: &dyn Clock, queue: &mpsc::Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter().take(GROUP - 1));
        let failure = work(connection, clock, &mut group).err();
        for job in group {
            job.answer(failure.as_ref());
        }
    }
}

/// Does the jobs and commits them together.
fn work(
    connection: &Connection,
    clock: &dyn Clock,
    group: &mut [Box<dyn Job>],
) -> rusqlite::Result<()> {
    if group.iter().all(|job| job.access() == Access::Read) {
        // Each of these is one statement and sees one state by itself.
        for job in group {
            job.act(connection, clock.now());
        }
        return Ok(());
    }
    run(connection, "BEGIN IMMEDIATE")?;
    let done = act_all(connection, clock, group).and_then(|()| run(connection, "COMMIT"));
    if done.is_err() && !connection.is_autocommit() {
        // Nothing is left to try if even this fails; the next BEGIN tells its callers.
        run(connection, "ROLLBACK").ok();
    }
    done
}

/// Does each job in a savepoint of its own, so that one that fails leaves the others alone.
fn act_all(
    connection: &Connection,
    clock: &dyn Clock,
    group: &mut [Box<dyn Job>],
) -> rusqlite::Result<()> {
    for job in group {
        if job.access() == Access::Read {
            job.act(connection, clock.now());
            continue;
        }
        run(connection, "SAVEPOINT job")?;
        if !job.act(connection, clock.now()) {
            // SQLite ends the transaction itself when the disk is full or fails; then this fails.
            run(connection, "ROLLBACK TO job")?;
        }
        run(connection, "RELEASE job")?;
    }
    Ok(())
}

fn run(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}
