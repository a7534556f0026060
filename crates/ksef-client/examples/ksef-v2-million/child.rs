//! The process that is killed: it collects, and says after each step what that brought and how much
//! memory it has used so far.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use common_core::poll::PollSchedule;
use ksef_client::v2::{
    Account, Client, DurableError, Environment,
    inbox::{Collected, Collector, CollectorOptions},
    login::Credential,
    wire::InvoiceQuerySubjectType,
};
use ksef_crypto::number::ContextIdentifier;
use tokio::sync::Notify;
use trial::{Failure, complain};

use crate::{
    memory,
    task::{self, DOCUMENTS, ROLES, Task},
};

/// The first word of a child.
pub(crate) const CHILD: &str = "--child";

/// The process lives until it has come to its end, or as long as its parent lets it.
pub(crate) fn run(folder: &Path) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended =
        runtime.map_err(Failure::from).and_then(|runtime| runtime.block_on(collect(folder)));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("a process stopped: {error}"));
            ExitCode::FAILURE
        }
    }
}

async fn collect(folder: &Path) -> Result<(), Failure> {
    let task = Task::read(folder)?;
    let collector = collector(folder, &task)?;
    let finished = Notify::new();
    let mut end = End { is_coming: false, roles: Vec::new() };
    let mut told = Ok(());
    let run = collector.run(&ROLES, |role, step| {
        if told.is_ok() {
            told = tell(step);
        }
        if told.is_err() || end.has_come(folder, role, step) {
            finished.notify_one();
        }
    });
    tokio::select! {
        error = run => return Err(error.into()),
        () = finished.notified() => {}
    }
    told
}

/// Whether every role was collected to its end since the process was told to come to an end.
struct End {
    is_coming: bool,
    roles: Vec<InvoiceQuerySubjectType>,
}

impl End {
    fn has_come(
        &mut self,
        folder: &Path,
        role: InvoiceQuerySubjectType,
        step: &Result<Collected, DurableError>,
    ) -> bool {
        // Only a step that began afterwards knows of everything.
        if self.is_coming && matches!(step, Ok(Collected::All(_))) && !self.roles.contains(&role) {
            self.roles.push(role);
        }
        self.is_coming = task::is_to_finish(folder);
        self.roles.len() == ROLES.len()
    }
}

fn collector(folder: &Path, task: &Task) -> Result<Collector, Failure> {
    let client = Client::builder(Environment::at(&task.api)?).unlimited().build()?;
    let context = ContextIdentifier::parse("Nip", &task.nip)?;
    let credential = Credential::token(task.token.clone());
    let account: Account = client.account(context).credential(credential).build();
    let quick = PollSchedule::new(Duration::from_millis(5), Duration::from_millis(100));
    let mut options = CollectorOptions::new("child", task.since)
        .interval(Duration::from_millis(20))
        .patience(quick.within(Duration::from_secs(300)))
        .pages(task.pages);
    if task.documents {
        options = options.documents(folder.join(DOCUMENTS));
    }
    Ok(task::inbox(folder)?.collector(account, options))
}

/// Says what a step brought, and the peak of memory.
fn tell(step: &Result<Collected, DurableError>) -> Result<(), Failure> {
    let count = match step {
        Ok(Collected::Some(count) | Collected::All(count)) => *count,
        Ok(_) => 0,
        Err(error) => return Err(format!("a step failed: {error:?}").into()),
    };
    let mut out = io::stdout().lock();
    writeln!(out, "{count} {}", memory::peak_kib().unwrap_or_default())?;
    Ok(out.flush()?)
}
