//! One seed from its beginning to its verdict.

use std::{net::SocketAddr, ops::RangeInclusive, time::Duration};

use common_core::{limit::Windows, retry::RetryPolicy};
use kros_client::{
    Client, ClientBuilder, Duplicates, Environment, HttpOptions, Limits, ReqwestTransport,
    model::{NewInvoice, NewPayment},
};
use rand::RngExt;
use sandbox::{
    Sandbox,
    kros::{Kros, Profile},
};
use tokio::time::sleep;
use trial::{Failure, Relay, Tearing, plan::rng};

use crate::{
    callers::{Clients, Told, read_lists, send_batch, send_singly},
    documents::{self, Nature},
    judge::{Judge, Stage, Truth, Verdict},
    ledger::{Claim, Entry},
    plan::{self, LONGEST_DELAY, Plan, row},
    receiver,
    recovery::recover,
    tally::{Row, Tally},
};

/// When the day of every sandbox begins.
pub(crate) const MORNING: &str = "2026-01-31T00:00:00";

/// The moment at which every sandbox starts.
const START: &str = "2026-01-31T08:00:00Z";

/// How long a try of an impatient client may take.
const TIMEOUT: Duration = Duration::from_millis(400);

/// The documents of a seed with everything that was said about them.
#[derive(Debug, Default)]
struct Books {
    invoices: Vec<Entry<NewInvoice>>,
    payments: Vec<Entry<NewPayment>>,
}

/// Runs a seed.
pub(crate) async fn seed(seed: u64) -> Result<Verdict, Failure> {
    let plan = Plan::of(seed);
    let sandbox = start(&plan).await?;
    let kros = sandbox.kros();
    let company = kros.company("0").ok_or("the sandbox has no company")?;
    let receiver = receiver::connect(kros, company.id, rng(seed, "receiver")).await?;
    let relay = Relay::start(address(kros)?, Tearing::default(), rng(seed, "relay")).await?;
    let maker = Maker::new(&plan, company.token())?;

    let mut verdict = Verdict::default();
    let mut books = trouble(&maker, relay.address(), &mut verdict).await?;
    for row in kros.faults().met().into_iter().filter_map(row) {
        verdict.tally.count(row);
    }
    verdict.tally.add(Row::TornRequest, relay.torn());
    kros.faults().clear();
    // A request that its caller gave up may still wait inside the service.
    sleep(Duration::from_millis(LONGEST_DELAY + 300)).await;
    kros.settle().await;
    let truth = Truth::of(kros, receiver.received());
    let mut judge = Judge { verdict: &mut verdict, truth: &truth, stage: Stage::AfterTheFaults };
    judge.judge(&books.invoices);
    judge.judge(&books.payments);

    let careful = maker.careful(kros.base_url())?;
    recover(&careful, kros, &mut books.invoices, &mut verdict).await?;
    recover(&careful, kros, &mut books.payments, &mut verdict).await?;
    kros.settle().await;
    let news = receiver.received();
    count_received(&news, &books, &mut verdict);
    // What was broken before is not counted again.
    if verdict.is_clean() {
        let truth = Truth::of(kros, news);
        let mut judge =
            Judge { verdict: &mut verdict, truth: &truth, stage: Stage::AfterTheRecovery };
        judge.judge(&books.invoices);
        judge.judge(&books.payments);
    }
    for unexpected in kros.unexpected() {
        verdict.untrue(format!("the client sent what it must not: {}", unexpected.what));
    }
    sandbox.shutdown().await?;
    Ok(verdict)
}

async fn start(plan: &Plan) -> Result<Sandbox, Failure> {
    let sandbox = trial::plan::sandbox(plan.seed).starting_at(START.parse()?).start().await?;
    let kros = sandbox.kros();
    kros.set_limits(match plan.limits {
        plan::Limits::None => Profile::Unlimited,
        plan::Limits::Current => Profile::Current,
    });
    kros.set_notification_form(plan.form);
    kros.set_signature_scheme(plan.scheme);
    for rule in &plan.rules {
        kros.faults().push(rule.clone());
    }
    Ok(sandbox)
}

/// All callers at once, until the last one has given up or finished.
async fn trouble(
    maker: &Maker<'_>,
    wire: SocketAddr,
    verdict: &mut Verdict,
) -> Result<Books, Failure> {
    let clients = maker.impatient(&format!("http://{wire}/api"))?;
    // Nobody listens there, so nothing can have been sent.
    let nowhere = maker.impatient("http://127.0.0.1:1/api")?;
    let batches = [maker.invoices("first"), maker.invoices("second"), maker.invoices("third")];
    let batches = batches.map(|entries| {
        let rng = maker.rng(&entries[0].external_id);
        tokio::spawn(send_batch(clients.clone(), entries, 5..=50, rng))
    });
    let payments = maker.payments();
    let rng = maker.rng("payments-caller");
    let payments = tokio::spawn(send_batch(clients.clone(), payments, 5..=20, rng));
    let singles = send_singly(clients.clone(), maker.few("single", 12), maker.rng("single"));
    let singles = tokio::spawn(singles);
    let unsent = tokio::spawn(send_singly(nowhere, maker.few("unsent", 2), maker.rng("unsent")));
    let reads = tokio::spawn(read_lists(clients));

    let mut books = Books::default();
    for caller in batches.into_iter().chain([singles, unsent]) {
        books.invoices.extend(enter(caller.await?, &mut verdict.tally));
    }
    books.payments.extend(enter(payments.await?, &mut verdict.tally));
    for _ in 0..reads.await? {
        verdict.untrue("a read is said to have changed something".to_owned());
    }
    Ok(books)
}

fn enter<D>(told: Told<D>, tally: &mut Tally) -> Vec<Entry<D>> {
    tally.join(told.tally);
    told.entries.iter().flat_map(|entry| &entry.claims).for_each(|claim| claim.count(tally));
    told.entries
}

/// Counts the notifications, and notes those that should not have come.
fn count_received(received: &receiver::Received, books: &Books, verdict: &mut Verdict) {
    let handled = received.handled.values().map(|notices| notices.len() as u64).sum();
    verdict.tally.add(Row::Notified, handled);
    verdict.tally.add(Row::NotifiedAgain, received.repeated);
    for _ in 0..received.rejected {
        verdict.untrue("a notification was not authentic".to_owned());
    }
    let invoices = books.invoices.iter().map(|entry| (entry.nature, &entry.claims));
    let payments = books.payments.iter().map(|entry| (entry.nature, &entry.claims));
    for (nature, claims) in invoices.chain(payments) {
        let accepted = claims.iter().any(|claim| matches!(claim, Claim::Accepted(_)));
        if nature == Nature::Doomed && accepted {
            verdict.tally.count(Row::FailedLater);
        }
    }
}

/// Makes the clients and documents of a seed.
struct Maker<'a> {
    plan: &'a Plan,
    token: &'a str,
    transport: ReqwestTransport,
}

impl<'a> Maker<'a> {
    fn new(plan: &'a Plan, token: &'a str) -> Result<Self, Failure> {
        let transport = ReqwestTransport::new(HttpOptions::new("kros-faults"))?;
        Ok(Self { plan, token, transport })
    }

    fn rng(&self, part: &str) -> rand::rngs::StdRng {
        rng(self.plan.seed, part)
    }

    fn client(&self, base: &str) -> Result<ClientBuilder, Failure> {
        let limits = match self.plan.limits {
            plan::Limits::None => Limits::custom(Windows::unlimited()),
            plan::Limits::Current => Limits::current(),
        };
        Ok(Client::builder(Environment::at(base)?)
            .token(self.token.into())
            .transport(self.transport.clone())
            .limits(limits)
            .seed(self.plan.seed))
    }

    /// Clients for the time of trouble.
    fn impatient(&self, base: &str) -> Result<Clients, Failure> {
        let retry = RetryPolicy::default().attempts(3).base(Duration::from_millis(10));
        let client = |duplicates| -> Result<Client, Failure> {
            let builder = self.client(base)?.timeout(TIMEOUT).retry(retry);
            Ok(builder.duplicates(duplicates).build()?)
        };
        Ok(Clients([client(Duplicates::Refuse)?, client(Duplicates::Send)?]))
    }

    /// A client for the time after it.
    fn careful(&self, base: &str) -> Result<Client, Failure> {
        Ok(self.client(base)?.retry(RetryPolicy::default().attempts(6)).build()?)
    }

    fn invoices(&self, name: &str) -> Vec<Entry<NewInvoice>> {
        let mut rng = self.rng(name);
        let count = rng.random_range(self.volume(30..=90));
        documents::invoices(&self.prefix(name), count, &mut rng)
    }

    fn payments(&self) -> Vec<Entry<NewPayment>> {
        let mut rng = self.rng("payments");
        let count = rng.random_range(self.volume(20..=60));
        documents::payments(&self.prefix("payment"), count, &mut rng)
    }

    fn few(&self, name: &str, count: usize) -> Vec<Entry<NewInvoice>> {
        documents::invoices(&self.prefix(name), count, &mut self.rng(name))
    }

    fn prefix(&self, name: &str) -> String {
        format!("{}-{name}", self.plan.seed)
    }

    /// Under limits every request takes its time, so there are fewer of them.
    fn volume(&self, documents: RangeInclusive<usize>) -> RangeInclusive<usize> {
        let share = if self.plan.limits == plan::Limits::None { 1 } else { 3 };
        documents.start() / share..=documents.end() / share
    }
}

/// Where the sandbox listens.
fn address(kros: &Kros) -> Result<SocketAddr, Failure> {
    let base = kros.base_url();
    let authority = base.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/api"));
    Ok(authority.ok_or("the sandbox has another kind of address")?.parse()?)
}
