//! The worker at work on virtual time: schedules, commands, outages, refusals.

mod commands;
mod lasting;
mod parts;
mod schedule;
mod trouble;

use std::{
    future::poll_fn,
    ops::RangeInclusive,
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use ekasy_device::{
    Client,
    journal::Journal,
    packing::DocumentKind,
    worker::{Event, Handle, Worker, WorkerError},
};
use sandbox::crk::{Command, Timetable};
use tokio::task::JoinHandle;

use crate::till::{Till, document};

/// Lets a future go on until it has waited `pauses` times and drops it at the next wait; its
/// output when it ends before.
pub(crate) async fn dropped_after<F: Future>(future: F, pauses: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = pauses;
    poll_fn(|context| match future.as_mut().poll(context) {
        Poll::Ready(output) => Poll::Ready(Some(output)),
        Poll::Pending if left == 0 => Poll::Ready(None),
        Poll::Pending => {
            left -= 1;
            Poll::Pending
        }
    })
    .await
}

/// A worker that runs beside the test.
pub(crate) struct Running {
    pub(crate) handle: Handle,
    pub(crate) journal: Journal,
    events: Arc<Mutex<Vec<Event>>>,
    task: JoinHandle<Result<(), WorkerError>>,
}

impl Running {
    /// Starts a worker of a register that is fiscalised.
    pub(crate) fn start(till: &Till, journal: &Journal) -> Self {
        Self::start_with(till, journal, |worker| worker)
    }

    pub(crate) fn start_with(
        till: &Till,
        journal: &Journal,
        change: impl FnOnce(Worker) -> Worker,
    ) -> Self {
        Self::start_by(till.client(), till, journal, change)
    }

    pub(crate) fn start_by(
        client: Client,
        till: &Till,
        journal: &Journal,
        change: impl FnOnce(Worker) -> Worker,
    ) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let worker = Worker::new(client, journal.clone(), till.device.clone(), till.options());
        let worker = change(worker.on_event(move |event| heard.lock().unwrap().push(event)));
        let handle = worker.handle();
        let task = tokio::spawn(worker.run());
        Self { handle, journal: journal.clone(), events, task }
    }

    /// Ends the run and gives everything that happened.
    pub(crate) async fn stop(self) -> Vec<Event> {
        self.handle.stop();
        self.task.await.unwrap().unwrap();
        std::mem::take(&mut self.events.lock().unwrap())
    }

    /// Ends the run in the midst of whatever it does.
    pub(crate) fn kill(self) {
        self.task.abort();
    }

    /// Whether it has ended by itself.
    pub(crate) fn is_over(&self) -> bool {
        self.task.is_finished()
    }

    /// Sells.
    pub(crate) async fn sell(&self, numbers: RangeInclusive<u64>) {
        for number in numbers {
            self.handle.append(document(number, DocumentKind::Receipt)).await.unwrap();
        }
    }

    /// Closes the day.
    pub(crate) async fn report(&self, number: u64) {
        self.handle.append(document(number, DocumentKind::DailyReport)).await.unwrap();
    }

    /// What happened so far that a person should look at.
    pub(crate) fn alarms(&self) -> Vec<String> {
        let events = self.events.lock().unwrap();
        let alarms = events.iter().filter(|event| event.is_alarm());
        alarms.map(|alarm| format!("{alarm:?}")).collect()
    }
}

/// Lets the register wait for its next poll, and the repository process what it has.
pub(crate) async fn settle(till: &Till) {
    tokio::time::sleep(Duration::from_secs(1801)).await;
    till.sandbox.crk().settle().await;
}

pub(crate) fn queue(till: &Till, command: Command) -> String {
    till.sandbox.crk().queue(&till.register.unique_number, command).unwrap()
}

pub(crate) fn timetable(send: i64, check: i64, types: &str) -> Command {
    Command::Timetable(Timetable { send, check, shipment_type: types.to_owned() })
}

/// The code of the confirmation, if there is one.
pub(crate) fn confirmed(till: &Till, id: &str) -> Option<String> {
    let commands = till.sandbox.crk().commands(&till.register.unique_number);
    let command = commands.into_iter().find(|command| command.command_id == id).unwrap();
    command.confirmation.map(|confirmation| confirmation.code)
}
