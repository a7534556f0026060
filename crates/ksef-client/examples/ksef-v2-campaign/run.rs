//! One seed from its beginning to its verdict.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use common_core::retry::RetryPolicy;
use ksef_client::v2::{
    Account, Client, Environment, FormCode, HttpOptions, ReqwestTransport,
    sending::{OnlineSession, OnlineSessionState},
    sessions::SessionType,
};
use ksef_crypto::{
    certificate::Certificate,
    keys::{LocalSigner, PrivateKey},
    number::ContextIdentifier,
};
use rand::RngExt;
use sandbox::{
    Sandbox,
    ksef_v2::{KsefV2, Limits},
};
use tokio::time::sleep;
use trial::{Failure, Relay, Tearing, plan::rng};

use crate::{
    batcher::Batcher,
    crash, crowd,
    desk::{Desk, TRIES, Way},
    invoices::{self, BUYER, SELLER},
    judge::Truth,
    plan::{Plan, SETTLED, row},
    reader,
    sender::{self, Sender},
    tally::{Row, Verdict},
    wire::{Once, Wire},
};

/// How long a try of an impatient client may take.
const TIMEOUT: Duration = Duration::from_millis(900);

/// Tokens are renewed a minute before their end: about every second.
const ACCESS_LIFE: Duration = Duration::from_secs(61);

/// How many invoices a query or an export gives; more are cut.
const LARGEST_RESULT: usize = 14;

/// Runs a seed.
pub(crate) async fn seed(seed: u64) -> Result<Verdict, Failure> {
    let plan = Plan::of(seed);
    let sandbox = start(&plan).await?;
    let ksef = sandbox.ksef_v2();
    let relay = Relay::start(address(ksef)?, Tearing::default(), rng(seed, "relay")).await?;
    let maker = Maker::new(&plan, ksef, &relay)?;

    let mut verdict = Verdict::default();
    let processes = tokio::spawn(crash::seed(seed));
    let (senders, mut batchers, crowd) = trouble(&maker).await?;
    verdict.join(crowd.into_verdict());
    verdict.join(read(&maker, "reader", true).await?);
    for row in ksef.faults().met().into_iter().filter_map(row) {
        verdict.tally.count(row);
    }
    verdict.tally.add(Row::TornRequest, relay.torn());
    ksef.faults().clear();
    relay.calm_down();
    sleep(SETTLED).await;
    ksef.settle().await;

    let truth = Truth::of(ksef);
    verdict.join(count(&maker, &senders, &batchers).await?);
    for mut sender in senders {
        truth.judge(&sender.entries, &mut sender.desk.verdict);
        verdict.join(sender.desk.into_verdict());
    }
    for batcher in &mut batchers {
        batcher.judge(&truth);
    }
    for batcher in batchers {
        verdict.join(batcher.desk.into_verdict());
    }
    verdict.join(read(&maker, "last reader", false).await?);
    for unexpected in ksef.unexpected() {
        verdict.untrue(format!("the client sent what it must not: {}", unexpected.what));
    }
    sandbox.shutdown().await?;
    verdict.join(processes.await??);
    Ok(verdict)
}

async fn start(plan: &Plan) -> Result<Sandbox, Failure> {
    let sandbox = trial::plan::sandbox(plan.seed).start().await?;
    let ksef = sandbox.ksef_v2();
    ksef.set_limits(Limits::none());
    ksef.set_pace(plan.pace);
    ksef.set_high_water_lag(plan.lag);
    ksef.set_access_life(ACCESS_LIFE);
    ksef.set_largest_result(LARGEST_RESULT);
    ksef.set_export_part(6_000);
    ksef.set_receipt_page(5);
    for rule in &plan.rules {
        ksef.faults().push(rule.clone());
    }
    Ok(sandbox)
}

/// All callers at once, until the last one has finished.
async fn trouble(maker: &Maker<'_>) -> Result<(Vec<Sender>, Vec<Batcher>, Desk), Failure> {
    let crowd = tokio::spawn(crowd::work(maker.desk("crowd", maker.seal()?)?));
    let mut senders = Vec::new();
    for (name, way) in [("first", maker.seal()?), ("second", maker.token(SELLER)?)] {
        senders.push(tokio::spawn(maker.sender(name, way)?.work()));
    }
    let mut batchers = Vec::new();
    let packages = [("good", false, maker.token(SELLER)?), ("mixed", true, maker.seal()?)];
    for (name, mixed, way) in packages {
        batchers.push(tokio::spawn(maker.batcher(name, mixed, way)?.work()));
    }
    let (mut done, mut packed) = (Vec::new(), Vec::new());
    for sender in senders {
        done.push(sender.await??);
    }
    for batcher in batchers {
        packed.push(batcher.await??);
    }
    Ok((done, packed, crowd.await??))
}

/// The buyer asks for everything, with faults in its way or without; its account logs in by itself.
async fn read(maker: &Maker<'_>, name: &str, through: bool) -> Result<Verdict, Failure> {
    sleep(SETTLED).await;
    maker.ksef.settle().await;
    // What the high water mark has not reached yet is not told.
    sleep(maker.plan.lag).await;
    let way = maker.token(BUYER)?;
    let wire = maker.wire(name, through).logs_in_by_itself();
    let mut desk = maker.desk_on(wire, name, BUYER, way.clone(), through)?;
    let account = desk.client.account(desk.context.clone()).credential(way.credential()).build();
    reader::check(&mut desk, &account).await?;
    Ok(desk.into_verdict())
}

/// The sessions that were opened, held against the list; and a call that goes nowhere.
async fn count(
    maker: &Maker<'_>,
    senders: &[Sender],
    batchers: &[Batcher],
) -> Result<Verdict, Failure> {
    let mut desk =
        maker.desk_on(maker.wire("count", false), "count", SELLER, maker.token(SELLER)?, false)?;
    let account = desk.log_in().await?;
    let opened: Vec<String> = senders.iter().flat_map(|one| one.opened.clone()).collect();
    let perhaps = senders.iter().map(|one| one.perhaps_opened).sum();
    sender::count_sessions(&mut desk, &account, SessionType::Online, &opened, perhaps).await?;
    let announced: Vec<String> = batchers.iter().flat_map(|one| one.opened.clone()).collect();
    let perhaps = batchers.iter().map(|one| one.perhaps_opened).sum();
    sender::count_sessions(&mut desk, &account, SessionType::Batch, &announced, perhaps).await?;

    let session = open(&mut desk, &account).await?;
    let state = OnlineSessionState::from_json(&session.export().expose_json())?;
    let wire = Wire::new(&maker.transport, Some("http://127.0.0.1:1".into()), maker.rng("nowhere"));
    let mut lonely = maker.desk_on(wire, "nowhere", SELLER, maker.token(SELLER)?, true)?;
    let tokens = account.tokens().await.ok_or("there are no tokens")?;
    let elsewhere = lonely.client.account(lonely.context.clone()).build();
    elsewhere.import(tokens).await?;
    sender::nowhere(&mut lonely, &elsewhere.resume_online(state)).await;
    let mut verdict = desk.into_verdict();
    verdict.join(lonely.into_verdict());
    Ok(verdict)
}

async fn open(desk: &mut Desk, account: &Account) -> Result<OnlineSession, Failure> {
    for _ in 0..TRIES {
        match desk.once(Once::Open, account.online(FormCode::FA_3).open()).await {
            Ok(session) => return Ok(session),
            Err(error) => desk.failed("the last opening", &error)?,
        }
    }
    Err("the last session could not be opened".into())
}

/// Makes the wires, clients and callers of a seed.
struct Maker<'a> {
    plan: &'a Plan,
    ksef: &'a KsefV2,
    detour: String,
    transport: ReqwestTransport,
}

impl<'a> Maker<'a> {
    fn new(plan: &'a Plan, ksef: &'a KsefV2, relay: &Relay) -> Result<Self, Failure> {
        let transport = ReqwestTransport::new(HttpOptions::new("ksef-v2-faults"))?;
        Ok(Self { plan, ksef, detour: format!("http://{}", relay.address()), transport })
    }

    fn rng(&self, part: &str) -> rand::rngs::StdRng {
        rng(self.plan.seed, part)
    }

    /// A wire through the relay, or straight to the service.
    fn wire(&self, name: &str, through: bool) -> Wire {
        let detour = through.then(|| self.detour.clone());
        Wire::new(&self.transport, detour, self.rng(&format!("wire of {name}")))
    }

    fn token(&self, company: &str) -> Result<Way, Failure> {
        let token = self.ksef.token(company).ok_or("the sandbox has no such token")?;
        Ok(Way::Token(token.into()))
    }

    fn seal(&self) -> Result<Way, Failure> {
        let seal = self.ksef.certificate("seal-ec").ok_or("the sandbox has no seal")?;
        let certificate = Certificate::from_pem(&seal.certificate_pem)?;
        let key = PrivateKey::from_pem(&seal.key_pem)?;
        Ok(Way::Signature(Arc::new(LocalSigner::new(key, certificate)?)))
    }

    fn desk(&self, name: &str, way: Way) -> Result<Desk, Failure> {
        self.desk_on(self.wire(name, true), name, SELLER, way, true)
    }

    /// A desk with an impatient client in the time of trouble, and a patient one after it; a
    /// hostile double refuses a call now and then.
    fn desk_on(
        &self,
        wire: Wire,
        name: &str,
        company: &str,
        way: Way,
        in_trouble: bool,
    ) -> Result<Desk, Failure> {
        let patient = RetryPolicy::default().attempts(12).cap(Duration::from_millis(300));
        let impatient = RetryPolicy::default().attempts(3).base(Duration::from_millis(10));
        let builder = Client::builder(Environment::at(&self.ksef.base_url())?).unlimited();
        let builder = builder.transport(wire.clone()).seed(self.plan.seed);
        let client = if in_trouble {
            builder.retry(impatient).timeout(TIMEOUT).build()?
        } else {
            builder.retry(patient).build()?
        };
        Ok(Desk {
            wire,
            client,
            ksef: self.ksef.clone(),
            context: ContextIdentifier::parse("Nip", company)?,
            way,
            rng: self.rng(name),
            verdict: Verdict::default(),
        })
    }

    fn sender(&self, name: &str, way: Way) -> Result<Sender, Failure> {
        let mut rng = self.rng(&format!("invoices of {name}"));
        let count = rng.random_range(8..=16);
        let invoices = invoices::mixed(&format!("{}-{name}", self.plan.seed), count, &mut rng);
        Ok(Sender::new(self.desk(name, way)?, invoices))
    }

    fn batcher(&self, name: &str, mixed: bool, way: Way) -> Result<Batcher, Failure> {
        let mut rng = self.rng(&format!("package of {name}"));
        let count = rng.random_range(5..=16);
        let prefix = format!("{}-{name}", self.plan.seed);
        let invoices = invoices::package(&prefix, count, mixed, &mut rng);
        Batcher::new(self.desk(name, way)?, invoices)
    }
}

/// Where the sandbox listens.
fn address(ksef: &KsefV2) -> Result<SocketAddr, Failure> {
    let base = ksef.base_url();
    let authority = base.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/v2"));
    Ok(authority.ok_or("the sandbox has another kind of address")?.parse()?)
}

/// The account of whoever has that token, straight to the service.
pub(crate) fn account(base: &str, company: &str, way: &Way) -> Result<Account, Failure> {
    let retry = RetryPolicy::default().attempts(6).base(Duration::from_millis(10));
    let client = Client::builder(Environment::at(base)?).unlimited().retry(retry).build()?;
    let context = ContextIdentifier::parse("Nip", company)?;
    Ok(client.account(context).credential(way.credential()).build())
}
