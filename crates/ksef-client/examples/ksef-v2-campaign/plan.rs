//! What a seed decides: how the service behaves, and which request of which path meets which fault.

use std::time::Duration;

use http::Method;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::{
    Exchange,
    fault::{Code, Fault, Rule, Turn},
};

use crate::tally::{Row, Tally};

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
const TARGETS: [(Method, &str, u64); 24] = [
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
    pub(crate) mood: Mood,
    /// How long each step of the service's processes takes.
    pub(crate) pace: Duration,
    /// How far the high water mark stays behind.
    pub(crate) lag: Duration,
    script: Vec<Line>,
}

/// Whether the sandbox adds trouble of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    Calm,
    Hostile,
}

#[derive(Clone, Debug)]
struct Line {
    method: Method,
    path: &'static str,
    nth: u64,
    fault: Fault,
}

impl Plan {
    /// The course of that seed. The mood follows from the number, so that few seeds meet both;
    /// everything else is drawn.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = rng(seed, "plan");
        let lines =
            |(method, path, horizon): (Method, _, _)| lines(&method, path, horizon, &mut rng);
        Self {
            seed,
            mood: if seed.is_multiple_of(3) { Mood::Hostile } else { Mood::Calm },
            pace: Duration::from_millis(seed % 4),
            lag: Duration::from_millis(40 * (seed % 3)),
            script: TARGETS.into_iter().flat_map(lines).collect(),
        }
    }

    /// The faults as rules of the sandbox.
    pub(crate) fn rules(&self) -> impl Iterator<Item = Rule> {
        self.script
            .iter()
            .map(|line| Rule::new(line.fault).on(&line.method, line.path).turn(Turn::Nth(line.nth)))
    }

    /// Counts the faults whose request really came.
    pub(crate) fn count_met(&self, exchanges: &[Exchange], tally: &mut Tally) {
        for line in &self.script {
            let alike = |one: &&Exchange| is_call(one, &line.method, line.path);
            let came = exchanges.iter().filter(alike).count() as u64;
            if let Some(row) = row(line.fault).filter(|_| line.nth <= came) {
                tally.count(row);
            }
        }
    }
}

/// Whether a request was that call; the path may have places for parameters.
fn is_call(exchange: &Exchange, method: &Method, template: &str) -> bool {
    if exchange.method != method.as_str() {
        return false;
    }
    if let Some(kind) = template.strip_prefix("/storage/") {
        return exchange.path.split('/').any(|segment| segment == kind);
    }
    let Some(path) = exchange.path.strip_prefix("/v2") else { return false };
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let mut parts = path.iter().zip(&template);
    path.len() == template.len()
        && parts.all(|(part, place)| place.starts_with('{') || part == place)
}

/// The randomness of one part of a seed, independent of the other parts.
pub(crate) fn rng(seed: u64, part: &str) -> StdRng {
    let mixed = part.bytes().fold(seed, |mixed, byte| {
        (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    });
    StdRng::seed_from_u64(mixed)
}

/// How long the caller waits for the next step; usually as long as it takes.
pub(crate) fn patience(rng: &mut StdRng, up_to: Duration) -> Option<Duration> {
    let most = u64::try_from(up_to.as_micros()).unwrap_or(u64::MAX);
    let patience = Duration::from_micros(rng.random_range(0..most));
    rng.random_bool(0.12).then_some(patience)
}

fn lines(method: &Method, path: &'static str, horizon: u64, rng: &mut StdRng) -> Vec<Line> {
    let (mut lines, mut nth) = (Vec::new(), 0);
    while nth < horizon {
        nth += rng.random_range(1..=6);
        let fault = fault(path, rng);
        // Only several refusals in a row use up the client's tries, or meet several callers of one
        // token.
        let repeated = matches!(fault, Fault::Reply { status: 429, .. } | Fault::Unauthorized);
        let last = nth + if repeated { rng.random_range(0..=3) } else { 0 };
        lines.extend((nth..=last).map(|nth| Line { method: method.clone(), path, nth, fault }));
        nth = last;
    }
    lines
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

fn row(fault: Fault) -> Option<Row> {
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
