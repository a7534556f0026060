//! A double of KSeF 1.x, the system that the interface specification 1.9 describes.
//!
//! [`KsefV1`] is the test's side of it: companies, tokens, certificates, faults, and everything
//! that was accepted. It really decrypts, verifies signatures and digests, and enforces roles.

mod answer;
mod batch;
mod batch_work;
mod common;
pub(crate) mod control;
mod credentials;
mod exception;
mod grants;
mod header;
mod invoices;
mod limits;
mod login;
mod marks;
mod payments;
mod people;
mod pipeline;
mod pki;
mod process;
mod query;
mod query_work;
mod request;
mod roles;
mod routes;
mod seed;
mod session;
mod store;
mod view;
mod work;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, TimeDelta, Timelike as _, Utc};
use http::Method;
use serde::{Deserialize, Serialize};

pub use crate::ksef::credentials::TestCertificate;
pub use exception::exceptions;
pub use limits::Limits;
pub use people::{IdKind, Identifier};
pub use process::{Process, Stage, Step, StepFault};
pub use roles::Role;
pub use routes::routes;
pub use seed::{Company, SeedError};
pub use view::{AcceptedInvoice, SessionView, Statistics, TakenInvoice};

use crate::fault::{Code, Script};
use crate::front::{Context, Emulator, Entrance, Incoming, Mood};
use crate::ksef::{base64, credentials as certificates, keys, numbers};
use crate::record::{Exchange, System, Unexpected};
use crate::reply::Reply;
use exception::Exception;
use people::{Grant, Token, TokenState, Vector, Way};
use store::{Session, Store};

/// The largest request: a part of a package and room for what is too large.
const LARGEST_BODY: usize = 64 * 1024 * 1024;

/// With which status a missing authorisation is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// 400, as it was observed (KSeF 1.x facts §11).
    #[default]
    Observed,
    /// 401, as it is documented.
    Documented,
}

/// The companies of both generations of KSeF; all invented.
pub(crate) fn companies() -> Vec<Company> {
    seed::COMPANIES.to_vec()
}

/// The handle of the KSeF 1.x double; clones share one state.
#[derive(Clone)]
pub struct KsefV1(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    script: Script,
    store: Mutex<Store>,
    base: String,
}

/// Tokens and keys are part of the state, so nothing of it is shown.
impl fmt::Debug for KsefV1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KsefV1").field("base_url", &self.0.base).finish_non_exhaustive()
    }
}

impl KsefV1 {
    pub(crate) fn new(context: Arc<Context>, origin: &str) -> Self {
        let store = Mutex::new(seed::store(&context));
        let base = format!("{origin}/api");
        Self(Arc::new(Inner { context, script: Script::default(), store, base }))
    }

    /// The address of the API, which ends in `/api`; without sockets it only names the service.
    pub fn base_url(&self) -> &str {
        &self.0.base
    }

    /// The API as a service in this process, with the same state as behind the socket.
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

    /// Lets a step of a process fail.
    pub fn fail_step(&self, fault: StepFault) {
        self.with_store(|store| store.steps.push(fault));
    }

    /// Takes all failures of steps away.
    pub fn clear_steps(&self) {
        self.with_store(|store| store.steps.clear());
    }

    /// The companies; all invented.
    pub fn companies(&self) -> Vec<Company> {
        seed::COMPANIES.to_vec()
    }

    /// The test certificates with their keys; made when first asked for.
    pub fn certificates(&self) -> Vec<TestCertificate> {
        self.introduce_fingerprint();
        certificates::all().to_vec()
    }

    /// The test certificate of that name.
    pub fn certificate(&self, name: &str) -> Option<TestCertificate> {
        self.certificates().into_iter().find(|one| one.name == name)
    }

    /// The system's public key as it is served at `/security/pem`.
    pub fn public_key_pem(&self) -> String {
        keys::encryption().pem()
    }

    /// The system's public key as it is served at `/security/der`.
    pub fn public_key_der(&self) -> Vec<u8> {
        keys::encryption().der().to_vec()
    }

    /// The token of that company which has every role that a token can have.
    pub fn token(&self, nip: &str) -> Option<String> {
        self.with_store(|store| {
            let mut tokens = store.people.tokens.iter();
            tokens.find(|token| token.context.key() == nip).map(|token| token.secret.clone())
        })
    }

    /// A new token of a company with these roles, as if its owner had made it.
    pub fn issue_token(&self, nip: &str, roles: &[Role]) -> String {
        let now = self.context().clock.now();
        let chance = &self.context().chance;
        let token = Token {
            number: numbers::reference("TK", now, chance),
            secret: crate::ksef::hex(&chance.bytes::<32>()),
            context: people::Context::Nip(nip.to_owned()),
            parent: Vector::Nip(nip.to_owned()),
            roles: roles.iter().copied().collect::<BTreeSet<_>>(),
            about: "made by a test".to_owned(),
            roles_about: roles.iter().map(|role| (*role, "made by a test".to_owned())).collect(),
            since: now,
            used: None,
            state: TokenState::Active,
        };
        let secret = token.secret.clone();
        self.with_store(|store| store.people.tokens.push(token));
        secret
    }

    /// Gives a role in a context, as if its owner had given it.
    pub fn grant(&self, context: &str, to: Identifier, role: Role) {
        let since = self.context().clock.now();
        let grant = Grant {
            context: context.to_owned(),
            to,
            role,
            about: "given by a test".to_owned(),
            since,
            author: Identifier::new(IdKind::Onip, context),
            way: Way::Standard,
        };
        self.with_store(|store| store.people.grants.push(grant));
    }

    /// Notes that the person of a NIP or PESEL has died: nobody is authenticated as them any more.
    pub fn record_death(&self, number: &str) {
        self.with_store(|store| store.people.dead.insert(number.to_owned()));
    }

    /// Every accepted invoice, in the order of acceptance.
    pub fn invoices(&self) -> Vec<AcceptedInvoice> {
        self.with_store(|store| store.accepted.iter().map(seed::view).collect())
    }

    /// Every invoice that was taken in, in the order of arrival.
    pub fn taken(&self) -> Vec<TakenInvoice> {
        let mut taken: Vec<_> = self.with_store(|store| {
            store
                .elements
                .iter()
                .map(|(reference, element)| seed::taken(reference, element))
                .collect()
        });
        taken.sort_by(|one, other| (one.at, &one.element).cmp(&(other.at, &other.element)));
        taken
    }

    /// The bytes of an accepted invoice.
    pub fn invoice_bytes(&self, ksef_number: &str) -> Option<Bytes> {
        self.with_store(|store| store.invoice(ksef_number).map(|one| one.bytes.clone()))
    }

    /// Accepts an invoice that came from elsewhere, in place of its sender.
    ///
    /// # Errors
    ///
    /// [`SeedError`] when it is not an invoice of a known form.
    pub fn add_invoice(&self, bytes: Bytes) -> Result<AcceptedInvoice, SeedError> {
        seed::add(self, bytes)
    }

    /// Every session and batch, in the order of opening.
    pub fn sessions(&self) -> Vec<SessionView> {
        self.with_store(|store| {
            let sessions = store.session_order.iter().filter_map(|it| store.sessions.get(it));
            sessions.map(Session::view).collect()
        })
    }

    /// What was counted so far.
    pub fn statistics(&self) -> Statistics {
        self.with_store(|store| store.statistics)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.context().journal.exchanges_with(System::KsefV1)
    }

    /// What no correct client sends; a test ends by asserting that it is empty.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        self.context().journal.unexpected_at(System::KsefV1)
    }

    /// Sets the limits of requests.
    pub fn set_limits(&self, limits: Limits) {
        self.with_store(|store| store.settings.limits = limits);
    }

    /// Sets the status of a missing authorisation.
    pub fn set_refusal(&self, refusal: Refusal) {
        self.with_store(|store| store.settings.refusal = refusal);
    }

    /// Sets how long each step of each process takes, in place of no time in calm mode and some
    /// seeded milliseconds in hostile mode.
    pub fn set_pace(&self, step: Duration) {
        self.with_store(|store| store.settings.pace = Some(delta(step)));
    }

    /// Sets how many results a query may have before it is refused with 21177; 10,100 at first.
    pub fn set_largest_result(&self, count: usize) {
        self.with_store(|store| store.settings.largest_result = count);
    }

    /// Sets how many invoices a part of an asynchronous query holds; 500 at first.
    pub fn set_part_size(&self, count: usize) {
        self.with_store(|store| store.settings.part_size = count.max(1));
    }

    /// Sets how many invoices a page of a receipt holds; 10,000 at first.
    pub fn set_receipt_size(&self, count: usize) {
        self.with_store(|store| store.settings.receipt_size = count.max(1));
    }

    /// Lets a session expire now, as after 120 minutes without use.
    pub fn expire_session(&self, reference: &str) {
        let past = self.context().clock.now() - TimeDelta::days(1);
        self.with_store(|store| {
            if let Some(session) = store.sessions.get_mut(reference) {
                session.used = past;
            }
        });
    }

    /// Returns when no process is running.
    pub async fn settle(&self) {
        self.context().tasks.idle().await;
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn now(&self) -> DateTime<Utc> {
        self.context().clock.now()
    }

    /// A moment as answers write it. A hostile server leaves the milliseconds out at times, for
    /// which they are lost.
    fn moment(&self, moment: DateTime<Utc>) -> String {
        let format =
            if self.drops_fraction() { SecondsFormat::Secs } else { SecondsFormat::Millis };
        moment.to_rfc3339_opts(format, true)
    }

    fn drops_fraction(&self) -> bool {
        self.context().mood == Mood::Hostile && self.context().chance.hits(150)
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

    /// What the script says about this passage of a step.
    fn scripted(&self, process: Process, step: Step) -> Result<(), Exception> {
        let chance = &self.context().chance;
        let drawn =
            self.with_store(|store| store.steps.draw(process, step, |share| chance.hits(share)));
        drawn.map_or(Ok(()), |code| Err(Exception::new(code)))
    }

    /// Works on the state; no await point may lie inside.
    fn with_store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.0.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Emulator for KsefV1 {
    fn system(&self) -> System {
        System::KsefV1
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
        let found = routes::find(method, path);
        (routes::below_base(path), found.map(|found| found.template))
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

/// The same moment to the millisecond, as answers can tell it.
fn to_millis(moment: DateTime<Utc>) -> DateTime<Utc> {
    let nanos = moment.nanosecond() / 1_000_000 * 1_000_000;
    moment.with_nanosecond(nanos).unwrap_or(moment)
}

/// The hash of an answer.
fn hash_json(hash: &[u8; 32]) -> serde_json::Value {
    serde_json::json!({"algorithm": "SHA-256", "encoding": "Base64", "value": base64(hash)})
}
