//! One seed from its beginning to its verdict.

use std::{net::SocketAddr, time::Duration};

use common_core::{limit::Windows, retry::RetryPolicy};
use epp_client::{
    Client, Environment, HttpOptions, ReqwestTransport, accounts::StatementUrl,
    session::Credentials,
};
use rand::RngExt;
use sandbox::{
    Sandbox,
    epp::{Epp, User},
};
use tokio::time::sleep;
use trial::{Failure, Relay, Tearing, plan::rng};

use crate::{
    caller::{Caller, SETTLED},
    crash,
    judge::{Verdict, judge},
    ledger::{self, Books},
    payer::COUNTDOWN,
    plan::{Plan, row},
    statements::{self, Way},
    tally::Row,
};

/// The moment at which every sandbox starts, and its day.
pub(crate) const START: &str = "2026-01-31T08:00:00Z";
const DAY: &str = "2026-01-31";

/// How long a try of a client may take.
const TIMEOUT: Duration = Duration::from_millis(300);

/// Runs a seed.
pub(crate) async fn seed(seed: u64) -> Result<Verdict, Failure> {
    let plan = Plan::of(seed);
    let sandbox = start(&plan).await?;
    let epp = sandbox.epp();
    let relay = Relay::start(address(epp)?, Tearing::default(), rng(seed, "relay")).await?;
    let maker = Maker::new(&plan, epp, &format!("http://{}/api", relay.address()))?;

    let mut verdict = Verdict::default();
    let books = trouble(&maker, &mut verdict).await?;
    // A request that its caller gave up may still wait inside the service.
    sleep(SETTLED).await;
    epp.settle().await;
    statement(&maker, &mut verdict).await?;
    for caller in &books {
        judge(&mut verdict, caller, epp);
    }
    for row in epp.faults().met().into_iter().filter_map(row) {
        verdict.tally.count(row);
    }
    verdict.tally.add(Row::TornRequest, relay.torn());
    verdict.tally.add(Row::Refreshed, epp.refreshes());
    verdict.tally.add(Row::LoggedIn, epp.logins());
    let told = epp.statistics();
    if told.early_refreshes + told.refused_logins > 0 {
        verdict.untrue(format!("the rules of the session were not kept: {told:?}"));
    }
    for unexpected in epp.unexpected() {
        verdict.untrue(format!("the client sent what it must not: {}", unexpected.what));
    }
    sandbox.shutdown().await?;
    verdict.join(crash::seed(seed).await?);
    Ok(verdict)
}

async fn start(plan: &Plan) -> Result<Sandbox, Failure> {
    let sandbox = trial::plan::sandbox(plan.seed).starting_at(START.parse()?).start().await?;
    sandbox.epp().set_otp_countdown(COUNTDOWN);
    sandbox.epp().misstate_totals(u32::from(plan.seed.is_multiple_of(4)));
    for rule in &plan.rules {
        sandbox.epp().faults().push(rule.clone());
    }
    Ok(sandbox)
}

/// All callers at once, until the last one has done its work; meanwhile tokens expire.
async fn trouble(maker: &Maker<'_>, verdict: &mut Verdict) -> Result<Vec<Books>, Failure> {
    let shared = maker.client(0, &maker.base)?;
    let callers = [
        maker.caller("first", shared.clone()),
        maker.caller("second", shared),
        maker.caller("third", maker.client(1, &maker.base)?),
    ];
    // Nobody listens there, so nothing can have been sent.
    let nowhere = maker.caller("nowhere", maker.client(0, "http://127.0.0.1:1/api")?);
    let callers = callers.map(|caller| tokio::spawn(caller.work()));
    let nowhere = tokio::spawn(nowhere.shout());
    let (epp, mut chance) = (maker.epp.clone(), rng(maker.plan.seed, "tokens"));
    let ends = tokio::spawn(async move {
        let mut count = 0_u64;
        loop {
            sleep(Duration::from_millis(chance.random_range(200..1_500))).await;
            epp.expire_tokens();
            EXPIRED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            count += 1;
            if count > 60 {
                return;
            }
        }
    });
    let mut all = Vec::new();
    for caller in callers {
        let (books, told) = caller.await??;
        verdict.join(told);
        all.push(books);
    }
    let (_, told) = nowhere.await?;
    verdict.join(told);
    ends.abort();
    Ok(all)
}

/// How often all tokens were let expire, in all seeds.
pub(crate) static EXPIRED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

/// The same statement by two clients and in two ways; the script of faults goes on.
async fn statement(maker: &Maker<'_>, verdict: &mut Verdict) -> Result<(), Failure> {
    let account = maker.account.number.parse()?;
    let format = statements::format(maker.plan.seed);
    let url = StatementUrl::daily(&account, DAY.parse()?, format);
    for (user, way) in [(0, Way::Memory), (1, Way::Stream)] {
        let client = maker.client(user, &maker.base)?;
        statements::check(&client, &url, way, verdict).await?;
    }
    Ok(())
}

/// Makes the clients and callers of a seed.
struct Maker<'a> {
    plan: &'a Plan,
    epp: &'a Epp,
    base: String,
    users: Vec<User>,
    account: sandbox::epp::Account,
    transport: ReqwestTransport,
}

impl<'a> Maker<'a> {
    fn new(plan: &'a Plan, epp: &'a Epp, base: &str) -> Result<Self, Failure> {
        let account = epp.accounts().into_iter().next().ok_or("the sandbox has no account")?;
        let transport = ReqwestTransport::new(HttpOptions::new("epp-faults"))?;
        Ok(Self { plan, epp, base: base.to_owned(), users: epp.users(), account, transport })
    }

    fn client(&self, user: usize, base: &str) -> Result<Client, Failure> {
        let user = self.users.get(user).ok_or("the sandbox has too few users")?;
        let retry = RetryPolicy::default().attempts(3).base(Duration::from_millis(10));
        Ok(Client::builder(Environment::at(base, self.epp.web_url())?)
            .credentials(Credentials::new(&user.login, user.password().into()))
            .transport(self.transport.clone())
            .limits(Windows::unlimited())
            .retry(retry)
            .timeout(TIMEOUT)
            .seed(self.plan.seed)
            .build()?)
    }

    fn caller(&self, name: &str, client: Client) -> Caller {
        let mut rng = rng(self.plan.seed, name);
        let prefix = format!("{}-{name}", self.plan.seed);
        let count = rng.random_range(4..=25);
        let entries = ledger::orders(&prefix, &self.account.full_number(), count, &mut rng);
        let books = Books { entries, payments: Vec::new() };
        Caller { client, epp: self.epp.clone(), rng, verdict: Verdict::default(), books }
    }
}

/// Where the sandbox listens.
fn address(epp: &Epp) -> Result<SocketAddr, Failure> {
    let base = epp.base_url();
    let authority = base.strip_prefix("http://").and_then(|rest| rest.strip_suffix("/api"));
    Ok(authority.ok_or("the sandbox has another kind of address")?.parse()?)
}
