//! What a seed decides: how the service behaves, and which request of which path meets which fault.

use http::Method;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use sandbox::{
    Exchange,
    fault::{Fault, Rule, Turn},
};

use crate::tally::{Row, Tally};

/// No delay of a script is longer, in milliseconds; longer than an impatient client waits.
pub(crate) const LONGEST_DELAY: u64 = 500;

/// Where statements are downloaded from, on the web host.
const STATEMENT_FILE: &str = "/izvodi/{path}";

/// The calls that meet faults, below their base addresses.
const TARGETS: [(Method, &str); 8] = [
    (Method::POST, "/payment-orders"),
    (Method::GET, "/payment-orders"),
    (Method::GET, "/payment-orders/{id}"),
    (Method::POST, "/payments"),
    (Method::PUT, "/payments"),
    (Method::GET, "/login/refresh"),
    (Method::GET, "/bank-accounts/{BankAccountNumber}/statement-url"),
    (Method::GET, STATEMENT_FILE),
];

/// How far ahead faults are planned. What comes later is undisturbed, so that every seed ends.
const HORIZON: u64 = 24;

/// One seed's course.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) mood: Mood,
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
        let script = TARGETS.into_iter().flat_map(|(method, path)| lines(&method, path, &mut rng));
        let mood = if seed.is_multiple_of(3) { Mood::Hostile } else { Mood::Calm };
        Self { seed, mood, script: script.collect() }
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
            let alike =
                |one: &&Exchange| one.method == line.method.as_str() && is_at(&one.path, line.path);
            let came = exchanges.iter().filter(alike).count() as u64;
            if let Some(row) = row(line.fault).filter(|_| line.nth <= came) {
                tally.count(row);
            }
        }
    }
}

/// Whether a path that was asked for is one of that template.
fn is_at(path: &str, template: &str) -> bool {
    if template == STATEMENT_FILE {
        return path.starts_with("/izvodi/");
    }
    let Some(path) = path.strip_prefix("/api") else { return false };
    let (mut asked, mut wanted) = (path.split('/'), template.split('/'));
    loop {
        match (asked.next(), wanted.next()) {
            (None, None) => return true,
            (Some(one), Some(part)) if part.starts_with('{') || one == part => {}
            _ => return false,
        }
    }
}

/// The randomness of one part of a seed, independent of the other parts.
pub(crate) fn rng(seed: u64, part: &str) -> StdRng {
    let mixed = part.bytes().fold(seed, |mixed, byte| {
        (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
    });
    StdRng::seed_from_u64(mixed)
}

fn lines(method: &Method, path: &'static str, rng: &mut StdRng) -> Vec<Line> {
    let (mut lines, mut nth) = (Vec::new(), 0);
    while nth < HORIZON {
        nth += rng.random_range(1..=3);
        let gone = path == STATEMENT_FILE && rng.random_bool(0.3);
        let fault = if gone { Fault::Reply { status: 410, retry_after: None } } else { fault(rng) };
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
    match up_to(9) {
        0 => Fault::Reply { status: 503, retry_after: None },
        1 => Fault::Reply { status: 429, retry_after: Some(u64::from(up_to(9) == 0)) },
        2 => Fault::DropRequest,
        3 => Fault::LoseAnswer,
        4 => Fault::CutAnswer { after: usize::try_from(up_to(400)).unwrap_or_default() },
        5 => Fault::MaskAnswer { status: 408 },
        6 => Fault::MaskAnswer { status: 503 },
        7 => Fault::DelayBefore { ms: up_to(LONGEST_DELAY) },
        8 => Fault::DelayAfter { ms: up_to(LONGEST_DELAY) },
        _ => Fault::SplitWrites { size: usize::try_from(20 + up_to(200)).unwrap_or(20) },
    }
}

fn row(fault: Fault) -> Option<Row> {
    Some(match fault {
        Fault::Reply { status: 410, .. } => Row::LinkGone,
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
