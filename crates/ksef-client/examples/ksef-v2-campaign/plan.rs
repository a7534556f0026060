//! What a seed decides: how the service behaves, and which request of which path meets which fault.

use std::time::Duration;

use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::fault::{Code, Fault, Rule};
use trial::plan::{Target, rng, rules};

use crate::tally::Row;

/// No delay before processing is longer, in milliseconds: a request that its caller took for lost
/// must not come to life after the session was asked for it.
const LONGEST_BEFORE: u64 = 200;

/// No delay after it is longer.
const LONGEST_AFTER: u64 = 1_200;

/// How long a request that nobody waits for may still be at work.
pub(crate) const SETTLED: Duration = Duration::from_millis(LONGEST_BEFORE + 200);

/// The path of the parts of batches, which is below no base address.
const PARTS: &str = "/storage/batch-parts";
const SEND: &str = "/sessions/online/{referenceNumber}/invoices";

/// The calls that meet faults, below the base address, and how far ahead faults are planned.
const TARGETS: [Target; 24] = [
    (Method::POST, "/auth/challenge", 20),
    (Method::POST, "/auth/xades-signature", 12),
    (Method::POST, "/auth/ksef-token", 12),
    (Method::GET, "/auth/{referenceNumber}", 20),
    (Method::POST, "/auth/token/redeem", 16),
    (Method::POST, "/auth/token/refresh", 12),
    (Method::GET, "/auth/sessions", 30),
    (Method::DELETE, "/auth/sessions/{referenceNumber}", 4),
    (Method::POST, "/sessions/online", 8),
    (Method::POST, SEND, 60),
    (Method::POST, "/sessions/online/{referenceNumber}/close", 8),
    (Method::GET, "/sessions/{referenceNumber}", 20),
    (Method::GET, "/sessions/{referenceNumber}/invoices", 20),
    (Method::GET, "/sessions/{referenceNumber}/invoices/{invoiceReferenceNumber}", 40),
    (Method::GET, "/sessions/{referenceNumber}/upo/{upoReferenceNumber}", 4),
    (Method::POST, "/sessions/batch", 8),
    (Method::PUT, PARTS, 24),
    (Method::POST, "/sessions/batch/{referenceNumber}/close", 8),
    (Method::POST, "/invoices/query/metadata", 16),
    (Method::POST, "/invoices/exports", 12),
    (Method::GET, "/invoices/exports/{referenceNumber}", 16),
    (Method::GET, "/storage/invoice-part", 20),
    (Method::GET, "/storage/session-upo", 6),
    (Method::GET, "/security/public-key-certificates", 6),
];

/// One seed's course.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// How long each step of the service's processes takes.
    pub(crate) pace: Duration,
    /// How far the high water mark stays behind.
    pub(crate) lag: Duration,
    pub(crate) rules: Vec<Rule>,
}

impl Plan {
    /// The course of that seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = rng(seed, "plan");
        Self {
            seed,
            pace: Duration::from_millis(seed % 4),
            lag: Duration::from_millis(40 * (seed % 3)),
            rules: rules(TARGETS, 6, &mut rng, |_, path, rng| fault(path, rng)),
        }
    }
}

/// How long the caller waits for the next step; usually as long as it takes.
pub(crate) fn patience(rng: &mut StdRng, up_to: Duration) -> Option<Duration> {
    trial::plan::patience(rng, 0.12, up_to)
}

fn fault(path: &str, rng: &mut StdRng) -> Fault {
    let mut up_to = |most: u64| rng.random_range(0..=most);
    match up_to(13) {
        0 => Fault::Reply { status: 503, retry_after: None },
        1 => Fault::Reply { status: 429, retry_after: Some(0) },
        2 => Fault::DropRequest,
        3..=5 => Fault::LoseAnswer,
        6 => Fault::CutAnswer { after: usize::try_from(up_to(220)).unwrap_or_default() },
        7 => Fault::MaskAnswer { status: 408 },
        8 => Fault::MaskAnswer { status: 503 },
        9 => Fault::DelayBefore { ms: up_to(LONGEST_BEFORE) },
        10 => Fault::DelayAfter { ms: up_to(LONGEST_AFTER) },
        11 => special(path),
        // A token of a login is not renewed, so 401 would end one.
        12 if !path.starts_with("/auth/") || path == "/auth/sessions" => unauthorized(path),
        _ => Fault::SplitWrites { size: usize::try_from(1 + up_to(60)).unwrap_or(1) },
    }
}

/// What only one kind of call meets.
fn special(path: &str) -> Fault {
    match (path, Code::new("21184")) {
        (SEND, Ok(maintenance)) => Fault::Code(maintenance),
        (PARTS, _) => Fault::Reply { status: 200, retry_after: None },
        _ => Fault::LoseAnswer,
    }
}

/// The storage knows no tokens.
fn unauthorized(path: &str) -> Fault {
    if path.starts_with("/storage/") { Fault::DropRequest } else { Fault::Unauthorized }
}

/// Where a fault that happened is counted.
pub(crate) fn row(fault: Fault) -> Option<Row> {
    Some(match fault {
        Fault::Reply { status: 429, .. } => Row::Answered429,
        Fault::Reply { status: 200, .. } => Row::FalselyStored,
        Fault::Reply { .. } => Row::Answered503,
        Fault::Unauthorized => Row::Answered401,
        Fault::Code(_) => Row::Maintenance,
        Fault::DropRequest => Row::RequestDropped,
        Fault::LoseAnswer => Row::AnswerLost,
        Fault::CutAnswer { .. } => Row::AnswerCut,
        Fault::MaskAnswer { status: 408 } => Row::MaskedAs408,
        Fault::MaskAnswer { .. } => Row::MaskedAs503,
        Fault::DelayBefore { .. } => Row::DelayedBefore,
        Fault::DelayAfter { .. } => Row::DelayedAfter,
        Fault::SplitWrites { .. } => Row::SplitWrites,
        _ => return None,
    })
}
