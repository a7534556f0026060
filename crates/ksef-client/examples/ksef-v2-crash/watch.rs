//! What a child shows of itself: a store and a wire that say when a moment is reached, and stay
//! there for a while.
//!
//! They change nothing else: every call goes to the store and to the wire as it is.

use std::{
    collections::BTreeMap,
    io::{self, Write as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use common_core::{
    clock::Tick,
    limit::{Ask, Grant, LimitKey, LimitStore},
    store::{
        BoxFuture, Change, Entries, Entry, Expect, Journals, Lease, Leases, Position, Record,
        Records, Store, StoreResult, Swap,
    },
};
use common_http::{Body, BodyStream, Transport, TransportError};
use http::{Method, Request, Response, header::CONTENT_LENGTH};
use tokio::time::Instant;
use trial::{Failure, complain};

use crate::{
    moments::{Moment, Plan, Way},
    state::{MARGIN, TOKENS},
};

/// Says a word to the parent; what the parent does not hear, nobody needs.
pub(crate) fn say(word: &str) {
    let mut out = io::stdout().lock();
    let said = writeln!(out, "{word}").and_then(|()| out.flush());
    if let Err(error) = said {
        complain(&format!("a word was not heard: {error}"));
    }
}

/// The moment that a process was told to look out for.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    plan: Option<Plan>,
    seen: AtomicU32,
    /// Whether the last answer to a question for invoices had any.
    has_news: AtomicBool,
}

impl Watch {
    /// Reads the plan as the parent wrote it.
    pub(crate) fn read(plan: &str) -> Result<Self, Failure> {
        Ok(Self { plan: serde_json::from_str(plan)?, ..Self::default() })
    }

    async fn reach(&self, moment: Moment) {
        let Some(plan) = self.plan.filter(|plan| plan.moment == moment) else { return };
        if self.seen.fetch_add(1, Ordering::Relaxed) + 1 != plan.nth {
            return;
        }
        say("at");
        let pause = Duration::from_millis(plan.pause);
        match plan.way {
            Way::Wait => tokio::time::sleep(pause).await,
            Way::Sleep => sleep(pause),
        }
        say("past");
    }
}

#[expect(clippy::disallowed_methods, reason = "the whole process is to stand still")]
fn sleep(pause: Duration) {
    std::thread::sleep(pause);
}

/// A store that is watched.
#[derive(Debug)]
pub(crate) struct Watched {
    store: Arc<dyn Store>,
    watch: Arc<Watch>,
    /// What this process has seen last under a key: the version of tokens, the session of a parcel.
    seen: Mutex<BTreeMap<String, String>>,
    /// A moment, as calls are counted and as it passes.
    moment: Mutex<Option<(Tick, Instant)>>,
}

impl Watched {
    pub(crate) fn new(store: Arc<dyn Store>, watch: Arc<Watch>) -> Self {
        Self { store, watch, seen: Mutex::default(), moment: Mutex::default() }
    }

    /// Whether this process sees that under the key for the first time.
    fn is_news(&self, key: &str, what: &str) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(key.to_owned(), what.to_owned()).is_none_or(|before| before != what)
    }

    /// Notes what time it is for whoever asks for a place.
    fn note_time(&self, now: Tick) {
        let mut moment = self.moment.lock().unwrap_or_else(PoisonError::into_inner);
        *moment = Some((now, Instant::now()));
    }

    /// Whether a place is used so late that the calls behind it may come too early.
    fn is_late(&self, grant: Grant) -> bool {
        let moment = *self.moment.lock().unwrap_or_else(PoisonError::into_inner);
        moment.is_some_and(|(then, at)| (then + at.elapsed()).since(grant.at()) > MARGIN / 2)
    }

    /// What is done when that record is stored.
    fn stored(
        &self,
        key: &str,
        expect: Expect,
        change: &Change,
        under: Option<&Lease>,
    ) -> Option<Moment> {
        let Change::Put { value, .. } = change else { return None };
        if key.starts_with(TOKENS) {
            return Some(Moment::TokensStored);
        }
        if key.ends_with("/checkpoint") {
            let has_news = self.watch.has_news.load(Ordering::Relaxed);
            return has_news.then_some(Moment::CheckpointStored);
        }
        if key.contains("/out/upload/") {
            return Some(Moment::UploadKept);
        }
        // The first fate, that an invoice waits, is stored by whoever puts it in, without a lease.
        if key.contains("/out/fate/") {
            return under.map(|_| Moment::FateStored);
        }
        if !key.contains("/out/parcel/") {
            return None;
        }
        let parcel: serde_json::Value = serde_json::from_slice(value).unwrap_or_default();
        match parcel["session"].as_str() {
            Some(session) => self.is_news(key, session).then_some(Moment::SessionStored),
            None => (expect == Expect::Absent).then_some(Moment::ParcelMade),
        }
    }
}

impl Journals for Watched {
    fn append<'a>(
        &'a self,
        journal: &'a str,
        entries: Vec<Vec<u8>>,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Vec<Position>> {
        Box::pin(async move {
            let positions = self.store.append(journal, entries, under).await?;
            if journal.ends_with("/arrivals") {
                self.watch.reach(Moment::ArrivalsStored).await;
            } else if journal.ends_with("/out/invoices") {
                self.watch.reach(Moment::InvoicePut).await;
            }
            Ok(positions)
        })
    }

    fn read<'a>(
        &'a self,
        journal: &'a str,
        which: Entries,
        after: Position,
        limit: usize,
    ) -> StoreResult<'a, Vec<Entry>> {
        self.store.read(journal, which, after, limit)
    }

    fn acknowledge<'a>(
        &'a self,
        journal: &'a str,
        positions: &'a [Position],
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, u64> {
        Box::pin(async move {
            let count = self.store.acknowledge(journal, positions, under).await?;
            self.watch.reach(Moment::TakenOut).await;
            Ok(count)
        })
    }

    fn compact<'a>(&'a self, journal: &'a str) -> StoreResult<'a, u64> {
        self.store.compact(journal)
    }
}

impl Records for Watched {
    fn get<'a>(&'a self, key: &'a str) -> StoreResult<'a, Option<Record>> {
        Box::pin(async move {
            let record = self.store.get(key).await?;
            let is_upload = key.contains("/out/upload/");
            let shared = record.as_ref().filter(|_| is_upload || key.starts_with(TOKENS));
            if shared.is_some_and(|record| self.is_news(key, &record.version.number().to_string()))
            {
                say(if is_upload { "resumed" } else { "shared" });
            }
            Ok(record)
        })
    }

    fn swap<'a>(
        &'a self,
        key: &'a str,
        expect: Expect,
        change: Change,
        under: Option<&'a Lease>,
    ) -> StoreResult<'a, Swap> {
        Box::pin(async move {
            let moment = self.stored(key, expect, &change, under);
            let swap = self.store.swap(key, expect, change, under).await?;
            if let Swap::Done(version) = &swap {
                if key.starts_with(TOKENS) || key.contains("/out/upload/") {
                    self.is_news(key, &version.number().to_string());
                }
                if let Some(moment) = moment {
                    self.watch.reach(moment).await;
                }
            }
            Ok(swap)
        })
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
        limit: usize,
    ) -> StoreResult<'a, Vec<(String, Record)>> {
        self.store.list(prefix, after, limit)
    }

    fn sweep(&self) -> StoreResult<'_, u64> {
        self.store.sweep()
    }
}

impl Leases for Watched {
    fn acquire<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        ttl: Duration,
    ) -> StoreResult<'a, Option<Lease>> {
        Box::pin(async move {
            let lease = self.store.acquire(name, holder, ttl).await?;
            if lease.is_some() && name.starts_with(TOKENS) {
                say(&format!("renewing {name}"));
            }
            Ok(lease)
        })
    }

    fn renew<'a>(&'a self, lease: &'a Lease, ttl: Duration) -> StoreResult<'a, Option<Lease>> {
        self.store.renew(lease, ttl)
    }

    fn release<'a>(&'a self, lease: &'a Lease) -> StoreResult<'a, ()> {
        Box::pin(async move {
            if lease.name.starts_with(TOKENS) {
                say(&format!("renewed {}", lease.name));
            }
            Leases::release(&*self.store, lease).await
        })
    }
}

impl LimitStore for Watched {
    fn reserve<'a>(&'a self, ask: Ask<'a>) -> StoreResult<'a, Result<Grant, Duration>> {
        Box::pin(async move {
            self.note_time(ask.now);
            let place = self.store.reserve(ask).await?;
            if place.is_ok_and(|grant| grant.at() > ask.now + Duration::from_millis(100)) {
                say("waits");
            }
            self.watch.reach(Moment::PlaceTaken).await;
            Ok(place)
        })
    }

    fn confirm<'a>(&'a self, key: &'a LimitKey, grant: Grant) -> StoreResult<'a, bool> {
        Box::pin(async move {
            let holds = self.store.confirm(key, grant).await?;
            if holds && self.is_late(grant) {
                say("late");
            }
            Ok(holds)
        })
    }

    fn penalise<'a>(
        &'a self,
        key: &'a LimitKey,
        now: Tick,
        closed_for: Duration,
    ) -> StoreResult<'a, ()> {
        self.store.penalise(key, now, closed_for)
    }

    fn release(&self, key: &LimitKey, grant: Grant) {
        LimitStore::release(&*self.store, key, grant);
    }
}

/// A wire that is watched.
#[derive(Debug)]
pub(crate) struct WatchedWire<T> {
    pub(crate) wire: T,
    pub(crate) watch: Arc<Watch>,
}

impl<T: Transport> Transport for WatchedWire<T> {
    fn send(
        &self,
        request: Request<Body>,
    ) -> BoxFuture<'_, Result<Response<BodyStream>, TransportError>> {
        Box::pin(async move {
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let moment = answered(&method, &path);
            let open = (moment == Some(Moment::TokensGiven)).then(Unanswered::default);
            let mut answer = self.wire.send(request).await?;
            if let Some(open) = open {
                let (parts, body) = answer.into_parts();
                answer =
                    Response::from_parts(parts, BodyStream::whole(body.collect(1 << 20).await?));
                open.answered();
            }
            if let Some(has_news) = has_news(&path, &answer) {
                self.watch.has_news.store(has_news, Ordering::Relaxed);
            }
            if let Some(moment) = moment.filter(|_| answer.status().is_success()) {
                self.watch.reach(moment).await;
            }
            Ok(answer)
        })
    }
}

/// A question for tokens without an answer: it failed, or its asker gave up.
#[derive(Default)]
struct Unanswered(bool);

impl Unanswered {
    fn answered(mut self) {
        self.0 = true;
    }
}

impl Drop for Unanswered {
    fn drop(&mut self) {
        if !self.0 {
            say("unanswered");
        }
    }
}

/// Whether an answer has invoices in it; `None` for answers that never have any.
fn has_news(path: &str, answer: &Response<BodyStream>) -> Option<bool> {
    if path.ends_with("/invoices/query/metadata") {
        // An answer without a row is shorter than any row.
        let length = answer.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse::<u64>().ok()?;
        return Some(length > 500);
    }
    path.starts_with("/storage/").then_some(true)
}

/// What the service has done when it answers such a request.
fn answered(method: &Method, path: &str) -> Option<Moment> {
    match (method.as_str(), path.strip_prefix("/v2").unwrap_or(path)) {
        ("POST", "/sessions/online" | "/sessions/batch") => Some(Moment::SessionOpened),
        ("POST", "/invoices/exports") => Some(Moment::ExportAsked),
        ("POST", "/auth/token/redeem" | "/auth/token/refresh") => Some(Moment::TokensGiven),
        ("POST", path) if path.starts_with("/sessions/") && path.ends_with("/close") => {
            Some(Moment::SessionClosed)
        }
        ("POST", path) if path.starts_with("/sessions/") && path.ends_with("/invoices") => {
            Some(Moment::InvoiceSent)
        }
        ("PUT", path) if path.starts_with("/storage/") => Some(Moment::PartUploaded),
        _ => None,
    }
}
