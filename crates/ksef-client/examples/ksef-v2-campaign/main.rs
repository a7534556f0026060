//! The campaign `ksef-v2-faults`: many seeds of trouble, and every word of the client held against
//! what the service really did.
//!
//! Per seed a fresh sandbox, a wire that tears connections and changes bytes, and a script of faults
//! meet callers that log in by signature and by token, send invoices in sessions and in batches,
//! ask for everything back, and give up at random moments. After each unknown outcome they do what
//! the documentation advises (KSeF 2.0 facts §4, §6, §7 and §10). In the end every good invoice must
//! be issued once and confirmed, nothing that is done once may have been repeated without leave,
//! and nothing that was said on the way may be false.
//!
//! Beside that, real processes send a batch and are killed with SIGKILL; those that are started
//! after them go on from the stored state.
//!
//! `cargo run -q -p ksef-client --example ksef-v2-campaign -- --seeds 50 [--first-seed 1]`

mod batcher;
mod crash;
mod crowd;
mod desk;
mod invoices;
mod judge;
mod plan;
mod reader;
mod run;
mod sender;
mod tally;
mod wire;

use std::{path::Path, process::ExitCode};

use trial::{Campaign, Leave, Tries, complain};

use crate::tally::Row;

const CAMPAIGN: Campaign = Campaign { name: "ksef-v2-faults", at_once: 12, enough: 40 };

/// What may be repeated is watched by the wire of each caller (see `wire`), which knows the calls
/// by their paths; here tries are only counted.
const LEAVE: Leave = Leave { methods: &[], statuses: &[] };

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
            total.tally.add(Row::TriesRepeated, tries.repeated());
        })
        .await
}
