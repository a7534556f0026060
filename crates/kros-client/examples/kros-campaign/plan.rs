//! What a seed decides: how the service behaves, and which request of which path meets which fault.

use http::Method;
use rand::{RngExt, rngs::StdRng};
use sandbox::{
    fault::{Fault, Rule},
    kros::{Form, Scheme},
};
use trial::plan::{Target, rng, rules};

use crate::tally::Row;

/// No delay of a script is longer, in milliseconds.
pub(crate) const LONGEST_DELAY: u64 = 900;

/// How far ahead faults are planned; no seed makes more requests of one kind.
const HORIZON: u64 = 60;

/// The calls that meet faults, below the base address.
const TARGETS: [Target; 4] = [
    (Method::POST, "/invoices/batch", HORIZON),
    (Method::POST, "/payments/batch", HORIZON),
    (Method::POST, "/invoices", HORIZON),
    (Method::GET, "/invoices", HORIZON),
];

/// One seed's course.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) limits: Limits,
    pub(crate) form: Form,
    pub(crate) scheme: Scheme,
    pub(crate) rules: Vec<Rule>,
}

/// Whether the service counts requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limits {
    None,
    Current,
}

impl Plan {
    /// The course of that seed. The modes follow from the number, so that few seeds meet all of
    /// them; everything else is drawn.
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = rng(seed, "plan");
        Self {
            seed,
            limits: if seed.is_multiple_of(5) { Limits::Current } else { Limits::None },
            form: if seed.is_multiple_of(2) { Form::Current } else { Form::Documented2023 },
            scheme: if (seed / 2).is_multiple_of(2) { Scheme::Utf16Le } else { Scheme::Utf8 },
            rules: rules(TARGETS, 3, &mut rng, |_, _, rng| fault(rng)),
        }
    }
}

fn fault(rng: &mut StdRng) -> Fault {
    let mut up_to = |most: u64| rng.random_range(0..=most);
    match up_to(9) {
        0 => Fault::Reply { status: 503, retry_after: None },
        1 => {
            let retry_after = Some(u64::from(up_to(9) == 0));
            Fault::Reply { status: 429, retry_after }
        }
        2 => Fault::DropRequest,
        3 => Fault::LoseAnswer,
        4 => Fault::CutAnswer { after: usize::try_from(up_to(220)).unwrap_or_default() },
        5 => Fault::MaskAnswer { status: 408 },
        6 => Fault::MaskAnswer { status: 503 },
        7 => Fault::DelayBefore { ms: up_to(LONGEST_DELAY) },
        8 => Fault::DelayAfter { ms: up_to(LONGEST_DELAY) },
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
