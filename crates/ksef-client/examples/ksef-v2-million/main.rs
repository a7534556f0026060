//! The campaign `ksef-v2-million`: invoices that lie in the double's books, up to a million and more,
//! are collected by a process with an SQLite file that is killed with SIGKILL again and again.
//!
//! Per seed there is a calm sandbox in this process. Its books reach back 280 days, with crowds of
//! invoices of the same moment, with a hundred days and more without any, and with new ones that are
//! stored while the process is at work, behind the high water mark and before now. A query or package
//! is cut after a ninth of them, 10,000 at most. The company is buyer of most and seller of some.
//! Every second seed collects by packages, with the documents, a fifth as many.
//!
//! In the end the inbox is held against the books: every invoice once, in order, with its hash and
//! its document. The process says how much memory it has used; if that grows with the number of
//! invoices, the seed fails.
//!
//! `cargo run --release -q -p ksef-client --example ksef-v2-million -- --seeds 2 --invoices 1000000`

#![expect(clippy::print_stdout, reason = "time and memory of a seed are what it is run for")]

mod books;
mod child;
mod judge;
mod memory;
mod parent;
mod tally;
mod task;

use std::process::ExitCode;

use trial::{Campaign, Failure, complain};

/// Seeds wait for their marks about as long as they compute.
const CAMPAIGN: Campaign = Campaign { name: "ksef-v2-million", at_once: 3, enough: 20 };

/// Invoices of a seed when nobody says.
const INVOICES: u32 = 4_000;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [first, folder] = words.as_slice()
        && first == child::CHILD
    {
        return child::run(folder.as_ref());
    }
    run(words).unwrap_or_else(|error| {
        complain(&format!("the campaign could not be run: {error}"));
        ExitCode::FAILURE
    })
}

fn run(mut words: Vec<String>) -> Result<ExitCode, Failure> {
    let invoices = match words.iter().position(|word| word == "--invoices") {
        Some(at) => words.drain(at..).take(2).nth(1).ok_or("--invoices needs a number")?.parse()?,
        None => INVOICES,
    };
    let runtime = tokio::runtime::Runtime::new()?;
    let seed = |number| parent::seed(number, invoices);
    Ok(runtime.block_on(CAMPAIGN.run_with(words, seed, |_| ())))
}
