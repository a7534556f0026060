//! What a seed decides: how the service behaves, and which request of which path meets which fault.

use std::time::Duration;

use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::fault::{Fault, Rule};
use trial::plan::{Target, rng, rules};

use crate::tally::Row;

/// No delay before processing is longer, in milliseconds: a request that its caller took for lost
/// must not come to life after the list was asked for it (see the docs of `Outcome::NotSent`).
const LONGEST_BEFORE: u64 = 200;

/// No delay after it is longer.
const LONGEST_AFTER: u64 = 1_500;

/// How long a request that nobody waits for may still be at work.
pub(crate) const SETTLED: Duration = Duration::from_millis(LONGEST_BEFORE + 200);

/// The calls that meet faults, below the base address, and how far ahead faults are planned.
const TARGETS: [Target; 15] = [
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
    /// How long each step of the service's processes takes.
    pub(crate) pace: Duration,
    pub(crate) rules: Vec<Rule>,
}

impl Plan {
    /// The course of that seed.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = rng(seed, "plan");
        Self {
            seed,
            pace: Duration::from_millis(seed % 4),
            rules: rules(TARGETS, 6, &mut rng, |_, _, rng| fault(rng)),
        }
    }
}

/// How long the caller waits for the next step; usually as long as it takes.
pub(crate) fn patience(rng: &mut StdRng, up_to: Duration) -> Option<Duration> {
    trial::plan::patience(rng, 0.2, up_to)
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

/// Where a fault that happened is counted.
pub(crate) fn row(fault: Fault) -> Option<Row> {
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
