//! What a seed decides: how the service behaves, and which request of which path meets which fault.

use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::fault::{Fault, Rule};
use trial::plan::{Target, rng, rules};

use crate::tally::Row;

/// No delay of a script is longer, in milliseconds; longer than an impatient client waits.
pub(crate) const LONGEST_DELAY: u64 = 500;

/// Where statements are downloaded from, on the web host.
const STATEMENT_FILE: &str = "/izvodi/{path}";

/// How far ahead faults are planned. What comes later is undisturbed, so that every seed ends.
const HORIZON: u64 = 24;

/// The calls that meet faults, below their base addresses.
const TARGETS: [Target; 8] = [
    (Method::POST, "/payment-orders", HORIZON),
    (Method::GET, "/payment-orders", HORIZON),
    (Method::GET, "/payment-orders/{id}", HORIZON),
    (Method::POST, "/payments", HORIZON),
    (Method::PUT, "/payments", HORIZON),
    (Method::GET, "/login/refresh", HORIZON),
    (Method::GET, "/bank-accounts/{BankAccountNumber}/statement-url", HORIZON),
    (Method::GET, STATEMENT_FILE, HORIZON),
];

/// One seed's course.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) rules: Vec<Rule>,
}

impl Plan {
    /// The course of that seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = rng(seed, "plan");
        let rules = rules(TARGETS, 3, &mut rng, |_, path, rng| fault(path, rng));
        Self { seed, rules }
    }
}

fn fault(path: &str, rng: &mut StdRng) -> Fault {
    if path == STATEMENT_FILE && rng.random_bool(0.3) {
        return Fault::Reply { status: 410, retry_after: None };
    }
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

/// Where a fault that happened is counted.
pub(crate) fn row(fault: Fault) -> Option<Row> {
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
