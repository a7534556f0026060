//! The state of the double: everything under one lock, which no await point may hold.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::auth::Logins;
use super::export::Exports;
use super::limits::{Limiter, Limits};
use super::people::Identity;
use super::public_keys::Rotation;
use super::query::Results;
use super::resources::Resources;
use super::session::Sessions;

/// The state.
#[derive(Default)]
pub(super) struct Store {
    pub(super) settings: Settings,
    /// Challenges and authentication operations.
    pub(super) logins: Logins,
    /// Interactive and batch sessions.
    pub(super) sessions: Sessions,
    /// Accepted invoices.
    pub(super) archive: Archive,
    pub(super) exports: Exports,
    /// Results of queries with further pages.
    pub(super) results: Results,
    pub(super) limiter: Limiter,
    /// Permissions, KSeF tokens, certificates, collective identifiers, test data.
    pub(super) resources: Resources,
    pub(super) statistics: Statistics,
}

/// What a test can turn.
pub(super) struct Settings {
    /// The limits of everybody who has none of their own.
    pub(super) limits: Limits,
    /// Limits of single contexts, as `POST /testdata/rate-limits` sets them.
    pub(super) context_limits: HashMap<Identity, Limits>,
    /// Limits of sessions of single contexts, as `POST /testdata/limits/context/session` sets them.
    pub(super) session_limits: HashMap<Identity, ContextLimits>,
    /// How long each step of a process takes; `None` follows the mood.
    pub(super) pace: Option<TimeDelta>,
    pub(super) access_life: TimeDelta,
    pub(super) refresh_life: TimeDelta,
    pub(super) challenge_life: TimeDelta,
    /// How long links of exports and receipts work.
    pub(super) link_life: TimeDelta,
    /// How far the high water mark stays behind now.
    pub(super) high_water_lag: TimeDelta,
    /// How large a part of an export is before encryption.
    pub(super) export_part: usize,
    /// How many invoices an export or a query tells at most.
    pub(super) largest_result: usize,
    /// How many documents a page of a receipt holds.
    pub(super) receipt_page: usize,
    /// How many exports of one context may run at once.
    pub(super) running_exports: usize,
    /// Which public keys are in force.
    pub(super) rotation: Rotation,
    /// Sessions are under maintenance, so that sending answers 21184.
    pub(super) maintenance: bool,
}

/// The sizes and counts of sessions (KSeF 2.0 facts §13.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ContextLimits {
    pub(super) online: SessionLimits,
    pub(super) batch: SessionLimits,
    /// How many invoices a collective identifier has at most.
    pub(super) collective: u64,
}

/// The limits of one kind of session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SessionLimits {
    /// Megabytes of an invoice.
    pub(super) invoice: u64,
    /// Megabytes of an invoice with an attachment.
    pub(super) with_attachment: u64,
    /// Invoices of one session.
    pub(super) invoices: u64,
}

/// What was counted so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Statistics {
    /// Access tokens given by redeeming.
    pub redeemed: u64,
    /// Access tokens given by refreshing.
    pub refreshed: u64,
    /// Interactive sessions opened.
    pub online_sessions: u64,
    /// Batch sessions opened.
    pub batch_sessions: u64,
    /// Parts of packages stored.
    pub parts: u64,
    /// Invoices that arrived.
    pub received: u64,
    /// Invoices that were given a number.
    pub accepted: u64,
    /// Invoices that were refused.
    pub refused: u64,
    /// Refused ones that were sent twice.
    pub duplicates: u64,
    /// Exports started.
    pub exports: u64,
    /// Queries and exports that were cut because there was more.
    pub truncated: u64,
    /// Requests refused with 429.
    pub throttled: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::production(),
            context_limits: HashMap::new(),
            session_limits: HashMap::new(),
            pace: None,
            access_life: TimeDelta::minutes(15),
            refresh_life: TimeDelta::days(7),
            challenge_life: TimeDelta::minutes(10),
            link_life: TimeDelta::hours(1),
            high_water_lag: TimeDelta::zero(),
            export_part: 50_000_000,
            largest_result: 10_000,
            receipt_page: 10_000,
            running_exports: 10,
            rotation: Rotation::None,
            maintenance: false,
        }
    }
}

impl Default for ContextLimits {
    fn default() -> Self {
        let session = SessionLimits { invoice: 1, with_attachment: 3, invoices: 10_000 };
        Self { online: session, batch: session, collective: 500 }
    }
}

impl Store {
    /// The limits of requests that apply to a context.
    pub(super) fn limits_of(&self, context: Option<&Identity>) -> &Limits {
        let own = context.and_then(|context| self.settings.context_limits.get(context));
        own.unwrap_or(&self.settings.limits)
    }

    /// The limits of sessions that apply to a context.
    pub(super) fn session_limits_of(&self, context: &Identity) -> ContextLimits {
        self.settings.session_limits.get(context).copied().unwrap_or_default()
    }
}

/// Values under keys, in the order in which they came.
#[derive(Debug)]
pub(super) struct Ordered<T> {
    order: Vec<String>,
    values: BTreeMap<String, T>,
}

impl<T> Default for Ordered<T> {
    fn default() -> Self {
        Self { order: Vec::new(), values: BTreeMap::new() }
    }
}

impl<T> Ordered<T> {
    /// Adds a value at the end.
    pub(super) fn push(&mut self, key: &str, value: T) {
        if self.values.insert(key.to_owned(), value).is_none() {
            self.order.push(key.to_owned());
        }
    }

    /// The value under a key.
    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.values.get(key)
    }

    /// The value under a key.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut T> {
        self.values.get_mut(key)
    }

    /// The values in their order.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, &T)> {
        self.order.iter().filter_map(|key| Some((key.as_str(), self.values.get(key)?)))
    }
}
