//! The campaign `ekasy-faults`: registers live for some days on a network that fails them.
//!
//! Per seed there is a fresh sandbox behind TLS, wires that tear connections, a script of faults
//! and a register that is fiscalised, sells, serves its repository and now and then breaks off in
//! the midst of everything and begins again from its journal. All of it is on virtual time, which
//! stands still while a request is under way. Then the network heals, the register gets the time
//! that it needs, and everything is held together: the repository's archive, its queue of
//! commands, the journal, and what the register did.
//!
//! `cargo run -q -p ekasy-device --example ekasy-faults -- --seeds 300 [--first-seed 1]`

#[path = "../ekasy-till/entries.rs"]
mod entries;
#[path = "../ekasy-till/judge.rs"]
mod judge;
mod life;
#[path = "../ekasy-till/orders.rs"]
mod orders;
mod plan;
#[path = "../ekasy-till/register.rs"]
mod register;
mod scene;
#[path = "../ekasy-till/still.rs"]
mod still;
mod tally;
#[path = "../ekasy-till/told.rs"]
mod told;

use std::process::ExitCode;

use trial::{Campaign, Failure, Verdict};

use crate::tally::Row;

/// Seeds wait about as much as they compute.
const CAMPAIGN: Campaign = Campaign { name: "ekasy-faults", at_once: 12, enough: 50 };

#[tokio::main]
async fn main() -> ExitCode {
    CAMPAIGN.run(seed, |_| ()).await
}

/// A seed has a runtime of its own, since each has its own time.
async fn seed(seed: u64) -> Result<Verdict<Row>, Failure> {
    let run = move || {
        let builder = &mut tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_all().start_paused(true).build()?;
        runtime.block_on(scene::play(seed))
    };
    tokio::task::spawn_blocking(run).await?
}
