//! The campaign `ksef-v2-crash`: real processes put invoices into an outbox, carry them to KSeF and
//! collect them on the buyer's side, and are killed with SIGKILL at moments that the seed chooses.
//!
//! Per seed there is a fresh hostile sandbox in this process, reached through a wire that tears
//! connections and holds requests back, and a script of lost answers. Most seeds have one process
//! with an SQLite file; the others have four workers on one PostgreSQL, of which one after the other
//! dies and is replaced, where PostgreSQL is at hand. All share one login for each company and the
//! limits of calls. Many processes die between two steps that belong together: their store and their
//! wire say when they are there. At the end the sandbox's books, the outbox and the inbox are held
//! together.
//!
//! `cargo run -q -p ksef-client --example ksef-v2-crash -- --seeds 500 [--first-seed 1]`

mod child;
mod house;
mod invoices;
mod judge;
mod moments;
mod parent;
#[path = "../../../common-store/tests/it/postgres/server.rs"]
mod server;
mod state;
mod tally;
mod watch;

use std::{process::ExitCode, sync::Arc};

use trial::{Campaign, complain};

use crate::server::{Disk, Server};

/// Children compute as much as they wait.
const CAMPAIGN: Campaign = Campaign { name: "ksef-v2-crash", at_once: 6, enough: 150 };

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [child, folder, name, plan] = words.as_slice()
        && child == child::CHILD
    {
        return child::run(folder.as_ref(), name, plan);
    }
    let campaign = || -> Result<ExitCode, trial::Failure> {
        let server = Server::start(Disk::Forced)?;
        if server.is_none() {
            complain("SKIPPED: the seeds with four workers, because there is no PostgreSQL here");
        }
        let url = Arc::new(server.as_ref().map(Server::url));
        let runtime = tokio::runtime::Runtime::new()?;
        let seed = |number| {
            let url = Arc::clone(&url);
            async move { parent::seed(number, url.as_deref()).await }
        };
        Ok(runtime.block_on(CAMPAIGN.run(seed, |_| ())))
    };
    campaign().unwrap_or_else(|error| {
        complain(&format!("the campaign could not be run: {error}"));
        ExitCode::FAILURE
    })
}
