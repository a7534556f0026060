//! One seed from its beginning to its verdict.

use std::{collections::BTreeMap, net::SocketAddr, time::Duration};

use common_core::{retry::RetryPolicy, secret::SecretString};
use http::Method;
use ksef_client::v1::{
    Client, Environment, HttpOptions, ReqwestTransport, Session, session::SessionState,
};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
};
use rand::RngExt;
use sandbox::{Sandbox, ksef_v1::KsefV1};
use tokio::time::sleep;
use trial::{Failure, Relay, Tearing, plan::rng};

use crate::{
    batcher::{Batcher, confirm},
    invoices::{self, SELLER},
    judge::{Entry, Truth, no_more_than},
    plan::{Plan, SETTLED, row},
    reader,
    sender::{self, Sender, Told, quick},
    tally::{Row, Verdict},
};

/// How long a try of an impatient client may take.
const TIMEOUT: Duration = Duration::from_millis(900);

/// How many invoices a query gives; more are refused, so that windows have to be split.
const LARGEST_RESULT: usize = 24;

/// How many runs a caller makes when nothing is in its way any more.
const CAREFUL_RUNS: u32 = 3;

/// Runs a seed.
pub(crate) async fn seed(seed: u64) -> Result<Verdict, Failure> {
    let plan = Plan::of(seed);
    let sandbox = start(&plan).await?;
    let ksef = sandbox.ksef_v1();
    let relay = Relay::start(address(ksef)?, Tearing::default(), rng(seed, "relay")).await?;
    let maker = Maker::new(&plan, ksef)?;
    let careful = maker.careful()?;

    let mut verdict = Verdict::default();
    let impatient = maker.impatient(&format!("http://{}/api", relay.address()))?;
    let (mut senders, mut batchers) = trouble(&maker, &impatient).await?;
    nowhere(&maker, &senders, &mut verdict).await?;
    sleep(SETTLED).await;
    ksef.settle().await;
    let session = sender::open(&impatient, &maker.token, &mut verdict.tally).await?;
    reader::check(ksef, &session, maker.rng("edge").random_range(0..1000), &mut verdict).await?;

    for row in ksef.faults().met().into_iter().filter_map(row) {
        verdict.tally.count(row);
    }
    verdict.tally.add(Row::TornRequest, relay.torn());
    ksef.faults().clear();
    relay.calm_down();
    sleep(SETTLED).await;
    ksef.settle().await;
    recover(&maker, &careful, &mut senders, &mut batchers).await?;

    let truth = Truth::of(ksef);
    let (mut sendings, mut announcements) = (0, 0);
    for mut told in senders {
        sendings += told.notes.sendings();
        truth.judge(&told.entries, &mut told.verdict);
        verdict.join(told.verdict);
    }
    for mut batcher in batchers {
        announcements += batcher.announcements;
        batcher.judge(&careful, &truth).await?;
        verdict.join(batcher.verdict);
    }
    let (put, post) = (Method::PUT, Method::POST);
    no_more_than(ksef, (&put, "/online/Invoice/Send"), sendings, &mut verdict);
    no_more_than(ksef, (&post, "/batch/Init"), announcements, &mut verdict);
    let session = sender::open(&careful, &maker.token, &mut verdict.tally).await?;
    reader::check(ksef, &session, maker.rng("last").random_range(0..1000), &mut verdict).await?;
    for unexpected in ksef.unexpected() {
        verdict.untrue(format!("the client sent what it must not: {}", unexpected.what));
    }
    sandbox.shutdown().await?;
    Ok(verdict)
}

async fn start(plan: &Plan) -> Result<Sandbox, Failure> {
    let sandbox = trial::plan::sandbox(plan.seed).start().await?;
    let ksef = sandbox.ksef_v1();
    ksef.set_pace(plan.pace);
    ksef.set_largest_result(LARGEST_RESULT);
    ksef.set_part_size(7);
    ksef.set_receipt_size(9);
    for rule in &plan.rules {
        ksef.faults().push(rule.clone());
    }
    Ok(sandbox)
}

/// All callers at once, until the last one has given up or finished.
async fn trouble(maker: &Maker<'_>, client: &Client) -> Result<(Vec<Told>, Vec<Batcher>), Failure> {
    let senders = ["first", "second"].map(|name| {
        let sender = maker.sender(name, client);
        tokio::spawn(sender.work())
    });
    let packages = [("good", false), ("other", maker.plan.seed.is_multiple_of(2))];
    let mut running = Vec::new();
    for (name, spoilt) in packages {
        running.push(tokio::spawn(maker.batcher(name, spoilt, client)?.work()));
    }
    let (mut told, mut batches) = (Vec::new(), Vec::new());
    for sender in senders {
        told.push(sender.await??);
    }
    for batcher in running {
        batches.push(batcher.await??);
    }
    Ok((told, batches))
}

/// Nobody listens there, so nothing can have been sent.
async fn nowhere(
    maker: &Maker<'_>,
    senders: &[Told],
    verdict: &mut Verdict,
) -> Result<(), Failure> {
    let client = maker.impatient("http://127.0.0.1:1/api")?;
    let state = senders.iter().find_map(|told| told.sessions.first());
    let state = SessionState::from_json(&state.ok_or("no session was opened")?.expose_json())?;
    let session = client.resume(state)?.without_waiting();
    match session.send_invoice(b"<Faktura/>").await {
        Err(error) if !error.may_have_happened() => {
            sender::check_sentence(verdict, "nowhere", &error);
            verdict.tally.count(Row::NoConnection);
        }
        other => verdict.untrue(format!("a sending to nowhere: {other:?}")),
    }
    Ok(())
}

/// What the documentation advises, with nothing in its way: a last run from the log in a session of
/// its own, batches to their end, sessions closed and their confirmations held against the log.
async fn recover(
    maker: &Maker<'_>,
    careful: &Client,
    senders: &mut [Told],
    batchers: &mut [Batcher],
) -> Result<(), Failure> {
    for told in &mut *senders {
        let session = sender::open(careful, &maker.token, &mut told.verdict.tally).await?;
        let before = told.notes.progress();
        // What was certainly not sent for a reason of the moment is sent by the next run.
        for _ in 0..CAREFUL_RUNS {
            told.run(&session, None, &mut maker.rng("careful")).await;
            if told.entries.iter().all(Entry::is_settled) {
                break;
            }
        }
        count_found(&before, told);
        told.sessions.push(session.export());
    }
    for batcher in batchers {
        batcher.end(careful).await?;
    }
    for told in senders {
        let mut accepted = told.notes.accepted();
        for state in std::mem::take(&mut told.sessions) {
            let reference = state.reference().clone();
            let session: Session = careful.resume(state)?.without_waiting();
            let closed = session.terminate().await?.wait(&quick()).await?;
            let hashes = accepted.remove(reference.as_str()).unwrap_or_default();
            confirm(careful, &closed, hashes, &mut told.verdict).await?;
        }
        for reference in accepted.keys() {
            told.verdict.untrue(format!("the log names {reference}, which is no session of it"));
        }
    }
    Ok(())
}

/// Counts the invoices of which only the list of a session knew.
fn count_found(before: &ksef_client::v1::send_many::SendProgress, told: &mut Told) {
    use ksef_client::v1::send_many::NoteState;

    let doubtful: BTreeMap<_, _> = before
        .notes()
        .filter(|note| note.state == NoteState::Sending)
        .map(|note| ((note.name.clone(), note.hash.clone()), note.session.clone()))
        .collect();
    let after = told.notes.progress();
    let found = after.notes().filter(|note| {
        let earlier = doubtful.get(&(note.name.clone(), note.hash.clone()));
        matches!(note.state, NoteState::Accepted(..)) && earlier.is_some()
    });
    told.verdict.tally.add(Row::FoundLost, found.count() as u64);
}

/// Makes the clients and callers of a seed.
struct Maker<'a> {
    plan: &'a Plan,
    ksef: &'a KsefV1,
    token: SecretString,
    transport: ReqwestTransport,
}

impl<'a> Maker<'a> {
    fn new(plan: &'a Plan, ksef: &'a KsefV1) -> Result<Self, Failure> {
        let transport = ReqwestTransport::new(HttpOptions::new("ksef-v1-faults"))?;
        let token = ksef.token(SELLER).ok_or("the sandbox has no token of the seller")?.into();
        Ok(Self { plan, ksef, token, transport })
    }

    fn rng(&self, part: &str) -> rand::rngs::StdRng {
        rng(self.plan.seed, part)
    }

    /// A client for the time of trouble.
    fn impatient(&self, base: &str) -> Result<Client, Failure> {
        let retry = RetryPolicy::default().attempts(3).base(Duration::from_millis(10));
        let builder = Client::builder(Environment::at(base)?).transport(self.transport.clone());
        Ok(builder.unlimited().retry(retry).timeout(TIMEOUT).seed(self.plan.seed).build()?)
    }

    /// A client for the time after it; a hostile double refuses a call now and then.
    fn careful(&self) -> Result<Client, Failure> {
        let retry = RetryPolicy::default().attempts(12).cap(Duration::from_millis(300));
        let builder = Client::builder(Environment::at(self.ksef.base_url())?);
        let builder = builder.transport(self.transport.clone()).unlimited();
        Ok(builder.retry(retry).seed(self.plan.seed).build()?)
    }

    fn sender(&self, name: &str, client: &Client) -> Sender {
        let mut rng = self.rng(name);
        let count = rng.random_range(8..=24);
        let invoices = invoices::mixed(&format!("{}-{name}", self.plan.seed), count, &mut rng);
        let (ksef, token) = (self.ksef.clone(), self.token.clone());
        Sender { client: client.clone(), ksef, token, rng, invoices }
    }

    fn batcher(&self, name: &str, spoilt: bool, client: &Client) -> Result<Batcher, Failure> {
        let mut rng = self.rng(name);
        let count = rng.random_range(5..=20);
        let prefix = format!("{}-{name}", self.plan.seed);
        let invoices = invoices::package(&prefix, count, spoilt, &mut rng);
        let seal = self.ksef.certificate("seal").ok_or("the sandbox has no seal")?;
        let certificate = Certificate::from_pem(&seal.certificate_pem)?;
        let signer = LocalSigner::new(PrivateKey::from_pem(&seal.key_pem)?, certificate)?;
        let service = Environment::at(self.ksef.base_url())?;
        let service = Client::builder(service).build()?.base().clone();
        Batcher::new(client.clone(), service, signer, rng, invoices)
    }
}

/// Where the sandbox listens.
fn address(ksef: &KsefV1) -> Result<SocketAddr, Failure> {
    let base = ksef.base_url();
    let authority = base.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/api"));
    Ok(authority.ok_or("the sandbox has another kind of address")?.parse()?)
}
