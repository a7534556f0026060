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
//! `cargo run -q -p epp-client --example epp-campaign -- --seeds 50 [--first-seed 1]`

mod caller;
mod judge;
mod ledger;
mod payer;
mod plan;
mod relay;
mod run;
mod statements;
mod tally;
mod tries;

use std::{
    io::{self, Write as _},
    process::ExitCode,
    sync::atomic::Ordering,
};

use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::{judge::Verdict, run::Failure, tally::Row, tries::Tries};

/// Seeds that run at once: they wait more than they compute.
const AT_ONCE: usize = 16;

/// From so many seeds on, a kind of trouble that was never met means that the campaign is broken.
const ENOUGH: u64 = 50;

#[tokio::main]
async fn main() -> ExitCode {
    match campaign().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format!("the campaign could not be run: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Runs the seeds and prints the result; whether every promise was kept.
async fn campaign() -> Result<bool, Failure> {
    let (first, count) = arguments(std::env::args().skip(1))?;
    let tries = Tries::watch()?;
    let progress = progress(count);
    let mut total = Verdict::default();
    let mut seeds = stream::iter(first..first + count)
        .map(|seed| async move { (seed, tokio::spawn(run::seed(seed)).await) })
        .buffer_unordered(AT_ONCE);
    while let Some((seed, verdict)) = seeds.next().await {
        let verdict = verdict?.map_err(|error| format!("seed {seed}: {error}"))?;
        progress.suspend(|| complain_of(seed, &verdict.sentences));
        total.join(verdict);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let repeated = tries.forbidden();
    if repeated > 0 {
        complain(&format!("{repeated} calls were repeated without leave"));
    }
    total.untrue += repeated;
    total.tally.add(Row::TriesRepeated, tries.repeated());
    total.tally.add(Row::TokenExpired, run::EXPIRED.load(Ordering::Relaxed));
    conclude(count, &total)
}

fn conclude(count: u64, total: &Verdict) -> Result<bool, Failure> {
    let missing: Vec<_> = if count < ENOUGH { Vec::new() } else { total.tally.missing().collect() };
    for row in &missing {
        complain(&format!("nothing in {count} seeds met this, so nothing was shown: {row}"));
    }
    let Verdict { lost, duplicated, untrue, .. } = total;
    let mut out = io::stdout().lock();
    write!(out, "{}", total.tally)?;
    writeln!(
        out,
        "epp-faults: {count} seeds, lost {lost}, duplicated {duplicated}, untrue {untrue}"
    )?;
    Ok(total.is_clean() && missing.is_empty())
}

/// `--seeds n` and `--first-seed s`, in any order.
fn arguments(mut words: impl Iterator<Item = String>) -> Result<(u64, u64), Failure> {
    let (mut first, mut count) = (1, ENOUGH);
    while let Some(word) = words.next() {
        let value = words.next().and_then(|value| value.parse::<u64>().ok());
        match (word.as_str(), value) {
            ("--seeds", Some(value)) => count = value,
            ("--first-seed", Some(value)) => first = value,
            _ => return Err("the arguments are --seeds <n> and --first-seed <s>".into()),
        }
    }
    Ok((first, count))
}

fn progress(count: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{elapsed_precise} {wide_bar} {pos}/{len} seeds");
    let bar = ProgressBar::with_draw_target(Some(count), ProgressDrawTarget::stderr());
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// One broken promise tends to break many orders: the first of a seed are enough to find it.
fn complain_of(seed: u64, sentences: &[String]) {
    const SHOWN: usize = 5;

    for sentence in sentences.iter().take(SHOWN) {
        complain(&format!("seed {seed}: {sentence}"));
    }
    if let Some(more) = sentences.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        complain(&format!("seed {seed}: and {more} more"));
    }
}

fn complain(sentence: &str) {
    // When nobody reads stderr any more, the exit code still tells.
    let _ = writeln!(io::stderr(), "{sentence}");
}
