//! Inboxes against the double: whatever breaks, every invoice arrives exactly once.

mod edges;
mod packages;
mod stores;

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use common_core::{
    clock::{Clock, ManualClock},
    store::Position,
};
use common_store::MemoryStore;
use http::Method;
use ksef_client::v2::{
    Account, DurableError,
    inbox::{Checkpoint, Collected, Collector, CollectorOptions, Inbox},
    wire::InvoiceQuerySubjectType::{self, Subject1, Subject2},
};
use sandbox::{
    Sandbox,
    fault::Fault,
    ksef_v2::{Limits, SeedPlan},
};

use crate::{
    support::{ALFA, BETA},
    v2_brittle::{Brittle, BrittleStore},
    v2_support::{account, assert_expected, beside, in_process, invoice, once, quick},
};

const LEASE: Duration = Duration::from_secs(60);

/// How invoices are collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Pages,
    Packages,
}

/// A sandbox with invoices of Alfa to Beta, Beta's account, and an inbox in memory.
struct House {
    sandbox: Sandbox,
    account: Account,
    clock: Arc<ManualClock>,
    store: Arc<BrittleStore>,
    inbox: Inbox,
    documents: tempfile::TempDir,
    since: DateTime<Utc>,
}

impl House {
    /// With that many invoices, so many seconds apart, the last one some hours ago.
    async fn new(count: u32, seconds: u32) -> Self {
        let length = TimeDelta::seconds(i64::from(count) * i64::from(seconds));
        Self::with(count, seconds, &[length + TimeDelta::hours(3)]).await
    }

    /// With that many invoices behind each of these moments before now, the oldest first.
    async fn with(count: u32, seconds: u32, ago: &[TimeDelta]) -> Self {
        let sandbox = in_process().await;
        sandbox.ksef_v2().set_limits(Limits::none());
        let client = beside(&sandbox).build().unwrap();
        let account = account(&client, &sandbox, BETA);
        let now = account.clock().now();
        for ago in ago {
            let plan = SeedPlan::new(ALFA, BETA, count, now - *ago).step_us(seconds * 1_000_000);
            sandbox.ksef_v2().seed_invoices(&plan);
        }
        let clock = Arc::new(ManualClock::at("2026-02-03T10:00:00Z".parse().unwrap()));
        let store = MemoryStore::new(clock.clone() as Arc<dyn Clock>);
        let store = Arc::new(BrittleStore::new(store, Brittle::default()));
        let inbox = Inbox::new(store.clone(), "nip-beta").unwrap();
        let documents = tempfile::tempdir().unwrap();
        let since = now - ago[0] - TimeDelta::hours(1);
        Self { sandbox, account, clock, store, inbox, documents, since }
    }

    /// So many invoices of the same moment, that long ago.
    fn add_at_once(&self, count: u32, ago: TimeDelta) {
        let at = self.account.clock().now() - ago;
        let plan = SeedPlan::new(ALFA, BETA, count, at).step_us(0);
        self.sandbox.ksef_v2().seed_invoices(&plan);
    }

    /// Nothing in the archive, and a collector that begins that long ago.
    async fn empty(ago: TimeDelta) -> Self {
        let mut house = Self::new(0, 1).await;
        house.since = house.account.clock().now() - ago;
        house
    }

    fn options(&self) -> CollectorOptions {
        let options = CollectorOptions::new("a", self.since).lease(LEASE);
        options.interval(Duration::ZERO).patience(quick())
    }

    fn collector(&self, options: CollectorOptions) -> Collector {
        self.inbox.collector(self.account.clone(), options)
    }

    /// The same in that way.
    fn by(&self, way: Way, options: CollectorOptions) -> CollectorOptions {
        match way {
            Way::Pages => options,
            Way::Packages => options.documents(self.documents.path()),
        }
    }

    /// A collector of that name that works in that way.
    fn collector_of(&self, way: Way, name: &str) -> Collector {
        let options = CollectorOptions::new(name, self.since).lease(LEASE);
        let options = options.interval(Duration::ZERO).patience(quick());
        self.collector(self.by(way, options))
    }

    /// Whether the documents of all arrivals, if they are collected, are in their files, and nothing
    /// else is there.
    async fn assert_documents(&self, way: Way) {
        let arrived = if way == Way::Packages { self.arrived(Subject2).await } else { Vec::new() };
        for number in &arrived {
            let content = std::fs::read(self.documents.path().join(format!("{number}.xml")));
            assert_eq!(self.sandbox.ksef_v2().invoice_bytes(number).unwrap(), content.unwrap());
        }
        assert_eq!(self.files(), arrived.len());
    }

    /// How many documents lie in their folder.
    fn files(&self) -> usize {
        let drafts = self.documents.path().join(".drafts");
        count(self.documents.path()) - usize::from(drafts.exists())
    }

    /// Begins anew: nothing was collected yet, and what was begun is forgotten.
    fn forget(&mut self) {
        let store = MemoryStore::new(self.clock.clone() as Arc<dyn Clock>);
        self.store = Arc::new(BrittleStore::new(store, Brittle::default()));
        self.inbox = Inbox::new(self.store.clone(), "nip-beta").unwrap();
        self.documents = tempfile::tempdir().unwrap();
    }

    /// The numbers of all arrivals that nobody has taken, in their order.
    async fn arrived(&self, role: InvoiceQuerySubjectType) -> Vec<String> {
        let mut numbers = Vec::new();
        let mut after = Position::START;
        loop {
            let arrivals = self.inbox.arrivals(role, after, 100).await.unwrap();
            let Some(last) = arrivals.last() else { return numbers };
            after = last.position;
            numbers.extend(arrivals.into_iter().map(|arrival| arrival.metadata.ksef_number));
        }
    }

    /// Whether so many have arrived, each once.
    async fn assert_arrived(&self, count: usize) {
        let arrived = self.arrived(Subject2).await;
        let distinct: BTreeSet<_> = arrived.iter().collect();
        assert_eq!((arrived.len(), distinct.len()), (count, count));
    }
}

/// How many files and folders lie in a folder.
fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Steps until everything has arrived, and how many invoices that were.
async fn collect(collector: &Collector) -> u64 {
    let mut all = 0;
    loop {
        match collector.step(Subject2).await.unwrap() {
            Collected::Some(count) => all += count,
            Collected::All(count) => return all + count,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn everything_arrives_once_and_later_what_is_new() {
    let house = House::new(700, 60).await;
    let collector = house.collector(house.options().pages(1));
    assert_eq!(collect(&collector).await, 700);
    house.assert_arrived(700).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    house.sandbox.ksef_v2().add_invoice(invoice(ALFA, BETA, "FV/new").into()).unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(collect(&collector).await, 1);
    assert_eq!(collect(&collector).await, 0);
    house.assert_arrived(701).await;
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn windows_of_a_hundred_days_and_cut_answers_leave_no_gap() {
    let ago = [250, 140, 100, 99].map(TimeDelta::days);
    let house = House::with(200, 1, &ago).await;
    house.sandbox.ksef_v2().set_largest_result(130);
    assert_eq!(collect(&house.collector(house.options())).await, 800);
    house.assert_arrived(800).await;
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn failures_of_the_service_lose_nothing() {
    let house = House::new(600, 1).await;
    let path = "/invoices/query/metadata";
    let collector = house.collector(house.options());
    for fault in [Fault::LoseAnswer, Fault::DropRequest, Fault::MaskAnswer { status: 503 }] {
        once(&house.sandbox, &Method::POST, path, fault);
        let failed = collector.step(Subject2).await;
        assert!(matches!(failed, Err(DurableError::Ksef(error)) if error.is_transient()));
    }
    assert_eq!(collect(&collector).await, 600);
    house.assert_arrived(600).await;
}

#[tokio::test(start_paused = true)]
async fn documents_are_in_their_files_before_their_arrivals_are_told() {
    let house = House::new(250, 60).await;
    house.sandbox.ksef_v2().set_export_part(10_000);
    house.sandbox.ksef_v2().set_largest_result(100);
    let collector = house.collector_of(Way::Packages, "a");
    assert_eq!(collect(&collector).await, 250);
    house.assert_arrived(250).await;
    house.assert_documents(Way::Packages).await;
    let arrivals = house.inbox.arrivals(Subject2, Position::START, 1000).await.unwrap();
    assert!(arrivals.iter().all(|arrival| arrival.has_document));
    assert_eq!(count(&house.documents.path().join(".drafts")), 0);
    assert_expected(&house.sandbox);
}

#[tokio::test(start_paused = true)]
async fn starting_over_from_a_checkpoint_brings_what_is_behind_it_once() {
    let house = House::new(600, 1).await;
    let collector = house.collector(house.options().pages(1));
    assert_eq!(collector.step(Subject2).await.unwrap(), Collected::Some(250));
    let kept = house.inbox.checkpoint(Subject2).await.unwrap().unwrap();
    let before = house.arrived(Subject2).await;
    collect(&collector).await;
    house.assert_arrived(600).await;
    let all = house.arrived(Subject2).await;
    assert!(house.inbox.start_over(kept).await.unwrap());
    assert_eq!(collect(&collector).await, 350);
    let again = house.arrived(Subject2).await;
    let (first, second) = again.split_at(all.len());
    assert_eq!(first, all);
    let behind: BTreeSet<_> = second.iter().collect();
    assert_eq!(behind.len(), 350);
    assert!(before.iter().all(|number| !behind.contains(number)));
}

#[tokio::test(start_paused = true)]
async fn what_is_taken_is_gone_and_the_checkpoint_outlives_it() {
    let house = House::new(300, 1).await;
    let collector = house.collector(house.options());
    collect(&collector).await;
    let arrivals = house.inbox.arrivals(Subject2, Position::START, 1000).await.unwrap();
    let positions: Vec<_> = arrivals.iter().map(|arrival| arrival.position).collect();
    assert_eq!(house.inbox.take(Subject2, &positions).await.unwrap(), 300);
    assert_eq!(house.inbox.compact(Subject2).await.unwrap(), 300);
    assert_eq!(house.arrived(Subject2).await, Vec::<String>::new());
    assert_eq!(collect(&collector).await, 0);
}

#[tokio::test(start_paused = true)]
async fn roles_have_arrivals_of_their_own_and_are_asked_for_in_intervals() {
    let house = House::new(10, 1).await;
    let hour = Duration::from_secs(3600);
    let collector = house.collector(house.options().interval(hour));
    assert_eq!(collector.step(Subject1).await.unwrap(), Collected::All(0));
    assert_eq!(collector.step(Subject2).await.unwrap(), Collected::All(10));
    assert_eq!(collector.step(Subject2).await.unwrap(), Collected::Nothing);
    assert_eq!(house.arrived(Subject1).await, Vec::<String>::new());
}
