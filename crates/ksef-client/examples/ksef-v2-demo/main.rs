//! The main job in two acts, end to end and on this machine alone.
//!
//! The first act: a baker who does not exist yet is created in a test environment, logs in by a
//! signature, lets the till log in by a token, and issues invoices offline and online; an accountant
//! gets a permission and sends 5,000 more as a batch; the buyer receives all of them; every
//! confirmation, hash and code is verified.
//!
//! The second act: the week in which everything breaks. Answers are lost, processes are killed, the
//! line is cut, and KSeF is down for a day; in the end every invoice is there exactly once.
//!
//! Run it with `cargo xtask demo ksef-v2`. It talks to the sandbox, a local double of KSeF 2.0;
//! nothing leaves the machine. Only `Environment::Test` in place of the sandbox's address would let
//! it play against the ministry's test environment.

#![expect(clippy::print_stdout, reason = "the account is what the demo is for")]

mod account;
mod bars;
mod books;
mod first_act;
mod invoices;
mod page;
mod people;
mod receiving;
mod second_act;
mod sending;

use std::{path::PathBuf, time::Duration};

use common_core::poll::PollSchedule;
use tokio::runtime::Builder;
use trial::Failure;

type Outcome<T = ()> = Result<T, Failure>;

fn main() -> Outcome {
    let words: Vec<String> = std::env::args().skip(1).collect();
    // The calendar of the second act moves, and only one thread can move it.
    let alone = Builder::new_current_thread().enable_all().build()?;
    if let [part, folder, shift] = words.as_slice() {
        return alone.block_on(second_act::work(part, folder.as_ref(), shift));
    }
    let root = PathBuf::from(words.first().map_or(".", String::as_str));
    let folder = root.join("target/demo/ksef-v2");
    let both = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    both.block_on(first_act::play(&folder))?;
    alone.block_on(second_act::play(&folder))
}

/// The sandbox needs milliseconds where the service needs seconds.
fn patience() -> PollSchedule {
    PollSchedule::new(Duration::from_millis(20), Duration::from_millis(500))
        .within(Duration::from_secs(60))
}
