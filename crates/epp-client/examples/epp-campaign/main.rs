//! The campaign `epp-faults`: many seeds of trouble, and every word of the client held against
//! what the service really stored and paid.
//!
//! Per seed a fresh sandbox, a wire that tears connections, a script of faults and tokens that
//! expire at random moments meet several callers that create orders, pay them and give up now and
//! then. After each unknown outcome they do what the documentation advises (ePP facts §3): look
//! the orders up by the tag of their batch, let a start lapse, ask for the state of a payment. In
//! the end every good order must be created once and paid once, the statement of the day must add
//! up and name each, and nothing that was said may be false.
//!
//! Beside that, real processes create and pay and are killed with SIGKILL; those that are started
//! after them find out what happened.
//!
//! `cargo run -q -p epp-client --example epp-campaign -- --seeds 50 [--first-seed 1]`

mod caller;
mod crash;
mod judge;
mod ledger;
mod payer;
mod plan;
mod run;
mod statements;
mod tally;

use std::{path::Path, process::ExitCode, sync::atomic::Ordering};

use trial::{Campaign, Leave, Tries, complain};

use crate::tally::Row;

/// Seeds wait more than they compute.
const CAMPAIGN: Campaign = Campaign { name: "epp-faults", at_once: 16, enough: 50 };

/// What creates, starts or pays is sent again by the client only after an answer that says that
/// it was not processed, or without a connection (ePP facts §3).
const LEAVE: Leave = Leave { methods: &["POST", "PUT"], statuses: &[401, 429] };

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [child, folder] = arguments.as_slice()
        && child == crash::CHILD
    {
        return crash::child(Path::new(folder)).await;
    }
    let tries = match Tries::watch(LEAVE) {
        Ok(tries) => tries,
        Err(error) => {
            complain(&format!("the tries cannot be watched: {error}"));
            return ExitCode::FAILURE;
        }
    };
    CAMPAIGN
        .run(run::seed, |total| {
            for _ in 0..tries.forbidden() {
                total.untrue("a call that pays or creates was repeated without leave");
            }
            total.tally.add(Row::TriesRepeated, tries.repeated());
            total.tally.add(Row::TokenExpired, run::EXPIRED.load(Ordering::Relaxed));
        })
        .await
}
