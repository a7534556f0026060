//! The campaign `kros-faults`: many seeds of trouble, and every word of the client held against
//! what the service really stored.
//!
//! Per seed a fresh sandbox, a wire that tears connections and a script of faults meet several
//! callers that send invoices and payments at once and give up at random moments. Afterwards each
//! outcome is compared with the sandbox's books, the documented recovery is carried out (KROS
//! facts §5), and the books must hold each good document exactly once.
//!
//! `cargo run -q -p kros-client --example kros-campaign -- --seeds 20 [--first-seed 1]`

mod callers;
mod documents;
mod judge;
mod ledger;
mod plan;
mod receiver;
mod recovery;
mod run;
mod tally;

use std::process::ExitCode;

use trial::{Campaign, Leave, Tries, complain};

use crate::tally::Row;

const CAMPAIGN: Campaign = Campaign { name: "kros-faults", at_once: 24, enough: 20 };

/// A document is sent again by the client only after an answer 429 or without a connection (KROS
/// facts §5).
const LEAVE: Leave = Leave { methods: &["POST"], statuses: &[429] };

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
            for _ in 0..tries.forbidden() {
                total.untrue("a sending of a document was repeated without leave");
            }
            total.tally.add(Row::TriesRepeated, tries.repeated());
        })
        .await
}
