//! One seed: the sandbox with its limits and its moods, the wire, and what is asked of the processes.

use std::{collections::BTreeMap, time::Duration};

use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::{
    Sandbox,
    fault::{Fault, Rule, Turn},
    ksef_v2::{KsefV2, Limits, Rate},
};
use tokio::time::Instant;
use trial::{Failure, Holding, Relay, Tearing, plan};

use crate::{
    house::House,
    invoices::{BUYER, SELLER},
    judge::{self, Way},
    state::Task,
    tally::{Row, Verdict},
};

/// Paths at which answers get lost.
const PATHS: [(Method, &str); 8] = [
    (Method::POST, "/sessions/online"),
    (Method::POST, "/sessions/online/{referenceNumber}/invoices"),
    (Method::POST, "/sessions/online/{referenceNumber}/close"),
    (Method::POST, "/sessions/batch"),
    (Method::POST, "/sessions/batch/{referenceNumber}/close"),
    (Method::GET, "/sessions/{referenceNumber}"),
    (Method::GET, "/sessions/{referenceNumber}/invoices"),
    (Method::POST, "/invoices/query/metadata"),
];

/// How many calls in a second the service takes of each group: the least and the most of all seeds.
const LIMITS: [(&str, u16, u16); 11] = [
    ("anonymous", 10, 20),
    ("batchSession", 2, 4),
    ("batchSessionClose", 2, 4),
    ("invoiceExport", 3, 5),
    ("invoiceExportStatus", 5, 8),
    ("invoiceMetadata", 4, 6),
    ("invoiceSend", 5, 9),
    ("onlineSession", 3, 5),
    ("onlineSessionClose", 3, 6),
    ("sessionInvoiceList", 4, 8),
    ("sessionMisc", 6, 10),
];

/// Access tokens are renewed a minute before they end.
const EARLY: Duration = Duration::from_secs(60);

/// Runs one seed.
pub(crate) async fn seed(seed: u64, postgres: Option<&str>) -> Result<Verdict, Failure> {
    let mut chance = plan::rng(seed, "house");
    let sandbox = Sandbox::builder().seed(seed).start().await?;
    let ksef = sandbox.ksef_v2();
    let renewed_every = Duration::from_millis(chance.random_range(1_000..5_000));
    let limits = limits(ksef, &mut chance);
    ksef.set_access_life(EARLY + renewed_every);
    ksef.set_pace(Duration::from_millis(chance.random_range(0..100)));
    ksef.set_high_water_lag(Duration::from_millis(chance.random_range(0..200)));
    disturb(ksef, &mut chance);
    let service = address(&ksef.base_url())?;
    let tearing = Tearing { in_ten: chance.random_range(0..3), ..Tearing::default() };
    let relay = Relay::start(service, tearing, plan::rng(seed, "wire")).await?;
    if chance.random_bool(0.5) {
        let longest = Duration::from_millis(chance.random_range(1_000..6_000));
        relay.hold(Holding { in_ten: 4, before: 8_000, longest });
    }
    let folder = tempfile::tempdir()?;
    let is_fleet = postgres.is_some() && matches!(seed % 5, 0 | 2);
    let through = |url: String| url.replace(&service.to_string(), &relay.address().to_string());
    let task = Task {
        seed,
        api: through(ksef.base_url()),
        latarnia: through(ksef.latarnia_url()),
        tokens: [token(ksef, SELLER)?, token(ksef, BUYER)?],
        postgres: postgres
            .filter(|_| is_fleet)
            .map(|url| [url.to_owned(), format!("crash_{seed}")]),
        batches: chance.random_bool(0.5),
        resumes: chance.random_bool(0.5),
        documents: chance.random_bool(0.4),
        lease: if is_fleet { 1_500 } else { 20_000 },
        limits,
        key: (0..32).map(|_| chance.random()).collect(),
    };
    task.write(folder.path())?;

    let store = task.store(folder.path()).await?;
    let mut house = House::new(folder.path(), &task, ksef, store.clone())?;
    house.verdict.tally.count(if is_fleet { Row::SeedsFleet } else { Row::SeedsAlone });
    let since = Instant::now();
    house.live_and_die(&mut chance).await?;
    ksef.settle().await;
    let House { mut verdict, told, .. } = house;
    let way = Way {
        torn: relay.torn(),
        held: relay.held(),
        orphaned: relay.orphaned(),
        passed: since.elapsed(),
        renewed_every,
    };
    judge::judge(&mut verdict, &task, folder.path(), ksef, &told, store).await?;
    judge::sharing(&mut verdict, ksef, &told, &way);
    drop(relay);
    sandbox.shutdown().await?;
    Ok(verdict)
}

/// Sets limits of calls, and tells them.
fn limits(ksef: &KsefV2, chance: &mut StdRng) -> BTreeMap<String, u16> {
    let drawn: BTreeMap<String, u16> = LIMITS
        .into_iter()
        .map(|(group, least, most)| (group.to_owned(), chance.random_range(least..=most)))
        .collect();
    let set = drawn.iter().fold(Limits::none(), |set, (group, limit)| {
        set.with(group, Rate::new(i32::from(*limit), -1, -1))
    });
    ksef.set_limits(set);
    drawn
}

/// Lets answers get lost, valid tokens be refused, and calls take their time.
fn disturb(ksef: &KsefV2, chance: &mut StdRng) {
    for (method, path) in &PATHS {
        let ms = chance.random_range(0..25);
        ksef.faults().push(Rule::new(Fault::DelayBefore { ms }).on(method, path));
        // A call whose renewed token is refused as well fails for good, so there is one for each path.
        if chance.random_bool(0.2) {
            let turn = Turn::Nth(chance.random_range(1..8));
            ksef.faults().push(Rule::new(Fault::Unauthorized).on(method, path).turn(turn));
        }
        for _ in 0..chance.random_range(0..3) {
            let fault = match chance.random_range(0..5) {
                0 => Fault::LoseAnswer,
                1 => Fault::MaskAnswer { status: 502 },
                2 => Fault::DropRequest,
                3 => Fault::CutAnswer { after: chance.random_range(0..120) },
                _ => Fault::Reply { status: 503, retry_after: None },
            };
            let turn = Turn::Nth(chance.random_range(1..8));
            ksef.faults().push(Rule::new(fault).on(method, path).turn(turn));
        }
    }
}

fn token(ksef: &KsefV2, nip: &str) -> Result<String, Failure> {
    Ok(ksef.token(nip).ok_or("the sandbox has no token of a company")?)
}

/// The address in a base URL.
fn address(url: &str) -> Result<std::net::SocketAddr, Failure> {
    let rest = url.split("://").nth(1).ok_or("the base URL has no scheme")?;
    Ok(rest.split('/').next().unwrap_or_default().parse()?)
}
