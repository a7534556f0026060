//! A double of KSeF 2.0, the live system behind the OpenAPI 2.9.0.
//!
//! [`KsefV2`] is the test's side of it: companies, tokens, certificates, faults, and everything
//! that was accepted. It really decrypts, verifies signatures and hashes, counts requests, and
//! enforces permissions.

mod answer;
mod archive;
mod auth;
mod batch;
mod batch_work;
mod blob;
mod certificates;
mod collective;
mod contract;
pub(crate) mod control;
mod errors;
mod export;
mod export_work;
mod invoice;
mod invoices;
mod jwt;
mod latarnia;
mod limits;
mod limits_api;
mod listing;
mod online;
mod people;
mod peppol;
mod permissions;
mod pipeline;
mod problem;
mod public_keys;
mod query;
mod request;
mod resources;
mod seed;
mod session;
mod storage;
mod store;
mod tar;
mod test_data;
mod tokens;
mod upo;
mod view;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Method;

pub use crate::ksef::credentials::TestCertificate;
pub use latarnia::{Outage, OutageKind};
pub use limits::{Limits, Rate};
pub use people::{Identity, IdentityKind, Permission};
pub use public_keys::Rotation;
pub use seed::{SeedError, SeedPlan};
pub use store::Statistics;
pub use view::{AcceptedInvoice, LoginView, ReceivedInvoice, SessionView, UploadedPart};

use crate::fault::{Code, Script};
use crate::front::{Context, Emulator, Entrance, Incoming, Mood};
use crate::ksef::{credentials, numbers};
use crate::ksef_v1::Company;
use crate::record::{Exchange, System, Unexpected};
use crate::reply::Reply;
use jwt::Issuer;
use store::Store;

/// The largest request: an encrypted part of a package.
const LARGEST_BODY: usize = 100_000_016;

/// The handle of the KSeF 2.0 double; clones share one state.
#[derive(Clone)]
pub struct KsefV2(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    script: Script,
    store: Mutex<Store>,
    origin: String,
    issuer: Issuer,
}

/// Tokens and keys are part of the state, so nothing of it is shown.
impl fmt::Debug for KsefV2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KsefV2").field("base_url", &self.base_url()).finish_non_exhaustive()
    }
}

/// The operations of the double: method and template below the base address.
pub fn routes() -> impl Iterator<Item = (Method, &'static str)> {
    contract::operations().iter().map(|operation| (operation.method.clone(), operation.template))
}

impl KsefV2 {
    pub(crate) fn new(context: Arc<Context>, origin: &str) -> Self {
        let issuer = Issuer::new(&context.chance.bytes::<32>());
        let store = Mutex::new(seed::store(&context));
        let script = Script::default();
        Self(Arc::new(Inner { context, script, store, origin: origin.to_owned(), issuer }))
    }

    /// The address of the API, which ends in `/v2`; without sockets it only names the service.
    pub fn base_url(&self) -> String {
        format!("{}/v2", self.0.origin)
    }

    /// The address of the service that tells the status of the system.
    pub fn latarnia_url(&self) -> String {
        format!("{}/latarnia", self.0.origin)
    }

    /// The API, the storage and the status service in this process, with the same state as behind
    /// the socket.
    pub fn service(&self) -> Entrance {
        Entrance::in_process(Arc::new(self.clone()))
    }

    pub(crate) fn socket_service(&self) -> Entrance {
        Entrance::behind_socket(Arc::new(self.clone()))
    }

    /// The scripted faults of requests.
    pub fn faults(&self) -> &Script {
        &self.0.script
    }

    /// The companies; all invented.
    pub fn companies(&self) -> Vec<Company> {
        crate::ksef_v1::companies()
    }

    /// The test certificates with their keys; made when first asked for.
    pub fn certificates(&self) -> Vec<TestCertificate> {
        seed::introduce_fingerprints(self);
        credentials::all().to_vec()
    }

    /// The test certificate of that name.
    pub fn certificate(&self, name: &str) -> Option<TestCertificate> {
        self.certificates().into_iter().find(|one| one.name == name)
    }

    /// The KSeF token that a company has from the start, with every permission that a token can
    /// have.
    pub fn token(&self, nip: &str) -> Option<String> {
        self.with_store(|store| resources::seeded_token(store, &Identity::nip(nip)))
    }

    /// A new KSeF token of a context with these permissions, as if its owner had made it.
    pub fn issue_token(&self, context: &Identity, permissions: &[Permission]) -> String {
        let chance = &self.context().chance;
        let now = self.now();
        let reference = numbers::reference("EC", now, chance);
        let secret = crate::ksef::hex(&chance.bytes::<32>()).to_lowercase();
        let kind = context.kind.as_str();
        let kind = format!("{}{}", kind[..1].to_lowercase(), &kind[1..]);
        let secret = format!("{reference}|{kind}-{}|{secret}", context.value);
        let permissions: BTreeSet<_> = permissions.iter().copied().collect();
        self.with_store(|store| {
            resources::seed_token(store, &reference, &secret, context, permissions, now);
        });
        secret
    }

    /// Gives permissions in a context, as if its owner had given them.
    pub fn grant(&self, context: &Identity, to: &Identity, permissions: &[Permission]) {
        let now = self.now();
        self.with_store(|store| resources::seed_grant(store, context, to, permissions, now));
    }

    /// Every accepted invoice, in the order of acceptance, without seeded ones that were planned.
    pub fn invoices(&self) -> Vec<AcceptedInvoice> {
        self.with_store(|store| store.archive.views())
    }

    /// The bytes of an accepted invoice.
    pub fn invoice_bytes(&self, ksef_number: &str) -> Option<Bytes> {
        self.with_store(|store| store.archive.bytes(ksef_number))
    }

    /// Accepts an invoice that came from elsewhere, in place of its sender.
    ///
    /// # Errors
    ///
    /// [`SeedError`] when it is not an invoice of a known form, or a duplicate.
    pub fn add_invoice(&self, bytes: Bytes) -> Result<AcceptedInvoice, SeedError> {
        seed::add(self, bytes)
    }

    /// Puts many generated invoices into the archive; their bytes are made when asked for, so a
    /// million takes some hundred megabytes.
    pub fn seed_invoices(&self, plan: &SeedPlan) {
        seed::many(self, plan);
    }

    /// Every session, in the order of opening.
    pub fn sessions(&self) -> Vec<SessionView> {
        self.with_store(|store| store.sessions.views())
    }

    /// Every login that was begun, in the order of beginning.
    pub fn logins(&self) -> Vec<LoginView> {
        self.with_store(|store| store.logins.views())
    }

    /// Every invoice that arrived in any session, accepted or not.
    pub fn received(&self) -> Vec<ReceivedInvoice> {
        self.with_store(|store| store.sessions.received())
    }

    /// The parts that a batch holds; none after it was closed.
    pub fn uploaded(&self, reference: &str) -> Vec<UploadedPart> {
        self.with_store(|store| batch::uploaded(store, reference))
    }

    /// What was counted so far.
    pub fn statistics(&self) -> Statistics {
        self.with_store(|store| store.statistics)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.context().journal.exchanges_with(System::KsefV2)
    }

    /// What no correct client sends; a test ends by asserting that it is empty.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        self.context().journal.unexpected_at(System::KsefV2)
    }

    /// Sets the limits of requests of every context that has none of its own, and forgets what was
    /// counted.
    pub fn set_limits(&self, limits: Limits) {
        self.with_store(|store| {
            store.settings.limits = limits;
            store.limiter.clear();
        });
    }

    /// Sets how long each step of each process takes, in place of no time in calm mode and some
    /// seeded milliseconds in hostile mode.
    pub fn set_pace(&self, step: Duration) {
        self.with_store(|store| store.settings.pace = Some(delta(step)));
    }

    /// Sets how long access tokens live; 15 minutes at first.
    pub fn set_access_life(&self, life: Duration) {
        self.with_store(|store| store.settings.access_life = delta(life));
    }

    /// Sets how long refresh tokens live; 7 days at first.
    pub fn set_refresh_life(&self, life: Duration) {
        self.with_store(|store| store.settings.refresh_life = delta(life));
    }

    /// Sets how long links of exports live; an hour at first.
    pub fn set_link_life(&self, life: Duration) {
        self.with_store(|store| store.settings.link_life = delta(life));
    }

    /// Sets how far the high water mark stays behind the clock; not at all at first.
    pub fn set_high_water_lag(&self, lag: Duration) {
        self.with_store(|store| store.settings.high_water_lag = delta(lag));
    }

    /// Sets how many bytes a part of an export has before encryption; 50,000,000 at first.
    pub fn set_export_part(&self, bytes: usize) {
        self.with_store(|store| store.settings.export_part = bytes.max(16));
    }

    /// Sets how many invoices a query or an export tells before it is truncated; 10,000 at first.
    pub fn set_largest_result(&self, count: usize) {
        self.with_store(|store| store.settings.largest_result = count.max(1));
    }

    /// Sets how many invoices a page of a receipt holds; 10,000 at first.
    pub fn set_receipt_page(&self, count: usize) {
        self.with_store(|store| store.settings.receipt_page = count.max(1));
    }

    /// Changes the public keys.
    pub fn rotate_keys(&self, rotation: Rotation) {
        self.with_store(|store| store.settings.rotation = rotation);
    }

    /// Begins or ends the maintenance of interactive sessions, during which sending answers 21184.
    pub fn set_maintenance(&self, maintenance: Maintenance) {
        let on = maintenance == Maintenance::On;
        self.with_store(|store| store.settings.maintenance = on);
    }

    /// Returns when no process is running.
    pub async fn settle(&self) {
        self.context().tasks.idle().await;
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn issuer(&self) -> &Issuer {
        &self.0.issuer
    }

    fn origin(&self) -> &str {
        &self.0.origin
    }

    /// The present moment, to the ten-millionth of a second that answers can tell.
    fn now(&self) -> DateTime<Utc> {
        let now = self.context().clock.now();
        let rest = now.timestamp_subsec_nanos() % 100;
        now - TimeDelta::nanoseconds(i64::from(rest))
    }

    /// Waits as long as a step takes.
    async fn pace(&self) {
        let pace = self.with_store(|store| store.settings.pace);
        let pace =
            pace.and_then(|pace| pace.to_std().ok()).unwrap_or_else(|| match self.context().mood {
                Mood::Calm => Duration::ZERO,
                Mood::Hostile => Duration::from_millis(self.context().chance.between(0, 15)),
            });
        if pace.is_zero() {
            tokio::task::yield_now().await;
        } else {
            tokio::time::sleep(pace).await;
        }
    }

    /// Works on the state; no await point may lie inside.
    fn with_store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.0.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether interactive sessions are under maintenance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Maintenance {
    /// Sending answers 21184.
    On,
    /// Sending works.
    Off,
}

impl Emulator for KsefV2 {
    fn system(&self) -> System {
        System::KsefV2
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn script(&self) -> &Script {
        &self.0.script
    }

    fn largest_body(&self) -> usize {
        LARGEST_BODY
    }

    fn route<'a>(&self, method: &Method, path: &'a str) -> (&'a str, Option<&'static str>) {
        let below = match answer::place(path) {
            answer::Place::Api(rest) => rest,
            _ => path,
        };
        (below, answer::template(method, path))
    }

    fn admit(&self, incoming: &Incoming) -> Option<Reply> {
        answer::admit(self, incoming)
    }

    fn answer(&self, incoming: &Incoming) -> Reply {
        answer::answer(self, incoming)
    }

    fn refuse(&self, incoming: &Incoming, code: Code) -> Reply {
        answer::scripted(self, incoming, code.as_str())
    }

    fn refusal(&self, incoming: &Incoming, status: u16) -> Reply {
        answer::refusal(self, incoming, status)
    }
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
