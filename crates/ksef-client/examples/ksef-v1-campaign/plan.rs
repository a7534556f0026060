//! What a seed decides: how the service behaves, and which request of which path meets which fault.

use std::time::Duration;

use http::Method;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::{
    Exchange,
    fault::{Fault, Rule, Turn},
};

use crate::tally::{Row, Tally};

/// No delay before processing is longer, in milliseconds: a request that its caller took for lost
/// must not come to life after the list was asked for it (see the docs of `Outcome::NotSent`).
const LONGEST_BEFORE: u64 = 200;

/// No delay after it is longer.
const LONGEST_AFTER: u64 = 1_500;

/// How long a request that nobody waits for may still be at work.
pub(crate) const SETTLED: Duration = Duration::from_millis(LONGEST_BEFORE + 200);

/// The calls that meet faults, below the base address, and how far ahead faults are planned.
const TARGETS: [(Method, &str, u64); 15] = [
    (Method::PUT, "/online/Invoice/Send", 150),
    (Method::GET, "/online/Invoice/Status/{InvoiceElementReferenceNumber}", 80),
    (Method::GET, "/online/Session/Status", 20),
    (Method::POST, "/online/Session/AuthorisationChallenge", 6),
    (Method::POST, "/online/Session/InitToken", 6),
    (Method::GET, "/online/Session/Terminate", 4),
    (Method::POST, "/batch/Init", 8),
    (Method::PUT, "/batch/Upload/{ReferenceNumber}/{PartName}", 20),
    (Method::POST, "/batch/Finish", 6),
    (Method::GET, "/common/Status/{ReferenceNumber}", 10),
    (Method::GET, "/online/Invoice/Get/{KSeFReferenceNumber}", 10),
    (Method::POST, "/online/Query/Invoice/Sync", 12),
    (Method::POST, "/online/Query/Invoice/Async/Init", 12),
    (Method::GET, "/online/Query/Invoice/Async/Status/{QueryElementReferenceNumber}", 12),
    (
        Method::GET,
        "/online/Query/Invoice/Async/Fetch/{QueryElementReferenceNumber}/{PartElementReferenceNumber}",
        12,
    ),
];

/// One seed's course.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) mood: Mood,
    /// How long each step of the service's processes takes.
    pub(crate) pace: Duration,
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
pub(crate) fn is_call(exchange: &Exchange, method: &Method, template: &str) -> bool {
    let Some(path) = exchange.path.strip_prefix("/api") else { return false };
    let (path, template): (Vec<_>, Vec<_>) =
        (path.split('/').collect(), template.split('/').collect());
    let mut parts = path.iter().zip(&template);
    exchange.method == method.as_str()
        && path.len() == template.len()
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
    rng.random_bool(0.2).then_some(patience)
}

fn lines(method: &Method, path: &'static str, horizon: u64, rng: &mut StdRng) -> Vec<Line> {
    let (mut lines, mut nth) = (Vec::new(), 0);
    while nth < horizon {
        nth += rng.random_range(1..=6);
        let fault = fault(rng);
        // Only several refusals in a row use up the client's tries.
        let repeated = matches!(fault, Fault::Reply { status: 429, .. });
        let last = nth + if repeated { rng.random_range(0..=3) } else { 0 };
        lines.extend((nth..=last).map(|nth| Line { method: method.clone(), path, nth, fault }));
        nth = last;
    }
    lines
}

fn fault(rng: &mut StdRng) -> Fault {
    let mut up_to = |most: u64| rng.random_range(0..=most);
    match up_to(11) {
        0 => Fault::Reply { status: 503, retry_after: None },
        1 => Fault::Reply { status: 429, retry_after: Some(0) },
        2 => Fault::DropRequest,
        3..=5 => Fault::LoseAnswer,
        6 => Fault::CutAnswer { after: usize::try_from(up_to(220)).unwrap_or_default() },
        7 => Fault::MaskAnswer { status: 408 },
        8 => Fault::MaskAnswer { status: 503 },
        9 => Fault::DelayBefore { ms: up_to(LONGEST_BEFORE) },
        10 => Fault::DelayAfter { ms: up_to(LONGEST_AFTER) },
        _ => Fault::SplitWrites { size: usize::try_from(1 + up_to(60)).unwrap_or(1) },
    }
}

fn row(fault: Fault) -> Option<Row> {
    Some(match fault {
        Fault::Reply { status: 429, .. } => Row::Answered429,
        Fault::Reply { .. } => Row::Answered503,
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
