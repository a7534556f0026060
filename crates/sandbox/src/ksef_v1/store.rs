//! What the double remembers.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::IpAddr;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;

use super::batch::Batch;
use super::exception::Exception;
use super::limits::Limits;
use super::payments::PaymentIdentifier;
use super::people::{Context, People, Vector};
use super::pki::Issued;
use super::process::{StepScript, description};
use super::query::QueryResult;
use super::view::Statistics;
use crate::ksef::aes::SessionKey;
use crate::ksef::certificate::Certificate;
use crate::ksef::document::{Form, Invoice};

/// What the authentication of a session came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Pending,
    Passed,
    Failed(Exception),
}

/// A challenge that waits for its login.
#[derive(Clone, Debug)]
pub(super) struct Challenge {
    pub(super) context: Context,
    pub(super) at: DateTime<Utc>,
}

/// What the declaration of encryption says, before the key is opened.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) sealed_key: Vec<u8>,
    pub(super) vector: Vec<u8>,
}

/// An interactive session or a batch.
pub(super) struct Session {
    pub(super) reference: String,
    pub(super) context: Context,
    pub(super) vector: Vector,
    pub(super) form: Form,
    pub(super) declared: Option<Declared>,
    pub(super) key: Option<SessionKey>,
    pub(super) certificate: Option<Certificate>,
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// When its token was used last.
    pub(super) used: DateTime<Utc>,
    pub(super) end: End,
    pub(super) elements: Vec<String>,
    /// Digests of what was sent and has not been refused.
    pub(super) hashes: HashSet<[u8; 32]>,
    pub(super) verdict: watch::Sender<Verdict>,
    /// How many invoices are being processed.
    pub(super) open: watch::Sender<usize>,
    pub(super) receipts: Vec<String>,
    pub(super) batch: Option<Batch>,
}

/// Whether and why a session has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Open,
    Terminated,
    Expired,
}

impl Session {
    /// Moves on to a code.
    pub(super) fn reach(&mut self, code: u16, now: DateTime<Utc>) {
        (self.code, self.updated) = (code, now);
        description(code).clone_into(&mut self.description);
    }

    /// Fails with a code.
    pub(super) fn fail(&mut self, code: u16, exception: &Exception, now: DateTime<Utc>) {
        (self.code, self.updated) = (code, now);
        self.description = exception.in_process();
    }
}

/// An invoice on its way.
#[derive(Debug)]
pub(super) struct Element {
    pub(super) session: String,
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) received: DateTime<Utc>,
    /// What was sent, until it is accepted or refused.
    pub(super) body: Bytes,
    pub(super) encrypted: bool,
    pub(super) hash: [u8; 32],
    pub(super) size: usize,
    pub(super) number: Option<String>,
    /// Where it stands among the accepted ones.
    pub(super) accepted: Option<usize>,
}

/// An accepted invoice.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) ksef_number: String,
    pub(super) session: String,
    pub(super) element: String,
    pub(super) issuer: String,
    pub(super) sent: DateTime<Utc>,
    pub(super) at: DateTime<Utc>,
    pub(super) hash: [u8; 32],
    pub(super) bytes: Bytes,
    pub(super) invoice: Invoice,
}

/// A process other than sessions and invoices.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) session: String,
    pub(super) context: Context,
    pub(super) kind: WorkKind,
    pub(super) code: u16,
    pub(super) description: String,
    pub(super) result: Outcome,
}

/// Which operations ask about a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WorkKind {
    Credentials,
    Query,
    Visibility,
    Scam,
    Payment,
    Certificate,
}

/// What a process gave.
#[derive(Debug)]
pub(super) enum Outcome {
    None,
    Payment(String),
    Query(QueryResult),
    Certificate(Vec<u8>),
}

/// A mark on an invoice in one context.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) active: bool,
    pub(super) reason: String,
    pub(super) at: DateTime<Utc>,
}

/// What can be set.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) limits: Limits,
    pub(super) refusal: super::Refusal,
    pub(super) pace: Option<TimeDelta>,
    pub(super) challenge_life: TimeDelta,
    pub(super) idle: TimeDelta,
    pub(super) part_life: TimeDelta,
    pub(super) upload_time: TimeDelta,
    pub(super) largest_result: usize,
    pub(super) part_size: usize,
    pub(super) receipt_size: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            refusal: super::Refusal::default(),
            pace: None,
            challenge_life: TimeDelta::minutes(5),
            idle: TimeDelta::minutes(120),
            part_life: TimeDelta::minutes(120),
            upload_time: TimeDelta::minutes(120),
            largest_result: 10_100,
            part_size: 500,
            receipt_size: 10_000,
        }
    }
}

/// The state of the double; the maps are for finding, never for listing.
#[derive(Default)]
pub(super) struct Store {
    pub(super) settings: Settings,
    pub(super) statistics: Statistics,
    pub(super) people: People,
    pub(super) steps: StepScript,
    pub(super) challenges: HashMap<String, Challenge>,
    /// In the order of opening.
    pub(super) session_order: Vec<String>,
    pub(super) sessions: HashMap<String, Session>,
    /// The session of a session token.
    pub(super) tokens: HashMap<String, String>,
    pub(super) elements: HashMap<String, Element>,
    pub(super) accepted: Vec<Accepted>,
    pub(super) numbers: HashMap<String, usize>,
    /// Seller and digest, and seller, kind and number of what was accepted.
    pub(super) known: HashSet<(String, [u8; 32])>,
    pub(super) named: HashSet<(String, &'static str, String)>,
    pub(super) works: HashMap<String, Work>,
    pub(super) hidden: BTreeMap<(String, String), Mark>,
    pub(super) scams: BTreeMap<(String, String), Mark>,
    pub(super) payments: Vec<PaymentIdentifier>,
    pub(super) receipts: HashMap<String, Bytes>,
    pub(super) packages: HashMap<(String, [u8; 32]), String>,
    pub(super) issued: Vec<Issued>,
    /// Whether the roles of test certificates have been given.
    pub(super) introduced: bool,
    pub(super) providers: Vec<(String, String)>,
    /// Moments of what is counted by hour.
    pub(super) on_demand: HashMap<String, VecDeque<DateTime<Utc>>>,
    pub(super) anonymous: HashMap<IpAddr, VecDeque<DateTime<Utc>>>,
    pub(super) calls: HashMap<String, VecDeque<DateTime<Utc>>>,
}

impl Store {
    /// The accepted invoice of a number in either form.
    pub(super) fn invoice(&self, number: &str) -> Option<&Accepted> {
        let short = crate::ksef::numbers::short_form(number)?;
        self.numbers.get(&short).and_then(|index| self.accepted.get(*index))
    }

    /// Adds an accepted invoice and gives its place.
    pub(super) fn accept(&mut self, accepted: Accepted) -> usize {
        let seller = accepted.invoice.seller.nip().unwrap_or_default().to_owned();
        self.known.insert((seller.clone(), accepted.hash));
        self.named.insert((seller, accepted.invoice.kind, accepted.invoice.number.clone()));
        let place = self.accepted.len();
        self.numbers.insert(accepted.ksef_number.clone(), place);
        self.accepted.push(accepted);
        self.statistics.accepted += 1;
        place
    }

    /// Whether the same invoice was accepted before: the same bytes, or the same seller, kind and
    /// number.
    pub(super) fn is_duplicate(&self, invoice: &Invoice, hash: &[u8; 32]) -> bool {
        let seller = invoice.seller.nip().unwrap_or_default().to_owned();
        self.known.contains(&(seller.clone(), *hash))
            || self.named.contains(&(seller, invoice.kind, invoice.number.clone()))
    }
}

impl Accepted {
    /// Whether this NIP stands anywhere on the invoice, or issued it.
    pub(super) fn concerns(&self, nip: &str) -> bool {
        let is = |party: &crate::ksef::document::Party| party.nip() == Some(nip);
        self.issuer == nip
            || is(&self.invoice.seller)
            || is(&self.invoice.buyer)
            || self.invoice.others.iter().any(|(party, _)| is(party))
            || self.invoice.authorized.as_ref().is_some_and(|(party, _)| is(party))
    }
}
