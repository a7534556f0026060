//! What a register's work costs beside the bare operations of the libraries.
//!
//! `cargo bench -p ekasy-device --bench ekasy`, or `cargo xtask bench ekasy`. Each group of
//! figures is a module that tells what it is compared with.

use std::time::Duration;

use common_core::clock::{Clock as _, SystemClock};

#[path = "ekasy/journal.rs"]
mod journal;
#[path = "ekasy/packing.rs"]
mod packing;
#[path = "ekasy/sealing.rs"]
mod sealing;

/// What a bench may fail with.
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    // `cargo test --benches` runs this file without `--bench`: then a look is enough.
    let is_measured = std::env::args().any(|argument| argument == "--bench");
    sealing::run(if is_measured { 201 } else { 3 })?;
    packing::run(if is_measured { 21 } else { 3 })?;
    journal::run(if is_measured { 101 } else { 3 })
}

/// The medians of many interleaved measurements of two pieces of work.
fn medians(
    samples: usize,
    ours: impl Fn() -> Result<(), Failure>,
    reference: impl Fn() -> Result<(), Failure>,
) -> Result<(Duration, Duration), Failure> {
    let clock = SystemClock::new();
    let measure = |work: &dyn Fn() -> Result<(), Failure>| {
        let start = clock.tick();
        work().map(|()| clock.tick().since(start))
    };
    let (mut first, mut second) = (Vec::new(), Vec::new());
    for _ in 0..samples {
        first.push(measure(&ours)?);
        second.push(measure(&reference)?);
    }
    first.sort();
    second.sort();
    Ok((first[samples / 2], second[samples / 2]))
}

/// Prints a figure in the one form that scripts read.
#[expect(clippy::print_stdout, reason = "a bench talks to the terminal")]
fn row(figure: &str, reference: &str, (ours, theirs): (Duration, Duration), goal: f64) {
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let value = ours.as_secs_f64() * 1e3;
    println!("{figure}: {value:.2} ms, {ratio:.2} of {reference} (goal <= {goal})");
}
