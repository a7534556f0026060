//! The campaign `ksef-v1-faults`: many seeds of trouble, and every word of the client held against
//! what the service really issued.
//!
//! Per seed a fresh sandbox, a wire that tears connections and a script of faults meet callers that
//! open sessions, send invoices in them, send batches, ask for everything back, and give up at
//! random moments. After each unknown outcome they do what the documentation advises (KSeF 1.x
//! facts §10 and §11). In the end every good invoice must be issued once and confirmed, and nothing
//! that was said on the way may be false.
//!
//! `cargo run -q -p ksef-client --example ksef-v1-campaign -- --seeds 20 [--first-seed 1]`

mod batcher;
mod invoices;
mod judge;
mod notes;
mod plan;
mod reader;
mod run;
mod sender;
mod tally;

use std::process::ExitCode;

use trial::{Campaign, Leave, Tries, complain};

use crate::tally::Row;

const CAMPAIGN: Campaign = Campaign { name: "ksef-v1-faults", at_once: 12, enough: 20 };

/// What may be repeated is told by the sandbox's own list of requests (see `judge`), which knows
/// the calls by their paths; here tries are only counted.
const LEAVE: Leave = Leave { methods: &[], statuses: &[] };

#[tokio::main]
async fn main() -> ExitCode {
    let tries = match Tries::watch(LEAVE) {
        Ok(tries) => tries,
        Err(error) => {
            complain(&format!("the tries cannot be watched: {error}"));
            return ExitCode::FAILURE;
        }
    };
    CAMPAIGN
        .run(run::seed, |total| {
            total.tally.add(Row::TriesRepeated, tries.repeated());
        })
        .await
}
