//! Which request meets which fault.

use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::fault::{Code, Fault, Rule};
use trial::plan::{Target, rules};

use crate::{orders::rng, tally::Row};

const ASK: &str = "/api/SerwerCPD/Command";
const COMMAND: &str = "/api/Repository/Command";
const TOKEN: &str = "/api/Repository/EventHubSasToken";
const MESSAGES: &str = "/e-kasy/publishers/{publisher}/messages";

/// How far ahead faults are planned; few seeds make more requests of one kind.
const HORIZON: u64 = 60;

/// The calls that meet faults.
const TARGETS: [Target; 6] = [
    (Method::GET, ASK, HORIZON),
    (Method::POST, ASK, HORIZON),
    (Method::GET, COMMAND, HORIZON),
    (Method::POST, COMMAND, HORIZON),
    (Method::GET, TOKEN, HORIZON),
    (Method::POST, MESSAGES, HORIZON),
];

/// The faults of a seed.
pub(crate) fn plan(seed: u64) -> Vec<Rule> {
    rules(TARGETS, 5, &mut rng(seed, 2), fault)
}

fn fault(method: &Method, path: &str, random: &mut StdRng) -> Fault {
    let mut below = |most: u64| random.random_range(0..most);
    let status = if below(2) == 0 { 500 } else { 503 };
    match below(12) {
        0 => Fault::Reply { status, retry_after: None },
        1 => Fault::Reply { status, retry_after: Some(below(90)) },
        2 => Fault::MaskAnswer { status },
        3 => Fault::DropRequest,
        4 | 5 => Fault::LoseAnswer,
        6 => Fault::CutAnswer { after: usize::try_from(below(400)).unwrap_or_default() },
        // The register waits for a minute.
        7 => Fault::DelayBefore { ms: below(90_000) },
        8 => Fault::DelayAfter { ms: below(90_000) },
        9 => Fault::SplitWrites { size: usize::try_from(1 + below(40)).unwrap_or(1) },
        _ if path == MESSAGES && below(2) == 0 => Fault::Unauthorized,
        _ if path == MESSAGES => Code::new("50002").map_or(Fault::Unauthorized, Fault::Code),
        _ if path == COMMAND && method == Method::POST => {
            Fault::Reply { status: 204, retry_after: None }
        }
        _ if path == ASK => Fault::LoseAnswer,
        _ => Fault::Reply { status: 403, retry_after: None },
    }
}

/// Where a fault that happened is counted.
pub(crate) fn row(fault: Fault) -> Row {
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
