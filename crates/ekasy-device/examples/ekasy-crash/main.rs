//! The campaign `ekasy-crash`: a real process is a register, and is killed with SIGKILL at moments
//! that the seed chooses, in fiscalisation, while it sells and sends, and while it carries out
//! commands.
//!
//! Per seed there is a fresh sandbox in this process, reached over loopback with TLS. A child
//! keeps the register's journal in an SQLite file and writes beside it, each line forced to the
//! disk, what the register was asked to do. It is killed and started again until it was left alone
//! long enough to finish. Then everything is held together: the repository's archive, its queue of
//! commands, the journal, and what the register did.
//!
//! `cargo run -q -p ekasy-device --example ekasy-crash -- --seeds 300 [--first-seed 1]`

mod child;
#[path = "../ekasy-till/entries.rs"]
mod entries;
#[path = "../ekasy-till/judge.rs"]
mod judge;
#[path = "../ekasy-till/orders.rs"]
mod orders;
mod parent;
#[path = "../ekasy-till/register.rs"]
mod register;
mod tally;
mod task;
#[path = "../ekasy-till/told.rs"]
mod told;

use std::process::ExitCode;

use trial::{Campaign, complain};

/// Children compute as much as they wait.
const CAMPAIGN: Campaign = Campaign { name: "ekasy-crash", at_once: 6, enough: 100 };

/// The first word of a child.
pub(crate) const CHILD: &str = "--child";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [child, folder, round] = words.as_slice()
        && child == CHILD
    {
        return child::run(folder.as_ref(), round);
    }
    match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(CAMPAIGN.run(parent::seed, |_| ())),
        Err(error) => {
            complain(&format!("the campaign could not be run: {error}"));
            ExitCode::FAILURE
        }
    }
}
