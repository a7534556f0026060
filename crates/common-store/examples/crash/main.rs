//! The campaign `store-crash`: a child process writes to a file and is killed with SIGKILL at a
//! moment that the seed chooses; then everything it was told is held against the file.
//!
//! Each seed kills several children, one after the other on the same file. A child says on its
//! standard output what it is about to do and, once the store has answered, what the answer was;
//! so the judge knows what must be there, what may be there and what may not.
//!
//! A SIGKILL leaves what the kernel has already taken: the campaign shows that answers come after
//! commits and that no half of anything stays, and it does not show what a loss of power does.
//!
//! `cargo run -q -p common-store --example crash -- --seeds 50 [--first-seed 1]`

mod child;
mod judge;
mod parent;
mod tally;
mod words;

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crate::tally::Tally;

/// What stops a campaign or a child: no verdict on the store.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// From so many seeds on, a kind of event that never came means that the campaign is broken.
const ENOUGH: u64 = 100;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments[..] {
        ["--child", seed, round, path] => child::run(seed, round, Path::new(path)).map(|()| true),
        ["--seeds", count] => campaign("1", count),
        ["--seeds", count, "--first-seed", first] => campaign(first, count),
        _ => Err("usage: crash --seeds n [--first-seed n]".into()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("the campaign could not be run: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the seeds, a few at once, and prints what became of them; whether every promise was kept.
fn campaign(first: &str, count: &str) -> Result<bool, Failure> {
    let (first, count): (u64, u64) = (first.parse()?, count.parse()?);
    let next = AtomicU64::new(first);
    let total = Mutex::new(Ok(Tally::default()));
    // Children mostly wait for the disk.
    let at_once = thread::available_parallelism()?.get() * 2;
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(seed) =
                    Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < first + count)
                {
                    let tally = parent::seed(seed);
                    let mut total = total.lock().unwrap_or_else(PoisonError::into_inner);
                    add(&mut total, seed, tally);
                }
            });
        }
    });
    let total = total.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    conclude(count, &total)
}

fn add(total: &mut Result<Tally, Failure>, seed: u64, tally: Result<Tally, Failure>) {
    match (total.as_mut(), tally) {
        (Ok(total), Ok(tally)) => {
            for sentence in &tally.sentences {
                complain(&format!("seed {seed}: {sentence}"));
            }
            total.join(&tally);
        }
        (Ok(_), Err(error)) => *total = Err(format!("seed {seed}: {error}").into()),
        (Err(_), _) => {}
    }
}

fn conclude(count: u64, total: &Tally) -> Result<bool, Failure> {
    let missing: Vec<_> = total.rows().filter(|(_, number)| *number == 0).collect();
    let mut out = io::stdout().lock();
    for (name, number) in total.rows() {
        writeln!(out, "{number:>9} {name}")?;
    }
    if count >= ENOUGH {
        for (name, _) in &missing {
            complain(&format!("never met: {name}"));
        }
    }
    let (lost, duplicated, untrue) = (total.lost, total.duplicated, total.untrue);
    writeln!(
        out,
        "store-crash: {count} seeds, lost {lost}, duplicated {duplicated}, untrue {untrue}"
    )?;
    let is_clean = (lost, duplicated, untrue) == (0, 0, 0);
    Ok(is_clean && (count < ENOUGH || missing.is_empty()))
}

/// A sentence for a person, on the standard error.
fn complain(sentence: &str) {
    writeln!(io::stderr(), "{sentence}").ok();
}
