//! What batches, streams of metadata and logins cost the client: the CPU time of this process,
//! beside the bare work that cannot be avoided, in one run. The sandbox is another process, so that
//! its work does not count.
//!
//! `cargo bench -p ksef-client --bench ksef-v2`, or `cargo xtask bench ksef-v2`.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use common_core::{
    clock::{Clock as _, SystemClock},
    poll::PollSchedule,
    secret::SecretString,
};
use ksef_client::v2::{
    Account, Client, Environment, HttpOptions, ReqwestTransport, login::Credential,
};
use ksef_crypto::number::ContextIdentifier;
use sandbox::{
    Sandbox,
    ksef_v2::{Limits, SeedPlan},
};
use trial::child::Child;

#[path = "ksef-v2/batch.rs"]
mod batch;
#[path = "ksef-v2/cost.rs"]
mod cost;
#[path = "ksef-v2/logins.rs"]
mod logins;
#[path = "ksef-v2/metadata.rs"]
mod metadata;

use cost::say;

/// What a bench may fail with before it measures anything.
type Failure = trial::Failure;

/// Makes this program the process with the sandbox, which begins with so many invoices.
const SANDBOX: &str = "--sandbox";

const SELLER: &str = "9990000103";
const BUYER: &str = "9990000126";
/// Who buys what the batches sell, so that the metadata of the other buyer stay as they are.
const OTHER_BUYER: &str = "9990000190";

/// How much is measured.
struct Extent {
    rounds: usize,
    batch: usize,
    rows: u32,
    logins: usize,
}

const FULL: Extent = Extent { rounds: 3, batch: 10_000, rows: 100_000, logins: 200 };
const LOOK: Extent = Extent { rounds: 1, batch: 20, rows: 600, logins: 2 };

fn main() -> Result<(), Failure> {
    // A thread that ends takes its CPU time out of the books, so none may end before the bench.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .thread_keep_alive(Duration::from_secs(3600))
        .build()?;
    let arguments: Vec<_> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == SANDBOX) {
        let rows = arguments.get(at + 1).ok_or("how many rows?")?.parse()?;
        return runtime.block_on(serve(rows));
    }
    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let is_measured = arguments.iter().any(|argument| argument == "--bench");
    runtime.block_on(measure(if is_measured { &FULL } else { &LOOK }))
}

async fn measure(extent: &Extent) -> Result<(), Failure> {
    let mut child = Child::start([SANDBOX.to_owned(), extent.rows.to_string()])?;
    let ready = child.hear()?.ok_or("the sandbox did not start")?;
    let bench = Bench::read(&ready).ok_or("the sandbox said something else")?;
    metadata::measure(&bench, extent.rounds, extent.rows).await?;
    logins::measure(&bench, extent.rounds, extent.logins).await?;
    batch::measure(&bench, extent.rounds, extent.batch).await
}

/// The sandbox, until it is killed.
async fn serve(rows: u32) -> Result<(), Failure> {
    let sandbox = Sandbox::builder().calm().start().await?;
    let ksef = sandbox.ksef_v2();
    ksef.set_limits(Limits::none());
    let age = TimeDelta::seconds(i64::from(rows)) + TimeDelta::hours(1);
    let from = SystemClock::new().now() - age;
    ksef.seed_invoices(&SeedPlan::new(SELLER, BUYER, rows, from));
    let token = |nip| ksef.token(nip).ok_or("a company has no token");
    let (seller, buyer) = (token(SELLER)?, token(BUYER)?);
    say(&format!("{} {seller} {buyer} {}", ksef.base_url(), from.to_rfc3339()));
    std::future::pending().await
}

/// Where the sandbox is, and who can log in.
struct Bench {
    base: String,
    seller: SecretString,
    buyer: SecretString,
    /// When the first of the invoices was stored that the sandbox began with.
    from: DateTime<Utc>,
}

impl Bench {
    fn read(ready: &str) -> Option<Self> {
        let [base, seller, buyer, from] = *ready.split(' ').collect::<Vec<_>>() else {
            return None;
        };
        let from = from.parse().ok()?;
        Some(Self { base: base.to_owned(), seller: seller.into(), buyer: buyer.into(), from })
    }

    fn transport() -> Result<ReqwestTransport, Failure> {
        Ok(ReqwestTransport::new(HttpOptions::new("ksef-v2-bench"))?)
    }

    /// A client that waits for no limits.
    fn client(&self, transport: impl ksef_client::v2::Transport) -> Result<Client, Failure> {
        let client = Client::builder(Environment::at(&self.base)?).transport(transport);
        Ok(client.unlimited().build()?)
    }

    fn account(client: &Client, nip: &str, token: &SecretString) -> Result<Account, Failure> {
        let account = client.account(context(nip)?);
        Ok(account.credential(Credential::token(token.clone())).build())
    }
}

fn context(nip: &str) -> Result<ContextIdentifier, Failure> {
    Ok(ContextIdentifier::parse("Nip", nip)?)
}

/// The sandbox needs milliseconds where the service needs seconds.
fn patience() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(1), Duration::from_millis(500))
}
