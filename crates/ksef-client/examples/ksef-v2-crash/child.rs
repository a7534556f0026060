//! The process that is killed: it puts invoices in, carries them, and collects them as the buyer.
//!
//! On its standard output it says that something happened, for whoever chooses the moment to kill it.
//! What it says there proves nothing but this: that an invoice was put in, which is said only when
//! the outbox has it; and that tokens are renewed under a lease, which is said while it is held.

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use common_core::store::Store;
use common_core::{poll::PollSchedule, retry::RetryPolicy};
use common_http::{HttpOptions, ReqwestTransport, SharedToken};
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
    state::{TOKENS, Task},
    watch::{Watch, Watched, WatchedWire, say},
};

/// The first word of a child.
pub(crate) const CHILD: &str = "--child";

/// The folder of collected documents.
pub(crate) const DOCUMENTS: &str = "documents";

/// The process lives as long as its parent lets it.
pub(crate) fn run(folder: &Path, name: &str, plan: &str) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            let task = Task::read(folder)?;
            live(folder, name, &task, Watch::read(plan)?).await
        })
    });
    if let Err(error) = ended {
        let first: &dyn std::error::Error = &*error;
        let causes = std::iter::successors(Some(first), |error| error.source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        complain(&format!("a process stopped: {}", causes.join(": ")));
    }
    ExitCode::FAILURE
}

async fn live(folder: &Path, name: &str, task: &Task, watch: Watch) -> Result<(), Failure> {
    let watch = Arc::new(watch);
    let store: Arc<dyn Store> =
        Arc::new(Watched::new(task.store(folder).await?, Arc::clone(&watch)));
    let [outbox, inbox] = [Arc::clone(&store), Arc::clone(&store)];
    let (outbox, inbox) = (Outbox::new(outbox, "seller")?, Inbox::new(inbox, "buyer")?);
    let outbox = if task.resumes { outbox.sealed(task.seal_key()?) } else { outbox };
    let client = client(task, name, Arc::clone(&store), watch)?;
    let [seller, buyer] =
        [(SELLER, 0), (BUYER, 1)].map(|(nip, at)| account(&client, task, &store, (nip, at), name));
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
        say(&format!("put {}", invoice.hash().base64()));
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
        options = options.batches(files, 3, 12);
    }
    let latarnia = Latarnia::builder(Site::at(&task.latarnia)?).build()?;
    let carrier = outbox.carrier(account, options).heeding(latarnia);
    let error = carrier
        .run(|step| {
            say(match step {
                Ok(Step::Idle) => "idle",
                Ok(Step::Resting(_)) => "rested",
                Ok(_) => "carried",
                Err(error) => failed(error),
            });
        })
        .await;
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
    let error = collector
        .run(&[Subject2], |_, step| {
            say(match step {
                Ok(Collected::Some(0) | Collected::All(0) | Collected::Nothing) => return,
                Ok(_) => "collected",
                Err(error) => failed(error),
            });
        })
        .await;
    Err(error.into())
}

fn failed(error: &DurableError) -> &'static str {
    if error.is_transient() { "failed" } else { "stopped" }
}

fn client(
    task: &Task,
    name: &str,
    store: Arc<dyn Store>,
    watch: Arc<Watch>,
) -> Result<Client, Failure> {
    let retry = RetryPolicy::default().attempts(3).cap(Duration::from_millis(60));
    let seed = name.bytes().fold(task.seed, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let wire = ReqwestTransport::new(HttpOptions::new("ksef-v2-crash"))?;
    let client = Client::builder(Environment::at(&task.api)?)
        .transport(WatchedWire { wire, watch })
        .rates(task.rates())
        .limit_store(store)
        .retry(retry)
        .timeout(Duration::from_secs(2))
        .seed(seed);
    Ok(client.build()?)
}

/// An account that logs in once for all processes.
fn account(
    client: &Client,
    task: &Task,
    store: &Arc<dyn Store>,
    (nip, at): (&str, usize),
    name: &str,
) -> Result<Account, Failure> {
    let records = Arc::new(task.sealed(Arc::clone(store))?);
    let leases = Arc::clone(store);
    let tokens = SharedToken::new(records, leases, format!("{TOKENS}{nip}"), name)
        .lease_time(Duration::from_secs(4))
        .look_every(Duration::from_millis(100));
    let credential = Credential::token(task.tokens[at].clone());
    let context = ContextIdentifier::parse("Nip", nip)?;
    Ok(client.account(context).credential(credential).shared_tokens(tokens).build())
}

fn quick() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(20), Duration::from_millis(120))
        .within(Duration::from_secs(3))
}
