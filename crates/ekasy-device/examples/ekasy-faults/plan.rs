//! Which request meets which fault.

use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::{
    Exchange,
    fault::{Code, Fault, Rule, Turn},
};
use trial::{Failure, Tally};

use crate::{orders::rng, tally::Row};

const ASK: &str = "/api/SerwerCPD/Command";
const COMMAND: &str = "/api/Repository/Command";
const TOKEN: &str = "/api/Repository/EventHubSasToken";
const MESSAGES: &str = "/e-kasy/publishers/{publisher}/messages";

/// The calls that meet faults.
const TARGETS: [(Method, &str); 6] = [
    (Method::GET, ASK),
    (Method::POST, ASK),
    (Method::GET, COMMAND),
    (Method::POST, COMMAND),
    (Method::GET, TOKEN),
    (Method::POST, MESSAGES),
];

/// How far ahead faults are planned; few seeds make more requests of one kind.
const HORIZON: u64 = 60;

/// The faults of a seed.
#[derive(Debug)]
pub(crate) struct Plan(Vec<Line>);

#[derive(Clone, Debug)]
struct Line {
    method: Method,
    path: &'static str,
    nth: u64,
    fault: Fault,
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Result<Self, Failure> {
        let mut random = rng(seed, 2);
        let mut lines = Vec::new();
        for (method, path) in TARGETS {
            let mut nth = 0;
            while nth < HORIZON {
                nth += random.random_range(1..=5);
                let fault = fault(&method, path, &mut random)?;
                lines.push(Line { method: method.clone(), path, nth, fault });
            }
        }
        Ok(Self(lines))
    }

    /// The faults as rules of the sandbox.
    pub(crate) fn rules(&self) -> impl Iterator<Item = Rule> {
        let rule = |line: &Line| Rule::new(line.fault).on(&line.method, line.path);
        self.0.iter().map(move |line| rule(line).turn(Turn::Nth(line.nth)))
    }

    /// Counts the faults whose request really came.
    pub(crate) fn count_met(&self, exchanges: &[Exchange], tally: &mut Tally<Row>) {
        for line in &self.0 {
            let alike = |one: &&Exchange| {
                let is_path = match line.path {
                    MESSAGES => one.path.ends_with("/messages"),
                    path => one.path == path,
                };
                is_path && one.method == line.method.as_str()
            };
            let came = exchanges.iter().filter(alike).count() as u64;
            if line.nth <= came {
                tally.count(row(line.fault));
            }
        }
    }
}

fn fault(method: &Method, path: &str, random: &mut StdRng) -> Result<Fault, Failure> {
    let mut below = |most: u64| random.random_range(0..most);
    let status = if below(2) == 0 { 500 } else { 503 };
    Ok(match below(12) {
        0 => Fault::Reply { status, retry_after: None },
        1 => Fault::Reply { status, retry_after: Some(below(90)) },
        2 => Fault::MaskAnswer { status },
        3 => Fault::DropRequest,
        4 | 5 => Fault::LoseAnswer,
        6 => Fault::CutAnswer { after: usize::try_from(below(400))? },
        // The register waits for a minute.
        7 => Fault::DelayBefore { ms: below(90_000) },
        8 => Fault::DelayAfter { ms: below(90_000) },
        9 => Fault::SplitWrites { size: usize::try_from(1 + below(40))? },
        _ if path == MESSAGES && below(2) == 0 => Fault::Unauthorized,
        _ if path == MESSAGES => Fault::Code(Code::new("50002")?),
        _ if path == COMMAND && method == Method::POST => {
            Fault::Reply { status: 204, retry_after: None }
        }
        _ if path == ASK => Fault::LoseAnswer,
        _ => Fault::Reply { status: 403, retry_after: None },
    })
}

fn row(fault: Fault) -> Row {
    match fault {
        Fault::Reply { status: 403, .. } => Row::Forbidden,
        Fault::Reply { status: 204, .. } => Row::Forgotten,
        Fault::MaskAnswer { .. } => Row::Masked,
        Fault::Unauthorized => Row::Unauthorized,
        Fault::Code(_) => Row::Busy,
        Fault::DropRequest => Row::RequestDropped,
        Fault::LoseAnswer => Row::AnswerLost,
        Fault::CutAnswer { .. } => Row::AnswerCut,
        Fault::DelayBefore { .. } | Fault::DelayAfter { .. } => Row::Delayed,
        Fault::SplitWrites { .. } => Row::SplitWrites,
        _ => Row::Refused,
    }
}
