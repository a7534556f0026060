//! Whether the processes shared what they were to share: one login, and the limits of calls.

use std::time::Duration;

use sandbox::{fault::Fault, ksef_v2::KsefV2};

use super::Told;
use crate::tally::{Row, Verdict};

/// Two companies log in.
const ACCOUNTS: u64 = 2;

/// What the wire and the clock did to the processes.
pub(crate) struct Way {
    pub(crate) torn: u64,
    pub(crate) held: u64,
    pub(crate) orphaned: u64,
    /// How long the processes lived.
    pub(crate) passed: Duration,
    /// How long an access token is used.
    pub(crate) renewed_every: Duration,
}

pub(crate) fn sharing(verdict: &mut Verdict, ksef: &KsefV2, told: &Told, way: &Way) {
    let counted = ksef.statistics();
    let is_refusal = |fault: &&Fault| **fault == Fault::Unauthorized;
    let refused = ksef.faults().met().iter().filter(is_refusal).count() as u64;
    let rows = [
        (Row::Torn, way.torn),
        (Row::Held, way.held),
        (Row::Orphaned, way.orphaned),
        (Row::Slept, told.slept),
        (Row::Unauthorised, refused),
        (Row::Logins, counted.redeemed),
        (Row::Refreshes, counted.refreshed),
    ];
    for (row, times) in rows {
        verdict.tally.add(row, times);
    }

    // What the service gave may have been lost on the way, or with the process that asked for it.
    let lost = way.torn + told.unanswered + told.cut_off + told.lapsed;
    let given = counted.redeemed + counted.refreshed;
    if given > told.renewals + lost {
        let renewals = told.renewals;
        verdict
            .untrue(format!("tokens were given {given} times, {renewals} of them under a lease"));
    }
    if counted.redeemed > ACCOUNTS + lost {
        let logins = counted.redeemed;
        verdict.untrue(format!("{logins} logins for {ACCOUNTS} companies, and {lost} were lost"));
    }
    let periods = way.passed.as_millis() / way.renewed_every.as_millis().max(1);
    let due = ACCOUNTS * (u64::try_from(periods).unwrap_or(u64::MAX) + 1);
    if counted.refreshed > due + refused + lost {
        let renewals = counted.refreshed;
        verdict.untrue(format!(
            "tokens were renewed {renewals} times; {due} were due, {refused} refused, {lost} lost"
        ));
    }
    // A call that was held back, or whose process slept or got no processor, left too late for its
    // turn.
    let held = way.held + told.late;
    if counted.throttled > held && told.slept == 0 {
        let over = counted.throttled;
        verdict.untrue(format!("{over} calls were too many, and {held} were held back on the way"));
    }
}
