//! The process that is killed: it puts invoices in, carries them, and collects them as the buyer.
//!
//! On its standard output it says that something happened, for whoever chooses the moment to kill it.
//! What it says there proves nothing but one thing: that an invoice was put in, which is said only
//! when the outbox has it.

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use common_core::{poll::PollSchedule, retry::RetryPolicy};
use ksef_client::v2::{
    Account, Client, DurableError, Environment,
    inbox::{Collected, CollectorOptions, Inbox},
    latarnia::{Latarnia, Site},
    login::Credential,
    outbox::{CarrierOptions, Outbox, Step},
    wire::InvoiceQuerySubjectType::Subject2,
};
use ksef_crypto::number::ContextIdentifier;
use tokio::time::sleep;
use trial::{Failure, complain};

use crate::{
    invoices::{self, BUYER, SELLER},
    state::Task,
};

/// The first word of a child.
pub(crate) const CHILD: &str = "--child";

/// The folder of collected documents.
pub(crate) const DOCUMENTS: &str = "documents";

/// The process lives as long as its parent lets it.
pub(crate) fn run(folder: &Path, name: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            let task = Task::read(folder)?;
            live(folder, name, &task).await
        })
    });
    if let Err(error) = ended {
        complain(&format!("a process stopped: {error}"));
    }
    ExitCode::FAILURE
}

async fn live(folder: &Path, name: &str, task: &Task) -> Result<(), Failure> {
    let (outbox, inbox) = task.boxes(folder).await?;
    let [seller, buyer] = [(SELLER, 0), (BUYER, 1)].map(|(nip, at)| account(task, nip, at, name));
    let carried = carry(folder, name, task, &outbox, seller?);
    let collected = collect(folder, name, task, &inbox, buyer?);
    tokio::try_join!(put(task, &outbox), carried, collected)?;
    Ok(())
}

/// Puts all invoices in, and says so of each.
async fn put(task: &Task, outbox: &Outbox) -> Result<(), Failure> {
    for invoice in invoices::of_seed(task.seed) {
        loop {
            match outbox.put(&invoice.draft).await {
                Ok(_) => break,
                Err(error) if error.is_transient() => sleep(Duration::from_millis(50)).await,
                Err(error) => return Err(error.into()),
            }
        }
        say(&format!("put {}", invoice.hash().base64()))?;
        sleep(Duration::from_millis(3)).await;
    }
    Ok(())
}

async fn carry(
    folder: &Path,
    name: &str,
    task: &Task,
    outbox: &Outbox,
    account: Account,
) -> Result<(), Failure> {
    let mut options = CarrierOptions::new(name)
        .lease(Duration::from_millis(task.lease))
        .patience(quick())
        .session_size(7)
        .at_a_time(3)
        .pause(Duration::from_millis(80));
    if task.batches {
        let files = folder.join(format!("files-{name}"));
        std::fs::create_dir_all(&files)?;
        options = options.batches(files, 6, 12);
    }
    let latarnia = Latarnia::builder(Site::at(&task.latarnia)?).build()?;
    let carrier = outbox.carrier(account, options).heeding(latarnia);
    let mut told = Ok(());
    let error = carrier
        .run(|step| {
            let word = match step {
                Ok(Step::Idle) => "idle",
                Ok(Step::Resting(_)) => "rested",
                Ok(_) => "carried",
                Err(error) => failed(error),
            };
            told = std::mem::replace(&mut told, Ok(())).and_then(|()| say(word));
        })
        .await;
    told?;
    Err(error.into())
}

async fn collect(
    folder: &Path,
    name: &str,
    task: &Task,
    inbox: &Inbox,
    account: Account,
) -> Result<(), Failure> {
    let since = "2026-01-01T00:00:00Z".parse()?;
    let pause = Duration::from_millis(150);
    let mut options = CollectorOptions::new(name, since)
        .lease(Duration::from_millis(task.lease))
        .interval(pause)
        .pause(pause)
        .patience(quick());
    if task.documents {
        let documents = folder.join(DOCUMENTS);
        std::fs::create_dir_all(&documents)?;
        options = options.documents(documents);
    }
    let collector = inbox.collector(account, options);
    let mut told = Ok(());
    let error = collector
        .run(&[Subject2], |_, step| {
            let word = match step {
                Ok(Collected::Some(0) | Collected::All(0) | Collected::Nothing) => return,
                Ok(_) => "collected",
                Err(error) => failed(error),
            };
            told = std::mem::replace(&mut told, Ok(())).and_then(|()| say(word));
        })
        .await;
    told?;
    Err(error.into())
}

fn failed(error: &DurableError) -> &'static str {
    if error.is_transient() { "failed" } else { "stopped" }
}

fn account(task: &Task, nip: &str, at: usize, name: &str) -> Result<Account, Failure> {
    let environment = Environment::at(&task.api)?;
    let retry = RetryPolicy::default().attempts(3).cap(Duration::from_millis(60));
    let seed = name.bytes().fold(task.seed, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let client = Client::builder(environment).unlimited().retry(retry).seed(seed).build()?;
    let credential = Credential::token(task.tokens[at].clone());
    Ok(client.account(ContextIdentifier::parse("Nip", nip)?).credential(credential).build())
}

fn quick() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(20), Duration::from_millis(120))
        .within(Duration::from_secs(3))
}

fn say(word: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{word}")?;
    Ok(out.flush()?)
}
