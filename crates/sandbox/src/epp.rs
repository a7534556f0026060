//! A double of ePP, the electronic payments of the Serbian Treasury (source document; ePP facts).
//!
//! [`Epp`] is the test's side of it: users, faults, lengths of lives, and everything that was
//! stored. It answers at two addresses, as ePP does: the API, and the web host that the links to
//! statements lead to.

mod account;
mod answer;
mod archive;
mod batch;
mod check;
mod link;
mod list;
mod moments;
mod order;
mod pay;
mod payment;
mod routes;
mod seed;
mod session;
mod statement;
mod statements;
mod store;
mod totp;
mod user;
mod web;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use rust_decimal::Decimal;
use serde_json::{Number, Value};

pub use account::Account;
pub use list::PageShape;
pub use order::{OrderState, PaymentOrder};
pub use payment::Payment;
pub use routes::routes;
pub use session::Statistics;
pub use statement::Oddity;
pub use store::BatchShape;
pub use user::{Channel, Right, User};

use crate::fault::Script;
use crate::front::{Context, Emulator, Entrance, Incoming};
use crate::record::{Exchange, System, Unexpected};
use crate::reply::Reply;
use link::Seal;
use store::Store;
use web::Web;

/// The handle of the ePP double; clones share one state.
#[derive(Clone)]
pub struct Epp(Arc<Inner>);

struct Inner {
    context: Arc<Context>,
    script: Script,
    store: Mutex<Store>,
    seal: Seal,
    base: String,
    web: String,
}

/// Passwords, tokens and secrets are part of the state, so nothing of it is shown.
impl fmt::Debug for Epp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Epp").field("base_url", &self.0.base).finish_non_exhaustive()
    }
}

impl Epp {
    pub(crate) fn new(context: Arc<Context>, origin: &str, web: String) -> Self {
        let store = Mutex::new(seed::store(&context));
        let seal = Seal::new(&context.chance.bytes::<32>());
        let base = format!("{origin}/api");
        Self(Arc::new(Inner { context, script: Script::default(), store, seal, base, web }))
    }

    /// The address of the API, which ends in `/api`; without sockets it only names the service.
    pub fn base_url(&self) -> &str {
        &self.0.base
    }

    /// The address of the web host, without a slash at the end.
    ///
    /// The `Referer` of a download is this address and a slash.
    pub fn web_url(&self) -> &str {
        &self.0.web
    }

    /// The API as a service in this process, with the same state as behind the socket.
    pub fn service(&self) -> Entrance {
        Entrance::in_process(Arc::new(self.clone()))
    }

    /// The web host as a service in this process.
    pub fn web_service(&self) -> Entrance {
        Entrance::in_process(Arc::new(Web(self.clone())))
    }

    pub(crate) fn socket_service(&self) -> Entrance {
        Entrance::behind_socket(Arc::new(self.clone()))
    }

    pub(crate) fn web_socket_service(&self) -> Entrance {
        Entrance::behind_socket(Arc::new(Web(self.clone())))
    }

    /// The scripted faults of both addresses; downloads have the path template `/izvodi/{path}`.
    pub fn faults(&self) -> &Script {
        &self.0.script
    }

    /// All users; the first two may do everything, the last one belongs to another organisation.
    pub fn users(&self) -> Vec<User> {
        self.with_store(|store| store.users.clone())
    }

    /// The user with this login.
    pub fn user(&self, login: &str) -> Option<User> {
        self.with_store(|store| store.user(login).cloned())
    }

    /// The secret of a user's authenticator, twenty bytes.
    pub fn totp_secret(&self, login: &str) -> Option<Vec<u8>> {
        self.user(login).map(|user| user.totp_secret().to_vec())
    }

    /// What confirms an attempt to pay now: the code that was sent to its user, or what the
    /// user's authenticator shows at this moment.
    pub fn one_time_password(&self, payment_id_tag: &str) -> Option<String> {
        let now = self.context().clock.now().timestamp();
        self.with_store(|store| {
            let mut attempts = store.attempts.iter();
            let attempt = attempts.find(|attempt| attempt.tag() == payment_id_tag)?;
            if attempt.channel() != Channel::Authenticator {
                return attempt.password().map(str::to_owned);
            }
            let user = store.user(attempt.login())?;
            Some(totp::password(user.totp_secret(), totp::step(now)))
        })
    }

    /// All accounts of all organisations.
    pub fn accounts(&self) -> Vec<Account> {
        self.with_store(|store| store.accounts.clone())
    }

    /// Every payment order that was stored, in the order of storing.
    pub fn orders(&self) -> Vec<PaymentOrder> {
        self.with_store(|store| store.orders.values().map(order::Order::view).collect())
    }

    /// Every attempt to pay, confirmed or not, in the order of starting.
    pub fn payments(&self) -> Vec<Payment> {
        self.with_store(|store| store.attempts.iter().map(payment::Attempt::view).collect())
    }

    /// What was counted so far.
    pub fn statistics(&self) -> Statistics {
        self.with_store(|store| store.statistics)
    }

    /// How many logins gave tokens.
    pub fn logins(&self) -> u64 {
        self.statistics().logins
    }

    /// How many refreshes gave tokens.
    pub fn refreshes(&self) -> u64 {
        self.statistics().refreshes
    }

    /// Every request to the API and the web host so far.
    pub fn requests(&self) -> Vec<Exchange> {
        self.context().journal.exchanges_with(System::Epp)
    }

    /// What no correct client sends; a test ends by asserting that it is empty.
    pub fn unexpected(&self) -> Vec<Unexpected> {
        self.context().journal.unexpected_at(System::Epp)
    }

    /// Sets how long access tokens live that are given from now on; twenty minutes at first.
    pub fn set_token_life(&self, life: Duration) {
        self.with_store(|store| store.settings.lives.access = delta(life));
    }

    /// Sets how long refresh tokens live that are given from now on; eight hours at first.
    pub fn set_refresh_life(&self, life: Duration) {
        self.with_store(|store| store.settings.lives.refresh = delta(life));
    }

    /// Lets every access token end now.
    pub fn expire_tokens(&self) {
        let now = self.context().clock.now();
        self.with_store(|store| store.sessions.end_access(now));
    }

    /// Lets every refresh token end now.
    pub fn expire_refresh_tokens(&self) {
        let now = self.context().clock.now();
        self.with_store(|store| store.sessions.end_refresh(now));
    }

    /// Sets how long a payment that is started from now on waits for its one-time password; two
    /// minutes at first.
    pub fn set_otp_countdown(&self, countdown: Duration) {
        self.with_store(|store| store.settings.countdown = delta(countdown));
    }

    /// Lets the next payments that are started, so many of them, tell a sum that is one para too
    /// high; they are payments of the right sum all the same.
    pub fn misstate_totals(&self, payments: u32) {
        self.with_store(|store| store.settings.misstated_totals = payments);
    }

    /// Sets how long links to statements live that are given from now on; a minute at first.
    pub fn set_link_life(&self, life: Duration) {
        self.with_store(|store| store.settings.link_life = delta(life));
    }

    /// Sets the time between a confirmation and the first execution, in place of the seeded one.
    pub fn set_execution_delay(&self, delay: Duration) {
        self.with_store(|store| store.settings.execution_delay = Some(delay));
    }

    /// Sets how lists hold their entries from now on.
    pub fn set_page_shape(&self, shape: PageShape) {
        self.with_store(|store| store.settings.page_shape = shape);
    }

    /// Sets how many entries a page holds at most from now on, whatever is asked for; at least one.
    pub fn set_largest_page(&self, entries: usize) {
        self.with_store(|store| store.settings.largest_page = entries.max(1));
    }

    /// Sets how the answers about created and validated orders look from now on.
    pub fn set_batch_shape(&self, shape: BatchShape) {
        self.with_store(|store| store.settings.batch_shape = shape);
    }

    /// Sets what is odd about statements from now on.
    pub fn set_statement_oddities(&self, oddities: &[Oddity]) {
        self.with_store(|store| store.settings.oddities = oddities.to_vec());
    }

    /// Returns when every confirmed order has been executed or refused.
    pub async fn settle(&self) {
        self.context().tasks.idle().await;
    }

    fn context(&self) -> &Context {
        &self.0.context
    }

    fn seal(&self) -> &Seal {
        &self.0.seal
    }

    /// Works on the state; no await point may lie inside.
    fn with_store<T>(&self, act: impl FnOnce(&mut Store) -> T) -> T {
        act(&mut self.0.store.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Emulator for Epp {
    fn system(&self) -> System {
        System::Epp
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

/// The exact value of a JSON number, without a detour through binary floats.
fn decimal(value: &Value) -> Option<Decimal> {
    let text = value.as_number()?.to_string();
    Decimal::from_str_exact(&text).ok().or_else(|| Decimal::from_scientific(&text).ok())
}

/// A decimal as a JSON number with its own digits.
fn number(value: Decimal) -> Value {
    value.to_string().parse::<Number>().map_or(Value::Null, Value::Number)
}

fn delta(duration: Duration) -> TimeDelta {
    TimeDelta::from_std(duration).unwrap_or(TimeDelta::MAX)
}
