//! Runs targets one after the other, and keeps the input of the first panic of each.

use std::{
    fs,
    io::{self, Write as _},
    panic,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rand::{SeedableRng, rngs::StdRng};

use crate::mutation;

/// Inputs of a target beside its seeds, at most.
const INPUTS: u64 = 20_000;

/// After so long a target gets no further input; a slow machine tries fewer of the same.
const TIME: Duration = Duration::from_secs(6);

/// Fewer inputs than these show nothing.
const FEWEST: u64 = 100;

/// The inputs are the same in every run.
const SEED: u64 = 20_260_131;

/// What stops the run.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// One target.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&[u8]),
}

/// Runs the targets with the seeds in `folder/<target>`; an error names all that panicked.
pub(crate) fn all<'t>(
    targets: impl Iterator<Item = &'t Target>,
    folder: &Path,
) -> Result<(), Failure> {
    let (mut count, mut failed) = (0, Vec::new());
    for target in targets {
        count += 1;
        let seeds = seeds(&folder.join(target.name))?;
        if !one(target, &seeds)? {
            failed.push(target.name);
        }
    }
    if count == 0 {
        return Err("there is no such target".into());
    }
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", ")).into()) }
}

/// The seeds in the order of their names.
fn seeds(folder: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let none = |cause: &dyn std::fmt::Display| {
        format!(
            "no seeds in {}: {cause}; `python3 fuzz/seed.py <folder>` makes them",
            folder.display()
        )
    };
    let entries = fs::read_dir(folder).map_err(|cause| none(&cause))?;
    let mut paths = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<Vec<PathBuf>, io::Error>>()?;
    paths.sort();
    if paths.is_empty() {
        return Err(none(&"the folder is empty").into());
    }
    Ok(paths.iter().map(fs::read).collect::<Result<_, _>>()?)
}

/// Runs one target; whether it bore everything.
#[expect(clippy::disallowed_methods, reason = "the clock ends the run and decides no input")]
fn one(target: &Target, seeds: &[Vec<u8>]) -> Result<bool, Failure> {
    let start = Instant::now();
    let mut random = StdRng::seed_from_u64(SEED);
    let changed = (0..INPUTS).map(|_| mutation::input(seeds, &mut random));
    let mut tried = 0;
    for input in seeds.iter().cloned().chain(changed) {
        if tried >= FEWEST + seeds.len() as u64 && start.elapsed() > TIME {
            break;
        }
        tried += 1;
        // A target takes nothing but bytes, so no half-changed state outlives its panic.
        if panic::catch_unwind(|| (target.run)(&input)).is_err() {
            let path = keep(target, &input)?;
            say(&format!("{}: input {tried} failed, kept in {}", target.name, path.display()))?;
            return Ok(false);
        }
    }
    let (took, seeds) = (start.elapsed().as_secs_f64(), seeds.len());
    say(&format!("{}: {tried} inputs, {seeds} of them seeds, in {took:.1} s", target.name))?;
    Ok(true)
}

/// Keeps an input where cargo-fuzz would.
fn keep(target: &Target, input: &[u8]) -> Result<PathBuf, Failure> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../artifacts").join(target.name);
    fs::create_dir_all(&folder)?;
    let path = folder.join("short");
    fs::write(&path, input)?;
    Ok(path)
}

fn say(sentence: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{sentence}")
}
