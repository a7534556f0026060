//! A double of KROS Fakturácia, the Slovak invoicing service (KROS OpenAPI documentation page;
//! KROS facts §1 to §3).
//!
//! [`Kros`] is the test's side of it: tokens, faults, limits, and everything that was stored.

mod answer;
mod company;
mod consent;
mod currency;
mod limits;
mod list;
mod notify;
mod prices;
mod process;
mod routes;
mod seed;
mod signature;
mod store;
mod validate;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Method;

pub use company::{Company, Licence, Receiver, WebhookError};
pub use consent::Decision;
pub use limits::{Profile, Statistics};
pub use notify::{Attempt, Form, Notification};
pub use routes::routes;
pub use signature::Scheme;
pub use store::{Document, Payment};

use crate::fault::Script;
use crate::front::{Context, Emulator, Entrance, Incoming, Mood};
use crate::record::{Exchange, System, Unexpected};
use crate::reply::Reply;
use company::Target;
use process::{Job, Scene};
use store::Store;

/// The handle of the KROS double; clones share one state.
#[derive(Clone)]
pub struct Kros(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    script: Script,
    store: Mutex<Store>,
    origin: String,
    base: String,
}

/// Tokens and webhook secrets are part of the state, so nothing of it is shown.
impl fmt::Debug for Kros {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kros").field("base_url", &self.0.base).finish_non_exhaustive()
    }
}

impl Kros {
    pub(crate) fn new(context: Arc<Context>, origin: String) -> Self {
        let store = Mutex::new(seed::store(&context, &origin));
        let base = format!("{origin}/api");
        Self(Arc::new(Inner { context, script: Script::default(), store, origin, base }))
    }

    /// The address that ends in `/api`; without sockets it only names the service.
    pub fn base_url(&self) -> &str {
        &self.0.base
    }

    /// The address of the page on which a user consents to an integrator.
    pub fn consent_url(&self) -> String {
        format!("{}/integration-consent", self.0.origin)
    }

    /// The double as a service in this process, with the same state as behind the socket.
    pub fn service(&self) -> Entrance {
        Entrance::in_process(Arc::new(self.clone()))
    }

    pub(crate) fn socket_service(&self) -> Entrance {
        Entrance::behind_socket(Arc::new(self.clone()))
    }

    /// The scripted faults.
    pub fn faults(&self) -> &Script {
        &self.0.script
    }

    /// All companies, the one with the expired licence last.
    pub fn companies(&self) -> Vec<Company> {
        self.with_store(|store| store.companies.clone())
    }

    /// The company with this index, or the first one whose name contains this text.
    pub fn company(&self, which: &str) -> Option<Company> {
        let companies = self.companies();
        let index = which.parse::<usize>().ok();
        let position = index.or_else(|| companies.iter().position(|one| one.name.contains(which)));
        companies.into_iter().nth(position?)
    }

    /// The token of a company named as [`Kros::company`] names it.
    pub fn token(&self, which: &str) -> Option<String> {
        self.company(which).map(|company| company.token().to_owned())
    }

    /// Every invoice that was stored, with its company, in the order of storing.
    pub fn documents(&self) -> Vec<Document> {
        self.with_store(|store| {
            let books = store.books.iter();
            books
                .flat_map(|(id, books)| books.invoices.iter().map(|one| Document::of(*id, one)))
                .collect()
        })
    }

    /// Every payment that was stored, with its company, in the order of storing.
    pub fn payments(&self) -> Vec<Payment> {
        self.with_store(|store| {
            let books = store.books.iter();
            books
                .flat_map(|(id, books)| books.payments.iter().map(|one| Payment::of(*id, one)))
                .collect()
        })
    }

    /// Every notification so far, in the order in which requests were processed.
    pub fn notifications(&self) -> Vec<Notification> {
        self.with_store(|store| store.notifications.clone())
    }

    /// What arrived with all tokens together; the maxima are those of the busiest token.
    pub fn statistics(&self) -> Statistics {
        self.with_store(|store| {
            let each = store.meters.values().map(limits::Meter::statistics);
            each.fold(Statistics::default(), Statistics::joined)
        })
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.context().journal.exchanges_with(System::Kros)
    }

    /// What no correct client sends; a test ends by asserting that it is empty.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        self.context().journal.unexpected_at(System::Kros)
    }

    /// Sets the limits of all tokens from now on.
    pub fn set_limits(&self, profile: Profile) {
        self.with_store(|store| store.profile = profile);
    }

    /// Sets the shape of notifications from now on.
    pub fn set_notification_form(&self, form: Form) {
        self.with_store(|store| store.form = form);
    }

    /// Sets how notifications are signed from now on.
    pub fn set_signature_scheme(&self, scheme: Scheme) {
        self.with_store(|store| store.scheme = scheme);
    }

    /// Sets the time between 202 and processing from now on, in place of the seeded one.
    pub fn set_processing_delay(&self, delay: Duration) {
        self.with_store(|store| store.processing_delay = Some(delay));
    }

    /// Sends the notifications of a company to an address, signed with a secret.
    ///
    /// Under paused time use [`Kros::set_receiver`]: while a socket is waited for, tokio's clock
    /// runs ahead and the delivery times out.
    ///
    /// # Errors
    ///
    /// [`WebhookError::NotLoopback`] for anything but plain http on the loopback interface,
    /// [`WebhookError::UnknownCompany`] for an unknown company.
    pub fn set_webhook(&self, company: u64, url: &str, secret: &str) -> Result<(), WebhookError> {
        self.connect(company, Target::Url(company::loopback(url)?), secret)
    }

    /// Hands the notifications of a company to a function, which answers with a status; they are
    /// signed with the secret.
    ///
    /// # Errors
    ///
    /// [`WebhookError::UnknownCompany`] for an unknown company.
    pub fn set_receiver(
        &self,
        company: u64,
        receiver: Arc<Receiver>,
        secret: &str,
    ) -> Result<(), WebhookError> {
        self.connect(company, Target::Receiver(receiver), secret)
    }

    fn connect(&self, company: u64, target: Target, secret: &str) -> Result<(), WebhookError> {
        self.with_store(|store| {
            let found = store.companies.iter_mut().find(|known| known.id == company);
            found.ok_or(WebhookError::UnknownCompany)?.set_webhook_secret(secret);
            store.targets.insert(company, target);
            Ok(())
        })
    }

    /// Decides a consent that an integrator polls for; false when nobody asked with this `state`.
    pub fn decide(&self, state: &str, decision: Decision) -> bool {
        let now = self.context().clock.instant();
        self.with_store(|store| consent::decide(store, state, decision, now))
    }

    /// Returns when every accepted request has been processed and every notification has been
    /// delivered or given up.
    pub async fn settle(&self) {
        self.context().tasks.idle().await;
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn origin(&self) -> &str {
        &self.0.origin
    }

    /// Lets a request be processed after its delay.
    fn start(&self, job: Job) {
        let context = self.context();
        let seeded = match context.mood {
            Mood::Calm => 10,
            Mood::Hostile => context.chance.between(20, 400),
        };
        let delay = self.with_store(|store| store.processing_delay);
        let delay = delay.unwrap_or(Duration::from_millis(seeded));
        let kros = self.clone();
        context.tasks.spawn_job(async move {
            tokio::time::sleep(delay).await;
            let gap = match kros.context().mood {
                Mood::Calm => 1,
                Mood::Hostile => kros.context().chance.between(1, 9),
            };
            let scene = Scene { now: kros.context().clock.now(), origin: kros.origin(), gap };
            let outcome = kros.with_store(|store| process::process(store, &job, scene));
            notify::announce(&kros, &job, &outcome);
        });
    }

    /// Works on the state; no await point may lie inside.
    fn with_store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.0.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Emulator for Kros {
    fn system(&self) -> System {
        System::Kros
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn script(&self) -> &Script {
        &self.0.script
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
}
